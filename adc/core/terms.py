"""Terms, tally, token: what was agreed when a job was scheduled, what has been counted since, and who holds it."""

from typing import Final

from msgspec import Struct

from adc.core.ids import RunnerId
from adc.core.instants import Span
from adc.core.retry import NEVER, RetryPolicy

DEFAULT_QUEUE: Final = "default"
MAX_CRASHES: Final = 3
"""So many crashed attempts make a job poison, unless its terms say otherwise."""


class Body(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What the core knows of bytes that it never sees: a payload or a result."""

    hash: str
    """blake2b-128 of the bytes, in hex."""
    size: int
    """In bytes."""


NOTHING: Final = Body("941dffce4e4308ceb33e87326003257d", 4)
"""The result `null` of a handler that gives none: this very object, since msgspec leaves out no other default."""


class Terms(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What was agreed at scheduling. A fold never depends on the code of the day: all of it is in the first event."""

    kind: str
    payload: Body
    payload_version: int = 1
    queue: str = DEFAULT_QUEUE
    priority: int = 0
    """From -128 to 127, higher first."""
    retry: RetryPolicy = NEVER
    timeout: Span | None = None
    """How long one attempt may run; None: as long as it takes."""
    max_crashes: int = MAX_CRASHES
    key: str | None = None
    """Unique per kind for as long as the job's history is kept; None: no key."""
    meta: tuple[tuple[str, str], ...] = ()
    """Names and texts that travel with the job, such as a request's id."""


class Tally(Struct, frozen=True, gc=False):
    """What has been counted. `attempt` never resets; the others start anew with each life."""

    attempt: int = 0
    """The latest attempt's number, 1-based; 0 before the first."""
    retries: int = 0
    """Failed attempts that were retried."""
    crashes: int = 0
    """Attempts whose runner died."""


class Token(Struct, frozen=True, gc=False):
    """The right to report on one attempt; a stale one is answered with LeaseLost."""

    attempt: int
    runner: RunnerId


class Fault(Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """What went wrong in an attempt, as text that was bounded and made safe before it came here."""

    names: tuple[str, ...]
    """Full names of the exception's class and its bases, nearest first."""
    message: str = ""
    traceback: str = ""
