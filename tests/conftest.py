"""Settings for all tests: hypothesis measures no time, since other things run on the machine too; and a queue to test.

The queue is a real file, with time and chance as the test says. The exam's own asserts say what was there, as those in
tests do: that must be asked for before anything imports them.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest.register_assert_rewrite(
    *(f"adc.testing.{path.stem}" for path in (Path(__file__).parent.parent / "adc/testing").glob("store_*.py"))
)

from adc.queue import SqliteQueue  # noqa: E402
from adc.testing.fixed import FixedClock, FixedDice  # noqa: E402

settings.register_profile("adc", deadline=None)
settings.load_profile("adc")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def dice() -> FixedDice:
    return FixedDice()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "jobs.db"


@pytest.fixture
def queue(db: Path, clock: FixedClock, dice: FixedDice) -> Iterator[SqliteQueue]:
    with SqliteQueue.open(db, actor="test", clock=clock, dice=dice, durability="normal") as opened:
        yield opened
