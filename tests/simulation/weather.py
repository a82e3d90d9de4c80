"""Weather: what befalls the processes of one seed, and how often; each seed draws its own, so that some are wild."""

from random import Random
from typing import Final

from msgspec import Struct


class Weather(Struct, frozen=True):
    """Chances, each at one point where it can happen; and how many faults come by the clock."""

    meanwhile: float
    """That others do something between two effects of one process."""
    death: float
    """That a process dies at an effect, or on either side of a commit."""
    halt: float
    """That a process is stopped at an effect, for longer than a lease perhaps."""
    busy: float
    """That a transaction finds the store busy."""
    unknown: float
    """That the outcome of a client's commit is unknown; of a runner's a quarter of it, since it ends the runner."""
    hung: float
    """That a process that should die hangs instead, with its death lock held."""
    storms: int
    """How many faults come by the clock: jumps, pauses, stops, kills, reboots."""


CALM: Final = Weather(meanwhile=0.1, death=0.0, halt=0.0, busy=0.0, unknown=0.0, hung=0.0, storms=0)
"""Nothing befalls anybody; but others still do something meanwhile."""


def weather(random: Random) -> Weather:
    """That of a seed."""
    return Weather(
        meanwhile=random.choice((0.05, 0.2, 0.5)),
        death=random.choice((0.0, 0.0, 0.003, 0.015)),
        halt=random.choice((0.0, 0.005, 0.03)),
        busy=random.choice((0.0, 0.03, 0.2)),
        unknown=random.choice((0.0, 0.05, 0.2)),
        hung=random.choice((0.0, 0.3)),
        storms=random.choice((0, 2, 4, 8)),
    )
