"""Route: one attempt of each form of handler, played step by step, with no driver."""

import asyncio
from collections.abc import Awaitable, Callable, Generator
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from returns.result import Result
from typing_extensions import override

from adc.codec.events import body_of
from adc.codec.payload import codec_for
from adc.core.instants import SECOND, Instant, Span, datetime_of
from adc.core.outcome import Failure, Outcome, Success
from adc.core.retry import fixed
from adc.core.states import Started
from adc.core.terms import Tally, Terms, Token
from adc.handling.effects import Call, Doze, Dozing, Drive, Now, Performable, Steps
from adc.handling.fault import Scrub
from adc.handling.forms import form_of
from adc.handling.job import NEVER_CANCELLED, Held, Job
from adc.handling.notdone import NotDone, Permanent, Snooze, Transient
from adc.handling.route import EndingToken, LeaveNow, Route
from adc.handling.said import Dozed, Failed, Finished, GivenBack, Said
from adc.handling.steps import Step, now, snooze, step
from adc.testing.samples import DUE, JOB, NOW, RUNNER

SOON = timedelta(seconds=1)
TERMS = Terms("double", body_of(b"21"), queue="mail", retry=fixed(SOON, max_retries=4), meta=(("request", "r-1"),))
HELD = Held(JOB, Started(TERMS, Tally(3, 2), Token(3, RUNNER), NOW), DUE, b"21")


def route(
    handler: Callable[[Job[int]], object], *, result: type[object] = int, scrub: Scrub | None = None
) -> Route[int, object]:
    return Route("double", 1, codec_for(int), codec_for(result), 100, handler, form_of(handler), scrub=scrub)


def played(handler: Callable[[Job[int]], object], *answers: object, held: Held = HELD) -> Said:
    """What an attempt says that is given these answers: an exception is thrown in."""
    attempt = route(handler).attempt(held, NEVER_CANCELLED)
    try:
        next(attempt)
        for answer in answers:
            if isinstance(answer, BaseException):
                attempt.throw(answer)
            else:
                attempt.send(answer)
    except StopIteration as end:
        said: Said = end.value
        return said
    raise AssertionError("the attempt wants more answers")


def failed(said: Said) -> tuple[str, str, str]:
    assert isinstance(said, Failed)
    return said.fault.names[0], said.fault.message, said.verdict


def double(number: int) -> int:
    return 2 * number


class Doubling:
    def __call__(self, job: Job[int]) -> int:
        return double(job.payload)

    def method(self, job: Job[int]) -> int:
        return double(job.payload)


def by_steps(job: Job[int]) -> Steps[int]:
    return (yield from step("double", double)(job.payload))


def by_steps_in_a_result(job: Job[int]) -> Steps[Outcome[int, NotDone]]:
    return Success((yield from step("double", double)(job.payload)))


async def by_coroutine(job: Job[int]) -> int:
    return double(job.payload)


def by_awaitable(job: Job[int]) -> Awaitable[int]:
    return by_coroutine(job)


def of_returns(job: Job[int]) -> Result[int, NotDone]:
    return Success(double(job.payload))


def with_service(factor: int, job: Job[int]) -> int:
    return factor * job.payload


@pytest.mark.parametrize(
    "handler",
    [Doubling(), Doubling().method, lambda job: double(job.payload), partial(with_service, 2), of_returns],
    ids=["object", "method", "lambda", "partial", "result"],
)
def test_a_plain_handler_asks_for_nothing(handler: Callable[[Job[int]], object]) -> None:
    assert played(handler) == Finished(b"42")


@pytest.mark.parametrize("handler", [by_steps, by_steps_in_a_result])
def test_a_generator_is_given_the_answers(handler: Callable[[Job[int]], object]) -> None:
    assert played(handler, 42) == Finished(b"42")


@pytest.mark.parametrize("handler", [by_coroutine, by_awaitable])
def test_an_awaitable_is_for_the_driver(handler: Callable[[Job[int]], object]) -> None:
    attempt = route(handler).attempt(HELD, NEVER_CANCELLED)

    effect = next(attempt)

    assert isinstance(effect, Drive)
    effect.awaitable.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration) as end:
        attempt.send(42)
    assert end.value.value == Finished(b"42")


