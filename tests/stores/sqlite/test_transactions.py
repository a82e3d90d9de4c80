"""Transactions: every write is BEGIN IMMEDIATE and leaves no lock behind; readers don't wait for a writer."""

from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import apsw
import pytest

from adc.core.commands import Cancel, Fail, Redrive
from adc.core.database import Pause, Resume
from adc.core.instants import Instant, Span
from adc.core.outcome import Success
from adc.core.states import Scheduled
from adc.core.transition import Asked, transition
from adc.ports.store import Look, Wanted
from adc.ports.trouble import OutcomeUnknown, StoreBusy, StoreFull, StoreTrouble
from adc.shell import carry_out, change_database
from adc.stores.sqlite.opening import open_store
from adc.testing.samples import FAULT, RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import NOW, Moves, nth, order
from adc.testing.store_rolls import enrolment

WANTED = Wanted(("default",), (("invoice", 1),))
KEYED = order(1, key="k")
CANCEL = Asked(Cancel(nth(1), NOW), "another")


def undone(moves: Moves) -> None:
    with suppress(ZeroDivisionError), moves.store.writing() as writing:
        carry_out(writing, [order(3), order(1, payload=b"x")])
        writing.due(WANTED, NOW, 1)
        raise ZeroDivisionError


def pause_and_resume(moves: Moves) -> None:
    for command in (Pause(NOW, "default"), Resume(NOW, "default")):
        with moves.store.writing() as writing:
            change_database(writing, command, actor="test")


READS: dict[str, Callable[[Moves], object]] = {
    "load": lambda moves: moves.job(nth(1)),
    "load a job that is over": lambda moves: moves.job(nth(2)),
    "load a stranger": lambda moves: moves.job(nth(99)),
    "history": lambda moves: moves.store.history(nth(1)),
    "body": lambda moves: moves.store.body(nth(1), 1),
    "next_due": lambda moves: moves.store.next_due(WANTED),
    "look": lambda moves: moves.store.look(Look()),
    "look for done ones": lambda moves: moves.store.look(Look(state="done", queue="default", limit=1)),
    "look for waiting ones": lambda moves: moves.store.look(Look(due_before=NOW, limit=1)),
    "counts": lambda moves: moves.store.counts(),
    "paused": lambda moves: moves.store.paused(),
    "the history of the database": lambda moves: moves.store.database_history(),
}
WRITES: dict[str, Callable[[Moves], object]] = {
    "schedule": lambda moves: moves.schedule(order(3), order(4, key="l")),
    "schedule again": lambda moves: moves.schedule(KEYED),
    "a refusal": lambda moves: moves.ask(order(1, payload=b"another")),
    "claim": lambda moves: moves.claim(nth(1)),
    "finish": lambda moves: moves.finish(nth(1)),
    "die and redrive": lambda moves: moves.must(
        Fail(nth(1), NOW, moves.claim(nth(1)), FAULT), Redrive(nth(1), NOW, Instant(NOW))
    ),
    "cancel": lambda moves: moves.must(Cancel(nth(1), NOW)),
    "erase": lambda moves: moves.erase(nth(2)),
    "due": lambda moves: moves.due(WANTED),
    "the first of many that are due": lambda moves: moves.due(WANTED, limit=1),
    "payloads": lambda moves: moves.payloads((nth(1), nth(2))),
    "enrol": lambda moves: moves.store.enrol(enrolment()),
    "resign": lambda moves: moves.store.resign(RUNNER),
    "pause and resume": pause_and_resume,
    "one that is undone": undone,
}


@pytest.fixture
def filled(moves: Moves) -> Moves:
    """Two jobs: one waits, the other is done."""
    moves.schedule(KEYED, order(2))
    moves.finish(nth(2))
    return moves


@pytest.fixture
def statements(filled: Moves, connection: apsw.Connection) -> list[str]:
    """What the store's connection runs from now on."""
    said: list[str] = []

    def trace(_: Any, sql: str, __: Any) -> bool:
        said.append(sql.strip())
        return True

    connection.exec_trace = trace
    return said


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_write_transaction_takes_the_lock_at_its_beginning(
    write: Callable[[Moves], object], filled: Moves, statements: list[str]
) -> None:
    write(filled)

    writes = 0
    inside = False
    for statement in statements:
        verb = statement.split()[0]
        if verb == "BEGIN":
            assert statement == "BEGIN IMMEDIATE"
            inside = True
        elif verb in {"COMMIT", "ROLLBACK"}:
            inside = False
        elif verb in {"INSERT", "UPDATE", "DELETE"}:
            writes += 1
            assert inside, statement
    assert not inside
    assert "BEGIN IMMEDIATE" in statements


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_read_takes_no_lock(read: Callable[[Moves], object], filled: Moves, statements: list[str]) -> None:
    read(filled)

    assert {statement.split()[0] for statement in statements} <= {"SELECT", "WITH"}


def test_all_counts_are_of_one_moment(filled: Moves, statements: list[str]) -> None:
    filled.store.counts()

    assert len(statements) == 1


