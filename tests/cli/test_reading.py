"""What the reading commands show of jobs in every state, to people and to programs; and files that they can't read."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import apsw
import pytest

from adc.core.ids import Xid
from adc.handling.notdone import Permanent, Transient
from adc.kind import JobKind
from adc.queue import SqliteQueue
from adc.testing.fixed import FixedClock

Adc = Callable[..., CompletedProcess[str]]

NOTE = JobKind("note", dict[str, int], result=bytes)
NOBODY = "d5k7nc8v2q0g0a1m5j60"

ROW_KEYS = ["jid", "kind", "queue", "state", "priority", "attempt", "retries", "due", "ended", "reason", "key"]


@pytest.fixture
def jids(queue: SqliteQueue) -> dict[str, Xid]:
    """One job in each state, by the state's name."""
    found: dict[str, Xid] = {}
    for state in ("done", "dead", "started", "cancelling", "cancelled", "scheduled"):
        found[state] = queue.schedule(NOTE.new({"n": len(found)}, key=f"the {state} one", meta={"request": "r-1"}))
        if state in {"done", "dead", "started", "cancelling"}:
            claimed = queue.poll_next(NOTE)
            assert claimed is not None
            if state == "done":
                claimed.complete(b"\xff\x00")
            if state == "dead":
                claimed.fail(Permanent("no\nway \x1b[31mout\u202e"))
        if state.startswith("cancel"):
            queue.cancel_job(found[state])
    return found


def lines(done: CompletedProcess[str]) -> list[dict[str, object]]:
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_list_shows_all_jobs_in_the_order_of_scheduling(adc: Adc, jids: dict[str, Xid]) -> None:
    title, *rows = adc("list").stdout.splitlines()

    assert title.split() == ["JID", "STATE", "KIND", "QUEUE", "PRIO", "ATTEMPT", "DUE", "OR", "ENDED"]
    assert [row.split()[:4] for row in rows] == [[jid, state, "note", "default"] for state, jid in jids.items()]
    outlooks = [re.sub("(in [0-9dhms]+|[0-9dhms]+ ago|now)$", "TIME", row).split(maxsplit=6)[6:] for row in rows]
    assert outlooks == [["TIME"], ["Permanent, TIME"], [], [], ["TIME"], ["TIME"]]


def test_list_has_one_object_a_line_for_programs(adc: Adc, jids: dict[str, Xid]) -> None:
    rows = lines(adc("list", "--json"))

    assert [list(row) for row in rows] == [ROW_KEYS] * 6
    assert [row["jid"] for row in rows] == list(jids.values())
    assert rows[-1] == {
        "jid": jids["scheduled"],
        "kind": "note",
        "queue": "default",
        "state": "scheduled",
        "priority": 0,
        "attempt": 0,
        "retries": 0,
        "due": "2027-01-15T08:00:00.000000Z",
        "ended": None,
        "reason": None,
        "key": "the scheduled one",
    }
    ended = {row["state"] for row in rows if row["ended"] == "2027-01-15T08:00:00.000000Z"}
    assert ended == {"done", "dead", "cancelled"}


@pytest.mark.parametrize("name", ["list", "dead"])
def test_programs_get_all_jobs_and_people_a_page(adc: Adc, queue: SqliteQueue, name: str) -> None:
    jids = queue.schedule_many(NOTE.new({"n": number}) for number in range(250))
    while (claimed := queue.poll_next(NOTE)) is not None:
        claimed.fail(Permanent("no"))

    assert [row["jid"] for row in lines(adc(name, "--json"))] == list(jids)
    assert [row["jid"] for row in lines(adc(name, "--json", "--after", jids[119]))] == list(jids[120:])
    assert [row["jid"] for row in lines(adc(name, "--json", "--limit", "250"))] == list(jids)
    some = adc(name, "--json", "--limit", "249")
    assert len(some.stdout.splitlines()) == 249
    assert some.stderr == f"adc: there are more; the next page: --after {jids[248]}\n"
    shown = adc(name)
    assert len(shown.stdout.splitlines()) == 101
    assert shown.stderr == f"adc: there are more; the next page: --after {jids[99]}\n"


