"""The exam that every store passes: `class TestMyStore(StoreExam)` with `make_store`, under pytest or any other runner.

Its first law: the state of a job is the fold of its history, after any sequence of commands.
"""

from threading import Barrier, Thread
from typing import get_args

from adc.core.commands import Claim
from adc.core.database import DatabaseEvent
from adc.core.events import Event, JobDone, JobStarted
from adc.core.ids import RunnerId, Xid
from adc.core.refusals import Refusal
from adc.core.states import Done, Started
from adc.core.terms import Token
from adc.core.transition import Asked
from adc.ports.store import Look, Store, Writing
from adc.ports.trouble import StoreClosed
from adc.shell import carry_out
from adc.testing.samples import RUNNER
from adc.testing.store_claims import INVOICES, ClaimExam
from adc.testing.store_laws import check_job
from adc.testing.store_looks import LookExam
from adc.testing.store_moves import ACTOR, NOW, completed, nth, order, raising
from adc.testing.store_pauses import PauseExam
from adc.testing.store_prunes import PruneExam
from adc.testing.store_rolls import RollExam, enrolment
from adc.testing.store_transactions import TransactionExam
from adc.testing.store_wakes import WakeExam
from adc.testing.store_walks import Walk

_THREADS = 8
_JOBS_A_THREAD = 50


class StoreExam(TransactionExam, ClaimExam, LookExam, PauseExam, PruneExam, RollExam, WakeExam):
    """Override `make_store`: it gives a new, empty store. A behaviour that a store lacks is a failure, not a skip."""

    def test_whatever_is_asked_the_state_is_the_fold_of_the_log(self) -> None:
        seen: set[str] = set()
        for seed in range(8):
            with self.opened() as moves:
                walk = Walk(moves.store, seed)
                walk.run(40)
                seen |= walk.seen

        everything = {kind.__name__ for kind in (*get_args(Event), *get_args(DatabaseEvent), *get_args(Refusal))}
        assert seen >= everything, "these walks are too short"

    def test_a_closed_store_says_so(self) -> None:
        store = self.make_store()
        self.close_store(store)
        verbs = (
            lambda: store.load((nth(1),)),
            lambda: store.history(nth(1)),
            lambda: store.body(nth(1), 1),
            lambda: store.next_due(INVOICES),
            lambda: store.look(Look()),
            lambda: store.events(0, 1),
            store.last_seq,
            lambda: store.prunable(NOW),
            lambda: store.prune(NOW, at=NOW, actor=ACTOR, cause=None),
            store.scrub,
            store.counts,
            store.paused,
            store.database_history,
            lambda: store.enrol(enrolment()),
            lambda: store.resign(RUNNER),
            store.signs,
            store.roll,
            lambda: store.holding(RUNNER),
            lambda: store.writing().__enter__(),
        )
        for verb in verbs:
            with raising(StoreClosed):
                verb()
        store.close()  # twice is fine

    def test_threads_share_a_store(self) -> None:
        with self.opened() as moves:
            failures: list[BaseException] = []
            start = Barrier(_THREADS)
            threads = [Thread(target=_work, args=(moves.store, number, start, failures)) for number in range(_THREADS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

            assert failures == []
            jids = [nth(number) for number in range(_THREADS * _JOBS_A_THREAD)]
            for jid, job in moves.store.load(jids).items():
                history = moves.store.history(jid)
                check_job(job, history)
                assert isinstance(job.state, Done)
                assert [type(each.event) for each in history][1:] == [JobStarted, JobDone]
            assert moves.store.next_due(INVOICES) is None


def _work(store: Store, number: int, start: Barrier, failures: list[BaseException]) -> None:
    """Schedule a job, then run whichever is first, so that no thread ever finds nothing."""
    runner = RunnerId(f"runner-{number}")
    try:
        start.wait()
        for each in range(number * _JOBS_A_THREAD, (number + 1) * _JOBS_A_THREAD):
            with store.writing() as writing:
                carry_out(writing, [order(each)])
            with store.writing() as writing:
                jid, token = _claim_first(writing, runner)
            with store.writing() as writing:
                (reported,) = carry_out(writing, [completed(jid, token)])
                assert reported.unwrap().events
    except BaseException as error:  # noqa: BLE001 - told by the test's own thread
        failures.append(error)


def _claim_first(writing: Writing, runner: RunnerId) -> tuple[Xid, Token]:
    (job,) = writing.due(INVOICES, NOW, 1)
    (outcome,) = carry_out(writing, [Asked(Claim(job.jid, NOW, runner, due_by=NOW), ACTOR)])
    state = outcome.unwrap().after
    assert isinstance(state, Started)
    return job.jid, state.token
