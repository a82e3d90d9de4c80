"""Doors: whatever is handed in is stored and given back as it was, or refused at the door; each text at each door.

The doors are in two tables, the texts in the corpus. A refusal is a ValueError or TypeError, or a class of these.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias, cast

import apsw
import pytest

import adc
from adc.handling.fault import MESSAGE_LIMIT
from adc.testing import MemoryQueue
from tests.faults.corpus import LENGTHS, MOMENTS, NUMBERS, TEXTS, VALUES
from tests.faults.hostile_schemas import without_guards
from tests.faults.input_doors import command_line

AnyQueue: TypeAlias = adc.SqliteQueue | MemoryQueue
REFUSED: Final = (ValueError, TypeError, adc.Refused)
"""Among them PayloadRefused, ResultRefused, UnsupportedType, NaiveDatetime, OutOfRange."""
MOMENT: Final = datetime(2040, 1, 1, tzinfo=UTC)
ANY: Final = adc.JobKind("any", object, result=object)
TEXT: Final = adc.JobKind("text", str, result=str)


@pytest.fixture(params=["memory", "sqlite"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyQueue]:
    opened = (
        MemoryQueue() if request.param == "memory" else adc.SqliteQueue.open(tmp_path / "jobs.db", durability="normal")
    )
    with opened:
        yield opened


def row_of(queue: AnyQueue, new: adc.NewJob) -> adc.JobRow:
    jid = queue.schedule(new)
    (row,) = [row for row in queue.look(limit=1_000) if row.jid == jid]
    return row


def kind_name(queue: AnyQueue, text: str) -> str:
    kind = adc.JobKind(text, int)
    assert row_of(queue, kind.new(1)).kind == text
    claimed = queue.poll_next(kind, at=MOMENT)
    assert claimed is not None
    claimed.complete(None)
    return queue.look(kind=text)[0].kind


def queue_name(queue: AnyQueue, text: str) -> str:
    assert row_of(queue, TEXT.new("x", queue=text)).queue == text
    claimed = queue.poll_next(TEXT, at=MOMENT, queue=text)
    assert claimed is not None
    claimed.fail(adc.Permanent("no"))
    return queue.look(queue=text)[0].queue


def key(queue: AnyQueue, text: str) -> str | None:
    new = TEXT.new("x", key=text)
    jid = queue.schedule(new)
    assert queue.schedule(TEXT.new("x", key=text)) == jid
    return row_of(queue, new).key


def meta_name(queue: AnyQueue, text: str) -> str:
    return next(iter(_claimed(queue, TEXT.new("x", meta={text: "y"})).job.meta))


def meta_text(queue: AnyQueue, text: str) -> str:
    return _claimed(queue, TEXT.new("x", meta={"y": text})).job.meta["y"]


def payload(queue: AnyQueue, text: str) -> str:
    return _claimed(queue, TEXT.new(text)).job.payload


def payload_given_back(queue: AnyQueue, text: str) -> str:
    return queue.unschedule_job(TEXT, queue.schedule(TEXT.new(text))).unwrap()


def payload_in_bytes(queue: AnyQueue, text: str) -> str:
    given = text.encode(errors="surrogatepass")
    queue.schedule(adc.JobKind("raw", bytes).new(given))
    claimed = queue.poll_next(adc.JobKind("raw", bytes), at=MOMENT)
    assert claimed is not None
    return claimed.job.payload.decode(errors="surrogatepass")


def result(queue: AnyQueue, text: str) -> str:
    claimed = _claimed(queue, TEXT.new("x"))
    claimed.complete(text)
    return queue.result(TEXT, claimed.job.jid).unwrap()


def cause(queue: AnyQueue, text: str) -> str | None:
    with adc.caused_by(f"request:{text}"):
        jid = queue.schedule(TEXT.new("x"))
    said = queue.history(jid)[0].cause
    return None if said is None else said.removeprefix("request:")


def paused(queue: AnyQueue, text: str) -> str:
    queue.pause(text)
    return next(name for name in queue.paused() if name == text)


def retried_on(queue: AnyQueue, text: str) -> str:
    policy = adc.RetryPolicy(max_retries=1, give_up_on=(text,))
    entry = queue.history(queue.schedule(TEXT.new("x", retry=policy)))[0]
    terms = cast("dict[str, dict[str, list[str]]]", entry.data["terms"])
    return terms["retry"]["give_up_on"][0]


def _claimed(queue: AnyQueue, new: adc.NewJob[str]) -> adc.Claimed[str, str]:
    queue.schedule(new)
    claimed = queue.poll_next(TEXT, at=MOMENT)
    assert claimed is not None
    return claimed


TEXT_DOORS: Final[dict[str, Callable[[AnyQueue, str], str | None]]] = {
    door.__name__: door
    for door in (
        *(kind_name, queue_name, key, meta_name, meta_text, cause, paused, retried_on),
        *(payload, payload_given_back, payload_in_bytes, result),
    )
}


@pytest.mark.parametrize("door", TEXT_DOORS.values(), ids=TEXT_DOORS)
def test_a_text_comes_back_as_it_was_or_is_refused_at_the_door(
    door: Callable[[AnyQueue, str], str | None], queue: AnyQueue
) -> None:
    accepted = 0
    for name, text in TEXTS.items():
        before = queue.store.last_seq()
        try:
            got = door(queue, text)
        except REFUSED as refusal:
            assert queue.store.last_seq() - before <= 2, name  # at most the job that the text was to be a part of
            assert str(refusal).encode(), name
        else:
            assert got == text, name
            accepted += 1
    assert accepted > 10


JID_DOORS: Final[dict[str, Callable[[AnyQueue, adc.Xid], object]]] = {
    "history": lambda queue, jid: queue.history(jid),
    "job_at": lambda queue, jid: queue.job_at(jid, MOMENT),
    "explain": lambda queue, jid: queue.explain(jid),
    "export": lambda queue, jid: queue.export(jid),
    "result": lambda queue, jid: queue.result(TEXT, jid),
    "cancel_job": lambda queue, jid: queue.cancel_job(jid),
    "unschedule_job": lambda queue, jid: queue.unschedule_job(TEXT, jid),
    "reschedule": lambda queue, jid: queue.reschedule(jid, priority=1),
    "redrive": lambda queue, jid: queue.redrive(jid),
    "erase": lambda queue, jid: queue.erase(jid),
    "look after": lambda queue, jid: queue.look(after=jid),
    "look at a kind": lambda queue, jid: queue.look(kind=jid),
    "look at a queue": lambda queue, jid: queue.look(queue=jid),
    "resume": lambda queue, jid: queue.resume(jid),
}


@pytest.mark.parametrize("door", JID_DOORS.values(), ids=JID_DOORS)
def test_a_text_that_is_no_id_is_nobody_s(door: Callable[[AnyQueue, adc.Xid], object], queue: AnyQueue) -> None:
    for text in TEXTS.values():
        with suppress(*REFUSED):
            door(queue, adc.Xid(text))
    assert not any(queue.counts().values())


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_as_it_was_or_is_refused_at_the_door(name: str, queue: AnyQueue) -> None:
    value = VALUES[name]
    try:
        queue.schedule(ANY.new(value))
    except adc.PayloadRefused as refused:
        assert len(str(refused).encode()) < 1_000
        assert not any(queue.counts().values())
        return
    claimed = queue.poll_next(ANY, at=MOMENT)
    assert claimed is not None
    assert repr(claimed.job.payload) == repr(value) or name in {"bytes", "a set", "a deque"}
    with suppress(adc.ResultRefused):
        claimed.complete(value)
        assert repr(queue.result(ANY, claimed.job.jid).unwrap()) == repr(claimed.job.payload)


NUMBER_DOORS: Final[dict[str, Callable[[AnyQueue, int], object]]] = {
    "priority of a kind": lambda queue, number: adc.JobKind("k", int, priority=number),
    "priority of a job": lambda queue, number: queue.schedule(TEXT.new("x", priority=number)),
    "version": lambda queue, number: queue.schedule(adc.JobKind("v", int, version=number).new(1)),
    "max_crashes": lambda queue, number: queue.schedule(adc.JobKind("m", int, max_crashes=number).new(1)),
    "max_retries": lambda queue, number: queue.schedule(TEXT.new("x", retry=adc.exponential(max_retries=number))),
    "payload_limit": lambda queue, number: adc.JobKind("p", int, payload_limit=number).new(1),
    "reschedule": lambda queue, number: queue.reschedule(queue.schedule(TEXT.new("x")), priority=number),
    "limit of look": lambda queue, number: queue.look(limit=number),
    "limit of events": lambda queue, number: queue.events(limit=number),
    "after of events": lambda queue, number: queue.events(after=number),
    "job_at": lambda queue, number: queue.job_at(queue.schedule(TEXT.new("x")), number),
    "concurrency": lambda queue, number: adc.JobRunner(queue, _router(), concurrency=number),
}


@pytest.mark.parametrize("door", NUMBER_DOORS.values(), ids=NUMBER_DOORS)
def test_a_number_is_taken_or_refused_at_the_door(door: Callable[[AnyQueue, int], object], queue: AnyQueue) -> None:
    refused = 0
    for number in NUMBERS.values():
        try:
            door(queue, cast("int", number))
        except REFUSED as refusal:
            assert str(refusal).encode()
            refused += 1
    queue.look()
    assert refused >= 5


MOMENT_DOORS: Final[dict[str, Callable[[AnyQueue, datetime], object]]] = {
    "at": lambda queue, moment: queue.schedule(TEXT.new("x").at(moment)),
    "schedule_at": lambda queue, moment: queue.schedule_at(TEXT.new("x"), moment),
    "poll_next": lambda queue, moment: queue.poll_next(TEXT, at=moment),
    "reschedule": lambda queue, moment: queue.reschedule(queue.schedule(TEXT.new("x")), due=moment),
    "look": lambda queue, moment: queue.look(due_before=moment),
    "job_at": lambda queue, moment: queue.job_at(queue.schedule(TEXT.new("x")), moment),
}


@pytest.mark.parametrize("door", MOMENT_DOORS.values(), ids=MOMENT_DOORS)
def test_a_moment_is_taken_or_refused_at_the_door(
    door: Callable[[AnyQueue, datetime], object], queue: AnyQueue
) -> None:
    refused = 0
    for moment in MOMENTS.values():
        try:
            door(queue, cast("datetime", moment))
        except REFUSED:
            refused += 1
    for row in queue.look():
        repr(row)
    assert refused >= 3


LENGTH_DOORS: Final[dict[str, Callable[[AnyQueue, timedelta], object]]] = {
    "after": lambda queue, length: queue.schedule(TEXT.new("x").after(length)),
    "schedule_in": lambda queue, length: queue.schedule_in(TEXT.new("x"), length),
    "timeout": lambda queue, length: queue.schedule(adc.JobKind("t", int, timeout=length).new(1)),
    "shutdown_timeout": lambda queue, length: adc.JobKind("s", int, shutdown_timeout=length),
    "backoff": lambda queue, length: queue.schedule(TEXT.new("x", retry=adc.fixed(length, max_retries=2))),
    "lease": lambda queue, length: adc.JobRunner(queue, _router(), lease=length),
    "snooze": lambda queue, length: _claimed(queue, TEXT.new("x")).snooze(length),
}


@pytest.mark.parametrize("door", LENGTH_DOORS.values(), ids=LENGTH_DOORS)
def test_a_length_is_taken_or_refused_at_the_door(
    door: Callable[[AnyQueue, timedelta], object], queue: AnyQueue
) -> None:
    refused = 0
    for length in LENGTHS.values():
        try:
            door(queue, cast("timedelta", length))
        except REFUSED:
            refused += 1
    for row in queue.look():
        repr(row)
    assert refused >= 3


def _router() -> adc.RunnerRouter:
    router = adc.RunnerRouter()
    router.add_job_handler(TEXT, lambda job: job.payload)
    return router


@pytest.mark.parametrize("raised", [adc.Permanent, ValueError], ids=["a NotDone", "any exception"])
def test_what_a_handler_says_is_stored_as_far_as_there_is_room(raised: type[Exception], queue: AnyQueue) -> None:
    router = adc.RunnerRouter()

    @router.handles(TEXT)
    def fail(job: adc.Job[str]) -> str:
        raise raised(TEXTS[job.payload])

    jids = {queue.schedule(TEXT.new(name)): text for name, text in TEXTS.items()}
    adc.JobRunner(queue, router, driver="inline").run_until_idle()

    for jid, text in jids.items():
        fault = cast("dict[str, str]", queue.history(jid)[-1].data["fault"])
        stored = text.encode(errors="replace").decode()
        kept = fault.get("message", "")
        assert kept == stored or (len(kept.encode()) <= MESSAGE_LIMIT and stored.startswith(kept[:100])), text[:100]


def test_a_record_of_the_log_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Names that no door lets in: somebody wrote them into the file."""
    path = tmp_path / "jobs.db"
    with adc.SqliteQueue.open(path) as queue:
        for _ in _storable():
            queue.schedule(TEXT.new("x"))
    _write_into(path, "job_events", "data", "json_set(data, '$.terms.kind', ?)")
    router = adc.RunnerRouter()
    router.add_job_handler(TEXT, lambda job: adc.Failure(adc.Permanent("no\nno")))

    with adc.SqliteQueue.open(path) as queue, caplog.at_level(logging.DEBUG):
        adc.JobRunner(queue, router, driver="inline").run_until_idle()

    assert len(caplog.records) > len(_storable())
    for record in caplog.records:
        assert record.getMessage().isprintable(), record.getMessage()


