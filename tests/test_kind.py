"""Kinds and new jobs: whatever is wrong with them is refused where they are made."""

import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

import pytest
from msgspec import Struct

from adc.codec.events import body_of
from adc.codec.payload import Malformed, UnsupportedType
from adc.core.instants import SECOND, Instant
from adc.core.outcome import Failure, Outcome, Success
from adc.core.retry import NEVER, RetryPolicy, fixed
from adc.kind import JobKind, NewJob, PayloadRefused
from adc.queue import SqliteQueue
from adc.testing.fixed import START

T = TypeVar("T")
MAIL = JobKind("mail", str)
RAW = JobKind("raw", bytes, result=bytes)
NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    name: str
    price: float


@dataclass(frozen=True)
class Order:
    items: list[Item]


class Card(Struct, tag=True, frozen=True):
    number: str


class Iban(Struct, tag=True, frozen=True):
    number: str


@dataclass
class Visa:
    number: str


@dataclass
class Amex:
    number: str


class Names(StrEnum):
    MAIL = "mail"


ORDER = JobKind("order", Order)


def test_a_kind_has_what_it_was_given_or_the_defaults() -> None:
    given = JobKind(
        "mail", str, retry=fixed(max_retries=3), queue="slow", priority=-1, timeout=timedelta(seconds=2), version=2
    )

    assert (MAIL.name, MAIL.version, MAIL.queue, MAIL.priority, MAIL.retry, MAIL.timeout) == (
        *("mail", 1, "default", 0),
        *(NEVER, None),
    )
    assert (given.version, given.queue, given.priority, given.retry, given.timeout) == (
        *(2, "slow", -1),
        *(fixed(max_retries=3), 2 * SECOND),
    )
    assert (repr(MAIL), repr(given)) == ("JobKind('mail')", "JobKind('mail', version=2)")


WRONG_KINDS: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "name empty": (lambda: JobKind("", str), ValueError, "expected a kind, got an empty text"),
    "name long": (lambda: JobKind("x" * 201, str), ValueError, "expected a kind of at most 200 characters, got 201"),
    "name with a newline": (lambda: JobKind("a\nb", str), ValueError, r"of printable characters, got 'a\\nb'"),
    "name of bytes": (lambda: JobKind(b"a", str), TypeError, "expected a kind as a str, got bytes"),  # type: ignore[arg-type]
    "queue empty": (lambda: JobKind("a", str, queue=""), ValueError, "expected a queue, got an empty text"),
    "version 0": (lambda: JobKind("a", str, version=0), ValueError, "expected a version of 1 or more, got 0"),
    "version True": (lambda: JobKind("a", str, version=True), TypeError, "expected a version as an int, got bool"),
    "version 1.5": (lambda: JobKind("a", str, version=1.5), TypeError, "expected a version as an int, got float"),  # type: ignore[arg-type]
    "timeout 0": (lambda: JobKind("a", str, timeout=timedelta(0)), ValueError, "expected a timeout above 0, got 0:00"),
    "timeout negative": (lambda: JobKind("a", str, timeout=-timedelta(1)), ValueError, "above 0, got -1 day"),
    "priority 128": (lambda: JobKind("a", str, priority=128), ValueError, "a priority from -128 to 127, got 128"),
    "priority -129": (lambda: JobKind("a", str, priority=-129), ValueError, "a priority from -128 to 127, got -129"),
    "priority True": (lambda: JobKind("a", str, priority=True), TypeError, "expected a priority as an int, got bool"),
    "priority 1.5": (lambda: JobKind("a", str, priority=1.5), TypeError, "expected a priority as an int, got float"),  # type: ignore[arg-type]
    "retry 3": (lambda: JobKind("a", str, retry=3), TypeError, "expected a policy such as .* as retry, got int"),  # type: ignore[arg-type]
    "2.5 retries": (
        lambda: JobKind("a", str, retry=fixed(max_retries=2.5)),  # type: ignore[arg-type]
        TypeError,
        "max_retries as an int, got float",
    ),
    "True retries": (lambda: JobKind("a", str, retry=fixed(max_retries=True)), TypeError, "as an int, got bool"),
    "a policy of 2.5": (lambda: JobKind("a", str, retry=RetryPolicy(2.5)), TypeError, r"`int`, got `float`.*max_ret"),  # type: ignore[arg-type]
    "a policy of True": (lambda: JobKind("a", str, retry=RetryPolicy(True)), TypeError, "expected a policy"),
    "a string as a type": (lambda: JobKind("a", "str"), UnsupportedType, "'str' is a string: give the type itself"),
    "a string as a result": (lambda: JobKind("a", str, result="str"), UnsupportedType, "'str' is a string"),
    "dataclasses that look alike": (lambda: JobKind("a", Visa | Amex), UnsupportedType, "make the members .* Structs"),
    "a class that msgspec doesn't know": (
        lambda: JobKind("a", Backwards),
        UnsupportedType,
        "use a dataclass or a codec",
    ),
}


