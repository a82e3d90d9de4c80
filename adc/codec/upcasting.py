"""Upcasting: the stored form of an event as an older adc wrote it, brought to the form of today, step by step."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

import msgspec

Fields: TypeAlias = dict[str, object]
"""What an event's JSON says: its fields, as builtins."""

Upcast: TypeAlias = Callable[[Fields], Fields]
"""Gives the fields in the next version's form: a pure function, which is never changed once it was released."""

Upcasts: TypeAlias = Mapping[tuple[str, int], Upcast]
"""A step for each type, by the version that it leads away from. The next version is one more."""

UPCASTS: Final[Upcasts] = {}
"""Whoever changes the stored form of an event adds a step here: events are written in the version behind the last one.

No form has changed yet, so all are written in version 1.
"""


class NotUpcast(ValueError):
    """What is stored isn't what the steps were made for: damage."""


def written_version(kind: str, upcasts: Upcasts = UPCASTS) -> int:
    """The version in which events of a type are written today."""
    return 1 + max((version for name, version in upcasts if name == kind), default=0)


def upcast(kind: str, version: int, stored: str, upcasts: Upcasts = UPCASTS) -> tuple[int, str]:
    """The version that steps lead to, and the JSON in its form; the same ones where no step leads on.

    Raises NotUpcast.
    """
    if (kind, version) not in upcasts:
        return version, stored
    try:
        fields = msgspec.json.decode(stored, type=Fields)
        while (kind, version) in upcasts:
            fields = upcasts[kind, version](fields)
            version += 1
        return version, msgspec.json.encode(fields).decode()
    except Exception as error:
        raise NotUpcast(f"{type(error).__name__}: {error}") from error
