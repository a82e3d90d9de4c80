"""The part of the exam about pruning: what leaves the log, what doesn't, and what is known then."""

from adc.core.commands import Cancel, Erase, Redrive
from adc.core.database import Pause, Pruned
from adc.core.ids import DATABASE
from adc.core.instants import Instant
from adc.core.outcome import Failure, Success
from adc.core.refusals import NotFound
from adc.core.states import Absent, Dead, Scheduled
from adc.core.terms import Token
from adc.ports.store import Look, PruneCount
from adc.shell import change_database
from adc.testing.samples import RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import ACTOR, NOW, Examined, Moves, completed, died, nth, order

_THEN = Instant(NOW + 1)
"""All that happens, happened before then."""


class PruneExam(Examined):
    """Prune, and erase, after which nothing is left to erase."""

    def test_what_is_over_goes_and_what_is_not_stays(self) -> None:
        with self.opened() as moves:
            done, cancelled, waits, runs, dead = moves.schedule(*(order(n) for n in range(5)))
            moves.finish(done)
            moves.must(Cancel(cancelled, NOW))
            moves.claim(runs)
            moves.must(died(dead, moves.claim(dead)))
            kept = {jid: (moves.job(jid), moves.store.history(jid)) for jid in (waits, runs, dead)}

            assert moves.store.prunable(_THEN) == PruneCount(2, 5)
            assert _prune(moves) == PruneCount(2, 5)

            assert [moves.job(jid).state for jid in (done, cancelled)] == [Absent(), Absent()]
            assert [moves.store.history(jid) for jid in (done, cancelled)] == [(), ()]
            assert moves.store.body(done, 1) is None
            assert moves.payloads((done, waits)).keys() == {waits}
            assert {jid: (moves.job(jid), moves.store.history(jid)) for jid in (waits, runs, dead)} == kept
            assert [job.jid for job in moves.store.look(Look())] == [waits, runs, dead]
            assert sum(moves.store.counts().values()) == 3
            check_laws(moves.store, [nth(n) for n in range(5)])

    def test_only_what_was_over_before_the_moment_goes(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))
            moves.finish(jid)

            assert _prune(moves, NOW) == PruneCount()
            assert moves.store.database_history() == ()
            assert len(moves.store.history(jid)) == 3

    def test_it_is_an_event_of_the_database(self) -> None:
        with self.opened() as moves:
            _finished(moves, 1)
            with moves.store.writing() as writing:
                change_database(writing, Pause(NOW, "mail"), actor=ACTOR)
            moves.store.prune(_THEN, at=NOW, actor="cli:me", cause="request:7")

            _, told = moves.store.database_history()
            assert told.event == Pruned(NOW, 1, 3, _THEN)
            assert (told.seq, told.jid, told.version, told.actor, told.cause) == (5, DATABASE, 2, "cli:me", "request:7")
            with moves.store.writing() as writing:
                assert writing.database().state.pruned == 3
            assert moves.store.paused() == {"mail": NOW}
            check_laws(moves.store, (nth(1),))

    def test_to_prune_again_changes_nothing(self) -> None:
        with self.opened() as moves:
            _finished(moves, 1, 2)
            _prune(moves)
            last = moves.store.last_seq()

            assert _prune(moves) == PruneCount()
            assert moves.store.last_seq() == last

    def test_numbers_are_not_given_again(self) -> None:
        with self.opened() as moves:
            _finished(moves, 1)
            _prune(moves)
            (later,) = moves.schedule(order(2))

            assert [each.seq for each in moves.store.events(0, 10) if not isinstance(each, Exception)] == [4, 5]
            assert moves.job(later).seq == 5
            check_laws(moves.store, (nth(1), later))

    def test_a_key_is_free_once_its_job_is_pruned(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1, key="k"))
            moves.finish(nth(1))
            _prune(moves)
            moves.schedule(order(2, key="k", payload=b"8"))

            with moves.store.writing() as writing:
                holder = writing.holder("invoice", "k")
            assert holder is not None
            assert holder.jid == nth(2)
            check_laws(moves.store, (nth(1), nth(2)))

    def test_a_job_that_is_scheduled_again_is_a_new_one(self) -> None:
        with self.opened() as moves:
            for _ in range(2):
                moves.schedule(order(1, key="k"))
                assert isinstance(moves.job(nth(1)).state, Scheduled)
                moves.finish(nth(1))
                assert _prune(moves) == PruneCount(1, 3)
            check_laws(moves.store, (nth(1),))

    def test_of_what_was_pruned_nothing_is_known(self) -> None:
        with self.opened() as moves:
            token = _finished(moves, 1)
            _prune(moves)

            outcomes = moves.ask(completed(nth(1), token), Cancel(nth(1), NOW), Erase(nth(1), NOW))
            assert outcomes == (Failure(NotFound(nth(1))),) * 3

    def test_a_dead_letter_can_be_redriven_after_a_prune(self) -> None:
        with self.opened() as moves:
            (dead,) = moves.schedule(order(1))
            moves.must(died(dead, moves.claim(dead)))
            assert isinstance(moves.job(dead).state, Dead)
            _prune(moves)

            moves.must(Redrive(dead, NOW, NOW))
            moves.finish(dead)
            assert _prune(moves) == PruneCount(1, 6)
            check_laws(moves.store, (dead,))

    def test_an_erased_job_can_be_pruned(self) -> None:
        with self.opened() as moves:
            _finished(moves, 1)
            moves.erase(nth(1))

            assert _prune(moves) == PruneCount(1, 4)
            check_laws(moves.store, (nth(1),))

    def test_to_erase_again_is_already_so(self) -> None:
        with self.opened() as moves:
            _finished(moves, 1)
            erased, again = moves.ask(Erase(nth(1), NOW), Erase(nth(1), NOW))

            assert isinstance(erased, Success)
            assert isinstance(again, Success)
            assert (len(erased.unwrap().events), again.unwrap().events) == (1, ())
            assert moves.store.scrub()
            check_laws(moves.store, (nth(1),))

    def test_many_jobs_go(self) -> None:
        with self.opened() as moves:
            jids = moves.schedule(*(order(n) for n in range(1_203)))
            moves.must(*(Cancel(jid, NOW) for jid in jids[3:]))

            assert _prune(moves) == PruneCount(1_200, 2_400)
            assert [job.jid for job in moves.store.look(Look())] == list(jids[:3])
            assert sum(_events(moves)) == 2_400
            check_laws(moves.store, jids)


def _prune(moves: Moves, done_before: Instant = _THEN) -> PruneCount:
    return moves.store.prune(done_before, at=NOW, actor=ACTOR, cause=None)


def _finished(moves: Moves, *numbers: int) -> Token:
    token = Token(1, RUNNER)
    for number in numbers:
        moves.schedule(order(number))
        token = moves.finish(nth(number))
    return token


def _events(moves: Moves) -> list[int]:
    return [each.event.events for each in moves.store.database_history() if isinstance(each.event, Pruned)]
