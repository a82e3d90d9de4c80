"""The README example: 40 lines, strict in mypy and pyright."""

from dataclasses import dataclass
from datetime import timedelta

import adc


@dataclass(frozen=True)
class Invoice:
    customer: int
    cents: int


INVOICE = adc.JobKind("invoice", Invoice, result=str, retry=adc.exponential(max_retries=5))
router = adc.RunnerRouter()


def find_email(customer: int) -> str | None:
    return {7: "ada@example.org"}.get(customer)


async def deliver(to: str, *, text: str) -> str:
    return f"250 {to} {text}"


@router.handles(INVOICE)
def invoice(job: adc.Job[Invoice]) -> adc.Steps[str]:
    email = yield from adc.step("find", find_email)(job.payload.customer)  # str | None
    if email is None:
        raise adc.Permanent(f"customer {job.payload.customer} has no email")
    return (yield from adc.step("deliver", deliver)(email, text=f"{job.payload.cents} cents"))


def main() -> None:
    with adc.SqliteQueue.open("jobs.db") as queue:
        jid = queue.schedule(INVOICE.new(Invoice(customer=7, cents=1200), key="order-1"))
        queue.schedule_in(INVOICE.new(Invoice(customer=8, cents=5)), timedelta(minutes=5))
        adc.JobRunner(queue, router, concurrency=10).run_until_idle()
        match queue.result(INVOICE, jid):
            case adc.Success(receipt):
                print(receipt.upper())
            case adc.Failure(why):
                print("no result:", why)
        for entry in queue.history(jid):
            print(entry.seq, entry.at, entry.type, entry.actor)


if __name__ == "__main__":
    main()
