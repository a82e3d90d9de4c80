"""Remembered: what a store started itself it needn't read again; but what others did meanwhile it always sees."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from adc.core.commands import Cancel, Claim, Fail, Snooze
from adc.core.ids import RunnerId
from adc.core.instants import Span
from adc.core.outcome import Success
from adc.core.states import Cancelled, Done, Scheduled
from adc.core.terms import Token
from adc.core.transition import Asked
from adc.shell import carry_out
from adc.stores.sqlite import remembered
from adc.stores.sqlite.opening import open_store
from adc.testing.samples import FAULT, RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import NOW, Moves, completed, nth, order

OTHER = RunnerId("00000000000000000001")
JOB = nth(1)


@pytest.fixture
def others(moves: Moves, path: Path) -> Iterator[Moves]:
    """Another store on the same file."""
    store = open_store(str(path), "normal", Span(0))
    yield Moves(store)
    store.close()


def test_what_was_cancelled_elsewhere_is_cancelled_when_it_fails(moves: Moves, others: Moves) -> None:
    moves.schedule(order(1))
    token = moves.claim(JOB)
    others.must(Cancel(JOB, NOW))
    moves.must(Fail(JOB, NOW, token, FAULT))

    assert isinstance(moves.job(JOB).state, Cancelled)
    check_laws(moves.store, [JOB])


def test_an_attempt_that_began_elsewhere_is_heard_here_and_an_older_one_isnt(moves: Moves, others: Moves) -> None:
    moves.schedule(order(1))
    stale = moves.claim(JOB)
    others.must(Snooze(JOB, NOW, stale, NOW))
    fresh = others.claim(JOB, OTHER)

    assert not isinstance(moves.ask(completed(JOB, stale))[0], Success)
    assert isinstance(moves.ask(completed(JOB, fresh))[0], Success)
    assert isinstance(moves.job(JOB).state, Done)
    check_laws(moves.store, [JOB])


def test_a_claim_that_was_undone_isnt_believed(moves: Moves) -> None:
    moves.schedule(order(1))
    with suppress(ZeroDivisionError), moves.store.writing() as writing:
        carry_out(writing, [Asked(Claim(JOB, NOW, RUNNER, NOW), "examiner")])
        raise ZeroDivisionError

    assert not isinstance(moves.ask(completed(JOB, Token(1, RUNNER)))[0], Success)
    assert isinstance(moves.job(JOB).state, Scheduled)


def test_the_oldest_is_forgotten_and_loaded(moves: Moves, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 1)
    moves.schedule(order(1), order(2))
    tokens = [moves.claim(nth(n)) for n in (1, 2)]
    moves.must(*(completed(nth(n), token) for n, token in zip((1, 2), tokens, strict=True)))

    assert all(isinstance(moves.job(nth(n)).state, Done) for n in (1, 2))
