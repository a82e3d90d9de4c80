"""Refusals: the expected no, as a value that says the fact."""

from typing import TypeAlias

from msgspec import Struct

from adc.core.ids import Xid
from adc.core.instants import Instant
from adc.core.states import StateName


class KeyTaken(Struct, frozen=True):
    """A job of this kind has the same key and another payload. (With the same payload its id is the answer.)"""

    key: str
    jid: Xid


class JidTaken(Struct, frozen=True):
    """The id is known, with another payload; or it is the database's own."""

    jid: Xid


class NotFound(Struct, frozen=True):
    """No job has this id."""

    jid: Xid


class WrongState(Struct, frozen=True):
    """What was asked can't be done to a job in this state."""

    jid: Xid
    state: StateName


class WrongKind(Struct, frozen=True):
    """The job is of another kind; nothing was done to it."""

    jid: Xid
    kind: str


class NotDue(Struct, frozen=True):
    """The job waits for a later time."""

    jid: Xid
    due: Instant


class LeaseLost(Struct, frozen=True):
    """The attempt no longer holds the job: what it reported changed nothing."""

    jid: Xid
    attempt: int


class Undecodable(Struct, frozen=True):
    """The stored bytes don't fit the type; the job stays as it was."""

    jid: Xid
    path: str
    """Where in the value, such as `$.items[1].qty`."""
    problem: str


Refusal: TypeAlias = KeyTaken | JidTaken | NotFound | WrongState | NotDue | LeaseLost
"""What the core can answer."""
