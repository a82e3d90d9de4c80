"""The stored form of events: it reads back as it was, it never changes, and its digests depend on all of it."""

import pytest

from adc.codec.events import DamagedEvent, UnknownEvent, body_of, decode_event, digest, encode_event
from adc.core.events import Event
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
