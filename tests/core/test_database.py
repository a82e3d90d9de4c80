"""The database's own stream: what is asked of it, what happens then, and what it leads to."""

from typing import Final, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adc.core.commands import Schedule
from adc.core.database import (
    DatabaseCommand,
    DatabaseEvent,
    DatabaseSnapshot,
    DatabaseState,
    DatabaseTransition,
    Pause,
    Prune,
    Pruned,
    QueuePaused,
    QueueResumed,
    Resume,
)
from adc.core.database_rules import database_transition, decide_database, evolve_database, fold_database
from adc.core.decide import decide
from adc.core.events import Event
from adc.core.evolve import ImpossibleHistory
from adc.core.ids import DATABASE, encode_xid
from adc.core.instants import Instant
from adc.core.outcome import Failure
from adc.core.refusals import JidTaken
from adc.core.states import Absent
from adc.testing.samples import DUE, EARLY, LATER, NOW, TERMS

RUNS: Final = DatabaseState()
PAUSED: Final = DatabaseState({"mail": EARLY})
OTHER_PAUSED: Final = DatabaseState({"night": EARLY})
PRUNED: Final = DatabaseState({"mail": EARLY}, 7)
BOTH: Final = DatabaseState({"mail": NOW, "night": EARLY})

DECISIONS: Final[dict[str, tuple[DatabaseState, DatabaseCommand, tuple[DatabaseEvent, ...], DatabaseState]]] = {
    "a queue that runs is paused": (RUNS, Pause(EARLY, "mail"), (QueuePaused(EARLY, "mail"),), PAUSED),
    "another is paused as well": (OTHER_PAUSED, Pause(NOW, "mail"), (QueuePaused(NOW, "mail"),), BOTH),
    "a paused one is paused already": (PAUSED, Pause(NOW, "mail"), (), PAUSED),
    "a paused one is resumed": (PAUSED, Resume(NOW, "mail"), (QueueResumed(NOW, "mail"),), RUNS),
    "only that one is resumed": (BOTH, Resume(NOW, "mail"), (QueueResumed(NOW, "mail"),), OTHER_PAUSED),
    "one that runs is resumed already": (OTHER_PAUSED, Resume(NOW, "mail"), (), OTHER_PAUSED),
    "events are pruned": (PAUSED, Prune(NOW, 2, 7, EARLY), (Pruned(NOW, 2, 7, EARLY),), PRUNED),
    "more are archived": (
        PRUNED,
        Prune(NOW, 1, 3, EARLY, "old.db"),
        (Pruned(NOW, 1, 3, EARLY, "old.db"),),
        DatabaseState({"mail": EARLY}, 10),
    ),
    "nothing is pruned": (PRUNED, Prune(NOW, 0, 0, EARLY), (), PRUNED),
    "names are told apart by case": (PAUSED, Resume(NOW, "Mail"), (), PAUSED),
}

IMPOSSIBLE: Final[tuple[tuple[DatabaseState, DatabaseEvent], ...]] = (
    (PAUSED, QueuePaused(NOW, "mail")),
    (RUNS, QueueResumed(NOW, "mail")),
    (OTHER_PAUSED, QueueResumed(NOW, "mail")),
    (RUNS, Pruned(NOW, 0, 0, EARLY)),
    (RUNS, Pruned(NOW, 1, -1, EARLY)),
)

queues = st.sampled_from(["default", "mail", "night"])
instants = st.integers(0, 9).map(Instant)
commands: st.SearchStrategy[Pause | Resume] = st.builds(Pause, instants, queues) | st.builds(Resume, instants, queues)


@pytest.mark.parametrize(("state", "command", "events", "after"), DECISIONS.values(), ids=DECISIONS)
def test_a_command_causes_what_is_needed(
    state: DatabaseState, command: DatabaseCommand, events: tuple[DatabaseEvent, ...], after: DatabaseState
) -> None:
    before = DatabaseSnapshot(state, 3, b"head")

    assert events == decide_database(command, state)
    assert DatabaseTransition(before, events, after, "cli:me", "request:7") == (
        database_transition(before, command, actor="cli:me", cause="request:7")
    )


@pytest.mark.parametrize(("state", "event"), IMPOSSIBLE)
def test_an_impossible_event_is_refused_by_name(state: DatabaseState, event: DatabaseEvent) -> None:
    with pytest.raises(ImpossibleHistory, match=f"{type(event).__name__} can't follow DatabaseState") as caught:
        evolve_database(state, event)

    assert (state, event) == (caught.value.state, caught.value.event)


def test_the_table_has_each_event() -> None:
    assert {type(event) for _, _, events, _ in DECISIONS.values() for event in events} == set(get_args(DatabaseEvent))


def test_a_fold_starts_from_nothing_and_stops_at_what_is_impossible() -> None:
    assert DatabaseState({}) == fold_database(())
    with pytest.raises(ImpossibleHistory):
        fold_database((QueuePaused(NOW, "mail"), QueuePaused(LATER, "mail"), QueueResumed(LATER, "mail")))


@given(st.lists(commands))
def test_what_was_asked_last_is_so(asked: list[Pause | Resume]) -> None:
    before, happened = DatabaseSnapshot(), list[DatabaseEvent]()
    for command in asked:
        done = database_transition(before, command, actor="test")
        happened += done.events
        before = DatabaseSnapshot(done.after, before.version + len(done.events))

    last = {command.queue: isinstance(command, Pause) for command in asked}
    assert {queue for queue, is_paused in last.items() if is_paused} == set(before.state.paused)
    assert before.state == fold_database(happened)


def test_its_events_and_commands_are_none_of_a_job() -> None:
    assert not set(get_args(Event)) & set(get_args(DatabaseEvent))


def test_no_job_gets_its_id() -> None:
    assert encode_xid(bytes(12)) == DATABASE
    assert Failure(JidTaken(DATABASE)) == decide(Schedule(DATABASE, EARLY, TERMS, DUE), Absent())
