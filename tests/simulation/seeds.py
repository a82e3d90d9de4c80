"""Seeds: one seed is one history, the same each time."""

import traceback
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from adc.core.events import Event
from adc.core.instants import SECOND, Span
from adc.core.states import JobState
from adc.ports.store import Store
from adc.stores.memory import MemoryStore
from adc.stores.sqlite.opening import IN_MEMORY, open_store
from tests.simulation.clients import Client
from tests.simulation.ending import compare, settle
from tests.simulation.fleet import Fleet
from tests.simulation.life import Broken
from tests.simulation.pollers import ByHand

StoreName: TypeAlias = Literal["memory", "sqlite"]
STORES: Final[tuple[StoreName, ...]] = get_args(StoreName)

MOST_STEPS: Final = 3_000
NO_WAIT: Final = Span(0)


class CameOf(Struct):
    """What came of a seed."""

    seed: int
    broken: str | None
    """What went wrong, with where; None: nothing."""
    steps: int
    events: int
    pairs: set[tuple[type[Event], type[JobState]]]


def make_store(name: StoreName) -> Store:
    """An empty one, which only this process sees."""
    return MemoryStore() if name == "memory" else open_store(IN_MEMORY, "normal", NO_WAIT)


def run_seed(seed: int, name: StoreName, tell: Callable[[str], None] | None = None) -> CameOf:
    """All of its history."""
    store = make_store(name)
    world = Fleet(seed, store, tell)
    broken = None
    try:
        _live(world)
        compare(store, world.referee)
    except Broken as promise:
        broken = f"Broken: {promise}"
    except Exception as error:  # noqa: BLE001  whatever it is, it is wrong
        broken = "".join(traceback.format_exception(error, limit=-6, chain=False)).strip()
    finally:
        store.close()
    return CameOf(seed, broken, world.steps, len(world.referee.log), world.referee.pairs)


def _live(world: Fleet) -> None:
    random = world.random
    world.tell("world", world.weather)
    horizon = random.choice((4, 8, 15))
    end = world.tick + horizon * SECOND
    world.populate(horizon * SECOND)
    killers = random.choice((0.0, 0.0, 0.3))
    clients = [Client(world, number, killers) for number in range(2)]
    for client in clients:
        client.plan(horizon * 0.8, jobs=random.choice((1, 3, 5)), changes=random.choice((0, 2, 5)))
    pollers = [ByHand(world, horizon * SECOND) for _ in range(random.choice((0, 0, 1, 2)))]
    world.happen(horizon * SECOND, None, lambda: None)
    while world.tick < end and world.steps < MOST_STEPS:
        world.step()
    settle(world, clients, pollers)
