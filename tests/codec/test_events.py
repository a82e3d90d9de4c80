"""The stored form of events: it reads back as it was, it never changes, and its digests depend on all of it."""

from typing import get_args

import pytest

from adc.codec.events import (
    DamagedEvent,
    UnknownEvent,
    body_of,
    decode_database_event,
    decode_event,
    digest,
    encode_event,
    is_body,
)
from adc.core.database import DatabaseEvent, Pruned, QueuePaused, QueueResumed
from adc.core.events import Event, JobDone
from adc.core.ids import DATABASE
from adc.core.instants import Instant
from adc.core.terms import NOTHING
from adc.testing.samples import EVENTS, JOB, JOB_SCHEDULED, JOB_STARTED, OTHER_JOB

NAMES = [type(event).__name__ for event in EVENTS]
FIELDS: tuple[bytes, str, int, str, int, str, str | None, str] = (
    b"\x01" * 16,
    JOB,
    2,
    "JobStarted",
    1,
    "runner:a",
    None,
    '{"at":7}',
)


PINNED = "9b12fb8c244b7c6ca18b182464df3f57"


def digest_of(*fields: object) -> bytes:
    return digest(*fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("event", EVENTS, ids=NAMES)
def test_an_event_reads_back_as_it_was(event: Event) -> None:
    assert decode_event(JOB, 7, 1, type(event).__name__, 1, encode_event(event)) == event


def test_the_stored_form_is_what_it_always_was() -> None:
    """Files have it: a change here needs a new type version."""
    assert encode_event(JOB_STARTED) == '{"at":1800000061000000,"attempt":1,"runner":"d5k7nc8v2q0g0a1m5j70"}'
    assert encode_event(JOB_SCHEDULED) == (
        '{"at":1800000000000000,"terms":{"kind":"invoice","payload":{"hash":"0000000000000000000000000000007a","size":30},'
        '"retry":{"max_retries":2,"growth":"exponential","first":1000000,"cap":3600000000,"give_up_on":["builtins.LookupError"]},'
        '"max_crashes":2,"key":"order-7"},"due":1800000060000000}'
    )


def test_a_result_that_is_null_is_left_out_and_one_that_was_stored_is_the_same() -> None:
    done = JobDone(Instant(7), 1, body_of(b"null"))
    stored = '{"at":7,"attempt":1,"result":{"hash":"941dffce4e4308ceb33e87326003257d","size":4}}'

    assert body_of(b"null") is NOTHING
    assert is_body(b"null", NOTHING)
    assert encode_event(done) == '{"at":7,"attempt":1}'
    assert decode_event(JOB, 7, 3, "JobDone", 1, encode_event(done)) == done
    assert decode_event(JOB, 7, 3, "JobDone", 1, stored) == done


def test_the_digest_is_what_it_always_was() -> None:
    assert digest_of(*FIELDS).hex() == PINNED


@pytest.mark.parametrize("place", range(len(FIELDS)))
def test_the_digest_depends_on_each_field(place: int) -> None:
    others = (b"\x02" * 16, OTHER_JOB, 3, "JobDone", 2, "runner:b", "job:x#1", '{"at":8}')

    assert digest_of(*FIELDS[:place], others[place], *FIELDS[place + 1 :]) != digest_of(*FIELDS)


def test_text_cannot_move_from_one_field_to_the_next() -> None:
    assert digest_of(*FIELDS[:5], "ab", "c", "d") != digest_of(*FIELDS[:5], "a", "bc", "d")
    assert digest_of(*FIELDS[:5], "ab", None, "d") != digest_of(*FIELDS[:5], "ab", "", "d")


@pytest.mark.parametrize(("kind", "version"), [("JobTeleported", 1), ("JobStarted", 2), ("jobstarted", 1), ("", 1)])
def test_an_unknown_event_is_named(kind: str, version: int) -> None:
    with pytest.raises(UnknownEvent, match="unknown to this adc") as raised:
        decode_event(JOB, 7, 3, kind, version, encode_event(JOB_STARTED))

    assert (raised.value.jid, raised.value.seq, raised.value.version) == (JOB, 7, 3)
    assert raised.value.problem == f"type {kind} version {version} is unknown to this adc"


@pytest.mark.parametrize(
    "stored",
    ["", "null", "[]", '{"at":1}', '{"at":1,"attempt":"1","runner":"r"}', '{"at":1,"attempt":1,"runner":"r","x":1}'],
)
def test_a_damaged_event_is_named(stored: str) -> None:
    with pytest.raises(DamagedEvent, match="JobStarted") as raised:
        decode_event(JOB, 7, 3, "JobStarted", 1, stored)

    assert (raised.value.jid, raised.value.seq, raised.value.version) == (JOB, 7, 3)


def test_a_body_is_known_by_hash_and_size() -> None:
    assert body_of(b"") == body_of(b"")
    assert body_of(b"a").hash != body_of(b"b").hash
    assert (len(body_of(b"abc").hash), body_of(b"abc").size) == (32, 3)


DATABASE_EVENTS: tuple[tuple[DatabaseEvent, str], ...] = (
    (QueuePaused(Instant(7), "mail"), '{"at":7,"queue":"mail"}'),
    (Pruned(Instant(7), 2, 5, Instant(3)), '{"at":7,"jobs":2,"events":5,"done_before":3}'),
    (
        Pruned(Instant(7), 2, 5, Instant(3), "old.db"),
        '{"at":7,"jobs":2,"events":5,"done_before":3,"archive":"old.db"}',
    ),
    (QueueResumed(Instant(8), "mail"), '{"at":8,"queue":"mail"}'),
)


@pytest.mark.parametrize(("event", "stored"), DATABASE_EVENTS)
def test_an_event_of_the_database_is_what_it_always_was(event: DatabaseEvent, stored: str) -> None:
    assert encode_event(event) == stored
    assert decode_database_event(7, 1, type(event).__name__, 1, stored) == event


def test_each_event_of_the_database_is_pinned() -> None:
    assert {type(event) for event, _ in DATABASE_EVENTS} == set(get_args(DatabaseEvent))


def test_events_of_jobs_and_of_the_database_are_kept_apart() -> None:
    with pytest.raises(UnknownEvent, match=r"event 7 \(of the database, version 3\): type JobStarted version 1"):
        decode_database_event(7, 3, "JobStarted", 1, encode_event(JOB_STARTED))
    with pytest.raises(UnknownEvent, match=rf"event 7 \(job {JOB}, version 3\): type QueuePaused version 1"):
        decode_event(JOB, 7, 3, "QueuePaused", 1, '{"at":7,"queue":"mail"}')


@pytest.mark.parametrize("stored", ["", '{"at":7}', '{"at":7,"queue":7}', '{"at":7,"queue":"mail","x":1}'])
def test_a_damaged_event_of_the_database_is_named(stored: str) -> None:
    with pytest.raises(DamagedEvent, match="QueuePaused") as raised:
        decode_database_event(7, 3, "QueuePaused", 1, stored)

    assert (raised.value.jid, raised.value.seq, raised.value.version) == (DATABASE, 7, 3)
