"""Memory: SQLite gets no more than so much, in each operation; and handlers that have none. Nothing is lost.

python -m tests.faults.memory [--limits 50] [--operations NAME ...] [--seed 0] [--json FILE]
"""

import argparse
import resource
import sys
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import apsw
import msgspec
from typing_extensions import override

import adc
from adc.ports.trouble import NotCommitted, OutcomeUnknown
from tests.faults.counting import Counting, Outcome, options
from tests.faults.forked import exit_code, fork, within
from tests.faults.nth_call import OPERATIONS, Doing, Examiner, Point, Run, open_in
from tests.faults.whence import memory

LIMIT: Final = 60
"""In seconds, for each operation."""
MOST: Final = 500_000
"""Bytes more than SQLite has when an operation begins: the largest limit."""
PAUSE: Final = timedelta(milliseconds=2)
ROOMS: Final = (4_000_000, 1_000_000, 2_000_000, 9_000_000, 20_000_000)
"""Bytes more than a process has."""
KIND: Final = adc.JobKind("greedy", str, result=str)


def lift() -> None:
    apsw.hard_heap_limit(0)


class Heals(Run):
    """There is memory again as soon as the runner is in trouble."""

    @override
    def tell(self, event: adc.RunnerEvent) -> None:
        if isinstance(event, adc.StoreTroubled):
            lift()
        super().tell(event)


DOING: Final[dict[str, Doing]] = {**OPERATIONS, "run": lambda queue, folder: Heals(queue).runner.run(PAUSE)}


class Starved(Examiner):
    """The examiner of calls that fail; here the number of a point is how many bytes more SQLite may have."""

    @override
    def attempt(self, point: Point) -> bool:
        folder = self.copy("base", "run")
        queue, raised = open_in(folder), None
        apsw.hard_heap_limit(apsw.memory_used() + point.at)
        try:
            answer = DOING[point.operation](queue, folder)
            if isinstance(answer, adc.Failure):
                self.wrong(point, f"it was refused: {answer}")
        except Exception as error:  # noqa: BLE001  it is examined
            raised = error
        finally:
            lift()
        more = self.goes_on(point, queue)
        queue.close()
        self.judge(point, raised, folder, "later", more)
        self.judge_backup(point, raised, folder)
        self.report.points += 1
        self.answers["success" if raised is None else type(raised).__name__] += 1
        return raised is not None


def starve(operation: str, limits: int, told: Path) -> None:
    """One operation with each limit, in a process that is its own: its figures go to a file."""
    counting = Counting("memory")
    with tempfile.TemporaryDirectory(dir=memory()) as place:
        examiner = Starved(Path(place))
        for number in range(limits):
            examiner.attempt(Point(operation, "NOMEM", "a while", MOST * number * number // limits**2))
    counting.count("cases", examiner.report.points)
    counting.count_all(examiner.answers, "answered by ")
    counting.wrong(examiner.report.wrong)
    told.write_bytes(msgspec.json.encode(Outcome("memory", 0, "", 0, counting.counters, counting.violations)))


def greedy(folder: Path) -> list[str]:
    """A handler without memory: its job alone fails, those behind it are done. What is wrong."""
    router = adc.RunnerRouter()

    @router.handles(KIND)
    def handle(job: adc.Job[str]) -> str:
        if job.payload == "all":
            raise MemoryError
        return job.payload

    with open_in(folder) as queue:
        queue.schedule_many(map(KIND.new, ("all", "little", "little")))
        adc.JobRunner(queue, router, driver="inline").run_until_empty()
        counts = dict(queue.counts())
        wrong = [f"a handler without memory: {counts}"] if counts["done"] != 2 or sum(counts.values()) != 3 else []
        return [*wrong, *(f"a handler without memory: {each}" for each in queue.verify())]


def crowded(folder: Path, room: int) -> None:
    """The whole process gets no more memory: what was acknowledged is there, and it goes on when there is some."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    jobs = [KIND.new(f"{number}" * 300_000) for number in range(60)]  # msgspec's encoder crashes if it gets no memory
    with open_in(folder) as queue:
        acknowledged, held = [queue.schedule(KIND.new("first"))], list[str]()
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + room, most))
        try:
            for job in jobs:
                held.append("x" * 3_000_000)
                acknowledged.append(queue.schedule(job))
        except (MemoryError, NotCommitted, OutcomeUnknown):
            held.clear()
        else:
            raise AssertionError("there was memory")
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        acknowledged.append(queue.schedule(KIND.new("after")))
        assert not set(acknowledged) - {row.jid for row in queue.look(limit=1_000)}
        assert list(queue.verify()) == []


def examine(operations: Sequence[str], limits: int, seed: int = 0) -> Counting:
    counting = Counting("memory", seed)
    with tempfile.TemporaryDirectory(dir=memory()) as place:
        for name in operations:
            told, errors = Path(place) / "told", Path(place) / "errors"
            code = exit_code(fork(within(LIMIT, partial(starve, name, limits, told)), errors))
            if code:
                counting.wrong([f"{name}: its process ended with {code}: {errors.read_text()[-600:]}"])
                continue
            outcome = msgspec.json.decode(told.read_bytes(), type=Outcome)
            counting.count_all(outcome.counters)
            counting.wrong(outcome.violations)
        counting.wrong(greedy(Path(place)))
        for room in ROOMS[: max(1, limits // 10)]:
            folder, errors = Path(place) / f"room {room}", Path(place) / f"errors {room}"
            folder.mkdir()
            code = exit_code(fork(within(LIMIT, partial(crowded, folder, room)), errors))
            counting.count("processes without memory")
            counting.wrong([f"{room} bytes: it ended with {code}: {errors.read_text()[-600:]}"] if code else [])
    return counting


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limits", type=int, default=50)
    parser.add_argument("--operations", nargs="*", default=list(OPERATIONS))
    options(parser)
    chosen = parser.parse_args()
    counting = examine(chosen.operations, chosen.limits, chosen.seed)
    return counting.end(chosen.json, f"--limits {chosen.limits}")


if __name__ == "__main__":
    sys.exit(main())
