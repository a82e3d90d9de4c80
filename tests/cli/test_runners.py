"""adc runners: who runs jobs, as a table and as JSON."""

import json
from collections.abc import Callable
from subprocess import CompletedProcess

from adc.core.ids import RunnerId
from adc.kind import JobKind
from adc.ports.store import Enrolment, Wanted
from adc.queue import SqliteQueue
from adc.system import place
from adc.testing.world import numbered

Adc = Callable[..., CompletedProcess[str]]

MAIL = JobKind("mail", str)
WANTED = Wanted(("default", "night"), (("mail", 1), ("invoice", 2)))


def enrolled(queue: SqliteQueue, number: int, boot_id: str = "") -> RunnerId:
    runner = RunnerId(numbered(number))
    queue.store.enrol(Enrolment(runner, "threads", WANTED, "here", 77, boot_id, queue.clock.now(), None))
    return runner


def test_nobody_runs(adc: Adc, queue: SqliteQueue) -> None:
    done = adc("runners")

    assert (done.returncode, done.stdout) == (0, "")
    assert "no runner: start one with adc work" in done.stderr
    assert adc("runners", "--json").stdout == ""


def test_each_is_a_line(adc: Adc, queue: SqliteQueue) -> None:
    assert place().boot_id, "this system tells no boot id"
    lives, rebooted, died = enrolled(queue, 1), enrolled(queue, 2, "another start"), enrolled(queue, 3)
    queue.store.let_go(died)
    queue.schedule(MAIL.new(""))
    assert queue.poll_next(MAIL) is not None

    _, *lines = adc("runners").stdout.splitlines()
    told = [line.split()[0] for line in lines]
    assert told[0] == lives
    assert {rebooted, died}.isdisjoint(told), "who polled has struck them off"
    assert "lives" in lines[0]
    assert "default, night" in lines[0]
    assert " poll " in lines[-1]


def test_json_has_all_of_it(adc: Adc, queue: SqliteQueue) -> None:
    lives, rebooted, died = enrolled(queue, 1), enrolled(queue, 2, "another start"), enrolled(queue, 3)
    queue.store.let_go(died)

    records = [json.loads(line) for line in adc("runners", "--json").stdout.splitlines()]
    assert [(each["runner"], each["gone"]) for each in records] == [
        (lives, None),
        (rebooted, "rebooted"),
        (died, "died"),
    ]
    assert records[0] | {"started": "", "last_beat": ""} == {
        "runner": lives,
        "driver": "threads",
        "host": "here",
        "pid": 77,
        "started": "",
        "last_beat": "",
        "jobs": 0,
        "gone": None,
        "queues": ["default", "night"],
        "kinds": [{"kind": "mail", "payload_version": 1}, {"kind": "invoice", "payload_version": 2}],
    }
    assert records[0]["started"] == records[0]["last_beat"]
