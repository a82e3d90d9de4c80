"""Gathering: producers in many threads share commits, and nothing else."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT, SIGUSR1, raise_signal, signal
from threading import Barrier, Event, Thread, get_ident, main_thread

import pytest
from typing_extensions import TypeVar, override

from adc import system
from adc.aio import AsyncQueue
from adc.core.ids import Xid
from adc.core.outcome import Failure, Success
from adc.core.refusals import KeyTaken
from adc.gathering import Call, Gathering
from adc.handling.cause import caused_by
from adc.kind import JobKind, NewJob
from adc.ports.store import Writing
from adc.ports.trouble import OutcomeUnknown, StoreBusy, StoreDamaged, StoreFull, StoreTrouble
from adc.queue import SqliteQueue, StoreQueue
from adc.refused import Refused
from adc.stores.memory import MemoryStore

MAIL = JobKind("mail", str)
SOON = 30
T = TypeVar("T")


class Gated(MemoryStore):
    """A store whose next transaction waits, once it has begun, until it is let through, or breaks."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0
        self.waits = False
        self.waits_at_commit = False
        self.began = Event()
        self.go_on = Event()
        self.commits_now = Event()
        self.may_commit = Event()
        self.after_commit: Callable[[], None] | None = None
        self.at_begin: list[BaseException | None] = []
        """What the next transactions raise before they begin."""
        self.breaks: list[BaseException | None] = []
        """What the commits of the next transactions raise, after or before they are carried out."""
        self.committed_though = False

    @override
    @contextmanager
    def writing(self) -> Iterator[MemoryStore]:
        if self.waits:
            self.waits = False
            self.began.set()
            assert self.go_on.wait(SOON)
        if self.at_begin and (refusal := self.at_begin.pop(0)) is not None:
            raise refusal
        error = self.breaks.pop(0) if self.breaks else None
        with super().writing() as writing:
            yield writing
            if self.waits_at_commit:
                self.commits_now.set()
                assert self.may_commit.wait(SOON)
            if error is not None and not self.committed_though:
                raise error
        self.commits += 1
        if self.after_commit is not None:
            self.after_commit()
        if error is not None:
            raise error


@pytest.fixture
def store() -> Gated:
    return Gated()


@pytest.fixture
def gated(store: Gated) -> StoreQueue:
    return StoreQueue(store, clock=system.SystemClock(), dice=system.SystemDice(), actor="test")


