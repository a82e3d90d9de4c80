"""Settings: what the options for the whole run say, and the queue that they lead to."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from os import PathLike
from typing import Any, Final, TypeVar, get_args

import click

from adc import system
from adc.cli.ending import Complaint
from adc.cli.parameters import DURATION, FILE, file_of
from adc.ports.trouble import NoQueue
from adc.queue import SqliteQueue
from adc.stores.sqlite.doorway import Risk, let_in
from adc.stores.sqlite.opening import Missing

Function = TypeVar("Function", bound=Callable[..., Any])  # what click decorates

DEFAULT_DATABASE: Final = "jobs.db"


@dataclass
class Settings:
    """What holds for the whole run; the options may stand before the command or after it."""

    given: str | None = None
    """The file that `--db` names."""
    debug: bool = False
    busy_timeout: timedelta = timedelta(seconds=10)
    allow: tuple[Risk, ...] = ()

    @property
    def database(self) -> str:
        """The queue's file: `--db`, else ADC_DB, else jobs.db here."""
        try:
            return self.given or file_of(os.environ.get("ADC_DB") or DEFAULT_DATABASE)
        except ValueError as error:
            raise click.UsageError(f"ADC_DB: {error}") from error

    def open_or_make(self) -> SqliteQueue:
        """The queue, in a new file if there is none."""
        return self.open(self.database)

    def open_existing(self) -> SqliteQueue:
        """The queue in a file that is there; a Complaint if it isn't, and no file is made."""
        path = self.database
        try:
            return self.open(path, "refuse")
        except NoQueue as error:
            raise Complaint(f"{path}: {error.problem}. Name the queue's file with --db or ADC_DB") from error

    def open(self, path: str | PathLike[str], missing: Missing = "make") -> SqliteQueue:
        """The queue in a file; a Complaint if it is a directory, of which SQLite says less."""
        if os.path.isdir(path):  # noqa: PTH112  pathlib would cost 5 ms of each command
            raise Complaint(f"{path}: this is a directory. Name the queue's file with --db or ADC_DB")
        return SqliteQueue.open(path, busy_timeout=self.busy_timeout, missing=missing, allow=self.allow, actor=actor())

    def let_in(self, path: str) -> None:
        """Let a file in as `open` does, where something else opens it."""
        let_in(os.path.abspath(path), self.allow)  # noqa: PTH100  as above


pass_settings: Final = click.make_pass_decorator(Settings)
"""Gives a command the settings as its first argument."""


def choose_settings(command: Function) -> Function:
    """Add the options for the whole run."""
    return choose_database(choose_busy_timeout(choose_risks(choose_debug(command))))


def choose_database(command: Function) -> Function:
    """Add `--db`."""
    return click.option(
        "--db",
        "database",
        type=FILE,
        expose_value=False,
        callback=_remember_database,
        help="The queue's file. Else ADC_DB names it; else it is jobs.db in the current directory.",
    )(command)


def choose_busy_timeout(command: Function) -> Function:
    """Add `--busy-timeout`."""
    return click.option(
        "--busy-timeout",
        type=DURATION,
        expose_value=False,
        callback=_remember_busy_timeout,
        help="How long to wait while other processes write.  [default: 10s]",
    )(command)


def choose_risks(command: Function) -> Function:
    """Add `--allow`."""
    return click.option(
        "--allow",
        type=click.Choice(get_args(Risk)),
        metavar="RISK",
        multiple=True,
        envvar="ADC_ALLOW",
        expose_value=False,
        callback=_remember_risks,
        help=f"Open a file that is refused for RISK: {', '.join(get_args(Risk))}. May be repeated. Else ADC_ALLOW.",
    )(command)


def choose_debug(command: Function) -> Function:
    """Add `--debug`."""
    return click.option(
        "--debug",
        is_flag=True,
        envvar="ADC_DEBUG",
        expose_value=False,
        callback=_remember_debug,
        help="Show the traceback of what went wrong. ADC_DEBUG=1 does the same.",
    )(command)


def actor() -> str:
    """How the log names whoever uses the command line: user, process, machine."""
    place = system.place()
    return f"cli:{_user()}:{place.pid}@{place.host}"


def _user() -> str:
    import getpass  # noqa: PLC0415  2 ms, which only commands that open a queue pay

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may know no name for its user
        return str(os.getuid())


def _remember_database(context: click.Context, _: click.Parameter, path: str | None) -> None:
    if path is not None:
        context.ensure_object(Settings).given = path


def _remember_busy_timeout(context: click.Context, _: click.Parameter, timeout: timedelta | None) -> None:
    if timeout is not None:
        context.ensure_object(Settings).busy_timeout = timeout


def _remember_risks(context: click.Context, _: click.Parameter, risks: tuple[Risk, ...]) -> None:
    if risks:
        context.ensure_object(Settings).allow = risks


def _remember_debug(context: click.Context, _: click.Parameter, debug: bool) -> None:
    if debug:
        context.ensure_object(Settings).debug = True
