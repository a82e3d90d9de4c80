"""Flips: bits of a real file are flipped, cells of it edited; verify tells of each, or every row is what it was.

python -m tests.faults.flips [--flips 10000] [--edits 1000] [--seed 0]
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import apsw

from adc.ports.trouble import StoreTrouble
from adc.stores.sqlite.verifying import verify_file
from tests.faults.counting import Counting, options
from tests.faults.real_file import make_file

Value: TypeAlias = int | float | str | bytes | None
Content: TypeAlias = list[tuple[Value, ...]]

TABLES: Final = ("sqlite_schema", "job_events", "adc_jobs")
"""What must be as it was, if nothing is told."""

EDITED: Final = ("job_events",) * 6 + ("adc_jobs",) * 3 + ("adc_paused",)
TRIGGERS: Final = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"


@dataclass
class Tally:
    """What came of it."""

    told: Counter[str] = field(default_factory=Counter)
    """How often each law was among the findings."""
    dead: int = 0
    """Nothing is told, and every row is what it was."""
    missed: list[str] = field(default_factory=list)
    """What should never be: nothing is told, though a row is another one; or an error came instead."""


def content(path: Path) -> Content:
    """All rows of TABLES, by a connection that knows nothing of adc."""
    with closing(apsw.Connection(str(path))) as connection:
        return sorted(
            ((table, *row) for table in TABLES for row in connection.execute(f"SELECT * FROM {table}")), key=repr
        )


def judge(path: Path, what: str, original: Content, tally: Tally) -> None:
    """Verify a file to which something was done."""
    try:
        laws = {finding.law for finding in verify_file(str(path))}
    except StoreTrouble as trouble:
        tally.told[type(trouble).__name__] += 1
        return
    except Exception as error:  # noqa: BLE001 - whatever else it is, it is wrong
        tally.missed.append(f"{what}: {type(error).__name__}: {error}")
        return
    if laws:
        tally.told.update(laws)
    elif _is_as_it_was(path, original):
        tally.dead += 1
    else:
        tally.missed.append(what)


def _is_as_it_was(path: Path, original: Content) -> bool:
    try:
        return content(path) == original
    except (apsw.Error, UnicodeDecodeError):
        return False


def write(path: Path, stored: bytes | bytearray) -> None:
    """The file alone: no -wal of the one before it."""
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    path.write_bytes(stored)


def flip(path: Path, stored: bytes, places: Iterable[int], original: Content) -> Tally:
    """One bit after the other; a place is that of a bit in the file."""
    tally = Tally()
    for place in places:
        damaged = bytearray(stored)
        damaged[place // 8] ^= 1 << place % 8
        write(path, damaged)
        judge(path, f"bit {place}", original, tally)
    return tally


def edit(path: Path, stored: bytes, random: Random, times: int, original: Content) -> Tally:
    """One cell after the other, each in the file as it was."""
    tally = Tally()
    for _ in range(times):
        write(path, stored)
        judge(path, edit_a_cell(path, random), original, tally)
    return tally


def edit_a_cell(path: Path, random: Random) -> str:
    """What was done: the triggers are dropped, one cell gets another value, and the triggers are put back."""
    with closing(apsw.Connection(str(path))) as connection:
        triggers = [(str(name), str(sql)) for name, sql in connection.execute(TRIGGERS)]
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        edited = next(filter(None, (_edit(connection, random) for _ in iter(int, 1))))
        for _, sql in triggers:
            connection.execute(sql)
    return edited


def _edit(connection: apsw.Connection, random: Random) -> str | None:
    """None: SQLite refuses the value, or it is the one that is there."""
    table = random.choice(EDITED)
    columns = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")]
    keys = columns[:1]  # the primary key, in each of them
    rows = connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
    row, column = random.choice(rows), random.randrange(len(columns))
    value = random.choice(list(_values(row[column], random.choice(rows)[column], random)))
    if value == row[column]:
        return None
    try:
        connection.execute(f"UPDATE {table} SET {columns[column]} = ? WHERE {keys[0]} IS ?", (value, row[0]))
    except (apsw.ConstraintError, apsw.MismatchError):
        return None
    return f"{table}.{columns[column]} of {row[0]!r}: {row[column]!r} became {value!r}"


def _values(there: Value, another: Value, random: Random) -> Iterator[Value]:
    """What careless hands might put in a cell."""
    yield another
    yield None
    yield random.choice((0, 1, -1, 7, 2**62, -(2**63)))
    yield random.choice(("", "JobDone", "JobScheduled", "default", "mail", "{}"))
    match there:
        case int():
            yield there + random.choice((-1, 1, 1000))
            yield there ^ (1 << random.randrange(40))
        case str() if there:
            place = random.randrange(len(there))
            yield there[:place] + chr(ord(there[place]) ^ 1) + there[place + 1 :]
            yield there[:place]
            yield there.replace('"at":', '"at" :')
        case bytes() if there:
            place = random.randrange(len(there))
            yield there[:place] + bytes([there[place] ^ 1]) + there[place + 1 :]
            yield there + b"\0"
        case _:
            yield random.randbytes(3)


def run(folder: Path, *, flips: int, edits: int, seed: int) -> tuple[Tally, Tally]:
    """Both, on one file."""
    random = Random(seed)
    make_file(folder / "original.db")
    stored = (folder / "original.db").read_bytes()
    path = folder / "jobs.db"
    write(path, stored)
    original = content(path)
    places = [random.randrange(len(stored) * 8) for _ in range(flips)]
    return flip(path, stored, places, original), edit(path, stored, random, edits, original)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=10_000)
    parser.add_argument("--edits", type=int, default=1_000)
    options(parser)
    chosen = parser.parse_args()
    counting = Counting("flips", chosen.seed)
    with tempfile.TemporaryDirectory() as folder:
        flipped, edited = run(Path(folder), flips=chosen.flips, edits=chosen.edits, seed=chosen.seed)
    counting.count("flips", chosen.flips)
    counting.count("edits", chosen.edits)
    for name, tally in (("flips", flipped), ("edits", edited)):
        counting.count(f"{name} that changed no row", tally.dead)
        counting.count_all(tally.told, f"{name} told by law ")
        counting.wrong(tally.missed)
    return counting.end(chosen.json, f"--flips {chosen.flips} --edits {chosen.edits}")


if __name__ == "__main__":
    sys.exit(main())
