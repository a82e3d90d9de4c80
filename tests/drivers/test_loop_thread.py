"""LoopThread: one loop for all, which nothing but its end can end."""

import asyncio
import gc
from collections.abc import Coroutine
from threading import Event, current_thread

import pytest

from adc.drivers.loop_thread import LoopThread


async def name() -> str:
    return current_thread().name


async def forever(begun: Event, ended: Event) -> None:
    begun.set()
    try:
        await asyncio.Event().wait()
    finally:
        ended.set()


async def spawns(error: BaseException) -> None:
    """A task of the handler's own raises what asyncio lets through."""

    async def raises() -> None:
        raise error

    await asyncio.gather(asyncio.create_task(raises()), return_exceptions=True)


def test_all_that_is_submitted_runs_on_one_thread() -> None:
    loop = LoopThread()

    assert {loop.submit(name()).result(10) for _ in range(3)} == {"adc-event-loop"}
    loop.close()


def test_what_nobody_waits_for_runs_there_too_and_is_kept() -> None:
    loop, begun, ended = LoopThread(), Event(), Event()
    loop.start(forever(begun, ended))
    assert begun.wait(10)

    gc.collect()  # an event loop itself holds no task
    assert loop.submit(name()).result(10) == "adc-event-loop"
    assert not ended.is_set()
    loop.close()
    assert ended.is_set()


def test_one_that_was_never_needed_is_closed_too() -> None:
    LoopThread().close()


def test_its_end_cancels_what_still_runs() -> None:
    loop, begun, ended = LoopThread(), Event(), Event()
    loop.submit(forever(begun, ended))
    assert begun.wait(10)

    loop.close()

    assert ended.is_set()


def test_after_its_end_it_takes_nothing() -> None:
    loop = LoopThread()
    loop.close()
    late: Coroutine[object, object, str] = name()

    with pytest.raises(RuntimeError, match="the runner has ended, and its event loop with it"):
        loop.submit(late)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_a_task_that_asks_for_the_end_of_the_process_does_not_end_the_loop(error: BaseException) -> None:
    loop = LoopThread()
    loop.submit(spawns(error)).exception(10)

    assert loop.submit(name()).result(10) == "adc-event-loop"
    loop.close()
