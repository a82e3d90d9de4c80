"""Life: one job as the referee follows it, by its events alone: said once more, so that it can disagree with evolve."""

from base64 import b32hexdecode
from typing import Final, Literal, TypeAlias, assert_never

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
from adc.core.ids import RunnerId, Xid, is_xid
from adc.core.terms import Terms, Token
from adc.handling.said import Crashed, Dozed, Failed, Finished, GivenBack, Said

Phase: TypeAlias = Literal["absent", "waiting", "running", "cancelling", "crashed", "done", "dead", "cancelled"]
"""Crashed: no other attempt follows, and the next event says what became of it."""

Culprit: TypeAlias = Literal["own", "neighbour", "outside"]
"""Why a runner died that had the job: by the job's own handler, by that of another job, or by neither."""

OVER: Final = frozenset({"done", "dead", "cancelled"})
NOBODY: Final = RunnerId("")


class Broken(Exception):
    """A promise was broken."""


class Life:
    """One job."""

    def __init__(self, jid: Xid) -> None:
        self.jid = jid
        self.terms: Terms | None = None
        self.version = 0
        self.phase: Phase = "absent"
        self.cancel_asked = False
        self.erased = False
        self.due = 0
        self.attempt = 0
        self.runner = NOBODY
        self.retries = 0
        self.crashes = 0
        self.culprit: Culprit = "outside"
        """Why the runner is gone that has it, if it is."""
        self.culprits: list[Culprit] = []
        """Those of the crashes of this life."""

    @property
    def token(self) -> Token:
        """Of the attempt that runs, or ran last."""
        return Token(self.attempt, self.runner)

    @property
    def holds(self) -> bool:
        """Whether a runner has it."""
        return self.phase in ("running", "cancelling")

    def follow(self, event: Event, actor: str, said: Said | None) -> None:
        """What happens next; `said` is what the attempt said that has the job, as it was reported."""
        self.version += 1
        match event:
            case JobScheduled(terms=terms, due=due):
                self._expect(event, self.phase == "absent")
                self.terms, self.phase, self.due = terms, "waiting", due
            case JobStarted(attempt=attempt, runner=runner):
                self._expect(event, self.phase == "waiting" and not self.cancel_asked)
                self._expect(event, attempt == self.attempt + 1 and actor == f"runner:{runner}")
                self.phase, self.attempt, self.runner, self.culprit = "running", attempt, runner, "outside"
            case JobDone(attempt=attempt):
                self._reported(event, attempt, actor)
                self._expect(event, isinstance(said, Finished) and self.holds)
                self.phase = "done"
            case JobRetried(attempt=attempt, due=due):
                self._reported(event, attempt, actor)
                self._expect(event, isinstance(said, Failed) and said.verdict == "transient")
                self.retries += 1
                self._expect(event, self.retries <= self._terms.retry.max_retries)
                self._wait(event, due)
            case JobSnoozed(attempt=attempt, due=due):
                self._reported(event, attempt, actor)
                self._expect(event, isinstance(said, Dozed))
                self._wait(event, due)
            case JobReleased(attempt=attempt, due=due):
                self._reported(event, attempt, actor)
                self._expect(event, isinstance(said, GivenBack))
                self._wait(event, due)
            case JobCrashed(attempt=attempt, due=due):
                self._expect(event, attempt == self.attempt and self.holds)
                self._crash(event, due)
            case JobDied(attempt=attempt):
                self._die(event, attempt, actor, said)
            case CancelAsked():
                self._expect(event, self.phase == "running")
                self.phase, self.cancel_asked = "cancelling", True
            case JobCancelled():
                self._cancel(event, actor, said)
            case JobRescheduled(due=due):
                self._expect(event, self.phase == "waiting")
                self.due = due
            case JobRedriven(due=due):
                self._expect(event, self.phase == "dead")
                self.phase, self.due, self.retries, self.crashes, self.culprits = "waiting", due, 0, 0, []
            case PayloadErased():
                self._expect(event, self.phase in OVER)
                self.erased = True
            case _:
                assert_never(event)

    @property
    def _terms(self) -> Terms:
        assert self.terms is not None
        return self.terms

    def _wait(self, event: Event, due: int) -> None:
        self._expect(event, self.phase == "running" and not self.cancel_asked)
        self.phase, self.due = "waiting", due

    def _crash(self, event: JobCrashed, due: int | None) -> None:
        if self.culprit == "neighbour":
            self._expect(event, self.crashes == 0)  # after the first crash it has no neighbours any more
        self.culprits.append(self.culprit)
        self.crashes += 1
        if due is None:
            self._expect(event, self.cancel_asked or self.crashes == self._terms.max_crashes)
            self.phase = "crashed"
        else:
            self._expect(event, self.crashes < self._terms.max_crashes)
            self._wait(event, due)

    def _die(self, event: JobDied, attempt: int, actor: str, said: Said | None) -> None:
        self._expect(event, attempt == self.attempt)
        match event.reason:
            case "Poison":
                self._expect(event, self.phase == "crashed" and not self.cancel_asked)
                self._expect(event, self.crashes == self._terms.max_crashes)
            case "RetriesUsedUp":
                self._reported(event, attempt, actor)
                self._expect(event, isinstance(said, Failed) and said.verdict == "transient")
                self._expect(event, self.retries == self._terms.retry.max_retries)
            case "Permanent":
                self._reported(event, attempt, actor)
                self._expect(event, isinstance(said, Failed) and said.verdict == "permanent")
            case "Undecodable":
                self._reported(event, attempt, actor)
                self._expect(event, self.erased)
            case _:
                assert_never(event.reason)
        self.phase = "dead"

    def _cancel(self, event: JobCancelled, actor: str, said: Said | None) -> None:
        match event.how:
            case "waiting":
                self._expect(event, self.phase == "waiting")
            case "dead":
                self._expect(event, self.phase == "dead")
            case "crashed":
                self._expect(event, self.phase == "crashed" and self.cancel_asked)
            case "failed" | "snoozed" | "released":
                wanted = {"failed": Failed, "snoozed": Dozed, "released": GivenBack}[event.how]
                self._reported(event, self.attempt, actor)
                self._expect(event, self.phase == "cancelling" and isinstance(said, wanted))
            case _:
                assert_never(event.how)
        self.phase = "cancelled"

    def _reported(self, event: Event, attempt: int, actor: str) -> None:
        """Only who holds it is heard."""
        self._expect(event, self.holds and attempt == self.attempt and actor == f"runner:{self.runner}")

    def _expect(self, event: Event, holds: bool) -> None:
        if not holds:
            raise Broken(f"{event} can't happen to {self.told()}")

    def told(self) -> str:
        """For people."""
        terms = self.terms
        kind = "a job" if terms is None else f"{terms.kind} job, {terms.retry.max_retries} retries"
        return (
            f"{short(self.jid)} ({kind}), {self.phase}, attempt {self.attempt} by {short(self.runner)}, "
            f"retries {self.retries}, crashes {self.crashes} of {self.culprits}"
        )


def short(name: str) -> str:
    """A name for people: an id of the simulation is a small number."""
    return str(int.from_bytes(b32hexdecode(f"{name.upper()}===="))) if is_xid(name) else name or "nobody"


def is_crash_of_a_child(said: Said | None, because: str) -> bool:
    """Whether the attempt's own process died, and not its runner."""
    return isinstance(said, Crashed) and said.because == because
