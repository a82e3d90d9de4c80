"""Verifying: all that can be checked of a file, in one read transaction, as findings; and never an error instead."""

from collections.abc import Callable, Collection, Iterator
from typing import Final

import apsw

from adc.auditing.finding import SOUND, Finding
from adc.core.ids import DATABASE
from adc.core.instants import Span
from adc.ports.trouble import CannotOpen, NoQueue, OutOfMemory, StoreBusy, StoreClosed, StoreTrouble, UsedAfterFork
from adc.stores.sqlite import scanning
from adc.stores.sqlite.differing import difference
from adc.stores.sqlite.examining import BUDGET, examined
from adc.stores.sqlite.jobwise import Paused, Proved, Unproved, audited
from adc.stores.sqlite.outfit import Outfit, outfit_of
from adc.stores.sqlite.troubles import RAISED, trouble_of

_NOT_OF_THE_FILE: Final = (NoQueue, CannotOpen, OutOfMemory, StoreBusy, StoreClosed, UsedAfterFork)
"""Troubles that say nothing about what is in the file: they are raised."""


def verify_file(path: str, budget: Span = BUDGET) -> Iterator[Finding]:
    """What isn't as adc wrote it, in a file that needn't be one that adc can open.

    Raises NoQueue where there is no file, and another StoreTrouble for one that can't be read now, as when it is busy.
    """
    left = False
    try:
        with examined(path, budget) as connection:
            try:
                yield from verify(connection, path)
            except GeneratorExit:
                left = True
                raise
    except _NOT_OF_THE_FILE:
        raise
    except StoreTrouble as trouble:
        if not left:  # else nobody asks any more
            yield Finding("file", trouble.problem)


def verify(connection: apsw.Connection, path: str) -> Iterator[Finding]:
    """The same, on a connection that is in a transaction."""
    yield from _told(path, lambda: _integrity(connection))
    found: list[Outfit] = []
    yield from _told(path, lambda: _outfit(connection, found))
    outfit = found[0] if found else Outfit(SOUND)
    if {"job_events", "adc_jobs"} <= outfit.tables:
        yield from _told(path, lambda: _sequence(connection, outfit))
        yield from _told(path, lambda: _jobs(connection, outfit.tables))


def _told(path: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a check finds; what keeps it from going on is a finding too."""
    try:
        yield from check()
    except RAISED as error:
        trouble = trouble_of(error, path, "verify")
        if isinstance(trouble, _NOT_OF_THE_FILE):
            raise trouble from error
        yield Finding("file", f"it can't be read to its end: {trouble.problem}")


def _integrity(connection: apsw.Connection) -> Iterator[Finding]:
    for problem in scanning.problems(connection):
        for line in problem.splitlines():
            if not line.startswith("***"):  # *** in database main ***
                yield Finding("file", line)


def _outfit(connection: apsw.Connection, found: list[Outfit]) -> Iterator[Finding]:
    outfit = outfit_of(connection)
    found.append(outfit)
    yield from outfit.findings


def last_given(connection: apsw.Connection, outfit: Outfit) -> int:
    """The number of the last event that was written, though it may be lost."""
    _, _, last = scanning.counted(connection)
    return max(last, outfit.last_seq, scanning.sequence(connection) if "sqlite_sequence" in outfit.tables else 0)


def has_gaps(connection: apsw.Connection) -> bool:
    """Whether events are missing from the log."""
    return any(True for _ in _sequence(connection, outfit_of(connection)))


def _sequence(connection: apsw.Connection, outfit: Outfit) -> Iterator[Finding]:
    """The numbers from 1 to the last one that was given are all there, or were pruned: each event has one of its own.

    In an archive, there are as many events as it says.
    """
    count, _, last = scanning.counted(connection)
    archived = outfit.archived
    if archived is not None:
        if count != archived:
            yield Finding("sequence", f"there are {count} events, though adc_meta says that {archived} were archived")
        return
    given, pruned = last_given(connection, outfit), scanning.pruned(connection)
    if last != given:
        yield Finding("sequence", f"the last event there has the number {last}, but the last one written had {given}")
    if count + pruned != last:
        gone = f", and {pruned} were pruned" if pruned else ""
        yield Finding("sequence", f"there are {count} events{gone}, though the last one has the number {last}")


def _jobs(connection: apsw.Connection, tables: Collection[str]) -> Iterator[Finding]:
    paused: dict[str, int] | None = {}
    for each in audited(connection):
        match each:
            case Proved():
                found = difference(each)
                if found is not None:
                    yield found
            case Paused(wanted):
                paused = wanted
            case Unproved(jid, findings):
                yield from findings
                if jid == DATABASE:
                    paused = None
    if paused is not None and "adc_paused" in tables:
        there = scanning.paused(connection)
        if there != paused:
            yield Finding("paused", f"adc_paused has {_shown(there)}, but by the log it is {_shown(paused)}")


def _shown(paused: dict[str, int] | None) -> str:
    if paused is None:
        return "what adc doesn't write there"
    return ", ".join(f"{queue} since {at}" for queue, at in sorted(paused.items())) or "nothing"
