"""Small scope: all that two runners can do with two jobs in so many steps, in every order, by the pure core alone.

python -m tests.faults.small_scope [--depth 10] [--json FILE]
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace
from typing_extensions import TypeVar

from adc.core.commands import (
    Cancel,
    Claim,
    Command,
    Complete,
    Erase,
    Expire,
    Fail,
    Redrive,
    Release,
    Reschedule,
    Schedule,
    Snooze,
)
from adc.core.decide import Report, decide
from adc.core.events import Event, JobCancelled, JobDied, JobDone, JobRedriven, JobStarted, PayloadErased
from adc.core.evolve import ImpossibleHistory, evolve
from adc.core.ids import RunnerId
from adc.core.instants import Instant, Span
from adc.core.outcome import Failure, Success
from adc.core.refusals import LeaseLost
from adc.core.retry import fixed
from adc.core.states import Absent, Cancelled, Cancelling, Dead, Done, JobState, Started
from adc.core.terms import Terms, Token
from adc.testing import samples
from tests.faults.counting import Counting, options

JIDS: Final = (samples.JOB, samples.OTHER_JOB)
RUNNERS: Final = (samples.RUNNER, samples.OTHER_RUNNER)
NOW: Final = Instant(1)
"""By the clock of whoever asks: it stands still, so that states that differ by it alone are one."""
LATER: Final = Instant(2)
TERMS: Final = Terms("k", samples.PAYLOAD, retry=fixed(max_retries=1), max_crashes=2)
OVER: Final = (Done, Dead, Cancelled)
Value = TypeVar("Value")
Number: TypeAlias = int
"""Of a job, or of a runner: 0 or 1."""


class Scene(Struct, frozen=True):
    """All that there is at one moment."""

    jobs: tuple[JobState, JobState] = (Absent(), Absent())
    given: tuple[tuple[RunnerId, ...], tuple[RunnerId, ...]] = ((), ())
    """Of each job, by attempt, to whom it was given: they may all still say something."""
    alive: tuple[bool, bool] = (True, True)
    due_by: Instant = NOW
    """Whether what was put off is due."""


class Step(Struct, frozen=True):
    """A command of a job that somebody gives."""

    job: Number
    command: Command


def steps(scene: Scene) -> Iterator[Step]:
    """Everything that can be asked in it."""
    for job, (jid, given) in enumerate(zip(JIDS, scene.given, strict=True)):
        for runner, alive in zip(RUNNERS, scene.alive, strict=True):
            if alive:
                yield Step(job, Claim(jid, NOW, runner, scene.due_by))
        for attempt, runner in enumerate(given, 1):
            token = Token(attempt, runner)
            if scene.alive[RUNNERS.index(runner)]:
                yield from (Step(job, each) for each in said(job, token))
            yield Step(job, Expire(jid, NOW, token, "died"))  # or stopped, and taken for dead
        yield Step(job, Schedule(jid, NOW, TERMS, NOW))
        yield Step(job, Schedule(jid, NOW, replace(TERMS, payload=samples.OTHER_PAYLOAD), NOW))
        yield Step(job, Cancel(jid, NOW))
        yield Step(job, Reschedule(jid, NOW, LATER))
        yield Step(job, Redrive(jid, NOW, NOW))
        yield Step(job, Erase(jid, NOW))


def said(job: Number, token: Token) -> tuple[Report, ...]:
    """What an attempt may say."""
    jid = JIDS[job]
    return (
        Complete(jid, NOW, token, samples.RESULT),
        Fail(jid, NOW, token, samples.FAULT, "transient", Span(1)),
        Fail(jid, NOW, token, samples.FAULT, "permanent"),
        Snooze(jid, NOW, token, LATER),
        Release(jid, NOW, token, "shutdown", NOW),
    )


class Explorer:
    """Goes everywhere, once, and checks each step that it takes."""

    def __init__(self) -> None:
        self.scenes: set[Scene] = {Scene()}
        self.taken = 0
        self.refused = 0
        self.wrong: list[str] = []

    def explore(self, depth: int) -> Iterator[int]:
        """How many scenes are new at each depth."""
        frontier = [Scene()]
        for _ in range(depth):
            found = {after for scene in frontier for after in self.following(scene)} - self.scenes
            self.scenes |= found
            frontier = list(found)
            yield len(frontier)

    def following(self, scene: Scene) -> Iterator[Scene]:
        """What may be after one more step."""
        if scene.due_by == NOW:
            yield replace(scene, due_by=LATER)
        for runner in (0, 1):
            yield replace(scene, alive=put(scene.alive, runner, not scene.alive[runner]))  # it dies, or is started
        for step in steps(scene):
            yield self.after(scene, step)

    def after(self, scene: Scene, step: Step) -> Scene:
        self.taken += 1
        before = scene.jobs[step.job]
        match decide(step.command, before):
            case Failure(refusal):
                self.refused += 1
                self.judge_refusal(before, step.command, isinstance(refusal, LeaseLost))
                return scene
            case Success(events):
                return self.happened(scene, step, events)

    def happened(self, scene: Scene, step: Step, events: Sequence[Event]) -> Scene:
        job, before = step.job, scene.jobs[step.job]
        after, given = before, scene.given[job]
        for event in events:
            try:
                after = evolve(after, event)
            except ImpossibleHistory as impossible:
                self.fails(before, step.command, str(impossible))
                return scene
            if isinstance(event, JobStarted):
                if event.attempt != len(given) + 1:
                    self.fails(before, step.command, f"attempt {event.attempt} after {len(given)} attempts")
                given = (*given, event.runner)
        for problem in problems(before, step.command, events, after, given):
            self.fails(before, step.command, problem)
        return replace(scene, jobs=put(scene.jobs, job, after), given=put(scene.given, job, given))

    def judge_refusal(self, before: JobState, command: Command, lost: bool) -> None:
        """Who holds a job is heard; who doesn't is told so."""
        if isinstance(command, Report):
            holds = _holds(before, command)
            if holds or not (lost or isinstance(before, Absent)):
                self.fails(before, command, "the holder was refused" if holds else "the refusal isn't LeaseLost")

    def fails(self, before: JobState, command: Command, problem: str) -> None:
        self.wrong.append(f"{problem}: {command} in {before}")


