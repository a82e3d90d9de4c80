"""Hostile files: the nth file of a seed, made of real ones by flips, cuts, splices, edits and SQL.

The same seed and number make the same file each time.
"""

import shutil
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import adc
from adc.stores.sqlite.pages import PAGE
from tests.faults.flips import edit_a_cell
from tests.faults.hostile_schemas import CANARY, deeds
from tests.faults.real_file import make_file

JOBS: Final = 39
KIND: Final = adc.JobKind("invoice", bytes, retry=adc.exponential(max_retries=2))
"""That of the real file's jobs."""
BESIDE: Final = ("-wal", "-shm", "-journal")
Payloads: TypeAlias = dict[str, bytes]
"""What was scheduled, by id."""


@dataclass(frozen=True)
class Image:
    """A database and what lies beside it."""

    database: bytes
    wal: bytes = b""
    shm: bytes = b""

    def write(self, path: Path) -> None:
        """Put it there, and nothing else."""
        for suffix, stored in zip(BESIDE, (self.wal, self.shm, b""), strict=True):
            beside = path.with_name(path.name + suffix)
            if stored:
                beside.write_bytes(stored)
            else:
                beside.unlink(missing_ok=True)
        path.write_bytes(self.database)


@dataclass(frozen=True)
class Material:
    """What hostile files are made of."""

    whole: Image
    other: Image
    """Of the same tables with other jobs."""
    unfinished: Image
    """One whose -wal has the latest."""
    payloads: Payloads


def material(folder: Path) -> Material:
    """Made anew, always the same."""
    make_file(folder / "whole.db", jobs=JOBS)
    make_file(folder / "other.db", jobs=JOBS, seed=6)
    payloads: Payloads = {}
    for name in ("whole.db", "other.db"):
        with adc.SqliteQueue.open(folder / name) as queue:
            payloads |= {str(job.jid): queue.store.body(job.jid, 1) or b"" for job in queue.look(limit=1_000)}
    shutil.copy(folder / "whole.db", folder / "open.db")
    with adc.SqliteQueue.open(folder / "open.db", durability="normal") as queue:
        for number in range(12):
            job = KIND.new(bytes([number]) * 300)
            payloads[queue.schedule(job)] = job.encoded
        names = [f"open.db{suffix}" for suffix in ("", "-wal", "-shm")]
        # Another process copies them: closing a file in this one would drop its locks.
        subprocess.run(["cp", *names, "copied"], cwd=_made(folder), check=True)
    copied = [(folder / "copied" / name).read_bytes() for name in names]
    return Material(
        Image((folder / "whole.db").read_bytes()), Image((folder / "other.db").read_bytes()), Image(*copied), payloads
    )


def _made(folder: Path) -> Path:
    (folder / "copied").mkdir(exist_ok=True)
    return folder


def make_hostile(path: Path, material: Material, random: Random, number: int) -> str:
    """Make the nth of them at the path: what it is. The first ones are each deed once."""
    if number < len(DEEDS):
        name = sorted(DEEDS)[number]
        material.whole.write(path)
        DEEDS[name](path)
        return name
    methods, weights = zip(*_METHODS, strict=True)
    (method,) = random.choices(methods, weights)
    return f"{method.__name__.removeprefix('_')}: {method(path, material, random)}"


