"""Said: what an exception says, and what a report asks of its job."""

from datetime import timedelta

import pytest

from adc.codec.events import body_of
from adc.core.commands import Command, Complete, Expire, Fail, Release
from adc.core.commands import Snooze as SnoozeCommand
from adc.core.instants import LAST, SECOND, Instant, Span
from adc.core.terms import Fault, Token
from adc.handling.effects import Dozing
from adc.handling.fault import fault_of
from adc.handling.notdone import NotDone, PayloadUnreadable, Permanent, Snooze, Transient
from adc.handling.said import (
    Crashed,
    Dozed,
    Failed,
    Finished,
    GivenBack,
    Report,
    Said,
    asked_of,
    command_of,
    said_of,
    timed_out,
)
from adc.testing.samples import JOB, NOW, RUNNER

TOKEN = Token(1, RUNNER)
FAULT = Fault(("builtins.ValueError",), "bad")
COMMANDS: list[tuple[Said, Command]] = [
    (Finished(b"7"), Complete(JOB, NOW, TOKEN, body_of(b"7"))),
    (Failed(FAULT), Fail(JOB, NOW, TOKEN, FAULT, "transient", None, 0.5)),
    (Failed(FAULT, "permanent", Span(3)), Fail(JOB, NOW, TOKEN, FAULT, "permanent", Span(3), 0.5)),
    (Dozed(SECOND), SnoozeCommand(JOB, NOW, TOKEN, Instant(NOW + SECOND))),
    (Dozed(Span(10**30)), SnoozeCommand(JOB, NOW, TOKEN, LAST)),
    (GivenBack("shutdown"), Release(JOB, NOW, TOKEN, "shutdown", NOW)),
    (Crashed("exit code 7"), Expire(JOB, NOW, TOKEN, "exit code 7")),
]
SAID: list[tuple[BaseException, Said]] = [
    (Dozing(SECOND), Dozed(SECOND)),
    (Snooze(timedelta(seconds=1)), Dozed(SECOND)),
    (Permanent("no"), Failed(fault_of(Permanent("no")), "permanent")),
    (Transient("busy"), Failed(fault_of(Transient("busy")))),
    (Transient("busy", retry_in=timedelta(seconds=1)), Failed(fault_of(Transient("busy")), retry_in=SECOND)),
    (NotDone("well"), Failed(fault_of(NotDone("well")))),
    (PayloadUnreadable("$", "no"), Failed(fault_of(PayloadUnreadable("$", "no")), "undecodable")),
    (SystemExit(3), Failed(fault_of(SystemExit(3)))),
]


@pytest.mark.parametrize(("said", "command"), COMMANDS, ids=str)
def test_what_is_said_asks_for_a_command(said: Said, command: Command) -> None:
    assert command_of(Report(JOB, TOKEN, said), at=NOW, noise=0.5) == command


@pytest.mark.parametrize(("error", "said"), SAID, ids=repr)
def test_what_an_exception_says(error: BaseException, said: Said) -> None:
    assert said_of(error) == said


def test_the_result_goes_beside_the_command() -> None:
    finished = asked_of(Report(JOB, TOKEN, Finished(b"7")), at=NOW, noise=0, actor="runner:x")
    dozed = asked_of(Report(JOB, TOKEN, Dozed(SECOND)), at=NOW, noise=0, actor="runner:x")

    assert (finished.body, finished.actor, finished.cause) == (b"7", "runner:x", None)
    assert dozed.body is None


def test_a_timeout_is_a_failure_with_a_name() -> None:
    said = timed_out(SECOND)

    assert said.fault.names == ("adc.TimedOut", "builtins.Exception")
    assert said.fault.message == "the attempt ran longer than its timeout of 0:00:01"
    assert said.verdict == "transient"
