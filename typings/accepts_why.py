"""Why a job doesn't run, matched to the end."""

from datetime import datetime
from typing import assert_never, assert_type

import adc
from adc import why


def explain(queue: adc.SqliteQueue, jid: adc.Xid) -> str:
    for reason in queue.explain(jid):
        assert_type(reason, why.Why)
        return sentence(reason)
    return ""


def sentence(reason: why.Why) -> str:
    match reason:
        case why.NotYetDue(due) | why.WaitsForRetry(due):
            assert_type(due, datetime)
            return due.isoformat()
        case why.QueueIsPaused(queue) | why.NoRunnerForQueue(queue):
            return queue
        case why.NoRunnerForKind(kind) | why.NoRunnerForVersion(kind):
            return kind
        case why.IsHeld(runner):
            return runner
        case why.IsBeingCancelled(actor) | why.WasCancelled(actor):
            return actor
        case why.IsDead(because):
            assert_type(because, adc.Reason)
            return because
        case why.RanAgain(_, _, because):
            return because
        case why.NotKnown() | why.NoRunner() | why.MustRunAlone() | why.Behind() | why.NextInTurn() | why.IsDone():
            return ""
        case _:
            assert_never(reason)
