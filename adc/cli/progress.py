"""Progress: a bar in a terminal, and a few plain lines elsewhere."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeAlias

import click

QUARTERS: Final = 4


Tell: TypeAlias = Callable[[int], None]
"""Is told how many are finished."""


@contextmanager
def progress_of(total: int) -> Generator[Tell, None, None]:
    """Progress towards a number of jobs, on stderr."""
    if sys.stderr is not None and sys.stderr.isatty():
        with _bar(total) as bar:
            yield bar
    else:
        yield _lines(total)


def _lines(total: int) -> Tell:
    """A line for the beginning and for each quarter."""
    told = -1

    def tell(finished: int) -> None:
        nonlocal told
        quarters = QUARTERS * finished // total
        if quarters > told:
            told = quarters
            click.echo(f"{finished} of {total} jobs finished", err=True)

    tell(0)
    return tell


@contextmanager
def _bar(total: int) -> Generator[Tell, None, None]:
    from rich.console import Console  # noqa: PLC0415  90 ms, which only this command pays
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    console = Console(stderr=True, color_system=None if os.environ.get("NO_COLOR") else "auto")
    columns = (TextColumn("parsing"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=console) as bars:
        task = bars.add_task("parsing", total=total)
        yield lambda finished: bars.update(task, completed=finished)
