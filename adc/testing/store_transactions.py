"""The part of the store exam about writing: all or nothing, one after another, and nothing from what is stale."""

from collections.abc import Mapping
from contextlib import suppress

from adc.core.commands import Cancel, Claim, Erase, KeyHolder, Reschedule
from adc.core.ids import RunnerId, Xid
from adc.core.instants import Instant
from adc.core.outcome import Outcome, Success
from adc.core.refusals import JidTaken, KeyTaken, LeaseLost, NotDue, NotFound, Refusal, WrongState
from adc.core.states import Absent, JobState, Scheduled, Started
from adc.core.terms import Token
from adc.core.transition import Asked, Snapshot, Transition, transition
from adc.ports.trouble import StoreTrouble, VersionConflict
from adc.shell import carry_out
from adc.testing.samples import OTHER_RUNNER, RUNNER
from adc.testing.store_laws import check_laws
from adc.testing.store_moves import (
    ACTOR,
    NOW,
    PAYLOAD,
    RESULT,
    Examined,
    Moves,
    completed,
    nth,
    order,
    raising,
    refusal_of,
)


class TransactionExam(Examined):
    """All or nothing."""

    def test_a_job_is_there_once_it_is_scheduled(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))

            job = moves.job(jid)
            assert isinstance(job.state, Scheduled)
            assert (job.seq, job.version) == (1, 1)
            assert [(each.actor, each.cause) for each in moves.store.history(jid)] == [(ACTOR, None)]
            check_laws(moves.store, (jid,))

    def test_nothing_is_known_of_an_unknown_job(self) -> None:
        with self.opened() as moves:
            moves.schedule(order(1))
            stranger = nth(2)

            assert moves.job(stranger) == Snapshot.absent(stranger)
            assert moves.store.history(stranger) == ()
            assert moves.store.body(stranger, 1) is None
            assert moves.store.body(nth(1), 2) is None
            assert moves.payloads((stranger,)) == {}
            assert refusal_of(*moves.ask(Cancel(stranger, NOW))) == NotFound(stranger)

    def test_a_job_named_twice_is_loaded_once(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))

            assert moves.store.load((jid, jid)) == {jid: moves.job(jid)}
            assert moves.payloads((jid, jid)) == {jid: PAYLOAD}
            assert moves.store.load(()) == {}

    def test_a_refusal_leaves_nothing_and_stops_nobody(self) -> None:
        with self.opened() as moves:
            done, waiting, dead = moves.schedule(order(1), order(2, due=2_000), order(3))
            moves.finish(done)
            before = [moves.store.history(jid) for jid in (done, waiting)]

            refused = moves.ask(
                Cancel(done, NOW),
                Claim(waiting, NOW, RUNNER, due_by=NOW),
                order(1, payload=b"another"),
                Cancel(dead, NOW),
                Erase(waiting, NOW),
            )

            assert [each if isinstance(each, Success) else each.failure() for each in refused][:3] == [
                WrongState(done, "done"),
                NotDue(waiting, Instant(2_000)),
                JidTaken(done),
            ]
            assert isinstance(refused[3], Success)
            assert [moves.store.history(jid) for jid in (done, waiting)] == before
            check_laws(moves.store, (done, waiting, dead))

    def test_an_exception_undoes_all_of_its_transaction(self) -> None:
        with self.opened() as moves:
            (first,) = moves.schedule(order(1))
            with raising(ZeroDivisionError), moves.store.writing() as writing:
                carry_out(writing, [order(2, key="k"), Asked(Cancel(first, NOW), ACTOR)])
                assert isinstance(writing.load((nth(2),))[nth(2)].state, Scheduled)  # its own writes it sees
                assert writing.holder("invoice", "k") is not None
                _fail()

            assert isinstance(moves.job(first).state, Scheduled)
            assert moves.job(nth(2)).state == Absent()
            assert moves.payloads((nth(2),)) == {}
            moves.schedule(order(3, key="k", payload=b"another"))  # the key is free, and no number was lost
            check_laws(moves.store, (first, nth(2), nth(3)))

    def test_a_stale_transition_is_a_conflict_and_changes_nothing(self) -> None:
        with self.opened() as moves:
            absent = moves.job(nth(1))
            (jid,) = moves.schedule(order(1))
            waiting = moves.job(jid)
            undone = _undone(moves, _claim(jid))
            held = _token_of(undone.state)
            done_and_undone = _undone(moves, _claim(jid), completed(jid, held))
            token = moves.claim(jid, OTHER_RUNNER)
            started = moves.job(jid)
            stale = {
                "scheduled meanwhile": transition(absent, order(1)),
                "claimed meanwhile": transition(waiting, _claim(jid)),
                "cancelled, but claimed meanwhile": transition(waiting, Asked(Cancel(jid, NOW), ACTOR)),
                "completed after a claim that was undone": transition(undone, completed(jid, held)),
                "cancelled after a claim that was undone": transition(undone, Asked(Cancel(jid, NOW), ACTOR)),
                "erased after an end that was undone": transition(done_and_undone, Asked(Erase(jid, NOW), ACTOR)),
            }
            _all_conflict(moves, jid, stale)
            moves.must(completed(jid, token))
            done = moves.job(jid)
            moves.erase(jid)
            stale = {
                "completed meanwhile": transition(started, completed(jid, token)),
                "erased meanwhile": transition(done, Asked(Erase(jid, NOW), ACTOR)),
                "erased after another end": transition(done_and_undone, Asked(Erase(jid, NOW), ACTOR)),
            }
            _all_conflict(moves, jid, stale)

    def test_a_conflict_ends_its_transaction_even_if_somebody_catches_it(self) -> None:
        with self.opened() as moves:
            jid, other = moves.schedule(order(1), order(2))
            waiting = moves.store.load((jid, other))
            moves.must(Cancel(other, NOW))
            before = moves.store.history(jid)

            with raising(VersionConflict), moves.store.writing() as writing:
                stale = [transition(waiting[each], _claim(each)).unwrap() for each in (jid, other)]
                with suppress(VersionConflict):
                    writing.apply(stale)

            assert moves.store.history(jid) == before
            check_laws(moves.store, (jid, other))

    def test_two_orders_for_one_job_or_one_key_are_a_conflict(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))
            claim = transition(moves.job(jid), _claim(jid)).unwrap()
            new = [transition(moves.job(nth(n)), order(n, key="k")).unwrap() for n in (2, 3)]
            for together in ([claim, claim], new):
                with raising(VersionConflict), moves.store.writing() as writing:
                    writing.apply(together)

            moves.schedule(order(2, key="k"))
            with raising(VersionConflict), moves.store.writing() as writing:
                writing.apply(new[1:])  # it was decided without asking who holds the key

            check_laws(moves.store, (jid, nth(2), nth(3)))

    def test_a_transition_without_events_changes_nothing(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))
            before = moves.job(jid)

            outcomes = moves.ask(order(1), Reschedule(jid, NOW))

            assert [outcome.unwrap().events for outcome in outcomes] == [(), ()]
            assert moves.job(jid) == before
            check_laws(moves.store, (jid,))

    def test_a_transaction_within_a_transaction_is_refused(self) -> None:
        with self.opened() as moves:
            with moves.store.writing() as writing:
                carry_out(writing, [order(1)])
                with raising(StoreTrouble):
                    moves.ask(order(2))

            assert [moves.job(nth(n)).version for n in (1, 2)] == [1, 0]

    def test_commands_for_one_job_are_carried_out_one_after_another(self) -> None:
        with self.opened() as moves:
            jid = nth(1)

            outcomes = moves.ask(order(1), order(2), _claim(jid), _claim(jid), Cancel(nth(2), NOW), Cancel(jid, NOW))

            assert [isinstance(outcome, Success) for outcome in outcomes] == [True, True, True, False, True, True]
            assert [type(each.event).__name__ for each in moves.store.history(jid)] == [
                "JobScheduled",
                "JobStarted",
                "CancelAsked",
            ]
            check_laws(moves.store, (jid, nth(2)))

    def test_a_stale_token_is_refused(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1))
            token = moves.claim(jid)
            moves.must(completed(jid, token))

            late = moves.ask(completed(jid, Token(token.attempt, OTHER_RUNNER)), completed(jid, token))

            assert refusal_of(late[0]) == LeaseLost(jid, 1)
            assert late[1].unwrap().events == ()  # the same report again: already so
            assert moves.job(jid).version == 3

    def test_a_key_belongs_to_one_job_of_its_kind_for_good(self) -> None:
        with self.opened() as moves:
            (jid,) = moves.schedule(order(1, key="k"))
            moves.finish(jid)
            moves.erase(jid)

            same, other, of_another_kind = moves.ask(
                order(2, key="k"), order(3, key="k", payload=b"another"), order(4, key="k", kind="letter")
            )

            assert same.unwrap().events == ()
            assert refusal_of(other) == KeyTaken("k", jid)
            assert of_another_kind.unwrap().events != ()
            with moves.store.writing() as writing:
                holder = writing.holder("invoice", "k")
                assert isinstance(holder, KeyHolder)
                assert holder.jid == jid
                assert writing.holder("invoice", "l") is None
            check_laws(moves.store, [nth(n) for n in range(1, 5)])

    def test_jobs_with_one_key_in_one_call_are_one_job(self) -> None:
        with self.opened() as moves:
            outcomes = moves.ask(*(order(n, key="k", payload=b"x" if n == 3 else PAYLOAD) for n in (1, 2, 3)))

            assert len(outcomes[0].unwrap().events) == 1
            assert outcomes[1].unwrap().events == ()
            assert refusal_of(outcomes[2]) == KeyTaken("k", nth(1))
            check_laws(moves.store, (nth(1), nth(2), nth(3)))

    def test_bodies_are_kept_until_they_are_erased(self) -> None:
        with self.opened() as moves:
            jid, empty = moves.schedule(order(1), order(2, payload=b""))
            moves.finish(jid)
            moves.finish(empty, b"")

            assert [moves.store.body(jid, version) for version in (1, 2, 3)] == [PAYLOAD, None, RESULT]
            assert [moves.store.body(empty, version) for version in (1, 2, 3)] == [b"", None, b""]
            assert moves.payloads((jid, empty)) == {jid: PAYLOAD, empty: b""}
            moves.erase(jid)
            assert [moves.store.body(jid, version) for version in (1, 2, 3, 4)] == [None] * 4
            assert moves.payloads((jid, empty)) == {empty: b""}
            check_laws(moves.store, (jid, empty))


def _claim(jid: Xid, runner: RunnerId = RUNNER) -> Asked:
    return Asked(Claim(jid, NOW, runner, due_by=NOW), ACTOR)


def _token_of(state: JobState) -> Token:
    assert isinstance(state, Started)
    return state.token


def _undone(moves: Moves, *asked: Asked) -> Snapshot:
    """What a transaction that was undone saw of a job."""
    seen: list[Snapshot] = []
    with suppress(ZeroDivisionError), moves.store.writing() as writing:
        carry_out(writing, asked)
        jid = asked[0].command.jid
        seen.append(writing.load((jid,))[jid])
        _fail()
    return seen[0]


def _fail() -> None:
    raise ZeroDivisionError


def _all_conflict(moves: Moves, jid: Xid, stale: Mapping[str, Outcome[Transition, Refusal]]) -> None:
    for name, outcome in stale.items():
        before = moves.job(jid), moves.store.history(jid)
        with raising(VersionConflict), moves.store.writing() as writing:
            writing.apply([outcome.unwrap()])
        assert (moves.job(jid), moves.store.history(jid)) == before, name
        check_laws(moves.store, (jid,))
