"""How commands are carried out in a write transaction: load, decide, apply."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from adc.core.commands import Command, Erase, KeyHolder, Schedule
from adc.core.database import DatabaseCommand, DatabaseTransition
from adc.core.database_rules import database_transition
from adc.core.ids import Xid
from adc.core.outcome import Outcome, Success
from adc.core.refusals import Refusal
from adc.core.transition import Asked, Snapshot, Transition, transition
from adc.ports.store import Writing


class CarriesOut(Protocol):
    """What a write transaction needs, so that the commands of jobs can be carried out in it: `Writing` has it."""

    def load(self, jids: Sequence[Xid]) -> Mapping[Xid, Snapshot]:
        """The jobs as they are."""
        ...

    def payloads(self, jids: Sequence[Xid]) -> Mapping[Xid, bytes]:
        """The payloads of jobs."""
        ...

    def holder(self, kind: str, key: str) -> KeyHolder | None:
        """The job that has this key."""
        ...

    def apply(self, transitions: Sequence[Transition]) -> None:
        """Append the events and write the rows."""
        ...


def carry_out(
    writing: CarriesOut, asked: Sequence[Asked], *, are_new: bool = False
) -> tuple[Outcome[Transition, Refusal], ...]:
    """What came of each command, in order; a refusal concerns only its own.

    Commands go to the store together, as long as none depends on what another one of them does. `are_new`: nothing is
    known of the jobs, so they aren't looked for; if that is wrong of one, this raises VersionConflict.
    """
    outcomes: list[Outcome[Transition, Refusal]] = []
    for together in _independent(asked):
        jids = [each.command.jid for each in together]
        jobs = map(Snapshot.absent, jids) if are_new else map(writing.load(jids).__getitem__, jids)
        decided = [transition(job, _informed(writing, each)) for job, each in zip(jobs, together, strict=True)]
        writing.apply([outcome.unwrap() for outcome in decided if isinstance(outcome, Success)])
        outcomes += decided
    return tuple(outcomes)


def change_database(
    writing: Writing, command: DatabaseCommand, *, actor: str, cause: str | None = None
) -> DatabaseTransition:
    """What a command did to the database's own stream."""
    done = database_transition(writing.database(), command, actor=actor, cause=cause)
    writing.apply_database(done)
    return done


def _independent(asked: Sequence[Asked]) -> Iterable[Sequence[Asked]]:
    """Runs of commands in which no job and no key comes twice."""
    together: list[Asked] = []
    seen: set[Xid | tuple[str, str]] = set()
    for each in asked:
        jid, key = each.command.jid, _key(each.command)
        if jid in seen or key in seen:
            yield together
            together, seen = [], set()
        together.append(each)
        seen.add(jid)
        if key is not None:
            seen.add(key)
    if together:
        yield together


def _key(command: Command) -> tuple[str, str] | None:
    """The kind and the idempotency key of a new job; None: it has none, or is no new job."""
    if isinstance(command, Schedule) and command.terms.key is not None:
        return command.terms.kind, command.terms.key
    return None


def _informed(writing: CarriesOut, asked: Asked) -> Asked:
    """A Schedule is told who holds its key, and an Erase whether there is anything, as of this transaction."""
    command = asked.command
    if isinstance(command, Schedule) and command.terms.key is not None:
        return replace(asked, command=replace(command, holder=writing.holder(command.terms.kind, command.terms.key)))
    if isinstance(command, Erase):
        return replace(asked, command=replace(command, is_erased=not writing.payloads((command.jid,))))
    return asked
