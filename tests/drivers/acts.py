"""Acts: handlers that do all that handlers can do, at the top of a module, so that child processes find them."""

import asyncio
import locale
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Final, NoReturn

from typing_extensions import override

from adc.codec.payload import codec_for
from adc.core.outcome import Failure, Outcome, Success
from adc.handling.cause import current_cause
from adc.handling.effects import Steps
from adc.handling.forms import form_of
from adc.handling.job import Job
from adc.handling.notdone import NotDone, Permanent, Snooze, Transient
from adc.handling.route import Route, Routes
from adc.handling.steps import now, snooze, step

SOON: Final = timedelta(seconds=1)
PATIENCE: Final = timedelta(seconds=30)
RESULT_LIMIT: Final = 100

Handler = Callable[[Job[str]], object]


def act(what: str) -> Outcome[str, NotDone]:
    """All the ends that a handler can come to, by name."""
    match what:
        case "answer":
            return Success("done")
        case "cause":
            return Success(str(current_cause()))
        case "snooze":
            return Failure(Snooze(SOON))
        case "give up":
            return Failure(Permanent("no"))
        case "fail":
            return Failure(Transient("busy"))
        case "exit":
            raise SystemExit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "close":
            raise GeneratorExit
        case "cancel":
            raise asyncio.CancelledError
        case "group":
            raise ExceptionGroup("many", [ValueError("one"), ValueError("two")])
        case "group of all":
            raise BaseExceptionGroup("many", [SystemExit(1), KeyboardInterrupt()])
        case "recurse":
            return act(what)
        case "run out of memory":
            raise MemoryError
        case "mumble":
            raise Deaf
        case "stay as it is":
            raise Rooted(1)
        case "overflow":
            return Success("x" * 1_000)
        case "overflow by far":
            return Success("x" * 50_000_000)
        case "answer with an object":
            return Success(object())  # type: ignore[arg-type]
        case _:
            return Success(len(what))  # type: ignore[arg-type]


class Deaf(Exception):
    @override
    def __str__(self) -> NoReturn:
        raise SystemExit

    __repr__ = __str__


class Rooted(Exception):
    def __init__(self, one: int) -> None:
        super().__init__("can't be sent", one)

    @override
    def __reduce__(self) -> NoReturn:
        raise KeyboardInterrupt


# Forms


def plainly(job: Job[str]) -> Outcome[str, NotDone]:
    return act(job.payload)


def raising(job: Job[str]) -> str:
    match act(job.payload):
        case Success(value):
            return value
        case Failure(why):
            raise why


def by_steps(job: Job[str]) -> Steps[Outcome[str, NotDone]]:
    yield from now()
    return (yield from step("act", act)(job.payload))


def by_async_steps(job: Job[str]) -> Steps[str]:
    return (yield from step("async", asynchronously)(job))


async def asynchronously(job: Job[str]) -> str:
    await asyncio.sleep(0)
    return raising(job)


async def by_awaited_steps(job: Job[str]) -> Outcome[str, NotDone]:
    await now()
    await asyncio.sleep(0)
    return await step("act", act)(job.payload)


async def by_nested_steps(job: Job[str]) -> str:
    return await step("async", asynchronously)(job)


async def by_task(job: Job[str]) -> str:
    return await asyncio.create_task(asynchronously(job))


def by_awaitable(job: Job[str]) -> Awaitable[str]:
    return asynchronously(job)


class Service:
    def method(self, job: Job[str]) -> Outcome[str, NotDone]:
        return act(job.payload)

    async def __call__(self, job: Job[str]) -> str:
        return await asynchronously(job)


def with_service(service: Service, job: Job[str]) -> Outcome[str, NotDone]:
    return service.method(job)


