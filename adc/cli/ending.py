"""Ending: how a run of `adc` ends when something is wrong: an exit code, and one line that says what and what to do."""

import os
import sys
from typing import Final

import click

from adc.cli.inert import inert
from adc.codec.events import UnreadableEvent
from adc.kind import PayloadRefused
from adc.ports.trouble import StoreTrouble
from adc.refused import Refused

FAILED: Final = 1
"""It was understood, and couldn't be done."""

WRONG_USAGE: Final = 2
"""The command line itself is wrong."""

INTERRUPTED: Final = 130
CLOSED_PIPE: Final = 141
"""What a shell says of a program that SIGINT or SIGPIPE ended."""


class Complaint(Exception):
    """What was asked for can't be done; the text says why, and what to do."""


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
            _forget_stdout()
            return CLOSED_PIPE
        case Complaint() | StoreTrouble() | Refused() | PayloadRefused() | UnreadableEvent():
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


def _usage_line(error: click.UsageError) -> str:
    said = " ".join(error.format_message().split()).rstrip(".")
    command = "adc" if error.ctx is None else error.ctx.command_path
    return f"{said}. See {command} --help"


def _forget_stdout() -> None:
    """Whoever read our output is gone: what is still buffered must not raise when Python writes it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
