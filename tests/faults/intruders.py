"""Intruders: what else may be at a queue's file: in its own process, where it drops the locks, or in another one."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Final, TypeAlias

import apsw

import adc
from tests.faults.nth_call import KIND

LONG: Final = timedelta(seconds=10)
LOOK: Final = "SELECT count(*) FROM adc_jobs"
OTHERS_KEY: Final = "other"
ACKNOWLEDGED: Final = "acknowledged"

Intrusion: TypeAlias = Callable[[Path], object]
"""Done to the database of that name by the process that has a queue on it."""
Neighbour: TypeAlias = Callable[[Path, Callable[[], object], float], object]
"""Done by another process: it says that it is at it, and goes on for so many seconds."""


def look_by_another_sqlite(path: Path) -> None:
    other = sqlite3.connect(path)
    other.execute(LOOK).fetchone()
    other.close()


def write_by_another_sqlite(path: Path) -> None:
    other = sqlite3.connect(path, timeout=0)
    with suppress(sqlite3.OperationalError):  # it may find it busy
        other.execute("CREATE TABLE IF NOT EXISTS orders (number)")
    other.close()


def read(path: Path) -> None:
    with path.open("rb") as file:
        file.read(100)


INTRUSIONS: Final[dict[str, Intrusion]] = {
    "reads it": read,
    "reads -shm": lambda path: read(beside(path, "-shm")),
    "copies it": lambda path: shutil.copyfile(path, beside(path, ".copy")),
    "opens and closes it": lambda path: os.close(os.open(path, os.O_RDWR)),
    "looks by sqlite3": look_by_another_sqlite,
    "writes by sqlite3": write_by_another_sqlite,
}


def hold_the_write_lock(path: Path, begun: Callable[[], object], seconds: float) -> None:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    connection.execute("BEGIN IMMEDIATE")
    begun()
    Event().wait(seconds)
    connection.execute("COMMIT")
    connection.close()


def begin_exclusive(path: Path, begun: Callable[[], object], seconds: float) -> None:
    """As another program does, with another SQLite."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    connection.execute("BEGIN EXCLUSIVE")
    begun()
    Event().wait(seconds)
    connection.execute("ROLLBACK")
    connection.close()


def read_all_the_time(path: Path, begun: Callable[[], object], seconds: float) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    connection.execute(LOOK).fetchone()
    begun()
    Event().wait(seconds)
    connection.close()


def back_up(path: Path, begun: Callable[[], object], seconds: float) -> None:
    """Page by page, so that it goes on while others write."""
    source, target = apsw.Connection(str(path)), apsw.Connection(str(beside(path, ".backup")))
    with target.backup("main", source, "main") as backup:
        backup.step(1)
        begun()
        while not backup.done:
            Event().wait(seconds / 100)
            backup.step(1)
    assert target.execute("PRAGMA integrity_check").get == "ok"
    target.close()
    source.close()


def vacuum_into(path: Path, begun: Callable[[], object], seconds: float) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    begun()
    connection.execute("VACUUM INTO ?", (str(beside(path, ".copy")),))
    connection.close()


def checkpoint(path: Path, begun: Callable[[], object], seconds: float) -> None:
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(1)
    begun()
    for _ in range(20):
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        except apsw.BusyError:
            Event().wait(seconds / 20)
    connection.close()


def come_and_go(path: Path, begun: Callable[[], object], seconds: float) -> None:
    """Each time as one who may be the last one, and would take -wal and -shm along."""
    begun()
    for _ in range(10):
        look_by_another_sqlite(path)


NEIGHBOURS: Final[dict[str, Neighbour]] = {
    "holds the write lock": hold_the_write_lock,
    "BEGIN EXCLUSIVE": begin_exclusive,
    "reads": read_all_the_time,
    "backs it up": back_up,
    "VACUUM INTO": vacuum_into,
    "checkpoints": checkpoint,
    "comes and goes": come_and_go,
}


def schedule_elsewhere(queue: adc.SqliteQueue, folder: Path) -> None:
    """What another process of adc does meanwhile; it notes what it knows to be stored."""
    with suppress(adc.StoreBusy):
        queue.schedule(KIND.new("other", key=OTHERS_KEY))
        (folder / ACKNOWLEDGED).touch()


def beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}{ending}")
