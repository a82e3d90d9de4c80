"""replay: a handler run again on a recorded attempt, as it was then, with no database, thread or event loop."""

import asyncio
import sys
import threading
from collections.abc import Awaitable
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from pdb import Pdb

import msgspec
import pytest

import adc
from adc.codec.exported import ExportedAnswer, StoredBytes, read_export, write_export
from adc.core.events import CancelAsked, JobCancelled, JobDone, JobRetried, JobSnoozed
from adc.testing import START, FixedClock, MemoryQueue, NeedsEventLoop, NotAnExport, Replayed, replay

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Invoice:
    customer: int
    cents: int = 0


INVOICE = adc.JobKind("invoice", Invoice, result=str, retry=adc.fixed(MINUTE, max_retries=3, jitter=False))


def find_email(customer: int) -> str | None:
    return f"{customer}@example.org"


async def find_later(customer: int) -> str:
    return f"{customer}@example.org"


def seen(job: adc.Job[Invoice]) -> dict[str, object]:
    """What a handler is given, for comparison."""
    return {
        name: getattr(job, name)
        for name in ("jid", "payload", "attempt", "retries", "max_retries", "scheduled_at", "queue", "meta")
    }


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def queue(clock: FixedClock) -> MemoryQueue:
    return MemoryQueue(clock=clock)


@pytest.fixture
def file(queue: MemoryQueue, clock: FixedClock, tmp_path: Path) -> Path:
    """A job of three attempts: one failed, one snoozed, one completed it. Each began late."""
    jid = queue.schedule(INVOICE.new(Invoice(7, 1200), meta={"request": "r-17"}).after(MINUTE))
    for said in (adc.Transient("the line is busy"), adc.Snooze(timedelta(hours=1)), "sent"):
        clock.at = queue.look()[0].due or clock.at
        clock.advance(timedelta(seconds=3))
        claimed = queue.poll_next(INVOICE)
        assert claimed is not None
        clock.advance(timedelta(seconds=2))
        ended = claimed.complete(said) if isinstance(said, str) else claimed.fail(said)
        assert ended == adc.Success(None)
    exported = tmp_path / "job.json"
    exported.write_text(queue.export(jid).unwrap())
    return exported


# What it is given:


def test_the_handler_is_given_what_it_was_given_then(file: Path) -> None:
    given: list[dict[str, object]] = []

    def note(job: adc.Job[Invoice]) -> None:
        given.append(seen(job))

    for attempt in (1, 2, 3):
        replay(note, file, attempt=attempt)

    due = [START + MINUTE, START + 2 * MINUTE + timedelta(seconds=5)]
    due += [due[1] + timedelta(hours=1, seconds=5)]
    assert [(each["attempt"], each["retries"], each["scheduled_at"]) for each in given] == [
        (1, 0, due[0]),
        (2, 1, due[1]),
        (3, 1, due[2]),
    ]
    assert given[0]["payload"] == Invoice(7, 1200)
    assert (given[0]["max_retries"], given[0]["queue"], given[0]["meta"]) == (3, "default", {"request": "r-17"})
    assert given[0]["jid"] == read_export(file.read_bytes()).jid


def test_now_is_when_the_attempt_began(file: Path) -> None:
    def clocked(job: adc.Job[Invoice]) -> adc.Steps[datetime]:
        return (yield from adc.now())

    assert replay(clocked, file, attempt=1).outcome == adc.Success(START + MINUTE + timedelta(seconds=3))


def test_without_a_number_it_is_the_last_attempt(file: Path) -> None:
    def number(job: adc.Job[Invoice]) -> int:
        return job.attempt

    assert replay(number, str(file)).outcome == adc.Success(3)


def test_nobody_cancels_it(file: Path) -> None:
    def cancelled(job: adc.Job[Invoice]) -> bool:
        return job.cancellation.cancelled or job.cancellation.wait(timedelta(days=1))

    assert replay(cancelled, file).outcome == adc.Success(False)


# What comes of it:


def test_what_came_of_the_attempt_then_stands_beside(file: Path) -> None:
    def done(job: adc.Job[Invoice]) -> str:
        return "sent"

    recorded = [replay(done, file, attempt=attempt).recorded for attempt in (1, 2, 3)]
    assert [type(each) for each in recorded] == [JobRetried, JobSnoozed, JobDone]


def test_an_attempt_that_still_runs_has_no_end(queue: MemoryQueue, tmp_path: Path) -> None:
    def done(job: adc.Job[Invoice]) -> str:
        return "sent"

    jid = queue.schedule(INVOICE.new(Invoice(7)))
    assert queue.poll_next(INVOICE) is not None
    file = tmp_path / "job.json"
    file.write_text(queue.export(jid).unwrap())
    assert replay(done, file).recorded is None

    queue.cancel_job(jid)
    file.write_text(queue.export(jid).unwrap())
    assert isinstance(queue.store.history(jid)[-1].event, CancelAsked)
    assert replay(done, file).recorded is None


