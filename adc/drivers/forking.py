"""Forking: a copy of this process that a handler forked ends before it can speak for the attempt or the runner."""

from os import _exit, getpid


def leave_if_forked(pid: int) -> None:
    """End this process if it isn't that one but a copy of it: nothing is flushed, told or closed in it."""
    if getpid() != pid:
        _exit(0)