FORMS: Final[dict[str, Handler]] = {
    "plain": plainly, "raising": raising, "steps": by_steps, "async steps": by_async_steps, "async": asynchronously,
    "awaited steps": by_awaited_steps, "nested steps": by_nested_steps, "awaitable": by_awaitable,
    "method": Service().method, "async object": Service(), "partial": partial(with_service, Service()),
}  # fmt: skip

# Effects


def snoozing(job: Job[str]) -> Steps[str]:
    return (yield from snooze(SOON))


async def snoozing_async(job: Job[str]) -> str:
    return await snooze(SOON)


def dropping(job: Job[str]) -> str:
    step("dropped", act)("answer")  # type: ignore[unused-awaitable]
    return "done"


async def dropping_async(job: Job[str]) -> str:
    return dropping(job)


def telling_the_time(job: Job[str]) -> Steps[str]:
    return (yield from now()).isoformat()


async def telling_the_time_async(job: Job[str]) -> str:
    await asyncio.sleep(0)
    return (await now()).isoformat()


def yielding_nonsense(job: Job[str]) -> Steps[str]:
    yield "nonsense"  # type: ignore[misc]
    return "never"


# What stays behind


def moving(job: Job[str]) -> str:
    os.chdir("/")
    os.umask(0o777)
    locale.setlocale(locale.LC_ALL, "C")
    sys.setrecursionlimit(900)
    return "moved"


def deafening(job: Job[str]) -> str:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    return "nothing is heeded"


async def leaving_tasks(job: Job[str]) -> str:
    global left  # noqa: PLW0603  or it would be collected
    left = asyncio.create_task(asyncio.sleep(3_600))
    return "left"


left: asyncio.Task[None]


# Forks


def forking(job: Job[str]) -> str:
    return ended(os.fork())


def forking_and_raising(job: Job[str]) -> str:
    copy = os.fork()
    if not copy:
        raise SystemExit(4)
    return ended(copy)


def forking_in_steps(job: Job[str]) -> Steps[str]:
    copy = yield from step("fork", os.fork)()
    yield from step("await", asyncio.sleep)(0)
    return ended(copy)


async def forking_in_a_coroutine(job: Job[str]) -> str:
    copy = os.fork()
    await asyncio.sleep(0)
    return ended(copy)


async def forking_in_a_coroutine_at_its_end(job: Job[str]) -> str:
    return ended(os.fork())


def ended(copy: int) -> str:
    """How the copy ended; in the copy itself a text that nobody must ever hear."""
    return f"the copy's status was {os.waitpid(copy, 0)[1]}" if copy else "two have answered"


# What is told to end: each opens a pipe, whose path is its payload, when it has begun.


def begin(job: Job[str]) -> None:
    Path(job.payload).write_text(str(os.getpid()))


def waiting(job: Job[str]) -> str:
    begin(job)
    return "told" if job.cancellation.wait(PATIENCE) else "not told"


def obeying(job: Job[str]) -> str:
    begin(job)
    job.cancellation.wait(PATIENCE)
    raise asyncio.CancelledError


def waiting_in_steps(job: Job[str]) -> Steps[str]:
    begin(job)
    while not job.cancellation.cancelled:
        yield from now()
    for _ in range(3):
        yield from now()
    return "told"


def cleaning_up(job: Job[str]) -> Steps[str]:
    """Shows what it was thrown, and that its clean-up work isn't thrown it again."""
    begin(job)
    thrown = 0
    try:
        while True:
            yield from now()
    except asyncio.CancelledError:
        thrown += 1
    for _ in range(3):
        try:
            yield from now()
            yield from step("await", asyncio.sleep)(0)
        except asyncio.CancelledError:
            thrown += 1
    return f"thrown {thrown}"


def passing_on(job: Job[str]) -> Steps[str]:
    begin(job)
    while True:
        yield from now()


def awaiting_in_steps(job: Job[str]) -> Steps[str]:
    begin(job)
    yield from step("for ever", for_ever)()
    return "never"


async def for_ever() -> None:
    await asyncio.Event().wait()


