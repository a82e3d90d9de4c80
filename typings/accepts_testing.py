"""The test kit, as strict consumers use it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import assert_type

from accepts_handlers import invoice, resize, total
from accepts_models import INVOICE, MAIL, RESIZE, SUM, Invoice, Mail, Resize

import adc
from adc import testing as t
from adc.core.commands import Cancel
from adc.core.events import JobCancelled, JobScheduled
from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.refusals import NotFound


def transitions(scheduled: JobScheduled) -> None:
    jid, at = Xid("a"), Instant(7)
    t.given(scheduled).when(Cancel(jid, at)).then(JobCancelled(at, "waiting"))
    t.given().when(Cancel(jid, at)).then_refused(NotFound(jid))


def handlers() -> None:
    assert_type(t.job(Invoice(7, 1)), adc.Job[Invoice])
    assert resize(t.job(Resize(path="a", width=0))) == adc.Failure(adc.Permanent("width is 0"))
    played = t.play(invoice(t.job(Invoice(7, 1))), {"find": "a@b", "render": b"%PDF", "deliver": 250})
    assert_type(played, t.Played[bytes])
    assert_type(played.outcome, adc.Outcome[bytes, adc.NotDone])
    assert_type(played.snoozed, timedelta | None)
    assert_type(played.steps, Sequence[str])
    assert_type(t.Trial(INVOICE, invoice).run(Invoice(1, 2)), adc.Outcome[bytes, adc.NotDone])
    assert_type(t.Trial(RESIZE, resize).run({"path": "a", "width": 3}), adc.Outcome[int, adc.NotDone])
    assert_type(t.Trial(SUM, total).run([1], attempt=2, answers={"deliver": 1}), adc.Outcome[int, adc.NotDone])


def replays() -> None:
    replayed = t.replay(invoice, "job.json", attempt=2, answers={"deliver": 250})
    assert_type(replayed, t.Replayed[bytes])
    assert_type(replayed.outcome, adc.Outcome[bytes, adc.NotDone])
    assert_type(replayed.snoozed, timedelta | None)
    assert_type(replayed.steps, Sequence[str])
    assert_type(replayed.recorded, t.Event | None)
    assert_type(t.replay(resize, Path("job.json")), t.Replayed[int])
    assert_type(t.replay(total, "job.json"), t.Replayed[int])
    assert_type(t.replay(total, "job.json", kind=SUM), t.Replayed[int])
    assert_type(t.replay(lambda job: job.payload.cents, "job.json", kind=CENTS), t.Replayed[int])
    try:
        t.replay(later, "job.json")
    except t.NeedsEventLoop:
        pass
    except t.NotAnExport as error:
        print(error)


async def later(job: adc.Job[Mail]) -> adc.Outcome[int, adc.NotDone]:
    return adc.Success(1)


CENTS = adc.JobKind("cents", Invoice, result=int)


def queues(queue: adc.Queue) -> None:
    memory = t.MemoryQueue(clock=t.FixedClock(), dice=t.FixedDice(0.5))
    queue = memory
    queue.schedule(MAIL.new(Mail("a", "b")))
    assert_type(memory.scheduled(INVOICE), Sequence[Invoice])
    assert_type(t.FixedClock().at, datetime)


def world(router: adc.RunnerRouter) -> None:
    world = t.World(7)
    world.queue.schedule(MAIL.new(Mail("a", "b")))
    world.run(router, timedelta(days=30))
    world.advance(timedelta(days=1))
    assert_type(world.crash(router), tuple[adc.Xid, ...])
