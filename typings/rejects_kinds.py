"""Mistakes with kinds and new jobs. Each line with an ignore is refused, by mypy and pyright, at that line."""

from datetime import timedelta

from accepts_models import INVOICE, MAIL, PAY, RAW, RESIZE, SUM, Card, Invoice, Mail

import adc

# the payload
INVOICE.new(Mail("a", "b"))  # type: ignore[arg-type]
INVOICE.new({"customer": 7, "cents": 1})  # type: ignore[arg-type]
INVOICE.new(7, 1200)  # type: ignore[call-arg, arg-type]
INVOICE.new()  # type: ignore[call-arg]
INVOICE.new(None)  # type: ignore[arg-type]
MAIL.new("a")  # type: ignore[arg-type]
SUM.new(["1", "2"])  # type: ignore[list-item]
SUM.new((1, 2))  # type: ignore[arg-type]
RAW.new("text")  # type: ignore[arg-type]
PAY.new("4")  # type: ignore[arg-type]
RESIZE.new({"path": "a", "widht": 3})  # type: ignore[typeddict-item]
RESIZE.new({"path": "a"})  # type: ignore[typeddict-item]

# its terms
INVOICE.new(Invoice(7, 1), key=7)  # type: ignore[arg-type]
INVOICE.new(Invoice(7, 1), priority="high")  # type: ignore[arg-type]
INVOICE.new(Invoice(7, 1), queue=b"mail")  # type: ignore[arg-type]
INVOICE.new(Invoice(7, 1), retry=3)  # type: ignore[arg-type]
INVOICE.new(Invoice(7, 1), meta={"request": 17})  # type: ignore[dict-item]
INVOICE.new(Invoice(7, 1), delay=timedelta(1))  # type: ignore[call-arg]

# when it is due
INVOICE.new(Invoice(7, 1)).after(60)  # type: ignore[arg-type]
INVOICE.new(Invoice(7, 1)).at(timedelta(minutes=1))  # type: ignore[arg-type]
INVOICE.new(Invoice(7, 1)).at("2027-01-01")  # type: ignore[arg-type]

# the kind
adc.JobKind(7, Invoice)  # type: ignore[arg-type]
adc.JobKind("invoice")  # type: ignore[call-arg]
adc.JobKind("invoice", Invoice(7, 1))  # type: ignore[arg-type]
adc.JobKind("invoice", Invoice, result=7)  # type: ignore[arg-type]
adc.JobKind("invoice", Invoice, retry=5)  # type: ignore[arg-type]
adc.JobKind("invoice", Invoice, timeout=30)  # type: ignore[arg-type]
adc.JobKind("invoice", Invoice, max_retries=5)  # type: ignore[call-arg]
wrong_payload: adc.JobKind[Mail, bytes] = INVOICE  # type: ignore[assignment]
wrong_result: adc.JobKind[Invoice, str] = INVOICE  # type: ignore[assignment]
wrong_job: adc.NewJob[Mail] = INVOICE.new(Invoice(7, 1))  # type: ignore[assignment]

# policies
adc.exponential(1, max_retries=5)  # type: ignore[arg-type]
adc.exponential()  # type: ignore[call-arg]
adc.exponential(max_retries="5")  # type: ignore[arg-type]
adc.fixed(timedelta(1), max_retries=1, give_up_on="ValueError")  # type: ignore[arg-type]
adc.fixed(timedelta(1), max_retries=1, give_up_on=[ValueError])  # type: ignore[arg-type]
adc.linear(timedelta(1), 3)  # type: ignore[call-arg]

# values don't change
INVOICE.new(Invoice(7, 1)).jid = adc.Xid("a")  # type: ignore[misc]
adc.NEVER.max_retries = 3  # type: ignore[misc]
Card("4").number = "5"  # type: ignore[misc]
