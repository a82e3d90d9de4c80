"""Said: how an attempt ended, as a value; and what that asks of its job."""

from typing import TypeAlias, assert_never

from msgspec import Struct

from adc.codec.events import body_of
from adc.core.commands import Command, Complete, Expire, Fail, Release, Snooze, Verdict
from adc.core.ids import Xid
from adc.core.instants import Instant, Span, soon, span_of, timedelta_of
from adc.core.terms import Fault, Token
from adc.core.transition import Asked
from adc.handling import notdone
from adc.handling.effects import Dozing
from adc.handling.fault import Scrub, fault_of


class Finished(Struct, frozen=True, gc=False, tag=True):
    """The handler did it; `encoded` is its result."""

    encoded: bytes


class Failed(Struct, frozen=True, gc=False, tag=True):
    """It went wrong."""

    fault: Fault
    verdict: Verdict = "transient"
    retry_in: Span | None = None
    """The delay that the handler asked for; None: the policy's."""


class Dozed(Struct, frozen=True, gc=False, tag=True):
    """The handler wants to run again so much later."""

    delay: Span


class GivenBack(Struct, frozen=True, gc=False, tag=True):
    """The runner took it from the handler, through no fault of the job's."""

    why: str


class Crashed(Struct, frozen=True, gc=False, tag=True):
    """The process that ran it died."""

    because: str


Said: TypeAlias = Finished | Failed | Dozed | GivenBack | Crashed


class Report(Struct, frozen=True, gc=False):
    """What an attempt said, with its right to say it."""

    jid: Xid
    token: Token
    said: Said


def said_of(error: BaseException, scrub: Scrub | None = None) -> Said:
    """What an exception says, raised or returned. Whatever isn't a NotDone may go better another time."""
    match error:
        case Dozing(delay=span):
            return Dozed(span)
        case notdone.Snooze(delay):
            return Dozed(span_of(delay))
        case notdone.Permanent():
            return Failed(fault_of(error, scrub), "permanent")
        case notdone.PayloadUnreadable():
            return Failed(fault_of(error, scrub), "undecodable")
        case notdone.Transient(retry_in=retry_in) if retry_in is not None:
            return Failed(fault_of(error, scrub), retry_in=span_of(retry_in))
        case _:
            return Failed(fault_of(error, scrub))


def timed_out(timeout: Span) -> Failed:
    """What is said for an attempt that ran longer than its job's timeout."""
    return Failed(fault_of(notdone.TimedOut(f"the attempt ran longer than its timeout of {timedelta_of(timeout)}")))


def command_of(report: Report, *, at: Instant, noise: float) -> Command:
    """What a report asks of its job. `noise` is the share of the retry delay, drawn from [0, 1)."""
    jid, token, said = report.jid, report.token, report.said
    match said:
        case Finished():
            return Complete(jid, at, token, body_of(said.encoded))
        case Failed(fault, verdict, retry_in):
            return Fail(jid, at, token, fault, verdict, retry_in, noise)
        case Dozed(delay):
            return Snooze(jid, at, token, soon(at, delay))
        case GivenBack(why):
            return Release(jid, at, token, why, at)
        case Crashed(because):
            return Expire(jid, at, token, because)
        case _:
            assert_never(said)


def asked_of(report: Report, *, at: Instant, noise: float, actor: str) -> Asked:
    """The command with who asks, and with the result's bytes."""
    body = report.said.encoded if isinstance(report.said, Finished) else None
    return Asked(command_of(report, at=at, noise=noise), actor, body=body)
