"""Laws that hold whatever is asked, by whom and in which order: random walks of jobs through decide and evolve."""

import re
from collections.abc import Iterator
from itertools import pairwise, product
from random import Random
from typing import Final, NamedTuple, TypeAlias, get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adc.core.commands import Command, KeyHolder, Schedule
from adc.core.decide import Report, decide
from adc.core.events import Event, JobCrashed, JobRedriven, JobRetried, JobScheduled, JobStarted
from adc.core.evolve import fold
from adc.core.ids import Xid, encode_xid
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import LeaseLost, NotFound, Refusal
from adc.core.retry import NEVER
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, JobState, Scheduled, Started
from adc.core.terms import Tally, Token
from adc.core.transition import Asked, Snapshot, Transition, transition
from adc.testing import samples

# Walks: whatever is asked of some jobs, one thing after another.

JIDS: Final = tuple(encode_xid(bytes([*range(11), last])) for last in (32, 64, 96, 128))
RUNNERS: Final = (samples.RUNNER, samples.OTHER_RUNNER)

WITHOUT_KEY: Final = replace(samples.SCHEDULE, terms=replace(samples.TERMS, key=None))
FRAGILE: Final = replace(WITHOUT_KEY, terms=replace(WITHOUT_KEY.terms, retry=NEVER, max_crashes=1))
CLAIMS: Final = tuple(replace(samples.CLAIM, runner=runner, due_by=samples.LATER) for runner in RUNNERS)

COMMANDS: Final = (*samples.COMMANDS, *samples.MORE_COMMANDS, WITHOUT_KEY, FRAGILE, samples.REDRIVE, *CLAIMS * 3)
AGES: Final = (0, 0, 0, 1, 2, 3)
"""Whose report it is: 0 is the runner of the latest attempt, 1 that of the attempt before it, ..."""

Moves: TypeAlias = list[tuple[Xid, Command, int]]

MOVES: Final[Moves] = [*product(JIDS, COMMANDS, AGES)]


def moves_of(seed: int, steps: int) -> Moves:
    """So many moves, drawn evenly: a list that hypothesis draws itself repeats its elements, and gets nowhere."""
    return Random(seed).choices(MOVES, k=steps)


walks = st.builds(moves_of, st.integers(0, 2**32), st.integers(0, 200))


class Step(NamedTuple):
    """What was asked of a job, the answer, and what became of the job."""

    command: Command
    before: Snapshot
    answer: Outcome[Transition, Refusal]
    after: Snapshot


class Store:
    """The least that a store is: jobs and their logs."""

    def __init__(self) -> None:
        self.jobs = {jid: Snapshot.absent(jid) for jid in JIDS}
        self.logs: dict[Xid, list[Event]] = {jid: [] for jid in JIDS}

    def ask(self, command: Command) -> Step:
        """Ask, and write what follows."""
        before = self.jobs[command.jid]
        answer = transition(before, Asked(command, actor="walk"))
        match answer:
            case Success(order):
                self.logs[command.jid].extend(order.events)
                version = before.version + len(order.events)
                self.jobs[command.jid] = Snapshot(command.jid, order.after, 1, version, b"")
            case Failure():
                pass
        return Step(command, before, answer, self.jobs[command.jid])

    def holder(self, key: str | None) -> KeyHolder | None:
        """Who holds the key, as a store would look it up."""
        for jid, job in self.jobs.items():
            if not isinstance(job.state, Absent) and key is not None and job.state.terms.key == key:
                return KeyHolder(jid, job.state.terms.payload.hash)
        return None

    def tokens(self, jid: Xid) -> list[Token]:
        """Every token that was given for the job, the latest last; before them those of strangers."""
        given = [Token(event.attempt, event.runner) for event in self.logs[jid] if isinstance(event, JobStarted)]
        others = (Token(attempt, runner) for attempt, runner in product((len(given) + 1, len(given)), RUNNERS))
        return [*(token for token in others if token not in given), *given]

    def walk(self, moves: Moves) -> Iterator[Step]:
        """Schedule half of the jobs, then ask one thing after another."""
        yield from (self.ask(replace(WITHOUT_KEY, jid=jid)) for jid in JIDS[::2])
        for jid, command, age in moves:
            if isinstance(command, Schedule):
                yield self.ask(replace(command, jid=jid, holder=self.holder(command.terms.key)))
            elif isinstance(command, Report):
                tokens = self.tokens(jid)
                yield self.ask(replace(command, jid=jid, token=tokens[-1 - age % len(tokens)]))
            else:
                yield self.ask(replace(command, jid=jid))


def walked(moves: Moves) -> Store:
    """What is stored after the walk."""
    store = Store()
    for _ in store.walk(moves):
        pass
    return store


def lives(log: list[Event]) -> list[list[Event]]:
    """A job's log, cut where a new life begins."""
    starts = [place for place, event in enumerate(log) if isinstance(event, JobScheduled | JobRedriven)]
    return [log[start:end] for start, end in pairwise([*starts, len(log)])]


