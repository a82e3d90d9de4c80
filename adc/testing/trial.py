"""Trial: a handler of any form run on one payload, with its kind's codecs, and no queue."""

from collections.abc import Awaitable, Generator
from types import coroutine
from typing import Final, Generic, cast, final

from adc.codec.payload import decode_with, encode_within
from adc.core.ids import Xid
from adc.core.instants import timedelta_of
from adc.core.outcome import Failure, Outcome, Success
from adc.drivers.coroutines import Resumable
from adc.drivers.inline import Inline
from adc.handling.effects import Call, Dozing
from adc.handling.job import Job
from adc.handling.notdone import NotDone, ResultRefused, Snooze
from adc.kind import JobKind, P, R
from adc.router import JobHandler
from adc.testing.fixed import START, FixedClock
from adc.testing.playing import NO_ANSWERS, Answers, answer

JID: Final = Xid("d5k7nc8v2q0g0a1m5j60")
"""The id of jobs on trial."""


def job(payload: P, *, attempt: int = 1, max_retries: int = 0) -> Job[P]:
    """A job to call a handler with: `assert resize(job({"path": "a", "width": 3})) == ...`. Nobody cancels it."""
    return Job(JID, payload, attempt, attempt - 1, max_retries, START)


@final
class Trial(Generic[P, R]):
    """A handler on trial: `Trial(RESIZE, resize).run({"path": "a", "width": 3})`."""

    def __init__(self, kind: JobKind[P, R], handler: JobHandler[P, R]) -> None:
        self._kind = kind
        self._handler = handler

    def run(self, payload: P, *, attempt: int = 1, answers: Answers = NO_ANSWERS) -> Outcome[R, NotDone]:
        """What the handler gives, or why it isn't done.

        Payload and result go through their codecs, so that nothing passes here that a queue would refuse. Steps without
        an answer are really called. A NotDone is the outcome, raised or returned; any other exception comes out.
        """
        given = job(self._read_back(payload), attempt=attempt, max_retries=self._kind.retry.max_retries)
        try:
            reply = _settled(self._handler(given), answers)
        except Dozing as dozing:
            return Failure(Snooze(timedelta_of(dozing.delay)))
        except NotDone as why:
            return Failure(why)
        if isinstance(reply, Failure):
            return cast("Failure[NotDone]", reply)  # JobHandler says so
        result = cast("Success[R]", reply).unwrap() if isinstance(reply, Success) else reply
        return Success(self._stored(cast("R", result)))

    def _read_back(self, payload: P) -> P:
        return decode_with(self._kind.payload_codec, self._kind.new(payload).encoded).unwrap()

    def _stored(self, result: R) -> R:
        match encode_within(self._kind.result_codec, result, self._kind.result_limit):
            case Success(encoded):
                return decode_with(self._kind.result_codec, encoded).unwrap()
            case Failure(malformed):
                raise ResultRefused(malformed.path, malformed.problem)


def _settled(reply: object, answers: Answers) -> object:
    """What a handler gives in the end: generators and awaitables are run."""
    if isinstance(reply, Generator):
        resumable: Resumable = cast("Generator[object, object, object]", reply)
    elif isinstance(reply, Awaitable):
        resumable = _awaiting(cast("Awaitable[object]", reply))
    else:
        return reply
    inline = Inline({}, FixedClock())
    try:
        return inline.run(_answered(resumable, answers))
    finally:
        inline.close()


async def _awaiting(awaitable: Awaitable[object]) -> object:
    return await awaitable


@coroutine
def _answered(resumable: Resumable, answers: Answers) -> Generator[object, object, object]:
    """The same, but steps that have an answer get it; all else goes up to the driver."""
    try:
        asked = resumable.send(None)
        while True:
            if isinstance(asked, Call) and asked.name in answers:
                asked = answer(resumable, asked.name, answers)
                continue
            try:
                got = yield asked
            except BaseException as error:  # noqa: BLE001  a step's: the handler's to catch
                asked = resumable.throw(error)
            else:
                asked = resumable.send(got)
    except StopIteration as end:
        return end.value
