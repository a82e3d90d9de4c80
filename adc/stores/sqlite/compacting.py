"""Compacting: pages of a file that are free are given back, a few in each transaction, so that others go on."""

from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from os.path import getsize
from typing import TYPE_CHECKING

import apsw

from adc.core.instants import Span
from adc.ports.upkeep import Compacted
from adc.stores.sqlite import pages, rows
from adc.stores.sqlite.opening import open_store, rest
from adc.stores.sqlite.scrubbing import scrub_file
from adc.stores.sqlite.troubles import typed

if TYPE_CHECKING:
    from adc.ports.store import Writing


def compact_file(path: str, budget: Span) -> Compacted:
    """Give back what is free, and make the -wal empty, if nobody reads from it; raises a StoreTrouble."""
    before = _size(path) + _size(f"{path}-wal")
    with closing(open_store(path, "full", budget, "refuse")) as store:
        gives_back, free = store.compact_here()
    scrub_file(path)  # SQLite makes the file shorter when it copies the -wal into it
    wal = _size(f"{path}-wal")
    return Compacted(before, _size(path) + wal, free, wal, gives_back)


def give_back(connection: apsw.Connection, path: str, writing: "Callable[[], AbstractContextManager[Writing]]") -> bool:
    """Make the file smaller by the pages that are free now; False: it is one from which none can be given back."""
    if _number(connection, path, pages.AUTO_VACUUM) != pages.INCREMENTAL:
        return False
    left = _number(connection, path, pages.FREE_PAGES)
    for _ in range(-(-left // pages.AT_ONCE)):  # others may free more meanwhile: that is left for the next time
        if not left:
            break
        with writing(), typed(path, "vacuum"):
            connection.execute(pages.GIVE_BACK).fetchall()
        left = _number(connection, path, pages.FREE_PAGES)
        rest()
    return True


def free_bytes(connection: apsw.Connection, path: str) -> int:
    """How much of the file has nothing in it."""
    return _number(connection, path, pages.FREE_PAGES) * _number(connection, path, pages.PAGE_SIZE)


def _number(connection: apsw.Connection, path: str, query: str) -> int:
    with typed(path, "vacuum"):
        return rows.number(connection, query) or 0


def _size(path: str) -> int:
    try:
        return getsize(path)  # noqa: PTH202  pathlib would cost 4 ms of each import of adc
    except OSError:
        return 0
