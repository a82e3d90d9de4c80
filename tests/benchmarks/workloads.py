"""The workloads by name."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from tests.benchmarks.backlogs import backlogs
from tests.benchmarks.crowd import crowd
from tests.benchmarks.draining import drain
from tests.benchmarks.figures import Figure
from tests.benchmarks.footprint import footprint
from tests.benchmarks.latency import latency
from tests.benchmarks.producers import producers
from tests.benchmarks.rounds import Setting
from tests.benchmarks.scheduling import schedule

Workload: TypeAlias = Callable[[Setting], Iterator[Figure]]

WORKLOADS: Final[Mapping[str, Workload]] = {
    "schedule": schedule,
    "drain": drain,
    "latency": latency,
    "crowd": crowd,
    "backlogs": backlogs,
    "producers": producers,
    "footprint": footprint,
}
TITLES: Final[Mapping[str, str]] = {
    "schedule": "Schedule from one thread: one job a call, and 1,000 a call",
    "drain": "Run no-op jobs that wait already",
    "latency": "From before a job is scheduled until its handler begins, in an idle runner in another process, 5 to 50 "
    "ms after its last job; cold: 10 s after it",
    "crowd": "4 processes that schedule and 4 that run, all at once",
    "backlogs": "Claim and complete, with so much waiting already",
    "producers": "Threads of one process that schedule one job at a time, each waiting for its own commit",
    "footprint": "Disk, memory and start-up",
}