FAULT: Final = "json_object('names', json_array(?1), 'message', ?1, 'traceback', ?1)"
COMMANDS: Final = (
    *(("list",), ("dead",), ("stats",), ("runners",), ("events",), ("verify",), ("list", "--json"), ("dead", "--json")),
    *(("events", "--json"), ("runners", "--json"), ("stats", "--json"), ("verify", "--json")),
    *(("show", "?"), ("history", "?"), ("explain", "?"), ("show", "?", "--json"), ("history", "?", "--json")),
)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("job_events", "actor", "?"),
        ("job_events", "cause", "?"),
        ("job_events", "data", "json_set(data, '$.terms.kind', ?)"),
        ("job_events", "data", "json_set(data, '$.terms.queue', ?)"),
        ("job_events", "data", "json_set(data, '$.terms.meta', json_array(json_array(?1, ?1)))"),
        ("job_events", "data", f"json_set(data, '$.fault', {FAULT})"),
        ("job_events", "type", "?"),
        ("job_events", "jid", "?"),
        ("job_events", "body", "CAST(json_quote(?) AS BLOB)"),
        ("adc_jobs", "queue", "?"),
        ("adc_jobs", "runner", "?"),
        ("adc_jobs", "reason", "?"),
        ("adc_paused", "queue", "?"),
        ("adc_meta", "value", "?"),
        ("adc_runners", "runner", "?"),
        ("adc_runners", "host", "?"),
        ("adc_runners", "kinds", "json_array(json_array(?, 1))"),
    ],
)  # fmt: skip
def test_what_a_command_shows_of_a_file_does_nothing_to_the_terminal(
    table: str, column: str, value: str, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.db"
    with adc.SqliteQueue.open(path, durability="normal") as queue:
        jids = [queue.schedule(TEXT.new("x")) for _ in _storable()]
        for _ in range(3):
            claimed = queue.poll_next(TEXT, at=MOMENT)
            assert claimed is not None
            claimed.fail(adc.Permanent("no"))
        queue.poll_next(TEXT, at=MOMENT)
        queue.pause("mail")
        _write_into(path, table, column, value)

        for command in COMMANDS:
            for jid in jids[:4] if "?" in command else jids[:1]:
                command_line("--db", str(path), *(jid if word == "?" else word for word in command))


def _storable() -> list[str]:
    return [text for text in TEXTS.values() if text.isascii() or text.encode(errors="ignore").decode() == text][:60]


def _write_into(path: Path, table: str, column: str, value: str) -> None:
    """Each row of a table gets another text in a column, past adc."""
    key = "key" if table == "adc_meta" else "queue" if table == "adc_paused" else "rowid"
    with closing(apsw.Connection(str(path))) as connection, without_guards(connection):
        rows = connection.execute(f"SELECT {key} FROM {table} ORDER BY 1").fetchall()
        for place, (row,) in enumerate(rows):
            if row not in {"format", "min_reader"}:
                text = _storable()[place % len(_storable())][:10_000]
                with suppress(apsw.ConstraintError, apsw.SQLError):
                    connection.execute(f"UPDATE {table} SET {column} = {value} WHERE {key} IS ?2", (text, row))


def test_a_name_of_a_file_names_that_file_and_no_other(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    place.mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    for name, text in TEXTS.items():
        before = set(tmp_path.rglob("*"))
        path = f"{place}/{text}"
        try:
            with adc.SqliteQueue.open(path, durability="normal") as queue:
                queue.schedule(TEXT.new(name))
        except (adc.StoreTrouble, *REFUSED) as refused:
            assert str(refused).encode(errors="surrogateescape"), name
        else:
            assert Path(path).is_file(), name
        made = set(tmp_path.rglob("*")) - before
        assert all(each.resolve().is_relative_to(Path(path).resolve().parent) for each in made), name