@pytest.mark.parametrize(
    ("options", "states"),
    [
        (("--state", "done"), ["done"]),
        (("--state", "dead"), ["dead"]),
        (("--kind", "note"), ["done", "dead", "started", "cancelling", "cancelled", "scheduled"]),
        (("--kind", "other"), []),
        (("--queue", "other"), []),
        (("--due-before", "2027-01-15T08:00Z"), []),
        (("--due-before", "2027-01-15T08:00:01Z"), ["scheduled"]),
        (("--limit", "6"), ["done", "dead", "started", "cancelling", "cancelled", "scheduled"]),
    ],
)
def test_list_picks(adc: Adc, jids: dict[str, Xid], options: tuple[str, ...], states: list[str]) -> None:
    assert [row["state"] for row in lines(adc("list", "--json", *options))] == states


def test_pages_follow_one_another_and_say_so(adc: Adc, jids: dict[str, Xid]) -> None:
    first = adc("list", "--json", "--limit", "4")
    second = adc("list", "--json", "--limit", "4", "--after", jids["cancelling"])

    assert len(first.stdout.splitlines()) == 4
    assert first.stderr == f"adc: there are more; the next page: --after {jids['cancelling']}\n"
    assert [row["state"] for row in lines(second)] == ["cancelled", "scheduled"]


def test_dead_says_why(adc: Adc, jids: dict[str, Xid]) -> None:
    _, row = adc("dead").stdout.splitlines()
    (record,) = lines(adc("dead", "--json"))

    assert row.endswith(r"Permanent  Permanent: no\nway \x1b[31mout\u202e")
    assert record == {
        "jid": jids["dead"],
        "kind": "note",
        "queue": "default",
        "reason": "Permanent",
        "attempt": 1,
        "retries": 0,
        "died_at": "2027-01-15T08:00:00.000000Z",
        "error": "adc.Permanent",
        "message": "no\nway \x1b[31mout\u202e",
    }


def test_history_says_what_happened(adc: Adc, jids: dict[str, Xid]) -> None:
    title, *rows = adc("history", jids["dead"]).stdout.splitlines()
    records = lines(adc("history", jids["dead"], "--json"))

    assert title.split() == ["SEQ", "TIME", "EVENT", "STATE", "ATTEMPT", "ACTOR", "SAYS"]
    assert [row.split()[2] for row in rows] == ["JobScheduled", "JobStarted", "JobDied"]
    assert rows[0].endswith("note, due at once")
    assert [list(record) for record in records] == [
        ["seq", "jid", "version", "at", "type", "state", "actor", "cause", "data"] for _ in rows
    ]
    assert [(record["version"], record["type"]) for record in records] == [
        (1, "JobScheduled"),
        (2, "JobStarted"),
        (3, "JobDied"),
    ]
    scheduled = records[0]["data"]
    assert isinstance(scheduled, dict)
    assert scheduled["due"] == records[0]["at"] == "2027-01-15T08:00:00.000000Z"


SHOW_KEYS = [
    *ROW_KEYS,
    *("scheduled_at", "changed_at", "max_retries", "crashes", "payload_version", "payload_size"),
    *("payload", "payload_base64", "result", "result_base64", "error", "message", "traceback", "meta"),
]


@pytest.mark.parametrize("state", ["done", "dead", "started", "cancelling", "cancelled", "scheduled"])
def test_show_has_all_of_a_job(adc: Adc, jids: dict[str, Xid], state: str) -> None:
    shown = adc("show", jids[state]).stdout
    (record,) = lines(adc("show", jids[state], "--json"))

    assert f"job        {jids[state]}\nstate      {state}" in shown
    assert f'payload    {{"n":{list(jids).index(state)}}}\n' in shown
    assert f"key        the {state} one\nrequest    r-1\n" in shown
    assert list(record) == SHOW_KEYS
    assert (record["jid"], record["state"], record["meta"]) == (jids[state], state, {"request": "r-1"})
    assert (record["payload"], record["payload_size"]) == ({"n": list(jids).index(state)}, 7)


