"""Job: what a handler is given; and Held, the same job as the runner holds it, with its payload still in bytes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Generic, Protocol, final

from msgspec import Struct
from typing_extensions import TypeVar

from adc.codec.events import is_body
from adc.codec.payload import Decoder, decode_with
from adc.core.ids import Xid
from adc.core.instants import Instant, datetime_of
from adc.core.outcome import Success
from adc.core.states import Started
from adc.core.terms import DEFAULT_QUEUE
from adc.handling.notdone import PayloadUnreadable

P = TypeVar("P")
P_co = TypeVar("P_co", covariant=True, default=object)

NO_META: Final[Mapping[str, str]] = MappingProxyType({})

NOT_SCHEDULED: Final = "its bytes aren't those that were scheduled: the file is damaged"
"""What no handler is given: a value that nobody scheduled, and that may look like one."""


class CancellationToken(Protocol):
    """How a handler sees that it should come to its end: the runner stops, or the attempt's time is over."""

    @property
    def cancelled(self) -> bool:
        """Whether it should."""
        ...

    def wait(self, timeout: timedelta) -> bool:
        """Wait until it should, but no longer than `timeout`; whether it should. Not for coroutines: it blocks."""
        ...


@final
class NeverCancelled:
    """The token of an attempt that nobody cancels, for tests; its `wait` doesn't wait."""

    __slots__ = ()
    why: Final = ""

    @property
    def cancelled(self) -> bool:
        """It never is."""
        return False

    def wait(self, timeout: timedelta) -> bool:  # noqa: ARG002  the protocol's name
        """It never is."""
        return False


NEVER_CANCELLED: Final = NeverCancelled()


@final
class Job(Struct, Generic[P_co], frozen=True):
    """A job, as the handler of one attempt sees it.

    `attempt` is 1-based; `retries` counts failed attempts that were retried; `scheduled_at` is when this attempt was
    due, in UTC; `meta` came with the job; `cancellation` tells when the handler should come to its end.
    """

    jid: Xid
    payload: P_co
    attempt: int
    """1-based; it rises each time that the job is claimed."""
    retries: int
    """Failed attempts that were retried: 0 on the first run."""
    max_retries: int
    """How many failed attempts are retried: at `retries == max_retries` the next failure is final."""
    scheduled_at: datetime
    """When this attempt was due, in UTC: for a retry, after its delay."""
    queue: str = DEFAULT_QUEUE
    meta: Mapping[str, str] = NO_META
    """Names and texts that came with the job, such as a request's id."""
    cancellation: CancellationToken = NEVER_CANCELLED


class Held(Struct, frozen=True, gc=False):
    """A claimed job: what its attempt starts from."""

    jid: Xid
    state: Started
    due: Instant
    """When it was due."""
    payload: bytes | None
    """None: it was erased."""
    version: int = 0
    """Which of its job's events the claim is: the cause of what the attempt asks; 0: that isn't known."""


def read_payload(codec: Decoder[P], held: Held) -> P:
    """The payload; raises PayloadUnreadable, also for bytes that aren't those that were scheduled."""
    if held.payload is not None and not is_body(held.payload, held.state.terms.payload):
        raise PayloadUnreadable("$", NOT_SCHEDULED)
    return read_stored(codec, held.payload)


def read_stored(codec: Decoder[P], payload: bytes | None) -> P:
    """The payload in these bytes; raises PayloadUnreadable. None: they were erased."""
    if payload is None:
        raise PayloadUnreadable("$", "its bytes were erased")
    outcome = decode_with(codec, payload)
    if isinstance(outcome, Success):  # for each attempt: a match takes three times as long
        return outcome.unwrap()
    malformed = outcome.failure()
    raise PayloadUnreadable(malformed.path, malformed.problem)


def job_of(held: Held, payload: P, cancellation: CancellationToken = NEVER_CANCELLED) -> Job[P]:
    """What the handler of this attempt is given."""
    terms, tally = held.state.terms, held.state.tally
    return Job(
        held.jid,
        payload,
        tally.attempt,
        tally.retries,
        terms.retry.max_retries,
        datetime_of(held.due),
        terms.queue,
        dict(terms.meta) if terms.meta else NO_META,
        cancellation,
    )
