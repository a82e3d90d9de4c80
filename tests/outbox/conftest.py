"""A file with a queue and a table of the application, and a connection to it by each library in turn.

It is never opened by two copies of SQLite at once: whatever is looked at with adc comes when the lender is closed.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adc.queue import SqliteQueue
from tests.outbox.lenders import LENDERS, Lender


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "app.db"
    SqliteQueue.open(path).close()
    return path


@pytest.fixture(params=[*LENDERS.values()], ids=[*LENDERS])
def lender(request: pytest.FixtureRequest, path: Path) -> Iterator[Lender]:
    made: Lender = request.param(path)
    made.begin()
    made.run("CREATE TABLE orders (number INTEGER PRIMARY KEY)")
    made.commit()
    yield made
    made.close()