def test_an_attempt_that_ended_cancelled_ended_so(queue: MemoryQueue, tmp_path: Path) -> None:
    def done(job: adc.Job[Invoice]) -> str:
        return "sent"

    jid = queue.schedule(INVOICE.new(Invoice(7)))
    claimed = queue.poll_next(INVOICE)
    queue.cancel_job(jid)
    assert claimed is not None
    assert claimed.fail(adc.Transient("too late")) == adc.Success(None)
    (tmp_path / "job.json").write_text(queue.export(jid).unwrap())

    assert isinstance(replay(done, tmp_path / "job.json").recorded, JobCancelled)


def test_a_not_done_is_the_outcome_and_anything_else_comes_out(file: Path) -> None:
    def raising(job: adc.Job[Invoice]) -> str:
        raise adc.Permanent("no")

    def returning(job: adc.Job[Invoice]) -> adc.Outcome[str, adc.NotDone]:
        return adc.Failure(adc.Transient("no"))

    def stumbling(job: adc.Job[Invoice]) -> str:
        raise KeyError("no")

    def snoozing(job: adc.Job[Invoice]) -> adc.Steps[str]:
        return (yield from adc.snooze(MINUTE))

    assert replay(raising, file).outcome == adc.Failure(adc.Permanent("no"))
    assert replay(returning, file).outcome == adc.Failure(adc.Transient("no"))
    assert replay(snoozing, file).snoozed == MINUTE
    assert replay(returning, file).snoozed is None
    with pytest.raises(KeyError, match="no"):
        replay(stumbling, file)


def test_a_result_goes_through_its_codec(file: Path) -> None:
    def wrong(job: adc.Job[Invoice]) -> int:
        return "seven"  # type: ignore[return-value]

    with pytest.raises(adc.ResultRefused, match="Expected `int`, got `str`"):
        replay(wrong, file)


# Steps:


def invoice(job: adc.Job[Invoice]) -> adc.Steps[str]:
    email = yield from adc.step("find", find_email)(job.payload.customer)
    if email is None:
        raise adc.Permanent("no email")
    return (yield from adc.step("greet", str.upper)(email))


def test_steps_are_called_unless_they_have_an_answer(file: Path) -> None:
    called = replay(invoice, file)
    answered = replay(invoice, file, answers={"find": "ada@example.org"})

    assert called == Replayed(adc.Success("7@EXAMPLE.ORG"), ["find", "greet"], called.recorded)
    assert answered.outcome == adc.Success("ADA@EXAMPLE.ORG")
    assert answered.steps == ["find", "greet"]


def test_an_answer_that_is_an_exception_is_raised(file: Path) -> None:
    with pytest.raises(ConnectionError):
        replay(invoice, file, answers={"find": ConnectionError()})


def test_recorded_answers_are_given_up_to_their_attempt(file: Path) -> None:
    read = read_export(file.read_bytes())
    answers = (
        ExportedAnswer(2, "find", StoredBytes(text='"recorded@example.org"')),
        ExportedAnswer(3, "greet", StoredBytes(text='"hello"')),
    )
    file.write_text(write_export(msgspec.structs.replace(read, answers=answers)))

    assert replay(invoice, file, attempt=1).outcome == adc.Success("7@EXAMPLE.ORG")
    assert replay(invoice, file, attempt=2).outcome == adc.Success("RECORDED@EXAMPLE.ORG")
    assert replay(invoice, file, attempt=3).outcome == adc.Success("hello")
    assert replay(invoice, file, attempt=3, answers={"greet": "given"}).outcome == adc.Success("given")


def test_a_step_that_is_never_driven_fails_as_in_an_attempt(file: Path) -> None:
    def forgetting(job: adc.Job[Invoice]) -> adc.Steps[str]:
        adc.step("find", find_email)(job.payload.customer)  # type: ignore[unused-awaitable]
        return (yield from adc.step("greet", str.upper)("ada"))

    with pytest.raises(RuntimeError, match="made and never driven: step 'find'"):
        replay(forgetting, file)


# Async handlers, by hand:


def test_an_async_handler_that_waits_for_steps_needs_no_event_loop(file: Path) -> None:
    async def later(job: adc.Job[Invoice]) -> str:
        await asyncio.sleep(0)
        email = await adc.step("find", find_later)(job.payload.customer)
        return f"{email} at {(await adc.now()).isoformat()}"

    assert replay(later, file, attempt=1).outcome == adc.Success("7@example.org at 2027-01-15T08:01:03+00:00")
    assert replay(later, file, answers={"find": "x"}).steps == ["find"]


def test_a_generator_may_have_async_steps(file: Path) -> None:
    def mixed(job: adc.Job[Invoice]) -> adc.Steps[str]:
        return (yield from adc.step("find", find_later)(job.payload.customer))

    assert replay(mixed, file).outcome == adc.Success("7@example.org")


