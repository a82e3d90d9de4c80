"""Golden files: what each released format says is read the same by every later adc, before and after its migration.

`tests/golden/make.py` made them, run by the adc of each format.
"""

import json
import shutil
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from adc.core.commands import Cancel
from adc.core.database import DatabaseEvent
from adc.core.events import Event
from adc.core.evolve import fold
from adc.core.ids import DATABASE, Xid
from adc.core.instants import Instant
from adc.core.outcome import Success
from adc.core.states import JobState
from adc.core.transition import Asked
from adc.queue import SqliteQueue
from adc.shell import carry_out
from adc.stores.sqlite.migrations import FORMAT

GOLDEN = Path(__file__).parent / "golden"
FORMATS = sorted(GOLDEN.glob("format_*.db"), key=lambda path: int(path.stem.removeprefix("format_")))


@pytest.fixture(params=FORMATS, ids=lambda path: path.stem)
def golden(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def all_said_of(golden: Path) -> dict[Xid, dict[str, Any]]:
    """What its own adc said of each job, and of the database."""
    return {Xid(jid): said for jid, said in json.loads(golden.with_suffix(".json").read_text()).items()}


def said_of(golden: Path) -> dict[Xid, dict[str, Any]]:
    """What its own adc said of each job."""
    return {jid: said for jid, said in all_said_of(golden).items() if jid != DATABASE}


@pytest.fixture
def migrated(golden: Path, tmp_path: Path) -> Path:
    """A copy, brought to the format of today."""
    copy = tmp_path / "jobs.db"
    shutil.copy(golden, copy)
    with SqliteQueue.open(copy):
        pass
    return copy


def test_every_format_has_a_golden_file() -> None:
    assert [path.stem for path in FORMATS] == [f"format_{number}" for number in range(1, FORMAT + 1)]


def test_every_event_and_every_state_is_in_the_latest() -> None:
    latest = FORMATS[-1]
    events = {event["type"] for said in all_said_of(latest).values() for event in said["events"]}
    states = {said["state"][0] for said in said_of(latest).values()}

    assert events == {kind.__name__ for kind in (*get_args(Event), *get_args(DatabaseEvent))}
    assert states == {kind.__name__ for kind in get_args(JobState)} - {"Absent"}


def test_every_job_is_what_it_was(golden: Path, migrated: Path) -> None:
    with SqliteQueue.open(migrated) as queue:
        for jid, said in said_of(golden).items():
            job, history = queue.store.load((jid,))[jid], queue.store.history(jid)
            name, state = said["state"]
            assert (type(job.state).__name__, job.seq, job.head.hex()) == (name, said["seq"], said["head"])
            assert says_all(state, msgspec.to_builtins(job.state)), jid
            assert fold(each.event for each in history) == job.state


def test_every_event_is_what_it_was(golden: Path, migrated: Path) -> None:
    with SqliteQueue.open(migrated) as queue:
        for jid, said in said_of(golden).items():
            for event, stored in zip(queue.store.history(jid), said["events"], strict=True):
                known = (event.seq, event.version, event.actor, event.cause, event.digest.hex())
                assert known == tuple(stored[name] for name in ("seq", "version", "actor", "cause", "digest"))
                assert type(event.event).__name__ == stored["type"]
                assert says_all(stored["event"], msgspec.to_builtins(event.event)), stored


def test_what_happened_to_the_database_is_what_it_was(golden: Path, migrated: Path) -> None:
    said = all_said_of(golden).get(DATABASE, {"events": [], "paused": {}})
    with SqliteQueue.open(migrated) as queue:
        history = queue.store.database_history()
        assert [(type(each.event).__name__, each.seq, each.digest.hex()) for each in history] == [
            (event["type"], event["seq"], event["digest"]) for event in said["events"]
        ]
        assert all(
            says_all(stored["event"], msgspec.to_builtins(each.event))
            for each, stored in zip(history, said["events"], strict=True)
        )
        assert queue.store.paused() == said["paused"]


def test_the_whole_file_is_in_order(migrated: Path) -> None:
    with SqliteQueue.open(migrated) as queue:
        assert list(queue.verify()) == []


def test_every_payload_and_result_is_what_it_was(golden: Path, migrated: Path) -> None:
    with SqliteQueue.open(migrated) as queue:
        for jid, said in said_of(golden).items():
            for version, stored in enumerate(said["bodies"], 1):
                assert queue.store.body(jid, version) == (None if stored is None else bytes.fromhex(stored))


def test_life_goes_on(golden: Path, migrated: Path) -> None:
    """Every job takes its next event: heads, sequence and triggers are in order."""
    with SqliteQueue.open(migrated) as queue:
        for jid, said in said_of(golden).items():
            at = Instant(said["events"][-1]["event"]["at"] + 1)
            with queue.store.writing() as writing:
                (outcome,) = carry_out(writing, [Asked(Cancel(jid, at), "test")])
            waits = said["state"][0] in {"Scheduled", "Started", "Dead"}
            assert (isinstance(outcome, Success) and len(outcome.unwrap().events) == 1) == waits
            assert queue.store.load((jid,))[jid].state == fold(each.event for each in queue.store.history(jid))


def says_all(then: object, now: object) -> bool:
    """Whether all that was said then is said now: what was added since isn't in it."""
    if isinstance(then, dict) and isinstance(now, dict):
        return all(name in now and says_all(value, now[name]) for name, value in then.items())
    return as_json(then) == as_json(now)


def as_json(value: object) -> object:
    return json.loads(msgspec.json.encode(value))
