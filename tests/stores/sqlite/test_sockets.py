"""Sockets: calls from other processes, and what is left of them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from adc.ports.wakeup import News
from adc.stores.sqlite.sockets import Sockets

CALLER = """
import sys
from adc.stores.sqlite.sockets import Sockets

sockets = Sockets(sys.argv[1])
for line in sys.stdin:
    slot, news = line.split()
    sockets.call(int(slot), news)
    print("done", flush=True)
"""


@pytest.fixture
def db(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    path.touch()
    path.chmod(0o660)
    return path


class Caller:
    """Another process."""

    def __init__(self, db: Path) -> None:
        command = [sys.executable, "-c", CALLER, str(db)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def call(self, slot: int, news: News) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{slot} {news}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"


@pytest.fixture
def caller(db: Path) -> Iterator[Caller]:
    other = Caller(db)
    yield other
    other.process.kill()
    other.process.communicate()


@pytest.fixture
def sockets(db: Path) -> Iterator[Sockets]:
    listening = Sockets(str(db))
    yield listening
    for slot in listening.ears():
        listening.leave(slot)


def heard(news: SimpleQueue[News]) -> News:
    return news.get(timeout=30)


def test_another_process_is_heard(sockets: Sockets, caller: Caller) -> None:
    one, other = SimpleQueue[News](), SimpleQueue[News]()
    assert sockets.listen(1, one.put)
    assert sockets.listen(2, other.put)

    caller.call(2, "due")
    caller.call(1, "asked")
    caller.call(2, "asked")

    assert heard(one) == "asked"
    assert (heard(other), heard(other)) == ("due", "asked")


def test_this_process_needs_no_socket(sockets: Sockets, db: Path) -> None:
    news = SimpleQueue[News]()
    sockets.listen(1, news.put)
    Path(sockets.directory, "1").unlink()

    Sockets(str(db)).call(1, "due")

    assert news.get_nowait() == "due"
    sockets.leave(1)


def test_where_there_can_be_no_socket_this_process_is_heard_all_the_same(db: Path) -> None:
    sockets, news = Sockets(str(db)), SimpleQueue[News]()
    Path(sockets.directory).touch()

    assert not sockets.listen(1, news.put)

    sockets.call(1, "due")
    sockets.leave(1)
    sockets.call(1, "due")
    assert news.get_nowait() == "due"
    with pytest.raises(Empty):
        news.get_nowait()


def test_nothing_is_left_of_those_that_leave(sockets: Sockets) -> None:
    sockets.listen(1, SimpleQueue[News]().put)
    sockets.listen(2, SimpleQueue[News]().put)
    assert sockets.ears() == {1, 2}

    sockets.leave(1)
    sockets.leave(1)  # again is no trouble
    assert sockets.ears() == {2}
    sockets.leave(2)

    assert not Path(sockets.directory).exists()


def test_whoever_may_write_the_database_may_call(sockets: Sockets, db: Path) -> None:
    sockets.listen(1, SimpleQueue[News]().put)
    directory = Path(sockets.directory)

    assert [path.stat().st_mode & 0o777 for path in (directory, directory / "1")] == [0o770, 0o660]


def test_who_is_gone_is_called_at_no_cost(sockets: Sockets) -> None:
    sockets.call(1, "due")  # there is no directory
    Path(sockets.directory).mkdir()
    sockets.call(1, "due")
    gone = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    gone.bind(f"{sockets.directory}/1")
    gone.close()
    sockets.call(1, "due")
    assert sockets.ears() == {1}

    sockets.remove(1)
    sockets.remove(1)
    assert sockets.ears() == frozenset()


def test_who_does_not_take_its_calls_keeps_nobody(sockets: Sockets) -> None:
    Path(sockets.directory).mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(f"{sockets.directory}/1")
        for _ in range(1_000):
            sockets.call(1, "due")

        assert full.recv(9) == b"d"


def test_a_long_path_is_reached(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    db = folder / "jobs.db"
    db.touch()
    sockets, news = Sockets(str(db)), SimpleQueue[News]()
    other = Caller(db)
    try:
        assert sockets.listen(1, news.put)
        other.call(1, "due")
        assert heard(news) == "due"
    finally:
        sockets.leave(1)
        other.process.kill()
        other.process.communicate()


def test_the_socket_of_another_database_that_had_this_name_is_replaced(sockets: Sockets, caller: Caller) -> None:
    Path(sockets.directory).mkdir()
    stale = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    stale.bind(f"{sockets.directory}/1")
    news = SimpleQueue[News]()

    assert sockets.listen(1, news.put)
    caller.call(1, "due")

    assert heard(news) == "due"
    stale.close()


def open_sockets() -> set[int]:
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {int(link.name) for link in links if str(link.readlink()).startswith("socket:")}


def test_a_descriptor_that_is_another_s_by_now_is_left_alone(db: Path, tmp_path: Path) -> None:
    """What a handler may do to it, as `os.closerange` does."""
    sockets, before = Sockets(str(db)), open_sockets()
    sockets.listen(1, SimpleQueue[News]().put)
    (number,) = open_sockets() - before
    ear = socket.socket(fileno=os.dup(number))
    other = os.open(tmp_path / "other", os.O_RDWR | os.O_CREAT)
    os.dup2(other, number)

    sockets.leave(1)
    ear.shutdown(socket.SHUT_RDWR)  # the thread that waits on it ends
    ear.close()

    assert os.fstat(number).st_ino == os.fstat(other).st_ino
    os.close(number)
    os.close(other)


def test_a_forked_child_does_not_listen(sockets: Sockets) -> None:
    news = SimpleQueue[News]()
    sockets.listen(1, news.put)
    read, write = os.pipe()

    child = os.fork()
    if child == 0:
        sockets.call(1, "due")  # the parent is another process now
        sockets.leave(1)
        os.write(write, b"x")
        os._exit(0)

    assert os.read(read, 1) == b"x"
    os.waitpid(child, 0)
    assert heard(news) == "due"
    assert sockets.ears() == {1}
    os.close(read)
    os.close(write)