def test_show_has_results_that_are_no_text(adc: Adc, jids: dict[str, Xid]) -> None:
    (record,) = lines(adc("show", jids["done"], "--json"))

    assert (record["result"], record["result_base64"]) == (None, "/wA=")
    assert "result     2 bytes that aren't text (--json has them)\n" in adc("show", jids["done"]).stdout


def test_show_has_the_last_failure_line_by_line(adc: Adc, queue: SqliteQueue, clock: FixedClock) -> None:
    from adc.core.retry import fixed

    kind = JobKind("note", str, retry=fixed(max_retries=1))
    jid = queue.schedule(kind.new("x"))
    claimed = queue.poll_next(kind)
    assert claimed is not None
    claimed.fail(Transient("first\x1b"))

    shown = adc("show", jid).stdout

    assert r"failure    Transient: first\x1b" in shown
    assert "attempts   1; 1 of 1 retries, 0 crashes\n" in shown
    assert "\x1b" not in shown


def test_a_long_payload_is_shown_in_part(adc: Adc, queue: SqliteQueue) -> None:
    jid = queue.schedule(JobKind("text", str).new("x" * 5000))

    assert "… (5002 bytes; --json has all)" in adc("show", jid).stdout
    assert len(str(lines(adc("show", jid, "--json"))[0]["payload"])) == 5000


def test_stats_counts_states(adc: Adc, jids: dict[str, Xid]) -> None:
    assert lines(adc("stats", "--json")) == [
        {"scheduled": 1, "started": 1, "cancelling": 1, "done": 1, "dead": 1, "cancelled": 1, "paused": []}
    ]
    assert adc("stats").stdout.splitlines()[:2] == ["STATE       JOBS", "scheduled      1"]


def test_an_empty_queue_has_titles_only(adc: Adc, queue: SqliteQueue) -> None:
    assert adc("list").stdout == "JID  STATE  KIND  QUEUE  PRIO  ATTEMPT  DUE OR ENDED\n"
    assert adc("list", "--json").stdout == ""


READING = [
    ("list",),
    ("show", NOBODY),
    ("history", NOBODY),
    ("dead",),
    ("stats",),
    ("redrive", NOBODY),
    ("cancel", NOBODY),
]
NAMES = [arguments[0] for arguments in READING]


@pytest.mark.parametrize("arguments", [*READING, ("list", "--after", NOBODY)], ids=[*NAMES, "after"])
def test_an_unknown_id_is_said_in_one_line(adc: Adc, queue: SqliteQueue, arguments: tuple[str, ...]) -> None:
    done = adc(*arguments)

    if NOBODY in arguments:
        assert (done.returncode, done.stdout, done.stderr) == (1, "", f"adc: no job has the id {NOBODY}\n")


@pytest.mark.parametrize("text", ["", "job-1", NOBODY.upper(), f"{NOBODY}0", "'; DROP TABLE adc_jobs"])
def test_a_malformed_id_is_wrong_usage(adc: Adc, queue: SqliteQueue, text: str) -> None:
    done = adc("show", text)

    assert (done.returncode, done.stdout) == (2, "")
    assert f"expected a job's id, 20 characters of 0-9 and a-v, got {text!r}" in done.stderr


