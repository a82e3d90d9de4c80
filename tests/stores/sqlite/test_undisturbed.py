"""Undisturbed: what a store needn't read again while nobody else commits; whatever others do, it sees."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import pytest

from adc.codec.events import body_of
from adc.core.commands import Cancel, Claim
from adc.core.instants import Span
from adc.core.states import Cancelled, Scheduled
from adc.core.transition import Asked
from adc.shell import carry_out
from adc.stores.sqlite import migrating, store
from adc.stores.sqlite.opening import open_store
from adc.testing.samples import RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import NOW, Moves, completed, nth, order


@pytest.fixture
def others(moves: Moves, path: Path) -> Iterator[Moves]:
    """Another store on the same file."""
    opened = open_store(str(path), "normal", Span(0))
    yield Moves(opened)
    opened.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the format of the file was looked up."""
    looked: list[str] = []
    real = migrating.last_seq_to_write

    def look(connection: apsw.Connection, path: str) -> int:
        looked.append(path)
        return real(connection, path)

    monkeypatch.setattr(store, "last_seq_to_write", look)
    return looked


def test_while_nobody_else_commits_the_format_isnt_looked_up_again(moves: Moves, asked: list[str]) -> None:
    for n in (1, 2, 3):
        moves.schedule(order(n))

    assert len(asked) == 1


def test_once_others_commit_it_is(moves: Moves, others: Moves, asked: list[str]) -> None:
    moves.schedule(order(1))
    others.schedule(order(2))
    moves.schedule(order(3))
    moves.schedule(order(4))

    assert len(asked) == 3  # by the first of each store, and where the first one sees the other's commit
    assert [each.seq for each in moves.store.events(0, 9)] == [1, 2, 3, 4]
    check_laws(moves.store, [nth(n) for n in (1, 2, 3, 4)])


def test_with_another_connection_a_new_era_begins(moves: Moves, others: Moves, asked: list[str]) -> None:
    eras: list[int] = []
    for n in range(1, 7):
        others.schedule(order(n))
        eras.append(others.store._undisturbed.era)  # type: ignore[attr-defined]
        others.store._trusted = n % 2 == 0  # type: ignore[attr-defined]
        moves.schedule(order(10 + n))

    assert eras == sorted(set(eras))
    assert len(asked) == 12
    check_laws(moves.store, [nth(n) for n in (*range(1, 7), *range(11, 17))])


def test_a_place_in_the_log_that_was_undone_is_given_again(moves: Moves) -> None:
    moves.schedule(order(1))
    with suppress(ZeroDivisionError), moves.store.writing() as writing:
        carry_out(writing, [order(2)])
        raise ZeroDivisionError
    moves.schedule(order(3))

    assert [(each.seq, each.jid) for each in moves.store.events(0, 9)] == [(1, nth(1)), (2, nth(3))]


def test_a_job_that_ended_elsewhere_isnt_believed_to_run_in_any_later_transaction(moves: Moves, others: Moves) -> None:
    """The transaction that comes to see what others did may be about another job."""
    moves.schedule(order(1), order(2), order(3))
    token = moves.claim(nth(1))
    others.must(Cancel(nth(1), NOW))
    others.must(completed(nth(1), token))
    moves.must(Cancel(nth(2), NOW))
    (outcome,) = moves.ask(completed(nth(1), token, b'"another"'))

    assert body_of(b'"another"') not in [getattr(each.event, "result", None) for each in moves.store.history(nth(1))]
    assert outcome.unwrap().events == ()
    assert isinstance(moves.job(nth(2)).state, Cancelled)
    assert isinstance(moves.job(nth(3)).state, Scheduled)
    check_laws(moves.store, [nth(n) for n in (1, 2, 3)])


def test_a_claim_that_was_undone_isnt_believed_after_a_commit(moves: Moves) -> None:
    moves.schedule(order(1), order(2))
    with suppress(ZeroDivisionError), moves.store.writing() as writing:
        carry_out(writing, [Asked(Claim(nth(1), NOW, RUNNER, NOW), "examiner")])
        raise ZeroDivisionError
    moves.must(Cancel(nth(2), NOW))
    moves.must(Cancel(nth(1), NOW))

    assert isinstance(moves.job(nth(1)).state, Cancelled)
    check_laws(moves.store, [nth(1), nth(2)])
