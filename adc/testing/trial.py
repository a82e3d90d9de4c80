"""Trial: a handler of any form run on one payload, with its kind's codecs, and no queue."""

from typing import Final, Generic, final

from adc.codec.payload import decode_with
from adc.core.ids import Xid
from adc.core.outcome import Outcome
from adc.drivers.inline import Inline
from adc.handling.job import Job
from adc.handling.notdone import NotDone
from adc.kind import JobKind, P, R
from adc.router import JobHandler
from adc.testing.fixed import START, FixedClock
from adc.testing.playing import NO_ANSWERS, Answers
from adc.testing.settling import settled

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
        inline = Inline({}, FixedClock())
        try:
            return settled(self._kind, self._handler, given, inline.run, answers=answers, asked=[])
        finally:
            inline.close()

    def _read_back(self, payload: P) -> P:
        return decode_with(self._kind.payload_codec, self._kind.new(payload).encoded).unwrap()
