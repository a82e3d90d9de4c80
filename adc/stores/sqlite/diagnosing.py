"""Diagnosing: look at a queue's file from all sides, also at one that can't be opened; nothing is written.

What is beside the file is looked at by name. The file itself is opened as `verify` does: it is read in one short
transaction, and what a crash has left in its -wal stays there.
"""

import os
import platform
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import Final

import apsw
from msgspec import DecodeError, Struct

from adc import system
from adc.auditing.diagnosis import Aspect, Diagnosis, Observation
from adc.core.instants import Span
from adc.core.liveness import sighting, why_gone
from adc.ports.store import Enrolled
from adc.ports.trouble import ForeignFile, FutureVersion, NoQueue, StoreBusy, StoreTrouble
from adc.stores.memory_wakeup import MemoryWakeup
from adc.stores.sqlite import auditing_queries, pages, queries, rows, symptoms
from adc.stores.sqlite.authorizing import READS
from adc.stores.sqlite.custody import all_custodies, custody_of
from adc.stores.sqlite.descriptors import numbers_of
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.filesystems import kind_of_device
from adc.stores.sqlite.holders import Locks, age_of, command_of, locks_of
from adc.stores.sqlite.migrating import refuse_foreign
from adc.stores.sqlite.outfit import outfit_of
from adc.stores.sqlite.rights import rights_to
from adc.stores.sqlite.roll import Roll
from adc.stores.sqlite.room import is_out_of_room
from adc.stores.sqlite.side_file import SideFile
from adc.stores.sqlite.symptoms import Reader, named
from adc.stores.sqlite.troubles import trouble_of
from adc.stores.sqlite.wal_index import WalIndex, wal_index_of

BUDGET: Final = Span(1_000_000)
"""How long it waits for locks."""

_DEEDS: Final = READS | {(apsw.SQLITE_FUNCTION, None, "like")}
"""All that is asked: whether there are triggers of others, too."""


class Here(Struct, frozen=True):
    """What this process knows of its own queue on the file."""

    synchronous: int
    absent_guards: tuple[str, ...]


def diagnose(path: str, here: Here | StoreTrouble | None = None) -> Diagnosis:
    """All that can be seen of a file; raises NoQueue if there is none. `here` is None in a process without a queue.

    If it is why this process may not use its queue any more, that is told, and the file isn't opened.
    """
    if not os.path.lexists(path):
        raise NoQueue(path, "diagnose", "no such file")
    beside = symptoms.versions(
        system.version(), platform.python_version(), apsw.apsw_version(), apsw.sqlite_lib_version()
    )
    inside = (_unreadable("file", here),) if isinstance(here, StoreTrouble) else _opened(path, here)
    if not any(each.about == "locks" for each in inside):
        real = os.path.realpath(path)
        inside = (*inside, _locks(locks_of(real, SideFile(real).path), (), is_ours=here is not None))
    return Diagnosis(path, (beside, *inside, _disk(path), rights_to(path)))


def _opened(path: str, here: Here | None) -> tuple[Observation, ...]:
    """What can be seen of the file itself, and by having it open."""
    before = numbers_of(f"{os.path.realpath(path)}-wal")
    found: list[Observation] = []
    try:
        with examined(path, BUDGET, _DEEDS) as connection:
            found.extend(_inside(connection, path, here, before))
    except StoreTrouble as trouble:
        if not any(each.about == "file" and each.severity == "error" for each in found):
            return (_unreadable("file", trouble), *found)
    return tuple(found)


def _inside(
    connection: apsw.Connection, path: str, here: Here | None, before: Collection[int]
) -> Iterator[Observation]:
    """What its connection shows: what is stored, then, when it no longer reads, who else does what."""
    yield _told("file", path, lambda: _file(connection, path))
    mode = rows.text(connection, "PRAGMA journal_mode")
    yield symptoms.durability(mode, None if here is None else here.synchronous)
    runners: tuple[Enrolled, ...] = ()
    with suppress(apsw.Error, UnicodeDecodeError, DecodeError):
        runners = Roll(SideFile(path), MemoryWakeup()).all(connection)
    yield _runners(runners)
    space = _told("space", path, lambda: _space(connection))
    absent = _absent_guards(connection, path, before) if here is None else here.absent_guards
    connection.execute(auditing_queries.END_READING)
    real = connection.filename  # the file itself, where the path is a link to it: what is beside it has that name
    index = wal_index_of(real)
    locks = locks_of(real, SideFile(real).path)
    yield _locks(locks, runners, is_ours=_has_another(connection, path))
    yield symptoms.readers(_readers(locks, index))
    yield symptoms.wal(_size(f"{real}-wal"), index)
    yield space
    yield symptoms.guards(absent, could_be=sys.platform.startswith("linux"))


def _told(about: Aspect, path: str, look: Callable[[], Observation]) -> Observation:
    try:
        return look()
    except (apsw.Error, UnicodeDecodeError) as error:
        return _unreadable(about, trouble_of(error, path, "diagnose"))


def _unreadable(about: Aspect, trouble: StoreTrouble) -> Observation:
    return Observation(about, "error", f"it can't be read: {trouble.problem}", _advice(trouble))


