"""The timeline: what a history looks like, drawn to scale or not, within its width, whatever happened."""

from collections.abc import Sequence
from itertools import groupby
from textwrap import dedent

import pytest

from adc.cli.stretches import End, Look, Part, Stretch, end_of, stretches_of
from adc.cli.scale import scaled
from adc.cli.timeline import (
    BLOCKS,
    LETTERS,
    MOST_LINES,
    NARROWEST,
    WIDEST,
    can_be_shown,
    some_of,
    text_of,
    timeline,
)
from adc.core.events import (
    CancelAsked,
    Event,
    JobCancelled,
    JobCrashed,
    JobDied,
    JobDone,
    JobRedriven,
    JobReleased,
    JobRescheduled,
    JobRetried,
    JobScheduled,
    JobSnoozed,
    JobStarted,
    PayloadErased,
)
from adc.core.ids import DATABASE
from adc.core.instants import SECOND, Instant, Span
from adc.core.transition import Recorded
from adc.stores.memory import MemoryStore
from adc.testing.samples import EARLY, EVENTS, FAULT, JOB, RESULT, RUNNER, TERMS
from adc.testing.store_walks import Walk


def at(seconds: float) -> Instant:
    return Instant(EARLY + int(seconds * SECOND))


def log(*events: Event) -> list[Recorded]:
    return [Recorded(version, JOB, version, "test", None, b"", event) for version, event in enumerate(events, 1)]


def started(seconds: float, attempt: int) -> JobStarted:
    return JobStarted(at(seconds), attempt, RUNNER)


def scheduled(due: float = 0) -> JobScheduled:
    return JobScheduled(at(0), TERMS, at(due))


TROUBLED = log(
    scheduled(60),
    started(61, 1),
    JobRetried(at(91), 1, FAULT, at(92)),
    started(95, 2),
    JobCrashed(at(125), 2, "its process is gone", at(125)),
    started(127, 3),
    JobDied(at(157), 3, "RetriesUsedUp", FAULT),
    JobRedriven(at(200), at(200)),
    started(201, 4),
    CancelAsked(at(221)),
    JobDone(at(241), 4, RESULT),
    PayloadErased(at(900)),
)


DRAWN = {
    "a job with all kinds of trouble, to scale": (
        TROUBLED,
        100,
        """\
        d5k7nc8v2q0g0a1m5j60  invoice  done
        from 2027-01-15T08:00:00.000Z, 4m1s in all; a column is 6s

        ATTEMPT   WAITS    RUNS
              1    1m1s     30s  ··········█████↻                            ValueError: no such address
              2      4s     30s                 ░█████!                      crashed: its process is gone
              3      2s     30s                       █████✗                 died: RetriesUsedUp: ValueErr…
           dead     43s                                    ▒▒▒▒▒▒▒↻          redriven
              4      1s     40s                                   ████▓▓▓✓   done: result of 4 bytes

        · not due  ░ due  █ runs  ▓ runs, cancelled  ▒ dead
        """,
    ),
    "long waits, short runs": (
        log(
            scheduled(86_400),
            started(86_400.5, 1),
            JobReleased(at(86_401), 1, "shutdown", at(86_401)),
            started(86_460, 2),
            JobSnoozed(at(86_462), 2, at(90_000)),
            started(90_000.25, 3),
            JobDone(at(90_000.5), 3, RESULT),
        ),
        80,
        """\
        d5k7nc8v2q0g0a1m5j60  invoice  done
        from 2027-01-15T08:00:00.000Z, 1d1h in all; long spans are drawn shorter

        ATTEMPT   WAITS    RUNS
              1      1d   500ms  ···············█↻               given back: shutdown
              2     59s      2s                 ░░█↻             snoozed
              3   58m58s   250ms                    ·········█✓   done: result of 4…

        · not due  ░ due  █ runs
        """,
    ),
}
