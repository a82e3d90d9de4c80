"""JobRunner: jobs of a real queue, run to their ends; the log and the state say what became of them."""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from itertools import islice
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals, raise_signal
from threading import Barrier, Event, Lock, Thread
from threading import enumerate as all_threads

import apsw
import pytest
from typing_extensions import override

from adc.codec.events import UnknownEvent
from adc.core.commands import Expire
from adc.core.ids import Xid
from adc.core.outcome import Success
from adc.core.refusals import LeaseLost
from adc.core.retry import fixed
from adc.core.states import Started
from adc.core.transition import Asked
from adc.handling.job import Job
from adc.handling.notdone import Snooze, Transient
from adc.kind import JobKind
from adc.ports.trouble import StoreBusy, StoreDamaged
from adc.queue import SqliteQueue, StoreQueue
from adc.router import RunnerRouter
from adc.runner import Driver, JobRunner
from adc.running.events import (
    AttemptAbandoned,
    Happened,
    JobUnreadable,
    ReportRefused,
    RunnerEvent,
    RunnerStarted,
    RunnerStopped,
    RunnerStopping,
)
from adc.shell import carry_out
from adc.stores.memory import MemoryStore
from adc.testing.fixed import FixedClock, FixedDice

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
AT_ONCE = timedelta(0)
DRIVERS: list[Driver] = ["threads", "inline"]

ACT = JobKind("act", int, result=str, retry=fixed(AT_ONCE, max_retries=1))
LIMITED = JobKind(
    "limited", int, result=str, timeout=timedelta(seconds=2), retry=fixed(MINUTE, max_retries=1, jitter=False)
)
OTHER = JobKind("other", int)


def routed(handler: Callable[[Job[int]], str], kind: JobKind[int, str] = ACT) -> RunnerRouter:
    router = RunnerRouter()
    router.add_job_handler(kind, handler)
    return router


def told(queue: StoreQueue, jid: Xid) -> list[str]:
    """The types of a job's events, without the first."""
    return [entry.type for entry in queue.history(jid)][1:]


def payload_of(job: Job[int]) -> str:
    return str(job.payload)


# -- to the end --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", DRIVERS)
def test_all_that_is_due_is_run(queue: SqliteQueue, driver: Driver) -> None:
    jids = queue.schedule_many(ACT.new(number) for number in range(25))

    JobRunner(queue, routed(payload_of), driver=driver).run_until_idle()

    assert [queue.result(ACT, jid) for jid in jids] == [Success(str(number)) for number in range(25)]
    assert {tuple(told(queue, jid)) for jid in jids} == {("JobStarted", "JobDone")}
    assert queue.counts()["done"] == 25


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_failure_is_retried_as_the_policy_says_and_then_dead(queue: SqliteQueue, driver: Driver) -> None:
    def fails(job: Job[int]) -> str:
        raise Transient(f"attempt {job.attempt}")

    jid = queue.schedule(ACT.new(1))
    JobRunner(queue, routed(fails), driver=driver).run_until_idle()

    assert told(queue, jid) == ["JobStarted", "JobRetried", "JobStarted", "JobDied"]
    assert [(row.state, row.attempt, row.reason) for row in queue.look()] == [("dead", 2, "RetriesUsedUp")]


@pytest.mark.parametrize("driver", DRIVERS)
def test_idle_leaves_what_is_due_later_and_empty_waits_for_it(
    queue: SqliteQueue, clock: FixedClock, driver: Driver
) -> None:
    def sleepy(job: Job[int]) -> str:
        if job.attempt == 1:
            raise Snooze(MINUTE)
        return "awake"

    jid = queue.schedule(ACT.new(1))
    runner = JobRunner(queue, routed(sleepy), driver=driver)
    runner.run_until_idle()
    assert told(queue, jid) == ["JobStarted", "JobSnoozed"]

    clock.advance(MINUTE)
    runner.run_until_empty()
    assert told(queue, jid)[2:] == ["JobStarted", "JobDone"]