def _flipped_bits(path: Path, material: Material, random: Random) -> str:
    stored = bytearray(material.whole.database)
    places = [random.randrange(len(stored) * 8) for _ in range(random.choice((1, 1, 1, 2, 5, 40)))]
    for place in places:
        stored[place // 8] ^= 1 << place % 8
    Image(bytes(stored)).write(path)
    return f"bits {places}"


def _flipped_head(path: Path, material: Material, random: Random) -> str:
    """Where SQLite looks first: the header of the file, and those of its pages."""
    stored = bytearray(material.whole.database)
    at = random.choice((random.randrange(100), random.randrange(len(stored) // PAGE) * PAGE + random.randrange(16)))
    value = random.choice((0, 1, 0xFF, 0x7F, 0x80, random.randrange(256)))
    stored[at] = value
    Image(bytes(stored)).write(path)
    return f"byte {at} = {value}"


def _overwritten(path: Path, material: Material, random: Random) -> str:
    stored = bytearray(material.whole.database)
    at, length = random.randrange(len(stored)), random.choice((2, 8, 100, 512, PAGE))
    filling = random.choice((bytes(length), b"\xff" * length, random.randbytes(length)))
    stored[at : at + length] = filling
    Image(bytes(stored)).write(path)
    return f"{length} bytes at {at}"


def _cut(path: Path, material: Material, random: Random) -> str:
    stored = material.whole.database
    pages = len(stored) // PAGE
    kept = random.choice((random.randrange(len(stored)), random.randrange(pages) * PAGE, len(stored) - 1))
    longer = random.choice((b"", b"", random.randbytes(PAGE)))
    Image(stored[:kept] + longer).write(path)
    return f"after {kept} bytes, then {len(longer)} others"


def _spliced(path: Path, material: Material, random: Random) -> str:
    """Pages of another queue, or of this one, in other places."""
    stored = bytearray(material.whole.database)
    source = random.choice((material.other.database, material.whole.database))
    pages = [
        (random.randrange(len(stored) // PAGE), random.randrange(len(source) // PAGE))
        for _ in range(random.choice((1, 1, 3, 8)))
    ]
    for here, there in pages:
        stored[here * PAGE : (here + 1) * PAGE] = source[there * PAGE : (there + 1) * PAGE]
    Image(bytes(stored)).write(path)
    return f"pages {pages}"


def _damaged_wal(path: Path, material: Material, random: Random) -> str:
    image = material.unfinished
    wal = bytearray(image.wal)
    what = random.choice(("bit", "head", "cut", "filling", "shm", "another's"))
    at = random.randrange(len(wal))
    shm = image.shm
    database = image.database
    match what:
        case "bit":
            wal[at] ^= 1 << random.randrange(8)
        case "head":
            at %= 32
            wal[at] = random.randrange(256)
        case "cut":
            del wal[at:]
        case "filling":
            wal[at : at + 64] = random.randbytes(64)
        case "shm":
            at %= len(shm)
            shm = shm[:at] + random.randbytes(32) + shm[at + 32 :]
        case _:
            database = material.other.database
    Image(database, bytes(wal), random.choice((b"", shm))).write(path)
    return f"{what} at {at}"


def _edited_cell(path: Path, material: Material, random: Random) -> str:
    material.whole.write(path)
    return edit_a_cell(path, random)


def _hostile_schema(path: Path, material: Material, random: Random) -> str:
    material.whole.write(path)
    name = random.choice(sorted(DEEDS))
    DEEDS[name](path)
    return name


def _of_another_encoding(path: Path, material: Material, random: Random) -> str:
    """The same queue in UTF-16, or with other pages: SQLite takes it as it comes."""
    import apsw

    pragmas = random.sample(
        (
            "encoding = 'UTF-16le'", "encoding = 'UTF-16be'", "page_size = 512", "page_size = 65536",
            "auto_vacuum = FULL", "user_version = -1", "application_id = 7", "legacy_file_format = 1",
        ),
        3,
    )  # fmt: skip
    for beside in ("", *BESIDE):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    with closing(apsw.Connection(str(path))) as connection:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute(CANARY)
        connection.execute(adc.SCHEMA_SQL)
    return ", ".join(pragmas)


DEEDS: Final = deeds()
_Method: TypeAlias = Callable[[Path, Material, Random], str]
_METHODS: Final[tuple[tuple[_Method, int], ...]] = (
    (_flipped_bits, 30),
    (_flipped_head, 12),
    (_overwritten, 8),
    (_cut, 5),
    (_spliced, 6),
    (_damaged_wal, 12),
    (_edited_cell, 12),
    (_hostile_schema, 14),
    (_of_another_encoding, 1),
)
