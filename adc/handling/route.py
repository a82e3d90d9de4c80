"""Route: a kind joined to its handler; and one attempt of it as a generator, from stored bytes to what is said.

The attempt yields what the handler asks for and is sent the answers; an exception thrown in at a yield is the handler's
to catch. Whatever the handler raises becomes a failed attempt: an attempt itself raises only LeaveNow.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Final, Generic, Protocol, TypeAlias, cast

from msgspec import Struct
from msgspec.structs import replace
from typing_extensions import TypeVar

from adc.codec.payload import Codec, Decoder, encode_within
from adc.core.instants import Span
from adc.core.outcome import Failure, Success
from adc.core.retry import full_name
from adc.handling.cause import begin_attempt, end_attempt
from adc.handling.effects import PERFORMABLE, Doze, Dozing, Drive, Performable
from adc.handling.fault import Scrub
from adc.handling.forms import Form
from adc.handling.job import CancellationToken, Held, Job, job_of, read_payload, read_stored
from adc.handling.notdone import PayloadUnreadable, ResultRefused
from adc.handling.said import Finished, GivenBack, Said, said_of
from adc.handling.steps import never_driven, note_forgotten

P = TypeVar("P")
R = TypeVar("R")

Attempt: TypeAlias = Generator[Performable, object, Said]

CANCELLED_ERROR: Final = "asyncio.exceptions.CancelledError"


class LeaveNow(KeyboardInterrupt):
    """The operator doesn't want to wait any longer: no handler's doing, so no attempt's failure."""


class EndingToken(CancellationToken, Protocol):
    """A token that knows why it was set."""

    @property
    def why(self) -> str:
        """What the log says of the job if the handler gives it back."""
        ...


class AnyRoute(Protocol):
    """What a runner needs of a route, whatever its types."""

    @property
    def kind(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def form(self) -> Form: ...
    @property
    def shutdown_timeout(self) -> Span | None: ...
    def attempt(self, held: Held, cancellation: EndingToken) -> Attempt: ...
    def unreadable(self, payload: bytes | None) -> PayloadUnreadable | None: ...
    def scrubbed(self, scrub: Scrub | None) -> "AnyRoute": ...
    def in_process(self) -> "AnyRoute": ...
    @property
    def parts(self) -> Mapping[str, object]: ...


Routes: TypeAlias = Mapping[tuple[str, int], AnyRoute]
"""The routes of a runner, by kind and payload version."""


class Route(Struct, Generic[P, R], frozen=True):
    """A kind in one payload version, with all that an attempt of it needs."""

    kind: str
    version: int
    payload_codec: Decoder[P]
    """Reads payloads of this version."""
    result_codec: Codec[R]
    result_limit: int
    """In bytes as stored."""
    handler: Callable[[Job[P]], object]
    form: Form
    shutdown_timeout: Span | None = None
    """How long an attempt may still run once the runner was asked to stop; None: as long as is usual."""
    scrub: Scrub | None = None
    """Takes what must not be stored out of messages and tracebacks; None: nothing is taken out."""

    def scrubbed(self, scrub: Scrub | None) -> "Route[P, R]":
        """The same route with another scrub."""
        return replace(self, scrub=scrub)

    @property
    def parts(self) -> Mapping[str, object]:
        """What goes to a process of its own with it, as people call it."""
        return {
            "handler": self.handler,
            "payload codec": self.payload_codec,
            "result codec": self.result_codec,
            "scrub": self.scrub,
        }

    def in_process(self) -> "Route[P, R]":
        """The same route, run in a process of its own."""
        return replace(self, form="process")

    def unreadable(self, payload: bytes | None) -> PayloadUnreadable | None:
        """Why an attempt couldn't read a payload; None: it could."""
        try:
            read_stored(self.payload_codec, payload)
        except PayloadUnreadable as why:
            return why
        return None

    def attempt(self, held: Held, cancellation: EndingToken) -> Attempt:
        """One attempt. A driver that closes it closes the handler; what is then returned nobody reads."""
        cause = begin_attempt(held)
        try:
            payload = read_payload(self.payload_codec, held)
            forgotten = note_forgotten()
            reply = self.handler(job_of(held, payload, cancellation))
            if reply is None:
                pass  # as most do: to find out what else it isn't takes half a microsecond
            elif isinstance(reply, Generator):
                reply = yield from _driven(cast("Generator[object, object, object]", reply))
            elif isinstance(reply, Awaitable):
                reply = yield Drive(cast("Awaitable[object]", reply))
            return self._forgot(forgotten) if forgotten else self._answered(reply)
        except LeaveNow:
            raise
        except BaseException as error:  # noqa: BLE001  a handler may raise anything: nothing of it may reach the driver
            if cancellation.cancelled and _is_cancelled_error(error):
                return GivenBack(cancellation.why)
            return said_of(error, self.scrub)
        finally:
            end_attempt(held, cause)

    def _answered(self, reply: object) -> Said:
        """What a handler says that came to its end: its result, bare or in a Success; or why not, in a Failure."""
        if reply is not None and isinstance(reply, Failure):
            why = cast("Failure[object]", reply).failure()
            if isinstance(why, BaseException):
                return said_of(why, self.scrub)
            return said_of(TypeError(f"expected a NotDone in a Failure, got {_shown(why)}"), self.scrub)
        # Nothing holds a handler to R at run time but the codec, which refuses what isn't one.
        is_wrapped = reply is not None and isinstance(reply, Success)
        result = cast("R", cast("Success[R]", reply).unwrap() if is_wrapped else reply)
        encoded = encode_within(self.result_codec, result, self.result_limit)
        if isinstance(encoded, Success):
            return Finished(encoded.unwrap())
        refused = encoded.failure()
        return said_of(ResultRefused(refused.path, refused.problem), self.scrub)

    def _forgot(self, steps: list[str]) -> Said:
        return said_of(never_driven(steps), self.scrub)


def _driven(steps: Generator[object, object, object]) -> Generator[Performable, object, object]:
    """The handler's effects go up and the answers down, until it returns."""
    try:
        asked = next(steps)
        while True:
            if isinstance(asked, Doze):
                asked = steps.throw(Dozing(asked.delay))
                continue
            if not isinstance(asked, PERFORMABLE):
                # Thrown in where it was yielded, so that the traceback names the line.
                asked = steps.throw(TypeError(f"a handler can't yield {_shown(asked)}: write `yield from`"))
                continue
            try:
                answer = yield asked
            except GeneratorExit:
                steps.close()
                raise
            except BaseException as error:  # noqa: BLE001  whatever a step raised is the handler's to catch
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as end:
        return end.value


def _is_cancelled_error(error: BaseException) -> bool:
    """Whether it is asyncio's CancelledError, by name: whoever has none of asyncio's pays for none of it."""
    return any(full_name(kind) == CANCELLED_ERROR for kind in type(error).__mro__)


def _shown(value: object) -> str:
    try:
        return f"{value!r:.200}"
    except Exception:  # noqa: BLE001  a value's own code runs here
        return f"an object of class {type(value).__name__}"
