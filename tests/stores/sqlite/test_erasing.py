"""Erasing: the bytes of payloads and results are nowhere on the disk any more."""

from contextlib import closing
from pathlib import Path
from random import Random

import apsw
import pytest

from adc.core.commands import Cancel
from adc.core.instants import Instant, Span
from adc.core.outcome import Success
from adc.stores.sqlite.opening import open_store
from adc.stores.sqlite.verifying import verify_file
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import ACTOR, NOW, Moves, nth, order
from tests.elsewhere import bytes_of


def on_disk(path: Path) -> bytes:
    """The file, and what is beside it."""
    return b"".join(bytes_of(each) for each in path.parent.iterdir() if each.name.startswith(path.name))


def secret(number: int, size: int) -> bytes:
    return b"<secret %06d " % number + b"%d" % (number % 10) * size + b">"


@pytest.mark.parametrize("size", [10, 500, 3_000, 20_000])
def test_whatever_is_erased_is_nowhere_on_the_disk(moves: Moves, path: Path, size: int) -> None:
    """In whichever order: neighbours that move over within the file leave nothing behind either."""
    numbers = range(60 if size > 5_000 else 400)
    moves.schedule(*(order(n, payload=secret(n, size)) for n in numbers))
    for number in numbers:
        if number % 3:
            moves.finish(nth(number), secret(1_000 + number, size // 2))
        else:
            moves.must(Cancel(nth(number), NOW))
    assert on_disk(path).count(b"<secret ") >= 1.6 * len(numbers)
    erased = list(numbers)
    Random(size).shuffle(erased)
    kept, erased = erased[:20], erased[20:]

    for jid in map(nth, erased):
        moves.erase(jid)
    assert moves.store.scrub()

    there = on_disk(path)
    left = [n for n in erased if secret(n, 0)[:14] in there or secret(1_000 + n, 0)[:14] in there]
    assert left == []
    assert all(moves.store.body(nth(n), 1) == secret(n, size) for n in kept)
    assert list(verify_file(str(path))) == []


def test_what_is_pruned_is_nowhere_on_the_disk(moves: Moves, path: Path) -> None:
    moves.schedule(*(order(n, payload=secret(n, 300)) for n in range(400)))
    for number in range(0, 400, 2):
        moves.finish(nth(number))

    moves.store.prune(Instant(NOW + 1), at=NOW, actor=ACTOR, cause=None)

    there = on_disk(path)
    assert [n for n in range(0, 400, 2) if secret(n, 0)[:14] in there] == []
    assert all(secret(n, 300) in there for n in range(1, 400, 2))


def test_while_somebody_reads_how_it_was_the_bytes_are_in_the_wal(
    moves: Moves, other: apsw.Connection, path: Path
) -> None:
    moves.schedule(order(1, payload=secret(1, 50)))
    moves.finish(nth(1))
    other.execute("SAVEPOINT reading")
    assert other.execute("SELECT count(*) FROM job_events").get == 3

    moves.erase(nth(1))
    assert not moves.store.scrub()
    assert b"<secret" in on_disk(path)
    other.execute("RELEASE reading")
    assert moves.store.scrub()
    assert b"<secret" not in on_disk(path)


def test_other_queues_of_the_file_go_on_while_it_is_scrubbed(moves: Moves, path: Path) -> None:
    with closing(open_store(str(path), "normal", Span(0))) as other:
        moves.schedule(order(1, payload=secret(1, 50)))
        moves.finish(nth(1))
        moves.erase(nth(1))
        assert other.scrub()
        assert all(isinstance(each, Success) for each in Moves(other).ask(order(2)))
    assert b"<secret" not in on_disk(path)
    check_laws(moves.store, (nth(1), nth(2)))
