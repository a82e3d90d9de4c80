"""Timeline: one job drawn as text, a line for each attempt: when it waited, when it ran, and how that ended."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

from adc.cli.inert import inert, shortened
from adc.cli.scale import RUNNING, scaled
from adc.cli.stretches import DEAD, WAITS, End, Look, Part, Stretch, stretches_of
from adc.cli.times import span_text, stamp
from adc.core.evolve import fold
from adc.core.instants import Instant, Span, datetime_of, timedelta_of
from adc.core.states import Absent, Dead, state_name
from adc.core.transition import Recorded

Piece: TypeAlias = tuple[str, str]
"""Some text and its colour; no colour is empty."""
Line: TypeAlias = tuple[Piece, ...]

NARROWEST: Final = 76
WIDEST: Final = 120
MOST_LINES: Final = 24
"""So many stretches are drawn: of more than that the first few and the last ones."""
FIRST_LINES: Final = 3

BETWEEN: Final = "..."
"""The name of what is left out."""

_TITLE: Final = f"{'ATTEMPT':>7}  {'WAITS':>6}  {'RUNS':>6}"
_BEHIND: Final = 3
"""Columns behind the chart: for what runs but is too short for one, and for how it ended."""


class Glyphs(Struct, frozen=True):
    """What a timeline is drawn with."""

    looks: Mapping[Look, str]
    ends: Mapping[End, str]


BLOCKS: Final = Glyphs(
    {"early": "·", "due": "░", "runs": "█", "asked": "▓", "dead": "▒", "left out": "⋯"},
    {
        "done": "✓",
        "again": "↻",
        "crashed": "!",
        "died": "✗",
        "cancelled": "⊘",
        "redriven": "↻",
        "open": "→",
        "left out": "",
    },
)
LETTERS: Final = Glyphs(
    {"early": ".", "due": ":", "runs": "#", "asked": "%", "dead": "=", "left out": "~"},
    {
        "done": "+",
        "again": "@",
        "crashed": "!",
        "died": "X",
        "cancelled": "x",
        "redriven": "@",
        "open": ">",
        "left out": "",
    },
)
"""For terminals that know nothing but ASCII."""


def can_be_shown(glyphs: Glyphs, encoding: str) -> bool:
    """Whether an output of this encoding has all of them."""
    try:
        "".join((*glyphs.looks.values(), *glyphs.ends.values())).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


WORDS: Final[Mapping[Look, str]] = {
    "early": "not due",
    "due": "due",
    "runs": "runs",
    "asked": "runs, cancelled",
    "dead": "dead",
    "left out": "left out",
}
COLOURS: Final[Mapping[End, str]] = {
    "done": "green",
    "again": "yellow",
    "crashed": "magenta",
    "died": "red",
    "cancelled": "red",
    "redriven": "cyan",
    "open": "cyan",
    "left out": "",
}


def timeline(history: Sequence[Recorded], now: Instant, width: int, glyphs: Glyphs = BLOCKS) -> tuple[Line, ...]:
    """The lines of a history that isn't empty, none wider than `width`, unless that is below NARROWEST."""
    stretches = some_of(stretches_of(history, now))
    width = min(max(width, NARROWEST), WIDEST)
    room = width - len(_TITLE) - 3 - _BEHIND
    cells = room // 2
    parts = [part for stretch in stretches for part in stretch.parts]
    edges, is_even = scaled(parts, cells)
    lines: list[Line] = [*_head(history, parts, width, cells if is_even else None), ((_TITLE, "bold"),)]
    first = 0
    for stretch in stretches:
        last = first + len(stretch.parts)
        chart = _drawn(stretch, edges[first : last + 1], glyphs, cells + _BEHIND)
        lines.append((*_named(stretch), *chart, (" " + shortened(inert(stretch.said), room - cells), "")))
        first = last
    used = {part.look for part in parts}
    if used:
        lines += [(), (("  ".join(f"{glyphs.looks[look]} {WORDS[look]}" for look in WORDS if look in used), ""),)]
    return tuple(map(_trimmed, lines))


def text_of(lines: Sequence[Line]) -> str:
    """The lines without colours."""
    return "\n".join("".join(text for text, _ in line) for line in lines)


def some_of(stretches: Sequence[Stretch]) -> Sequence[Stretch]:
    """All, if they aren't too many; else the first few and the last ones, and what is between as one."""
    if len(stretches) <= MOST_LINES:
        return stretches
    last = len(stretches) - (MOST_LINES - FIRST_LINES - 1)
    between = stretches[FIRST_LINES:last]
    length = Span(sum(part.length for stretch in between for part in stretch.parts))
    left_out = Stretch(BETWEEN, (Part("left out", length),), "left out", f"{len(between)} lines are left out")
    return (*stretches[:FIRST_LINES], left_out, *stretches[last:])


def _head(history: Sequence[Recorded], parts: Sequence[Part], width: int, cells: int | None) -> Iterator[Line]:
    """Which job it is, and how long all of it took; without `cells` the columns aren't equally long."""
    state = fold(each.event for each in history)
    assert not isinstance(state, Absent)
    jid, name = history[0].jid, f"{state_name(state)}{f': {state.reason}' if isinstance(state, Dead) else ''}"
    kind = shortened(inert(state.terms.kind), width - len(jid) - len(name) - 4)
    yield ((f"{jid}  {kind}  {name}", ""),)
    whole = timedelta_of(Span(sum(part.length for part in parts)))
    scale = "long spans are drawn shorter" if cells is None else f"a column is {span_text(whole / cells)}"
    yield ((f"from {stamp(datetime_of(history[0].event.at))}, {span_text(whole)} in all; {scale}", ""),)
    yield ()


def _named(stretch: Stretch) -> Iterator[Piece]:
    """The columns before the chart."""
    waited = span_text(timedelta_of(stretch.length("early", "due", "dead", "left out")))
    ran = "" if stretch.name in {WAITS, DEAD, BETWEEN} else span_text(timedelta_of(stretch.length(*RUNNING)))
    yield f"{stretch.name:>7}  {waited:>6}  {ran:>6}  ", ""


def _drawn(stretch: Stretch, edges: Sequence[int], glyphs: Glyphs, cells: int) -> Iterator[Piece]:
    """The chart's part of a line. What ran has a column at least; it and its end have the colour of how it ended."""
    colour = COLOURS[stretch.end]
    at = edges[0]
    yield " " * at, ""
    for part, edge in zip(stretch.parts, edges[1:], strict=True):
        ran = part.look in RUNNING
        length = max(edge - at, 1 if ran else 0)
        yield glyphs.looks[part.look] * length, colour if ran else "dim"
        at += length
    yield glyphs.ends[stretch.end], colour
    yield " " * (cells - at - len(glyphs.ends[stretch.end])), ""


def _trimmed(line: Line) -> Line:
    """Without spaces at its end: its last piece, if it has one, says something."""
    return line and (*line[:-1], (line[-1][0].rstrip(), line[-1][1]))
