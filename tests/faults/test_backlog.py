"""A backlog with damaged and unknown jobs in its middle: those behind them run, and what can't run is told and kept."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

import apsw
import pytest

import adc
from adc.running.events import RunnerEvent
from tests.faults.hostile_schemas import deeds, without_guards

KIND: Final = adc.JobKind("mail", int, result=int)
JOBS: Final = 15
HURT: Final = range(6, 10)
"""Whose jobs are damaged, by their places in the log."""
_WHERE: Final = f"WHERE seq IN ({', '.join(map(str, HURT))})"
Damage: TypeAlias = str | Callable[[Path], None]

ROWS: Final[dict[str, str]] = {
    "a row that is behind its log": f"UPDATE adc_jobs SET version = 0 {_WHERE}",
    "an event of the future": f"UPDATE job_events SET type_version = 9 {_WHERE}",
    "an event with a field of the future": f"UPDATE job_events SET data = json_set(data, '$.mood', 1) {_WHERE}",
    "half an event": f"UPDATE job_events SET data = substr(data, 1, 30) {_WHERE}",
    "an event that isn't UTF-8": f"UPDATE job_events SET data = CAST(x'7bff' AS TEXT) {_WHERE}",
    "no event": f"DELETE FROM job_events {_WHERE}",
    "an event of another job": f"UPDATE job_events SET jid = 'x' || seq {_WHERE}",
    "terms of another kind": f"UPDATE job_events SET data = json_set(data, '$.terms.kind', 'another') {_WHERE}",
    "terms of another queue": f"UPDATE job_events SET data = json_set(data, '$.terms.queue', 'another') {_WHERE}",
    "a payload of the wrong type": f"UPDATE job_events SET body = CAST('\"text\"' AS BLOB) {_WHERE}",
    "a payload that somebody changed": f"UPDATE job_events SET body = CAST('7000' AS BLOB) {_WHERE}",
    "no payload": f"UPDATE job_events SET body = NULL {_WHERE}",
    "a row that isn't UTF-8": f"UPDATE adc_jobs SET reason = CAST(x'ff' AS TEXT) {_WHERE}",
    "a row of an unknown kind": f"UPDATE adc_jobs SET job_type = 'unheard of' {_WHERE}",
    "a row of a later payload version": f"UPDATE adc_jobs SET payload_version = 99 {_WHERE}",
    "a due time before all time": f"UPDATE adc_jobs SET scheduled_at = {-(2**63)} {_WHERE}",
    "a negative attempt": f"UPDATE adc_jobs SET attempt = -7 {_WHERE}",
    "a version ahead": f"UPDATE adc_jobs SET version = 5 {_WHERE}",
    "another head": f"UPDATE adc_jobs SET head = x'00' {_WHERE}",
    "crashes without end": f"UPDATE adc_jobs SET crashes = 9223372036854775806 {_WHERE}",
}


def damage(path: Path, script: str) -> None:
    with closing(apsw.Connection(str(path))) as connection, without_guards(connection):
        connection.execute(script).fetchall()


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("name", [*ROWS, "a row of the wrong types"])
def test_a_runner_runs_all_the_others(name: str, concurrency: int, tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with adc.SqliteQueue.open(path, durability="normal") as queue:
        jids = [queue.schedule(KIND.new(number)) for number in range(1, JOBS + 1)]
    if name in ROWS:
        damage(path, ROWS[name])
    else:
        deeds()["x'00ff' in adc_jobs.attempt, against its type"](path)
    ran: list[int] = []
    heard: list[RunnerEvent] = []
    router = adc.RunnerRouter()

    @router.handles(KIND)
    def note(job: adc.Job[int]) -> int:
        ran.append(job.payload)
        return job.payload

    with adc.SqliteQueue.open(path, durability="normal") as queue:
        adc.JobRunner(queue, router, concurrency=concurrency, listener=heard.append).run_until_idle()
        found = list(queue.verify())

    hurt = set(HURT) if name in ROWS else {3, 6, 9, 12, 15}
    healthy = set(range(1, JOBS + 1)) - hurt
    assert healthy <= set(ran)
    assert set(ran) <= set(range(1, JOBS + 1))  # no payload that nobody scheduled
    assert len(ran) == len(set(ran))
    told = {str(getattr(each, "jid", "")) for each in heard if not isinstance(each, adc.Happened)}
    dead = {
        str(each.jid) for each in heard if isinstance(each, adc.Happened) and type(each.event).__name__ == "JobDied"
    }
    unrun = {jids[place - 1] for place in hurt if place not in ran}
    assert found or not unrun
    assert unrun <= told | dead or name in {"a row of an unknown kind", "a row of a later payload version"}


@pytest.mark.parametrize("name", ROWS)
def test_polling_by_hand_gets_all_the_others(name: str, tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    with adc.SqliteQueue.open(path, durability="normal") as queue:
        for number in range(1, JOBS + 1):
            queue.schedule(KIND.new(number))
    damage(path, ROWS[name])
    got: list[int] = []

    with adc.SqliteQueue.open(path, durability="normal") as queue:
        try:
            while (claimed := queue.poll_next(KIND)) is not None:
                got.append(claimed.job.payload)
                claimed.complete(1)
        except adc.UnreadableEvent as unreadable:  # when none is left but those
            assert unreadable.seq in HURT

    assert set(range(1, JOBS + 1)) - set(HURT) <= set(got) <= set(range(1, JOBS + 1))
