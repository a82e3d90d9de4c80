"""Input doors: what reads bytes or texts of others, each as a function of bytes that raises for no input at all.

A decoder gives a value or one of adc's own refusals; a value that it gives can be written and read again as the same.
"""

import io
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias, get_args
from uuid import UUID

import msgspec

import adc
from adc.cli import records
from adc.cli.application import target_of
from adc.cli.ending import Complaint
from adc.cli.inert import inert, shortened
from adc.cli.parameters import file_of
from adc.cli.payloads import Wishes, typed_job, unchecked_job
from adc.cli.program import run
from adc.cli.times import duration_of, moment_of
from adc.codec.events import decode_database_event, decode_event, encode_event, type_version_of
from adc.codec.exported import NotAnExport, bytes_of, events_of, read_export
from adc.codec.original import Original, Unusable, usable
from adc.codec.payload import Codec, codec_for, decode_with, encode_within
from adc.core.database import DatabaseEvent
from adc.core.events import Event
from adc.core.ids import is_xid
from adc.core.instants import datetime_of
from adc.core.names import name_of, text_of
from adc.handling.fault import FAULT_LIMIT, fault_of
from adc.stores.sqlite.side_file import SideFile
from adc.testing.recorded import attempts_of, recorded_answers
from adc.testing.samples import EVENTS, JOB
from tests.faults.whence import memory

Door: TypeAlias = Callable[[bytes], None]


class Broken(AssertionError):
    """What must hold of every input doesn't."""


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Card(msgspec.Struct, tag=True, frozen=True):
    number: str
    limits: dict[str, int] = {}


class Iban(msgspec.Struct, tag=True, frozen=True, forbid_unknown_fields=True):
    iban: str
    since: date | None = None


@dataclass(frozen=True)
class Everything:
    moment: datetime
    clock: time | None = None
    lasts: timedelta | None = None
    amount: Decimal = Decimal(0)
    identity: UUID | None = None
    colour: Colour = Colour.RED
    raw: bytes = b""
    tags: frozenset[str] = frozenset()
    pair: tuple[int, float] = (0, 0.0)
    paid: Card | Iban | None = None
    rest: dict[int, list[object]] = field(default_factory=dict)


_CODECS: Final[tuple[Codec[object], ...]] = tuple(
    codec_for(form)  # type: ignore[arg-type]
    for form in (
        int,
        str,
        float,
        bool,
        type(None),
        object,
        bytes,
        dict[str, int],
        list[float],
        set[int],
        Card | Iban,
        Everything,
    )
)
_EVENTS: Final = tuple(kind.__name__ for kind in get_args(Event))
_OF_THE_DATABASE: Final = tuple(kind.__name__ for kind in get_args(DatabaseEvent))
_NOW: Final = datetime(2027, 1, 1, tzinfo=UTC)
_KINDS: Final = (adc.JobKind("k", Everything), adc.JobKind("raw", bytes), adc.JobKind("any", object))


def payload(given: bytes) -> None:
    """What a codec reads, it writes; and reads again."""
    codec = _CODECS[(given[:1] or b"\0")[0] % len(_CODECS)]
    match decode_with(codec, given[1:]):
        case adc.Success(value):
            stored = encode_within(codec, value, 1 << 30).value_or(None)
            if stored is None or repr(decode_with(codec, stored)) != repr(adc.Success(value)):
                raise Broken(f"{value!r:.200} was read, and isn't written as the same")
        case _:
            pass


def event(given: bytes) -> None:
    """Of a job, or of the database."""
    names = (*_EVENTS, *_OF_THE_DATABASE)
    name = names[(given[:1] or b"\0")[0] % len(names)]
    try:
        stored = given[1:].decode()
    except UnicodeDecodeError:
        return  # SQLite gives no such text
    with suppress(adc.UnreadableEvent):
        decoded = (
            decode_event(JOB, 1, 1, name, 1, stored)
            if name in _EVENTS
            else decode_database_event(1, 1, name, 1, stored)
        )
        datetime_of(decoded.at)
        again = encode_event(decoded)
        if type_version_of(decoded) != 1 or encode_event(decode_any(name, again)) != again:
            raise Broken(f"{decoded} isn't written as the same")


def decode_any(name: str, stored: str) -> Event | DatabaseEvent:
    if name in _EVENTS:
        return decode_event(JOB, 1, 1, name, 1, stored)
    return decode_database_event(1, 1, name, 1, stored)


def exported(given: bytes) -> None:
    """A file that `replay` is given."""
    try:
        read = read_export(given)
    except NotAnExport:
        return
    with suppress(adc.UnreadableEvent, adc.ImpossibleHistory, NotAnExport):
        events_of(read)
        attempts_of(read)
        recorded_answers(read, 1)
        for stored in (read.payload, read.result):
            if stored is not None:
                bytes_of(stored)


