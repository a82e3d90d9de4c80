"""The side file: locks that die with their process, beats, and what is seen by whom."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adc.core.instants import Instant
from adc.ports.signs import UNSEEN, Pulse
from adc.ports.trouble import StorageLocksLost, StoreReadOnly
from adc.stores.sqlite.side_file import SideFile

HOLDER = """
import sys
from adc.core.instants import Instant
from adc.stores.sqlite.side_file import SideFile

side_file = SideFile(sys.argv[1])
print(side_file.hold(7, Instant(100)), flush=True)
for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    path.touch(0o640)
    return path


def seen(by: SideFile, slot: int, name: str) -> Pulse:
    (pulse,) = by.see([(slot, name)])
    return pulse


class Holder:
    """Another process, which holds slot 7."""

    def __init__(self, db: Path) -> None:
        command = [sys.executable, "-c", HOLDER, str(db)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = self._line()

    def do(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        assert self._line() == "done"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def holder(db: Path) -> Generator[Holder, None, None]:
    other = Holder(db)
    try:
        yield other
    finally:
        other.process.kill()
        other.process.communicate()


def test_another_process_sees_the_lock_and_the_beats(db: Path) -> None:
    with holder(db) as other:
        here = SideFile(str(db))
        assert other.name == here.name
        assert seen(here, 7, here.name) == Pulse("held", 1, Instant(100))

        other.do("side_file.beat(7, Instant(200))")
        assert seen(here, 7, here.name) == Pulse("held", 2, Instant(200))


def test_the_lock_is_free_when_the_process_was_killed(db: Path) -> None:
    with holder(db) as other:
        other.process.kill()
        other.process.wait(30)
        here = SideFile(str(db))
        assert seen(here, 7, here.name).lock == "free"
        assert seen(here, 7, here.name).lock == "free"  # to look took nothing


def test_the_lock_is_free_though_a_child_that_the_process_had_forked_lives_on(db: Path) -> None:
    with holder(db) as other:
        other.do("import os; read, write = os.pipe()")
        other.do("os.fork() or (os.close(write), os.read(read, 1), os._exit(0))")
        other.process.kill()
        other.process.wait(30)
        here = SideFile(str(db))
        assert seen(here, 7, here.name).lock == "free"


def test_the_lock_is_free_when_it_was_let_go(db: Path) -> None:
    with holder(db) as other:
        other.do("side_file.let_go(7)")
        here = SideFile(str(db))
        assert seen(here, 7, here.name) == Pulse("free", 1, Instant(100))


def test_looking_from_the_same_process_takes_no_lock_away(db: Path) -> None:
    one, two = SideFile(str(db)), SideFile(str(db))
    name = one.hold(1, Instant(5))
    two.hold(2, Instant(5))

    assert [seen(two, slot, name).lock for slot in (1, 2, 3)] == ["held", "held", "free"]
    assert [seen(one, slot, name).lock for slot in (1, 2)] == ["held", "held"]
    assert seen_by_another(db, name) == "held held free"

    two.let_go(2)
    assert seen_by_another(db, name) == "held free free"
    one.let_go(1)


def test_a_forked_child_holds_none_of_its_parents_locks(db: Path) -> None:
    name = SideFile(str(db)).hold(1, Instant(5))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, seen(SideFile(str(db)), 1, name).lock.encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(read, 10) == b"held"  # by the parent
    assert seen_by_another(db, name) == "held free free"


def test_a_link_to_the_database_has_the_same_side_file(db: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(db)
    name = SideFile(str(link)).hold(1, Instant(5))

    assert seen(SideFile(str(db)), 1, name).lock == "held"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jobs.db", "jobs.db-adc", "link.db"]


def test_it_has_the_permissions_of_the_database(db: Path) -> None:
    SideFile(str(db)).hold(1, Instant(5))

    assert Path(f"{db}-adc").stat().st_mode & 0o777 == 0o640


def test_to_look_makes_no_file(db: Path, tmp_path: Path) -> None:
    here = SideFile(str(db))

    assert seen(here, 1, "") == UNSEEN
    assert here.name == ""
    assert list(tmp_path.iterdir()) == [db]


def test_what_stands_in_a_file_that_was_replaced_is_not_seen(db: Path) -> None:
    here = SideFile(str(db))
    name = here.hold(1, Instant(5))
    Path(here.path).unlink()
    assert seen(here, 1, name) == UNSEEN

    assert here.hold(2, Instant(6)) == here.name != name
    assert seen(here, 1, name) == UNSEEN
    assert seen(here, 2, here.name).lock == "held"
    here.beat(1, Instant(7))  # it goes where nobody looks, and harms nobody


def test_a_descriptor_that_was_closed_is_not_written_to(db: Path, tmp_path: Path) -> None:
    here = SideFile(str(db))
    here.hold(1, Instant(5))
    mine = next(int(each.name) for each in Path("/proc/self/fd").iterdir() if os.path.realpath(each) == here.path)
    os.close(mine)
    with (tmp_path / "another").open("w+b") as another:
        assert another.fileno() == mine
        with pytest.raises(StorageLocksLost, match="the descriptor of the side file was closed"):
            here.beat(1, Instant(6))
        assert another.read() == b""
        here.let_go(1)


def test_a_directory_where_nothing_may_be_made_is_told(tmp_path: Path) -> None:
    missing = tmp_path / "gone" / "jobs.db"
    with pytest.raises(StoreReadOnly, match="the lock of a runner can't be taken"):
        SideFile(str(missing)).hold(1, Instant(5))


LOOK = """
import sys
from adc.stores.sqlite.side_file import SideFile

print(*(pulse.lock for pulse in SideFile(sys.argv[1]).see([(slot, sys.argv[2]) for slot in (1, 2, 3)])))
"""


def seen_by_another(db: Path, name: str) -> str:
    done = subprocess.run([sys.executable, "-c", LOOK, str(db), name], capture_output=True, text=True, check=True)
    return done.stdout.strip()
