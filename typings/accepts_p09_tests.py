"""9 tests: a transition, handlers with no database, 'was this scheduled'."""

from datetime import timedelta
from typing import assert_type

from accepts_models import INVOICE, MAIL, RESIZE, Invoice, Mail
from accepts_p02_web import post_invoice
from accepts_p05_steps import invoice
from accepts_p06_faults import resize

import adc
from adc import testing as t


def test_transition(scheduled: t.Event, claim: t.Command, started: t.Event) -> None:
    t.given(scheduled).when(claim).then(started)


def test_plain() -> None:
    assert resize(t.job({"path": "a", "width": 0})) == adc.Failure(adc.Permanent("width is 0"))


def test_steps() -> None:
    played = t.play(invoice(t.job(Invoice(7, 1))), {"find": "a@b", "render": b"%PDF", "deliver": 250})
    assert_type(played, t.Played[bytes])
    assert played.outcome == adc.Success(b"%PDF") and played.steps == ["find", "render", "deliver"]
    assert t.play(invoice(t.job(Invoice(7, 1))), {"find": None}).snoozed == timedelta(hours=1)


def test_any_form() -> None:
    assert t.Trial(RESIZE, resize).run({"path": "a", "width": 3}) == adc.Success(3)
    assert t.Trial(INVOICE, invoice).run(Invoice(1, 2)) == adc.Success(b"")


def test_scheduled() -> None:
    queue = t.MemoryQueue()
    assert post_invoice(queue, 7, 100)[0] == 202
    assert queue.scheduled(INVOICE) == [Invoice(7, 100)]
    assert queue.scheduled(MAIL) == list[Mail]()
