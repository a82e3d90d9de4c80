"""Ending: how a run of `adc` ends when something is wrong: an exit code, and one line that says what and what to do."""

import os
import re
import sys
from errno import EDQUOT, EFBIG, EIO, ENOSPC
from typing import Final

import click

from adc.cli.inert import inert
from adc.cli.troubles import line_of_trouble
from adc.codec.events import UnreadableEvent
from adc.kind import PayloadRefused
from adc.ports.trouble import LogPruned, StoreTrouble
from adc.refused import Refused
from adc.running.loop import HandlersHang, ReportsUnstored

FAILED: Final = 1
"""It was understood, and couldn't be done."""

WRONG_USAGE: Final = 2
"""The command line itself is wrong."""

NOT_WRITTEN: Final = frozenset((EDQUOT, EFBIG, EIO, ENOSPC))
"""What the system says of an output that takes no more: stdout, if it names no file."""

INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
"""What a shell says of a program that SIGINT or SIGPIPE ended."""


class Complaint(Exception):
    """What was asked for can't be done; the text says why, and what to do."""


SAY_ENOUGH: Final = (
    *(Complaint, Refused, PayloadRefused, UnreadableEvent, LogPruned),
    *(HandlersHang, ReportsUnstored),
)
"""Exceptions whose text says what happened, and what to do."""


def end(error: BaseException) -> int:
    """The exit code for what came out of a run; what there is to say of it is on stderr then."""
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return WRONG_USAGE
        case click.UsageError():
            complain(_usage_line(error))
            return WRONG_USAGE
        case click.ClickException():
            complain(error.format_message())
            return FAILED
        case KeyboardInterrupt() | click.Abort():
            return INTERRUPTED
        case BrokenPipeError():
            return CLOSED_PIPE
        case OSError(errno=code, filename=None) if code in NOT_WRITTEN:
            complain(f"stdout can't be written: {error.strerror}")
            return FAILED
        case StoreTrouble():
            complain(line_of_trouble(error))
            return FAILED
        case _ if isinstance(error, SAY_ENOUGH):
            complain(str(error))
            return FAILED
        case Exception():
            complain(f"unexpected {type(error).__name__}: {error} (adc --debug shows where)")
            return FAILED
        case _:
            raise error


def complain(line: str) -> None:
    """Say one line on stderr."""
    click.echo(f"adc: {inert(line)}", err=True)


def forget_unwritten() -> None:
    """What stdout doesn't take must not raise when Python tries again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_line(error: click.UsageError) -> str:
    said = " ".join(error.format_message().split()).rstrip(".")
    if isinstance(error, click.NoSuchOption) and re.match("-[0-9]", error.option_name):
        said = f"{said}. A value goes behind --, as in: -- {error.option_name}"
    command = "adc" if error.ctx is None else error.ctx.command_path
    return f"{said}{'' if said.endswith('?') else '.'} See {command} --help"
