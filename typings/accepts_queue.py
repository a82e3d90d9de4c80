"""Every verb of a queue, and every refusal, matched to the end."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_never, assert_type

from accepts_models import INVOICE, MAIL, MAYBE, PAY, POINT, RESIZE, SUM, Card, Iban, Invoice, Mail, Point

import adc


def plan(customers: list[int]) -> list[adc.NewJob]:
    """Planning is a pure function; unlike jobs go in one list."""
    jobs: list[adc.NewJob] = [INVOICE.new(Invoice(customer, 100)) for customer in customers]
    jobs.append(MAIL.new(Mail("boss", "started"), priority=5, queue="mail", meta={"request": "r-17"}))
    jobs.append(SUM.new([1, 2, 3]).after(timedelta(minutes=1)))
    jobs.append(RESIZE.new({"path": "a.png", "width": 3}).at(datetime(2027, 1, 1, tzinfo=UTC)))
    jobs += [PAY.new(Card("4")), PAY.new(Iban("DE")), POINT.new(Point(1, 2)), MAYBE.new(None, retry=adc.NEVER)]
    return jobs


def schedule(queue: adc.SqliteQueue) -> None:
    assert_type(queue.schedule(INVOICE.new(Invoice(7, 1))), adc.Xid)
    assert_type(queue.schedule_in(MAIL.new(Mail("a", "b")), timedelta(minutes=5)), adc.Xid)
    assert_type(queue.schedule_at(MAIL.new(Mail("a", "b")), datetime.now(UTC)), adc.Xid)
    assert_type(queue.schedule_many(plan([1, 2])), tuple[adc.Xid, ...])
    queue.schedule_many([MAIL.new(Mail("a", "b")), SUM.new([1])])
    queue.schedule_many(INVOICE.new(Invoice(customer, 1)) for customer in range(100))


def once(queue: adc.Queue, order: str, invoice: Invoice) -> str:
    """Any queue will do for a producer."""
    match queue.try_schedule(INVOICE.new(invoice, key=order)):
        case adc.Success(jid):
            assert_type(jid, adc.Xid)
            return jid
        case adc.Failure(refusal):
            match refusal:
                case adc.KeyTaken(key, jid):
                    assert_type(key, str)
                    return f"{key} is {jid} with another payload"
                case adc.JidTaken(jid):
                    return f"{jid} is known with another payload"
                case _:
                    assert_never(refusal)


def raising(queue: adc.Queue, invoice: Invoice) -> adc.Xid | None:
    try:
        return queue.schedule(INVOICE.new(invoice))
    except adc.Refused as no:
        match no.refusal:
            case adc.KeyTaken(jid=jid):
                return jid
            case adc.JidTaken():
                return None


def undo(queue: adc.SqliteQueue, jid: adc.Xid) -> Invoice | str:
    match queue.unschedule_job(INVOICE, jid):
        case adc.Success(invoice):
            return invoice
        case adc.Failure(refusal):
            return why(refusal)


def why(refusal: adc.UnscheduleRefused) -> str:
    match refusal:
        case adc.NotFound(jid):
            return jid
        case adc.WrongState(jid, state):
            assert_type(state, adc.StateName)
            return state
        case adc.WrongKind(jid, kind):
            return kind
        case adc.Undecodable(jid, path, problem):
            return f"{path}: {problem}"
        case _:
            assert_never(refusal)


def answer(queue: adc.SqliteQueue, jid: adc.Xid) -> int:
    match queue.result(SUM, jid):
        case adc.Success(total):
            return total + 1
        case adc.Failure(refusal):
            return len(why(refusal))


def change(queue: adc.SqliteQueue, jid: adc.Xid) -> None:
    assert_type(queue.cancel_job(jid), adc.Outcome[None, adc.CancelRefused])
    assert_type(queue.redrive(jid), adc.Outcome[None, adc.RedriveRefused])
    assert_type(queue.reschedule(jid, due=datetime.now(UTC), priority=3), adc.Outcome[None, adc.CancelRefused])
    match queue.cancel_job(jid):
        case adc.Success(nothing):
            assert_type(nothing, None)
        case adc.Failure(refusal):
            match refusal:
                case adc.NotFound() | adc.WrongState():
                    print(refusal.jid)
                case _:
                    assert_never(refusal)


def because(queue: adc.Queue, request: str) -> adc.Xid:
    with adc.caused_by(f"request:{request}"):
        return queue.schedule(MAIL.new(Mail("a", "b")))


def by_hand(queue: adc.SqliteQueue) -> None:
    claimed = queue.poll_next(INVOICE, at=datetime.now(UTC))
    assert_type(claimed, adc.Claimed[Invoice, bytes] | None)
    if claimed is not None:
        assert_type(claimed.job.payload, Invoice)
        assert_type(claimed.complete(b""), adc.Outcome[None, adc.LeaseLost])
        assert_type(claimed.fail(adc.Transient("no")), adc.Outcome[None, adc.LeaseLost])
        assert_type(claimed.snooze(timedelta(1)), adc.Outcome[None, adc.LeaseLost])


def read(queue: adc.SqliteQueue, jid: adc.Xid) -> None:
    rows = queue.look(state="dead", kind=INVOICE, queue="default", due_before=datetime.now(UTC), after=jid, limit=3)
    assert_type(rows, Sequence[adc.JobRow])
    assert_type(rows[0].reason, adc.Reason | None)
    assert_type(rows[0].due, datetime | None)
    assert_type(queue.export(jid), adc.Outcome[str, adc.NotFound])
    queue.export(jid, redact=lambda part, text: "-" if part == "payload" else text)
    redact: adc.Redact = without_names
    queue.export(jid, redact=redact)
    entries = queue.history(jid)
    assert_type(entries, Sequence[adc.LogEntry])
    assert_type(entries[0].data, Mapping[str, object])
    assert_type(entries[0].state, adc.StateName | None)
    assert_type(queue.job_at(jid, 3), adc.JobRow | None)
    assert_type(queue.job_at(jid, datetime.now(UTC)), adc.JobRow | None)
    assert_type(queue.events(after=entries[0].seq, limit=100, gaps="skip"), Sequence[adc.LogEntry])
    assert_type(queue.counts(), Mapping[adc.StateName, int])
    assert_type(queue.history(adc.DATABASE), Sequence[adc.LogEntry])


def let_go(queue: adc.SqliteQueue, before: datetime, archive: Path, jid: adc.Xid) -> None:
    count = queue.prune(done_before=before, archive=archive)
    assert_type(count, adc.PruneCount)
    assert_type((count.jobs, count.events, count.left), tuple[int, int, int])
    assert_type(queue.prune(done_before=before), adc.PruneCount)
    assert_type(queue.prunable(done_before=before), adc.PruneCount)
    assert_type(queue.is_archive, bool)
    assert_type(queue.erase(jid), adc.Outcome[None, adc.EraseRefused])


def hold_back(queue: adc.SqliteQueue) -> None:
    queue.pause("mail")
    assert_type(queue.paused(), tuple[str, ...])
    queue.resume("mail")


def trouble(path: str) -> adc.SqliteQueue | None:
    try:
        return adc.SqliteQueue.open(path, durability="normal", busy_timeout=timedelta(seconds=1))
    except adc.StoreBusy as busy:
        assert_type(busy.path, str)
        assert_type(busy.operation, str)
        assert_type(busy.code, int)
    except (adc.CannotOpen, adc.ForeignFile, adc.FutureVersion, adc.StoreDamaged):
        pass
    return None


def without_names(part: str, text: str) -> str:
    return text


def verified(queue: adc.SqliteQueue) -> list[str]:
    assert_type(queue.verify(), Iterator[adc.Finding])
    return [line for finding in queue.verify() for line in told(finding)]


def told(finding: adc.Finding) -> Iterator[str]:
    assert_type(finding.law, adc.Law)
    assert_type((finding.jid, finding.seq, finding.problem), tuple[adc.Xid | None, int | None, str])
    match finding.law:
        case "state" | "paused":
            yield f"adc rebuild puts it right: {finding.problem}"
        case "file" | "schema" | "meta":
            yield f"not of a job: {finding.problem}"
        case "sequence" | "chain" | "event" | "history" | "columns" | "body":
            yield f"the log of {finding.jid}: {finding.problem}"
        case _:
            assert_never(finding.law)
