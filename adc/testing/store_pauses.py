"""The part of the store exam about the database's own stream: queues that are paused and resumed."""

from contextlib import suppress

from msgspec.structs import replace

from adc.core.commands import Cancel, Claim, Release, Reschedule
from adc.core.database import DatabaseCommand, DatabaseTransition, Pause, QueuePaused, QueueResumed, Resume
from adc.core.database_rules import database_transition
from adc.core.ids import DATABASE
from adc.core.instants import Instant
from adc.core.outcome import Failure
from adc.core.refusals import JidTaken, NotFound
from adc.core.states import Absent, Cancelled, Done, Started
from adc.ports.store import Look, Wanted
from adc.ports.trouble import StoreTrouble, VersionConflict
from adc.shell import change_database
from adc.testing.samples import RUNNER
from adc.testing.store_laws import check_database, check_laws
from adc.testing.store_moves import ACTOR, NOW, Examined, Moves, completed, nth, order, raising

_BOTH = Wanted(("default", "mail"), (("invoice", 1),))
_MAIL = Wanted(("mail",), (("invoice", 1),))
_LATER = Instant(NOW + 7)


class PauseExam(Examined):
    """Pause and resume, and what they leave as it is."""

    def test_a_new_store_has_no_paused_queue(self) -> None:
        with self.opened() as moves:
            assert moves.store.paused() == {}
            assert moves.store.database_history() == ()
            check_database(moves.store)

    def test_nothing_is_claimed_from_a_paused_queue(self) -> None:
        with self.opened() as moves:
            first, second, mailed = moves.schedule(order(1), order(2, due=5), order(3, queue="mail", due=3, priority=9))

            _ask(moves, Pause(NOW, "mail"))
            assert [job.jid for job in moves.due(_BOTH)] == [first, second]
            assert moves.due(_MAIL) == ()
            assert (moves.store.next_due(_BOTH), moves.store.next_due(_MAIL)) == (Instant(0), None)

            _ask(moves, Pause(NOW, "default"))
            assert moves.due(_BOTH) == ()
            assert moves.store.next_due(_BOTH) is None

            _ask(moves, Resume(NOW, "mail"))
            assert [job.jid for job in moves.due(_BOTH)] == [mailed]
            assert moves.store.next_due(_BOTH) == Instant(3)
            check_laws(moves.store, (first, second, mailed))

    def test_the_stream_is_a_chain_whose_fold_is_what_is_paused(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1))
            _ask(moves, Pause(NOW, "mail"))
            moves.schedule(order(2))
            _ask(moves, Pause(_LATER, "default"), actor="cli:me", cause="request:7")
            _ask(moves, Resume(_LATER, "mail"))

            history = moves.store.database_history()
            assert [(each.seq, each.jid, each.version) for each in history] == [
                (2, DATABASE, 1),
                (4, DATABASE, 2),
                (5, DATABASE, 3),
            ]
            assert [each.event for each in history] == [
                QueuePaused(NOW, "mail"),
                QueuePaused(_LATER, "default"),
                QueueResumed(_LATER, "mail"),
            ]
            assert [(each.actor, each.cause) for each in history] == [
                (ACTOR, None),
                ("cli:me", "request:7"),
                (ACTOR, None),
            ]
            assert moves.store.paused() == {"default": _LATER}
            check_laws(moves.store, (nth(1), nth(2)))

    def test_what_is_already_so_appends_nothing(self) -> None:
        with self.opened() as moves:
            _ask(moves, Resume(NOW, "mail"))
            _ask(moves, Pause(NOW, "mail"))
            _ask(moves, Pause(_LATER, "mail"))

            assert [each.event for each in moves.store.database_history()] == [QueuePaused(NOW, "mail")]
            assert moves.store.paused() == {"mail": NOW}

    def test_jobs_of_a_paused_queue_go_on_and_change(self) -> None:
        with self.opened() as moves:
            runs, waits, moved, back = moves.schedule(*(order(n, queue="mail") for n in range(1, 5)))
            token, given_back = moves.claim(runs), moves.claim(back)
            _ask(moves, Pause(NOW, "mail"))

            (late,) = moves.schedule(order(5, queue="mail"))
            moves.must(
                completed(runs, token),
                Cancel(waits, NOW),
                Reschedule(moved, NOW, Instant(9), 5),
                Release(back, NOW, given_back, "shutdown", NOW),
            )

            assert isinstance(moves.job(runs).state, Done)
            assert isinstance(moves.job(waits).state, Cancelled)
            assert [job.jid for job in moves.store.look(Look(queue="mail", state="scheduled"))] == [moved, back, late]
            assert moves.due(_MAIL) == ()
            check_laws(moves.store, (runs, waits, moved, back, late))

            _ask(moves, Resume(NOW, "mail"))
            assert [job.jid for job in moves.due(_MAIL)] == [moved, late, back]

    def test_a_claim_that_was_decided_before_the_pause_stands(self) -> None:
        """A queue is paused for whoever asks what is due; a job that was given is given."""
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1, queue="mail"))
            _ask(moves, Pause(NOW, "mail"))
            moves.must(Claim(jid, NOW, RUNNER, due_by=NOW))

            assert isinstance(moves.job(jid).state, Started)

    def test_a_pause_that_is_undone_never_was(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1, queue="mail"))
            with raising(ZeroDivisionError), moves.store.writing() as writing:
                change_database(writing, Pause(NOW, "mail"), actor=ACTOR)
                assert writing.due(_MAIL, NOW, 1) == ()
                _fail()

            assert moves.store.paused() == {}
            assert len(moves.due(_MAIL)) == 1
            moves.schedule(order(2))
            check_laws(moves.store, (nth(1), nth(2)))

    def test_jobs_and_the_database_change_in_one_transaction(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))
            token = moves.claim(jid)
            with moves.store.writing() as writing:
                change_database(writing, Pause(NOW, "default"), actor=ACTOR)
                job = writing.load((jid,))[jid]
                assert isinstance(job.state, Started)
                change_database(writing, Pause(NOW, "mail"), actor=ACTOR)
                assert set(writing.database().state.paused) == {"default", "mail"}
            moves.must(completed(jid, token))

            check_laws(moves.store, (jid,))

    def test_a_stream_that_has_moved_on_is_a_conflict(self) -> None:
        with self.opened() as moves:
            with moves.store.writing() as writing:
                stale = writing.database()
            first = _ask(moves, Pause(NOW, "mail"))
            with raising(VersionConflict), moves.store.writing() as writing:
                writing.apply_database(database_transition(stale, Pause(NOW, "night"), actor=ACTOR))
            with raising(VersionConflict), moves.store.writing() as writing, suppress(VersionConflict):
                writing.apply_database(first)  # to go on doesn't help: such a transaction can't be committed
            empty = replace(first, events=(), after=first.before.state)
            with moves.store.writing() as writing:
                writing.apply_database(empty)  # nothing happened, so nothing can be in its way

            assert moves.store.paused() == {"mail": NOW}
            check_database(moves.store)

    def test_a_transaction_that_is_over_changes_nothing(self) -> None:
        with self.opened() as moves:
            with moves.store.writing() as writing:
                before = writing.database()
            with raising(StoreTrouble):
                writing.apply_database(database_transition(before, Pause(NOW, "mail"), actor=ACTOR))

            assert moves.store.paused() == {}

    def test_no_job_has_the_id_of_the_database(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))
            _ask(moves, Pause(NOW, "mail"))
            asked = order(2)
            as_database = replace(asked, command=replace(asked.command, jid=DATABASE))

            assert isinstance(moves.job(DATABASE).state, Absent)
            assert moves.store.history(DATABASE) == ()
            assert moves.store.body(DATABASE, 1) is None
            assert moves.payloads((DATABASE,)) == {}
            assert moves.ask(as_database, Cancel(DATABASE, NOW)) == (
                Failure(JidTaken(DATABASE)),
                Failure(NotFound(DATABASE)),
            )
            assert [job.jid for job in moves.store.look(Look())] == [jid]
            assert [job.jid for job in moves.store.look(Look(after=DATABASE))] == [jid]
            assert sum(moves.store.counts().values()) == 1

    def test_names_are_told_apart_to_the_letter(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1, queue="mail"))
            for name in ("Mail", "mail ", "ma'il", "%", "ma_l", "\N{SNOWMAN}"):
                _ask(moves, Pause(NOW, name))

            assert len(moves.due(_MAIL)) == 1
            assert set(moves.store.paused()) == {"Mail", "mail ", "ma'il", "%", "ma_l", "\N{SNOWMAN}"}
            check_laws(moves.store, (nth(1),))


def _ask(moves: Moves, command: DatabaseCommand, *, actor: str = ACTOR, cause: str | None = None) -> DatabaseTransition:
    with moves.store.writing() as writing:
        return change_database(writing, command, actor=actor, cause=cause)


def _fail() -> None:
    raise ZeroDivisionError
