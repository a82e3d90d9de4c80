"""Targets: what adc shall reach, as ratios within one run, and whether it does."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tests.benchmarks.figures import Figure, ratio
from tests.benchmarks.rounds import RATE
from tests.benchmarks.shapes import SHAPES
from tests.benchmarks.systems.known import PEERS, TAKING
from tests.benchmarks.systems.protocol import Durability

BEST_PEER: Final = "the best peer"
OTHER_PEER: Final = "the best peer but localqueue"
KEEPING_PEER: Final = "the best of these that keeps a job until it is complete"
BOTH: Final[tuple[Durability, ...]] = ("normal", "full")


class Target(NamedTuple):
    """A figure of adc that shall be so many times another one, or, with none, within a bound."""

    workload: str
    contestant: str
    bound: float
    than: str | None = None
    durabilities: tuple[Durability, ...] = BOTH
    measure: str = RATE


class Verdict(NamedTuple):
    """What was reached."""

    target: Target
    durability: Durability
    reached: float

    @property
    def is_met(self) -> bool:
        return self.reached >= self.target.bound if self.target.than is not None else self.reached <= self.target.bound


TARGETS: Final = (
    Target("schedule", "adc", 0.7, "raw", ("normal",)),
    Target("schedule", "adc", 0.9, "raw", ("full",)),
    Target("schedule", "adc", 1.0, BEST_PEER, ("full",)),
    Target("schedule", "adc, 1,000 a call", 0.6, "raw, 1,000 a call"),
    Target("schedule", "adc, 1,000 a call", 4.0, "adc"),
    Target("drain", "adc, 10 threads", 0.5, "raw, 10 a transaction", ("normal",)),
    Target("drain", "adc, 10 threads", 0.55, "raw, 10 a transaction", ("full",)),
    Target("drain", "adc, 10 threads", 4.0, "localqueue"),
    Target("drain", "adc, 10 threads", 2.0, OTHER_PEER),
    Target("drain", "adc, 10 threads", 2.0, KEEPING_PEER),
    Target("drain", "adc, 50 threads", 0.75, "raw, 10 a transaction"),
    Target("drain", "adc, 1,000 coroutines", 0.5, "raw, 10 a transaction"),
    Target("drain", "adc, 1,000 coroutines", 5.0, measure="ms loop delay p99"),
    Target("latency", "adc", 1.0, None, ("normal",), "ms p50"),
    Target("latency", "adc", 2.0, None, ("full",), "ms p50"),
    Target("latency", "adc", 10.0, measure="ms p99"),
    Target("latency", "adc", 2.0, measure="ms cold"),
    Target("latency", "adc", 0.5, measure="% of a core idle"),
    Target("crowd", "adc", 1.5, BEST_PEER),
    *(Target("crowd", "adc", 0.0, measure=measure) for measure in ("lost", "run twice", "errors")),
    *(Target("backlogs", f"adc, {each.name}, 1,000,000", 0.5, f"adc, {each.name}, 1,000") for each in SHAPES),
    Target("backlogs", "adc, nothing due, 256 priorities, 1,000,000", 5.0, measure="ms a claim"),
    Target("backlogs", "adc, nothing due, 50 kinds x 10 priorities, 1,000,000", 5.0, measure="ms a claim"),
    Target("producers", "adc, 8 threads", 2.0, "adc, 1 thread", ("full",)),
    Target("producers", "adc, 32 threads", 3.0, "adc, 1 thread", ("full",)),
    Target("producers", "adc, 32 threads", 5.0, "adc, 32 threads, a connection each", ("full",)),
    Target("footprint", "adc", 600.0, measure="bytes a job, scheduled"),
    Target("footprint", "adc", 750.0, measure="bytes a job, done"),
)


def verdicts(figures: Sequence[Figure]) -> Iterator[Verdict]:
    """Of all targets whose figures are there."""
    for target in TARGETS:
        for durability in target.durabilities:
            among = [
                each
                for each in figures
                if (each.workload, each.durability, each.measure) == (target.workload, durability, target.measure)
            ]
            own = next((each for each in among if each.contestant == target.contestant), None)
            if own is None:
                continue
            if target.than is None:
                yield Verdict(target, durability, own.median)
            elif (other := _named(among, target.than)) is not None and (times := ratio(own, other)) is not None:
                yield Verdict(target, durability, times)


def _named(among: Sequence[Figure], than: str) -> Figure | None:
    peers = {BEST_PEER: set(PEERS), OTHER_PEER: {*PEERS} - {"localqueue"}}
    peers[KEEPING_PEER] = peers[OTHER_PEER] - set(TAKING)
    if than not in peers:
        return next((each for each in among if each.contestant == than), None)
    running = [
        each for each in among if each.contestant.split(",")[0] in peers[than] and "a call" not in each.contestant
    ]
    return max(running, key=lambda each: each.median, default=None)
