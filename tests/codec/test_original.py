"""The original's rows: each cell of each release, as what a job here is made of; or why not."""

import pytest
from msgspec.structs import replace

from adc.codec.original import ERROR, LastAttempt, Original, Unusable, Usable, said_of, usable
from adc.core.ids import is_xid
from adc.core.instants import Instant
from adc.core.terms import Fault

XID = b"ce5g6hm1qhm0g9v7l4q0"
UUID = bytes.fromhex("01930f2c7a1b7c3d8e4f5a6b7c8d9e0f")
DUE = b"2022-12-01T10:00:00.123456789+00:00"
AT = Instant(1_669_888_800_000_000)

WAITING = Original("0.2", False, XID, b"q", b"k", b"\xff", 0, DUE, None, 1_669_888_800, None, None, None, None)
DEAD = Original("0.3", True, UUID, b"q", b"k", b"{}", 2, 5, 6, 7, -1, 8, b"no", None)


def test_a_job_of_0_2_that_waits() -> None:
    assert usable(WAITING) == Usable(
        "ce5g6hm1qhm0g9v7l4q0", "q", "k", b"\xff", 0, Instant(AT + 123_456), AT, None,  # type: ignore[arg-type]
        (("original", "aide-de-camp 0.2"),),
    )  # fmt: skip


def test_a_dead_letter_of_0_3() -> None:
    job = usable(DEAD)

    assert is_xid(job.jid)
    assert job.last == LastAttempt(Instant(6_000), Instant(8_000), Fault((ERROR,), "no", ""))
    assert (job.due, job.enqueued_at, job.priority) == (5_000, 7_000, -1)
    assert job.meta == (
        ("original", "aide-de-camp 0.3"),
        ("original_id", "01930f2c-7a1b-7c3d-8e4f-5a6b7c8d9e0f"),
        ("original_retries", "2"),
    )


def test_a_dead_letter_may_lack_its_start_and_its_error() -> None:
    job = usable(replace(DEAD, started_at=None, error_message=None))
    other = usable(replace(DEAD, error_message=None, error_context=b"\xff{}"))

    assert job.last == LastAttempt(Instant(8_000), Instant(8_000), None)
    assert other.last == LastAttempt(Instant(6_000), Instant(8_000), Fault((ERROR,), "", "\\xff{}"))


def test_an_id_that_is_none_leads_to_one_that_is_the_same_each_time() -> None:
    named = replace(WAITING, jid=b"job-1")

    assert usable(named).jid == usable(named).jid
    ids = {usable(each).jid for each in (named, replace(named, payload=b""), replace(named, jid=b"job-2"), DEAD)}
    assert len(ids) == 4
    assert all(map(is_xid, ids))
    assert usable(replace(WAITING, jid=b"0" * 20)).jid != "0" * 20  # the database's own
    assert is_xid(usable(replace(named, enqueued_at=-5)).jid)


@pytest.mark.parametrize(
    ("jid", "shown"),
    [(b"job-1", "job-1"), (b"a\nb", "a\\nb"), (b"\xff", "\\xff"), (b"x" * 600, "x" * 500), (UUID, None)],
)
def test_the_old_id_is_in_the_meta_as_it_can_be_shown(jid: bytes, shown: str | None) -> None:
    meta = dict(usable(replace(WAITING, jid=jid)).meta)

    assert meta["original_id"].isprintable()
    assert shown in {None, meta["original_id"]}


def test_times_as_texts_without_a_zone_are_utc() -> None:
    assert usable(replace(WAITING, scheduled_at=b"2022-12-01 10:00:00")).due == AT


UNUSABLE: dict[str, tuple[Original, str]] = {
    "no id": (replace(WAITING, jid=7), "job 7 of release 0.2: expected a text or bytes as id, got 7"),
    "an id of 0.3 that is no UUID, and no kind": (replace(DEAD, jid=b"x", kind=b""), "job x of release 0.3: .* kind"),
    "a kind that isn't UTF-8": (replace(WAITING, kind=b"\xff"), "utf-8"),
    "no queue": (replace(WAITING, queue=None), "expected a text or bytes as queue, got None"),
    "no payload": (replace(WAITING, payload=None), "as payload, got None"),
    "a priority out of bounds": (replace(WAITING, priority=128), "priority from -128 to 127, got 128"),
    "a priority that is none": (replace(WAITING, priority=1.5), "expected a number as priority, got 1.5"),
    "retries that are none": (replace(WAITING, retries=b"x"), "expected a number as retries"),
    "a due time that is none": (replace(WAITING, scheduled_at=b"soon"), "Invalid isoformat"),
    "a due time past the year 9999": (replace(WAITING, scheduled_at=1 << 60), "expected a moment as scheduled_at"),
}


@pytest.mark.parametrize(("job", "why"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_no_job_can_be_made_of_is_told(job: Original, why: str) -> None:
    with pytest.raises(Unusable, match=why):
        usable(job)


def test_the_releases_are_told_by_their_tables() -> None:
    assert said_of({"adc_queue"}) == "aide-de-camp 0.2 (bincode payloads)"
    assert said_of({"adc_queue_v2"}) == "aide-de-camp 0.3 (JSON payloads)"
    assert said_of({"adc_cron_jobs_v2"}) == "aide-de-camp 0.3 (JSON payloads, cron jobs)"