async def waiting_async(job: Job[str]) -> str:
    begin(job)
    while not job.cancellation.cancelled:
        await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    return "told"


async def passing_on_async(job: Job[str]) -> str:
    begin(job)
    await for_ever()
    return "never"


async def passing_on_in_steps(job: Job[str]) -> str:
    """It never goes back to the event loop: only its steps can tell it."""
    begin(job)
    while True:
        await now()


async def cleaning_up_async(job: Job[str]) -> str:
    begin(job)
    thrown = 0
    try:
        await for_ever()
    except asyncio.CancelledError:
        thrown += 1
    for _ in range(3):
        try:
            await asyncio.sleep(0)
            await now()
        except asyncio.CancelledError:
            thrown += 1
    return f"thrown {thrown}"


# What takes its process with it: for the processes driver only


def hanging(job: Job[str]) -> str:
    """Heeds nothing."""
    begin(job)
    Event().wait()
    return "never"


def exiting(job: Job[str]) -> NoReturn:
    os._exit(int(job.payload))


def killed(job: Job[str]) -> str:
    os.kill(os.getpid(), int(job.payload))
    return "not yet"


def survived_by_a_copy(job: Job[str]) -> str:
    """Dies, but a copy of it lives on, and keeps all of its descriptors open."""
    copy = os.fork()
    if copy:
        Path(job.payload).write_text(str(copy))
        os._exit(5)
    signal.pause()
    return "never"


def closing_descriptors(job: Job[str]) -> str:
    os.closerange(3, _highest_descriptor() + 1)
    return "closed"


def replacing_descriptors(job: Job[str]) -> str:
    highest = _highest_descriptor()
    os.closerange(3, highest + 1)
    while os.open(job.payload, os.O_WRONLY | os.O_CREAT) < highest:
        pass
    return "replaced"


def _highest_descriptor() -> int:
    return max(map(int, os.listdir("/dev/fd")))  # noqa: PTH208  names, and no paths


def measuring(job: Job[str]) -> str:
    return str(len(job.payload))


def leaving_a_thread(job: Job[str]) -> str:
    """Python waits for such a thread before it ends."""
    Thread(target=Event().wait, daemon=False).start()
    return str(os.getpid())


def telling_its_process(job: Job[str]) -> str:
    return str(os.getpid())


def ending_another(job: Job[str]) -> str:
    """What is started here, or forked, can be ended by SIGTERM, though the child itself doesn't heed it."""
    import multiprocessing
    import subprocess

    begin(job)
    for number in (signal.SIGINT, signal.SIGTERM):
        os.kill(os.getpid(), number)
    program = subprocess.Popen(["sleep", "3600"])
    program.terminate()
    copy = multiprocessing.get_context("fork").Process(target=signal.pause)
    copy.start()
    copy.terminate()
    copy.join()
    return f"{program.wait()} {copy.exitcode}"


ACTS: Final[dict[str, Handler]] = FORMS | {
    each.__name__: each
    for each in (
        by_task, snoozing, snoozing_async, dropping, dropping_async, telling_the_time, telling_the_time_async,
        yielding_nonsense, moving, deafening, leaving_tasks, forking, forking_and_raising, forking_in_steps,
        forking_in_a_coroutine, forking_in_a_coroutine_at_its_end, waiting, obeying, waiting_in_steps, cleaning_up,
        passing_on, awaiting_in_steps, waiting_async, passing_on_async, passing_on_in_steps, cleaning_up_async, hanging,
        exiting, killed, survived_by_a_copy, closing_descriptors, replacing_descriptors, telling_its_process,
        ending_another, measuring, leaving_a_thread,
    )
}  # fmt: skip


def routes(handlers: dict[str, Handler] = ACTS) -> Routes:
    return {
        (kind, 1): Route(kind, 1, codec_for(str), codec_for(str), RESULT_LIMIT, handler, form_of(handler))
        for kind, handler in handlers.items()
    }
