"""Backing up: a copy of one moment of a file, verified before it gets its name, while everything else goes on.

The pages are copied in one read transaction, a few at a time: so no writer waits, and none makes it begin anew, as
SQLite's backup does by itself each time that somebody writes. Until all is well the copy has another name.
"""

import os
import tempfile
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from errno import EEXIST, ENOENT, ENOTDIR
from itertools import islice
from typing import Final

import apsw

from adc.core.instants import Span
from adc.ports.clock import Clock
from adc.ports.trouble import AlreadyThere, CannotOpen, StoreDamaged, StoreTrouble, UnsoundBackup
from adc.ports.upkeep import BackedUp
from adc.stores.sqlite import auditing_queries, rows, scanning
from adc.stores.sqlite.authorizing import READS, authorize
from adc.stores.sqlite.custody import custody_of
from adc.stores.sqlite.examining import examined
from adc.stores.sqlite.forks import connect
from adc.stores.sqlite.hardening import harden
from adc.stores.sqlite.outfit import outfit_of
from adc.stores.sqlite.troubles import trouble_of_system, typed
from adc.stores.sqlite.verifying import verify_file

_PAGES: Final = 1_000
"""So many are copied at once: between them Ctrl-C is heard."""
_BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite takes for parts of a file of this name."""
_OPERATION: Final = "back up"
_HERE: Final = -100
_NO_REPLACE: Final = 1
"""What Linux calls AT_FDCWD and RENAME_NOREPLACE."""
_NO_TEXT: Final = "not an error"
_STRIKES: Final = READS | {(apsw.SQLITE_DELETE, "adc_runners", None)}
"""All that is changed in a copy."""


def back_up_file(path: str, to: str, clock: Clock) -> BackedUp:
    """Back a file up, whatever its format; raises a StoreTrouble, and then there is no file `to`."""

    def copy(into: str) -> None:
        with examined(path) as source:
            copy_pages(source, into, to)

    return back_up(path, to, clock, copy)


def back_up(path: str, to: str, clock: Clock, copy: Callable[[str], None]) -> BackedUp:
    """The same, of what `copy` copies into an empty file."""
    began = clock.tick()
    _refuse_taken(to)
    with _unnamed(to) as copied:
        copy(copied)
        _strike_all(copied, to)
        _refuse_unsound(path, copied)
        events, jobs = _counted(copied, to)
        size = os.path.getsize(copied)  # noqa: PTH202  pathlib would cost 4 ms of each import of adc
        _name(copied, to)
    return BackedUp(to, events, jobs, size, Span(clock.tick() - began))


def copy_pages(source: apsw.Connection, into: str, to: str) -> None:
    """Copy all that a connection sees, which is in a transaction, or that of a queue in memory, behind its lock."""
    with _target(into, to) as target, target.backup("main", source, "main") as run:
        while not run.done:
            run.step(_PAGES)


def _strike_all(copied: str, to: str) -> None:
    """Take all runners off the copy's roll: none of them runs there, so what they held is given to others at once."""
    with suppress(StoreDamaged), _target(copied, to) as target:  # verifying tells of damage
        harden(target)
        target.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
        authorize(target, _STRIKES)
        if "adc_runners" in outfit_of(target).tables:
            target.execute(auditing_queries.STRIKE_ALL)
            target.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)  # closing hides what goes wrong there


@contextmanager
def _target(copied: str, to: str) -> Generator[apsw.Connection, None, None]:
    """A connection to the copy; troubles name the file that it is to become. SQLite's backup has no text for them."""
    try:
        with typed(copied, _OPERATION):
            target = connect(copied)
            try:
                yield target
            finally:
                custody_of(target, to).close(target)
    except StoreTrouble as trouble:
        said = "the copy can't be written" if trouble.problem == _NO_TEXT else trouble.problem
        raise type(trouble)(to, _OPERATION, said, trouble.code) from trouble


def _refuse_unsound(path: str, copied: str) -> None:
    """What is read is the copy, of which nobody else knows: the file alone, since nothing beside it gets the name."""
    _remove(copied, _BESIDE[1:])
    findings = tuple(islice(verify_file(copied), 2))
    if findings:
        more = ", and more" if len(findings) > 1 else ""
        raise UnsoundBackup(path, _OPERATION, f"{findings[0].law}: {findings[0].problem}{more}")


def _counted(copied: str, to: str) -> tuple[int, int]:
    with examined(copied) as connection, typed(to, _OPERATION):
        if rows.number(connection, auditing_queries.COUNT_RUNNERS):
            raise UnsoundBackup(to, _OPERATION, "its runners couldn't be taken off the roll")
        events, _, _ = scanning.counted(connection)
        return events, rows.number(connection, auditing_queries.COUNT_JOBS) or 0


def _refuse_taken(to: str) -> None:
    for suffix in _BESIDE:
        if os.path.lexists(to + suffix):
            raise AlreadyThere(to, _OPERATION, f"there is a file {to}{suffix} already")


@contextmanager
def _unnamed(to: str) -> Generator[str, None, None]:
    """A new file beside that name, which nobody else may read; it is gone afterwards, unless it was given the name."""
    directory, name = os.path.split(to)
    with _system(to):
        descriptor, path = tempfile.mkstemp(".part", f".{name[:100]}.", directory or ".")
        os.close(descriptor)  # SQLite hasn't opened it yet, so that no lock is lost
    try:
        yield path
    finally:
        _remove(path, _BESIDE)


def _remove(path: str, suffixes: Iterable[str]) -> None:
    for suffix in suffixes:
        with suppress(OSError):
            os.unlink(path + suffix)  # noqa: PTH108  pathlib would cost 4 ms of each import of adc


def _name(copied: str, to: str) -> None:
    """Give it its name, if nothing has that, once all of it is on the disk."""
    with _system(to):
        _sync(copied)
        _refuse_taken(to)
        try:
            if not is_renamed(copied, to):
                _link(copied, to)
        except FileExistsError as error:
            raise AlreadyThere(to, _OPERATION, f"there is a file {to} already") from error
        _sync(os.path.dirname(to) or ".")  # noqa: PTH120  as above


def is_renamed(source: str, target: str) -> bool:
    """Rename a file, but not over another one: FileExistsError. Python can't say that; False: nor can this system."""
    from ctypes import CDLL, get_errno  # noqa: PLC0415  it is seldom needed

    rename = getattr(CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if not rename(_HERE, os.fsencode(source), _HERE, os.fsencode(target), _NO_REPLACE):
        return True
    if get_errno() == EEXIST:
        raise FileExistsError(EEXIST, os.strerror(EEXIST), target)
    return False


def _link(copied: str, to: str) -> None:
    """A link is refused too where there is a file. If the process dies in between, the file has two names."""
    try:
        os.link(copied, to)
    except FileExistsError:
        raise
    except OSError:
        os.rename(copied, to)  # noqa: PTH104  a drive without links, such as a stick; nothing had the name just now
    else:
        os.unlink(copied)  # noqa: PTH108  as above


def _sync(path: str) -> None:
    """No connection to it is open: to close it drops no locks."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _system(to: str) -> Generator[None, None, None]:
    try:
        yield
    except OSError as error:
        if error.errno in {ENOENT, ENOTDIR}:
            raise CannotOpen(to, _OPERATION, error.strerror or str(error)) from error
        raise trouble_of_system(error, to, _OPERATION) from error