def test_the_handler_is_given_the_job() -> None:
    given: list[Job[int]] = []

    played(given.append)

    (job,) = given
    assert (job.jid, job.payload, job.attempt, job.retries, job.max_retries) == (JOB, 21, 3, 2, 4)
    assert (job.scheduled_at, job.queue, dict(job.meta)) == (datetime_of(DUE), "mail", {"request": "r-1"})
    assert job.cancellation is NEVER_CANCELLED


def test_a_job_without_meta_has_none() -> None:
    held = Held(JOB, Started(Terms("double", body_of(b"21")), Tally(1), Token(1, RUNNER), NOW), DUE, b"21")

    assert played(lambda job: len(job.meta), held=held) == Finished(b"0")


# -- what isn't done ---------------------------------------------------------------------------------------------------

NOT_DONE: list[tuple[NotDone, Said | tuple[str, str]]] = [
    (Snooze(SOON), Dozed(SECOND)),
    (Permanent("no"), ("no", "permanent")),
    (Transient("busy"), ("busy", "transient")),
    (NotDone("well"), ("well", "transient")),
]


def raises(error: BaseException) -> Callable[[Job[int]], object]:
    def handler(job: Job[int]) -> int:
        raise error

    return handler


def returns(error: object) -> Callable[[Job[int]], object]:
    return lambda job: Failure(error)


@pytest.mark.parametrize(("why", "expected"), NOT_DONE, ids=repr)
def test_raised_or_returned_it_means_the_same(why: NotDone, expected: Said | tuple[str, str]) -> None:
    for handler in (raises(why), returns(why)):
        said = played(handler)
        assert (failed(said)[1:] if isinstance(said, Failed) else said) == expected


def test_a_transient_may_say_when() -> None:
    said = played(returns(Transient("busy", retry_in=SOON)))

    assert isinstance(said, Failed)
    assert said.retry_in == SECOND


class Unshown:
    @override
    def __repr__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("why", "name", "message"),
    [
        ("a text", "builtins.TypeError", "expected a NotDone in a Failure, got 'a text'"),
        (Unshown(), "builtins.TypeError", "expected a NotDone in a Failure, got an object of class Unshown"),
        (KeyError("x"), "builtins.KeyError", "'x'"),
    ],
    ids=["text", "unshown", "exception"],
)
def test_a_failure_of_something_else_says_so(why: object, name: str, message: str) -> None:
    assert failed(played(returns(why))) == (name, message, "transient")


def test_a_payload_that_cannot_be_read_never_reaches_the_handler() -> None:
    terms = Terms("double", body_of(b'"text"'))
    unreadable = Held(JOB, Started(terms, Tally(1), Token(1, RUNNER), NOW), DUE, b'"text"')

    said = played(raises(AssertionError("called")), held=unreadable)

    assert failed(said) == ("adc.PayloadUnreadable", "$: Expected `int`, got `str`", "undecodable")


def test_bytes_that_nobody_scheduled_never_reach_the_handler() -> None:
    said = played(raises(AssertionError("called")), held=Held(JOB, HELD.state, DUE, b"22"))

    problem = "$: its bytes aren't those that were scheduled: the file is damaged"
    assert failed(said) == ("adc.PayloadUnreadable", problem, "undecodable")


def test_an_erased_payload_cannot_be_read() -> None:
    said = played(raises(AssertionError("called")), held=Held(JOB, HELD.state, DUE, None))

    assert failed(said) == ("adc.PayloadUnreadable", "$: its bytes were erased", "undecodable")


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ("text", "$: Expected `int`, got `str`"),
        (object(), None),
        (10**200, None),
        (None, "$: Expected `int`, got `null`"),
    ],
)
def test_a_result_that_cannot_be_stored_fails_the_attempt(result: object, problem: str | None) -> None:
    name, message, verdict = failed(played(lambda job: result))

    assert (name, verdict) == ("adc.ResultRefused", "transient")
    assert problem in (None, message)


