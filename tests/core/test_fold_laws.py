"""Laws that hold whatever is asked, by whom and in which order: random walks of jobs through decide and evolve."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adc.core.commands import (
    Cancel,
    Claim,
    Command,
    Complete,
    Erase,
    Expire,
    Fail,
    KeyHolder,
    Redrive,
    Release,
    Reschedule,
    Schedule,
    Snooze,
    Verdict,
)
from adc.core.decide import Decision, Report, decide
from adc.core.events import Event, JobCrashed, JobRedriven, JobRetried, JobScheduled, JobStarted
from adc.core.evolve import evolve, fold
from adc.core.ids import Xid, encode_xid
from adc.core.instants import LAST, Instant, Span
from adc.core.outcome import Failure, Outcome, Success
from adc.core.refusals import KeyTaken, LeaseLost, NotFound, Refusal
from adc.core.retry import NEVER, fixed
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, JobState, Reason, Scheduled, Started
from adc.core.terms import Tally, Terms, Token
from adc.core.transition import Asked, Snapshot, Transition, transition
from adc.testing import samples

# What can be drawn for commands and states.

JIDS: Final = tuple(encode_xid(bytes([*range(11), last])) for last in (32, 64, 96))
RUNNERS: Final = (samples.RUNNER, samples.OTHER_RUNNER)

jids = st.sampled_from(JIDS)
runners = st.sampled_from(RUNNERS)
instants = st.integers(0, LAST).map(Instant)
spans = st.integers(0, LAST).map(Span)
priorities = st.integers(-128, 127)
bodies = st.sampled_from([samples.PAYLOAD, samples.OTHER_PAYLOAD])
faults = st.sampled_from([samples.FAULT, samples.FAULT, samples.FINAL_FAULT])
noises = st.floats(0, 1, exclude_max=True)
holders = st.none() | st.builds(KeyHolder, jids, bodies.map(lambda body: body.hash))
verdicts: st.SearchStrategy[Verdict] = st.sampled_from(["transient", "transient", "permanent", "undecodable"])
reasons: st.SearchStrategy[Reason] = st.sampled_from(["RetriesUsedUp", "Permanent", "Undecodable", "Poison"])
terms = st.builds(
    Terms,
    kind=st.just("invoice"),
    payload=bodies,
    priority=priorities,
    retry=st.sampled_from([NEVER, fixed(max_retries=1), samples.TERMS.retry]),
    max_crashes=st.integers(1, 3),
    key=st.sampled_from([None, samples.KEY]),
)
tallies = st.builds(Tally, *[st.integers(0, 5)] * 3)
tokens = st.builds(Token, st.integers(0, 5), runners)


reports: st.SearchStrategy[Report] = st.one_of(
    st.builds(Complete, jids, instants, tokens, bodies),
    st.builds(Fail, jids, instants, tokens, faults, verdicts, st.none() | spans, noises),
    st.builds(Snooze, jids, instants, tokens, instants),
    st.builds(Release, jids, instants, tokens, st.just("shutdown"), instants),
    st.builds(Expire, jids, instants, tokens, st.just("its process is gone")),
)
claims = st.builds(Claim, jids, instants, runners, instants)
redrives = st.builds(Redrive, jids, instants, instants)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(Schedule, jids, instants, terms, instants, holders),
    claims,
    reports,
    st.builds(Cancel, jids, instants),
    st.builds(Reschedule, jids, instants, st.none() | instants, st.none() | priorities),
    redrives,
    st.builds(Erase, jids, instants),
)
states: st.SearchStrategy[JobState] = st.one_of(
    st.just(Absent()),
    st.builds(Scheduled, terms, tallies, instants),
    st.builds(Started, terms, tallies, tokens, instants),
    st.builds(Cancelling, terms, tallies, tokens, instants, instants),
    st.builds(Done, terms, tallies, tokens, instants),
    st.builds(Dead, terms, tallies, reasons, instants),
    st.builds(Cancelled, terms, tallies, instants),
)

# What decide can say.


def names(command: Command, state: JobState, decision: Decision) -> tuple[str, ...]:
    """The row and the column of the table in docs/architecture.md, and what its cell says."""
    said = decision.unwrap() if isinstance(decision, Success) else (decision.failure(),)
    return tuple(type(part).__name__ for part in (command, state, *said))


SAMPLED: Final = frozenset(
    names(command, state, decide(command, state))
    for command in (*samples.COMMANDS, *samples.MORE_COMMANDS)
    for state in (*samples.STATES, *samples.MORE_STATES)
)


@settings(max_examples=500)
@given(commands, states)
def test_decide_answers_anything_and_evolve_follows(command: Command, state: JobState) -> None:
    decision = decide(command, state)

    assert names(command, state, decision) in SAMPLED, "an answer that no sample shows"
    match decision:
        case Success(events):
            for event in events:
                assert command.at == event.at
                state = evolve(state, event)
        case Failure(refusal):
            assert isinstance(refusal, KeyTaken) or command.jid == refusal.jid


# Walks: whatever is asked of some jobs, one thing after another.

soon_due = claims.map(lambda claim: replace(claim, due_by=LAST))
now_due = redrives.map(lambda redrive: replace(redrive, due=redrive.at))
moves = st.tuples(st.one_of(commands, soon_due, soon_due, now_due, reports), st.sampled_from([0, 0, 0, 1, 2, 3]))
"""A command; and if it is a report, by whom: 0 by the runner of the latest attempt, 1 by that of the one before ..."""
walks = st.lists(moves, min_size=30, max_size=60)
Moves: TypeAlias = list[tuple[Command, int]]


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
            if not isinstance(job.state, Absent) and job.state.terms.key == key:
                return KeyHolder(jid, job.state.terms.payload.hash)
        return None

    def tokens(self, jid: Xid) -> list[Token]:
        """Every token that was given for the job, the latest last; before them those of strangers."""
        given = [Token(event.attempt, event.runner) for event in self.logs[jid] if isinstance(event, JobStarted)]
        return [*(Token(len(given) + 1, runner) for runner in RUNNERS), *given]

    def walk(self, moves: Moves) -> Iterator[Step]:
        """Ask one thing after another."""
        for jid in JIDS[1:]:
            yield self.ask(replace(samples.SCHEDULE, jid=jid, terms=replace(samples.TERMS, key=None)))
        for command, age in moves:
            match command:
                case Schedule():
                    yield self.ask(replace(command, holder=self.holder(command.terms.key)))
                case Complete() | Fail() | Snooze() | Release() | Expire():
                    tokens = self.tokens(command.jid)
                    yield self.ask(replace(command, token=tokens[-1 - age % len(tokens)]))
                case _:
                    yield self.ask(command)


def walked(moves: Moves) -> Store:
    """What is stored after the walk."""
    store = Store()
    for _ in store.walk(moves):
        pass
    return store


def lives(log: list[Event]) -> list[list[Event]]:
    """A job's log, cut where a new life begins."""
    starts = [place for place, event in enumerate(log) if isinstance(event, JobScheduled | JobRedriven)]
    return [log[start:end] for start, end in zip(starts, [*starts[1:], len(log)], strict=True)]


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
    for log in walked(moves).logs.values():
        for life in lives(log):
            agreed = log[0]
            assert isinstance(agreed, JobScheduled)
            assert count(life, JobRetried) <= agreed.terms.retry.max_retries
            assert count(life, JobCrashed) <= agreed.terms.max_crashes


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
    seen: set[tuple[str, ...]] = set()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(walks)
    def look(moves: Moves) -> None:
        for command, before, _, _ in Store().walk(moves):
            seen.add(names(command, before.state, decide(command, before.state)))

    look()

    assert seen == SAMPLED