def test_it_takes_only_its_kinds_and_queues(queue: SqliteQueue) -> None:
    mine = queue.schedule(ACT.new(1, queue="mail"))
    theirs = queue.schedule_many([ACT.new(2), OTHER.new(3, queue="mail")])

    JobRunner(queue, routed(payload_of), queues=["mail", "mail"]).run_until_empty()

    assert told(queue, mine) == ["JobStarted", "JobDone"]
    assert [told(queue, jid) for jid in theirs] == [[], []]


def test_an_unreadable_payload_is_dead_at_once_and_blocks_nobody(queue: SqliteQueue) -> None:
    text = JobKind("act", str, result=str, retry=fixed(AT_ONCE, max_retries=5))
    bad, good = queue.schedule(text.new("seven")), queue.schedule(ACT.new(7))

    JobRunner(queue, routed(payload_of)).run_until_idle()

    assert told(queue, bad) == ["JobStarted", "JobDied"]
    assert told(queue, good) == ["JobStarted", "JobDone"]
    assert [row.reason for row in queue.look(state="dead")] == ["Undecodable"]


def test_what_must_not_be_stored_is_scrubbed(queue: SqliteQueue) -> None:
    def leaks(job: Job[int]) -> str:
        raise ValueError("token=abc")

    jid = queue.schedule(ACT.new(1))
    JobRunner(queue, routed(leaks), scrub=lambda text: text.replace("abc", "***")).run_until_idle()

    assert "abc" not in str(queue.history(jid))
    assert "token=***" in str(queue.history(jid))


def test_the_log_says_who_ran_it(queue: SqliteQueue) -> None:
    jid = queue.schedule(ACT.new(1))

    JobRunner(queue, routed(payload_of)).run_until_idle()

    scheduled, *others = queue.history(jid)
    assert scheduled.actor == "test"
    (actor,) = {entry.actor for entry in others}
    assert actor == f"runner:{others[0].data['runner']}"


# -- at once -----------------------------------------------------------------------------------------------------------


def test_at_most_so_many_run_at_once(queue: SqliteQueue) -> None:
    lock, running, most = Lock(), 0, 0
    together = Barrier(3)

    def meets(job: Job[int]) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(30)
        with lock:
            running -= 1
        return ""

    queue.schedule_many(ACT.new(number) for number in range(12))
    JobRunner(queue, routed(meets), concurrency=3).run_until_idle()

    assert most == 3
    assert queue.counts()["done"] == 12


def test_a_hundred_async_handlers_run_at_once(queue: SqliteQueue) -> None:
    met, workers = list[int](), set[str]()
    all_here = asyncio.Event()

    async def meets(job: Job[int]) -> str:
        met.append(job.payload)
        if len(met) == 100:
            workers.update(thread.name for thread in all_threads() if thread.name.startswith("adc-"))
            all_here.set()
        await all_here.wait()
        return ""

    router = RunnerRouter()
    router.handles(ACT)(meets)
    queue.schedule_many(ACT.new(number) for number in range(100))
    JobRunner(queue, router, concurrency=100).run_until_idle()

    assert queue.counts()["done"] == 100
    assert workers == {"adc-event-loop", "adc-ear"}


def test_its_threads_are_gone_when_it_ends(queue: SqliteQueue) -> None:
    queue.schedule_many(ACT.new(number) for number in range(5))
    JobRunner(queue, routed(payload_of)).run_until_idle()

    assert [thread for thread in all_threads() if thread.name.startswith("adc-")] == []


# -- timeouts ----------------------------------------------------------------------------------------------------------


def test_an_attempt_beyond_its_timeout_fails_and_others_go_on(queue: SqliteQueue, clock: FixedClock) -> None:
    hanging, released = Event(), Event()

    def hangs(job: Job[int]) -> str:
        hanging.set()
        released.wait(30)
        return "too late"

    def lets_time_pass(job: Job[int]) -> str:
        assert hanging.wait(30)
        clock.advance(3 * SECOND)
        return "done"

    router = routed(hangs, LIMITED)
    router.add_job_handler(ACT, lets_time_pass)
    late, quick = queue.schedule_many([LIMITED.new(1), ACT.new(2)])
    JobRunner(queue, router).run_until_idle()
    released.set()

    assert told(queue, late) == ["JobStarted", "JobRetried"]
    assert "TimedOut" in str(queue.history(late)[-1].data)
    assert told(queue, quick) == ["JobStarted", "JobDone"]


