"""Upkeep: what came of looking after a queue's file."""

from typing import final

from msgspec import Struct

from adc.core.instants import Span


@final
class BackedUp(Struct, frozen=True):
    """A backup that was made, and verified."""

    path: str
    events: int
    """How many are in its log."""
    jobs: int
    """Those that aren't over: they wait, run, or are dead."""
    bytes: int
    """How long it is."""
    took: Span
    """How long it took, with the verifying, in microseconds."""


@final
class Compacted(Struct, frozen=True):
    """What a queue's file was, and became. All are bytes."""

    before: int
    """Of the file and its -wal, before."""
    after: int
    """And after."""
    free: int
    """In pages of the file that have nothing in them: they are used before it grows."""
    wal: int
    """Of the -wal. Unless it is 0, others read how the file was before, or write."""
    gives_back: bool
    """Whether free pages can be given back a few at a time, as in all files that adc made."""
