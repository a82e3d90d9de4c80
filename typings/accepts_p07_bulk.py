"""7 unlike kinds in one transaction; planning is a pure function."""

from datetime import UTC, datetime, timedelta

from accepts_models import INVOICE, MAIL, PAY, RESIZE, SUM, Card, Iban, Invoice, Mail

import adc


def plan(customers: list[int]) -> list[adc.NewJob]:
    jobs: list[adc.NewJob] = [INVOICE.new(Invoice(c, 100)) for c in customers]
    jobs.append(MAIL.new(Mail("boss", "started"), priority=5))
    jobs.append(SUM.new([1, 2, 3]).after(timedelta(minutes=1)))
    jobs.append(RESIZE.new({"path": "a.png", "width": 3}).at(datetime(2027, 1, 1, tzinfo=UTC)))
    jobs += [PAY.new(Card("4")), PAY.new(Iban("DE"))]
    return jobs


def main(queue: adc.SqliteQueue) -> None:
    ids = queue.schedule_many(plan([1, 2]))
    queue.schedule_many([MAIL.new(Mail("a", "b")), SUM.new([1])])
    queue.schedule_many(INVOICE.new(Invoice(c, 1)) for c in range(100))
    print(len(ids))