# -- stopping ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_stop_lets_the_running_job_finish_and_claims_no_other(queue: SqliteQueue, driver: Driver) -> None:
    def stops(job: Job[int]) -> str:
        runner.stop()
        return "finished" if job.cancellation.wait(timedelta(seconds=30)) else "not told"

    first, second = queue.schedule_many([ACT.new(1), ACT.new(2)])
    runner = JobRunner(queue, routed(stops), concurrency=1, driver=driver)
    runner.run()

    assert queue.result(ACT, first) == Success("finished")
    assert told(queue, second) == []


def test_one_that_ignores_the_stop_is_given_back_at_no_cost(queue: SqliteQueue) -> None:
    released = Event()

    def ignores(job: Job[int]) -> str:
        if job.attempt == 1:
            runner.stop()
            released.wait(30)
        return f"attempt {job.attempt} after {job.retries} retries"

    jid = queue.schedule(ACT.new(1))
    runner = JobRunner(queue, routed(ignores), shutdown_timeout=AT_ONCE)
    runner.run()
    assert told(queue, jid) == ["JobStarted", "JobReleased"]

    released.set()
    runner.run_until_idle()
    assert queue.result(ACT, jid) == Success("attempt 2 after 0 retries")


@pytest.mark.parametrize("driver", DRIVERS)
def test_asked_to_stop_before_it_runs_it_claims_nothing(queue: SqliteQueue, driver: Driver) -> None:
    jid = queue.schedule(ACT.new(1))
    runner = JobRunner(queue, routed(payload_of), driver=driver)

    runner.stop()
    runner.run()
    assert told(queue, jid) == []

    runner.run_until_idle()
    assert told(queue, jid) == ["JobStarted", "JobDone"]


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_stops_it(queue: SqliteQueue, number: Signals) -> None:
    def signals(job: Job[int]) -> str:
        raise_signal(number)
        return "finished" if job.cancellation.wait(timedelta(seconds=30)) else "not told"

    jid = queue.schedule(ACT.new(1))
    JobRunner(queue, routed(signals), driver="inline").run()

    assert queue.result(ACT, jid) == Success("finished")


def test_a_second_signal_ends_it_like_a_crash(queue: SqliteQueue) -> None:
    def signals_twice(job: Job[int]) -> str:
        with suppress(Exception):
            raise_signal(SIGTERM)
            raise_signal(SIGTERM)
        return ""

    jid = queue.schedule(ACT.new(1))
    with pytest.raises(KeyboardInterrupt, match="a second signal"):
        JobRunner(queue, routed(signals_twice), driver="inline").run()

    assert told(queue, jid) == ["JobStarted"]


def test_one_run_at_a_time(queue: SqliteQueue) -> None:
    begun = Event()

    def tries(job: Job[int]) -> str:
        begun.set()
        with pytest.raises(RuntimeError, match="this runner runs already"):
            runner.run_until_idle()
        return "refused"

    jid = queue.schedule(ACT.new(1))
    runner = JobRunner(queue, routed(tries))
    runner.run_until_idle()

    assert queue.result(ACT, jid) == Success("refused")


# -- events ------------------------------------------------------------------------------------------------------------


def shown(event: RunnerEvent) -> str:
    match event:
        case Happened(event=happened):
            return type(happened).__name__
        case _:
            return type(event).__name__


@pytest.mark.parametrize("driver", DRIVERS)
def test_it_tells_what_happens_and_closing_stops_it(queue: SqliteQueue, driver: Driver) -> None:
    jid = queue.schedule(ACT.new(1))
    events = JobRunner(queue, routed(payload_of), driver=driver).events()

    assert [shown(next(events)) for _ in range(3)] == ["RunnerStarted", "JobStarted", "JobDone"]
    events.close()

    assert told(queue, jid) == ["JobStarted", "JobDone"]
    assert [thread for thread in all_threads() if thread.name.startswith("adc-")] == []


