"""JobKind: joins a stored name, a payload type and a result type once; from then on the checkers know all three."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Generic, final

from msgspec import Struct, ValidationError, convert, to_builtins
from msgspec.structs import replace
from typing_extensions import TypeForm, TypeVar, override

from adc import system
from adc.codec.events import body_of
from adc.codec.payload import PAYLOAD_LIMIT, RESULT_LIMIT, Codec, Decoder, codec_for, encode_within
from adc.codec.upgrading import Upgrades
from adc.core.ids import Xid
from adc.core.instants import Instant, Span, after, datetime_of, delay_of, instant_of, limit_of, timedelta_of
from adc.core.names import KEY_LIMIT, META_LIMIT, count_of, name_of, priority_of, text_of
from adc.core.outcome import Success
from adc.core.retry import NEVER, RetryPolicy
from adc.core.terms import DEFAULT_QUEUE, MAX_CRASHES, Terms

P = TypeVar("P")
R = TypeVar("R", default=None)
P_co = TypeVar("P_co", covariant=True, default=object)


class PayloadRefused(ValueError):
    """Raised by `KIND.new`: the payload can't be stored. Nothing was scheduled."""

    def __init__(self, kind: str, path: str, problem: str) -> None:
        super().__init__(kind, path, problem)
        self.kind = kind
        self.path = path
        """Where in the payload, such as `$.items[1].qty`."""
        self.problem = problem

    @override
    def __str__(self) -> str:
        return f"payload of kind {self.kind}: {self.problem} - at {self.path}"


class AnyJobKind:
    """What every kind has, whatever its types: it keeps Any out of signatures that take unlike kinds."""

    name: str
    """The stored name. Jobs outlive code: rename the variable as you like, but not this."""
    version: int
    """The version of its payload type, stored with each job: a runner takes only those that it has handlers for."""
    oldest: int
    """The oldest payload version that it takes: from there on it has upgrades to its own."""
    aliases: tuple[str, ...]
    """Stored names of earlier days, whose jobs it takes too."""
    queue: str
    priority: int
    retry: RetryPolicy
    timeout: Span | None
    max_crashes: int
    shutdown_timeout: Span | None

    def __init__(
        self,
        name: str,
        *,
        version: int,
        oldest: int,
        aliases: Collection[str],
        queue: str,
        priority: int,
        retry: RetryPolicy,
        timeout: timedelta | None,
        max_crashes: int,
        shutdown_timeout: timedelta | None,
    ) -> None:
        version = count_of("version", version)
        if oldest < 1:
            raise ValueError(f"expected upgrades from version 1 or later to {version}, got {version - oldest} of them")
        self.name = name_of("kind", name)
        self.aliases = _aliases_of(aliases)
        self.version = version
        self.oldest = int(oldest)
        self.queue = name_of("queue", queue)
        self.priority = priority_of(priority)
        self.retry = _policy_of(retry)
        self.timeout = None if timeout is None else limit_of("timeout", timeout)
        self.max_crashes = count_of("max_crashes", max_crashes)
        self.shutdown_timeout = None if shutdown_timeout is None else delay_of("shutdown_timeout", shutdown_timeout)

    @property
    def names(self) -> tuple[str, ...]:
        """The stored names whose jobs it takes: its own, then its aliases."""
        return tuple(dict.fromkeys((self.name, *self.aliases)))

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """All jobs that it takes, by stored name and payload version; its own name and version are first."""
        return tuple((name, version) for name in self.names for version in range(self.version, self.oldest - 1, -1))

    @override
    def __repr__(self) -> str:
        return f"JobKind({self.name!r})" if self.version == 1 else f"JobKind({self.name!r}, version={self.version})"


