"""8 idempotency key and every refusal."""

from typing import assert_never

from accepts_models import INVOICE, Invoice

import adc


def once(queue: adc.Queue, order: str, invoice: Invoice) -> str:
    match queue.try_schedule(INVOICE.new(invoice, key=order)):
        case adc.Success(jid):
            return f"scheduled as {jid}"
        case adc.Failure(refusal):
            match refusal:
                case adc.KeyTaken(key, jid):
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


def undo(queue: adc.SqliteQueue, jid: adc.Xid) -> Invoice | None:
    match queue.unschedule_job(INVOICE, jid):
        case adc.Success(invoice):
            return invoice
        case adc.Failure(adc.NotFound() | adc.WrongState() | adc.WrongKind() | adc.Undecodable()):
            return None


def answer(queue: adc.SqliteQueue, jid: adc.Xid) -> int:
    match queue.result(INVOICE, jid):
        case adc.Success(pdf):
            return len(pdf)
        case adc.Failure(_):
            return 0