def test_the_events_of_a_stopped_run_come_to_an_end(queue: SqliteQueue) -> None:
    runner = JobRunner(queue, routed(payload_of))
    runner.stop()

    assert [type(event) for event in runner.events()] == [RunnerStarted, RunnerStopping, RunnerStopped]
    assert [type(event) for event in _first(runner.events(), 1)] == [RunnerStarted]  # and the next run isn't stopped


def _first(events: Iterator[RunnerEvent], count: int) -> list[RunnerEvent]:
    return [next(events) for _ in range(count)]


def test_an_abandoned_attempt_is_told(queue: SqliteQueue) -> None:
    released = Event()

    def ignores(job: Job[int]) -> str:
        runner.stop()
        released.wait(30)
        return ""

    jid = queue.schedule(ACT.new(1))
    runner = JobRunner(queue, routed(ignores), shutdown_timeout=AT_ONCE)
    events = list(runner.events())
    released.set()

    assert AttemptAbandoned(jid, "act", 1, "shutdown") in events


def test_a_report_that_comes_too_late_changes_nothing_and_is_told(queue: SqliteQueue, clock: FixedClock) -> None:
    def is_taken_for_gone(job: Job[int]) -> str:
        if job.attempt == 1:
            with queue.store.writing() as writing:
                state = writing.load((job.jid,))[job.jid].state
                assert isinstance(state, Started)
                carry_out(writing, [Asked(Expire(job.jid, clock.now(), state.token, "test"), "watcher")])
        return f"attempt {job.attempt}"

    jid = queue.schedule(ACT.new(1))
    events = JobRunner(queue, routed(is_taken_for_gone)).events()
    seen = [next(events) for _ in range(5)]
    events.close()

    assert [shown(event) for event in seen[1:]] == ["JobStarted", "ReportRefused", "JobStarted", "JobDone"]
    began = seen[0]
    assert isinstance(began, RunnerStarted)
    assert seen[2] == ReportRefused(jid, 1, LeaseLost(jid, 1), f"runner:{began.runner}")
    assert told(queue, jid) == ["JobStarted", "JobCrashed", "JobStarted", "JobDone"]
    assert queue.result(ACT, jid) == Success("attempt 2")


# -- trouble -----------------------------------------------------------------------------------------------------------


