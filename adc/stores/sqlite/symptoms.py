"""Symptoms: what was measured of a file, as observations: how bad it is, and what to do. Nothing is measured here."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from adc.auditing.diagnosis import Observation, Severity
from adc.running.growth import BOUND
from adc.stores.sqlite.filesystems import is_shared
from adc.stores.sqlite.wal_index import WalIndex

MIB: Final = 1 << 20
LARGE_WAL: Final = BOUND
"""As large as a runner tells of."""
LITTLE_ROOM: Final = 100 * MIB
NO_ROOM: Final = MIB
MUCH_FREE: Final = 64 * MIB

_FIXED: Final = (3, 51, 3)
"""The first SQLite without the bug by which a -wal that begins anew can lose commits, or damage the file."""
_FIXED_TOO: Final = {(3, 44): 6, (3, 50): 7}
_FIRST_WITH_WAL: Final = (3, 7, 0)
_UNITS: Final = ((1_000_000_000, "GB"), (1_000_000, "MB"), (10_000, "kB"))


class Reader(Struct, frozen=True):
    """A process that reads now."""

    pid: int
    command: str
    age: int | None
    """How many seconds ago the process began."""
    behind: int
    """How many bytes were committed since that it doesn't see."""


def sized(size: int) -> str:
    """A number of bytes for people.

    >>> [sized(size) for size in (0, 9_999, 94_208, 64 << 20, 12_345_678_901)]
    ['0 bytes', '9,999 bytes', '94.2 kB', '67.1 MB', '12.3 GB']
    """
    for least, unit in _UNITS:
        if size >= least:
            return f"{size / (least if unit != 'kB' else 1_000):.1f} {unit}"
    return f"{size:,} bytes"


def aged(seconds: int) -> str:
    """A time in seconds for people.

    >>> aged(59), aged(3_601), aged(200_000)
    ('59s', '1h0m', '2d7h')
    """
    if seconds < 60:
        return f"{seconds}s"
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if days:
        return f"{days}d{hours % 24}h"
    return f"{hours}h{minutes % 60}m" if hours else f"{minutes}m{seconds % 60}s"


def has_reset_bug(version: str) -> bool:
    """Whether a version of SQLite can lose commits: https://sqlite.org/wal.html#walresetbug.

    >>> [has_reset_bug(version) for version in ("3.51.2", "3.51.3", "3.50.7", "3.50.6", "3.44.6", "3.6.23", "3.54.1")]
    [True, False, False, True, False, False, False]
    """
    major, minor, patch, *_ = (*(int(part) for part in version.split(".") if part.isdecimal()), 0, 0, 0)
    if patch >= _FIXED_TOO.get((major, minor), patch + 1):
        return False
    return _FIRST_WITH_WAL <= (major, minor, patch) < _FIXED


def versions(adc: str, python: str, apsw: str, sqlite: str) -> Observation:
    """What runs here."""
    says = f"adc {adc} on Python {python}, SQLite {sqlite} by apsw {apsw}"
    if not has_reset_bug(sqlite):
        return Observation("versions", "ok", says)
    problem = "SQLite before 3.51.3 can lose commits when a -wal begins anew"
    return Observation("versions", "error", f"{says}; {problem}", "Update apsw, in each program that uses the file.")


def durability(mode: str | None, synchronous: int | None) -> Observation:
    """`synchronous` is that of this process's queue; None: it has none."""
    if mode != "wal":
        says = f"its journal mode is {mode}: another program has switched off the -wal"
        return Observation("durability", "error", says, "Open it with adc once: that switches it on again.")
    if synchronous is None:
        says = "commits go to a -wal; whether each waits for the disk is up to who writes, and can't be seen here"
        return Observation("durability", "ok", says)
    waits = "this queue's commits wait for the disk" if synchronous >= 2 else "this queue's commits don't wait for it"
    says = f"commits go to a -wal; {waits}; what others do can't be seen here"
    return Observation("durability", "ok", says, numbers={"synchronous": synchronous})


