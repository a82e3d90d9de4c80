"""Ending: when all faults are over every job comes to its end; then what is stored is compared with what was seen."""

from typing import Final

from adc.codec.events import UnreadableEvent
from adc.core.evolve import fold
from adc.core.instants import SECOND
from adc.core.states import Done
from adc.ports.store import Store
from adc.stores.sqlite.store import SqliteStore
from tests.simulation.clients import Client
from tests.simulation.fleet import Fleet
from tests.simulation.life import Broken
from tests.simulation.pollers import ByHand
from tests.simulation.process import Process
from tests.simulation.referee import Referee

PATIENCE: Final = 300 * SECOND
"""So much later than the last fault every job is at its end."""
MOST_STEPS: Final = 30_000


def settle(world: Fleet, clients: list[Client], pollers: list[ByHand]) -> None:
    """No fault any more, and a runner that takes whatever there is: until every job is over."""
    world.calm()
    world.is_calm = True
    for poller in pollers:
        poller.settle()
    clients[0].resume_all()
    reliable = world.start_reliable()
    until, most = world.tick + PATIENCE, world.steps + MOST_STEPS
    while world.referee.open or any(client.unfinished for client in clients):
        world.step()
        if reliable.dead:
            reliable = world.start_reliable()
        if world.tick > until or world.steps > most:
            raise Broken(f"not at their end: {[life.told() for life in world.referee.open]}")
    _stop(world, most)


def _stop(world: Fleet, most: int) -> None:
    world.wanted = 0
    stopping: list[Process] = list(world.processes)
    for process in stopping:
        process.stop()
    while world.processes:
        world.step()
        if world.steps > most:
            raise Broken(f"not at their end: {[process.name for process in world.processes]}")


def compare(store: Store, referee: Referee) -> None:
    """The log is what was committed, each state is the fold of it, and nothing that was acknowledged is missing."""
    stored = [each for each in store.events(0, 1 << 30) if not isinstance(each, UnreadableEvent)]
    seen = [(each.jid, each.version, each.event) for each in stored if each.jid in referee.lives]
    if seen != referee.log:
        raise Broken("the log isn't what was committed")
    if [each.seq for each in stored] != list(range(1, store.last_seq() + 1)):
        raise Broken("the log has gaps")
    missing = referee.stored - {jid for jid, _, _ in seen}
    if missing:
        raise Broken(f"acknowledged, and lost: {missing}")
    both = referee.refused & referee.lives.keys()
    if both:
        raise Broken(f"refused, and stored: {both}")
    if len(referee.began) > len(referee.starts):
        raise Broken("more executions than claims")
    for jid, snapshot in store.load(list(referee.lives)).items():
        if fold([each.event for each in store.history(jid)]) != snapshot.state:
            raise Broken(f"{jid} isn't what follows from its history")
        if isinstance(snapshot.state, Done) and not referee.lives[jid].erased:
            result = store.body(jid, snapshot.version)
            if result != b'"%d"' % snapshot.state.token.attempt:
                raise Broken(f"{jid} was done by {snapshot.state.token}, and its result is {result!r}")
    if isinstance(store, SqliteStore):
        for finding in store.verify():
            raise Broken(f"verify: {finding}")
