"""Mistakes with queues, refusals, results and runners. Each line with an ignore is refused at that line."""

from datetime import timedelta
from typing import assert_never

from accepts_handlers import router
from accepts_models import INVOICE, MAIL, SUM, Invoice, Mail

import adc


def scheduling(queue: adc.SqliteQueue, invoice: Invoice) -> None:
    queue.schedule(invoice)  # type: ignore[arg-type]
    queue.schedule(INVOICE)  # type: ignore[arg-type]
    queue.schedule(INVOICE, invoice)  # type: ignore[call-arg, arg-type]
    queue.schedule_in(INVOICE.new(invoice), 60)  # type: ignore[arg-type]
    queue.schedule_at(INVOICE.new(invoice), timedelta(1))  # type: ignore[arg-type]
    queue.schedule_many(INVOICE.new(invoice))  # type: ignore[arg-type]
    queue.schedule_many([invoice])  # type: ignore[list-item]


def ids(queue: adc.SqliteQueue) -> None:
    queue.cancel_job("d5k7nc8v2q0g0a1m5j60")  # type: ignore[arg-type]
    queue.history(7)  # type: ignore[arg-type]
    queue.job_at(queue.look()[0].jid, "yesterday")  # type: ignore[arg-type]
    queue.events(after="dc2hu8mjeg3l8mk9jd3g")  # type: ignore[arg-type]
    queue.events(gaps="fill")  # type: ignore[arg-type]
    queue.pause(INVOICE)  # type: ignore[arg-type]
    queue.resume(("mail", "night"))  # type: ignore[arg-type]
    queue.redrive(None)  # type: ignore[arg-type]
    queue.unschedule_job("invoice", adc.Xid("a"))  # type: ignore[arg-type]
    queue.result(INVOICE)  # type: ignore[call-arg]
    queue.poll_next("invoice")  # type: ignore[arg-type]
    queue.reschedule(adc.Xid("a"), due=timedelta(1))  # type: ignore[arg-type]
    queue.look(state="running")  # type: ignore[arg-type]
    queue.look(kind=7)  # type: ignore[arg-type]


def of_another_kind(queue: adc.SqliteQueue, jid: adc.Xid) -> adc.Outcome[Mail, adc.UnscheduleRefused]:
    return queue.unschedule_job(INVOICE, jid)  # type: ignore[arg-type]


def unchecked(queue: adc.SqliteQueue, jid: adc.Xid) -> int:
    return queue.result(SUM, jid) + 1  # type: ignore[operator]


def unchecked_claim(queue: adc.SqliteQueue) -> Invoice:
    return queue.poll_next(INVOICE).job.payload  # type: ignore[union-attr]


def result_of_another_kind(queue: adc.SqliteQueue, jid: adc.Xid) -> str:
    match queue.result(SUM, jid):
        case adc.Success(total):
            return total  # type: ignore[return-value]
        case adc.Failure():
            return ""


def forgets_a_refusal(refusal: adc.ScheduleRefused) -> str:
    match refusal:
        case adc.KeyTaken(key):
            return key
        case _:
            assert_never(refusal)  # type: ignore[arg-type]


def forgets_failure(outcome: adc.Outcome[int, adc.NotDone]) -> int:
    match outcome:
        case adc.Success(number):
            return number
        case _:
            assert_never(outcome)  # type: ignore[arg-type]


def reads_a_refusal_wrong(refusal: adc.CancelRefused) -> str:
    return refusal.state  # type: ignore[union-attr]


def completes_wrong(claimed: adc.Claimed[Invoice, bytes]) -> None:
    claimed.complete("text")  # type: ignore[arg-type]
    claimed.complete()  # type: ignore[call-arg]
    claimed.fail(ValueError("no"))  # type: ignore[arg-type]
    claimed.snooze(60)  # type: ignore[arg-type]
    claimed.job = claimed.job  # type: ignore[misc]


def opens_wrong(queue: adc.Queue) -> None:
    adc.SqliteQueue.open("jobs.db", durability="off")  # type: ignore[arg-type]
    adc.SqliteQueue.open(7)  # type: ignore[arg-type]
    adc.SqliteQueue.open("jobs.db", busy_timeout=5)  # type: ignore[arg-type]
    queue.cancel_job(adc.Xid("a"))  # type: ignore[attr-defined]


def runs_wrong(queue: adc.SqliteQueue) -> None:
    adc.JobRunner(queue)  # type: ignore[call-arg]
    adc.JobRunner("jobs.db", router)  # type: ignore[arg-type]
    adc.JobRunner(queue, INVOICE)  # type: ignore[arg-type]
    adc.JobRunner(queue, router, lease=30)  # type: ignore[arg-type]
    adc.JobRunner(queue, router, driver="fibers")  # type: ignore[arg-type]
    adc.JobRunner(queue, router).run(1)  # type: ignore[arg-type]


def changes_what_is_read(row: adc.JobRow, entry: adc.LogEntry, refusal: adc.LeaseLost) -> None:
    row.state = "done"  # type: ignore[misc]
    entry.seq = 1  # type: ignore[misc]
    entry.data["message"] = ""  # type: ignore[index]
    refusal.attempt = 2  # type: ignore[misc]


def mixes_kinds() -> list[adc.NewJob[Invoice]]:
    return [INVOICE.new(Invoice(1, 2)), MAIL.new(Mail("a", "b"))]  # type: ignore[list-item]
