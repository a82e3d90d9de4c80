"""Forked: processes of the fault suite, each a fork of one that has opened nothing; and the notes that they leave."""

import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGCONT, SIGKILL, alarm
from typing import Final

TICKS_A_SECOND: Final = os.sysconf("SC_CLK_TCK")


def fork(body: Callable[[], object], errors: Path | None = None) -> int:
    """Run this in a process of its own, which ends with 0, or with 1 if an exception comes out; its number.

    What it says on standard error goes to the file, if there is one.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        if errors is not None:
            os.dup2(os.open(errors, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), sys.stderr.fileno())
        body()
        code = 0
    except BaseException:  # noqa: BLE001  it is told, and ends with this process
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


@contextmanager
def together(bodies: list[Callable[[], object]]) -> Iterator[list[int]]:
    """All of them at once; those that still run in the end are killed."""
    pids: list[int] = []
    try:
        pids += map(fork, bodies)
        yield pids
    finally:
        for pid in pids:
            end(pid)


def end(pid: int) -> None:
    """Kill a child, unless it has been waited for."""
    try:
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, SIGCONT)
            os.kill(pid, SIGKILL)
            os.waitpid(pid, 0)
    except ChildProcessError:
        pass


def cpu_seconds(pid: int) -> float:
    """What a process has had of the processors, in its code and in the kernel's."""
    columns = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / TICKS_A_SECOND


def within(seconds: int, body: Callable[[], object]) -> Callable[[], object]:
    """The same, in a process of its own that SIGALRM ends if it takes longer."""

    def limited() -> None:
        alarm(seconds)
        body()

    return limited


def exit_code(pid: int) -> int:
    """Wait for a child's end: its code, or the signal that ended it, with a minus."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Notes:
    """A file to which any number of processes append lines; whatever happens to them, each line is whole."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def say(self, *words: object) -> None:
        """Append a line; when this returns, the death of the process doesn't undo it."""
        os.write(self._descriptor, (" ".join(map(str, words)) + "\n").encode())

    @classmethod
    def add(cls, path: Path, *words: object) -> None:
        """Append one line, and let go of the file."""
        notes = cls(path)
        notes.say(*words)
        os.close(notes._descriptor)


def lines_of(path: Path) -> list[list[str]]:
    """The words of each line; none, if nobody has said anything."""
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []
