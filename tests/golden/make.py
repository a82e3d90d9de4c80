"""Makes the golden file of the adc that runs this: a database with every event that it can write, and what it says.

Run it once for each format, when that is released, by the adc of the release: `python tests/golden/make.py`. The files
stay as they are from then on. It keeps to what every adc has had from the first one on.
"""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from adc.codec.events import body_of
from adc.core.commands import (
    Cancel,
    Claim,
    Command,
    Complete,
    Erase,
    Expire,
    Fail,
    Redrive,
    Release,
    Reschedule,
    Schedule,
    Snooze,
)
from adc.core.ids import RunnerId, Xid
from adc.core.instants import SECOND, Instant, Span, datetime_of
from adc.core.outcome import Success
from adc.core.retry import RetryPolicy, exponential, fixed, linear
from adc.core.terms import Body, Fault, Terms, Token
from adc.core.transition import Asked, Recorded
from adc.queue import SqliteQueue
from adc.shell import carry_out
from adc.stores.sqlite.migrations import FORMAT
from adc.testing.fixed import FixedClock

EARLY: Final = Instant(1_800_000_000_000_000)
RUNNER: Final = RunnerId("d5k7nc8v2q0g0a1m5j70")
FAULT: Final = Fault(
    ("shop.NoAddress", "builtins.ValueError", "builtins.Exception"), "no such address: größer", "Trace…"
)
PAYLOADS: Final = (b'{"customer":7,"cents":1200}', b"\xff\x00raw", b'"Ada"', b"null")

DATABASE_SINCE: Final = 2
"""The format from which on the log has events of the database itself."""

POLICIES: Final = (
    RetryPolicy(),
    fixed(timedelta(seconds=5), max_retries=3, jitter=False),
    linear(max_retries=2, give_up_on=(LookupError, OSError)),
    exponential(max_retries=5, cap=timedelta(minutes=1)),
)

# What becomes of each job: words for commands, each asked a second after the one before it.
LIVES: Final = (
    "wait",
    "wait reschedule",
    "wait start",
    "wait start done",
    "wait start retry start done",
    "wait start snooze start done",
    "wait start release start done",
    "wait start crash start done",
    "wait start permanent",
    "wait start undecodable",
    "wait start retry start retry start retry start retry",
    "wait start crash start crash",
    "wait start permanent redrive start done",
    "wait start permanent redrive",
    "wait cancel",
    "wait start cancel",
    "wait start cancel done",
    "wait start cancel retry",
    "wait start cancel snooze",
    "wait start cancel release",
    "wait start cancel crash",
    "wait start permanent cancel",
    "wait start done erase",
    "wait start permanent erase",
    "wait cancel erase",
)


def main(folder: Path) -> None:
    """Write format_N.db and format_N.json."""
    database = folder / f"format_{FORMAT}.db"
    database.unlink(missing_ok=True)
    clock = FixedClock()
    with SqliteQueue.open(database, actor="golden", clock=clock) as queue:
        jids = list(lives(queue))
        said = {jid: of_job(queue, jid) for jid in jids}
        if FORMAT >= DATABASE_SINCE:
            said[Xid("0" * 20)] = of_database(queue, clock)
    (folder / f"format_{FORMAT}.json").write_text(json.dumps(said, indent=1) + "\n")


def lives(queue: SqliteQueue) -> Iterator[Xid]:
    """All jobs, one after another."""
    for number, life in enumerate(LIVES):
        jid = Xid(f"d5k7nc8v2q0g0a1m{number:04d}")
        attempt = 0
        for step, word in enumerate(life.split()):
            at = Instant(EARLY + (number * 1_000 + step) * SECOND)
            attempt += word == "start"
            command, body = asked(word, jid, at, attempt, number)
            cause = f"request:r-{number}" if number % 3 == 0 else None
            with queue.store.writing() as writing:
                (outcome,) = carry_out(writing, [Asked(command, f"golden:{word}", cause, body)])
            assert isinstance(outcome, Success), (life, word, outcome)
        yield jid


