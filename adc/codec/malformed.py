"""Malformed: what is wrong with a value or with stored bytes, and where, in words that can be shown and stored."""

import re
from typing import Final

from msgspec import MsgspecError, Struct

_LONGEST_TEXT: Final = 200
_PLACED: Final = re.compile(r"(?P<problem>.*) - at (?P<key>`key` in )?`(?P<path>\$.*)`", re.DOTALL)


class Malformed(Struct, frozen=True):
    """Why a value can't be stored, or why stored bytes aren't a value of the type."""

    path: str
    """Where in the value, such as `$.items[1].qty`; `$` is the whole, `[...]` an entry whose key isn't told."""
    problem: str
    """What was expected and what was there. adc's own are at most 200 characters: they may quote the payload."""


def malformed(path: str, problem: str) -> Malformed:
    """A Malformed with texts that are short, and storable: a message may quote a lone surrogate."""
    return Malformed(_storable(path), _storable(problem))


def malformed_by(error: Exception, path: str = "$") -> Malformed:
    """What an exception says of the value at `path`; msgspec's own may name a path themselves.

    A MemoryError says nothing of the value, and goes on.
    """
    if isinstance(error, MemoryError):
        raise error
    if isinstance(error, RecursionError):
        return malformed(path, "nested too deeply")
    text = _text_of(error)
    if not isinstance(error, MsgspecError):
        return malformed(path, f"{type(error).__name__}: {text}")
    placed = _PLACED.fullmatch(text)
    if placed is None:
        return malformed(path, text)
    return malformed(placed["path"], f"{placed['problem']} (in a key)" if placed["key"] else placed["problem"])


def _storable(text: str) -> str:
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
    return shown.encode(errors="replace").decode()


def _text_of(error: Exception) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  a user's exception may fail at its own text
        return "(its text can't be read)"