class TroubledStore(MemoryStore):
    """A store whose writes fail as often as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: list[Exception] = []

    @contextmanager
    @override
    def writing(self) -> Iterator[MemoryStore]:
        if self.troubles:
            raise self.troubles.pop()
        with super().writing() as writing:
            yield writing


@pytest.fixture
def store() -> TroubledStore:
    return TroubledStore()


@pytest.fixture
def troubled(store: TroubledStore, clock: FixedClock, dice: FixedDice) -> StoreQueue:
    return StoreQueue(store, clock=clock, dice=dice, actor="test")


@pytest.mark.parametrize("driver", DRIVERS)
def test_while_the_store_is_busy_results_are_kept(store: TroubledStore, troubled: StoreQueue, driver: Driver) -> None:
    def while_busy(job: Job[int]) -> str:
        store.troubles = [StoreBusy("jobs.db", "begin", "locked")]
        return "kept"

    jid = troubled.schedule(ACT.new(1))
    events = JobRunner(troubled, routed(while_busy), driver=driver).events(timedelta(milliseconds=1))

    seen = [shown(next(events)) for _ in range(4)]
    events.close()
    assert seen == ["RunnerStarted", "JobStarted", "StoreTroubled", "JobDone"]
    assert troubled.result(ACT, jid) == Success("kept")


def test_other_trouble_comes_out_after_attempts_were_told(store: TroubledStore, troubled: StoreQueue) -> None:
    begun, told_to_end = Event(), Event()

    def waits(job: Job[int]) -> str:
        if job.payload == 1:
            begun.set()
            assert job.cancellation.wait(timedelta(seconds=30))
            told_to_end.set()
        else:
            assert begun.wait(30)
            store.troubles = [StoreDamaged("jobs.db", "commit", "malformed")]
        return ""

    troubled.schedule_many([ACT.new(1), ACT.new(2)])
    with pytest.raises(StoreDamaged):
        JobRunner(troubled, routed(waits)).run()

    assert told_to_end.wait(30)


def test_trouble_is_the_readers_of_events_too(store: TroubledStore, troubled: StoreQueue) -> None:
    def damages_it(job: Job[int]) -> str:
        store.troubles = [StoreDamaged("jobs.db", "begin", "malformed")]
        return ""

    troubled.schedule(ACT.new(1))
    events = JobRunner(troubled, routed(damages_it)).events()

    assert [shown(next(events)) for _ in range(2)] == ["RunnerStarted", "JobStarted"]
    with pytest.raises(StoreDamaged):
        next(events)


# -- arguments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"concurrency": 0}, "expected a concurrency of 1 or more, got 0"),
        ({"queues": ()}, "expected at least one queue, got none"),
        ({"queues": "mail"}, "expected names of queues"),
        ({"queues": ("",)}, "expected a queue, got an empty text"),
        ({"lease": AT_ONCE}, "expected a lease above 0"),
        ({"shutdown_timeout": -SECOND}, "expected a shutdown_timeout of 0 or more"),
        ({"driver": "fibers"}, "expected a driver, one of threads, inline, processes, got 'fibers'"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_where_they_are_made(
    queue: SqliteQueue, arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        JobRunner(queue, routed(payload_of), **arguments)  # type: ignore[arg-type]


def test_a_router_without_handlers_is_refused(queue: SqliteQueue) -> None:
    with pytest.raises(ValueError, match="expected a router with handlers, got an empty one"):
        JobRunner(queue, RunnerRouter())


@pytest.mark.parametrize("interval", [AT_ONCE, -SECOND])
def test_an_interval_of_nothing_is_refused_at_once(queue: SqliteQueue, interval: timedelta) -> None:
    runner = JobRunner(queue, routed(payload_of))

    with pytest.raises(ValueError, match="expected a poll_interval above 0"):
        runner.run(interval)
    with pytest.raises(ValueError, match="expected a poll_interval above 0"):
        runner.events(interval)


def test_a_runner_is_known_while_it_runs(queue: SqliteQueue, db: Path) -> None:
    import apsw

    def runners() -> list[tuple[object, ...]]:
        connection = apsw.Connection(str(db))
        try:
            return list(connection.execute("SELECT lease FROM adc_runners"))
        finally:
            connection.close()

    seen: list[object] = []

    def looks(job: Job[int]) -> str:
        seen.extend(runners())
        return ""

    queue.schedule(ACT.new(1))
    JobRunner(queue, routed(looks), lease=MINUTE).run_until_idle()

    assert seen == [(60_000_000,)]
    assert runners() == []


PLAIN = """
import sys, adc
from adc.testing.memory_queue import MemoryQueue