def problems(
    before: JobState, command: Command, events: Sequence[Event], after: JobState, given: Sequence[RunnerId]
) -> Iterator[str]:
    """What must hold after each step, whatever came before it."""
    if isinstance(after, Absent):
        if events:
            yield "it is absent after an event"
        return
    if not events and after != before:
        yield "nothing happened, and it is another one"
    if after.tally.attempt != len(given):
        yield f"{after.tally.attempt} attempts are counted, and {len(given)} were given"
    if isinstance(after, Started | Cancelling) and after.token != Token(len(given), given[-1]):
        yield "another than the last to whom it was given holds it"
    if not isinstance(before, Absent) and before.terms.payload != after.terms.payload:
        yield "its payload is another one"
    if isinstance(command, Report) and events and not _holds(before, command):
        yield "who doesn't hold it was heard"
    if isinstance(before, OVER) and not {type(event) for event in events} <= _AFTER_THE_END[type(before)]:
        yield f"it was over, and then {[type(event).__name__ for event in events]} happened"
    if sum(isinstance(event, JobDone | JobDied | JobCancelled) for event in events) > 1:
        yield "it ended twice in one step"


def _holds(state: JobState, report: Report) -> bool:
    return isinstance(state, Started | Cancelling) and state.token == report.token


_AFTER_THE_END: Final[dict[type[JobState], set[type[Event]]]] = {
    Done: {PayloadErased},
    Cancelled: {PayloadErased},
    Dead: {PayloadErased, JobRedriven, JobCancelled},
}


def put(pair: tuple[Value, Value], number: Number, value: Value) -> tuple[Value, Value]:
    """The pair with another one in this place."""
    return (value, pair[1]) if number == 0 else (pair[0], value)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depth", type=int, default=10)
    options(parser)
    chosen = parser.parse_args()
    counting, explorer = Counting("small_scope", chosen.seed), Explorer()
    for depth, found in enumerate(explorer.explore(chosen.depth), 1):
        print(f"depth {depth}: {found:,} new", flush=True)
    counting.count_all({"scenes": len(explorer.scenes), "steps": explorer.taken, "refused": explorer.refused})
    counting.wrong(explorer.wrong)
    return counting.end(chosen.json, f"--depth {chosen.depth}")


if __name__ == "__main__":
    sys.exit(main())