@pytest.mark.parametrize("verb", [*READS.values(), *WRITES.values()], ids=[*READS, *WRITES])
def test_nothing_is_left_open(verb: Callable[[Moves], object], filled: Moves, connection: apsw.Connection) -> None:
    verb(filled)

    assert not connection.in_transaction
    assert connection.txn_state() == apsw.SQLITE_TXN_NONE  # an open cursor would hold its lock, unseen by the former


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_readers_do_not_wait_for_a_writer(read: Callable[[Moves], object], filled: Moves, path: Path) -> None:
    with closing(open_store(str(path), "normal", Span(0))) as store:
        reader = Moves(store)
        before = read(reader)

        with filled.store.writing() as writing:
            carry_out(writing, [order(9), CANCEL])
            assert read(reader) == before

        assert isinstance(filled.job(nth(9)).state, Scheduled)
        assert reader.job(nth(9)) == filled.job(nth(9))


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_writer_that_waits_too_long_is_told_and_nothing_is_done(
    write: Callable[[Moves], object], filled: Moves, other: apsw.Connection, path: Path
) -> None:
    before = filled.store.look(Look())
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreBusy) as raised:
        write(filled)

    assert (raised.value.path, raised.value.operation) == (str(path), "begin")
    assert raised.value.code == apsw.SQLITE_BUSY
    assert "Nothing was committed" in str(raised.value)
    assert filled.store.look(Look()) == before
    other.execute("ROLLBACK")
    write(filled)  # the queue is as good as before


def test_a_writer_waits_within_its_budget(path: Path) -> None:
    with closing(open_store(str(path), "normal", Span(5_000))) as store, closing(apsw.Connection(str(path))) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):  # each transaction has the whole of it
            with pytest.raises(StoreBusy):
                Moves(store).schedule(order(1))
        other.execute("ROLLBACK")
        Moves(store).schedule(order(1))


def test_numbers_have_no_gap_after_what_was_undone(filled: Moves, connection: apsw.Connection) -> None:
    for _ in range(3):
        undone(filled)
    filled.schedule(order(3))

    check_laws(filled.store, [nth(n) for n in range(1, 4)])
    assert filled.store.last_seq() == filled.job(nth(3)).seq


def test_the_first_number_is_one_though_nothing_was_counted_yet(moves: Moves, connection: apsw.Connection) -> None:
    assert connection.execute("SELECT count(*) FROM sqlite_sequence").get == 0

    moves.schedule(order(1))

    assert moves.job(nth(1)).seq == 1


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_whatever_interrupts_a_transaction_undoes_it(interruption: type[BaseException], filled: Moves) -> None:
    with pytest.raises(interruption), filled.store.writing() as writing:
        carry_out(writing, [order(3)])
        raise interruption

    assert filled.job(nth(3)).version == 0
    filled.schedule(order(3))


def test_a_trouble_that_somebody_catches_still_undoes_the_transaction(
    filled: Moves, connection: apsw.Connection
) -> None:
    """SQLite undoes some transactions by itself; what follows would then be written outside of any."""
    pages = connection.pragma("page_count")
    connection.authorizer = None  # adc itself never says that
    connection.execute(f"PRAGMA max_page_count = {pages + 1}").fetchall()

    with pytest.raises(StoreFull), filled.store.writing() as writing:
        carry_out(writing, [order(3)])
        with suppress(StoreFull):
            carry_out(writing, [order(4, payload=b"x" * 100_000)])
        with pytest.raises(StoreFull):
            writing.apply([transition(writing.load((nth(5),))[nth(5)], order(5)).unwrap()])

    assert [filled.job(nth(n)).version for n in (3, 4, 5)] == [0, 0, 0]
    connection.execute("PRAGMA max_page_count = 1000000").fetchall()
    filled.schedule(order(3))
    check_laws(filled.store, [nth(n) for n in range(1, 4)])


def test_a_transaction_that_is_over_does_nothing_more(filled: Moves) -> None:
    with filled.store.writing() as writing:
        pass

    for verb in (
        lambda: writing.load((nth(1),)),
        lambda: writing.due(WANTED, NOW, 1),
        lambda: writing.payloads((nth(1),)),
        lambda: writing.holder("invoice", "k"),
        lambda: writing.apply([transition(filled.job(nth(3)), order(3)).unwrap()]),
    ):
        with pytest.raises(StoreTrouble, match="over"):
            verb()
    assert filled.job(nth(3)).version == 0


def test_a_commit_that_fails_is_of_unknown_outcome(filled: Moves, connection: apsw.Connection, path: Path) -> None:
    connection.set_commit_hook(lambda: True)

    with pytest.raises(OutcomeUnknown, match="the same NewJob again is safe") as raised:
        filled.schedule(order(3))

    assert (raised.value.path, raised.value.operation) == (str(path), "commit")
    connection.set_commit_hook(None)
    assert filled.ask(order(3)) != ()
    assert filled.job(nth(3)).version == 1
    assert all(isinstance(outcome, Success) for outcome in filled.ask(order(3)))


def test_a_rival_sees_what_was_claimed_before_it(filled: Moves, path: Path) -> None:
    """Transactions are one after another: the second sees what the first did."""
    with closing(open_store(str(path), "normal", Span(0))) as store:
        rival = Moves(store)
        seen = rival.job(nth(1))
        assert isinstance(seen.state, Scheduled)
        filled.claim(nth(1))

        with store.writing() as writing:
            assert writing.due(WANTED, NOW, 10) == ()
        check_laws(store, (nth(1), nth(2)))
