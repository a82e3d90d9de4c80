"""3 a handler object with services; a router factory that opens and closes them (adc work p03_services:app)."""

import smtplib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from accepts_models import INVOICE, MAIL, Invoice, Mail

import adc


class Db:
    def email_of(self, customer: int) -> str | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class SendMail:
    smtp: smtplib.SMTP

    def __call__(self, job: adc.Job[Mail]) -> None:
        self.smtp.sendmail("me", job.payload.to, job.payload.text)


@dataclass(frozen=True)
class Invoicing:
    smtp: smtplib.SMTP
    db: Db

    def handle(self, job: adc.Job[Invoice]) -> bytes:
        email = self.db.email_of(job.payload.customer)
        if email is None:
            raise adc.Permanent(f"no email for customer {job.payload.customer}")
        return b"sent"


@contextmanager
def app() -> Generator[adc.RunnerRouter, None, None]:
    with smtplib.SMTP("localhost") as smtp:
        router = adc.RunnerRouter()
        router.add_job_handler(MAIL, SendMail(smtp))
        router.add_job_handler(INVOICE, Invoicing(smtp, Db()).handle)
        yield router
