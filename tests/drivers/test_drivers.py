"""The table: every driver runs every form of handler through every effect to every end, and then the next job."""

import locale
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest

from adc.codec.events import body_of
from adc.core.ids import Xid
from adc.core.instants import SECOND, Span
from adc.core.states import Started
from adc.core.terms import Tally, Terms, Token
from adc.drivers.drive import Hands
from adc.drivers.inline import Inline
from adc.drivers.portable import in_processes
from adc.drivers.threads import Threads
from adc.handling.job import Held
from adc.handling.route import Routes
from adc.handling.said import Dozed, Failed, Finished, GivenBack, Said
from adc.ports.clock import Clock
from adc.testing.fixed import START, FixedClock
from adc.testing.samples import DUE, JOB, NOW, RUNNER
from tests.drivers.acts import ACTS, FORMS, routes
from tests.drivers.callers import on_a_callers_loop

DRIVERS: dict[str, Callable[[Routes, Clock], Hands]] = {
    "inline": Inline,
    "threads": Threads,
    "loop": on_a_callers_loop,
    "processes": lambda routes, clock: Threads(in_processes(routes), clock),
}
"""Each runs the whole table: a new one needs no more than a line here."""

LONG = Span(30 * SECOND)
OUTCOMES: dict[str, Said | tuple[str, str]] = {
    "answer": Finished(b'"done"'),
    "snooze": Dozed(SECOND),
    "give up": ("adc.Permanent", "permanent"),
    "fail": ("adc.Transient", "transient"),
    "exit": ("builtins.SystemExit", "transient"),
    "interrupt": ("builtins.KeyboardInterrupt", "transient"),
    "close": ("builtins.GeneratorExit", "transient"),
    "cancel": ("asyncio.exceptions.CancelledError", "transient"),
    "group": ("builtins.ExceptionGroup", "transient"),
    "group of all": ("builtins.BaseExceptionGroup", "transient"),
    "recurse": ("builtins.RecursionError", "transient"),
    "run out of memory": ("builtins.MemoryError", "transient"),
    "mumble": ("tests.drivers.acts.Deaf", "transient"),
    "stay as it is": ("tests.drivers.acts.Rooted", "transient"),
    "overflow": ("adc.ResultRefused", "transient"),
    "overflow by far": ("adc.ResultRefused", "transient"),
    "answer with an object": ("adc.ResultRefused", "transient"),
    "answer with a number": ("adc.ResultRefused", "transient"),
}