def _advice(trouble: StoreTrouble) -> str:
    """Without what it says of a commit: there was none."""
    if isinstance(trouble, StoreBusy):
        return "See below who has it locked, and end that."
    return trouble.advice.removeprefix("Nothing was committed.").strip()


def _file(connection: apsw.Connection, path: str) -> Observation:
    try:
        known = refuse_foreign(connection, path)
    except (ForeignFile, FutureVersion) as trouble:
        return Observation("file", "error", trouble.problem, _advice(trouble))
    if not known:
        return Observation("file", "error", "there is no queue of adc in it", "Name the queue's file.")
    findings = outfit_of(connection).findings
    if findings:
        more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
        return Observation("file", "error", f"{findings[0].problem}{more}", "See what adc verify says.")
    is_archive = rows.text(connection, queries.READ_ARCHIVE_OF) is not None
    whose = rows.text(connection, queries.READ_DATABASE_ID)
    says = f"{'an archive' if is_archive else 'a queue'} of format {known}, with the id {whose}"
    return Observation("file", "ok", says, numbers={"format": known})


def _runners(found: Sequence[Enrolled]) -> Observation:
    boot_id = system.place().boot_id
    gone = {
        each.enrolment.runner: why
        for each in found
        if (why := why_gone(each.sign, boot_id, sighting(None, each.sign, Span(0)))) is not None
    }
    stuck = sum(each.held for each in found if each.enrolment.runner in gone)
    numbers = {"alive": len(found) - len(gone), "gone": len(gone), "jobs": sum(each.held for each in found)}
    details = tuple(_runner(each, gone.get(each.enrolment.runner)) for each in found)
    if not found:
        return Observation("runners", "ok", "nobody runs jobs", numbers=numbers)
    says = f"{len(found) - len(gone)} alive" + (f", {len(gone)} gone" if gone else "")
    if stuck and len(gone) == len(found):
        says, advice = f"all are gone, with {stuck} jobs", "Start a runner: it lets those run again."
        return Observation("runners", "warning", says, advice, details, numbers)
    return Observation("runners", "ok", says, details=details, numbers=numbers)


def _runner(each: Enrolled, gone: str | None) -> str:
    who = each.enrolment
    jobs = f"{each.held} job{'' if each.held == 1 else 's'}"
    return f"{who.runner}, {who.driver}, process {who.pid} on {who.host}: {jobs if gone is None else f'{gone}, {jobs}'}"


def _locks(locks: Locks | None, runners: Sequence[Enrolled], *, is_ours: bool) -> Observation:
    """Which processes have it open; this one is left out if it has it only to look."""
    if locks is None:
        return Observation("locks", "ok", "which processes have it open can't be told on this system")
    pids = [pid for pid in locks.pids if is_ours or pid != os.getpid()]
    in_slots = {each.sign.slot: each.enrolment.runner for each in runners}
    details: list[str] = []
    for pid in pids:
        running = [f"runs jobs as {in_slots[slot]}" for slot in locks.slots(pid) if slot in in_slots]
        doings = ", ".join((*running, *locks.doings(pid))) or "has it open"
        details.append(f"{named(pid, 'this one' if pid == os.getpid() else command_of(pid))}: {doings}")
    says = f"{len(pids)} process{'' if len(pids) == 1 else 'es'} {'has' if len(pids) == 1 else 'have'} it open"
    says = says if pids else "no other process has it open"
    return Observation("locks", "ok", says, details=tuple(details), numbers={"processes": len(pids)})


def _readers(locks: Locks | None, index: WalIndex | None) -> list[Reader] | None:
    if locks is None or index is None:
        return None
    return [
        Reader(pid, command_of(pid), age_of(pid), max(map(index.behind, marks)))
        for pid in locks.pids
        if (marks := locks.reads(pid))
    ]


def _space(connection: apsw.Connection) -> Observation:
    page, count, free = (
        rows.number(connection, query) or 0 for query in (pages.PAGE_SIZE, pages.PAGES, pages.FREE_PAGES)
    )
    gives_back = rows.number(connection, pages.AUTO_VACUUM) == pages.INCREMENTAL
    return symptoms.space(page, count, free, gives_back=gives_back)


def _has_another(connection: apsw.Connection, path: str) -> bool:
    """Whether this process has the file open otherwise, too."""
    identity = custody_of(connection, path).identity
    return any(opened is not connection and other.identity == identity for opened, other in all_custodies())


def _absent_guards(connection: apsw.Connection, path: str, before: Collection[int]) -> tuple[str, ...]:
    custody = custody_of(connection, path)
    custody.watch(connection, before)
    return custody.absent_guards()


def _disk(path: str) -> Observation:
    try:
        disk = os.statvfs(os.path.dirname(path) or ".")  # noqa: PTH120  pathlib would cost 4 ms of each import of adc
    except OSError as error:
        return Observation("disk", "error", f"its directory can't be looked at: {error.strerror}", "Check its path.")
    free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    kind = kind_of_device(os.stat(os.path.dirname(path)).st_dev, path)  # noqa: PTH116, PTH120  as above
    return symptoms.disk(free, total, kind, is_limited=is_out_of_room(path))


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)  # noqa: PTH202  as above
    except OSError:
        return 0
