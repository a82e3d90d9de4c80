"""Agreeing: whether what a handler said when it was replayed is what the log has of the attempt."""

from adc.codec.events import body_of
from adc.codec.payload import encode_within
from adc.core.events import Event, JobCancelled, JobDied, JobDone, JobRetried, JobSnoozed
from adc.core.instants import soon
from adc.core.outcome import Failure, Outcome, Success
from adc.core.terms import Fault
from adc.handling.notdone import NotDone
from adc.handling.said import Dozed, Failed, Finished, Said, said_of
from adc.kind import JobKind, P, R


def said_by(kind: JobKind[P, R], outcome: Outcome[R, NotDone]) -> Said:
    """What a runner would have been told."""
    match outcome:
        case Success(result):
            return Finished(encode_within(kind.result_codec, result, kind.result_limit).unwrap())
        case Failure(why):
            return said_of(why)


def agrees(said: Said, recorded: Event) -> bool | None:
    """Whether it is the same result, the same exception with the same message, or the same delay.

    None: the log doesn't know what the handler would have said, since the attempt was broken off.
    """
    match recorded:
        case JobDone(result=result):
            return isinstance(said, Finished) and body_of(said.encoded) == result
        case JobRetried(fault=fault) | JobDied(fault=Fault() as fault) | JobCancelled(fault=Fault() as fault):
            return isinstance(said, Failed) and _told(said.fault) == _told(fault)
        case JobSnoozed(at=at, due=due):
            return isinstance(said, Dozed) and soon(at, said.delay) == due
        case _:
            return None


def _told(fault: Fault) -> tuple[tuple[str, ...], str]:
    return fault.names, fault.message  # a traceback has line numbers, which change with the code
