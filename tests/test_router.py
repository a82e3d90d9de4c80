"""RunnerRouter: one handler for a kind in a version."""

import pytest

from adc.handling.job import Job
from adc.kind import JobKind
from adc.router import HandlerTaken, RunnerRouter

MAIL = JobKind("mail", str)
MAIL_2 = JobKind("mail", int, version=2)
SUM = JobKind("sum", list[int], result=int)


def send(job: Job[str]) -> None: ...
def send_2(job: Job[int]) -> None: ...
async def add(job: Job[list[int]]) -> int:
    return sum(job.payload)


def test_the_decorator_gives_the_function_back() -> None:
    assert RunnerRouter().handles(MAIL)(send) is send
    assert RunnerRouter().handles(SUM)(add) is add


def test_it_knows_its_kinds_and_their_routes() -> None:
    router = RunnerRouter()
    router.add_job_handler(MAIL, send)
    router.add_job_handler(MAIL_2, send_2)
    router.handles(SUM)(add)

    assert router.kinds == (MAIL, MAIL_2, SUM)
    assert [(*address, route.form) for address, route in router.routes.items()] == [
        ("mail", 1, "plain"), ("mail", 2, "plain"), ("sum", 1, "async"),
    ]  # fmt: skip


def test_a_handler_may_run_in_a_process_of_its_own() -> None:
    router = RunnerRouter()
    router.add_job_handler(MAIL, send, process=True)
    assert router.handles(SUM, process=True)(add) is add

    assert [route.form for route in router.routes.values()] == ["process", "process"]
    with pytest.raises(TypeError, match="expected a handler that can be called"):
        router.add_job_handler(MAIL_2, None, process=True)  # type: ignore[arg-type]


def test_a_second_handler_for_a_kind_is_refused() -> None:
    router = RunnerRouter()
    router.add_job_handler(MAIL, send)

    with pytest.raises(HandlerTaken, match="kind 'mail' in version 1 has a handler already") as refused:
        router.handles(JobKind("mail", str))(send)
    assert refused.value.kind.name == "mail"


def test_another_router_is_included_whole_or_not_at_all() -> None:
    mails, sums, both = RunnerRouter(), RunnerRouter(), RunnerRouter()
    mails.add_job_handler(MAIL, send)
    sums.add_job_handler(SUM, add)
    both.add_job_handler(SUM, add)
    both.add_job_handler(MAIL_2, send_2)

    mails.include(sums)
    assert mails.kinds == (MAIL, SUM)
    with pytest.raises(HandlerTaken, match="'sum'"):
        mails.include(both)
    assert mails.kinds == (MAIL, SUM)


def test_what_cannot_be_a_handler_is_refused_where_it_is_added() -> None:
    router = RunnerRouter()

    with pytest.raises(TypeError, match="expected a handler that can be called"):
        router.add_job_handler(MAIL, None)  # type: ignore[arg-type]
    assert router.kinds == ()
