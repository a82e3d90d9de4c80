"""Mistakes with replays. Each line with an ignore is refused at that line."""

from accepts_handlers import invoice, total
from accepts_models import INVOICE, SUM, Invoice

import adc
from adc import testing as t


def needs_two(job: adc.Job[Invoice], more: int) -> int:
    return more


def handlers() -> None:
    t.replay(invoice, "job.json", kind=SUM)  # type: ignore[arg-type]
    t.replay(total, "job.json", kind=INVOICE)  # type: ignore[arg-type]
    t.replay("invoice", "job.json")  # type: ignore[call-overload]
    t.replay(INVOICE, "job.json")  # type: ignore[call-overload]
    t.replay(needs_two, "job.json")  # type: ignore[arg-type]
    t.replay(invoice)  # type: ignore[call-overload]
    t.replay(invoice, 7)  # type: ignore[call-overload]


def options() -> None:
    t.replay(invoice, "job.json", 1)  # type: ignore[call-overload]
    t.replay(invoice, "job.json", attempt="1")  # type: ignore[call-overload]
    t.replay(invoice, "job.json", answers=["find"])  # type: ignore[call-overload]
    t.replay(invoice, "job.json", kind="invoice")  # type: ignore[call-overload]


def outcomes() -> adc.Outcome[str, adc.NotDone]:
    replayed = t.replay(invoice, "job.json")
    replayed.outcome = adc.Success(b"")  # type: ignore[misc]
    replayed.recorded.at  # type: ignore[union-attr]
    return replayed.outcome  # type: ignore[return-value]


def exports(queue: adc.SqliteQueue, jid: adc.Xid) -> str:
    queue.export("d5k7nc8v2q0g0a1m5j60")  # type: ignore[arg-type]
    queue.export(jid, redact=str.upper)  # type: ignore[arg-type]
    queue.export(jid, redact=lambda part, text: None)  # type: ignore[arg-type, return-value]
    queue.export(jid, redact=lambda text: text)  # type: ignore[arg-type, misc]
    return queue.export(jid)  # type: ignore[return-value]
