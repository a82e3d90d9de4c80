"""A real file: jobs in every state, keys, erased payloads, a paused queue; the same bytes each time."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from adc.core.commands import Cancel, Command, Expire, Fail, Redrive, Release, Reschedule, Snooze
from adc.core.database import Pause, Resume
from adc.core.ids import Xid
from adc.core.instants import Instant, Span
from adc.core.retry import RetryPolicy
from adc.core.terms import Token
from adc.shell import change_database
from adc.stores.sqlite.opening import open_store
from adc.testing.samples import FAULT
from adc.testing.store_moves import NOW, Moves, nth, order

Life = Callable[[Moves, Xid], object]
"""What is done with a job once it is scheduled."""

TWICE: Final = RetryPolicy(max_retries=2)


def reported(report: Callable[[Xid, Token], Command]) -> Life:
    return lambda moves, jid: moves.must(report(jid, moves.claim(jid)))


def cancel_running(moves: Moves, jid: Xid) -> None:
    moves.claim(jid)
    moves.must(Cancel(jid, NOW))


def die(moves: Moves, jid: Xid) -> None:
    moves.must(Fail(jid, NOW, moves.claim(jid), FAULT, "permanent"))


def die_twice(moves: Moves, jid: Xid) -> None:
    die(moves, jid)
    moves.must(Redrive(jid, NOW, NOW))
    die(moves, jid)


def done_and_erased(moves: Moves, jid: Xid) -> None:
    moves.finish(jid, b"x" * 40)
    moves.erase(jid)


LIVES: Final[tuple[Life, ...]] = (
    lambda moves, jid: None,
    lambda moves, jid: moves.must(Reschedule(jid, NOW, Instant(5_000), 7)),
    lambda moves, jid: moves.claim(jid),
    lambda moves, jid: moves.finish(jid, jid.encode() * 2),
    lambda moves, jid: moves.must(Cancel(jid, NOW)),
    reported(lambda jid, token: Fail(jid, NOW, token, FAULT, noise=0.5)),
    reported(lambda jid, token: Snooze(jid, NOW, token, Instant(9_000))),
    reported(lambda jid, token: Release(jid, NOW, token, "shutdown", NOW)),
    reported(lambda jid, token: Expire(jid, NOW, token, "its process is gone")),
    cancel_running,
    die,
    die_twice,
    done_and_erased,
)


def make_file(path: Path, *, jobs: int = 130, seed: int = 5) -> None:
    """A new file with so many jobs, ten of each life if there are 130."""
    random = Random(seed)
    store = open_store(str(path), "normal", Span(0))
    moves = Moves(store)
    numbers = [random.randrange(1, 1 << 90) for _ in range(jobs)]
    for place, number in enumerate(numbers):
        key = f"order-{place}" if place % 3 == 0 else None
        payload = random.randbytes(200)
        queue = random.choice(("default", "mail"))
        moves.schedule(order(number, queue=queue, key=key, payload=payload, retry=TWICE, priority=place % 5))
    for place, number in enumerate(numbers):
        LIVES[place % len(LIVES)](moves, nth(number))
    for command in (Pause(NOW, "mail"), Pause(NOW, "default"), Resume(NOW, "default")):
        with store.writing() as writing:
            change_database(writing, command, actor="examiner")
    store.close()