@pytest.fixture(scope="module", params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def hands_of_all(driver: str) -> Iterator[Hands]:
    with closing(DRIVERS[driver](routes(ACTS), FixedClock())) as hands:
        yield hands


@pytest.fixture
def hands(hands_of_all: Hands) -> Iterator[Hands]:
    """The same for all tests: whatever one did to them, the next job runs."""
    yield hands_of_all
    assert said_by(hands_of_all, "plain", "answer") == Finished(b'"done"')
    assert hands_of_all.wait(Span(0)).reports == ()


def held(kind: str, payload: str, jid: Xid = JOB) -> Held:
    stored = f'"{payload}"'.encode()
    return Held(jid, Started(Terms(kind, body_of(stored)), Tally(1), Token(1, RUNNER), NOW), DUE, stored)


def said_by(hands: Hands, kind: str, payload: str = "") -> Said:
    """What the only report says."""
    job = held(kind, payload)
    hands.launch(job)
    (report,) = hands.wait(LONG).reports
    assert (report.jid, report.token) == (JOB, job.state.token)
    return report.said


def shown(said: Said) -> Said | tuple[str, str]:
    return (said.fault.names[0], said.verdict) if isinstance(said, Failed) else said


def finished(text: str) -> Finished:
    return Finished(f'"{text}"'.encode())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_comes_to_every_end(hands: Hands, form: str) -> None:
    assert {payload: shown(said_by(hands, form, payload)) for payload in OUTCOMES} == OUTCOMES


@pytest.mark.parametrize("payload", ["exit", "interrupt", "close", "cancel", "group of all", "answer", "fail"])
def test_a_task_of_the_handlers_own_ends_as_the_handler(hands: Hands, payload: str) -> None:
    assert shown(said_by(hands, "by_task", payload)) == OUTCOMES[payload]


@pytest.mark.parametrize("kind", ["snoozing", "snoozing_async"])
def test_a_snooze_ends_the_attempt(hands: Hands, kind: str) -> None:
    assert said_by(hands, kind) == Dozed(SECOND)


@pytest.mark.parametrize("kind", ["dropping", "dropping_async"])
def test_a_dropped_step_fails_it(hands: Hands, kind: str) -> None:
    said = said_by(hands, kind)

    assert isinstance(said, Failed)
    assert said.fault.message.startswith("made and never driven: step 'dropped'")


@pytest.mark.parametrize("kind", ["telling_the_time", "telling_the_time_async"])
def test_the_time_is_that_of_the_runners_clock(hands: Hands, kind: str) -> None:
    assert said_by(hands, kind) == finished(START.isoformat())


def test_what_is_no_effect_is_refused(hands: Hands) -> None:
    said = said_by(hands, "yielding_nonsense")

    assert isinstance(said, Failed)
    assert said.fault.message == "a handler can't yield 'nonsense': write `yield from`"


# -- what stays behind -------------------------------------------------------------------------------------------------


@pytest.fixture
def put_back() -> Iterator[None]:
    """What a handler changes under an in-process driver it changes for all."""
    folder, mask, limit = Path.cwd(), os.umask(0), sys.getrecursionlimit()
    os.umask(mask)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    texts = locale.setlocale(locale.LC_ALL)
    yield
    os.chdir(folder)
    os.umask(mask)
    sys.setrecursionlimit(limit)
    locale.setlocale(locale.LC_ALL, texts)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("put_back")
def test_folder_mask_locale_and_depth_may_change(hands: Hands) -> None:
    assert said_by(hands, "moving") == finished("moved")


@pytest.mark.usefixtures("put_back")
def test_signal_handlers_may_change(hands: Hands, driver: str) -> None:
    said = said_by(hands, "deafening")

    # Python lets only the main thread do that.
    assert isinstance(said, Failed) if driver in {"threads", "loop"} else said == finished("nothing is heeded")


def test_tasks_may_be_left(hands: Hands) -> None:
    assert said_by(hands, "leaving_tasks") == finished("left")


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize("kind", [kind for kind in ACTS if kind.startswith("forking")])
def test_a_fork_of_the_handler_says_nothing(hands: Hands, kind: str) -> None:
    assert said_by(hands, kind) == finished("the copy's status was 0")


# -- what is told to end -----------------------------------------------------------------------------------------------


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Handlers say there that they have begun."""
    path = tmp_path / "begun"
    os.mkfifo(path)
    return path


def said_when(pipe: Path, hands: Hands, kind: str, told: Callable[[Held], object]) -> Said:
    """What an attempt says that is told something once it has begun."""
    job = held(kind, str(pipe))

    def tell() -> None:
        pipe.read_text()  # it waits until somebody writes
        told(job)

    teller = Thread(target=tell)
    teller.start()
    hands.launch(job)
    (report,) = hands.wait(LONG).reports
    teller.join()
    return report.said


CANCELLED: dict[str, Said] = {
    "waiting": finished("told"),
    "obeying": GivenBack("cancelled"),
    "cleaning_up": finished("thrown 1"),
    "passing_on": GivenBack("cancelled"),
    "awaiting_in_steps": GivenBack("cancelled"),
    "cleaning_up_async": finished("thrown 1"),
    "passing_on_async": GivenBack("cancelled"),
    "passing_on_in_steps": GivenBack("cancelled"),
}


@pytest.mark.parametrize("kind", CANCELLED)
def test_a_cancelled_job_is_told_and_an_error_thrown_in_once(hands: Hands, kind: str, pipe: Path) -> None:
    said = said_when(pipe, hands, kind, lambda job: hands.cancel(job.jid, job.state.token))

    assert said == CANCELLED[kind]


def test_whoever_has_another_token_is_not_cancelled(hands: Hands, pipe: Path) -> None:
    def tell(job: Held) -> None:
        hands.cancel(job.jid, Token(7, RUNNER))
        hands.cancel(Xid("0" * 20), job.state.token)
        hands.interrupt()

    assert said_when(pipe, hands, "obeying", tell) == GivenBack("shutdown")


INTERRUPTED: dict[str, Said] = {
    "waiting": finished("told"),
    "obeying": GivenBack("shutdown"),
    "waiting_in_steps": finished("told"),
    "waiting_async": finished("told"),
}


@pytest.mark.parametrize("kind", INTERRUPTED)
def test_when_the_runner_stops_only_the_token_says_so(hands: Hands, kind: str, pipe: Path) -> None:
    assert said_when(pipe, hands, kind, lambda _: hands.interrupt()) == INTERRUPTED[kind]


ENDLESS = ["passing_on", "awaiting_in_steps", "passing_on_async", "obeying"]


@pytest.mark.parametrize("kind", ENDLESS)
def test_the_place_of_an_abandoned_attempt_is_free_at_once(hands: Hands, driver: str, kind: str, pipe: Path) -> None:
    if driver == "inline":  # nothing else runs while an attempt does: what is abandoned has ended
        hands.abandon(JOB, Token(1, RUNNER))
        return
    job, other = held(kind, str(pipe)), held("plain", "answer", Xid("1" * 20))
    hands.launch(job)
    pipe.read_text()
    hands.abandon(job.jid, job.state.token)
    hands.launch(other)

    reports = {report.jid: report.said for report in hands.wait(LONG).reports}
    while len(reports) < 2:  # the loop doesn't hear it, but it comes home
        reports |= {report.jid: report.said for report in hands.wait(LONG).reports}
    assert reports[other.jid] == finished("done")
    assert hands.wait(Span(0)).hanging == 0