@pytest.mark.parametrize(("make", "trouble", "message"), WRONG_KINDS.values(), ids=WRONG_KINDS)
def test_a_wrong_kind_is_refused_where_it_is_declared(
    make: Callable[[], object], trouble: type[Exception], message: str
) -> None:
    with pytest.raises(trouble, match=message) as refused:
        make()

    assert type(refused.value) is trouble


WRONG_JOBS: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "key empty": (lambda: MAIL.new("a", key=""), ValueError, "expected a key, got an empty text"),
    "key long": (lambda: MAIL.new("a", key="x" * 501), ValueError, "expected a key of at most 500 characters, got 501"),
    "key of int": (lambda: MAIL.new("a", key=7), TypeError, "expected a key as a str, got int"),  # type: ignore[arg-type]
    "queue with a NUL": (lambda: MAIL.new("a", queue="\0"), ValueError, "expected a queue of printable characters"),
    "priority 128": (lambda: MAIL.new("a", priority=128), ValueError, "expected a priority from -128 to 127, got 128"),
    "priority True": (lambda: MAIL.new("a", priority=True), TypeError, "expected a priority as an int, got bool"),
    "retry 3": (lambda: MAIL.new("a", retry=3), TypeError, "expected a policy .* as retry"),  # type: ignore[arg-type]
    "meta name empty": (lambda: MAIL.new("a", meta={"": "a"}), ValueError, "expected a meta name, got an empty text"),
    "meta of int": (lambda: MAIL.new("a", meta={"a": 7}), TypeError, "expected a meta text as a str, got int"),  # type: ignore[dict-item]
    "meta with a newline": (
        lambda: MAIL.new("a", meta={"a": "b\n"}),
        ValueError,
        "a meta text of printable characters",
    ),
    "delay negative": (lambda: MAIL.new("a").after(-timedelta(1)), ValueError, "expected a delay of 0 or more"),
    "no zone": (lambda: MAIL.new("a").at(datetime(2027, 1, 1)), ValueError, "expected a datetime with a time zone"),  # noqa: DTZ001
}


@pytest.mark.parametrize(("make", "trouble", "message"), WRONG_JOBS.values(), ids=WRONG_JOBS)
def test_a_wrong_job_is_refused_where_it_is_made(
    make: Callable[[], object], trouble: type[Exception], message: str
) -> None:
    with pytest.raises(trouble, match=message):
        make()


def new(kind: JobKind[T, None] | JobKind[T, bytes], payload: object) -> NewJob[T]:
    """A job with a payload that no type checker would let through."""
    return kind.new(payload)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("make", "kind", "where", "problem"),
    [
        (lambda: new(MAIL, 7), "mail", "$", "Expected `str`, got `int`"),
        (lambda: new(MAIL, "\ud800"), "mail", "$", "a lone surrogate, at character 0, can't be written as UTF-8"),
        (lambda: new(ORDER, Order([Item("a", 1), Item("b", math.nan)])), "order", "$.items[1].price", "nan can't be"),
        (lambda: new(ORDER, Order([Item("a", math.inf)])), "order", "$.items[0].price", "inf can't be written as JSON"),
        (lambda: new(JobKind("n", int), 2**64), "n", "$", "an integer beyond 64 bits"),
        (lambda: new(JobKind("t", datetime), datetime(2027, 1, 1)), "t", "$", "a datetime without a time zone"),  # noqa: DTZ001
        (lambda: new(RAW, "text"), "raw", "$", "Expected `bytes`, got `str`"),
        (lambda: new(RAW, bytes(1_048_577)), "raw", "$", "1048577 bytes, more than the limit of 1048576"),
        (lambda: new(JobKind("s", str, payload_limit=5), "four"), "s", "$", "6 bytes, more than the limit of 5"),
    ],
    ids=["type", "surrogate", "NaN", "infinity", "integer", "naive", "bytes", "too large", "over its own limit"],
)
def test_a_payload_that_can_t_be_stored_is_refused_with_kind_path_and_problem(
    make: Callable[[], object], kind: str, where: str, problem: str
) -> None:
    with pytest.raises(PayloadRefused) as refused:
        make()

    assert (refused.value.kind, refused.value.path) == (kind, where)
    assert problem in refused.value.problem
    assert str(refused.value) == f"payload of kind {kind}: {refused.value.problem} - at {where}"
    assert str(pickle.loads(pickle.dumps(refused.value))) == str(refused.value)
    assert isinstance(refused.value, ValueError)


