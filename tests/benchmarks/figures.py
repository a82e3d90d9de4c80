"""Figures: what a workload measured of one contestant, one value a round."""

from statistics import median

from msgspec import Struct

from tests.benchmarks.systems.protocol import Durability


class Figure(Struct, frozen=True):
    """The values of all rounds, and what is needed to compare them."""

    workload: str
    durability: Durability
    jobs: int
    contestant: str
    measure: str
    """What is measured, with its unit: `jobs/s`, `ms p50`, `bytes a job`."""
    values: tuple[float, ...]
    remark: str = ""
    """What must be known of this contestant to judge its figure."""

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def is_rate(self) -> bool:
        """Whether more of it is better."""
        return self.measure.endswith("/s")


class Measured(Struct, frozen=True):
    """One workload, as it was measured in one run."""

    workload: str
    on: str
    """The day."""
    machine: str
    rounds: int
    figures: tuple[Figure, ...]


def number(value: float) -> str:
    """A value with three digits that count."""
    if value == int(value) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(figure: Figure, other: Figure) -> float | None:
    """How many times better than the other one; None: that can't be said.

    The median of what it was in each round: a noisy round hits both.
    """
    of, to = (figure, other) if figure.is_rate else (other, figure)
    return median(own / its for own, its in zip(of.values, to.values, strict=True)) if all(to.values) else None
