"""What a runner does as log records: one line each, with fields, and nothing secret in them."""

import logging
from datetime import timedelta

import pytest

import adc
import adc.testing
from adc.core.events import JobDone, JobRetried, JobStarted
from adc.core.instants import Instant
from adc.core.refusals import LeaseLost
from adc.core.terms import Body, Fault
from adc.drivers.logged import LOGGER, logged
from adc.running.events import (
    Happened,
    JobUnreadable,
    ReportRefused,
    RunnerEvent,
    RunnerGone,
    RunnerStarted,
    StoreTroubled,
    WalGrowing,
)
from adc.testing.samples import JOB, OTHER_RUNNER, RUNNER

NOW = Instant(1_000)
FAULT = Fault(("builtins.ValueError", "builtins.Exception"), "secret\nsecret", "secret")


@pytest.mark.parametrize(
    ("event", "level", "line"),
    [
        (RunnerStarted(RUNNER), "INFO", f"RunnerStarted runner={RUNNER}"),
        (
            Happened(JOB, "mail", JobStarted(NOW, 2, RUNNER), "runner:x"),
            "INFO",
            f"JobStarted runner={RUNNER} jid={JOB} kind=mail actor=runner:x attempt=2",
        ),
        (
            Happened(JOB, "mail", JobDone(NOW, 2, Body("secret", 6)), "runner:x"),
            "INFO",
            f"JobDone runner={RUNNER} jid={JOB} kind=mail actor=runner:x attempt=2",
        ),
        (
            Happened(JOB, "mail", JobRetried(NOW, 2, FAULT, NOW), "runner:x"),
            "WARNING",
            f"JobRetried runner={RUNNER} jid={JOB} kind=mail actor=runner:x attempt=2 error=builtins.ValueError",
        ),
        (
            ReportRefused(JOB, 2, LeaseLost(JOB, 2), "runner:x"),
            "WARNING",
            f"ReportRefused runner={RUNNER} jid={JOB} attempt=2 refusal=LeaseLost actor=runner:x",
        ),
        (
            RunnerGone(OTHER_RUNNER, "died", 3, "runner:x"),
            "WARNING",
            f"RunnerGone runner={RUNNER} gone={OTHER_RUNNER} because=died jobs=3 actor=runner:x",
        ),
        (WalGrowing(70_000_000), "WARNING", f"WalGrowing runner={RUNNER} bytes=70000000"),
        (StoreTroubled("two\nlines"), "WARNING", f"StoreTroubled runner={RUNNER} problem=two\\nlines"),
        (JobUnreadable(JOB, "\x1b[2J"), "WARNING", f"JobUnreadable runner={RUNNER} jid={JOB} problem=\\x1b[2J"),
    ],
    ids=lambda value: value.partition(" ")[0] if isinstance(value, str) else "",
)
def test_an_event_is_one_line(event: RunnerEvent, level: str, line: str, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[RunnerEvent] = []
    listener = logged(RUNNER, heard.append)
    assert listener is not None
    with caplog.at_level(logging.INFO):
        listener(event)

    (record,) = caplog.records
    assert (record.name, record.levelname, record.getMessage()) == (LOGGER, level, line)
    assert heard == [event]


def test_fields_are_attributes_of_the_record(caplog: pytest.LogCaptureFixture) -> None:
    queue = adc.testing.MemoryQueue()
    kind = adc.JobKind("mail", str)
    router = adc.RunnerRouter()
    router.add_job_handler(kind, lambda job: None)
    jid = queue.schedule(kind.new("secret"))
    with caplog.at_level(logging.INFO):
        adc.JobRunner(queue, router, driver="inline").run_until_idle()

    told = [tuple(vars(each).get(name) for name in ("event", "jid", "kind")) for each in caplog.records]
    assert told == [
        ("RunnerStarted", None, None),
        ("JobStarted", jid, "mail"),
        ("JobDone", jid, "mail"),
        ("RunnerStopped", None, None),
    ]
    assert "secret" not in caplog.text


def test_below_the_level_nothing_is_written(caplog: pytest.LogCaptureFixture) -> None:
    listener = logged(RUNNER, None)
    assert listener is not None
    with caplog.at_level(logging.WARNING):
        listener(RunnerStarted(RUNNER))

    assert caplog.records == []


def test_where_nobody_set_logging_up_the_listener_is_the_one_that_was_given() -> None:
    """In a process of its own: pytest sets it up."""
    import subprocess
    import sys

    program = """
import logging
from adc.core.ids import RunnerId
from adc.drivers.logged import logged
assert logged(RunnerId("r"), None) is None
logging.basicConfig()
assert logged(RunnerId("r"), None) is not None
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=timedelta(minutes=1).total_seconds())
