"""Reached: which events the seeds saw in which states, of those that there can be."""

from collections.abc import Collection
from itertools import product
from typing import Final, TypeAlias

from adc.core.decide import decide
from adc.core.events import Event
from adc.core.outcome import Success
from adc.core.states import JobState
from adc.testing import samples

Pair: TypeAlias = tuple[type[Event], type[JobState]]


def possible() -> set[Pair]:
    """What decide causes in all sample states. Of two events of one decision the second counts for the same state."""
    commands = (*samples.COMMANDS, *samples.MORE_COMMANDS)
    states = (*samples.STATES, *samples.MORE_STATES)
    found: set[Pair] = set()
    for command, state in product(commands, states):
        decision = decide(command, state)
        if isinstance(decision, Success):
            found.update((type(event), type(state)) for event in decision.unwrap())
    return found


POSSIBLE: Final = possible()


def told(reached: Collection[Pair]) -> str:
    """For people."""
    missing = sorted(f"{event.__name__} in {state.__name__}" for event, state in POSSIBLE - set(reached))
    return f"{len(POSSIBLE & set(reached))} of {len(POSSIBLE)} pairs of event and state" + (
        f", not {', '.join(missing)}" if missing else ""
    )
