"""Rules of the database's own stream: the events that a command causes, and the state that events lead to."""

from collections.abc import Iterable
from typing import assert_never

from msgspec.structs import replace

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
from adc.core.evolve import ImpossibleHistory


def decide_database(command: DatabaseCommand, state: DatabaseState) -> tuple[DatabaseEvent, ...]:
    """The events that happen; none: it is already so. Nothing is refused."""
    match command:
        case Pause(at, queue):
            return () if queue in state.paused else (QueuePaused(at, queue),)
        case Resume(at, queue):
            return (QueueResumed(at, queue),) if queue in state.paused else ()
        case Prune(at, jobs, events, done_before, archive):
            return (Pruned(at, jobs, events, done_before, archive),) if events else ()
        case _:
            assert_never(command)


def evolve_database(state: DatabaseState, event: DatabaseEvent) -> DatabaseState:
    """The state after one event; raises ImpossibleHistory for one that can't happen in it."""
    match event:
        case QueuePaused(at, queue) if queue not in state.paused:
            return replace(state, paused={**state.paused, queue: at})
        case QueueResumed(queue=queue) if queue in state.paused:
            left = {name: since for name, since in state.paused.items() if name != queue}
            return replace(state, paused=left)
        case Pruned(events=events) if events > 0:
            return replace(state, pruned=state.pruned + events)
        case QueuePaused() | QueueResumed() | Pruned():
            raise ImpossibleHistory(event, state)
        case _:
            assert_never(event)


def fold_database(events: Iterable[DatabaseEvent]) -> DatabaseState:
    """The state after all of the events, from nothing."""
    state = DatabaseState()
    for event in events:
        state = evolve_database(state, event)
    return state


def database_transition(
    before: DatabaseSnapshot, command: DatabaseCommand, *, actor: str, cause: str | None = None
) -> DatabaseTransition:
    """What a command makes of the database as it is recorded."""
    events = decide_database(command, before.state)
    after = before.state
    for event in events:
        after = evolve_database(after, event)
    return DatabaseTransition(before, events, after, actor, cause)