def holding(state: JobState) -> Token | None:
    """The token that is heard; None: there is none."""
    match state:
        case Started() | Cancelling() | Done():
            return state.token
        case Absent() | Scheduled() | Dead() | Cancelled():
            return None


def count(log: list[Event], kind: type) -> int:
    """How often such a thing happened."""
    return sum(isinstance(event, kind) for event in log)


# What a history can be.

WAIT: Final = "(JobRescheduled )*"
TRIES: Final = f"({WAIT}JobStarted (JobRetried|JobSnoozed|JobReleased|JobCrashed) )*{WAIT}"
DEATH: Final = "JobStarted (JobCrashed )?JobDied (PayloadErased )*"
END: Final = "(JobCancelled |JobStarted (CancelAsked )?JobDone |JobStarted CancelAsked (JobCrashed )?JobCancelled )"
HISTORY: Final = re.compile(
    f"JobScheduled ({TRIES}{DEATH}JobRedriven )*{TRIES}({END}|{DEATH}(JobCancelled )?)(PayloadErased )*"
)
"""Every history that is over. A life begins with JobScheduled or JobRedriven, and one of JobDone, JobDied, JobCancelled
ends it. Only a death can be followed by another life; and a JobCancelled after a death ends no life, but the hope for
another."""
ENDING: Final[dict[type, str]] = {Scheduled: "JobCancelled ", Started: "JobDone ", Cancelling: "JobDone "}
"""What would make a history be over, from the states that aren't."""


@given(walks)
def test_the_state_is_the_fold_of_the_log_after_each_command(moves: Moves) -> None:
    store = Store()
    for step in store.walk(moves):
        log = store.logs[step.command.jid]

        assert fold(log) == step.after.state
        assert len(log) == step.after.version


@given(walks)
def test_every_life_has_exactly_one_end(moves: Moves) -> None:
    store = walked(moves)
    for jid, log in store.logs.items():
        history = "".join(f"{type(event).__name__} " for event in log)
        assert not history or HISTORY.fullmatch(history + ENDING.get(type(store.jobs[jid].state), ""))


@given(walks)
def test_attempts_rise_by_one_and_never_begin_anew(moves: Moves) -> None:
    for log in walked(moves).logs.values():
        attempts = [event.attempt for event in log if isinstance(event, JobStarted)]

        assert list(range(1, len(attempts) + 1)) == attempts


@given(walks)
def test_no_life_has_more_retries_or_crashes_than_were_agreed(moves: Moves) -> None:
    store = walked(moves)
    for jid, log in store.logs.items():
        state = store.jobs[jid].state
        if not isinstance(state, Absent):
            for life in lives(log):
                assert count(life, JobRetried) <= state.terms.retry.max_retries
                assert count(life, JobCrashed) <= state.terms.max_crashes


@given(walks)
def test_the_tally_counts_the_latest_life(moves: Moves) -> None:
    store = walked(moves)
    for jid, log in store.logs.items():
        state = store.jobs[jid].state
        if not isinstance(state, Absent):
            life = lives(log)[-1]
            expected = Tally(count(log, JobStarted), count(life, JobRetried), count(life, JobCrashed))
            assert expected == state.tally


@given(walks)
def test_a_report_by_whoever_does_not_hold_the_job_changes_nothing(moves: Moves) -> None:
    for command, before, answer, after in Store().walk(moves):
        if isinstance(command, Report) and command.token != holding(before.state):
            absent = isinstance(before.state, Absent)
            expected = NotFound(command.jid) if absent else LeaseLost(command.jid, command.token.attempt)

            assert Failure(expected) == answer
            assert before == after


@given(walks)
def test_one_token_at_most_is_heard(moves: Moves) -> None:
    store = walked(moves)
    for jid, job in store.jobs.items():
        heard = [
            token
            for token in store.tokens(jid)
            if isinstance(decide(replace(samples.COMPLETE, jid=jid, token=token), job.state), Success)
        ]
        held = holding(job.state)

        assert ([] if held is None else [held]) == heard


@given(walks)
def test_what_was_agreed_stays_but_for_the_priority(moves: Moves) -> None:
    store = walked(moves)
    for jid, log in store.logs.items():
        match log, store.jobs[jid].state:
            case [JobScheduled(terms=agreed), *_], state if not isinstance(state, Absent):
                assert replace(agreed, priority=state.terms.priority) == state.terms
            case _:
                assert not log


@given(walks)
def test_a_key_is_held_once(moves: Moves) -> None:
    states = [job.state for job in walked(moves).jobs.values()]
    keys = [state.terms.key for state in states if not isinstance(state, Absent) and state.terms.key is not None]

    assert len(set(keys)) == len(keys)


def test_the_walks_lead_everywhere() -> None:
    """Else the laws say little."""
    seen: set[tuple[type, type]] = set()

    @settings(database=None, derandomize=True)
    @given(walks)
    def look(moves: Moves) -> None:
        seen.update((type(step.command), type(step.before.state)) for step in Store().walk(moves))

    look()

    assert set(product(get_args(Command), get_args(JobState))) == seen
