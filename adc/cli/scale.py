"""Scale: from lengths of time to columns, so that a chart has room for all of them and nothing that ran is lost."""

from collections.abc import Sequence
from itertools import accumulate
from math import log2
from typing import Final

from adc.cli.stretches import Look, Part

RUNNING: Final[tuple[Look, ...]] = ("runs", "asked")

SMALLEST_SHARE: Final = 1024
"""Where long spans are drawn shorter, what is shorter than such a part of the whole counts for little."""


def scaled(parts: Sequence[Part], cells: int) -> tuple[tuple[int, ...], bool]:
    """Where each part begins, and the last one ends, in columns; and whether all columns are equally long.

    They are, if that lets all that ran be seen; else long spans are drawn shorter, by logarithm.
    """
    whole = sum(part.length for part in parts)
    if not whole:
        return _edges([1.0 for _ in parts], cells), False
    ran = [part.length for part in parts if part.look in RUNNING]
    is_even = all(2 * cells * length >= whole for length in ran)
    unit = whole / SMALLEST_SHARE
    return _edges([part.length if is_even else log2(1 + part.length / unit) for part in parts], cells), is_even


def _edges(weights: Sequence[float], cells: int) -> tuple[int, ...]:
    whole = sum(weights)
    return tuple(round(cells * upto / whole) if whole else 0 for upto in accumulate(weights, initial=0.0))
