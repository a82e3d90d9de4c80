"""Refusals: as an exception they say what was refused and why, and each verb can have only its own."""

import pickle
from collections.abc import Callable

import pytest

from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.refusals import JidTaken, KeyTaken, LeaseLost, NotDue, NotFound, Refusal, WrongState
from adc.refused import Refused, change_refused, report_refused, schedule_refused

JOB = Xid("d5k7nc8v2q0g0a1m5j60")
HOLDER = Xid("d5k7nc8v2q0g0a1m5j6g")
REFUSALS: tuple[Refusal, ...] = (
    KeyTaken("order 7", HOLDER),
    JidTaken(JOB),
    NotFound(JOB),
    WrongState(JOB, "done"),
    NotDue(JOB, Instant(0)),
    LeaseLost(JOB, 1),
)


@pytest.mark.parametrize(
    ("refused", "text"),
    [
        (
            Refused(JOB, KeyTaken("order 7", HOLDER)),
            f"job {JOB} was not scheduled: the key 'order 7' belongs to job {HOLDER}, which has another payload",
        ),
        (Refused(JOB, JidTaken(JOB)), f"job {JOB} was not scheduled: a job with this id has another payload"),
    ],
    ids=["key", "jid"],
)
def test_what_schedule_raises_says_which_job_and_why(refused: Refused, text: str) -> None:
    assert (str(refused), refused.jid) == (text, JOB)
    again = pickle.loads(pickle.dumps(refused))  # as when a pool of processes hands it on
    assert (str(again), again.jid, again.refusal) == (text, JOB, refused.refusal)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
@pytest.mark.parametrize(
    ("of_verb", "possible"),
    [
        (schedule_refused, (KeyTaken, JidTaken)),
        (change_refused, (NotFound, WrongState)),
        (report_refused, (LeaseLost,)),
    ],
    ids=["schedule", "change", "report"],
)
def test_a_refusal_that_a_verb_can_t_have_is_a_bug(
    of_verb: Callable[[Refusal], object], possible: tuple[type, ...], refusal: Refusal
) -> None:
    if isinstance(refusal, possible):
        assert of_verb(refusal) == refusal
    else:
        with pytest.raises(AssertionError, match=f"refused with {type(refusal).__name__}"):
            of_verb(refusal)
