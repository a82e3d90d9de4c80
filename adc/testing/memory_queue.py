"""MemoryQueue: a queue that lasts as long as the test, and tells what was scheduled."""

from collections.abc import Sequence
from typing import final

from adc import system
from adc.codec.payload import decode_with
from adc.core.states import Scheduled
from adc.kind import JobKind, P, R
from adc.ports.clock import Clock, Dice
from adc.ports.store import Look
from adc.queue import StoreQueue
from adc.stores.memory import MemoryStore


@final
class MemoryQueue(StoreQueue):
    """All verbs of SqliteQueue, without a file: pass it wherever an `adc.Queue` is taken, or run it with a JobRunner.

    `clock` and `dice` are the system's where they are None; `FixedClock` and `FixedDice` make a test repeatable.
    """

    def __init__(self, *, clock: Clock | None = None, dice: Dice | None = None) -> None:
        super().__init__(
            MemoryStore(),
            clock=system.SystemClock() if clock is None else clock,
            dice=system.SystemDice() if dice is None else dice,
            actor="test",
        )

    def scheduled(self, kind: JobKind[P, R], /) -> Sequence[P]:
        """The payloads of the jobs of a kind that wait, in the order in which they were scheduled."""
        waiting = self.store.look(Look(state="scheduled", kind=kind.name, limit=1_000_000))
        stored = ((job.state, self.store.body(job.jid, 1)) for job in waiting)
        return [
            decode_with(kind.decoder(state.terms.payload_version), body).unwrap()
            for state, body in stored
            if isinstance(state, Scheduled) and body is not None
        ]
