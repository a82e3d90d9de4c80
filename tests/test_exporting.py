"""Exporting: a job as a file that says all of it, or what a hook leaves of it."""

import json
from typing import Any

import pytest

from adc.codec.exported import events_of, read_export
from adc.core.commands import Erase
from adc.core.events import JobDied, JobDone, JobScheduled
from adc.core.ids import Xid
from adc.core.outcome import Failure, Success
from adc.core.refusals import NotFound
from adc.core.transition import Asked
from adc.exporting import Part, Redact
from adc.handling.notdone import Permanent
from adc.kind import JobKind, P, R
from adc.queue import SqliteQueue, StoreQueue
from adc.shell import carry_out
from adc.testing.memory_queue import MemoryQueue

GREET = JobKind("greet", str, result=str)
RAW = JobKind("raw", bytes, result=bytes)


def ran(queue: StoreQueue, kind: JobKind[P, R], payload: P, said: R | Permanent) -> Xid:
    """A job that one attempt ended."""
    jid = queue.schedule(kind.new(payload, key="order-7", meta={"mail": "ada@example.org"}))
    claimed = queue.poll_next(kind)
    assert claimed is not None
    ended = claimed.fail(said) if isinstance(said, Permanent) else claimed.complete(said)
    assert ended == Success(None)
    return jid


def fields(queue: StoreQueue, jid: Xid, redact: Redact | None = None) -> dict[str, Any]:
    return dict(json.loads(queue.export(jid, redact=redact).unwrap()))


def test_the_file_has_all_of_a_job(queue: SqliteQueue) -> None:
    jid = ran(queue, GREET, "Ada", "Hello, Ada!")

    exported = fields(queue, jid)

    assert (exported["format"], exported["jid"], exported["redacted"]) == (1, jid, False)
    assert (exported["payload"], exported["result"]) == ({"text": '"Ada"'}, {"text": '"Hello, Ada!"'})
    assert [event["type"] for event in exported["events"]] == ["JobScheduled", "JobStarted", "JobDone"]
    assert exported["events"][0]["data"]["terms"]["key"] == "order-7"
    assert exported["adc"][0].isdigit()
    assert exported["answers"] == []


def test_its_events_are_those_of_the_log(queue: SqliteQueue) -> None:
    jid = ran(queue, GREET, "Ada", "Hello, Ada!")

    read = read_export(queue.export(jid).unwrap().encode())

    assert events_of(read) == tuple(each.event for each in queue.store.history(jid))


def test_bytes_that_are_no_text_are_base64() -> None:
    queue = MemoryQueue()

    exported = fields(queue, ran(queue, RAW, b"\xff\x00", b"ok"))

    assert (exported["payload"], exported["result"]) == ({"base64": "/wA="}, {"text": "ok"})


def test_a_job_that_waits_has_no_result() -> None:
    queue = MemoryQueue()

    assert fields(queue, queue.schedule(GREET.new("Ada")))["result"] is None


def test_of_an_erased_job_the_events_are_left(queue: SqliteQueue) -> None:
    jid = ran(queue, GREET, "Ada", "Hello, Ada!")
    with queue.store.writing() as writing:
        carry_out(writing, [Asked(Erase(jid, queue.clock.now()), "test")])

    exported = fields(queue, jid)

    assert (exported["payload"], exported["result"]) == (None, None)
    assert exported["events"][-1]["type"] == "PayloadErased"
    hidden = fields(queue, jid, redact=lambda part, text: "-")
    assert hidden["events"][0]["data"]["terms"]["payload"]["hash"] == ""


@pytest.mark.parametrize("jid", [Xid("d5k7nc8v2q0g0a1m5j60"), Xid("what?")])
def test_an_unknown_job_is_a_refusal(jid: Xid) -> None:
    assert MemoryQueue().export(jid) == Failure(NotFound(jid))


def test_the_hook_sees_every_text_that_may_hold_what_must_not_leave() -> None:
    queue = MemoryQueue()
    seen: list[tuple[Part, str]] = []

    def note(part: Part, text: str) -> str:
        seen.append((part, text))
        return text

    died = ran(queue, GREET, "Ada", Permanent("no such address"))
    whole = queue.export(died).unwrap()
    kept = queue.export(died, redact=note).unwrap()

    assert kept.replace('"redacted": true', '"redacted": false') == whole
    assert {part for part, _ in seen} == {"payload", "key", "meta", "message", "actor", "traceback"}
    assert {text for part, text in seen if part in {"payload", "key", "meta", "message"}} == {
        '"Ada"', "order-7", "ada@example.org", "no such address",
    }  # fmt: skip


def test_what_the_hook_takes_out_is_nowhere_in_the_file() -> None:
    queue = MemoryQueue()
    jid = ran(queue, GREET, "Ada", "Hello, Ada!")
    queue.cancel_job(jid)

    file = queue.export(jid, redact=lambda part, text: '"Bob"' if part in {"payload", "result"} else "-").unwrap()

    assert "Ada" not in file
    assert "ada@" not in file
    scheduled, *_, done = events_of(read_export(file.encode()))
    log = [each.event for each in queue.store.history(jid)]
    assert isinstance(scheduled, JobScheduled)
    assert isinstance(done, JobDone)
    assert isinstance(log[0], JobScheduled)
    assert scheduled.terms.payload.hash == done.result.hash != log[0].terms.payload.hash


def test_a_message_is_taken_out_of_a_failure() -> None:
    queue = MemoryQueue()
    jid = ran(queue, GREET, "Ada", Permanent("no such address: ada@example.org"))

    file = queue.export(jid, redact=lambda part, text: text.replace("ada@example.org", "…")).unwrap()

    *_, died = events_of(read_export(file.encode()))
    assert isinstance(died, JobDied)
    assert died.fault is not None
    assert died.fault.message == "no such address: …"
    assert "ada@" not in file


def test_a_hook_that_gives_no_text_is_a_type_error() -> None:
    queue = MemoryQueue()
    jid = queue.schedule(GREET.new("Ada"))

    with pytest.raises(TypeError, match="expected the text that is to stand in the file, got NoneType for a payload"):
        queue.export(jid, redact=lambda part, text: None)  # type: ignore[arg-type, return-value]
