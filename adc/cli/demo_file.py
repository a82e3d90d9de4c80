"""The demo's file: that of an earlier demo is removed, anything else that stands there is left alone."""

from pathlib import Path
from typing import Final

from adc.cli.demo_job import PARSE
from adc.cli.ending import Complaint
from adc.cli.settings import Settings
from adc.core.ids import Xid
from adc.ports.trouble import StoreTrouble
from adc.stores.sqlite import rows
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.migrations import APPLICATION_ID

PAGE: Final = 1_000


def make_room(settings: Settings, path: Path) -> None:
    """Remove an earlier demo's file, with its -wal and -shm; a Complaint if something else is there."""
    if not path.exists():
        return
    refused = _why_not(settings, path)
    if refused is not None:
        raise Complaint(f"{path}: {refused}, so it is left as it is. Choose another file: adc demo --db PATH")
    for each in (_beside(path, "-wal"), _beside(path, "-shm"), path):
        each.unlink(missing_ok=True)


def _why_not(settings: Settings, path: Path) -> str | None:
    """Why a file isn't known to be a demo's, and nobody else's; None: it is."""
    if not path.is_file() or not _made_by_adc(path):
        return "this isn't a file that adc made"
    kinds = _kinds(settings, path)
    if kinds != {PARSE.name}:
        return f"it has jobs of kind {min(kinds - {PARSE.name})}" if kinds else "it has no jobs, so it isn't a demo's"
    # SQLite removes the log when the last connection is closed, and ours has been.
    if _beside(path, "-wal").exists():
        return "another process has it open"
    return None


def _made_by_adc(path: Path) -> bool:
    """By the application id. It may be in the log of commits alone, if the process that made the file was killed."""
    try:
        with examined(str(path)) as connection:
            return rows.number(connection, "PRAGMA application_id") == APPLICATION_ID
    except StoreTrouble:
        return False


def _kinds(settings: Settings, path: Path) -> set[str]:
    """The kinds of all its jobs."""
    kinds: set[str] = set()
    after: Xid | None = None
    with settings.open(path) as queue:
        while rows := queue.look(after=after, limit=PAGE):
            kinds |= {row.kind for row in rows}
            after = rows[-1].jid
    return kinds


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")
