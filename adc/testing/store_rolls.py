"""The exam's part about runners: the roll, their signs of life, and what they hold."""

from adc.core.commands import Cancel
from adc.core.ids import RunnerId
from adc.core.instants import Instant, Span
from adc.core.liveness import Sign
from adc.ports.store import Enrolment, Wanted
from adc.testing.samples import RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import NOW, Examined, nth, order

OTHER = RunnerId(nth(900))
LEASE = Span(10)


def enrolment(runner: RunnerId = RUNNER, *, lease: Span | None = LEASE) -> Enrolment:
    """What a runner leaves."""
    wanted = Wanted(("default", "mail"), (("invoice", 1), ("invoice", 2)))
    return Enrolment(runner, "threads", wanted, "host", 7, "a start", NOW, lease)


class RollExam(Examined):
    """Who runs, and who is gone."""

    def test_runners_come_and_go(self) -> None:
        with self.opened() as moves:
            store = moves.store
            for _ in range(2):  # again is no trouble: the first answer may have been lost
                store.enrol(enrolment())
            store.enrol(enrolment(OTHER, lease=None))
            assert [each.enrolment for each in store.roll()] == [enrolment(), enrolment(OTHER, lease=None)]

            for _ in range(2):
                store.resign(RUNNER)
            assert [each.enrolment.runner for each in store.roll()] == [OTHER]
            check_laws(store, ())

    def test_only_who_is_on_the_roll_is_enrolled(self) -> None:
        with self.opened() as moves:
            moves.store.enrol(enrolment())
            with moves.store.writing() as writing:
                assert writing.is_enrolled(RUNNER)
                assert not writing.is_enrolled(OTHER)
                assert writing.sign(OTHER) is None
                writing.strike(RUNNER)
                assert not writing.is_enrolled(RUNNER)
            assert moves.store.roll() == ()

    def test_what_a_broken_transaction_struck_off_is_on_the_roll(self) -> None:
        with self.opened() as moves:
            moves.store.enrol(enrolment())
            try:
                with moves.store.writing() as writing:
                    writing.strike(RUNNER)
                    raise LookupError
            except LookupError:
                pass
            assert [each.enrolment.runner for each in moves.store.roll()] == [RUNNER]

    def test_beats_are_seen(self) -> None:
        with self.opened() as moves:
            store = moves.store
            assert not store.beat(RUNNER, NOW)
            store.enrol(enrolment())
            first = store.signs()[RUNNER]
            assert first is not None
            assert first == Sign(first.slot, "a start", "held", first.beats, LEASE)

            assert store.beat(RUNNER, Instant(NOW + 5))
            (seen,) = store.roll()
            assert seen.sign.beats == first.beats + 1
            assert seen.beat_at == NOW + 5
            with store.writing() as writing:
                assert writing.sign(RUNNER) == seen.sign

    def test_who_lets_go_is_seen_as_dead(self) -> None:
        with self.opened() as moves:
            store = moves.store
            store.enrol(enrolment())
            store.enrol(enrolment(OTHER))
            store.let_go(RUNNER)
            store.let_go(RUNNER)  # again is no trouble
            locks = {runner: sign.lock for runner, sign in store.signs().items() if sign is not None}
            assert locks == {RUNNER: "free", OTHER: "held"}

            store.enrol(enrolment())
            again = store.signs()[RUNNER]
            assert again is not None
            assert again.lock == "held"

    def test_what_a_runner_holds_is_known(self) -> None:
        with self.opened() as moves:
            store = moves.store
            store.enrol(enrolment())
            first, second, third = moves.schedule(order(1), order(2), order(3))
            for jid in (second, first):
                moves.claim(jid)
            moves.claim(third, OTHER)
            moves.must(Cancel(second, NOW))

            assert store.holding(RUNNER) == {first: False, second: True}
            (seen,) = store.roll()
            assert seen.held == 2
            assert store.signs()[OTHER] is None  # it holds a job, and isn't on the roll
            with store.writing() as writing:
                assert writing.held_by(RUNNER, 9) == (first, second)
                assert writing.held_by(RUNNER, 1) == (first,)
            check_laws(store, (first, second, third))

    def test_who_holds_jobs_stays_on_the_roll_as_one_that_is_gone(self) -> None:
        with self.opened() as moves:
            moves.store.enrol(enrolment())
            (jid,) = moves.schedule(order(1))
            moves.claim(jid)
            moves.store.resign(RUNNER)

            (seen,) = moves.store.roll()
            assert seen.sign.lock == "free"
            assert seen.held == 1