@final
class JobKind(AnyJobKind, Generic[P, R]):
    """A kind of job: what it is called, what it takes, what it gives.

    `payload` and `result` are types of any form (`Invoice`, `list[int]`, `Card | Iban`); a type that can't be stored
    is refused here, with UnsupportedType. Without `retry` the first failure is final. `queue` and `priority` (-128 to
    127, higher first) are those of its jobs unless `new` says otherwise. `timeout` is how long one attempt may run;
    None: as long as it takes. `max_crashes` attempts whose runner died make a job a dead letter, as poison.
    `shutdown_timeout` is how long an attempt may still run once its runner was asked to stop (None: 1 s, or the
    runner's own if that is shorter); then it is given back, at no cost of a retry.

    `version` is that of the payload's type: a runner takes only jobs of versions that it has handlers for. `upgrade`
    makes payloads of older versions into values of the type of today, so that a handler for that one is enough.
    `aliases` are stored names of earlier days, whose jobs it takes too. The limits are in bytes as stored. What can't
    be a name, a number or a length here is a ValueError or TypeError.
    """

    def __init__(
        self,
        name: str,
        payload: TypeForm[P],
        *,
        result: TypeForm[R] = None,  # type: ignore[assignment]  # noqa: RUF013  R's default
        retry: RetryPolicy = NEVER,
        queue: str = DEFAULT_QUEUE,
        priority: int = 0,
        timeout: timedelta | None = None,
        max_crashes: int = MAX_CRASHES,
        shutdown_timeout: timedelta | None = None,
        version: int = 1,
        aliases: Collection[str] = (),
        upgrade: Upgrades[P] | None = None,
        codec: Codec[P] | None = None,
        result_codec: Codec[R] | None = None,
        payload_limit: int = PAYLOAD_LIMIT,
        result_limit: int = RESULT_LIMIT,
    ) -> None:
        older = () if upgrade is None else _upgrades_of(upgrade).decoders
        super().__init__(
            name,
            version=version,
            oldest=version - len(older),
            aliases=aliases,
            queue=queue,
            priority=priority,
            retry=retry,
            timeout=timeout,
            max_crashes=max_crashes,
            shutdown_timeout=shutdown_timeout,
        )
        self.payload_codec: Codec[P] = codec_for(payload) if codec is None else codec
        self._decoders: dict[int, Decoder[P]] = dict(enumerate((*older, self.payload_codec), self.oldest))
        self.result_codec: Codec[R] = codec_for(result) if result_codec is None else result_codec
        self.payload_limit: int = count_of("payload_limit", payload_limit, least=0)
        self.result_limit: int = count_of("result_limit", result_limit, least=0)

    def new(
        self,
        payload: P,
        *,
        key: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        retry: RetryPolicy | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> "NewJob[P]":
        """A job, made but not scheduled: its id is drawn and its payload encoded; raises PayloadRefused.

        `key` is the idempotency key: among the jobs of this kind there is one with it. `queue`, `priority` (-128 to
        127, higher first) and `retry` are those of the kind where they are None. `meta` travels with the job, and is
        shown in its history. What can't be a key, a queue or a priority is a ValueError or TypeError.
        """
        stored = self._encode(payload)
        terms = Terms(
            kind=self.name,
            payload=body_of(stored),
            payload_version=self.version,
            queue=self.queue if queue is None else name_of("queue", queue),
            priority=self.priority if priority is None else priority_of(priority),
            retry=self.retry if retry is None else _policy_of(retry),
            timeout=self.timeout,
            max_crashes=self.max_crashes,
            key=None if key is None else name_of("key", key, limit=KEY_LIMIT),
            meta=_meta(meta) if meta else (),
        )
        return NewJob(system.new_xid(), self, stored, terms)

    def decoder(self, version: int) -> Decoder[P]:
        """What reads payloads of a version, from `oldest` to its own, as values of today's type."""
        return self._decoders[version]

    def _encode(self, payload: P) -> bytes:
        outcome = encode_within(self.payload_codec, payload, self.payload_limit)
        if isinstance(outcome, Success):  # for each job: a match takes four times as long
            return outcome.unwrap()
        malformed = outcome.failure()
        raise PayloadRefused(self.name, malformed.path, malformed.problem)


@final
class NewJob(Struct, Generic[P_co], frozen=True):
    """A job made and not yet stored. Scheduling it twice is scheduling it once, whatever became of the first."""

    jid: Xid
    kind: AnyJobKind
    encoded: bytes
    """The payload as it will be stored."""
    terms: Terms
    due: Instant | None = None
    """When it is due; None: `delay` after it is scheduled."""
    delay: Span = Span(0)

    @property
    def key(self) -> str | None:
        """The idempotency key; None: it has none."""
        return self.terms.key

    def after(self, delay: timedelta) -> "NewJob[P_co]":
        """The same job, due so long after it is scheduled; a negative delay is a ValueError."""
        return replace(self, due=None, delay=delay_of("delay", delay))

    def at(self, due: datetime) -> "NewJob[P_co]":
        """The same job, due at a moment; one in the past means at once. A datetime without a zone is a ValueError."""
        return replace(self, due=instant_of(due), delay=Span(0))

    def due_from(self, now: Instant) -> Instant:
        """When it is due if it is scheduled now; raises OutOfRange past the year 9999."""
        return after(now, self.delay) if self.due is None else self.due

    @override
    def __repr__(self) -> str:
        due = f"after {timedelta_of(self.delay)}" if self.due is None else f"at {datetime_of(self.due).isoformat()}"
        key = "" if self.key is None else f", key {self.key!r}"
        return f"<NewJob {self.jid} of {self.kind!r}, due {due}{key}>"  # a payload is long, or nobody's business


def _aliases_of(given: Collection[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise ValueError(f"expected names as aliases, such as ({given!r},), got one text")  # noqa: TRY004  a text is a Collection[str]
    return tuple(dict.fromkeys(name_of("alias", name) for name in given))


def _upgrades_of(given: Upgrades[P]) -> Upgrades[P]:
    """The same; nothing else holds a caller to the type at run time."""
    upgrades: object = given
    if not isinstance(upgrades, Upgrades):
        raise TypeError(f"expected upgrade_from(...) as upgrade, got {type(given).__name__}")
    return given


def _policy_of(given: RetryPolicy) -> RetryPolicy:
    """The same policy, if it can be read back: nothing holds a caller to its types at run time, and 2.5 is no number of
    retries. It is the very same object, since msgspec writes no default that is its field's.
    """
    policy: object = given
    if not isinstance(policy, RetryPolicy):
        raise TypeError(f"expected a policy such as exponential(max_retries=5) as retry, got {type(given).__name__}")
    try:
        convert(to_builtins(policy), RetryPolicy)
    except ValidationError as error:
        raise TypeError(f"expected a policy that can be stored as retry: {error}") from error
    return policy


def _meta(given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name_of("meta name", name), text_of("meta text", text, limit=META_LIMIT)) for name, text in given.items()
    )
