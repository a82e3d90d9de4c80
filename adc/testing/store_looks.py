"""The part of the store exam about looking: what is shown, page by page, and what is counted."""

from typing import get_args

from adc.core.commands import Cancel, Fail
from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.states import Scheduled, StateName
from adc.ports.store import Look, Place
from adc.testing.samples import FAULT
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import NOW, Examined, Moves, nth, order

_IN_STATE: dict[StateName, tuple[int, ...]] = {
    "scheduled": (1, 7),
    "started": (2,),
    "cancelling": (3,),
    "done": (4, 8),
    "dead": (5,),
    "cancelled": (6,),
}
"""The jobs of `_one_of_each`."""


class LookExam(Examined):
    """What people see."""

    def test_an_empty_store_has_nothing_to_show(self) -> None:
        with self.opened() as moves:
            assert moves.store.look(Look()) == ()
            assert moves.store.counts() == dict.fromkeys(get_args(StateName), 0)

    def test_each_state_is_counted_and_found(self) -> None:
        with self.opened() as moves:
            jids = _one_of_each(moves)

            assert moves.store.counts() == {name: len(jobs) for name, jobs in _IN_STATE.items()}
            for name, jobs in _IN_STATE.items():
                assert _seen(moves, Look(state=name)) == list(jobs), name
            assert _seen(moves, Look()) == [1, 2, 3, 4, 5, 6, 7, 8]
            check_laws(moves.store, jids)

    def test_how_many_come_before_a_waiting_job_is_counted(self) -> None:
        with self.opened() as moves:
            orders = [order(1), order(2, priority=1), order(3), order(4, due=5), order(5, queue="mail")]
            moves.schedule(*orders, order(6, due=9))
            moves.claim(nth(1))
            last = moves.job(nth(6))
            assert isinstance(last.state, Scheduled)
            place = Place(last.state.terms.priority, last.state.due, last.seq)

            ahead = moves.store.ahead
            assert ahead("default", place, NOW, 9) == 3  # 2 by priority, 3 by insertion, 4 since it is due for longer
            assert ahead("default", place, NOW, 2) == 2
            assert ahead("mail", place, NOW, 9) == 1
            assert ahead("default", Place(2, NOW, 0), NOW, 9) == 0
            assert ahead("default", place, Instant(4), 9) == 2  # 4 isn't due by then

    def test_each_property_narrows_what_is_shown(self) -> None:
        with self.opened() as moves:
            _one_of_each(moves)
            table: list[tuple[Look, list[int]]] = [
                (Look(kind="letter"), [7, 8]),
                (Look(kind="lett"), []),
                (Look(queue="mail"), [7, 8]),
                (Look(queue="default"), [1, 2, 3, 4, 5, 6]),
                (Look(queue="default", kind="letter"), []),
                (Look(state="done", queue="default"), [4]),
                (Look(state="done", queue="mail", kind="letter"), [8]),
                (Look(state="scheduled", kind="letter"), [7]),
                (Look(state="dead", queue="mail"), []),
                (Look(due_before=Instant(100)), [1]),
                (Look(due_before=Instant(101)), [1, 7]),
                (Look(due_before=Instant(0)), []),
                (Look(due_before=Instant(10**6), kind="letter"), [7]),
                (Look(due_before=Instant(10**6), state="scheduled"), [1, 7]),
                (Look(due_before=Instant(10**6), state="done"), []),
                (Look(due_before=Instant(10**6), state="started"), []),
                (Look(limit=2), [1, 2]),
                (Look(after=nth(6)), [7, 8]),
                (Look(after=nth(6), limit=1), [7]),
                (Look(after=nth(8)), []),
                (Look(after=nth(4), state="done"), [8]),
                (Look(after=nth(4), due_before=Instant(10**6)), [7]),
                (Look(after=nth(99), limit=1), [1]),  # nobody is after a stranger
            ]

            for wanted, expected in table:
                assert _seen(moves, wanted) == expected, wanted

    def test_pages_come_in_order_of_insertion_whatever_the_ids(self) -> None:
        with self.opened() as moves:
            numbers = [5, 3, 9, 1, 7, 2]
            moves.schedule(*(order(n) for n in numbers))
            moves.finish(nth(9))

            pages, after = list[int](), None
            while page := moves.store.look(Look(after=after, limit=2)):
                after = page[-1].jid
                pages += [_number(job.jid) for job in page]

            assert pages == numbers

    def test_what_is_shown_is_what_is_loaded(self) -> None:
        with self.opened() as moves:
            jids = _one_of_each(moves)

            assert moves.store.look(Look()) == tuple(moves.store.load(jids).values())
            for name, jobs in _IN_STATE.items():
                assert moves.store.look(Look(state=name)) == tuple(moves.job(nth(n)) for n in jobs)

    def test_an_erased_job_is_shown_as_before(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1))
            moves.finish(nth(1))
            moves.erase(nth(1))

            assert _seen(moves, Look(state="done")) == [1]
            assert moves.store.counts()["done"] == 1


def _one_of_each(moves: Moves) -> tuple[Xid, ...]:
    jids = moves.schedule(
        *(order(n) for n in range(1, 7)),
        order(7, kind="letter", queue="mail", due=100),
        order(8, kind="letter", queue="mail"),
    )
    _, started, cancelling, done, dead, cancelled, _, mailed = jids
    moves.claim(started)
    moves.claim(cancelling)
    moves.must(Cancel(cancelling, NOW), Cancel(cancelled, NOW))
    moves.finish(done)
    moves.finish(mailed)
    moves.must(Fail(dead, NOW, moves.claim(dead), FAULT))
    return jids


def _seen(moves: Moves, wanted: Look) -> list[int]:
    return [_number(job.jid) for job in moves.store.look(wanted)]


def _number(jid: Xid) -> int:
    return next(n for n in range(100) if nth(n) == jid)
