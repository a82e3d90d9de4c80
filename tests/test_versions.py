"""Versions of payloads: code of today takes the jobs of yesterday; code of yesterday leaves those of today alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from adc.codec.upgrading import upgrade_from
from adc.core.ids import Xid
from adc.core.outcome import Failure, Success
from adc.core.refusals import Undecodable, WrongKind
from adc.handling.job import Job
from adc.kind import JobKind
from adc.queue import SqliteQueue
from adc.router import HandlerTaken, RunnerRouter
from adc.runner import JobRunner
from adc.testing.memory_queue import MemoryQueue


@dataclass(frozen=True)
class Old:
    number: int


@dataclass(frozen=True)
class Order:
    number: int
    currency: str


def with_currency(old: Old) -> Order:
    if old.number < 0:
        raise ValueError("no such order")
    return Order(old.number, "EUR")


SEND = JobKind("send", Old, result=str)
OLD = JobKind("ship", Old, result=str)
SHIP = JobKind("ship", Order, result=str, version=2, aliases=("send",), upgrade=upgrade_from(Old, with_currency))
NEXT = JobKind("ship", str, result=str, version=3)


def ship(job: Job[Order]) -> str:
    return f"{job.payload.number} {job.payload.currency}"


def ship_old(job: Job[Old]) -> str:
    return f"{job.payload.number}, the old way"


def router_of(*handlers: tuple[JobKind[Any, str], Callable[[Job[Any]], str]]) -> RunnerRouter:
    router = RunnerRouter()
    for kind, handler in handlers:
        router.add_job_handler(kind, handler)
    return router


def work(queue: SqliteQueue, router: RunnerRouter) -> None:
    JobRunner(queue, router, driver="inline").run_until_idle()


# What a kind takes:


def test_a_kind_takes_its_own_jobs_those_that_it_upgrades_and_those_of_its_aliases() -> None:
    assert SHIP.addresses == (("ship", 2), ("ship", 1), ("send", 2), ("send", 1))
    assert OLD.addresses == (("ship", 1),)
    assert NEXT.addresses == (("ship", 3),)
    assert (SHIP.names, SHIP.oldest, SHIP.aliases) == (("ship", "send"), 1, ("send",))


def test_a_name_twice_is_a_name_once() -> None:
    assert JobKind("a", int, aliases=["b", "a", "b"]).names == ("a", "b")


@pytest.mark.parametrize(
    ("declare", "problem"),
    [
        (lambda: JobKind("a", Order, upgrade=upgrade_from(Old, with_currency)), "from version 1 or later to 1, got 1"),
        (lambda: JobKind("a", Order, aliases="old"), "expected names as aliases, such as .'old',., got one text"),
        (lambda: JobKind("a", Order, aliases=[""]), "expected an? alias"),
        (lambda: JobKind("a", Order, version=2, upgrade=with_currency), "expected upgrade_from.* got function"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_taken_is_refused_where_it_is_declared(
    declare: Callable[[], JobKind[Order]], problem: str
) -> None:
    with pytest.raises((ValueError, TypeError), match=problem):
        declare()


def test_jobs_are_made_in_the_version_and_under_the_name_of_today() -> None:
    job = SHIP.new(Order(7, "CHF"))

    assert (job.terms.kind, job.terms.payload_version) == ("ship", 2)


# Runners:


def test_one_handler_runs_the_jobs_of_all_versions_and_names(queue: SqliteQueue) -> None:
    jids = queue.schedule_many([OLD.new(Old(1)), SEND.new(Old(2)), SHIP.new(Order(3, "CHF"))])

    work(queue, router_of((SHIP, ship)))

    assert [queue.result(SHIP, jid) for jid in jids] == [Success("1 EUR"), Success("2 EUR"), Success("3 CHF")]


def test_a_rolling_deploy_burns_nothing(queue: SqliteQueue) -> None:
    """Old and new runners at once: each takes what it can read, and the old one leaves what it can't."""
    yesterday, today = router_of((OLD, ship_old)), router_of((SHIP, ship))
    old, new = queue.schedule_many([OLD.new(Old(1)), SHIP.new(Order(2, "CHF"))])

    work(queue, yesterday)
    assert queue.result(OLD, old) == Success("1, the old way")
    assert [(row.jid, row.state, row.attempt) for row in queue.look(state="scheduled")] == [(new, "scheduled", 0)]

    late = queue.schedule(OLD.new(Old(3)))
    work(queue, today)
    assert [queue.result(SHIP, jid) for jid in (new, late)] == [Success("2 CHF"), Success("3 EUR")]
    assert queue.counts()["dead"] == 0


