"""Doorway: new files are their owner's alone; what somebody else may have put there is refused, and left as it was."""

import os
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from adc.core.instants import Instant, Span
from adc.ports.trouble import UnsafeFile
from adc.stores.sqlite.doorway import let_in, refuse_unsafe
from adc.stores.sqlite.opening import open_connection, open_store
from adc.stores.sqlite.side_file import SideFile
from adc.testing.store_moves import Moves, order

NOBODY = 65_534


def opened(path: Path, allow: tuple[str, ...] = ()) -> None:
    open_store(str(path), "normal", Span(0), allow=allow).close()  # type: ignore[arg-type]


def seen(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """What is there, and what is in it. Nothing is open."""
    return {
        each.name: (each.lstat().st_mode, each.lstat().st_ino, each.read_bytes() if each.is_file() else b"")
        for each in folder.iterdir()
    }


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_new_files_are_their_owner_s_alone(umask: int, path: Path) -> None:
    before = os.umask(umask)
    try:
        with closing(open_store(str(path), "normal", Span(0))) as store:
            Moves(store).schedule(order(1))
            SideFile(str(path)).hold(1, Instant(5))
            modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(("jobs.db", "jobs.db-wal", "jobs.db-shm", "jobs.db-adc"), 0o600)


def test_so_is_an_archive(path: Path) -> None:
    with closing(open_connection(str(path), "normal", Span(0), archive_of=32 * "0")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_keeps_its_mode(path: Path) -> None:
    path.touch(0o640)
    path.chmod(0o640)

    opened(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal", "-adc", "-wake"])
@pytest.mark.parametrize("dangling", [False, True])
def test_symbolic_links_are_refused(suffix: str, dangling: bool, path: Path) -> None:
    if suffix:
        opened(path)
    target = path.with_name("target")
    if not dangling:
        target.write_bytes(b"theirs")
    Path(f"{path}{suffix}").symlink_to(target)
    before = seen(path.parent)

    with pytest.raises(UnsafeFile, match=f"{path}{suffix}: open: it is a symbolic link to {target}: name that file"):
        opened(path)

    assert seen(path.parent) == before


def test_a_directory_may_be_reached_by_a_link(path: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.symlink_to(tmp_path, target_is_directory=True)

    opened(folder / path.name)

    assert path.exists()


def test_a_file_with_another_name_is_refused_unless_it_is_allowed(path: Path) -> None:
    opened(path)
    os.link(path, path.with_name("other.db"))
    before = seen(path.parent)

    with pytest.raises(UnsafeFile, match="it has 2 names") as raised:
        opened(path)

    assert raised.value.risk == "hard-links"
    assert seen(path.parent) == before
    opened(path, ("hard-links",))


def test_a_pipe_is_refused_and_nobody_waits_for_it(path: Path) -> None:
    os.mkfifo(path)

    with pytest.raises(UnsafeFile, match="it isn't a plain file"):
        opened(path)


@pytest.mark.parametrize(
    ("mode", "is_refused"), [(0o777, True), (0o1777, False), (0o775, False), (0o702, True), (0o700, False)]
)
def test_where_everybody_may_replace_files_none_is_opened(mode: int, is_refused: bool, path: Path) -> None:
    folder = path.parent / "folder"
    folder.mkdir()
    folder.chmod(mode)

    if not is_refused:
        opened(folder / path.name)
        return
    with pytest.raises(UnsafeFile, match=f"everybody may replace files in its directory .its mode is {mode:04o}"):
        opened(folder / path.name)
    assert seen(folder) == {}
    opened(folder / path.name, ("open-directory",))


@pytest.mark.parametrize("owner", sorted({0, os.geteuid()}))
def test_a_file_of_one_s_own_or_of_root_s_is_let_in(owner: int) -> None:
    refuse_unsafe("jobs.db", os.stat_result((stat.S_IFREG | 0o600, 1, 1, 1, owner, 0, 0, 0, 0, 0)), ())


def test_one_of_somebody_else_is_refused_unless_it_is_allowed() -> None:
    theirs = os.stat_result((stat.S_IFREG | 0o666, 1, 1, 1, os.geteuid() + 1, 0, 0, 0, 0, 0))

    with pytest.raises(UnsafeFile, match=f"it belongs to the user {os.geteuid() + 1}, and not to {os.geteuid()}, who"):
        refuse_unsafe("jobs.db", theirs, ())
    refuse_unsafe("jobs.db", theirs, frozenset({"foreign-owner"}))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away; the test above is for every user")
@pytest.mark.parametrize("suffix", ["", "-adc", "-wal"])
def test_a_real_one_is_refused_and_left_as_it_was(suffix: str, path: Path) -> None:
    opened(path)
    Path(f"{path}{suffix}").touch()
    os.chown(f"{path}{suffix}", NOBODY, NOBODY)
    before = seen(path.parent)

    with pytest.raises(UnsafeFile, match=f"{path}{suffix}: open: it belongs to the user {NOBODY}"):
        opened(path)

    assert seen(path.parent) == before
    opened(path, ("foreign-owner",))


def test_a_side_file_that_is_put_there_later_is_refused(path: Path) -> None:
    victim = path.with_name("victim")
    victim.write_bytes(b"theirs")
    with closing(open_store(str(path), "normal", Span(0))):
        Path(f"{path}-adc").symlink_to(victim)
        with pytest.raises(UnsafeFile, match="-adc: open: it is a symbolic link"):
            SideFile(str(path)).hold(1, Instant(5))
    assert victim.read_bytes() == b"theirs"


def test_a_risk_that_there_is_not_is_told(path: Path) -> None:
    with pytest.raises(ValueError, match="expected some of 'foreign-owner', 'hard-links', 'network-drive', 'open-dire"):
        opened(path, ("everything",))
    with pytest.raises(ValueError, match="in allow, got 'hard-links'"):
        let_in(str(path), "hard-links")  # type: ignore[arg-type]
    assert not path.exists()


TELLS = """
import os, sys, threading
from adc.core.instants import Span
from adc.stores.sqlite.opening import open_store
opened = []
for _ in range(20):
    path = sys.argv[1] + str(_)
    stores = []
    def use():
        stores.append(open_store(path, "normal", Span(10_000_000)))
    threads = [threading.Thread(target=use) for _ in range(4)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    with stores[0].writing():
        pass
    assert all(each.absent_guards == () for each in stores), "a lock is lost"
    for each in stores:
        each.beat  # noqa: B018
        each._custody.look("test")
        each.close()
print("all well")
"""


def test_to_make_a_file_drops_nobody_s_locks(path: Path) -> None:
    """It is made without being opened: to close it would drop the locks of whoever has opened it meanwhile."""
    ran = subprocess.run([sys.executable, "-c", TELLS, str(path)], capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == ("all well\n", "")


def test_sqlite_looks_for_links_too_when_it_opens_the_file_and_makes_none(path: Path) -> None:
    with closing(open_connection(str(path), "normal", Span(0))) as connection:
        assert connection.open_flags & apsw.SQLITE_OPEN_NOFOLLOW
        assert not connection.open_flags & apsw.SQLITE_OPEN_CREATE
