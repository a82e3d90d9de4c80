"""Inspection: which part of a value can't be stored.

msgspec's encoder says what it can't write but not where, and it writes some values that no reader gets back. So a value
that failed, or that looks odd, is walked part by part. This is the slow path: few values that are fine ever come here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime, time
from enum import Enum
from math import isfinite
from types import NoneType
from typing import Final, TypeAlias

import msgspec
from msgspec import UNSET, Struct
from typing_extensions import TypeIs

from adc.codec.malformed import Malformed, malformed, malformed_by

DEPTH_LIMIT: Final = 100
"""How many lists and objects may lie within one another. Python's own limit is about 1000, less the caller's stack."""

_LONGEST_KEY: Final = 40
_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**64 - 1

_LEAVES: Final = frozenset({NoneType, bool, int, float, str, datetime, time})  # exactly: msgspec writes no subclasses

_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_NEITHER_BRACKETS_NOR_QUOTES: Final = bytes(set(range(256)) - set(b'[]{}"'))

Step: TypeAlias = tuple[str, object]
"""A path, and the part of the value that is there."""


class _Unfit(ValueError):
    """This part of the value can't be stored; the message says why."""


def first_flaw(value: object) -> Malformed | None:
    """The first part of the value that can't be stored, in the order of writing; None: there is none.

    It doesn't recurse and goes no deeper than the limit, so a cycle ends like any other value that is too deep.
    """
    entered: list[Iterator[Step]] = [iter([("$", value)])]
    path = "$"
    try:
        while entered:
            for path, part in entered[-1]:
                inside = _enter(path, part)
                if inside is None:
                    continue
                if len(entered) > DEPTH_LIMIT:
                    return malformed(path, f"nested deeper than {DEPTH_LIMIT}")
                entered.append(inside)
                break
            else:
                entered.pop()
    except _Unfit as unfit:
        return malformed(path, str(unfit))
    except Exception as error:  # noqa: BLE001  the value's own code runs here: properties, time zones, enums
        return malformed_by(error, path)
    return None


def nests_too_deep(json: bytes) -> bool:
    """Whether lists and objects lie within one another beyond the limit. Takes valid JSON; 8 ms a megabyte."""
    if json.count(b"[") + json.count(b"{") <= DEPTH_LIMIT:
        return False
    unescaped = json.replace(rb"\\", b"").replace(rb"\"", b"")
    marks = unescaped.translate(_SQUARE, _NEITHER_BRACKETS_NOR_QUOTES).replace(b'""', b"")
    brackets = b"".join(marks.split(b'"')[::2])  # without those within strings
    for _ in range(DEPTH_LIMIT):
        brackets = brackets.replace(b"[]", b"")  # takes away the innermost level, everywhere
    return bool(brackets)


def _enter(path: str, part: object) -> Iterator[Step] | None:
    """What the part consists of; None for a leaf. Raises _Unfit, or whatever the part's own code raises."""
    written = _as_written(part)
    if is_dict(written):
        return _entries(path, written)
    if is_array(written):
        return ((f"{path}[{index}]", item) for index, item in enumerate(written))
    if isinstance(written, Struct):
        return _attributes(path, written, zip(written.__struct_fields__, written.__struct_encode_fields__, strict=True))
    if is_dataclass(written):
        return _attributes(path, written, ((field.name, field.name) for field in fields(written)))
    _check_leaf(written)
    return None


def _as_written(part: object) -> object:
    """What msgspec writes for it: an enum's value, text for bytes. Raises TypeError for what it can't write."""
    if isinstance(part, Enum):
        return _as_written(part.value)
    is_made_of_parts = is_dict(part) or is_array(part) or isinstance(part, Struct)
    if type(part) in _LEAVES or is_made_of_parts or (is_dataclass(part) and not isinstance(part, type)):
        return part
    return msgspec.to_builtins(part)


def is_dict(part: object) -> TypeIs[dict[object, object]]:
    """Whether it is a dict, of who knows what."""
    return isinstance(part, dict)


def is_array(part: object) -> TypeIs[list[object] | tuple[object, ...] | set[object] | frozenset[object]]:
    """Whether it is what JSON has as an array."""
    return isinstance(part, list | tuple | set | frozenset)


def _entries(path: str, entries: dict[object, object]) -> Iterator[Step]:
    for key in entries:  # all keys before the first value: a bad key is reported at the dict itself
        _check_key(key)
    return ((path + _key_step(key), entry) for key, entry in entries.items())


def _check_key(key: object) -> None:
    try:
        _check_leaf(_as_written(key))
    except _Unfit as unfit:
        raise _Unfit(f"{unfit} (in a key)") from None
    if type(key) is not str:
        msgspec.json.encode({key: None})


def _key_step(key: object) -> str:
    """`.key` where that is short and plain; else `[...]`, as in msgspec's own paths."""
    return f".{key}" if type(key) is str and len(key) <= _LONGEST_KEY and key.isidentifier() else "[...]"


def _attributes(path: str, owner: object, names: Iterable[tuple[str, str]]) -> Iterator[Step]:
    """The fields that are written: msgspec leaves out those that are UNSET or were deleted."""
    for name, written_name in names:
        value: object = getattr(owner, name, UNSET)
        if value is not UNSET:
            yield f"{path}.{written_name}", value


def _check_leaf(leaf: object) -> None:
    match leaf:
        case float() if not isfinite(leaf):
            raise _Unfit(f"{leaf} can't be written as JSON")
        case int() if not _SMALLEST <= leaf <= _LARGEST:
            raise _Unfit("an integer beyond 64 bits (-2**63 to 2**64 - 1)")
        case str():
            _check_text(leaf)
        case datetime() | time() if leaf.utcoffset() is None:
            raise _Unfit(f"a {type(leaf).__name__} without a time zone")
        case _:
            pass


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Unfit(f"a lone surrogate, at character {error.start}, can't be written as UTF-8") from None
