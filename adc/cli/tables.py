"""Tables: the same rows for a terminal, for one that is too narrow for columns, and for a pipe."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import click

from adc.cli.inert import inert

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

GAP: Final = 2
"""Spaces between two columns."""

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
    "QueuePaused": "yellow",
    "Pruned": "dim",
}
"""The colours of states and events, which colour nothing but themselves."""


@dataclass(frozen=True)
class Column:
    """One column."""

    title: str
    least: int | None = None
    """In a terminal it may be wrapped, but not below this width; None: it is never wrapped, nor cut."""
    is_number: bool = False


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Show rows, made inert, on stdout."""
    cells = [[inert(cell) for cell in row] for row in rows]
    if to_a_terminal():
        _show_fitted(_console(), columns, cells)
    else:
        _show_plain(columns, cells)


def to_a_terminal() -> bool:
    """Whether people are to read what is shown."""
    return sys.stdout.isatty()


def show_fields(fields: Sequence[tuple[str, str]]) -> None:
    """Show what one thing has, a field a line, made inert; nothing is cut, a terminal wraps by itself."""
    width = max(len(name) for name, _ in fields)
    for name, text in fields:
        click.echo(f"{name:{width}}  {inert(text)}".rstrip())


def show_lines(lines: Iterable[Sequence[tuple[str, str]]]) -> None:
    """Show lines of pieces, each a text and its colour; in a terminal with the colours. No line is wrapped."""
    if not to_a_terminal():
        for line in lines:
            click.echo("".join(text for text, _ in line))
        return
    from rich.text import Text  # noqa: PLC0415  as below

    console = _console()
    for line in lines:
        console.print(Text.assemble(*line), soft_wrap=True)


def _console() -> "Console":
    """A console that shows text as it is; without colours if NO_COLOR is set."""
    from rich.console import Console  # noqa: PLC0415  as below

    colours = None if os.environ.get("NO_COLOR") else "auto"
    return Console(color_system=colours, markup=False, emoji=False, highlight=False)  # type: ignore[arg-type]


def _show_plain(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    titles = [column.title for column in columns]
    widths = _widths(columns, rows, len)
    for row in (titles, *rows):
        padded = (_padded(cell, width, column) for cell, width, column in zip(row, widths, columns, strict=True))
        click.echo((" " * GAP).join(padded).rstrip())


def _show_fitted(console: "Console", columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """As columns, if they fit; else stacked."""
    from rich.cells import cell_len  # noqa: PLC0415  60 ms with the rest of rich: not for pipes and --json

    room = console.width - GAP * len(columns)
    widths = fitted(columns, _widths(columns, rows, cell_len), room)
    if widths is None:
        _show_stacked(console, columns, rows)
    else:
        _show_rich(console, columns, widths, rows)


def _show_rich(
    console: "Console", columns: Sequence[Column], widths: Sequence[int], rows: Sequence[Sequence[str]]
) -> None:
    from rich.table import Table  # noqa: PLC0415  as above

    table = Table(box=None, padding=(0, GAP, 0, 0), header_style="bold")
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        table.add_column(column.title, width=width, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(_coloured, row))
    console.print(table)


def _show_stacked(console: "Console", columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """The first cell on a line of its own, the others indented below it; a terminal wraps by itself."""
    width = max(len(column.title) for column in columns)
    for first, *others in rows:
        console.print(_coloured(first), soft_wrap=True)
        for column, cell in zip(columns[1:], others, strict=True):
            if cell:
                console.print(f"  {column.title:{width}} ", _coloured(cell), soft_wrap=True)


def fitted(columns: Sequence[Column], natural: Sequence[int], room: int) -> list[int] | None:
    """How wide each column is, if all of them have so much room; None: they don't fit.

    What is left when each has its least goes to the last wrapped column first, which says most.
    """
    widths = [
        width if column.least is None else min(width, column.least)
        for column, width in zip(columns, natural, strict=True)
    ]
    left = room - sum(widths)
    if left < 0:
        return None
    for index in reversed(range(len(widths))):
        more = min(left, natural[index] - widths[index])
        widths[index] += more
        left -= more
    return widths


def _coloured(cell: str) -> "Text":
    from rich.text import Text  # noqa: PLC0415  as above

    return Text(cell, style=STYLES.get(cell, ""))


def _padded(cell: str, width: int, column: Column) -> str:
    return cell.rjust(width) if column.is_number else cell.ljust(width)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], measure: Callable[[str], int]) -> list[int]:
    """How wide each column is if nothing is wrapped."""
    return [
        max(len(column.title), *(measure(row[index]) for row in rows)) if rows else len(column.title)
        for index, column in enumerate(columns)
    ]