def original(given: bytes) -> None:
    """A row of the Rust original: cells of any type, here as msgpack."""
    try:
        release, is_dead, *cells = msgspec.msgpack.decode(given, type=list[object])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
    texts = [each.encode(errors="surrogateescape") if isinstance(each, str) else each for each in cells]
    numbers = [each for each in texts if type(each) in {int, float, bytes, type(None)}]
    row = Original("0.2" if release else "0.3", bool(is_dead), *[*numbers, *[None] * 12][:12])
    with suppress(Unusable):
        job = usable(row)
        if not is_xid(job.jid) or usable(row) != job:
            raise Broken(f"{row} becomes {job}")
        datetime_of(job.due)
        msgspec.json.encode(job)


def words(given: bytes) -> None:
    """What is typed: times, durations, names, targets, paths, causes."""
    text = given.decode(errors="surrogateescape")
    for read in _READERS:
        with suppress(ValueError):
            read(text)
    shown = inert(text)
    if not shown.isprintable() or not shortened(shown, 20).isprintable():
        raise Broken(f"{text!r} is shown as {shown!r}")
    is_xid(text)


def _caused(text: str) -> None:
    with adc.caused_by(text):
        pass


_READERS: Final[Sequence[Callable[[str], object]]] = (
    duration_of,
    lambda text: moment_of(text, _NOW),
    target_of,
    file_of,
    lambda text: name_of("kind", text),
    lambda text: text_of("meta text", text, limit=500),
    lambda text: _KINDS[2].new(None, key=text or None, queue=text, meta={text: text}),
    lambda text: adc.JobKind(text, str, queue=text, aliases=(text,)),
    _caused,
)


def typed_json(given: bytes) -> None:
    """What is typed as a payload, for a kind that is known, or for any."""
    name = ("k", "raw", "any", "missing")[(given[:1] or b"\0")[0] % 4]
    wishes = Wishes(None, None, None)
    with suppress(Complaint, adc.PayloadRefused):
        job = typed_job(_KINDS, name, given[1:], wishes)
        if name == "raw" and job.encoded != given[1:]:
            raise Broken("bytes are stored as others")
    with suppress(Complaint, adc.PayloadRefused):
        if unchecked_job(name, given[1:], wishes).encoded != given[1:]:
            raise Broken("JSON is stored as other JSON")


def failure(given: bytes) -> None:
    """The text of an exception of a handler."""
    text = given.decode(errors="surrogateescape")
    fault = fault_of(ValueError(text))
    size = sum(map(len, map(str.encode, (*fault.names, fault.message, fault.traceback))))
    if size > FAULT_LIMIT or msgspec.json.decode(msgspec.json.encode(fault), type=type(fault)) != fault:
        raise Broken(f"{fault} of {size} bytes")


def record(given: bytes) -> None:
    """What `--json` writes of a text is one line of ASCII, and says the same."""
    text = given.decode(errors="replace")
    out = io.StringIO()
    with redirect_stdout(out):
        records.write({"text": text, "nested": {text: [text]}})
    (line,) = out.getvalue().split("\n")[:-1]
    if not line.isascii() or not line.isprintable() or msgspec.json.decode(line)["text"] != text:
        raise Broken(f"{text!r} is written as {line!r}")


@cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    """It goes with the process; or with its parent, which says where it is to be: atheris ends without a word."""
    return tempfile.TemporaryDirectory(dir=None if "TMPDIR" in os.environ else memory())


def _folder() -> Path:
    return Path(_kept().name)


@cache
def _queue() -> adc.SqliteQueue:
    """One with a runner on its roll: the garbage is in its slot, too."""
    queue = adc.SqliteQueue.open(_folder() / "side.db", durability="normal", actor="test")
    queue.schedule(_KINDS[2].new(1))
    claimed = queue.poll_next(_KINDS[2])
    assert claimed is not None
    claimed.complete(None)
    return queue


@cache
def _side_file() -> int:
    """As another process would open it: but this one has to, and never closes it."""
    _queue()
    return os.open(SideFile(str(_folder() / "side.db")).path, os.O_RDWR)


def side_file(given: bytes) -> None:
    """Garbage of another process in the side file: others look at it, and write to it."""
    queue = _queue()
    os.ftruncate(_side_file(), 0)
    os.pwrite(_side_file(), given, 0)
    queue.schedule(_KINDS[2].new(None))
    for row in queue.runners():
        repr(row)
    queue.poll_next(adc.JobKind("other", str))