KIND, router = adc.JobKind("plain", int), adc.RunnerRouter()
router.add_job_handler(KIND, lambda job: None)
queue = MemoryQueue()
queue.schedule(KIND.new(1))
adc.JobRunner(queue, router).run_until_idle()
print(queue.counts()["done"], sorted({"asyncio", "concurrent.futures"} & set(sys.modules)))
"""


def test_plain_handlers_run_without_asyncio() -> None:
    ran = subprocess.run([sys.executable, "-c", PLAIN], capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == ("1 []\n", "")


def test_a_listener_that_raises_stops_the_run_and_strands_no_job(queue: SqliteQueue) -> None:
    jids = queue.schedule_many(ACT.new(number) for number in range(5))

    def breaks(event: RunnerEvent) -> None:
        if isinstance(event, Happened):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        JobRunner(queue, routed(lambda job: "done"), concurrency=3, listener=breaks).run_until_idle()

    assert queue.counts()["started"] == 0
    assert {queue.history(jid)[-1].type for jid in jids} == {"JobDone", "JobScheduled"}


def test_a_listener_and_the_reader_of_events_are_both_told(queue: SqliteQueue) -> None:
    queue.schedule(ACT.new(1))
    heard: list[RunnerEvent] = []
    runner = JobRunner(queue, routed(lambda job: "done"), listener=heard.append)

    read = list(islice(runner.events(), 3))

    assert read == heard[:3]


def test_events_of_a_runner_that_runs_already_do_not_stop_it(queue: SqliteQueue) -> None:
    began, go_on = Event(), Event()

    def waits(job: Job[int]) -> str:
        began.set()
        go_on.wait()
        return "done"

    runner = JobRunner(queue, routed(waits))
    jid = queue.schedule(ACT.new(1))
    events = runner.events()
    first = next(events)
    assert began.wait(10)

    for _ in range(200):
        with pytest.raises(RuntimeError, match="runs already"):
            next(runner.events())

    go_on.set()
    rest = list(islice(events, 2))
    assert isinstance(first, RunnerStarted)
    assert not any(isinstance(event, RunnerStopping) for event in rest)
    events.close()
    assert queue.result(ACT, jid) == Success("done")


def damage(db: Path, change: str) -> None:
    """What a later adc, or an accident, leaves: written without the guard of the log."""
    with closing(apsw.Connection(str(db))) as connection:
        connection.execute("DROP TRIGGER job_events_update")
        connection.execute(f"UPDATE job_events SET {change}")


def test_a_job_of_a_later_adc_is_told_once_and_stops_nobody(queue: SqliteQueue, db: Path) -> None:
    later, now = queue.schedule(ACT.new(1)), queue.schedule(ACT.new(2))
    damage(db, "type_version = 2 WHERE seq = 1")
    told: list[RunnerEvent] = []

    JobRunner(queue, routed(lambda job: "done"), concurrency=1, listener=told.append).run_until_idle()

    assert queue.result(ACT, now) == Success("done")
    problem = f"event 1 (job {later}, version 1): type JobScheduled version 2 is unknown to this adc"
    assert [event for event in told if isinstance(event, JobUnreadable)] == [JobUnreadable(later, problem)]
    with pytest.raises(UnknownEvent):
        queue.poll_next(ACT)


def test_a_running_job_that_becomes_unreadable_costs_the_others_nothing(queue: SqliteQueue, db: Path) -> None:
    both = Barrier(3)

    def waits(job: Job[int]) -> str:
        both.wait()
        both.wait()
        return "done"

    jids = queue.schedule_many([ACT.new(1), ACT.new(2)])
    told: list[RunnerEvent] = []
    runner = JobRunner(queue, routed(waits), listener=told.append)
    thread = Thread(target=runner.run_until_idle)
    thread.start()
    both.wait()
    damage(db, "type_version = 2 WHERE seq = 1")
    with closing(apsw.Connection(str(db))) as connection:  # so that the runner doesn't go by what it remembers of it
        connection.execute("UPDATE adc_jobs SET head = zeroblob(16) WHERE seq = 1")
    both.wait()
    thread.join()

    assert queue.result(ACT, jids[1]) == Success("done")
    assert [event.jid for event in told if isinstance(event, JobUnreadable)] == [jids[0]]


def test_a_kind_that_may_take_longer_to_end_than_its_runner_is_refused(queue: SqliteQueue) -> None:
    patient = JobKind("patient", int, shutdown_timeout=timedelta(seconds=20))
    router = RunnerRouter()
    router.handles(patient)(lambda job: None)

    with pytest.raises(ValueError, match="kind 'patient' has a shutdown_timeout of 0:00:20, its runner one of 0:00:15"):
        JobRunner(queue, router)
    JobRunner(queue, router, shutdown_timeout=timedelta(seconds=20)).run_until_idle()


def test_what_was_added_to_the_router_meanwhile_is_checked_when_it_runs(queue: SqliteQueue) -> None:
    router = routed(payload_of)
    runner = JobRunner(queue, router)
    router.add_job_handler(JobKind("other", int), lambda job: None, process=True)

    with pytest.raises(TypeError, match="kind 'other' runs in a process of its own"):
        runner.run_until_idle()
    assert queue.runners() == ()
