"""Portable: what can't be sent to a child process is refused before anything begins, with what to do."""

import subprocess
import sys
from collections.abc import Callable
from threading import Lock
from typing import TypedDict

import pytest

from adc.codec.payload import BytesCodec, codec_for
from adc.drivers.portable import check_portable, in_processes
from adc.handling.job import Job
from adc.handling.route import Route, Routes
from tests.drivers.acts import ACTS, plainly, routes


class Locked:
    """A service with what no other process can have."""

    def __init__(self) -> None:
        self.lock = Lock()

    def __call__(self, job: Job[str]) -> str:
        return "done"


def test_all_that_has_a_name_is_portable() -> None:
    check_portable(in_processes(routes(ACTS)))


def test_what_runs_here_may_be_anything() -> None:
    check_portable(routes({"act": lambda job: "done"}))


def nested() -> Callable[[Job[str]], str]:
    def act(job: Job[str]) -> str:
        return "done"

    return act


@pytest.mark.parametrize("handler", [lambda job: "done", nested(), Locked()], ids=["lambda", "nested", "locked"])
def test_a_handler_without_a_name_is_refused(handler: Callable[[Job[str]], object]) -> None:
    with pytest.raises(TypeError, match=r"kind 'act' runs in a process of its own, and its handler <.* can't be sent"):
        check_portable(in_processes(routes({"act": handler})))


def route(**parts: object) -> Routes:
    whole = {"payload_codec": codec_for(str), "result_codec": BytesCodec(), "scrub": None} | parts
    return {("act", 1): Route("act", 1, result_limit=9, handler=plainly, form="process", **whole)}  # type: ignore[arg-type]


def test_a_scrub_and_codecs_are_sent_too() -> None:
    class Local(TypedDict):
        name: str

    check_portable(route())
    check_portable(route(scrub=str.upper))
    with pytest.raises(TypeError, match="its scrub <function"):
        check_portable(route(scrub=lambda text: text))
    with pytest.raises(TypeError, match="its payload codec <"):
        check_portable(route(payload_codec=codec_for(Local)))
    with pytest.raises(TypeError, match="its result codec <"):
        check_portable(route(result_codec=Locked()))


def test_a_program_without_a_file_is_refused() -> None:
    program = (
        "from adc.drivers.portable import check_portable, in_processes\n"
        "from adc.handling.route import Route\n"
        "def act(job): pass\n"
        "check_portable({('act', 1): Route('act', 1, None, None, 9, act, 'process')})\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "it is of a program that has no file, which can't be imported there" in done.stderr
