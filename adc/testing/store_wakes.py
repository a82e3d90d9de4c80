"""The exam's part about wake-ups: a commit wakes the runners that rest and that it concerns, and no others."""

from contextlib import suppress

from adc.core.commands import Cancel, Redrive, Reschedule
from adc.core.database import Pause, Resume
from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.ports.signs import AWAKE, Rest
from adc.ports.store import Store
from adc.ports.wakeup import News
from adc.shell import carry_out, change_database
from adc.testing.samples import RUNNER
from adc.testing.store_moves import ACTOR, NOW, Examined, died, order
from adc.testing.store_rolls import OTHER, enrolment

_UNTIL = Instant(NOW + 100)


class _Sleeper:
    """A runner that rests, and what it heard."""

    def __init__(self, store: Store, runner: RunnerId = RUNNER, free: int = 2) -> None:
        self._store = store
        self._runner = runner
        self._heard: list[News] = []
        store.listen(runner, self._heard.append)
        store.enrol(enrolment(runner))
        self.rest(free)

    def rest(self, free: int = 2) -> None:
        self._store.rest(self._runner, Rest(free, _UNTIL))

    def heard(self) -> list[News]:
        """Since the last time."""
        heard = self._heard.copy()
        self._heard.clear()
        return heard


class WakeExam(Examined):
    """Who is woken, and for what."""

    def test_who_rests_is_woken_once_for_what_it_can_run(self) -> None:
        with self.opened() as moves:
            sleeper = _Sleeper(moves.store)
            assert moves.store.is_heard(RUNNER)
            moves.schedule(order(1, queue="elsewhere"))
            moves.schedule(order(2, due=_UNTIL + 1))
            assert sleeper.heard() == []
            moves.schedule(order(3, due=_UNTIL))  # before it would look
            moves.schedule(order(4))
            assert sleeper.heard() == ["soon"]
            sleeper.rest()
            moves.schedule(order(5))
            assert sleeper.heard() == ["due"]

    def test_who_does_not_rest_is_left_alone(self) -> None:
        with self.opened() as moves:
            sleeper = _Sleeper(moves.store)
            moves.store.rest(RUNNER, AWAKE)
            moves.store.rest(RUNNER, AWAKE)
            moves.schedule(order(1))
            sleeper.rest()
            moves.store.let_go(RUNNER)
            moves.store.rest(RUNNER, Rest(1, _UNTIL))
            moves.schedule(order(2))
            assert sleeper.heard() == []
            assert not moves.store.is_heard(OTHER)

    def test_as_many_are_woken_as_have_room_for_it(self) -> None:
        with self.opened() as moves:
            one, other = _Sleeper(moves.store), _Sleeper(moves.store, OTHER)
            moves.schedule(order(1))
            assert (one.heard(), other.heard()) == (["due"], [])
            moves.schedule(order(2))
            assert (one.heard(), other.heard()) == ([], ["due"])
            one.rest()
            other.rest()
            moves.schedule(order(3), order(4))
            assert (one.heard(), other.heard()) == (["due"], [])
            one.rest()
            moves.schedule(*(order(n) for n in range(5, 15)))
            assert (one.heard(), other.heard()) == (["due"], ["due"])

    def test_what_becomes_due_by_other_ways_wakes_too(self) -> None:
        with self.opened() as moves:
            sleeper = _Sleeper(moves.store)
            later, dead = moves.schedule(order(1, due=_UNTIL + 1), order(2))
            moves.must(died(dead, moves.claim(dead)))
            for ask in (Reschedule(later, NOW, NOW, None), Redrive(dead, NOW, due=NOW)):
                sleeper.heard()
                sleeper.rest()
                moves.must(ask)
                assert sleeper.heard() == ["due"]

    def test_a_queue_that_is_resumed_wakes_whoever_serves_it(self) -> None:
        with self.opened() as moves:
            one, other = _Sleeper(moves.store), _Sleeper(moves.store, OTHER)
            for queue in ("mail", "elsewhere"):
                with moves.store.writing() as writing:
                    change_database(writing, Pause(NOW, queue), actor=ACTOR)
            assert (one.heard(), other.heard()) == ([], [])
            for queue in ("elsewhere", "mail"):
                with moves.store.writing() as writing:
                    change_database(writing, Resume(NOW, queue), actor=ACTOR)
            assert (one.heard(), other.heard()) == (["soon"], ["soon"])

    def test_who_runs_a_job_that_is_cancelled_is_asked(self) -> None:
        with self.opened() as moves:
            one, other = _Sleeper(moves.store, free=0), _Sleeper(moves.store, OTHER, free=0)
            (jid,) = moves.schedule(order(1))
            moves.claim(jid)
            moves.must(Cancel(jid, NOW))
            moves.must(Cancel(jid, NOW))  # it is already so
            assert (one.heard(), other.heard()) == (["asked"], [])

    def test_what_is_undone_wakes_nobody(self) -> None:
        with self.opened() as moves:
            sleeper = _Sleeper(moves.store)
            with suppress(LookupError), moves.store.writing() as writing:
                carry_out(writing, [order(1)])
                raise LookupError
            assert sleeper.heard() == []

    def test_who_enrols_again_is_woken_still(self) -> None:
        with self.opened() as moves:
            sleeper = _Sleeper(moves.store)
            with moves.store.writing() as writing:
                writing.strike(RUNNER)
            moves.store.enrol(enrolment())
            sleeper.rest()
            moves.schedule(order(1))
            assert sleeper.heard() == ["due"]
