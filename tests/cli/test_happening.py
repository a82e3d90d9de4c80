"""adc history and events: then and now, as tables, lines and JSON; and while it goes on."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from itertools import islice
from pathlib import Path
from subprocess import CompletedProcess

import apsw
import pytest

from adc.cli.following import follow_job, follow_log, read_log
from adc.cli.happening import place_of
from adc.cli.log_table import entry_of, line_of_event
from adc.cli.then import then_of
from adc.core.ids import DATABASE, Xid
from adc.core.retry import fixed
from adc.handling.cause import caused_by
from adc.handling.notdone import Transient
from adc.history import told
from adc.kind import JobKind
from adc.ports.trouble import LogPruned
from adc.queue import SqliteQueue
from adc.testing.fixed import START, FixedClock

Adc = Callable[..., CompletedProcess[str]]

NOTE = JobKind("note", int, result=int, retry=fixed(timedelta(minutes=1), max_retries=1, jitter=False))
MINUTE = timedelta(minutes=1)
NOBODY = "d5k7nc8v2q0g0a1m5j60"


@pytest.fixture
def jid(queue: SqliteQueue, clock: FixedClock) -> Xid:
    """A job that failed once and is done; a request, and a queue that is paused, are in the log too."""
    found = queue.schedule(NOTE.new(1))
    for number in range(2):
        clock.advance(MINUTE)
        claimed = queue.poll_next(NOTE)
        assert claimed is not None
        clock.advance(MINUTE)
        if number == 0:
            claimed.fail(Transient("no"))
        else:
            claimed.complete(7)
    with caused_by("request:7"):
        queue.schedule(NOTE.new(2))
    queue.pause("mail")
    return found


def lines(done: CompletedProcess[str]) -> list[dict[str, object]]:
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_history_has_states(adc: Adc, jid: Xid) -> None:
    title, *rows = adc("history", jid).stdout.splitlines()

    assert title.split() == ["SEQ", "TIME", "EVENT", "STATE", "ATTEMPT", "ACTOR", "SAYS"]
    assert [row.split()[3] for row in rows] == ["scheduled", "started", "scheduled", "started", "done"]
    assert [record["state"] for record in lines(adc("history", jid, "--json"))] == [row.split()[3] for row in rows]


def test_events_are_those_of_all_jobs_and_of_the_database(adc: Adc, jid: Xid) -> None:
    title, *rows = adc("events").stdout.splitlines()
    records = lines(adc("events", "--json"))

    assert title.split() == ["SEQ", "JID", "TIME", "EVENT", "STATE", "ATTEMPT", "ACTOR", "CAUSE", "SAYS"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4", "5", "6", "7"]
    assert "request:7" in rows[5]
    assert rows[6].split()[1] == DATABASE
    assert [record["seq"] for record in records] == [1, 2, 3, 4, 5, 6, 7]
    assert [record["cause"] for record in records] == [None] * 5 + ["request:7", None]
    assert records[:5] == lines(adc("history", jid, "--json"))


def test_events_come_in_pages(adc: Adc, queue: SqliteQueue) -> None:
    queue.schedule_many(NOTE.new(number) for number in range(250))

    some = adc("events", "--after", "2", "--limit", "3")
    assert [line.split()[0] for line in some.stdout.splitlines()] == ["SEQ", "3", "4", "5"]
    assert some.stderr == "adc: there are more; the next page: --after 5\n"
    assert len(adc("events").stdout.splitlines()) == 101
    assert len(lines(adc("events", "--json"))) == 250
    assert len(lines(adc("events", "--json", "--limit", "7"))) == 7
    assert lines(adc("events", "--json", "--after", "end")) == []
    last = adc("events", "--after", "249")
    assert (len(last.stdout.splitlines()), last.stderr) == (2, "")


@pytest.mark.parametrize(
    ("then", "state", "attempt"),
    [
        ("1", "scheduled", 0),
        ("2", "started", 1),
        ("3", "scheduled", 1),
        ("5", "done", 2),
        ("2027-01-15T08:00Z", "scheduled", 0),
        ("2027-01-15T10:01:30+02:00", "started", 1),
        ("2027-01-15T09:00Z", "done", 2),
    ],
)
def test_a_job_is_shown_as_it_was(adc: Adc, jid: Xid, then: str, state: str, attempt: int) -> None:
    (record,) = lines(adc("history", jid, "--at", then, "--json"))
    shown = adc("history", jid, "--at", then)

    assert (record["jid"], record["state"], record["attempt"]) == (jid, state, attempt)
    assert f"\nstate     {state}\n" in shown.stdout
    assert shown.stdout.startswith(f"as of     event {record['version']} of 5, Job")


def test_a_job_that_waits_is_shown_with_what_was_to_come(adc: Adc, jid: Xid) -> None:
    assert adc("history", jid, "--at", "3").stdout == (
        "as of     event 3 of 5, JobRetried (2027-01-15T08:02:00.000Z)\n"
        f"job       {jid}\n"
        "state     scheduled\n"
        "due       in 1m (2027-01-15T08:03:00.000Z)\n"
        "kind      note\n"
        "queue     default\n"
        "priority  0\n"
        "attempts  1; 1 retries\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--at", "6"), 1, "has 5 events, not 6"),
        (("--at", "0"), 1, "nothing was known of job"),
        (("--at", "2027-01-15T07:00Z"), 1, "it was scheduled 2027-01-15T08:00:00.000Z"),
        (("--at", "yesterday"), 2, "expected a time such as"),
        (("--at", "2027-01-15T08:00"), 2, "has no zone"),
        (("--at", "1", "--follow"), 2, "choose one"),
        (("--timeline", "--follow"), 2, "choose one"),
        (("--timeline", "--json"), 2, "--timeline is for people"),
    ],
)
def test_what_can_t_be_shown_is_said(adc: Adc, jid: Xid, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = adc("history", jid, *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr


def test_a_timeline_is_drawn(adc: Adc, jid: Xid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")

    head, span, _, title, first, second, _, legend = adc("history", jid, "--timeline").stdout.splitlines()

    assert head == f"{jid}  note  done"
    assert span == "from 2027-01-15T08:00:00.000Z, 4m in all; a column is 8s"
    assert title.split() == ["ATTEMPT", "WAITS", "RUNS"]
    assert first.split() == ["1", "1m", "1m", "░░░░░░░░███████↻", "Transient:", "no"]
    assert second.split()[:3] == ["2", "1m", "1m"]
    assert legend == "· not due  ░ due  █ runs"


def test_where_nothing_but_ascii_can_be_shown_letters_do(
    command: Adc, environment: dict[str, str], queue: SqliteQueue, jid: Xid
) -> None:
    environment["PYTHONIOENCODING"] = "ascii"

    done = command("history", jid, "--timeline")

    assert (done.returncode, done.stderr) == (0, "")
    assert "######@" in done.stdout


@pytest.mark.parametrize(("after", "said"), [("8", "the log ends at 7"), ("-1", "a place in the log"), ("x", "place")])
def test_a_place_that_isn_t_in_the_log_is_said(adc: Adc, jid: Xid, after: str, said: str) -> None:
    done = adc("events", "--after", after)

    assert (done.returncode != 0, done.stdout) == (True, "")
    assert said in done.stderr


def prune(db: Path, *seqs: int) -> None:
    other = apsw.Connection(str(db))
    other.execute("DROP TRIGGER IF EXISTS job_events_delete")
    other.execute("INSERT OR REPLACE INTO adc_meta SELECT 'last_seq', max(seq) FROM job_events")
    for seq in seqs:
        other.execute("DELETE FROM job_events WHERE seq = ?", (seq,))
    other.close()


def test_a_gap_is_said_to_who_follows_and_passed_over_for_who_begins(queue: SqliteQueue, jid: Xid, db: Path) -> None:
    prune(db, 2, 3, 7)

    assert [entry_of(each).seq for each in read_log(queue, 0, "skip")] == [1, 4, 5, 6]
    following = read_log(queue, 0)
    assert entry_of(next(following)).seq == 1
    with pytest.raises(LogPruned):
        next(following)


@pytest.fixture
def broken(queue: SqliteQueue, jid: Xid, db: Path, here: Path) -> None:
    """A log that was pruned, as its triggers still say."""
    queue.close()
    other = apsw.Connection(str(db))
    trigger = str(other.execute("SELECT sql FROM sqlite_schema WHERE name = 'job_events_delete'").get)
    other.execute("DROP TRIGGER job_events_delete")
    other.execute("DELETE FROM job_events WHERE seq IN (2, 3)")
    other.execute(trigger)
    other.close()


@pytest.mark.usefixtures("broken")
def test_a_pruned_log_is_said_in_one_line(adc: Adc) -> None:
    done = adc("events", "--after", "1")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("adc: the log no longer has events 2 to 3")
    assert [record["seq"] for record in lines(adc("events", "--json"))] == [1, 4, 5, 6, 7]


@pytest.mark.usefixtures("jid")
def test_events_of_a_later_adc_are_shown_as_they_are_stored(adc: Adc, queue: SqliteQueue, jid: Xid, db: Path) -> None:
    queue.close()
    other = apsw.Connection(str(db))
    trigger = str(other.execute("SELECT sql FROM sqlite_schema WHERE name = 'job_events_update'").get)
    other.execute("DROP TRIGGER job_events_update")
    other.execute("UPDATE job_events SET type = 'JobTeleported' WHERE seq = 3")
    other.execute(trigger)
    other.close()

    for arguments in (("events",), ("history", jid)):
        rows = adc(*arguments).stdout.splitlines()[1:]
        assert "JobTeleported" in rows[2]
        assert "as a later adc wrote it (--json has all)" in rows[2]
        record = lines(adc(*arguments, "--json"))[2]
        assert (record["seq"], record["type"], record["state"]) == (3, "JobTeleported", None)
    assert [record["seq"] for record in lines(adc("events", "--json"))] == [1, 2, 3, 4, 5, 6, 7]
    assert adc("history", jid, "--at", "1").stderr.endswith("type JobTeleported version 1 is unknown to this adc\n")


class Ended(Exception):
    """Nobody asks any more."""


def test_who_follows_gets_each_event_once_whenever_it_happens(queue: SqliteQueue) -> None:
    waits = iter(range(4))

    def wait() -> None:
        turn = next(waits, None)
        if turn is None:
            raise Ended
        queue.schedule_many(NOTE.new(number) for number in range(turn))

    queue.schedule_many(NOTE.new(number) for number in range(3))
    seen: list[int] = []
    with pytest.raises(Ended):
        seen.extend(entry_of(each).seq for each in follow_log(queue, 1, wait))

    assert seen == [2, 3, 4, 5, 6, 7, 8, 9]


def test_who_began_at_the_beginning_is_told_of_later_gaps(queue: SqliteQueue, db: Path) -> None:
    queue.schedule_many(NOTE.new(number) for number in range(6))
    prune(db, 2, 6)

    def happen(number: int) -> None:
        queue.schedule_many(NOTE.new(each) for each in range(number))
        if number == 2:
            prune(db, 10)

    numbers = iter((0, 3, 2))
    seen: list[int] = []

    with pytest.raises(LogPruned):
        seen.extend(entry_of(each).seq for each in follow_log(queue, 0, lambda: happen(next(numbers)), "skip"))

    assert seen == [1, 3, 4, 5, 7, 8, 9]


def test_who_follows_a_job_sees_its_end(queue: SqliteQueue, clock: FixedClock) -> None:
    jid = queue.schedule(NOTE.new(1))
    turns = iter((lambda: None, lambda: queue.schedule(NOTE.new(2)), lambda: run(queue), lambda: None))

    def wait() -> object:
        return next(turns)()

    seen = [each.state for each in follow_job(queue, jid, wait)]

    assert seen == ["scheduled", "started", "done"]


def run(queue: SqliteQueue) -> None:
    claimed = queue.poll_next(NOTE)
    assert claimed is not None
    claimed.complete(7)


def test_a_line_says_all_of_an_event(queue: SqliteQueue) -> None:
    with caused_by("request:7"):
        jid = queue.schedule(NOTE.new(1))
    run(queue)
    first, started, done = told(queue.store.history(jid))

    assert line_of_event(first) == (
        f"     1  2027-01-15T08:00:00.000Z  {jid}  JobScheduled    scheduled   test  "
        "note, due at once (cause: request:7)"
    )
    assert line_of_event(started).endswith("attempt 1")
    assert line_of_event(done).endswith("attempt 1, result of 1 bytes")


@pytest.mark.parametrize(("text", "place"), [("0", 0), ("17", 17), ("end", "end")])
def test_a_place_is_a_number_or_the_end(text: str, place: object) -> None:
    assert place_of(text) == place


def test_digits_are_a_version_and_all_else_a_time() -> None:
    assert (then_of("12"), then_of("2027-01-15T08:00Z")) == (12, START)


def follower(environment: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    line = (sys.executable, "-m", "adc", *arguments, "--poll", "10ms")
    return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_process_follows_the_log_until_it_is_interrupted(environment: dict[str, str], queue: SqliteQueue) -> None:
    queue.schedule_many(NOTE.new(number) for number in range(3))
    with follower(environment, "events", "--follow", "--json", "--after", "1") as process:
        assert process.stdout is not None
        seen = [json.loads(line)["seq"] for line in islice(process.stdout, 2)]
        queue.schedule_many(NOTE.new(number) for number in range(4))
        seen += [json.loads(line)["seq"] for line in islice(process.stdout, 4)]
        os.kill(process.pid, signal.SIGINT)
        rest, said = process.communicate()

    assert (seen, rest, said, process.returncode) == ([2, 3, 4, 5, 6, 7], "", "", 130)


def test_a_process_follows_a_job_to_its_end(environment: dict[str, str], queue: SqliteQueue) -> None:
    jid = queue.schedule(NOTE.new(1))
    with follower(environment, "history", jid, "--follow") as process:
        assert process.stdout is not None
        assert "JobScheduled" in process.stdout.readline()
        run(queue)
        rest, said = process.communicate()

    assert [line.split()[3] for line in rest.splitlines()] == ["JobStarted", "JobDone"]
    assert (said, process.returncode) == ("", 0)
