"""Trace: what happens in a seed, a line each, as short as it can be read."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from tests.simulation.life import short

LEFT_OUT: Final = frozenset({"at", "terms", "fault", "result", "problem", "actor"})


def line(seconds: float, depth: int, who: str, what: Iterable[object]) -> str:
    """One; what happens in the middle of something else is indented."""
    return f"{seconds:10.6f} {'  ' * depth}{short(who)}: {' '.join(map(brief, what))}"


def brief(value: object) -> str:
    """A value, without what would make it long; an instant as it is, since the clock on the wall jumps."""
    if isinstance(value, Struct):
        fields = {name: getattr(value, name) for name in value.__struct_fields__ if name not in LEFT_OUT}
        return f"{type(value).__name__}({', '.join(f'{name}={brief(each)}' for name, each in fields.items())})"
    if isinstance(value, str):
        return short(value.removeprefix("runner:"))
    return str(value)