def test_a_result_beyond_the_limit_fails_the_attempt() -> None:
    attempt = route(lambda job: "x" * 1_000_000, result=str).attempt(HELD, NEVER_CANCELLED)

    with pytest.raises(StopIteration) as end:
        next(attempt)

    assert failed(end.value.value)[1] == "$: 1000002 bytes, more than the limit of 100"


# -- bad handlers ------------------------------------------------------------------------------------------------------


class Deaf(Exception):
    @override
    def __str__(self) -> str:
        raise SystemExit


BAD: list[BaseException] = [
    ValueError("bad"), KeyboardInterrupt(), SystemExit(3), GeneratorExit(), MemoryError(), RecursionError(), Deaf(),
    StopIteration(1), ExceptionGroup("many", [ValueError("one")]), BaseExceptionGroup("many", [SystemExit()]),
]  # fmt: skip


@pytest.mark.parametrize("error", BAD, ids=repr)
def test_whatever_it_raises_is_one_failed_attempt(error: BaseException) -> None:
    def late(job: Job[int]) -> Steps[int]:
        yield from step("double", double)(1)
        raise error

    assert failed(played(raises(error)))[::2] == (f"{type(error).__module__}.{type(error).__qualname__}", "transient")
    assert failed(played(late, 2))[2] == "transient"


def test_endless_recursion_is_one_failed_attempt() -> None:
    def recurse(job: Job[int]) -> int:
        return recurse(job)

    assert failed(played(recurse))[0] == "builtins.RecursionError"


def test_the_operators_second_signal_is_no_failure() -> None:
    with pytest.raises(LeaveNow):
        played(raises(LeaveNow()))


def test_what_must_not_be_stored_is_scrubbed() -> None:
    scrubbed = route(raises(ValueError("token=abc"))).scrubbed(lambda text: text.replace("abc", "***"))

    with pytest.raises(StopIteration) as end:
        next(scrubbed.attempt(HELD, NEVER_CANCELLED))

    assert failed(end.value.value)[1] == "token=***"


# -- steps -------------------------------------------------------------------------------------------------------------


def test_what_a_step_raises_is_the_handlers_to_catch() -> None:
    def careful(job: Job[int]) -> Steps[int]:
        try:
            return (yield from step("double", double)(job.payload))
        except ConnectionError:
            return 0

    assert played(careful, ConnectionError("gone")) == Finished(b"0")
    assert failed(played(careful, TimeoutError("slow")))[:2] == ("builtins.TimeoutError", "slow")


def test_a_snooze_ends_the_attempt_and_runs_what_is_in_finally() -> None:
    done: list[str] = []

    def sleepy(job: Job[int]) -> Steps[int]:
        try:
            return (yield from snooze(SOON))
        finally:
            done.append("finally")

    assert played(sleepy) == Dozed(SECOND)
    assert done == ["finally"]


def test_a_snooze_is_no_failure_that_a_handler_catches_and_its_finally_may_take_steps() -> None:
    def tidy(job: Job[int]) -> Steps[int]:
        try:
            return (yield from snooze(SOON))
        except Exception:  # noqa: BLE001
            return 0
        finally:
            yield from step("double", double)(1)

    assert played(tidy, 2) == Dozed(SECOND)


def test_the_snooze_of_a_coroutine_comes_back_as_dozing() -> None:
    def awaitable(job: Job[int]) -> Awaitable[int]:
        class Waits:
            def __await__(self) -> Generator[object, object, int]:
                yield None
                return 1

        return Waits()

    assert played(awaitable, Dozing(Span(7))) == Dozed(Span(7))


def test_a_forgotten_yield_from_is_told_at_its_line() -> None:
    def forgetful(job: Job[int]) -> Generator[Step[int], object, int]:
        yield step("double", double)(job.payload)
        return 1

    said = played(forgetful)

    assert failed(said)[:2] == ("builtins.TypeError", "a handler can't yield <step 'double'>: write `yield from`")
    assert isinstance(said, Failed)
    assert 'yield step("double", double)(job.payload)' in said.fault.traceback