def wal(size: int, index: WalIndex | None) -> Observation:
    """How long it is. That it is long does no harm by itself; but each reader has to look through it."""
    waiting = None if index is None else index.waiting
    numbers = {"bytes": size} if waiting is None else {"bytes": size, "waiting_bytes": waiting}
    told = "how much of it isn't in the file yet can't be told here"
    if waiting is not None:
        told = f"{sized(waiting)} of it {'is' if waiting < 2 else 'are'} not in the file yet"
    says = f"the -wal has {sized(size)}; {told}" if size else "there is no -wal, or an empty one"
    if size <= LARGE_WAL:
        return Observation("wal", "ok", says, numbers=numbers)
    advice = "See who reads an old state, above, and end it; then adc compact makes the -wal empty."
    return Observation("wal", "warning", says, advice, numbers=numbers)


def readers(found: Sequence[Reader] | None) -> Observation:
    """Who keeps the -wal from beginning anew."""
    if found is None:
        return Observation("readers", "ok", "who reads can't be told on this system")
    if not found:
        return Observation("readers", "ok", "nobody reads at this moment", numbers={"processes": 0, "behind_bytes": 0})
    behind = max(reader.behind for reader in found)
    numbers = {"processes": len(found), "behind_bytes": behind}
    details = tuple(map(_told, sorted(found, key=lambda reader: -reader.behind)))
    if behind <= LARGE_WAL // 16:  # as much as SQLite lets come together before it begins anew
        return Observation("readers", "ok", "somebody reads at this moment", details=details, numbers=numbers)
    severity: Severity = "error" if behind > LARGE_WAL else "warning"
    says = f"somebody reads how the file was {sized(behind)} of commits ago, so that the -wal grows"
    advice = "End its read transaction, or the process; while adc verify or a backup runs, it is theirs, and ends."
    return Observation("readers", severity, says, advice, details, numbers)


def _told(reader: Reader) -> str:
    age = "" if reader.age is None else f", which began {aged(reader.age)} ago"
    return f"{named(reader.pid, reader.command)}{age}: {sized(reader.behind)} behind"


def named(pid: int, command: str) -> str:
    """A process."""
    return f"process {pid} ({command})" if command else f"process {pid}"


def space(page: int, pages: int, free: int, *, gives_back: bool) -> Observation:
    """Free pages in the file, which has so many in all."""
    numbers = {"bytes": page * pages, "free_bytes": page * free}
    says = f"{sized(page * pages)} in the file, of which {sized(page * free)} are free" if free else "none is free"
    says = says if free else f"{sized(page * pages)} in the file, {says}"
    if page * free <= MUCH_FREE or 2 * free < pages:
        return Observation("space", "ok", says, numbers=numbers)
    how = "adc compact gives them back." if gives_back else "adc compact says how to give them back."
    return Observation("space", "warning", says, how, numbers=numbers)


def disk(free: int, total: int, kind: str | None = None, *, is_limited: bool = False) -> Observation:
    """Room on the disk, and how it is formatted; `is_limited`: there is none for this process, on it or by a limit."""
    says = f"{sized(free)} of {sized(total)} are free{'' if kind is None else f', on {kind}'}"
    numbers = {"free_bytes": free, "bytes": total}
    if kind is not None and is_shared(kind):
        advice = "Move the file to a local disk: locks there may not keep others out."
        return Observation("disk", "error", f"{says}, which other machines may have too", advice, numbers=numbers)
    if free < NO_ROOM:
        return Observation("disk", "error", says, "Make room: nothing can be committed.", numbers=numbers)
    if is_limited:
        says = f"{says}, but a limit of this process (RLIMIT_FSIZE) lets no file grow"
        return Observation("disk", "error", says, "Raise the limit: nothing can be committed.", numbers=numbers)
    if free < LITTLE_ROOM:
        return Observation("disk", "warning", says, "Make room.", numbers=numbers)
    return Observation("disk", "ok", says, numbers=numbers)


def guards(absent: Sequence[str], *, could_be: bool) -> Observation:
    """Those of adc's guards that aren't there; `could_be`: on such a system they usually are."""
    if not absent:
        return Observation("guards", "ok", "all of adc's guards are there", numbers={"absent": 0})
    says = f"absent here, so that nothing tells of it: {', '.join(absent)}"
    severity: Severity = "warning" if could_be else "ok"
    advice = "Let this process see /proc, and let nothing else in it open the file." if could_be else ""
    return Observation("guards", severity, says, advice, numbers={"absent": len(absent)})
