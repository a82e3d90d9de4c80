"""No SQL of adc reads a clock: all of it runs on a disk that tells no time."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import apsw
import pytest

from adc.cli.program import run as command
from tests.faults.clockless_disk import AskedForTheTime, clockless_disk
from tests.faults.day import DATABASE, DEEDS, OLD_FILE, Day
from tests.faults.nth_call import OPERATIONS, open_in, prepare
from tests.stores.test_sqlite_exam import SqliteExam


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """What was asked of it: nothing, or the test fails."""
    with clockless_disk() as noted:
        yield noted
    assert noted == []


@pytest.mark.usefixtures("asked")
class TestOnAClocklessDisk(SqliteExam):
    """The whole exam of a store."""


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_public_operation_does_without(operation: str, tmp_path: Path) -> None:
    prepare(tmp_path)
    with open_in(tmp_path) as queue:
        OPERATIONS[operation](queue, tmp_path)
        assert list(queue.verify()) == []


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("migrates", [False, True], ids=["a new file", "a file of an older format"])
def test_a_day_of_all_deeds_does_without(migrates: bool, tmp_path: Path) -> None:
    day = Day(tmp_path, Random(7), migrates)
    if migrates:
        shutil.copyfile(OLD_FILE, tmp_path / DATABASE)
    day.open()
    for name in Random(7).sample(sorted(DEEDS) * 5, 5 * len(DEEDS)):
        DEEDS[name](day)
    findings = list(day.queues[0].verify())
    for queue in day.queues:
        queue.close()

    assert findings == []


COMMANDS = ["runners", "list", "stats", "verify", "events", "rebuild --dry-run", "prune --done-before 1d"]


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("line", COMMANDS)
def test_each_command_does_without(line: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    prepare(tmp_path)

    assert command(["--db", str(tmp_path / "q.db"), *line.split()]) in (0, None), capfd.readouterr().err


@pytest.mark.parametrize("sql", ["SELECT datetime('now')", "SELECT CURRENT_TIMESTAMP", "SELECT unixepoch()"])
def test_what_reads_a_clock_is_noticed(sql: str, tmp_path: Path) -> None:
    with clockless_disk() as asked, closing(apsw.Connection(str(tmp_path / "any.db"))) as connection:
        with pytest.raises(AskedForTheTime):
            connection.execute(sql).fetchall()

        assert asked == ["xCurrentTimeInt64"]
