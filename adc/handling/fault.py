"""Fault: an exception as text that is bounded, storable and scrubbed, whatever the exception itself does.

At most 8 KiB in all, counted as UTF-8: of class names and message the beginning, at most 2 KiB each; the traceback has
the rest and keeps its end, where the raise is. Neither locals nor arguments are read.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, TypeAlias

from adc.core.retry import full_name
from adc.core.terms import Fault
from adc.handling.tracing import traceback_of

Scrub: TypeAlias = Callable[[str], str]
"""Takes what must not be stored out of a text. It is given messages and tracebacks, in whole where they aren't vast."""

FAULT_LIMIT: Final = 8_192
MESSAGE_LIMIT: Final = 2_048
NAMES_LIMIT: Final = 2_048

SCRUB_LIMIT: Final = 65_536
"""So many characters are scrubbed. More than is kept: or a secret that straddles the cut would be kept in half."""

MOST_NOTES: Final = 10

SCRUBBING_FAILED: Final = "<scrubbing failed>"
_CUT: Final = "[cut]"
_NOT_TOLD: Final = frozenset(("builtins.object", "builtins.BaseException"))


def fault_of(error: BaseException, scrub: Scrub | None = None) -> Fault:
    """What is stored of an exception."""
    names = tuple(_bounded_names(error))
    message = _beginning(_scrubbed(_message_of(error), scrub), MESSAGE_LIMIT)
    left = FAULT_LIMIT - _size("".join(names)) - _size(message)
    return Fault(names, message, _end(_scrubbed(_traceback_of(error), scrub), left))


def _bounded_names(error: BaseException) -> Iterator[str]:
    left = NAMES_LIMIT
    for kind in type(error).__mro__:
        name = _beginning(_name_of(kind), left)
        left -= _size(name)
        if left < 0:
            return
        if name not in _NOT_TOLD:
            yield name


def _name_of(kind: type) -> str:
    try:
        return full_name(kind)
    except BaseException:  # noqa: BLE001  a metaclass's own code runs here
        return "<a class without a name>"


def _message_of(error: BaseException) -> str:
    try:
        notes: Iterable[object] = getattr(error, "__notes__", ())
        # Unbound: what __str__ gives may be of a class with a __getitem__ of its own.
        parts = [str.__getitem__(str(part), slice(SCRUB_LIMIT)) for part in (error, *islice(notes, MOST_NOTES))]
        return "\n".join(parts)[:SCRUB_LIMIT]
    except BaseException as another:  # noqa: BLE001  the exception's own code runs here
        return f"<no message: {_name_of(type(another))} while it was read>"


def _traceback_of(error: BaseException) -> str:
    try:
        return traceback_of(error)
    except BaseException as another:  # noqa: BLE001  the exception's own code may run here: it can be asked for its cause
        return f"<no traceback: {_name_of(type(another))} while it was read>"


def _scrubbed(text: str, scrub: Scrub | None) -> str:
    if scrub is None:
        return text
    try:
        return "".join((scrub(text[-SCRUB_LIMIT:]),))  # refuses what isn't a text
    except BaseException:  # noqa: BLE001  whatever happens, nothing is stored unscrubbed
        return SCRUBBING_FAILED


def _size(text: str) -> int:
    return len(_bytes_of(text))


def _bytes_of(text: str) -> bytes:
    return str.encode(text, errors="replace")  # a lone surrogate, which can't be stored, becomes "?"


def _beginning(text: str, limit: int) -> str:
    whole = _bytes_of(text[: limit + 1])
    if len(whole) <= limit:
        return whole.decode()
    return whole[: max(limit - len(_CUT), 0)].decode(errors="ignore") + _CUT


def _end(text: str, limit: int) -> str:
    whole = _bytes_of(text[-limit - 1 :])
    if len(whole) <= limit:
        return whole.decode()
    return _CUT + whole[len(whole) - limit + len(_CUT) :].decode(errors="ignore")