def test_a_handler_that_caught_that_may_go_on() -> None:
    def persistent(job: Job[int]) -> Generator[object, object, object]:
        for attempt in count():
            try:
                yield attempt
            except TypeError:
                return (yield from step("double", double)(job.payload))
        return None

    assert played(persistent, 42) == Finished(b"42")


def test_a_step_that_was_never_driven_fails_the_attempt() -> None:
    def dropping(job: Job[int]) -> int:
        step("double", double)(job.payload)  # type: ignore[unused-awaitable]
        return 1

    name, message, _ = failed(played(dropping))
    assert name == "builtins.RuntimeError"
    assert message == "made and never driven: step 'double'; write `yield from` or `await` before it"


def test_the_effects_come_up_in_order() -> None:
    def all_of_them(job: Job[int]) -> Steps[int]:
        yield from now()
        return (yield from step("double", double)(job.payload))

    attempt = route(all_of_them).attempt(HELD, NEVER_CANCELLED)
    effects: list[Performable] = [next(attempt), attempt.send(datetime_of(Instant(0)))]

    assert effects[0] == Now()
    assert isinstance(effects[1], Call)
    assert (effects[1].name, effects[1].call()) == ("double", 42)


def test_a_doze_can_be_yielded_by_hand() -> None:
    def by_hand(job: Job[int]) -> Steps[int]:
        yield Doze(Span(5))
        return 1

    assert played(by_hand) == Dozed(Span(5))


# -- what was told to end ----------------------------------------------------------------------------------------------


class Told:
    """A token that is set."""

    cancelled = True
    why = "shutdown"

    def wait(self, timeout: timedelta) -> bool:
        return True


def ends_by(error: BaseException, cancellation: EndingToken) -> Said:
    with pytest.raises(StopIteration) as end:
        next(route(raises(error)).attempt(HELD, cancellation))
    said: Said = end.value.value
    return said


class Softly(asyncio.CancelledError): ...


@pytest.mark.parametrize("error", [asyncio.CancelledError(), Softly()], ids=repr)
def test_a_cancelled_error_of_an_attempt_that_was_told_to_end_gives_the_job_back(error: BaseException) -> None:
    assert ends_by(error, Told()) == GivenBack("shutdown")


def test_untold_a_cancelled_error_is_a_failure_and_so_is_any_other() -> None:
    name = "asyncio.exceptions.CancelledError"
    assert failed(ends_by(asyncio.CancelledError(), NEVER_CANCELLED))[::2] == (name, "transient")
    assert failed(ends_by(ValueError("bad"), Told())) == ("builtins.ValueError", "bad", "transient")


# -- another process ---------------------------------------------------------------------------------------------------


def test_a_route_for_another_process_is_the_same_but_for_its_form() -> None:
    here = route(raises(ValueError())).scrubbed(str.upper)
    there = here.in_process()

    assert (here.form, there.form) == ("plain", "process")
    assert there.parts == here.parts
    assert list(there.parts) == ["handler", "payload codec", "result codec", "scrub"]
    assert there.parts["scrub"] is str.upper


# -- closing -----------------------------------------------------------------------------------------------------------


def test_a_driver_that_closes_the_attempt_closes_the_handler() -> None:
    done: list[str] = []

    def interrupted(job: Job[int]) -> Steps[int]:
        try:
            return (yield from step("double", double)(1))
        finally:
            done.append("finally")

    attempt = route(interrupted).attempt(HELD, NEVER_CANCELLED)
    next(attempt)
    attempt.close()

    assert done == ["finally"]


def test_an_attempt_can_be_closed_before_it_begins() -> None:
    route(raises(AssertionError("called"))).attempt(HELD, NEVER_CANCELLED).close()


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        (b"21", None),
        (b'"21"', "$: Expected `int`, got `str`"),
        (None, "$: its bytes were erased"),
    ],
)
def test_a_payload_can_be_tried_without_an_attempt(payload: bytes | None, problem: str | None) -> None:
    def never(job: Job[int]) -> int:
        raise AssertionError

    why = route(never).unreadable(payload)

    assert (None if why is None else str(why)) == problem
