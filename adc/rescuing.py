"""Rescuing: who runs jobs finds out which others are gone, and gives their jobs to whoever comes next."""

from collections.abc import Mapping
from typing import Final, final

from msgspec import Struct
from msgspec.structs import replace

from adc.claiming import Desk
from adc.codec.events import UnreadableEvent
from adc.core.commands import Expire
from adc.core.evolve import ImpossibleHistory
from adc.core.ids import RunnerId, Xid
from adc.core.instants import SECOND, Span
from adc.core.liveness import Because, Sighting, Sign, sighting, why_gone
from adc.core.outcome import Success
from adc.core.states import Cancelling, Started
from adc.core.transition import Asked, Transition, transition
from adc.ports.store import Writing

LOOK_INTERVAL: Final = SECOND
"""Signs are looked at no more often than that, however often a runner polls."""

MOST_AT_ONCE: Final = 1_000
"""So many jobs expire in one transaction; the rest of them at the next look."""

_NEVER_SEEN: Final = Sighting(slot=0, beats=0, unchanged=Span(0), tick=Span(0))


class Gone(Struct, frozen=True):
    """A runner that counts as gone, and what was seen of it last."""

    runner: RunnerId
    because: Because
    seen: Sighting


class Rescue(Struct, frozen=True):
    """What became of the jobs of a runner that was gone."""

    gone: Gone
    expired: tuple[Transition, ...] = ()
    unreadable: tuple[tuple[Xid, str], ...] = ()
    """Jobs that can't be read, and why: they stay held."""


class Looked(Struct, frozen=True):
    """What a look came to."""

    rescues: tuple[Rescue, ...] = ()
    is_enrolled: bool = True
    """Whether the watcher's own runner is on the roll; if not, others took it for gone."""


@final
class Watcher:
    """What one runner has seen of the others."""

    def __init__(self, desk: Desk, boot_id: str) -> None:
        self._desk = desk
        self._boot_id = boot_id
        self._seen: dict[RunnerId, Sighting] = {}
        self._looked: Span | None = None
        self._hopeless: set[RunnerId] = set()
        """Those whose jobs can't be read: they are tried once."""

    def look(self) -> Looked:
        """See who is gone, if it is time to, and rescue what they held. Without anybody gone it is a read."""
        tick = self._desk.clock.tick()
        if self._looked is not None and tick - self._looked < LOOK_INTERVAL:
            return Looked()
        self._looked = tick
        signs = dict(self._desk.store.signs())
        # Read again, when they are seen: else what passes between clock and signs would count as time without a beat.
        tick = self._desk.clock.tick()
        own = signs.pop(self._desk.runner, None)
        rescues = filter(None, [self._rescue(gone) for gone in self._gone(signs, tick)])
        return Looked(tuple(rescues), is_enrolled=own is not None)

    def _gone(self, signs: Mapping[RunnerId, Sign | None], tick: Span) -> list[Gone]:
        self._seen = {
            runner: sighting(self._seen.get(runner), sign, tick) for runner, sign in signs.items() if sign is not None
        }
        found: list[Gone] = []
        for runner, sign in signs.items():
            why = self._why(runner, sign)
            if why is not None and runner not in self._hopeless:
                found.append(Gone(runner, why, self._seen.get(runner, _NEVER_SEEN)))
        return found

    def _why(self, runner: RunnerId, sign: Sign | None) -> Because | None:
        return "unlisted" if sign is None else why_gone(sign, self._boot_id, self._seen[runner])

    def _rescue(self, gone: Gone) -> Rescue | None:
        with self._desk.store.writing() as writing:
            because = self._why_still(writing, gone)
            if because is None:
                return None
            rescue = self._expire(writing, replace(gone, because=because))
        if rescue.unreadable:
            self._hopeless.add(gone.runner)
        return rescue

    def _why_still(self, writing: Writing, gone: Gone) -> Because | None:
        """Others may have been faster, or it may have come back to life, or died: nobody else writes now."""
        sign = writing.sign(gone.runner)
        if sign is None:
            return "unlisted" if gone.because == "unlisted" else None
        return why_gone(sign, self._boot_id, sighting(gone.seen, sign, gone.seen.tick))

    def _expire(self, writing: Writing, gone: Gone) -> Rescue:
        held = writing.held_by(gone.runner, MOST_AT_ONCE)
        expired: list[Transition] = []
        unreadable: list[tuple[Xid, str]] = []
        for jid in held:
            try:
                expired += _expired(self._desk, writing, jid, gone.because)
            except (UnreadableEvent, ImpossibleHistory) as error:
                unreadable.append((jid, str(error)))
        writing.apply(expired)
        if len(held) < MOST_AT_ONCE:
            writing.strike(gone.runner)
        return Rescue(gone, tuple(expired), tuple(unreadable))


def _expired(desk: Desk, writing: Writing, jid: Xid, because: Because) -> list[Transition]:
    job = writing.load((jid,))[jid]
    if not isinstance(job.state, Started | Cancelling):
        return []
    outcome = transition(job, Asked(Expire(jid, desk.clock.now(), job.state.token, because), desk.actor))
    return [outcome.unwrap()] if isinstance(outcome, Success) else []
