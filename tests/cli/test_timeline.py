"""The timeline: what a history looks like, drawn to scale or not, within its width, whatever happened."""

from collections.abc import Sequence
from itertools import groupby

import pytest

from adc.cli.scale import scaled
from adc.cli.stretches import End, Part, end_of, stretches_of
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


# What happened, the second in which it is looked at, the width, and what is drawn.
DRAWN: dict[str, tuple[Sequence[Recorded], int, int]] = {
    "all kinds of trouble, to scale": (TROUBLED, 5_000, 100),
    "long waits and short runs": (
        log(
            scheduled(86_400),
            started(86_400.5, 1),
            JobReleased(at(86_401), 1, "shutdown", at(86_401)),
            started(86_460, 2),
            JobSnoozed(at(86_462), 2, at(90_000)),
            started(90_000.25, 3),
            JobDone(at(90_000.5), 3, RESULT),
        ),
        100_000,
        80,
    ),
    "not due yet": (log(scheduled(60)), 30, 76),
    "due": (log(scheduled(60)), 90, 76),
    "running": (log(scheduled(), started(1, 1)), 31, 76),
    "cancelling": (log(scheduled(), started(1, 1), CancelAsked(at(11))), 31, 76),
    "cancelled while it waited": (log(scheduled(), JobCancelled(at(5), "waiting")), 50, 76),
    "cancelled when it was dead": (
        log(scheduled(), started(1, 1), JobDied(at(3), 1, "Permanent", FAULT), JobCancelled(at(12), "dead")),
        50,
        80,
    ),
    "poison": (
        log(scheduled(), started(1, 1), JobCrashed(at(11), 1, "its process is gone"), JobDied(at(11), 1, "Poison")),
        50,
        90,
    ),
    "cancelled, and crashed": (
        log(
            scheduled(),
            started(1, 1),
            CancelAsked(at(5)),
            JobCrashed(at(11), 1, "its process is gone"),
            JobCancelled(at(11), "crashed"),
        ),
        50,
        80,
    ),
    "all in one moment": (log(scheduled(), started(0, 1), JobDone(at(0), 1, RESULT)), 50, 76),
    "scheduled in this moment": (log(scheduled()), 0, 76),
    "rescheduled while it waited": (
        log(scheduled(20), JobRescheduled(at(10), at(15), 3), started(20, 1), JobDone(at(30), 1, RESULT)),
        50,
        76,
    ),
    "a clock that was set back": (
        log(scheduled(), started(10, 1), JobRetried(at(4), 1, FAULT, at(6)), started(20, 2)),
        30,
        76,
    ),
}