_COMMANDS: Final[Sequence[tuple[str, ...]]] = (
    ("history", "?"),
    ("show", "?"),
    ("explain", "?"),
    ("cancel", "?"),
    ("redrive", "?"),
    ("erase", "?"),
    ("export", "?"),
    ("list", "--due-before", "?", "--json"),
    ("list", "--kind", "?", "--json"),
    ("list", "--queue", "?"),
    ("list", "--after", "?"),
    ("list", "--state", "?"),
    ("list", "--limit", "?"),
    ("dead", "--kind", "?"),
    ("events", "--after", "?", "--json"),
    ("pause", "?"),
    ("resume", "?"),
    ("schedule", "?", "1", "--unchecked"),
    ("schedule", "k", "?", "--unchecked"),
    ("schedule", "k", "1", "--unchecked", "--key", "?"),
    ("schedule", "k", "1", "--unchecked", "--queue", "?"),
    ("schedule", "k", "1", "--unchecked", "--in", "?"),
    ("schedule", "k", "1", "--unchecked", "--at", "?"),
    ("schedule", "k", "1", "--unchecked", "--priority", "?"),
    ("schedule", "k", "1", "--app", "?"),
    ("--busy-timeout", "?", "stats"),
    ("prune", "--done-before", "?"),
    ("?",),
    ("stats", "?"),
)


def arguments(given: bytes) -> None:
    """A command line with this text in it gives an exit code, printable lines, and valid JSON where that is asked."""
    _queue()
    command = _COMMANDS[(given[:1] or b"\0")[0] % len(_COMMANDS)]
    text = given[1:].split(b"\0")[0].decode(errors="surrogateescape")  # as the system gives it
    if text.partition("=")[0] in {"--help", "-h"} or ("--app" in command and ":" in text):
        return
    command_line("--db", str(_folder() / "side.db"), *(text if word == "?" else word for word in command))


def command_line(*line: str) -> tuple[int, str]:
    """Run it: the exit code, and stdout; whatever is said is inert."""
    out, err = _captured(), _captured()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(line)
    out.flush()
    err.flush()
    said, complained = (stream.buffer.getvalue().decode() for stream in (out, err))  # type: ignore[attr-defined]
    if code not in {0, 1, 2} or (code and not complained):
        raise Broken(f"{line} ended with {code}, saying {complained!r:.300}")
    for each in (*said.split("\n"), *complained.split("\n")):
        if not each.isprintable():
            raise Broken(f"{line} wrote the line {each!r:.300}")
    if "Traceback" in complained:
        raise Broken(f"{line}: {complained:.2000}")
    if "--json" in line and code == 0:
        for each in said.splitlines():
            msgspec.json.decode(each)
    return code, said


def _captured() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")


DOORS: Final[Mapping[str, Door]] = {
    door.__name__: door
    for door in (payload, event, exported, original, words, typed_json, failure, record, side_file, arguments)
}


def seeds(name: str) -> list[bytes]:
    """Good input, to begin with: `hostile` bytes come of it by mutation."""
    stored = (
        b'{"moment":"2027-01-01T10:00:00Z","colour":"blue","paid":{"type":"Card","number":"1"},"rest":{"1":[1.5,null]}}'
    )
    match name:
        case "payload":
            values = (b"1", b'"x"', b"1.5", b"true", b"null", b'{"a":[1,{"b":2}]}', b"x", b'{"a":1}', b"[1.5]", b"[1]")
            return [bytes([n]) + value for n, value in enumerate((*values, b'{"type":"Iban","iban":"x"}', stored))]
        case "event":
            known = {type(each).__name__: encode_event(each).encode() for each in EVENTS}
            return [
                bytes([n]) + known.get(kind, b'{"at":1,"queue":"q"}')
                for n, kind in enumerate((*_EVENTS, *_OF_THE_DATABASE))
            ]
        case "exported":
            return [_an_export()]
        case "original":
            cells = [
                b"ce5g6hm1qhm0g9v7l4q0",
                b"default",
                b"mail",
                b"\x00",
                0,
                b"2024-01-01T00:00:00Z",
                None,
                1_700_000_000,
                0,
            ]
            return [msgspec.msgpack.encode([True, True, *cells, 1_700_000_001, b"e", b"c"])]
        case "words":
            texts = (
                "1h30m",
                "2027-01-01T10:00+02:00",
                "shop.jobs:router",
                "request:7",
                "job:ce5g6hm1qhm0g9v7l4q0#1",
                ":memory:",
            )
            return [text.encode() for text in texts]
        case "typed_json":
            return [b"\0" + stored, b"\2[1, 2.5, null]"]
        case "arguments":
            return [
                bytes([n]) + text
                for n, text in enumerate([b"ce5g6hm1qhm0g9v7l4q0"] * 7 + [b"now", b"k", b"5", b"5m"] * 6)
            ]
        case "side_file":
            return [b"\1" * 96, b""]
        case _:
            return [b"no such address\n", "größer \u202e \x1b[31m".encode()]


@cache
def _an_export() -> bytes:
    queue = _queue()
    return queue.export(queue.look(state="done")[0].jid).unwrap().encode()
