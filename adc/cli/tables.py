"""Tables: the same rows for a terminal, for one that is too narrow for columns, and for a pipe."""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from adc.cli.inert import inert

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP: Final = 2
"""Spaces between two columns."""

LEAST: Final = 8
"""A wrapped column below this width can't be read."""

STYLES: Final[Mapping[str, str]] = {
    "started": "cyan",
    "cancelling": "yellow",
    "done": "green",
    "dead": "red",
    "JobStarted": "cyan",
    "JobRetried": "yellow",
    "JobCrashed": "yellow",
    "JobDone": "green",
    "JobDied": "red",
}
"""The colours of states and events, which colour nothing but themselves."""


@dataclass(frozen=True)
class Column:
    """One column; a wrapped one may take several lines in a terminal, others are never cut."""

    title: str
    wraps: bool = False
    is_number: bool = False


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Show rows, made inert, on stdout."""
    cells = [[inert(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        _show_plain(columns, cells)
        return
    console = console_for_stdout()
    if _least_width(columns, cells) > console.width:
        _show_stacked(console, columns, cells)
    else:
        _show_rich(console, columns, cells)


def show_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Show what one thing has, a field a line, made inert; nothing is cut, a terminal wraps by itself."""
    width = max(len(name) for name, _ in fields)
    for name, text in fields:
        click.echo(f"{name:{width}}  {inert(text)}".rstrip())


def console_for_stdout() -> "Console":
    """A console that shows text as it is; without colours if NO_COLOR is set."""
    from rich.console import Console  # noqa: PLC0415  60 ms, which a pipe and --json don't pay

    colours = None if os.environ.get("NO_COLOR") else "auto"
    return Console(color_system=colours, markup=False, emoji=False, highlight=False)  # type: ignore[arg-type]


def _show_plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    titles = [column.title for column in columns]
    widths = _widths(columns, rows)
    for row in (titles, *rows):
        padded = (_padded(cell, width, column) for cell, width, column in zip(row, widths, columns, strict=True))
        click.echo((" " * GAP).join(padded).rstrip())


def _show_rich(console: "Console", columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ignore",
            justify="right" if column.is_number else "left",
        )
    for row in rows:
        table.add_row(*map(_coloured, row))
    console.print(table)


def _show_stacked(console: "Console", columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """The first cell on a line of its own, the others indented below it."""
    width = max(len(column.title) for column in columns)
    for first, *others in rows:
        console.print(_coloured(first), soft_wrap=True)
        for column, cell in zip(columns[1:], others, strict=True):
            if cell:
                console.print(f"  {column.title:{width}} ", _coloured(cell), soft_wrap=True)


def _coloured(cell: str) -> "Text":
    from rich.text import Text  # noqa: PLC0415  as above

    return Text(cell, style=STYLES.get(cell, ""))


def _padded(cell: str, width: int, column: Column) -> str:
    return cell.rjust(width) if column.is_number else cell.ljust(width)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[int]:
    return [max((len(column.title), *(len(row[index]) for row in rows))) for index, column in enumerate(columns)]


def _least_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """How wide a terminal must be for the columns."""
    widths = _widths(columns, rows)
    least = (min(width, LEAST) if column.wraps else width for column, width in zip(columns, widths, strict=True))
    return sum(least) + GAP * (len(columns) - 1)
