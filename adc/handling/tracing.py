"""Tracing: the traceback of an exception as text, bounded in frames, causes and members before it is formatted."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count, dropwhile
from textwrap import indent
from traceback import extract_tb
from types import TracebackType
from typing import Final

from adc.core.retry import full_name

MOST_FRAMES: Final = 30
"""So many are shown, the innermost: a RecursionError has a thousand."""
MOST_EXCEPTIONS: Final = 16
"""So many of its causes and members are shown, in all."""
MOST_MEMBERS: Final = 5
DEEPEST_GROUP: Final = 3

_LONGEST_MESSAGE: Final = 500
_ADC: Final = f"{__name__.partition('.')[0]}."
_CAUSE: Final = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT: Final = "\nDuring handling of the above exception, another exception occurred:\n\n"


def traceback_of(error: BaseException) -> str:
    """The exception and what led to it, the raise last. What the exceptions' own code raises comes out of here."""
    return _told(error, shown=count(), depth=0)


def _told(error: BaseException, *, shown: "count[int]", depth: int) -> str:
    return "".join(reversed([*_links(error, shown, depth)]))


def _links(error: BaseException, shown: "count[int]", depth: int) -> Iterator[str]:
    """The exception, then its cause, then that one's: each with the words that join it to the one before it."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and next(shown) < MOST_EXCEPTIONS:
        seen.add(id(link))
        before, joint = link.__cause__, _CAUSE
        if before is None and not link.__suppress_context__:
            before, joint = link.__context__, _CONTEXT
        told = f"{_frames(link.__traceback__)}{_last_line(link)}{_inside(link, shown, depth)}"
        yield told if before is None else joint + told
        link = before


def _last_line(error: BaseException) -> str:
    return f"{full_name(type(error))}: {str(error)[:_LONGEST_MESSAGE]}\n"


def _inside(error: BaseException, shown: "count[int]", depth: int) -> str:
    """The members of a group, nothing for any other exception."""
    if not _is_group(error):
        return ""
    if depth == DEEPEST_GROUP:
        return "  | [groups deeper than this aren't shown]\n"
    members: Sequence[BaseException] = getattr(error, "exceptions", ())
    told = [_told(member, shown=shown, depth=depth + 1) for member in members[:MOST_MEMBERS]]
    hidden = len(members) - len(told)
    return indent("+----\n".join(told) + (f"[and {hidden} more]\n" if hidden else ""), "  | ")


def _is_group(error: BaseException) -> bool:
    return isinstance(error, BaseExceptionGroup)  # not where it would narrow: pyright knows no type of the members then


def _frames(trace: TracebackType | None) -> str:
    theirs = deque(dropwhile(_is_ours, _walk(trace)), maxlen=MOST_FRAMES)
    if not theirs:
        return ""
    return "Traceback (most recent call last):\n" + "".join(extract_tb(theirs[0]).format())


def _walk(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _is_ours(trace: TracebackType) -> bool:
    """Whether the frame is adc's: the leading ones are of no use to the reader."""
    return str(trace.tb_frame.f_globals.get("__name__")).startswith(_ADC)
