"""A share of the hostile files, in each run of the tests; `just hostile` makes all of them."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

import adc
from tests.faults.hostile import share
from tests.faults.hostile_files import DEEDS, KIND, material
from tests.faults.hostile_schemas import CANARY, spotted
from tests.faults.hostile_use import Tally, Use


def test_a_share_of_the_deeds_does_no_harm(tmp_path: Path) -> None:
    tally = share(7, range(0, len(DEEDS), 6), tmp_path)

    assert tally.violations == []
    assert tally.opened > 50
    assert tally.refused["ForeignFile"] > 5
    assert tally.claimed > 300


def test_damage_is_told_and_nothing_else_comes_of_it(tmp_path: Path) -> None:
    tally = share(7, range(len(DEEDS), len(DEEDS) + 200), tmp_path)

    assert tally.violations == []
    assert tally.refused["StoreDamaged"] > 5
    assert tally.told["StoreDamaged"] > 50
    assert tally.claimed > 1_000


def test_code_in_a_file_that_was_run_is_spotted(tmp_path: Path) -> None:
    """The judge itself: a program that runs triggers is told."""
    path = tmp_path / "jobs.db"
    material(tmp_path).whole.write(path)
    DEEDS["a trigger AFTER UPDATE on adc_jobs"](path)
    assert spotted(path) == []

    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("UPDATE adc_jobs SET priority = priority")

    assert "ran" in spotted(path)


def test_another_payload_is_told_by_the_judge(tmp_path: Path) -> None:
    """The judge itself: a job that is given what nobody scheduled."""
    path = tmp_path / "jobs.db"
    with adc.SqliteQueue.open(path) as queue:
        jid = queue.schedule(KIND.new(b"given"))
    tally = Tally()

    Use(path, "a control", {jid: b"scheduled"}, tally).all_of_it(by_a_runner=False)

    assert any("was scheduled with b'scheduled'" in each for each in tally.violations)


@pytest.mark.parametrize("left", ["-wal", "-shm"])
def test_what_a_refusal_leaves_behind_is_told_by_the_judge(
    left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jobs.db"
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute(CANARY)

    def refuse(*_: object, **__: object) -> None:
        path.with_name(path.name + left).write_bytes(b"x")
        raise adc.ForeignFile(str(path), "open", "a control")

    monkeypatch.setattr(adc.SqliteQueue, "open", refuse)
    tally = Tally()
    Use(path, "a control", {}, tally).all_of_it(by_a_runner=False)

    assert tally.violations == [f"a control: it was refused, but {left} was left behind"]