def test_what_needs_an_event_loop_is_told(file: Path) -> None:
    async def sleeping(job: adc.Job[Invoice]) -> None:
        await asyncio.sleep(1)

    class Foreign:
        def __await__(self):  # type: ignore[no-untyped-def]
            yield self

    async def waiting(job: adc.Job[Invoice]) -> None:
        foreign: Awaitable[None] = Foreign()
        await foreign

    with pytest.raises(NeedsEventLoop, match="a replay has no event loop, which what it awaits needs"):
        replay(sleeping, file)
    with pytest.raises(NeedsEventLoop, match="an object of class Foreign"):
        replay(waiting, file)


def test_no_thread_and_no_database_is_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def noting(job: adc.Job[Invoice]) -> adc.Steps[int]:
        threads.append(threading.get_ident())
        return (yield from adc.step("ident", threading.get_ident)())

    before = threading.active_count()

    assert replay(noting, file).outcome == adc.Success(threading.get_ident())
    assert threads == [threading.get_ident()]
    assert threading.active_count() == before


def test_a_debugger_stops_in_the_handler(file: Path) -> None:
    said = StringIO()

    def breaking(job: adc.Job[Invoice]) -> adc.Steps[int]:
        cents = job.payload.cents  # noqa: F841  the debugger's to read
        Pdb(stdin=StringIO("p cents + 1\np job.attempt\ncontinue\n"), stdout=said, nosigint=True).set_trace()
        return (yield from adc.step("len", len)("seven"))

    tracing = sys.gettrace()
    with redirect_stdout(said):
        assert replay(breaking, file, attempt=2).outcome == adc.Success(5)
    sys.settrace(tracing)

    assert "1201" in said.getvalue()
    assert "breaking()" in said.getvalue()


# Types:


class Sender:
    """A handler with services."""

    def __call__(self, job: adc.Job[Invoice]) -> int:
        return job.payload.cents

    def method(self, job: "adc.Job[Invoice]") -> "str | None":
        return None


def nothing() -> int:
    return 1


def bound(factor: int, job: adc.Job[Invoice]) -> int:
    return factor * job.payload.cents


def test_the_annotations_of_any_callable_tell_its_types(file: Path) -> None:
    assert replay(Sender(), file).outcome == adc.Success(1200)
    assert replay(Sender().method, file).outcome == adc.Success(None)
    assert replay(partial(bound, 2), file).outcome == adc.Success(2400)


def test_a_kind_tells_the_types_where_annotations_do_not(file: Path) -> None:
    assert replay(lambda job: str(job.payload.cents), file, kind=INVOICE).outcome == adc.Success("1200")
    with pytest.raises(TypeError, match=r"the types of .*lambda.* can't be told, so give its kind: its parameter job"):
        replay(lambda job: 1, file)
    with pytest.raises(TypeError, match=r"so give its kind: its parameter \(it has none\)"):
        replay(nothing, file)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="it can't be called"):
        replay(7, file)  # type: ignore[call-overload]


def test_a_kind_upgrades_what_was_recorded(file: Path) -> None:
    def with_currency(old: Invoice) -> tuple[int, str]:
        return (old.cents, "EUR")

    def told(job: adc.Job[tuple[int, str]]) -> str:
        return str(job.payload)

    later = adc.JobKind(
        "bill", tuple[int, str], result=str, version=2, aliases=["invoice"],
        upgrade=adc.upgrade_from(Invoice, with_currency),
    )  # fmt: skip
    assert replay(told, file, kind=later).outcome == adc.Success("(1200, 'EUR')")


def test_a_job_of_another_kind_is_told(file: Path) -> None:
    def done(job: adc.Job[Invoice]) -> None: ...

    with pytest.raises(ValueError, match=r"is of kind invoice, version 1, which JobKind\('bill'\) doesn't take"):
        replay(done, file, kind=adc.JobKind("bill", Invoice))


def test_a_payload_of_another_type_is_told(file: Path) -> None:
    def other(job: adc.Job[list[int]]) -> None:
        raise AssertionError

    with pytest.raises(adc.PayloadUnreadable, match="Expected `array`, got `object`"):
        replay(other, file)


# What can't be replayed:


def test_an_attempt_that_there_is_not(file: Path, queue: MemoryQueue, tmp_path: Path) -> None:
    def done(job: adc.Job[Invoice]) -> None: ...

    with pytest.raises(ValueError, match="has the attempts 1 to 3, not 4"):
        replay(done, file, attempt=4)
    with pytest.raises(ValueError, match="has the attempts 1 to 3, not 0"):
        replay(done, file, attempt=0)
    waiting = tmp_path / "waiting.json"
    waiting.write_text(queue.export(queue.schedule(INVOICE.new(Invoice(1)))).unwrap())
    with pytest.raises(ValueError, match="has no attempt: it was never started"):
        replay(done, waiting)


def test_another_file(tmp_path: Path) -> None:
    def done(job: adc.Job[Invoice]) -> None: ...

    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(NotAnExport):
        replay(done, tmp_path / "other.json")
    with pytest.raises(FileNotFoundError):
        replay(done, tmp_path / "nothing.json")
