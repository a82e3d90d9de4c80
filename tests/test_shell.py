"""The shell: commands are loaded, decided and applied together, unless one depends on what another does."""

from collections.abc import Callable, Mapping, Sequence

import pytest
from msgspec.structs import replace
from typing_extensions import override

from adc.codec.events import UnreadableEvent
from adc.core.commands import Cancel, Claim, Command, KeyHolder, Schedule
from adc.core.database import DatabaseSnapshot, DatabaseTransition
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.liveness import Sign
from adc.core.outcome import Failure, Success
from adc.core.refusals import JidTaken, KeyTaken, NotFound
from adc.core.states import Absent, Scheduled
from adc.core.transition import Asked, Snapshot, Transition
from adc.ports.store import Wanted, Writing
from adc.shell import carry_out
from adc.stores.memory import MemoryStore
from adc.testing.samples import DUE, EARLY, OTHER_PAYLOAD, RUNNER, TERMS

KEYLESS = replace(TERMS, key=None)


class Watched(Writing):
    """A write transaction that notes how many jobs are loaded and applied at a time."""

    def __init__(self, inner: Writing) -> None:
        self._inner = inner
        self.loaded: list[int] = []
        self.applied: list[int] = []

    @override
    def load(self, jids: Sequence[Xid]) -> dict[Xid, Snapshot]:
        self.loaded.append(len(jids))
        return self._inner.load(jids)

    @override
    def apply(self, transitions: Sequence[Transition]) -> None:
        self.applied.append(len(transitions))
        self._inner.apply(transitions)

    @override
    def holder(self, kind: str, key: str) -> KeyHolder | None:
        return self._inner.holder(kind, key)

    @override
    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot | UnreadableEvent, ...]:
        return self._inner.due(wanted, by, limit)

    @override
    def payloads(self, jids: Sequence[Xid]) -> Mapping[Xid, bytes]:
        return self._inner.payloads(jids)

    @override
    def database(self) -> DatabaseSnapshot:
        return self._inner.database()

    @override
    def apply_database(self, transition: DatabaseTransition) -> None:
        self._inner.apply_database(transition)

    @override
    def sign(self, runner: RunnerId) -> Sign | None:
        return self._inner.sign(runner)

    @override
    def is_enrolled(self, runner: RunnerId) -> bool:
        return self._inner.is_enrolled(runner)

    @override
    def held_by(self, runner: RunnerId, limit: int) -> tuple[Xid, ...]:
        return self._inner.held_by(runner, limit)

    @override
    def strike(self, runner: RunnerId) -> None:
        self._inner.strike(runner)


def job(number: int) -> Xid:
    return Xid(f"{number:020}")


def schedule(number: int, key: str | None = None) -> Schedule:
    return Schedule(job(number), EARLY, replace(TERMS, key=key), DUE)


def carried_out(*commands: Command) -> tuple[list[object], Watched, MemoryStore]:
    """What came of each command, by name, and what the store was asked."""
    store = MemoryStore()
    with store.writing() as writing:
        watched = Watched(writing)
        outcomes = carry_out(watched, [Asked(command, "test", body=b"{}") for command in commands])
    told: list[object] = []
    for outcome in outcomes:
        match outcome:
            case Success(transition):
                told.append([type(event).__name__ for event in transition.events])
            case Failure(refusal):
                told.append(refusal)
    return told, watched, store


def test_nothing_to_do_asks_nothing() -> None:
    told, watched, _ = carried_out()

    assert (told, watched.loaded, watched.applied) == ([], [], [])


def test_commands_of_different_jobs_go_to_the_store_together() -> None:
    told, watched, store = carried_out(schedule(1), schedule(2, "a"), schedule(3, "b"))

    assert (told, watched.loaded, watched.applied) == ([["JobScheduled"]] * 3, [3], [3])
    assert isinstance(store.load([job(3)])[job(3)].state, Scheduled)


def test_a_command_sees_what_one_before_it_did_to_the_same_job() -> None:
    told, watched, _ = carried_out(
        schedule(1), schedule(2), Claim(job(1), DUE, RunnerId(RUNNER), DUE), Cancel(job(1), DUE), schedule(3)
    )

    assert told == [["JobScheduled"], ["JobScheduled"], ["JobStarted"], ["CancelAsked"], ["JobScheduled"]]
    assert (watched.loaded, watched.applied) == ([2, 1, 2], [2, 1, 2])


def test_a_command_sees_that_one_before_it_took_its_key() -> None:
    other = replace(schedule(3, "a"), terms=replace(TERMS, key="a", payload=OTHER_PAYLOAD))

    told, watched, store = carried_out(schedule(1, "a"), schedule(2, "a"), other)

    assert told == [["JobScheduled"], [], KeyTaken("a", job(1))]
    assert watched.loaded == [1, 1, 1]
    assert isinstance(store.load([job(2)])[job(2)].state, Absent)


def test_one_key_of_two_kinds_is_two_keys() -> None:
    letter = replace(schedule(2, "a"), terms=replace(TERMS, key="a", kind="letter"))

    told, watched, _ = carried_out(schedule(1, "a"), letter)

    assert (told, watched.loaded) == ([["JobScheduled"]] * 2, [2])


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (lambda: Cancel(job(7), DUE), NotFound(job(7))),
        (lambda: replace(schedule(1), terms=replace(KEYLESS, payload=OTHER_PAYLOAD)), JidTaken(job(1))),
    ],
    ids=["not found", "id taken"],
)
def test_a_refusal_concerns_only_its_own_command(refused: Callable[[], Command], why: object) -> None:
    told, _, store = carried_out(schedule(1), refused(), schedule(2))

    assert told == [["JobScheduled"], why, ["JobScheduled"]]
    assert store.counts()["scheduled"] == 2
