"""Events of a runner: what `JobRunner.events()` tells, as it happens. They aren't stored; the log has those of jobs."""

from typing import Literal, TypeAlias

from msgspec import Struct

from adc.core.events import Event
from adc.core.ids import RunnerId, Xid
from adc.core.liveness import Because
from adc.core.refusals import Refusal

Why: TypeAlias = Literal["timeout", "shutdown", "lost"]
"""Why an attempt is abandoned. Lost: its job was taken from it, since others took its runner for gone."""


class RunnerStarted(Struct, frozen=True):
    """It looks for jobs from now on."""

    runner: RunnerId


class Happened(Struct, frozen=True):
    """The runner's doing was stored: an event of a job."""

    jid: Xid
    kind: str
    event: Event
    actor: str
    """Who did it, as the log has it."""


class ReportRefused(Struct, frozen=True):
    """What an attempt said came too late, or of a job that isn't there: it changed nothing."""

    jid: Xid
    attempt: int
    refusal: Refusal
    actor: str
    """Who reported."""


class RunnerGone(Struct, frozen=True):
    """Another runner is gone, and was struck off the roll. What it held expired: that many JobCrashed follow."""

    runner: RunnerId
    because: Because
    jobs: int
    """How many it held."""
    actor: str
    """Who found it."""


class StruckOff(Struct, frozen=True):
    """Others had taken this runner for gone: it has enrolled again. What it held is lost to it."""

    runner: RunnerId


class AttemptCancelled(Struct, frozen=True):
    """The job of an attempt that runs was cancelled: the attempt was told."""

    jid: Xid
    kind: str
    attempt: int


class JobUnreadable(Struct, frozen=True):
    """A job can't be read, since its log is damaged or a later adc wrote it. It stays as it is; told once a run."""

    jid: Xid
    problem: str


class AttemptAbandoned(Struct, frozen=True):
    """The runner no longer waits for an attempt. Its thread, if it has one, runs on until the handler returns."""

    jid: Xid
    kind: str
    attempt: int
    why: Why


class StoreTroubled(Struct, frozen=True):
    """The store couldn't be reached. What finished attempts said is kept, and tried again."""

    problem: str


class WalGrowing(Struct, frozen=True):
    """The -wal beside the file is large, and grows: somebody reads how the file was before. `doctor` says who.

    Nothing is wrong yet, but the disk may become full, and all that reads becomes slower. Told once, and again whenever
    it has doubled.
    """

    bytes: int
    """How long it is."""


class RunnerStopping(Struct, frozen=True):
    """It claims nothing more, and waits for the attempts that run."""

    runner: RunnerId
    running: int
    """How many."""


class RunnerStopped(Struct, frozen=True):
    """It is at its end: the last event."""

    runner: RunnerId


class EventsDropped(Struct, frozen=True):
    """The reader was too slow: so many events before the next one weren't kept."""

    count: int


RunnerEvent: TypeAlias = (
    RunnerStarted
    | Happened
    | ReportRefused
    | RunnerGone
    | StruckOff
    | AttemptCancelled
    | JobUnreadable
    | AttemptAbandoned
    | StoreTroubled
    | WalGrowing
    | RunnerStopping
    | RunnerStopped
    | EventsDropped
)