class Doing(Thread):
    """A call in a thread, and what came of it."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self._call = call
        self.came: object = None
        self.start()

    @override
    def run(self) -> None:
        try:
            self.came = self._call()
        except BaseException as error:  # noqa: BLE001  told by whoever looks
            self.came = error

    def result(self) -> object:
        self.join(SOON)
        assert not self.is_alive()
        return self.came


def together(queue: StoreQueue, store: Gated, *calls: Callable[[], object]) -> list[object]:
    """The first one writes when all others wait for it."""
    store.waits = True
    doing = [Doing(calls[0])]
    assert store.began.wait(SOON)
    for number, call in enumerate(calls[1:], start=1):
        doing.append(Doing(call))
        waited(queue.gathering, number)
    store.go_on.set()
    return [each.result() for each in doing]


def waited(gathering: Gathering, count: int) -> None:
    """Until so many wait: it takes them no more than a moment."""
    while len(gathering._waiting) < count:
        pass


def scheduling(queue: StoreQueue, *jobs: NewJob) -> Callable[[], object]:
    return (lambda: queue.schedule(jobs[0])) if len(jobs) == 1 else lambda: queue.schedule_many(jobs)


def mails(queue: StoreQueue) -> list[Xid]:
    return [entry.jid for entry in queue.events()]


def test_who_waits_shares_a_commit_in_the_order_of_coming(gated: StoreQueue, store: Gated) -> None:
    jobs = [MAIL.new(str(number)) for number in range(6)]

    came = together(gated, store, *(scheduling(gated, job) for job in jobs[:4]), scheduling(gated, *jobs[4:]))

    assert came == [*(job.jid for job in jobs[:4]), tuple(job.jid for job in jobs[4:])]
    assert store.commits == 1
    assert mails(gated) == [job.jid for job in jobs]


def test_who_is_woken_while_it_is_carried_out_does_not_come_again(gated: StoreQueue, store: Gated) -> None:
    store.waits = store.waits_at_commit = True
    writing = Doing(scheduling(gated, MAIL.new("a")))
    assert store.began.wait(SOON)
    waiting = Doing(scheduling(gated, MAIL.new("b")))
    waited(gated.gathering, 1)
    store.go_on.set()
    assert store.commits_now.wait(SOON)

    (_, carried_out) = gated.gathering._led
    carried_out.wake()  # as who was before it in the row does
    assert carried_out.bell is not None
    while not carried_out.bell.empty():
        pass
    store.may_commit.set()

    assert [each.result() for each in (writing, waiting)] == mails(gated)
    assert not gated.gathering._waiting


def test_no_call_is_carried_out_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SqliteQueue.open(tmp_path / "jobs.db") as queue:
        writing, undone = queue.store.writing, list[BaseException]()

        @contextmanager
        def told() -> Iterator[Writing]:
            try:
                with writing() as now:
                    yield now
            except BaseException as error:
                undone.append(error)
                raise

        monkeypatch.setattr(queue.store, "writing", told)

        def schedule_some() -> None:
            for number in range(50):
                queue.schedule(MAIL.new(str(number)))

        for doing in [Doing(schedule_some) for _ in range(8)]:
            assert doing.result() is None

        assert not undone  # of what is carried out once more, the log refuses the events
        assert len(mails(queue)) == 400


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), StoreBusy("jobs.db", "begin", "locked")])
def test_who_waited_and_cannot_begin_is_not_stored_by_the_next_one(
    gated: StoreQueue, store: Gated, raised: BaseException
) -> None:
    store.waits_at_commit = True
    store.at_begin = [None, raised]
    writing = Doing(scheduling(gated, MAIL.new("a")))
    assert store.commits_now.wait(SOON)
    waiting = Doing(scheduling(gated, MAIL.new("b")))
    waited(gated.gathering, 1)
    store.may_commit.set()

    first = writing.result()
    assert waiting.result() is raised
    assert not gated.gathering._waiting
    later = gated.schedule(MAIL.new("later"))
    assert mails(gated) == [first, later]


def test_only_who_is_nowhere_and_not_over_waits(gated: StoreQueue) -> None:
    """However far it has come while its thread couldn't look."""
    gathering, call = gated.gathering, Call((MAIL.new("a"),), None)
    gathering._led = [call]
    gathering._queue_up(call)
    assert not gathering._waiting

    gathering._led = []
    gathering._queue_up(call)
    gathering._queue_up(call)
    assert list(gathering._waiting) == [call]

    gathering._waiting.clear()
    call.came_to(())
    gathering._queue_up(call)
    assert not gathering._waiting