def test_bytes_and_large_payloads_are_stored_as_they_are(queue: SqliteQueue) -> None:
    payload = bytes(range(256)) * 4096

    jid = queue.schedule(RAW.new(payload))
    claimed = queue.poll_next(RAW)

    assert claimed is not None
    assert (claimed.job.payload, queue.store.body(jid, 1)) == (payload, payload)


def test_a_union_of_tagged_structs_comes_back_as_its_member(queue: SqliteQueue) -> None:
    pay = JobKind("pay", Card | Iban)
    queue.schedule_many([pay.new(Iban("DE")), pay.new(Card("4"))])

    claimed = [queue.poll_next(pay), queue.poll_next(pay)]

    assert [each and each.job.payload for each in claimed] == [Iban("DE"), Card("4")]


class Backwards:
    """A codec of one's own: the text backwards, and not even this for an empty one."""

    def encode(self, value: str, /) -> Outcome[bytes, Malformed]:
        return Success(value[::-1].encode()) if value else Failure(Malformed("$", "empty"))

    def decode(self, stored: bytes, /) -> Outcome[str, Malformed]:
        return Success(stored.decode()[::-1])


def test_a_kind_may_bring_its_own_codecs(queue: SqliteQueue) -> None:
    kind = JobKind("mail", str, result=str, codec=Backwards(), result_codec=Backwards())
    with pytest.raises(PayloadRefused, match="empty"):
        kind.new("")
    jid = queue.schedule(kind.new("hello"))
    claimed = queue.poll_next(kind)

    assert claimed is not None
    claimed.complete(claimed.job.payload + "!")

    assert (queue.store.body(jid, 1), queue.store.body(jid, 3)) == (b"olleh", b"!olleh")
    assert queue.result(kind, jid) == Success("hello!")


def test_making_is_not_scheduling(queue: SqliteQueue) -> None:
    job = MAIL.new("hello", key="7")

    assert (queue.look(), queue.history(job.jid)) == ((), ())
    assert (job.key, job.encoded, job.terms.payload) == ("7", b'"hello"', body_of(b'"hello"'))


def test_a_new_job_is_not_changed_by_what_is_made_of_it() -> None:
    job = MAIL.new("hello")
    before = repr(job)

    later, then = job.after(timedelta(hours=1)), job.at(NOON)

    assert (repr(job), job.jid) == (before, later.jid)
    assert (job.due_from(Instant(0)), later.due_from(Instant(0))) == (0, 3600 * SECOND)
    assert (then.due_from(Instant(0)), then.jid) == (1_798_804_800 * SECOND, job.jid)
    with pytest.raises(AttributeError, match="immutable type"):
        job.key = "8"  # type: ignore[misc]


def test_each_new_job_has_its_own_id() -> None:
    assert len({MAIL.new("hello").jid for _ in range(100)}) == 100


def test_a_new_job_shows_all_but_its_payload() -> None:
    job = MAIL.new("secret")

    assert repr(job) == f"<NewJob {job.jid} of JobKind('mail'), due after 0:00:00>"
    keyed = MAIL.new("secret", key="7").at(START)
    assert repr(keyed) == f"<NewJob {keyed.jid} of JobKind('mail'), due at 2027-01-15T08:00:00+00:00, key '7'>"


def test_members_of_enums_are_the_texts_that_they_are() -> None:
    kind = JobKind(Names.MAIL, str, queue=Names.MAIL)
    job = kind.new("hello", key=Names.MAIL)

    assert repr((kind.name, kind.queue, job.key)) == "('mail', 'mail', 'mail')"


def test_a_policy_with_other_numbers_is_for_new_jobs_only() -> None:
    job = JobKind("mail", str, retry=fixed(max_retries=1)).new("hello", retry=RetryPolicy(max_retries=2))

    assert job.terms.retry.max_retries == 2
