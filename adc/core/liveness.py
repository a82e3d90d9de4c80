"""Liveness: whether a runner is gone, from its signs of life and from what a watcher has itself seen of them.

No wall clock is read: a jump of it rescues nobody. Nor does a pause: of the time between two looks only so much counts
as could have passed if the watcher had been awake.
"""

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from adc.core.instants import SECOND, Span

DeathLock: TypeAlias = Literal["held", "free", "unknown"]
"""The lock that a process holds for each of its runners: the system frees it when the process dies, however it dies.

Unknown: the watcher can't see it, since the file that has it was replaced, or the system has no such locks.
"""

Because: TypeAlias = Literal["died", "rebooted", "silent", "unlisted"]
"""Why a runner counts as gone: its death lock is free; the machine was started anew; no beat came for longer than its
lease; it holds jobs, but is not on the roll.
"""

LONGEST_GAP: Final = Span(5 * SECOND)
"""Of the time between two looks at most so much counts as seen: whoever slept longer saw nothing meanwhile."""


class Sign(Struct, frozen=True):
    """What can be seen of a runner at one moment."""

    slot: int
    """Where it gives its beats: another one each time it enrols, and there it counts them anew."""
    boot_id: str
    """Which start of the machine it belongs to; empty where the system doesn't say."""
    lock: DeathLock
    beats: int
    """How often it has given a beat."""
    lease: Span | None
    """How long the same beat may be seen; None: it gives none, as it has no loop."""


class Sighting(Struct, frozen=True):
    """What a watcher remembers of a runner, by its own clock that never jumps."""

    slot: int
    beats: int
    unchanged: Span
    """How long it has been awake and seen the same beat."""
    tick: Span
    """When it last looked."""


def sighting(before: Sighting | None, sign: Sign, tick: Span) -> Sighting:
    """What is remembered after another look, which was over by `tick`; None: it is the first one."""
    if before is None or (before.slot, before.beats) != (sign.slot, sign.beats):
        return Sighting(sign.slot, sign.beats, Span(0), tick)
    unchanged = Span(before.unchanged + min(Span(tick - before.tick), LONGEST_GAP))
    return Sighting(sign.slot, sign.beats, unchanged, tick)


def why_gone(sign: Sign, boot_id: str, seen: Sighting) -> Because | None:
    """Why the runner counts as gone, for a watcher that runs since the start `boot_id` of the machine; None: it lives.

    A lock that is held is no proof of life beyond the lease: its process may hang, or be stopped.
    """
    if sign.boot_id != boot_id and sign.boot_id and boot_id:
        return "rebooted"
    if sign.lock == "free":
        return "died"
    if sign.lease is not None and seen.unchanged > sign.lease:
        return "silent"
    return None
