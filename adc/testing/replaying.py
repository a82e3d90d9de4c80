"""Replaying: a handler run again on an attempt that was recorded, with no database, thread or event loop."""

from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import Generic, TypeVar, cast, final, overload

from msgspec import Struct

from adc.codec.exported import Exported, read_export
from adc.codec.payload import Decoder
from adc.core.events import Event
from adc.core.instants import datetime_of
from adc.core.outcome import Outcome
from adc.core.terms import Terms
from adc.handling.effects import Steps
from adc.handling.job import Job, job_of, read_stored
from adc.handling.notdone import NotDone
from adc.kind import AnyJobKind, JobKind, P, R
from adc.router import JobHandler
from adc.testing.by_hand import ByHand
from adc.testing.declared import declared_kind
from adc.testing.fixed import FixedClock
from adc.testing.playing import NO_ANSWERS, Answers, Played
from adc.testing.recorded import RecordedAttempt, recorded_answers, recorded_attempt
from adc.testing.settling import settled

T_co = TypeVar("T_co", covariant=True)


@final
class Replayed(Struct, Generic[T_co], frozen=True):
    """What became of a handler that was replayed."""

    outcome: Outcome[T_co, NotDone]
    steps: Sequence[str]
    """The names of the steps that it asked for, in order."""
    recorded: Event | None
    """What came of the attempt when it ran; None: it still ran when its job was exported."""

    @property
    def snoozed(self) -> timedelta | None:
        """For how long it snoozed; None: it didn't."""
        return Played(self.outcome, self.steps).snoozed


@overload
def replay(
    handler: JobHandler[P, R],
    exported: str | PathLike[str],
    *,
    kind: JobKind[P, R],
    attempt: int | None = None,
    answers: Answers = NO_ANSWERS,
) -> Replayed[R]: ...
@overload
def replay(
    handler: Callable[[Job[P]], Steps[R]],
    exported: str | PathLike[str],
    *,
    attempt: int | None = None,
    answers: Answers = NO_ANSWERS,
) -> Replayed[R]: ...
@overload
def replay(
    handler: Callable[[Job[P]], Coroutine[object, object, Outcome[R, NotDone]]],
    exported: str | PathLike[str],
    *,
    attempt: int | None = None,
    answers: Answers = NO_ANSWERS,
) -> Replayed[R]: ...
@overload
def replay(
    handler: Callable[[Job[P]], Coroutine[object, object, R]],
    exported: str | PathLike[str],
    *,
    attempt: int | None = None,
    answers: Answers = NO_ANSWERS,
) -> Replayed[R]: ...
@overload
def replay(
    handler: Callable[[Job[P]], Outcome[R, NotDone]],
    exported: str | PathLike[str],
    *,
    attempt: int | None = None,
    answers: Answers = NO_ANSWERS,
) -> Replayed[R]: ...
@overload
def replay(
    handler: Callable[[Job[P]], R],
    exported: str | PathLike[str],
    *,
    attempt: int | None = None,
    answers: Answers = NO_ANSWERS,
) -> Replayed[R]: ...
def replay(
    handler: JobHandler[P, object],
    exported: str | PathLike[str],
    *,
    kind: AnyJobKind | None = None,
    attempt: int | None = None,
    answers: Answers = NO_ANSWERS,
) -> Replayed[object]:
    """Run a handler on an attempt that `queue.export` or `adc export` wrote: `replay(invoice, "job.json", attempt=2)`.

    It is given the recorded payload, attempt, retries and due time, and `adc.now()` is when the attempt began; None is
    the last attempt. It is called on this thread, in a plain call: breakpoints work. Steps without an answer are really
    called. There is no event loop: an async handler gets as far as it waits for steps only, and NeedsEventLoop is
    raised where it waits for anything else; nobody cancels it, and no time limit holds.

    The types are those of `kind`, or where that is None, of the handler's annotations. What comes of it is as in
    `Trial`: a NotDone is the outcome, raised or returned; any other exception comes out. Raises NotAnExport for another
    file, ValueError for an attempt that there isn't or a job of another kind, PayloadUnreadable for a payload that
    isn't of the type.
    """
    read = read_export(Path(exported).read_bytes())
    recorded = recorded_attempt(read, attempt)
    given = cast("JobKind[P, object] | None", kind)  # the overload with a kind says so
    known = declared_kind(handler, recorded.held.state.terms) if given is None else given
    asked: list[str] = []
    outcome = replayed(known, handler, recorded, answers=answers_for(read, recorded, answers), asked=asked)
    return Replayed(outcome, asked, recorded.ended)


def replayed(
    kind: JobKind[P, R], handler: JobHandler[P, R], recorded: RecordedAttempt, *, answers: Answers, asked: list[str]
) -> Outcome[R, NotDone]:
    """What the handler makes of a recorded attempt."""
    held = recorded.held
    job = job_of(held, read_stored(decoder_of(kind, held.state.terms), held.payload))  # a redacted one has no hash here
    by_hand = ByHand(FixedClock(datetime_of(recorded.began)))
    return settled(kind, handler, job, by_hand.run, answers=answers, asked=asked)


def decoder_of(kind: JobKind[P, R], terms: Terms) -> Decoder[P]:
    """What reads the payload of a job of the kind; raises ValueError if it is of another one."""
    if (terms.kind, terms.payload_version) not in kind.addresses:
        raise ValueError(
            f"the job is of kind {terms.kind}, version {terms.payload_version}, which {kind!r} doesn't take"
        )
    return kind.decoder(terms.payload_version)


def answers_for(exported: Exported, recorded: RecordedAttempt, answers: Answers) -> Answers:
    """The answers given, and for other steps those recorded."""
    return {**recorded_answers(exported, recorded.held.state.token.attempt), **answers}