def test_the_turn_is_never_taken_without_it_being_known_by_whom(
    gated: StoreQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal handler that schedules in between would wait for its own thread."""

    def asked() -> int:
        assert not gated.gathering._turn.locked() or gated.gathering._writer
        return get_ident()

    monkeypatch.setattr("adc.gathering.get_ident", asked)
    jid = gated.schedule(MAIL.new("a"))

    assert mails(gated) == [jid]


def test_nobody_is_refused_for_a_job_that_is_not_stored(gated: StoreQueue, store: Gated) -> None:
    holder, several = MAIL.new("a", key="k"), (MAIL.new("b"), MAIL.new("c", key="k"))
    store.breaks = [None, StoreFull("jobs.db", "commit", "full")]

    came = together(gated, store, scheduling(gated, holder), scheduling(gated, *several))

    assert isinstance(came[0], StoreFull)
    assert came[1] == tuple(mails(gated)) == tuple(job.jid for job in several)


def test_a_refusal_concerns_its_own_call(gated: StoreQueue, store: Gated) -> None:
    first, other, third = MAIL.new("a", key="k"), MAIL.new("b", key="k"), MAIL.new("c")

    came = together(
        gated, store, scheduling(gated, third), scheduling(gated, first), scheduling(gated, other),
        lambda: gated.try_schedule(other), lambda: gated.try_schedule(MAIL.new("a", key="k")),
    )  # fmt: skip

    assert came[:2] == [third.jid, first.jid]
    assert isinstance(came[2], Refused)
    assert came[2].refusal == KeyTaken("k", first.jid)
    assert came[3:] == [Failure(KeyTaken("k", first.jid)), Success(first.jid)]
    assert mails(gated) == [third.jid, first.jid]


def test_of_several_jobs_all_are_stored_or_none_whoever_shares_the_commit(gated: StoreQueue, store: Gated) -> None:
    taken = gated.schedule(MAIL.new("a", key="k"))
    one, refused, other = MAIL.new("1"), MAIL.new("2", key="k"), MAIL.new("3")

    came = together(
        gated, store, scheduling(gated, one), scheduling(gated, MAIL.new("lost"), refused),
        scheduling(gated, MAIL.new("lost"), refused), scheduling(gated, other),
    )  # fmt: skip

    assert (came[0], came[3]) == (one.jid, other.jid)
    for each in came[1:3]:
        assert isinstance(each, Refused)
        assert (each.jid, each.refusal) == (refused.jid, KeyTaken("k", taken))
    assert mails(gated) == [taken, one.jid, other.jid]


@pytest.mark.parametrize("committed", [True, False])
def test_an_unknown_outcome_reaches_all_whose_jobs_were_in_it(
    gated: StoreQueue, store: Gated, *, committed: bool
) -> None:
    jobs = [MAIL.new(str(number)) for number in range(4)]
    store.breaks, store.committed_though = [OutcomeUnknown("jobs.db", "commit", "an error")], committed

    came = together(gated, store, *(scheduling(gated, job) for job in jobs))

    assert [each.jids for each in came if isinstance(each, OutcomeUnknown)] == [(job.jid,) for job in jobs]
    assert len({id(each) for each in came}) == 4
    assert len(mails(gated)) == (4 if committed else 0)
    assert [gated.schedule(job) for job in jobs] == [job.jid for job in jobs]  # that is safe
    assert len(mails(gated)) == 4


def test_a_busy_store_is_told_to_all_who_shared_the_transaction(gated: StoreQueue, store: Gated) -> None:
    store.breaks = [StoreBusy("jobs.db", "commit", "locked")]

    came = together(gated, store, *(scheduling(gated, MAIL.new("a")) for _ in range(3)))

    assert [type(each) for each in came] == [StoreBusy] * 3
    assert mails(gated) == []


def test_other_trouble_concerns_only_who_has_it(gated: StoreQueue, store: Gated) -> None:
    damage = StoreDamaged("jobs.db", "load", "a job can't be read")
    jobs = [MAIL.new(str(number)) for number in range(3)]
    store.breaks = [damage, damage]  # all together, and then the first one alone

    came = together(gated, store, *(scheduling(gated, job) for job in jobs))

    assert sorted(map(str, came)) == sorted([str(damage), jobs[1].jid, jobs[2].jid])
    assert len(mails(gated)) == 2


def test_each_has_its_own_cause(gated: StoreQueue, store: Gated) -> None:
    def caused(text: str, job: NewJob) -> Xid:
        with caused_by(f"request:{text}"):
            return gated.schedule(job)

    jobs = [MAIL.new(text) for text in "abc"]
    together(gated, store, *(lambda job=job, text=text: caused(text, job) for job, text in zip(jobs, "abc")))  # noqa: B905

    assert [entry.cause for job in jobs for entry in gated.history(job.jid)] == [f"request:{text}" for text in "abc"]


def test_who_is_interrupted_while_it_writes_loses_nobody_s_job(gated: StoreQueue, store: Gated) -> None:
    """As Ctrl-C does to the main thread: the others carry out their own."""
    jobs = [MAIL.new(str(number)) for number in range(4)]
    store.breaks = [KeyboardInterrupt()]

    came = together(gated, store, *(scheduling(gated, job) for job in jobs))

    assert isinstance(came[0], KeyboardInterrupt)
    assert came[1:] == [job.jid for job in jobs[1:]]
    assert set(mails(gated)) == {job.jid for job in jobs[1:]}


def test_who_is_interrupted_after_the_commit_loses_nobody_s_answer(gated: StoreQueue, store: Gated) -> None:
    jobs = [MAIL.new(str(number)) for number in range(4)]
    store.breaks, store.committed_though = [KeyboardInterrupt()], True

    came = together(gated, store, *(scheduling(gated, job) for job in jobs))

    assert isinstance(came[0], KeyboardInterrupt)
    assert came[1:] == [job.jid for job in jobs[1:]]
    assert len(mails(gated)) == 4


def test_who_is_interrupted_while_it_waits_leaves(gated: StoreQueue, store: Gated) -> None:
    lost, kept = MAIL.new("lost"), MAIL.new("kept")
    store.waits = True
    leader = Doing(scheduling(gated, kept))
    assert store.began.wait(SOON)

    def interrupt() -> None:
        waited(gated.gathering, 1)
        raise_signal(SIGINT)

    assert main_thread().is_alive()
    Doing(interrupt)
    with pytest.raises(KeyboardInterrupt):
        gated.schedule(lost)
    store.go_on.set()

    assert leader.result() == kept.jid
    assert mails(gated) == [kept.jid]


def test_a_signal_handler_that_schedules_while_its_thread_writes_is_refused_and_not_stuck(
    gated: StoreQueue, store: Gated
) -> None:
    came: list[object] = []
    inner = MAIL.new("inner")

    def handle(number: int, frame: object) -> None:
        try:
            came.append(gated.schedule(inner))
        except StoreTrouble as trouble:
            came.append(trouble.problem)

    before = signal(SIGUSR1, handle)
    try:
        with store.writing():
            raise_signal(SIGUSR1)
        gated.gathering._writer = 0
        raise_signal(SIGUSR1)
    finally:
        signal(SIGUSR1, before)

    assert came == ["this thread is in a write transaction already", inner.jid]


def test_what_a_signal_handler_scheduled_does_not_come_again(gated: StoreQueue, store: Gated) -> None:
    inner, waiting = MAIL.new("inner"), MAIL.new("waiting")
    left: list[NewJob] = []

    def handle(number: int, frame: object) -> None:
        store.after_commit = None
        gated.schedule(inner)
        left.extend(job for call in gated.gathering._waiting for job in call.jobs)

    def let_one_wait() -> object:
        assert store.commits_now.wait(SOON)
        follower = Doing(scheduling(gated, waiting))
        waited(gated.gathering, 1)
        store.may_commit.set()
        return follower.result()

    store.waits_at_commit, store.after_commit = True, lambda: raise_signal(SIGUSR1)
    before = signal(SIGUSR1, handle)
    try:
        others = Doing(let_one_wait)
        gated.schedule(MAIL.new("outer"))
        assert others.result() == waiting.jid
    finally:
        signal(SIGUSR1, before)

    assert left == [waiting]
    assert store.commits == len(mails(gated)) == 3


def test_many_threads_lose_nothing(queue: SqliteQueue) -> None:
    """With refusals, keys that several want, and jobs of several in one call."""
    start = Barrier(8)
    done: list[Xid] = []

    def produce(number: int) -> None:
        start.wait(SOON)
        for each in range(25):
            done.append(queue.schedule(MAIL.new(f"{number}-{each}")))
            match queue.try_schedule(MAIL.new(f"{number}", key=f"key-{each}")):
                case Success(jid):
                    done.append(jid)
                case Failure(refusal):
                    assert isinstance(refusal, KeyTaken)
            done.extend(queue.schedule_many(MAIL.new(f"{number}-{each}-{n}") for n in range(3)))

    threads = [Doing(lambda number=number: produce(number)) for number in range(8)]  # type: ignore[misc]
    assert [each.result() for each in threads] == [None] * 8

    assert len(done) == len(set(done)) == 8 * 25 * 4 + 25
    assert queue.counts()["scheduled"] == len(done)
    assert list(queue.verify()) == []


def test_a_thread_s_own_jobs_keep_their_order(queue: SqliteQueue) -> None:
    start = Barrier(4)

    def produce() -> list[Xid]:
        start.wait(SOON)
        return [queue.schedule(MAIL.new("x")) for _ in range(25)]

    came = [each.result() for each in [Doing(produce) for _ in range(4)]]
    places = {entry.jid: entry.seq for entry in queue.events()}
    for jids in came:
        assert isinstance(jids, list)
        assert [places[jid] for jid in jids] == sorted(places[jid] for jid in jids)


def test_coroutines_share_commits_and_keep_their_order(gated: StoreQueue, store: Gated) -> None:
    jobs = [MAIL.new(str(number)) for number in range(7)]

    async def produce() -> list[object]:
        async with AsyncQueue(gated) as jobs_of:
            store.waits = True
            asked = [asyncio.ensure_future(jobs_of.schedule(jobs[0]))]
            await asyncio.to_thread(store.began.wait, SOON)
            asked += [asyncio.ensure_future(jobs_of.schedule(job)) for job in jobs[1:4]]
            asked_to_cancel = asyncio.ensure_future(jobs_of.cancel_job(jobs[0].jid))
            later = [asyncio.ensure_future(jobs_of.schedule(job)) for job in jobs[4:6]]
            dropped = asyncio.ensure_future(jobs_of.schedule(jobs[6]))
            await asyncio.sleep(0)
            dropped.cancel()
            await asyncio.wait((dropped,))
            store.go_on.set()
            return [*await asyncio.gather(*asked), await asked_to_cancel, *await asyncio.gather(*later)]

    came = asyncio.run(produce())

    assert came == [*(job.jid for job in jobs[:4]), Success(None), *(job.jid for job in jobs[4:6])]
    assert mails(gated) == [*(job.jid for job in jobs[:4]), jobs[0].jid, *(job.jid for job in jobs[4:6])]
    assert store.commits == 3  # the first one with the three behind it, the cancelling, and the rest


def test_others_may_be_named_when_nobody_else_can_write(gated: StoreQueue) -> None:
    calls = [Call((MAIL.new(text),), None) for text in "abc"]
    gated.gathering.carry_out(calls[0], lambda: calls[1:])

    assert all(call.is_over for call in calls)
    assert [outcome.unwrap() for call in calls for outcome in call.outcomes] == mails(gated)
    assert gated.schedule_many(()) == ()


def test_a_job_that_turns_out_to_be_known_is_found_and_costs_the_others_nothing(queue: SqliteQueue) -> None:
    known, others = MAIL.new("known"), [MAIL.new(str(n)) for n in range(3)]
    queue.schedule(known)

    assert queue.schedule_many([others[0], known, *others[1:], known]) == (
        *(others[0].jid, known.jid),
        *(others[1].jid, others[2].jid, known.jid),
    )
    assert [each.jid for each in queue.store.events(0, 9)] == [known.jid, *(each.jid for each in others)]
