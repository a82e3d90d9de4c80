"""The part of the store exam about claims: highest priority first, then earliest due, then first inserted."""

from collections.abc import Sequence
from itertools import product
from random import Random

from typing_extensions import TypeVar

from adc.core.commands import Cancel, Claim, Fail, Redrive, Reschedule
from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.ports.store import Wanted
from adc.testing.samples import FAULT, RUNNER
from adc.testing.store_laws import check_laws, in_order
from adc.testing.store_moves import NOW, Examined, Moves, nth, order

Each = TypeVar("Each")

INVOICES = Wanted(("default",), (("invoice", 1),))
_QUEUES = ("default", "mail", "night")
_KINDS = (("invoice", 1), ("invoice", 2), ("letter", 1), ("report", 7))


class ClaimExam(Examined):
    """Who comes first."""

    def test_priority_comes_before_due_time_and_due_time_before_insertion(self) -> None:
        with self.opened() as moves:
            moves.schedule(
                order(1, due=5),
                order(2, due=3),
                order(3, due=5),
                order(4, due=9, priority=1),
                order(5, due=0, priority=-1),
                order(6, due=3),
            )

            expected = [nth(n) for n in (4, 2, 6, 1, 3, 5)]
            assert [_jids(moves, INVOICES, limit=limit) for limit in range(1, 8)] == [
                expected[:limit] for limit in range(1, 8)
            ]
            assert _jids(moves, INVOICES, limit=0) == []

    def test_the_order_runs_through_all_queues_and_kinds_that_are_wanted(self) -> None:
        with self.opened() as moves:
            moves.schedule(
                order(1, queue="mail", due=2),
                order(2, kind="letter", due=1),
                order(3, due=3, priority=1),
                order(4, queue="mail", kind="letter", due=4, priority=1),
                order(5, due=2),
            )
            both = Wanted(("default", "mail"), (("letter", 1), ("invoice", 1)))

            assert _jids(moves, both) == [nth(n) for n in (3, 4, 2, 1, 5)]
            assert _jids(moves, both, limit=3) == [nth(n) for n in (3, 4, 2)]

    def test_what_is_not_wanted_is_never_given(self) -> None:
        with self.opened() as moves:
            moves.schedule(
                order(1, kind="letter", priority=100),
                order(2, payload_version=2, priority=100),
                order(3, queue="mail", priority=100),
                order(4, kind="invoices", priority=100),
                order(5, priority=-100),
            )

            assert _jids(moves, INVOICES) == [nth(5)]
            assert _jids(moves, INVOICES, limit=1) == [nth(5)]
            for nobody in (Wanted((), INVOICES.kinds), Wanted(("default",), ()), Wanted(("Default",), INVOICES.kinds)):
                assert _jids(moves, nobody) == []
                assert moves.store.next_due(nobody) is None

    def test_what_is_wanted_twice_is_given_once(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1), order(2))

            assert _jids(moves, Wanted(("default",) * 2, (("invoice", 1),) * 2)) == [nth(1), nth(2)]

    def test_jobs_of_the_future_hide_none_behind_them(self) -> None:
        with self.opened() as moves:
            moves.schedule(
                *(order(n, due=5_000 + n, priority=9 - n) for n in range(1, 10)), order(10), order(11, due=1_000)
            )

            assert _jids(moves, INVOICES) == [nth(10), nth(11)]
            assert moves.store.next_due(INVOICES) == 0
            assert _jids(moves, INVOICES, by=Instant(-1)) == []
            moves.must(Cancel(nth(10), NOW), Cancel(nth(11), NOW))
            assert _jids(moves, INVOICES) == []
            assert moves.store.next_due(INVOICES) == 5_001

    def test_a_job_due_at_that_very_moment_is_due(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1, due=7))

            assert _jids(moves, INVOICES, by=Instant(6)) == []
            assert _jids(moves, INVOICES, by=Instant(7)) == [nth(1)]

    def test_only_waiting_jobs_are_given(self) -> None:
        with self.opened() as moves:
            jids = moves.schedule(*(order(n) for n in range(1, 7)))
            started, done, dead, cancelled, redriven, waiting = jids
            moves.claim(started)
            moves.finish(done)
            _kill(moves, dead)
            moves.must(Cancel(cancelled, NOW))
            _kill(moves, redriven)
            moves.must(Redrive(redriven, NOW, Instant(0)))

            assert _jids(moves, INVOICES) == [redriven, waiting]  # in the order of their first insertion
            check_laws(moves.store, jids)

    def test_a_change_of_due_time_or_priority_moves_a_job(self) -> None:
        with self.opened() as moves:
            moves.schedule(*(order(n, due=n) for n in (1, 2, 3)))
            moves.must(Reschedule(nth(3), NOW, priority=127), Reschedule(nth(1), NOW, due=Instant(9)))

            assert _jids(moves, INVOICES) == [nth(3), nth(2), nth(1)]
            moves.must(Reschedule(nth(3), NOW, priority=-128))
            assert _jids(moves, INVOICES) == [nth(2), nth(1), nth(3)]

    def test_names_are_compared_as_they_are(self) -> None:
        odd = (
            "%",
            "_",
            "'",
            '"',
            "[1]",
            '{"a":1}',
            "$.x",
            "é",
            "e\u0301",
            "Ω",
            "日本",
            "0",
            "1e3",
            " ",
            "null",
            "A",
            "a",
        )
        with self.opened() as moves:
            moves.schedule(*(order(n, kind=name, queue=name, key=name) for n, name in enumerate(odd, 1)))

            for n, name in enumerate(odd, 1):
                assert _jids(moves, Wanted((name,), ((name, 1),))) == [nth(n)], name
                with moves.store.writing() as writing:
                    holder = writing.holder(name, name)
                    assert holder is not None
                    assert holder.jid == nth(n)
            check_laws(moves.store, [nth(n) for n in range(1, len(odd) + 1)])

    def test_the_order_is_that_of_one_sort_of_all_jobs(self) -> None:
        random = Random(7)  # noqa: S311 - nothing secret: the same jobs each time
        with self.opened() as moves:
            jids = _many(moves, random)
            jobs = moves.store.load(jids).values()

            for _ in range(60):
                wanted = Wanted(_some(random, _QUEUES), _some(random, _KINDS))
                by, limit = Instant(random.randint(-1, 4)), random.randint(1, 40)
                assert list(moves.due(wanted, by=by, limit=limit)) == in_order(jobs, wanted, by)[:limit]

    def test_claiming_a_few_at_a_time_gives_the_same_order_as_claiming_all(self) -> None:
        with self.opened() as moves:
            _many(moves, Random(8))  # noqa: S311 - as above
            wanted = Wanted(_QUEUES, _KINDS)
            expected, given = _jids(moves, wanted), list[Xid]()

            while jids := _jids(moves, wanted, limit=7):
                given += jids
                moves.must(*(Claim(jid, NOW, RUNNER, due_by=NOW) for jid in jids))

            assert given == expected


def _jids(moves: Moves, wanted: Wanted, *, by: Instant = NOW, limit: int = 1_000) -> list[Xid]:
    return [job.jid for job in moves.due(wanted, by=by, limit=limit)]


def _kill(moves: Moves, jid: Xid) -> None:
    token = moves.claim(jid)
    moves.must(Fail(jid, NOW, token, FAULT))


def _many(moves: Moves, random: Random) -> list[Xid]:
    """Jobs at every level, with many ties, a part of them started, dead or over."""
    levels = [*product(_QUEUES, _KINDS, (-2, 0, 0, 5), range(4))]
    random.shuffle(levels)
    jids = moves.schedule(
        *(
            order(n, queue=queue, kind=kind, payload_version=version, priority=priority, due=due)
            for n, (queue, (kind, version), priority, due) in enumerate(levels, 1)
        )
    )
    moves.must(*(Claim(jid, NOW, RUNNER, due_by=NOW) for jid in jids[::9]))
    moves.must(*(Cancel(jid, NOW) for jid in jids[4::9]))
    return list(jids)


def _some(random: Random, all_of_them: Sequence[Each]) -> tuple[Each, ...]:
    return tuple(random.sample(all_of_them, random.randint(1, len(all_of_them))))
