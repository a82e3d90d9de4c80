"""A job that kills its process three times is dead, and takes nobody with it: in real processes."""

import subprocess
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from signal import SIGKILL

import pytest

import adc
from tests.faults.forked import lines_of
from tests.faults.poison import CHILD_POISON, INNOCENT, INNOCENTS, NEIGHBOUR, POISON

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def queue(tmp_path: Path) -> Generator[adc.SqliteQueue, None, None]:
    with adc.SqliteQueue.open(tmp_path / "jobs.db") as opened:
        yield opened


def run_until_empty(folder: Path) -> int:
    """A runner in a process of its own: how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.poison", folder / "jobs.db"], cwd=ROOT, timeout=60, check=False
    ).returncode


def told(queue: adc.SqliteQueue, jid: adc.Xid) -> list[str]:
    return [entry.type for entry in queue.history(jid)][1:]


def test_a_job_that_kills_its_runner_takes_no_neighbour_with_it(queue: adc.SqliteQueue, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    poison = queue.schedule(POISON.new(str(ran)))
    innocents = queue.schedule_many(INNOCENT.new(str(ran)) for _ in range(INNOCENTS))

    assert [run_until_empty(tmp_path) for _ in range(4)] == [-SIGKILL, -SIGKILL, -SIGKILL, 0]

    assert told(queue, poison) == ["JobStarted", "JobCrashed"] * 3 + ["JobDied"]
    assert queue.history(poison)[-1].data == {"attempt": 3, "reason": "Poison"}
    for jid in innocents:
        assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted", "JobDone"]
        assert queue.result(INNOCENT, jid) == adc.Success(2)
    runs = Counter((jid, attempt) for jid, attempt, _ in lines_of(ran))
    assert set(runs.values()) == {1}
    assert Counter(jid for jid, _ in runs) == {poison: 3} | dict.fromkeys(innocents, 2)


def test_in_a_process_of_its_own_it_takes_not_even_its_runner_with_it(queue: adc.SqliteQueue, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    poison = queue.schedule(CHILD_POISON.new(str(ran)))
    neighbours = queue.schedule_many(NEIGHBOUR.new(str(ran)) for _ in range(INNOCENTS))

    assert run_until_empty(tmp_path) == 0

    assert told(queue, poison) == ["JobStarted", "JobCrashed"] * 3 + ["JobDied"]
    assert {entry.data["because"] for entry in queue.history(poison) if entry.type == "JobCrashed"} == {
        "signal SIGKILL"
    }
    assert {queue.result(NEIGHBOUR, jid) for jid in neighbours} == {adc.Success(1)}
