"""Parameters: what can be typed after an option or as an argument, and what is wrong with what can't."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar, final

import click
from typing_extensions import override

from adc import system
from adc.cli.times import duration_of, moment_of
from adc.core.ids import Xid, is_xid
from adc.core.instants import datetime_of
from adc.core.names import KEY_LIMIT, name_of
from adc.stores.sqlite.opening import IN_MEMORY

Value = TypeVar("Value")


@final
class Read(click.ParamType[Value]):
    """A parameter that a function reads; its ValueError is what is wrong."""

    def __init__(self, name: str, read: Callable[[str], Value]) -> None:
        self.name = name
        self.read = read

    @override
    def convert(self, value: str | Value, param: click.Parameter | None, ctx: click.Context | None) -> Value:
        """The value; click also passes defaults through here, which are values already."""
        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _jid_of(text: str) -> Xid:
    if not is_xid(text):
        raise ValueError(f"expected a job's id, 20 characters of 0-9 and a-v, got {text!r}")
    return Xid(text)


def _duration_above_zero(text: str) -> timedelta:
    duration = duration_of(text)
    if not duration:
        raise ValueError(f"expected a duration above 0, got {text!r}")
    return duration


def file_of(text: str) -> str:
    """The path of a queue's file; a ValueError for what names none."""
    if not text:
        raise ValueError("expected the path of a file, got an empty text")
    if text == IN_MEMORY:
        raise ValueError("a queue in memory ends with the command: name a file")
    return text


FILE: Final = Read("PATH", file_of)
DURATION: Final = Read("DURATION", duration_of)
DURATION_ABOVE_ZERO: Final = Read("DURATION", _duration_above_zero)
MOMENT: Final = Read("TIME", lambda text: moment_of(text, datetime_of(system.SystemClock().now())))
JID: Final = Read("JID", _jid_of)
KIND: Final = Read("KIND", lambda text: name_of("kind", text))
QUEUE: Final = Read("QUEUE", lambda text: name_of("queue", text))
KEY: Final = Read("KEY", lambda text: name_of("key", text, limit=KEY_LIMIT))

as_json: Final = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line, with times in ISO 8601, UTC, microseconds."
)
"""Adds `--json`, which every reading command has."""