def asked(word: str, jid: Xid, at: Instant, attempt: int, number: int) -> tuple[Command, bytes | None]:
    """The command of a word, with the bytes that are stored beside its event."""
    token, later = Token(attempt, RUNNER), Instant(at + 60 * SECOND)
    commands: dict[str, Command] = {
        "start": Claim(jid, at, RUNNER, due_by=Instant(at + 3_600 * SECOND)),
        "done": Complete(jid, at, token, body_of(PAYLOADS[number % 4])),
        "retry": Fail(jid, at, token, FAULT, retry_in=Span(SECOND), noise=0.5),
        "permanent": Fail(jid, at, token, FAULT, "permanent"),
        "undecodable": Fail(jid, at, token, Fault(("adc.PayloadUnreadable",), "$: erased"), "undecodable"),
        "snooze": Snooze(jid, at, token, later),
        "release": Release(jid, at, token, "shutdown", later),
        "crash": Expire(jid, at, token, "its process is gone"),
        "cancel": Cancel(jid, at),
        "reschedule": Reschedule(jid, at, later, priority=-5),
        "redrive": Redrive(jid, at, due=at),
        "erase": Erase(jid, at),
    }
    if word == "wait":
        payload = PAYLOADS[number % 4]
        return Schedule(jid, at, terms(body_of(payload), number), Instant(at + number * SECOND)), payload
    return commands[word], PAYLOADS[number % 4] if word == "done" else None


def terms(payload: Body, number: int) -> Terms:
    """Terms in which every field is another one than its default, in some job."""
    return Terms(
        kind=("invoice", "resize.größer")[number % 2],
        payload=payload,
        payload_version=1 + number % 3,
        queue=("default", "money")[number % 2],
        priority=(0, 127, -128)[number % 3],
        retry=POLICIES[(number + 3) % 4],
        timeout=Span(90 * SECOND) if number % 2 else None,
        max_crashes=2,
        key=f"order-{number}" if number % 2 else None,
        meta=(("request", f"r-{number}"), ("mail", "ada@example.org")) if number % 3 else (),
    )


def of_job(queue: SqliteQueue, jid: Xid) -> dict[str, object]:
    """What the adc that runs says of a job."""
    job = queue.store.load((jid,))[jid]
    history = queue.store.history(jid)
    bodies = (queue.store.body(jid, each.version) for each in history)
    return {
        "state": [type(job.state).__name__, msgspec.to_builtins(job.state)],
        "seq": job.seq,
        "head": job.head.hex(),
        "events": [of_event(each) for each in history],
        "bodies": [None if body is None else body.hex() for body in bodies],
    }


def of_database(queue: SqliteQueue, clock: FixedClock) -> dict[str, object]:
    """Events of the database itself, made here, and what the adc that runs says of them."""
    for word, name in (("pause", "money"), ("pause", "größer"), ("resume", "money"), ("pause", "default")):
        clock.advance(timedelta(seconds=1))
        getattr(queue, word)(name)
    prune_one(queue)
    return {
        "paused": queue.store.paused(),
        "events": [of_event(each) for each in queue.store.database_history()],
    }


def prune_one(queue: SqliteQueue) -> None:
    """One more job, that was over before all others, and whose history is gone."""
    jid = Xid("d5k7nc8v2q0g0a1m9999")
    with queue.store.writing() as writing:
        scheduled, body = asked("wait", jid, Instant(EARLY - 2), 0, 0)
        carry_out(writing, [Asked(scheduled, "golden:wait", None, body)])
        carry_out(writing, [Asked(Cancel(jid, Instant(EARLY - 1)), "golden:cancel")])
    queue.prune(done_before=datetime_of(EARLY))


def of_event(each: "Recorded[Any]") -> dict[str, object]:
    """What it says of an event."""
    return {
        "type": type(each.event).__name__,
        "event": msgspec.to_builtins(each.event),
        "seq": each.seq,
        "version": each.version,
        "actor": each.actor,
        "cause": each.cause,
        "digest": each.digest.hex(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
