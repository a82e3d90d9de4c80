"""Settling: what a handler of any form gives in the end, with a test's answers to its steps and its kind's codecs."""

from collections.abc import Awaitable, Callable, Generator
from types import coroutine
from typing import TypeAlias, cast

from adc.codec.payload import decode_with, encode_within
from adc.core.instants import timedelta_of
from adc.core.outcome import Failure, Outcome, Success
from adc.drivers.coroutines import Resumable
from adc.handling.effects import Call, Dozing
from adc.handling.job import Job
from adc.handling.notdone import NotDone, ResultRefused, Snooze
from adc.handling.steps import never_driven, note_forgotten
from adc.kind import JobKind, P, R
from adc.router import JobHandler
from adc.testing.playing import Answers, answer

Run: TypeAlias = Callable[[Awaitable[object]], object]
"""Runs an awaitable to its end, and performs the effects that it yields."""


def settled(
    kind: JobKind[P, R], handler: JobHandler[P, R], job: Job[P], run: Run, *, answers: Answers, asked: list[str]
) -> Outcome[R, NotDone]:
    """What the handler gives, or why it isn't done; the names of the steps that it asks for come into `asked`.

    A NotDone is the outcome, raised or returned; any other exception comes out. A step that was made and never driven
    is a RuntimeError, as in an attempt.
    """
    forgotten = note_forgotten()
    try:
        reply = _replied(handler(job), run, answers, asked)
    except Dozing as dozing:
        return Failure(Snooze(timedelta_of(dozing.delay)))
    except NotDone as why:
        return Failure(why)
    if forgotten:
        raise never_driven(forgotten)
    if isinstance(reply, Failure):
        return cast("Failure[NotDone]", reply)  # JobHandler says so
    result = cast("Success[R]", reply).unwrap() if isinstance(reply, Success) else reply
    return Success(_stored(kind, cast("R", result)))


def _stored(kind: JobKind[P, R], result: R) -> R:
    match encode_within(kind.result_codec, result, kind.result_limit):
        case Success(encoded):
            return decode_with(kind.result_codec, encoded).unwrap()
        case Failure(malformed):
            raise ResultRefused(malformed.path, malformed.problem)


def _replied(reply: object, run: Run, answers: Answers, asked: list[str]) -> object:
    """What a handler gives in the end: generators and awaitables are run."""
    if isinstance(reply, Generator):
        resumable: Resumable = cast("Generator[object, object, object]", reply)
    elif isinstance(reply, Awaitable):
        resumable = _awaiting(cast("Awaitable[object]", reply))
    else:
        return reply
    return run(_answered(resumable, answers, asked))


async def _awaiting(awaitable: Awaitable[object]) -> object:
    return await awaitable


@coroutine
def _answered(resumable: Resumable, answers: Answers, asked: list[str]) -> Generator[object, object, object]:
    """The same, but steps that have an answer get it; all else goes up to the driver."""
    try:
        effect = resumable.send(None)
        while True:
            if isinstance(effect, Call):
                asked.append(effect.name)
                if effect.name in answers:
                    effect = answer(resumable, effect.name, answers)
                    continue
            try:
                got = yield effect
            except BaseException as error:  # noqa: BLE001  a step's: the handler's to catch
                effect = resumable.throw(error)
            else:
                effect = resumable.send(got)
    except StopIteration as end:
        return end.value
