"""decide answers any command in any state, with nothing that the samples don't show."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

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
from adc.core.evolve import evolve
from adc.core.instants import LAST, Instant, Span
from adc.core.outcome import Failure, Success
from adc.core.refusals import KeyTaken
from adc.core.retry import NEVER, fixed
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, JobState, Reason, Scheduled, Started
from adc.core.terms import Tally, Terms, Token
from adc.testing import samples

JIDS: Final = (samples.JOB, samples.OTHER_JOB)
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