LOOKS: dict[str, str] = {
    "all kinds of trouble, to scale": """\
d5k7nc8v2q0g0a1m5j60  invoice  done
from 2027-01-15T08:00:00.000Z, 4m1s in all; a column is 6s

ATTEMPT   WAITS    RUNS
      1    1m1s     30s  ·········████↻                         ValueError: no such address
      2      4s     30s               ░████!                    crashed: its process is gone
      3      2s     30s                    █████✗               died: RetriesUsedUp: ValueError: no…
   dead     43s                                 ▒▒▒▒▒▒↻         redriven
      4      1s     40s                               ███▓▓▓✓   done: result of 4 bytes

· not due  ░ due  █ runs  ▓ runs, cancelled  ▒ dead
""",
    "long waits and short runs": """\
d5k7nc8v2q0g0a1m5j60  invoice  done
from 2027-01-15T08:00:00.000Z, 1d1h in all; long spans are drawn shorter

ATTEMPT   WAITS    RUNS
      1      1d   500ms  ···············█↻            given back: shutdown
      2     59s      2s                 ░░█↻          snoozed
      3  58m58s   250ms                   ········█✓  done: result of 4 bytes

· not due  ░ due  █ runs
""",
    "not due yet": """\
d5k7nc8v2q0g0a1m5j60  invoice  scheduled
from 2027-01-15T08:00:00.000Z, 30s in all; a column is 1s

ATTEMPT   WAITS    RUNS
  waits     30s          ·······················→   due in 30s

· not due
""",
    "due": """\
d5k7nc8v2q0g0a1m5j60  invoice  scheduled
from 2027-01-15T08:00:00.000Z, 1m30s in all; a column is 3s

ATTEMPT   WAITS    RUNS
  waits   1m30s          ···············░░░░░░░░→   due

· not due  ░ due
""",
    "running": """\
d5k7nc8v2q0g0a1m5j60  invoice  started
from 2027-01-15T08:00:00.000Z, 31s in all; a column is 1s

ATTEMPT   WAITS    RUNS
      1      1s     30s  ░██████████████████████→   runs

░ due  █ runs
""",
    "cancelling": """\
d5k7nc8v2q0g0a1m5j60  invoice  cancelling
from 2027-01-15T08:00:00.000Z, 31s in all; a column is 1s

ATTEMPT   WAITS    RUNS
      1      1s     30s  ░███████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓→   runs, cancelled

░ due  █ runs  ▓ runs, cancelled
""",
    "cancelled while it waited": """\
d5k7nc8v2q0g0a1m5j60  invoice  cancelled
from 2027-01-15T08:00:00.000Z, 5s in all; a column is 217ms

ATTEMPT   WAITS    RUNS
  waits      5s          ░░░░░░░░░░░░░░░░░░░░░░░⊘   cancelled

░ due
""",
    "cancelled when it was dead": """\
d5k7nc8v2q0g0a1m5j60  invoice  cancelled
from 2027-01-15T08:00:00.000Z, 12s in all; a column is 480ms

ATTEMPT   WAITS    RUNS
      1      1s      2s  ░░████✗                      died: Permanent: ValueErr…
   dead      9s                ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒⊘   cancelled

░ due  █ runs  ▒ dead
""",
    "poison": """\
d5k7nc8v2q0g0a1m5j60  invoice  dead: Poison
from 2027-01-15T08:00:00.000Z, 11s in all; a column is 366ms

ATTEMPT   WAITS    RUNS
      1      1s     10s  ░░░███████████████████████████✗   died: Poison: its process is g…

░ due  █ runs
""",
    "cancelled, and crashed": """\
d5k7nc8v2q0g0a1m5j60  invoice  cancelled
from 2027-01-15T08:00:00.000Z, 11s in all; a column is 440ms

ATTEMPT   WAITS    RUNS
      1      1s     10s  ░░█████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓⊘   cancelled: its attempt cr…

░ due  █ runs  ▓ runs, cancelled
""",
    "all in one moment": """\
d5k7nc8v2q0g0a1m5j60  invoice  done
from 2027-01-15T08:00:00.000Z, 0ms in all; long spans are drawn shorter

ATTEMPT   WAITS    RUNS
      1     0ms     0ms  ███████████████████████✓   done: result of 4 bytes

█ runs
""",
    "scheduled in this moment": """\
d5k7nc8v2q0g0a1m5j60  invoice  scheduled
from 2027-01-15T08:00:00.000Z, 0ms in all; long spans are drawn shorter

ATTEMPT   WAITS    RUNS
  waits     0ms          →                          due
""",
    "rescheduled while it waited": """\
d5k7nc8v2q0g0a1m5j60  invoice  done
from 2027-01-15T08:00:00.000Z, 30s in all; a column is 1s

ATTEMPT   WAITS    RUNS
      1     20s     10s  ············░░░████████✓   done: result of 4 bytes

· not due  ░ due  █ runs
""",
    "a clock that was set back": """\
d5k7nc8v2q0g0a1m5j60  invoice  started
from 2027-01-15T08:00:00.000Z, 30s in all; long spans are drawn shorter

ATTEMPT   WAITS    RUNS
      1     10s     0ms  ░░░░░░░░█↻                 ValueError: no such add…
      2     10s     10s          ░░░░░░░████████→   runs

░ due  █ runs
""",
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_history_is_drawn(name: str) -> None:
    history, seconds, width = DRAWN[name]

    assert text_of(timeline(history, at(seconds), width)) + "\n" == LOOKS[name]


def test_every_drawing_has_its_picture() -> None:
    assert LOOKS.keys() == DRAWN.keys()


def test_a_terminal_without_blocks_gets_letters() -> None:
    drawn = text_of(timeline(TROUBLED, at(5_000), 100, LETTERS))

    assert drawn.replace("…", "").isascii()
    assert "      2      4s     30s               :####!                    crashed: its process is gone" in drawn
    assert ". not due  : due  # runs  % runs, cancelled  = dead" in drawn


@pytest.mark.parametrize(("encoding", "can"), [("utf-8", True), ("ascii", False), ("latin-1", False)])
def test_an_encoding_has_blocks_or_not(encoding: str, can: bool) -> None:
    assert can_be_shown(BLOCKS, encoding) is can


@pytest.mark.parametrize("width", [1, NARROWEST, 80, 99, 150])
@pytest.mark.parametrize("seed", range(6))
def test_no_line_is_wider_than_it_may_be_whatever_happened(seed: int, width: int) -> None:
    store = MemoryStore()
    Walk(store, seed).run(120)
    logs = groupby(sorted(events_of(store), key=lambda each: each.jid), key=lambda each: each.jid)

    for _, history in logs:
        lines = timeline(tuple(history), Instant(10**9), width)
        assert max(len(line) for line in text_of(lines).splitlines()) <= min(max(width, NARROWEST), WIDEST)
        assert all(line == line.rstrip() for line in text_of(lines).splitlines())


def events_of(store: MemoryStore) -> list[Recorded]:
    jids = {each.jid for each in store.events(0, 10**6)} - {DATABASE}
    return [each for jid in jids for each in store.history(jid)]


def snoozing(times: int) -> list[Recorded]:
    events: list[Event] = [scheduled()]
    for number in range(1, times + 1):
        events += [started(number * 60, number), JobSnoozed(at(number * 60 + 1), number, at(number * 60 + 59))]
    return log(*events)


def test_of_many_attempts_the_first_few_and_the_last_are_drawn() -> None:
    stretches = stretches_of(snoozing(500), at(500 * 60 + 1))
    shown = some_of(stretches)

    assert len(shown) == MOST_LINES
    assert [stretch.name for stretch in shown[:5]] == ["1", "2", "3", "...", "482"]
    assert [stretch.name for stretch in shown[-2:]] == ["500", "waits"]
    assert shown[3].said == "478 lines are left out"
    assert sum(stretch.length("left out") for stretch in shown) == 478 * 60 * SECOND
    assert some_of(stretches[:MOST_LINES]) == stretches[:MOST_LINES]
    drawn = text_of(timeline(snoozing(500), at(500 * 60 + 1), 80))
    assert "    ...   7h58m" in drawn
    assert drawn.endswith("⋯ left out")


def test_messages_can_t_move_the_cursor() -> None:
    gone = log(scheduled(), started(1, 1), JobCrashed(at(2), 1, "\x1b[31m\nred", at(2)))

    assert r"crashed: \x1b[31m\nred" in text_of(timeline(gone, at(3), 100))


def test_columns_are_even_while_all_that_ran_can_be_seen() -> None:
    def parts(*seconds: int) -> list[Part]:
        return [Part("runs" if place % 2 else "due", Span(each * SECOND)) for place, each in enumerate(seconds)]

    assert scaled(parts(10, 10, 10, 10), 40) == ((0, 10, 20, 30, 40), True)
    assert scaled(parts(395, 5), 40) == ((0, 40, 40), True)
    assert scaled(parts(396, 4), 40) == ((0, 30, 40), False)
    assert scaled(parts(1_000_000, 1, 1_000_000, 1), 40) == ((0, 20, 20, 40, 40), False)
    assert scaled([], 40) == ((0,), False)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_ends_a_stretch_or_none(event: Event) -> None:
    ends: dict[type[Event], End] = {
        JobDone: "done",
        JobRetried: "again",
        JobSnoozed: "again",
        JobReleased: "again",
        JobCrashed: "crashed",
        JobDied: "died",
        JobCancelled: "cancelled",
        JobRedriven: "redriven",
    }
    ended = end_of(event)

    assert (None if ended is None else ended[0]) == ends.get(type(event))
