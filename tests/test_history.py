"""History: states after events, a job as it was, and the log page by page: each event once, or a word about the gap."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from adc.codec.events import DamagedEvent
from adc.core.commands import Erase
from adc.core.evolve import ImpossibleHistory, fold
from adc.core.ids import DATABASE, Xid
from adc.core.outcome import Success
from adc.core.retry import fixed
from adc.core.states import Absent, StateName, state_name
from adc.core.transition import Asked
from adc.handling.notdone import Permanent, Transient
from adc.history import state_after
from adc.kind import JobKind
from adc.ports.trouble import LogPruned
from adc.queue import SqliteQueue, StoreQueue
from adc.reading import LogEntry
from adc.shell import carry_out
from adc.stores.memory import MemoryStore
from adc.testing.fixed import START, FixedClock, FixedDice
from adc.testing.memory_queue import MemoryQueue
from adc.testing.store_walks import Walk

MAIL = JobKind("mail", str, result=int, retry=fixed(timedelta(minutes=1), max_retries=1, jitter=False))
HOUR = timedelta(hours=1)
NOBODY = Xid("d5k7nc8v2q0g0a1m5j60")


def story(queue: StoreQueue, clock: FixedClock) -> Xid:
    """A job that failed, was asked to end while it ran, was done all the same, and erased; an event an hour."""
    jid = queue.schedule(MAIL.new("hello", key="k"))
    for end in ("fail", "cancel"):
        clock.advance(HOUR)
        claimed = queue.poll_next(MAIL)
        assert claimed is not None
        clock.advance(HOUR)
        if end == "fail":
            claimed.fail(Transient("no"))
        else:
            queue.cancel_job(jid)
            clock.advance(HOUR)
            claimed.complete(7)
    clock.advance(HOUR)
    erase(queue, jid)
    return jid


def erase(queue: StoreQueue, jid: Xid) -> None:
    with queue.store.writing() as writing:
        (erased,) = carry_out(writing, [Asked(Erase(jid, queue.clock.now()), "test")])
    assert isinstance(erased, Success)


STORY: list[tuple[str, StateName]] = [
    ("JobScheduled", "scheduled"),
    ("JobStarted", "started"),
    ("JobRetried", "scheduled"),
    ("JobStarted", "started"),
    ("CancelAsked", "cancelling"),
    ("JobDone", "done"),
    ("PayloadErased", "done"),
]


def test_each_event_of_a_history_has_the_state_after_it(queue: SqliteQueue, clock: FixedClock) -> None:
    jid = story(queue, clock)

    assert [(entry.type, entry.state) for entry in queue.history(jid)] == STORY


def test_the_log_has_the_same_entries_as_the_histories(queue: SqliteQueue, clock: FixedClock) -> None:
    one = story(queue, clock)
    queue.redrive(one)
    other = queue.schedule(MAIL.new("another"))

    entries = queue.events()

    assert [entry for entry in entries if entry.jid == one] == list(queue.history(one))
    assert [entry for entry in entries if entry.jid == other] == list(queue.history(other))
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


@pytest.mark.parametrize("seed", range(8))
def test_what_an_event_leads_to_is_what_the_fold_says(seed: int) -> None:
    store = MemoryStore()
    walk = Walk(store, seed)
    walk.run(250)
    queue = StoreQueue(store, clock=FixedClock(), dice=FixedDice(), actor="test")

    entries = queue.events(limit=1_000_000, gaps="skip")  # walks prune

    assert len(entries) > 10
    for entry in entries:
        if entry.jid == DATABASE:
            assert entry.state is None
            continue
        events = [each.event for each in store.history(entry.jid)][: entry.version]
        state = fold(events)
        assert not isinstance(state, Absent)
        assert entry.state == state_name(state)
        assert state_after(events[-1]) in {None, entry.state}


def test_a_job_is_shown_as_it_was_after_each_event(queue: SqliteQueue, clock: FixedClock) -> None:
    jid = story(queue, clock)

    rows = [queue.job_at(jid, version) for version in range(8)]

    assert rows[0] is None
    assert [row and row.state for row in rows[1:]] == [state for _, state in STORY]
    assert [row and row.attempt for row in rows[1:]] == [0, 1, 1, 2, 2, 2, 2]
    assert [row and row.retries for row in rows[1:]] == [0, 0, 1, 1, 1, 1, 1]
    assert [row and row.due for row in rows[1:]] == [START, None, START + 2 * HOUR + timedelta(minutes=1), *[None] * 4]
    assert rows[-1] == queue.look(state="done")[0]


def test_a_job_is_shown_as_it_was_at_a_moment(queue: SqliteQueue, clock: FixedClock) -> None:
    jid = story(queue, clock)

    def state_at(hours: float) -> StateName | None:
        row = queue.job_at(jid, START + hours * HOUR)
        return None if row is None else row.state

    assert [state_at(hours) for hours in (-0.1, 0, 0.9, 1, 2, 4, 4.9, 5, 99)] == [
        *(None, "scheduled", "scheduled", "started", "scheduled", "cancelling", "cancelling", "done", "done")
    ]


def test_at_a_moment_before_a_clock_was_set_back_nothing_later_counts(queue: SqliteQueue, clock: FixedClock) -> None:
    clock.advance(HOUR)
    jid = queue.schedule(MAIL.new("hello"))
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    clock.at = START
    claimed.complete(7)

    assert queue.job_at(jid, START) is None
    assert queue.job_at(jid, START + HOUR) == queue.job_at(jid, 3)


@pytest.mark.parametrize(
    ("when", "message"),
    [(-1, "a version from 0 to 1, got -1"), (2, "from 0 to 1, got 2"), (START.replace(tzinfo=None), "time zone")],
)
def test_a_time_that_can_t_be_is_refused(queue: SqliteQueue, when: int, message: str) -> None:
    jid = queue.schedule(MAIL.new("hello"))

    with pytest.raises(ValueError, match=message):
        queue.job_at(jid, when)
    with pytest.raises(TypeError, match="expected a version as an int"):
        queue.job_at(jid, "1")  # type: ignore[arg-type]


@pytest.mark.parametrize("jid", [NOBODY, DATABASE, "job-1"])
def test_of_an_unknown_job_nothing_was_ever_known(queue: SqliteQueue, jid: str) -> None:
    queue.pause("mail")

    assert (queue.job_at(Xid(jid), 1), queue.job_at(Xid(jid), START)) == (None, None)


def read_on(queue: StoreQueue, after: int = 0, limit: int = 3) -> list[LogEntry]:
    found: list[LogEntry] = []
    while page := queue.events(after=after, limit=limit):
        found += page
        after = page[-1].seq
    return found


def test_pages_have_each_event_once(queue: SqliteQueue) -> None:
    queue.schedule_many(MAIL.new("hello") for _ in range(10))
    queue.pause("mail")

    assert [entry.seq for entry in read_on(queue)] == list(range(1, 12))
    assert [entry.seq for entry in read_on(queue, after=8)] == [9, 10, 11]
    assert queue.events(after=11) == ()


def test_events_of_the_database_stand_among_those_of_jobs(queue: SqliteQueue) -> None:
    queue.schedule(MAIL.new("hello"))
    queue.pause("mail")
    queue.schedule(MAIL.new("hello"))
    queue.resume("mail")

    entries = queue.events()

    assert [entry.type for entry in entries] == ["JobScheduled", "QueuePaused", "JobScheduled", "QueueResumed"]
    assert [(entry.jid, entry.version, entry.state) for entry in entries[1::2]] == [
        (DATABASE, 1, None),
        (DATABASE, 2, None),
    ]
    assert entries[1].data == {"queue": "mail"}


def test_a_queue_in_memory_has_the_same_log(queue: SqliteQueue, clock: FixedClock) -> None:
    memory = MemoryQueue(clock=FixedClock(), dice=FixedDice())
    for each in (queue, memory):
        story(each, each.clock if isinstance(each.clock, FixedClock) else clock)
        each.pause("mail")

    def told(each: StoreQueue) -> list[tuple[int, str, StateName | None]]:
        return [(entry.seq, entry.type, entry.state) for entry in each.events()]

    assert told(memory) == told(queue)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"after": 2}, "expected a place in the log, at most 1, got 2: is it the same file?"),
        ({"after": -1}, "expected an after of 0 or more, got -1"),
        ({"limit": 0}, "expected a limit from 1 to 1000000, got 0"),
        ({"gaps": "fill"}, "expected gaps to be 'refuse' or 'skip', got 'fill'"),
    ],
)
def test_a_page_that_can_t_be_is_refused(queue: SqliteQueue, wish: dict[str, object], message: str) -> None:
    queue.schedule(MAIL.new("hello"))

    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        queue.events(**wish)  # type: ignore[arg-type]


def pruned(db: Path, *seqs: int) -> None:
    """As a prune would leave the file, or whoever edits it."""
    other = apsw.Connection(str(db))
    other.execute("DROP TRIGGER job_events_delete; INSERT INTO adc_meta SELECT 'last_seq', max(seq) FROM job_events")
    for seq in seqs:
        other.execute("DELETE FROM job_events WHERE seq = ?", (seq,))
    other.close()


@pytest.mark.parametrize(
    ("gone", "after", "read", "missing"),
    [
        ((1, 2), 0, [], (0, 3)),
        ((1, 2), 1, [], (1, 3)),
        ((1, 2), 2, [3, 4, 5, 6], None),  # older than all that is gone: it has seen it
        ((3, 4), 0, [1, 2], (2, 5)),
        ((3, 5), 2, [], (2, 4)),
        ((3, 5), 3, [4], (4, 6)),
        ((5, 6), 3, [4], (4, 7)),
        ((1, 2, 3, 4, 5, 6), 3, [], (3, 7)),
        ((1, 2, 3, 4, 5, 6), 6, [], None),
    ],
)
def test_a_follower_is_told_of_what_it_missed(
    queue: SqliteQueue, db: Path, gone: Sequence[int], after: int, read: list[int], missing: tuple[int, int] | None
) -> None:
    queue.schedule_many(MAIL.new("hello") for _ in range(6))
    pruned(db, *gone)

    there = [entry.seq for entry in queue.events(after=after, gaps="skip")]

    assert there == [seq for seq in range(after + 1, 7) if seq not in gone]
    if missing is None or read:
        assert [entry.seq for entry in queue.events(after=after)] == read
    if missing is not None:
        with pytest.raises(LogPruned) as told:
            queue.events(after=missing[0])
        assert (told.value.after, told.value.next_seq) == missing
        assert str(told.value).startswith(f"the log no longer has events {missing[0] + 1} to {missing[1] - 1}")
        queue.schedule(MAIL.new("later"))
        assert queue.events(after=missing[1] - 1)[0].seq == missing[1]


def test_a_follower_that_was_told_can_go_on(queue: SqliteQueue, db: Path) -> None:
    queue.schedule_many(MAIL.new("hello") for _ in range(9))
    pruned(db, 1, 4, 5, 9)
    found, after = list[int](), 0

    for _ in range(9):
        try:
            page = queue.events(after=after)
        except LogPruned as gap:
            after = gap.next_seq - 1
        else:
            found += [entry.seq for entry in page]
            after = page[-1].seq if page else after

    assert found == [2, 3, 6, 7, 8]


def edited(db: Path, statement: str) -> None:
    other = apsw.Connection(str(db))
    other.execute("DROP TRIGGER job_events_update")
    other.execute(statement)
    other.close()


def test_events_before_one_that_can_t_be_read_come_first(queue: SqliteQueue, db: Path) -> None:
    queue.schedule_many(MAIL.new("hello") for _ in range(3))
    edited(db, "UPDATE job_events SET data = '{}' WHERE seq = 2")

    assert [entry.seq for entry in queue.events()] == [1]
    with pytest.raises(DamagedEvent, match="event 2 "):
        queue.events(after=1)
    assert [entry.seq for entry in queue.events(after=2)] == [3]


def test_of_a_job_with_an_event_that_can_t_be_read_the_state_isn_t_told(
    queue: SqliteQueue, db: Path, clock: FixedClock
) -> None:
    story(queue, clock)
    edited(db, "UPDATE job_events SET type = 'JobTeleported' WHERE seq = 2")

    assert [(entry.seq, entry.state) for entry in queue.events(after=5)] == [(6, "done"), (7, None)]


def test_a_history_that_can_t_be_is_shown_without_states(queue: SqliteQueue, db: Path, clock: FixedClock) -> None:
    jid = story(queue, clock)
    pruned(db, 2)

    assert [entry.state for entry in queue.history(jid)] == ["scheduled", *[None] * 5]
    assert [entry.state for entry in queue.events(after=5)] == ["done", None]
    with pytest.raises(ImpossibleHistory):
        queue.job_at(jid, 5)


def test_dead_and_cancelled_jobs_tell_their_state_when_they_are_erased(queue: SqliteQueue) -> None:
    cancelled, dead = queue.schedule_many((MAIL.new("one"), MAIL.new("two")))
    queue.cancel_job(cancelled)
    claimed = queue.poll_next(MAIL)
    assert claimed is not None
    claimed.fail(Permanent("no"))
    for jid in (cancelled, dead):
        erase(queue, jid)

    ends = [(entry.jid, entry.state) for entry in queue.events() if entry.type == "PayloadErased"]

    assert ends == [(cancelled, "cancelled"), (dead, "dead")]


WRITER = """
import sys, adc
KIND = adc.JobKind("mail", str)
with adc.SqliteQueue.open(sys.argv[1], durability="normal", busy_timeout=adc_timeout) as queue:
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(int(sys.argv[2])):
        jid = queue.schedule(KIND.new(str(number)))
        if number % 3 == 0:
            queue.cancel_job(jid)
        if number % 5 == 0:
            queue.schedule_many(KIND.new("bulk") for _ in range(3))
""".replace("adc_timeout", "__import__('datetime').timedelta(minutes=1)")


def test_a_follower_gets_each_event_of_many_processes_once_and_in_order(db: Path) -> None:
    """Numbers are given where the lock is held: no event appears behind one that a reader has seen."""
    SqliteQueue.open(db, durability="normal").close()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(db), "150"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    seen: list[int] = []
    expected, pages = 4 * (150 + 50 + 30 * 3), 0

    while len(seen) < expected:  # a new reader each time: what it knows is the last number
        with SqliteQueue.open(db, durability="normal", busy_timeout=timedelta(minutes=1)) as reader:
            for limit in (1, 7, 1_000):
                page = reader.events(after=seen[-1] if seen else 0, limit=limit)
                seen += [entry.seq for entry in page]
                pages += bool(page)

    assert seen == list(range(1, expected + 1))
    assert pages > 10
    for writer in writers:
        assert writer.wait() == 0
        assert writer.stdout is not None
        writer.stdout.close()


def test_entries_can_be_written_as_json(queue: SqliteQueue, clock: FixedClock) -> None:
    story(queue, clock)
    queue.pause("mail")

    assert all(json.loads(json.dumps(entry.data)) is not None for entry in queue.events())
