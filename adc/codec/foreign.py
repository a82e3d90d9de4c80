"""Foreign: JSON that adc didn't write, and what is wrong with it though it can be read.

What an encoder of adc wrote, it would write again: so only what differs from that is looked through, at 20 µs or more.
"""

from collections.abc import Sequence
from typing import Final, NoReturn

from adc.codec.inspection import DEPTH_LIMIT, first_flaw, nests_too_deep
from adc.codec.malformed import Malformed, malformed, malformed_by

LONGEST_INTEGER: Final = 24
"""So many characters, with the sign, are more than an integer of 64 bits has."""


class NotJson(ValueError):
    """What json.loads would let pass: a number that JSON doesn't have, or a name that comes twice."""


def flaw_of_text(stored: bytes) -> Malformed | None:
    """What must not be in a payload, in valid JSON; None: nothing.

    That is: a name that an object has twice, where readers disagree which one counts; integers beyond 64 bits; nesting
    beyond DEPTH_LIMIT.
    """
    if nests_too_deep(stored):
        return malformed("$", f"nested deeper than {DEPTH_LIMIT}")
    try:
        return first_flaw(parsed(stored.decode()))
    except (ValueError, RecursionError) as error:
        return malformed("$", f"{error}") if isinstance(error, NotJson) else malformed_by(error)


def parsed(text: str) -> object:
    """What a text in JSON says; raises NotJson, or what json.loads raises."""
    import json  # noqa: PLC0415  5 ms, which only foreign JSON pays

    said: object = json.loads(
        text, parse_constant=_refuse_constant, parse_int=_integer_of, object_pairs_hook=_without_doubles
    )
    return said


def _refuse_constant(constant: str) -> NoReturn:
    raise NotJson(f"{constant} is no JSON number")


def _integer_of(digits: str) -> int:
    """The integer; of a long one its beginning, beyond 64 bits like the whole: int() reads at most 4300 digits."""
    return int(digits[:LONGEST_INTEGER])


def _without_doubles(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    read = dict(pairs)
    if len(read) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise NotJson(f"an object has the name {doubled[:50]!r} twice")
    return read
