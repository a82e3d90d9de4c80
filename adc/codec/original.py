"""The original's rows: what the Rust original, aide-de-camp, has stored of a job, as what a job here is made of.

Release 0.2 has ids as texts, times as seconds (but `scheduled_at`, which is RFC 3339) and bincode payloads; release 0.3
has ids of 16 bytes, times in milliseconds and JSON payloads. Its tables take any type in any column.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.msgpack import encode

from adc.core.ids import DATABASE, XID_BYTES, Xid, encode_xid, is_xid
from adc.core.instants import FIRST, LAST, Instant, instant_of
from adc.core.names import META_LIMIT, name_of, priority_of
from adc.core.terms import Fault

Release: TypeAlias = Literal["0.2", "0.3"]
"""0.1 has the tables of 0.2 without priorities; what calls itself 0.4 has those of 0.3."""

DEAD_FIRST: Final[dict[str, Release]] = {
    "adc_dead_queue": "0.2",
    "adc_queue": "0.2",
    "adc_dead_queue_v2": "0.3",
    "adc_queue_v2": "0.3",
}
"""The tables that have jobs. A job that is in both of a release is dead: the original left it in the other by a bug."""
CRON: Final = "adc_cron_jobs_v2"

ERROR: Final = "aide_de_camp.JobError"
"""How a fault of the original is named here; it stored messages only."""
ERROR_LIMIT: Final = 2_048
CONTEXT_LIMIT: Final = 4_096

_UNIT: Final[dict[Release, int]] = {"0.2": 1_000_000, "0.3": 1_000}
"""So many microseconds has one of its integers."""
_SECOND_BYTES: Final = 4
_UUID_BYTES: Final = 16


class Original(Struct, frozen=True):
    """A job as a row of the original has it: cells of any type, texts as their bytes."""

    release: Release
    is_dead: bool
    jid: object
    queue: object
    kind: object
    payload: object
    retries: object
    scheduled_at: object
    started_at: object
    enqueued_at: object
    priority: object
    died_at: object
    error_message: object
    error_context: object


class Usable(Struct, frozen=True):
    """What a job here is made of."""

    jid: Xid
    """The original's own, or one that follows from it: the same each time."""
    queue: str
    kind: str
    payload: bytes
    priority: int
    due: Instant
    enqueued_at: Instant
    last: "LastAttempt | None"
    """None: it waits."""
    meta: tuple[tuple[str, str], ...]


class LastAttempt(Struct, frozen=True):
    """What is known of a dead letter's last attempt."""

    started_at: Instant
    died_at: Instant
    fault: Fault | None


class Unusable(Exception):
    """A row of which no job here can be made; its text says which, and why."""


def said_of(tables: Collection[str]) -> str:
    """Which releases of the original make such tables.

    >>> said_of({"adc_queue", "adc_dead_queue", "adc_queue_v2", "adc_cron_jobs_v2"})
    'aide-de-camp 0.2 (bincode payloads) and 0.3 (JSON payloads, cron jobs)'
    """
    releases = {DEAD_FIRST.get(table, "0.3") for table in tables}
    payloads = {"0.2": "bincode payloads", "0.3": f"JSON payloads{', cron jobs' if CRON in tables else ''}"}
    return "aide-de-camp " + " and ".join(f"{release} ({payloads[release]})" for release in sorted(releases))


def usable(job: Original) -> Usable:
    """What a job here is made of; raises Unusable."""
    try:
        return _usable(job)
    except ValueError as error:
        raise Unusable(f"job {_shown(job)} of release {job.release}: {error}") from error


def _usable(job: Original) -> Usable:
    enqueued_at = _moment("enqueued_at", job, job.enqueued_at)
    return Usable(
        _jid(job, enqueued_at),
        name_of("queue", _text("queue", job.queue)),
        name_of("kind", _text("kind", job.kind)),
        _bytes("payload", job.payload),
        0 if job.priority is None else priority_of(_number("priority", job.priority)),
        _moment("scheduled_at", job, job.scheduled_at),
        enqueued_at,
        _last(job) if job.is_dead else None,
        _meta(job),
    )


def _jid(job: Original, enqueued_at: Instant) -> Xid:
    """An id of 0.3 is unique by itself; a text that somebody chose may be in two files: hence all that."""
    own = _own_xid(job)
    if own is not None:
        return own
    seconds = max(enqueued_at // 1_000_000, 0) & 0xFFFFFFFF
    told = encode((job.release, _bytes("id", job.jid), job.kind, job.payload, enqueued_at))
    rest = blake2b(told, digest_size=XID_BYTES - _SECOND_BYTES).digest()
    return encode_xid(seconds.to_bytes(_SECOND_BYTES) + rest)


def _own_xid(job: Original) -> Xid | None:
    shown = _shown(job)
    return Xid(shown) if job.release == "0.2" and is_xid(shown) and shown != DATABASE else None


def _shown(job: Original) -> str:
    """The id for people: a UUID in its usual form."""
    jid = job.jid
    if not isinstance(jid, bytes):
        return repr(jid)
    if job.release == "0.3" and len(jid) == _UUID_BYTES:
        digits = jid.hex()
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    text = jid.decode("utf-8", "backslashreplace")
    return text if text.isprintable() else ascii(text)[1:-1]


def _meta(job: Original) -> tuple[tuple[str, str], ...]:
    ids = () if _own_xid(job) else (("original_id", _shown(job)[:META_LIMIT]),)
    retries = () if job.retries in {0, None} else (("original_retries", str(_number("retries", job.retries))),)
    return (("original", f"aide-de-camp {job.release}"), *ids, *retries)


def _last(job: Original) -> LastAttempt:
    died_at = _moment("died_at", job, job.died_at)
    started_at = died_at if job.started_at is None else _moment("started_at", job, job.started_at)
    if job.error_message is None and job.error_context is None:
        return LastAttempt(started_at, died_at, None)
    message, context = (
        "" if cell is None else _bytes("error", cell).decode("utf-8", "backslashreplace")
        for cell in (job.error_message, job.error_context)
    )
    return LastAttempt(started_at, died_at, Fault((ERROR,), message[:ERROR_LIMIT], context[:CONTEXT_LIMIT]))


def _moment(what: str, job: Original, cell: object) -> Instant:
    if isinstance(cell, bytes):
        moment = datetime.fromisoformat(_text(what, cell))
        return instant_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))
    instant = Instant(_number(what, cell) * _UNIT[job.release])
    if not FIRST <= instant <= LAST:
        raise ValueError(f"expected a moment as {what}, got {cell}")
    return instant


def _number(what: str, cell: object) -> int:
    if not isinstance(cell, int):
        raise ValueError(f"expected a number as {what}, got {cell!r:.100}")  # noqa: TRY004  it is no caller's mistake
    return cell


def _text(what: str, cell: object) -> str:
    return _bytes(what, cell).decode()


def _bytes(what: str, cell: object) -> bytes:
    if not isinstance(cell, bytes):
        raise ValueError(f"expected a text or bytes as {what}, got {cell!r:.100}")  # noqa: TRY004  as above
    return cell
