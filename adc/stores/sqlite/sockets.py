"""Sockets: runners of other processes are woken by a datagram, those of this process directly.

Each runner listens on a socket of its own in the directory `<db>-wake`, with the permissions of the database: a file in
it has the number of its slot, which is used once. So a socket that refuses is that of a runner that is gone. The
database itself is never opened for this: closing it would drop SQLite's locks.
"""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import TYPE_CHECKING, Final, final

from adc.ports.wakeup import News, Wake

if TYPE_CHECKING:
    from socket import socket

SUFFIX: Final = "-wake"
_LONGEST: Final = 100
"""Of a socket's path, which may have 107 bytes; longer ones are reached through a descriptor of the directory."""
_BOTH_WAYS: Final = 2
"""socket.SHUT_RDWR: the module isn't worth an import where it isn't needed."""
_BYTES: Final[dict[News, bytes]] = {"due": b"d", "soon": b"s", "asked": b"a"}
_NEWS: Final = {said: news for news, said in _BYTES.items()}


@final
class _Ear:
    """How a runner of this process is woken, and its socket, if it has one, with the thread that waits on that."""

    def __init__(self, wake: Wake) -> None:
        self.wake = wake
        self._socket: socket | None = None
        self._thread: Thread | None = None
        self._path = ""
        self._here = self._there = (0, 0)

    def open(self, socket: "socket", path: str) -> None:
        """Listen to other processes, too."""
        self._socket = socket
        self._path = path
        self._here = _identity(os.fstat(socket.fileno()))
        self._there = _identity(os.stat(path))  # noqa: PTH116  pathlib would cost 4 ms of each import of adc
        self._thread = Thread(target=self._listen, args=(socket,), name="adc-ear", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the thread end, and remove the socket, if it still is the one of this name."""
        with suppress(OSError):
            if _identity(os.stat(self._path)) == self._there:  # noqa: PTH116  as above
                os.unlink(self._path)  # noqa: PTH108
        if self._socket is not None and self._thread is not None and _is_intact(self._socket, self._here):
            with suppress(OSError):
                self._socket.shutdown(_BOTH_WAYS)
                self._thread.join()

    def drop(self) -> None:
        """In a forked child: the socket is its parent's, and there is no thread."""
        if self._socket is not None and _is_intact(self._socket, self._here):
            self._socket.close()

    def _listen(self, socket: "socket") -> None:
        with suppress(OSError):
            while _is_intact(socket, self._here) and (said := socket.recv(1)):
                self.wake(_NEWS.get(said, "soon"))
        if _is_intact(socket, self._here):
            socket.close()


@final
class _Mouth:
    """The socket of this process that calls. To make one for each call would take three times as long."""

    def __init__(self) -> None:
        self._made: tuple[socket, tuple[int, int]] | None = None
        """With its identity, in one: several threads may call at once."""

    def say(self, news: News, path: str) -> None:
        """Send it there, without waiting; raises OSError where nobody takes it."""
        made = self._made
        if made is None or not _is_intact(*made):
            socket = _datagrams()
            socket.setblocking(False)
            self._made = made = socket, _identity(os.fstat(socket.fileno()))
        made[0].sendto(_BYTES[news], path)


_ears: dict[tuple[str, int], _Ear] = {}
"""The runners of this process, by directory and slot."""
_mouth: Final = _Mouth()


def _forked() -> None:
    """A child has copies of its parent's sockets, on which nobody listens."""
    for ear in tuple(_ears.values()):
        ear.drop()
    _ears.clear()


os.register_at_fork(after_in_child=_forked)


@final
class Sockets:
    """Those of the runners of one database. Where there can't be any, runners just look from time to time."""

    def __init__(self, database: str) -> None:
        self._database = os.path.realpath(database)
        self.directory: Final = self._database + SUFFIX

    def listen(self, slot: int, wake: Wake) -> bool:
        """From now on a call to this slot wakes the runner there; whether other processes can call it, too."""
        ear = _ears[self.directory, slot] = _Ear(wake)
        try:
            self._open(slot, ear)
        except (OSError, AttributeError):  # a system, or a file system, without such sockets
            return False
        return True

    def leave(self, slot: int) -> None:
        """Listen no longer; who leaves last takes the directory along."""
        ear = _ears.pop((self.directory, slot), None)
        if ear is not None:
            ear.close()
            with suppress(OSError):
                os.rmdir(self.directory)  # noqa: PTH106  as above

    def call(self, slot: int, news: News) -> None:
        """Wake the runner in a slot. If it doesn't take its calls, it has enough of them."""
        ear = _ears.get((self.directory, slot))
        if ear is not None:
            ear.wake(news)
            return
        with suppress(OSError), self._path(slot) as path:
            _mouth.say(news, path)

    def ears(self) -> frozenset[int]:
        """The slots of which there is a socket."""
        with suppress(OSError):
            return frozenset(int(name) for name in os.listdir(self.directory) if name.isdecimal())  # noqa: PTH208  as above
        return frozenset()

    def remove(self, slot: int) -> None:
        """Remove the socket of a runner that is gone."""
        with suppress(OSError):
            os.unlink(self._named(slot))  # noqa: PTH108  as above

    def _open(self, slot: int, ear: _Ear) -> None:
        self._make_directory()
        self.remove(slot)  # that of another database, which stood here before
        socket = _datagrams()
        try:
            with self._path(slot) as path:
                socket.bind(path)
            self._as_database(self._named(slot), 0)
            ear.open(socket, self._named(slot))
        except BaseException:
            socket.close()
            raise

    def _make_directory(self) -> None:
        with suppress(FileExistsError):
            os.mkdir(self.directory, 0o700)  # noqa: PTH102  as above
            self._as_database(self.directory, 0o111)

    def _as_database(self, path: str, searchable: int) -> None:
        """Whoever may write the database may call, and nobody else."""
        database = os.stat(self._database)  # noqa: PTH116  as above
        mode = database.st_mode & 0o666
        if os.geteuid() == 0:
            os.chown(path, database.st_uid, database.st_gid)
        os.chmod(path, mode | (mode >> 2 & searchable))  # noqa: PTH101  as above

    def _named(self, slot: int) -> str:
        return f"{self.directory}/{slot}"

    @contextmanager
    def _path(self, slot: int) -> Generator[str, None, None]:
        """A name of the socket that is short enough."""
        path = self._named(slot)
        if len(os.fsencode(path)) <= _LONGEST:
            yield path
            return
        directory = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield f"/proc/self/fd/{directory}/{slot}"
        finally:
            os.close(directory)


def _datagrams() -> "socket":
    import socket  # noqa: PLC0415  import adc shall not import it

    return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def _is_intact(socket: "socket", here: tuple[int, int]) -> bool:
    """A handler may have closed the descriptor, and its number be another's now."""
    with suppress(OSError):
        if _identity(os.fstat(socket.fileno())) == here:
            return True
    socket.detach()
    return False


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
