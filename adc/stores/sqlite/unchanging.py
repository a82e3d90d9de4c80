"""Unchanging: a file is looked at without changing it, or what lies beside it, until it is known to be adc's.

The last connection to be closed puts into the file what a crash has left in its -wal. That would change a file that
isn't ours; and where there is a -wal and no -shm, a look alone would leave one. What a crash has left in a journal is
undone by a look.
"""

import os
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress

import apsw

from adc.ports.trouble import StoreDamaged
from adc.stores.sqlite.forks import connect
from adc.stores.sqlite.hardening import harden
from adc.stores.sqlite.migrating import refuse_foreign


@contextmanager
def unchanging(connection: apsw.Connection) -> Generator[None, None, None]:
    """Within, what goes wrong leaves a -wal that isn't empty as it is."""
    if not _size(connection.filename_wal):
        yield
        return
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    yield
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)


def refuse_foreign_leftover(path: str, real: str) -> None:
    """Refuse a foreign file beside which a crash has left something, without touching either."""
    if _size(f"{real}-journal"):
        with closing(connect(path, real, as_it_is=True)) as connection:
            harden(connection)
            with suppress(apsw.Error, StoreDamaged):  # as a change that was broken off may leave it: then it is undone
                refuse_foreign(connection, path)
    _refuse_with_wal(path, real)


def _refuse_with_wal(path: str, real: str) -> None:
    """Without making a -shm: a connection alone needs none."""
    if not _size(f"{real}-wal") or os.path.lexists(f"{real}-shm"):
        return
    with closing(connect(path, real)) as connection:
        harden(connection)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        with suppress(apsw.BusyError):  # somebody else has opened it: then there is a -shm
            refuse_foreign(connection, path)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116  pathlib would cost 4 ms of each import of adc
    except OSError:
        return 0
