"""World: days of retries, snoozes and crashes at once, and the same each time."""

from datetime import timedelta
from random import Random

import adc
from adc.testing import FixedClock, MemoryQueue, World

DAY = timedelta(days=1)
MAIL = adc.JobKind("mail", str, result=int, retry=adc.exponential(timedelta(hours=1), max_retries=5))


def unreliable(seed: int) -> adc.RunnerRouter:
    router, random = adc.RunnerRouter(), Random(seed)

    @router.handles(MAIL)
    def mail(job: adc.Job[str]) -> int:
        if random.random() < 0.3:
            raise adc.Transient("no connection")
        if random.random() < 0.1:
            raise adc.Snooze(DAY)
        return len(job.payload)

    return router


def month(seed: int) -> World:
    world, router, random = World(seed), unreliable(seed), Random(seed)
    for number in range(1000):
        world.queue.schedule_in(MAIL.new(f"mail {number}"), random.random() * 28 * DAY)
    world.run(router, 10 * DAY)
    world.advance(DAY)
    world.crash(router)
    world.run(router, 19 * DAY)
    return world


def told(world: World) -> list[tuple[object, ...]]:
    entries = [entry for row in world.queue.look(limit=1000) for entry in world.queue.history(row.jid)]
    return [(entry.seq, entry.jid, entry.at, entry.type, entry.actor, str(entry.data)) for entry in entries]


def test_a_thousand_jobs_live_through_thirty_days() -> None:
    world = month(1)

    counts = world.queue.counts()
    types = {entry[3] for entry in told(world)}
    assert counts["done"] + counts["dead"] + counts["scheduled"] == 1000
    assert counts["done"] > 950
    assert {"JobRetried", "JobSnoozed", "JobCrashed", "JobDone"} <= types


def test_a_seed_tells_the_same_history_again() -> None:
    assert told(month(7)) == told(month(7))
    assert told(month(7)) != told(month(8))


def test_a_runner_with_no_time_does_what_is_due_now() -> None:
    world, router = World(), adc.RunnerRouter()
    router.add_job_handler(MAIL, lambda job: len(job.payload))
    now, later = world.queue.schedule_many([MAIL.new("now"), MAIL.new("later").after(DAY)])
    began = world.clock.at

    world.run(router)

    assert (world.queue.result(MAIL, now), world.clock.at) == (adc.Success(3), began)
    world.run(router, DAY - timedelta(seconds=1))
    assert world.queue.counts()["scheduled"] == 1
    world.run(router, timedelta(seconds=1))
    assert world.queue.result(MAIL, later) == adc.Success(5)
    assert world.clock.at == began + DAY


def test_a_job_keeps_its_id_in_the_world() -> None:
    world, job = World(), MAIL.new("hello")

    jid = world.queue.schedule(job)

    assert world.queue.schedule(job) == jid
    assert world.queue.try_schedule(job) == adc.Success(jid)


def test_a_crash_is_no_failure_of_the_job() -> None:
    world, router = World(), adc.RunnerRouter()
    router.add_job_handler(MAIL, lambda job: job.attempt)
    jid = world.queue.schedule(MAIL.new("hello"))

    assert world.crash(router) == (jid,)

    world.run(router)
    assert world.queue.result(MAIL, jid) == adc.Success(2)
    assert [entry.type for entry in world.queue.history(jid)] == [
        "JobScheduled",
        "JobStarted",
        "JobCrashed",
        "JobStarted",
        "JobDone",
    ]


def test_three_crashes_are_poison() -> None:
    world, router = World(), unreliable(0)
    jid = world.queue.schedule(MAIL.new("hello"))

    for _ in range(3):
        world.crash(router)

    assert [(row.state, row.reason) for row in world.queue.look()] == [("dead", "Poison")]
    assert world.crash(router) == ()
    assert world.queue.history(jid)[-1].type == "JobDied"


def test_a_memory_queue_tells_what_was_scheduled() -> None:
    queue = MemoryQueue(clock=FixedClock())
    queue.schedule_many([MAIL.new("one"), MAIL.new("two").after(DAY)])
    claimed = queue.poll_next(MAIL)

    assert claimed is not None
    assert queue.scheduled(MAIL) == ["two"]
    assert queue.scheduled(adc.JobKind("other", str)) == []


def test_a_memory_queue_can_be_run() -> None:
    queue, router = MemoryQueue(), adc.RunnerRouter()
    router.add_job_handler(MAIL, lambda job: len(job.payload))
    jid = queue.schedule(MAIL.new("hello"))

    adc.JobRunner(queue, router).run_until_idle()

    assert queue.result(MAIL, jid) == adc.Success(5)
