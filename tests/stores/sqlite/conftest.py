"""A store on a real file, with its connection at hand, and a plain connection of somebody else to the same file."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from adc.core.instants import Span
from adc.stores.memory_wakeup import MemoryWakeup
from adc.stores.sqlite.opening import open_connection
from adc.stores.sqlite.side_file import SideFile
from adc.stores.sqlite.store import SqliteStore
from adc.testing.store_moves import Moves


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def connection(path: Path) -> Iterator[apsw.Connection]:
    """The store's own; it waits for nobody."""
    opened = open_connection(str(path), "normal", Span(0))
    yield opened
    opened.close()


@pytest.fixture
def moves(connection: apsw.Connection, path: Path) -> Moves:
    return Moves(SqliteStore(connection, str(path), SideFile(str(path)), MemoryWakeup()))


@pytest.fixture
def other(moves: Moves, path: Path) -> Iterator[apsw.Connection]:
    """Not adc's; it waits for nobody."""
    opened = apsw.Connection(str(path))
    yield opened
    opened.close()