def test_a_payload_that_no_upgrade_reads_is_a_dead_letter(queue: SqliteQueue) -> None:
    jid = queue.schedule(OLD.new(Old(-1)))

    work(queue, router_of((SHIP, ship)))

    assert queue.look(state="dead")[0].reason == "Undecodable"
    *_, died = queue.history(jid)
    assert "$: ValueError: no such order" in str(died.data)


@pytest.mark.parametrize("other", [OLD, SEND, JobKind("send", Order, result=str, version=2)], ids=repr)
def test_what_a_kind_takes_it_takes_alone(other: JobKind[Any, str]) -> None:
    router = router_of((SHIP, ship))

    with pytest.raises(HandlerTaken, match=f"kind '{other.name}' in version {other.version} has a handler already"):
        router.add_job_handler(other, ship)
    assert router.kinds == (SHIP,)


def test_a_kind_that_is_taken_in_part_is_not_added_at_all() -> None:
    router = router_of((SEND, ship_old))

    with pytest.raises(HandlerTaken, match="kind 'send' in version 1") as raised:
        router.add_job_handler(SHIP, ship)
    assert raised.value.kind is SHIP
    assert tuple(router.routes) == (("send", 1),)
    with pytest.raises(HandlerTaken):
        router.include(router_of((SHIP, ship)))
    assert router.kinds == (SEND,)


def test_an_older_version_may_have_a_handler_of_its_own(queue: SqliteQueue) -> None:
    plain = JobKind("ship", Order, result=str, version=2)
    jids = queue.schedule_many([OLD.new(Old(1)), plain.new(Order(2, "CHF"))])

    work(queue, router_of((OLD, ship_old), (plain, ship)))

    assert [queue.result(plain, jid) for jid in jids] == [Success("1, the old way"), Success("2 CHF")]


# By hand:


def test_poll_next_takes_all_that_the_kind_takes(queue: SqliteQueue) -> None:
    jids = queue.schedule_many([OLD.new(Old(1)), SEND.new(Old(2)), SHIP.new(Order(3, "CHF")), NEXT.new("later")])

    taken = [queue.poll_next(SHIP) for _ in range(4)]

    assert [None if each is None else each.job.payload for each in taken] == [
        Order(1, "EUR"),
        Order(2, "EUR"),
        Order(3, "CHF"),
        None,
    ]
    assert queue.look(state="scheduled")[0].jid == jids[3]
    assert taken[1] is not None
    taken[1].complete("by hand")
    assert queue.result(SHIP, jids[1]) == Success("by hand")
    assert queue.result(SEND, jids[1]) == Success("by hand")
    assert queue.result(OLD, jids[1]) == Failure(WrongKind(jids[1], "send"))


def test_unscheduling_gives_the_payload_as_it_is_today(queue: SqliteQueue) -> None:
    old, renamed, later, broken = queue.schedule_many(
        [OLD.new(Old(1)), SEND.new(Old(2)), NEXT.new("later"), OLD.new(Old(-1))]
    )

    assert queue.unschedule_job(SHIP, old) == Success(Order(1, "EUR"))
    assert queue.unschedule_job(SHIP, renamed) == Success(Order(2, "EUR"))
    assert queue.unschedule_job(SHIP, later) == Failure(
        Undecodable(later, "$", "the payload is of version 3 of kind ship, not 1 to 2")
    )
    assert queue.unschedule_job(SHIP, broken) == Failure(Undecodable(broken, "$", "ValueError: no such order"))
    assert queue.unschedule_job(OLD, later) == Failure(
        Undecodable(later, "$", "the payload is of version 3 of kind ship, not 1")
    )


def test_a_test_sees_waiting_payloads_as_they_are_today() -> None:
    queue = MemoryQueue()
    queue.schedule_many([OLD.new(Old(1)), SHIP.new(Order(2, "CHF"))])

    assert queue.scheduled(SHIP) == [Order(1, "EUR"), Order(2, "CHF")]


def test_keys_belong_to_the_stored_name(queue: SqliteQueue) -> None:
    """A kind that was renamed doesn't know the keys of its old name: its jobs are others."""
    old = queue.schedule(SEND.new(Old(1), key="order-1"))
    new = queue.schedule(SHIP.new(Order(1, "EUR"), key="order-1"))

    assert isinstance(old, str)
    assert Xid(old) != new