@pytest.mark.parametrize("arguments", READING, ids=NAMES)
def test_a_missing_file_is_not_made(adc: Adc, db: Path, arguments: tuple[str, ...]) -> None:
    done = adc(*arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "adc: jobs.db: no such file. Name the queue's file with --db or ADC_DB\n"
    assert not db.exists()


def application_tables(path: Path) -> None:
    with_tables(path, "CREATE TABLE customers (id INTEGER)")


def rust_original(path: Path) -> None:
    with_tables(path, "CREATE TABLE adc_queue (jid TEXT)")


def with_tables(path: Path, schema: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute(schema)
    connection.close()


def text(path: Path) -> None:
    path.write_text("Dear diary,")


def damaged(path: Path) -> None:
    path.write_bytes(b"adc_meta" * 1000)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Path.touch, "jobs.db: there is no queue of adc in this file"),
        (text, "file is not a database"),
        (application_tables, "jobs.db: there is no queue of adc in this file"),
        (damaged, "file is not a database"),
        (rust_original, "Rust original"),
        (Path.mkdir, "jobs.db: this is a directory"),
    ],
)
@pytest.mark.parametrize("arguments", READING, ids=NAMES)
def test_a_file_without_a_queue_is_left_alone(
    adc: Adc, db: Path, arguments: tuple[str, ...], make: Callable[[Path], None], said: str
) -> None:
    make(db)
    before = db.read_bytes() if db.is_file() else b""

    done = adc(*arguments)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("adc: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert (db.read_bytes() if db.is_file() else b"") == before


@pytest.mark.parametrize(
    ("arguments", "environment", "used"),
    [
        ((), {}, "jobs.db"),
        ((), {"ADC_DB": "env.db"}, "env.db"),
        (("--db", "option.db"), {"ADC_DB": "env.db"}, "option.db"),
    ],
)
def test_the_file_is_named_by_option_environment_or_default(
    adc: Adc,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    used: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    adc(*arguments, "schedule", "any", "--unchecked")

    assert [file.name for file in here.glob("*.db")] == [used]
    assert adc("stats", *arguments).returncode == 0  # after the command it means the same


def test_a_queue_in_memory_is_refused(adc: Adc) -> None:
    done = adc("--db", ":memory:", "schedule", "any", "--unchecked")

    assert (done.returncode, done.stdout) == (2, "")
    assert "a queue in memory ends with the command: name a file" in done.stderr


def test_a_busy_file_is_said_in_one_line(adc: Adc, queue: SqliteQueue) -> None:
    with queue.store.writing():
        done = adc("--busy-timeout", "0s", "schedule", "any", "--unchecked")

    assert (done.returncode, done.stdout) == (1, "")
    assert "database is locked" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (b'{"path": "/a", "n": 1.50}', '"payload": {"path": "/a", "n": 1.50}, "payload_base64": null'),
        (
            b'[1,\n "\xc3\xa9\xf0\x9f\x99\x82\x7f"]\n',
            r'"payload": [1,  "\u00e9\ud83d\ude42\u007f"] , "payload_base64": null',
        ),
        (b"null", '"payload": null, "payload_base64": null'),
        (b"Dear diary,", '"payload": "Dear diary,", "payload_base64": null'),
        (b"NaN", '"payload": "NaN", "payload_base64": null'),
        (b"[" * 100_000, '"payload": "[[['),
        (b"\xff", '"payload": null, "payload_base64": "/w=="'),
    ],
)
def test_json_is_shown_to_programs_as_it_is_stored(adc: Adc, queue: SqliteQueue, stored: bytes, shown: str) -> None:
    jid = queue.schedule(JobKind("any", bytes).new(stored))

    done = adc("show", jid, "--json")

    lines(done)
    assert shown in done.stdout


def test_the_help_of_history_says_the_unit_of_lengths(adc: Adc) -> None:
    assert "lengths in data are whole microseconds" in " ".join(adc("history", "--help").stdout.split())


def test_an_empty_variable_counts_as_unset(adc: Adc, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADC_DB", "")

    adc("schedule", "any", "--unchecked")

    assert [file.name for file in here.glob("*.db")] == ["jobs.db"]


def test_a_queue_in_memory_is_refused_from_the_environment_too(adc: Adc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADC_DB", ":memory:")

    done = adc("list")

    assert done.returncode == 2
    assert done.stderr == "adc: ADC_DB: a queue in memory ends with the command: name a file. See adc list --help\n"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere/jobs.db", "There is no directory HERE/nowhere."),
        ("shop.py", "Name the queue's file with --db or ADC_DB."),
    ],
)
def test_a_wrong_path_is_said_with_what_to_do(adc: Adc, here: Path, name: str, said: str) -> None:
    done = adc("--db", name, "schedule", "any", "--unchecked")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(f". {said.replace('HERE', str(here))}\n")
