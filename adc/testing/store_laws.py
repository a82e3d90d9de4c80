"""Laws: what holds of a store at every commit, as seen from outside. They hold for all jobs of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import get_args

from adc.codec.events import UnreadableEvent, digest, encode_event, type_version_of
from adc.core.database import AnyEvent
from adc.core.database_rules import fold_database
from adc.core.evolve import fold
from adc.core.ids import DATABASE, Xid
from adc.core.instants import Instant
from adc.core.states import Absent, Scheduled, StateName, state_name
from adc.core.terms import Terms
from adc.core.transition import Recorded, Snapshot
from adc.ports.store import Look, Store, Wanted

_FAR = Instant(2**60)


def check_laws(store: Store, jids: Sequence[Xid]) -> None:
    """Raise AssertionError unless all laws hold; `jids` are all jobs of the store, and may be more."""
    check_database(store)
    jobs = store.load(jids)
    histories = {jid: store.history(jid) for jid in jids}
    assert {jid: store.history_or_why(jid) for jid in jids} == histories
    for jid in jids:
        check_job(jobs[jid], histories[jid])
    streams: list[Sequence[Recorded[AnyEvent]]] = [store.database_history(), *histories.values()]
    _check_log(store, sorted((each for stream in streams for each in stream), key=lambda each: each.seq))
    known = sorted((job for job in jobs.values() if not isinstance(job.state, Absent)), key=lambda job: job.seq)
    _check_counts(store, known)
    _check_looks(store, known)
    _check_claims(store, known)


def check_job(job: Snapshot, history: Sequence[Recorded]) -> None:
    """The first law: its state is the fold of its history; and the history is a chain."""
    assert job.state == fold(each.event for each in history), "the state isn't the fold of the log"
    assert job.seq == (history[0].seq if history else 0)
    _check_chain(job.jid, job.version, job.head, history)


def check_database(store: Store) -> None:
    """The same for the database's own stream: what is paused is the fold of its history."""
    history = store.database_history()
    with store.writing() as writing:
        database = writing.database()
    assert database.state == fold_database(each.event for each in history), "the state isn't the fold of the log"
    assert store.paused() == database.state.paused
    assert store.history_or_why(DATABASE) == history
    _check_chain(DATABASE, database.version, database.head, history)


def _check_chain(jid: Xid, version: int, head: bytes, history: Sequence[Recorded[AnyEvent]]) -> None:
    assert [each.version for each in history] == list(range(1, version + 1))
    assert {each.jid for each in history} <= {jid}
    last = b""
    for each in history:
        kind, stored = type(each.event).__name__, encode_event(each.event)
        last = digest(last, each.jid, each.version, kind, type_version_of(each.event), each.actor, each.cause, stored)
        assert each.digest == last, "the chain of digests is broken"
    assert head == last


def in_order(jobs: Iterable[Snapshot], wanted: Wanted, by: Instant = _FAR) -> list[Snapshot]:
    """The order of claims, said in one sort of all jobs."""
    return sorted(
        (job for job, state in _waiting(jobs, wanted) if state.due <= by),
        key=lambda job: (-_terms(job).priority, _due(job), job.seq),
    )


def _waiting(jobs: Iterable[Snapshot], wanted: Wanted) -> Iterator[tuple[Snapshot, Scheduled]]:
    for job in jobs:
        state = job.state
        if (
            isinstance(state, Scheduled)
            and state.terms.queue in wanted.queues
            and (state.terms.kind, state.terms.payload_version) in wanted.kinds
        ):
            yield job, state


def _check_log(store: Store, log: Sequence[Recorded[AnyEvent]]) -> None:
    """Each number was given once, to an event that is there or was pruned; page by page each event comes, in order."""
    with store.writing() as writing:
        pruned = writing.database().state.pruned
    last = log[-1].seq if log else 0
    assert len({each.seq for each in log}) + pruned == last, "the log has a gap"
    assert store.last_seq() == last, "the last place isn't that of the last event"
    found: list[Recorded[AnyEvent] | UnreadableEvent] = []
    while len(found) <= len(log) and (page := store.events(found[-1].seq if found else 0, 7)):
        found += page
    assert found == list(log), "the pages aren't all events in order"
    assert store.events(last // 2, 2) == tuple(each for each in log if each.seq > last // 2)[:2]


def _check_counts(store: Store, known: Sequence[Snapshot]) -> None:
    counted = Counter(map(_name, known))
    assert store.counts() == {name: counted[name] for name in get_args(StateName)}


def _check_looks(store: Store, known: Sequence[Snapshot]) -> None:
    found: list[Snapshot] = []
    while page := store.look(Look(after=found[-1].jid if found else None, limit=3)):
        found += page
    assert found == list(known), "the pages aren't all jobs in order of insertion"
    for name in get_args(StateName):
        assert store.look(Look(state=name)) == tuple(job for job in known if _name(job) == name), name
    for kind in _kinds(known):
        assert store.look(Look(kind=kind)) == tuple(job for job in known if _terms(job).kind == kind), kind


def _check_claims(store: Store, known: Sequence[Snapshot]) -> None:
    everything = Wanted(
        tuple(sorted({_terms(job).queue for job in known})),
        tuple(sorted({(_terms(job).kind, _terms(job).payload_version) for job in known})),
    )
    narrow = Wanted(everything.queues[:1], everything.kinds[:1])
    paused = store.paused()
    for wanted, limit in product((everything, narrow), (1, 2, 1_000)):
        expected = [job for job in in_order(known, wanted) if _terms(job).queue not in paused]
        with store.writing() as writing:
            assert writing.due(wanted, _FAR, limit) == tuple(expected[:limit])
        assert store.next_due(wanted) == min(map(_due, expected), default=None)


def _kinds(known: Iterable[Snapshot]) -> list[str]:
    return sorted({_terms(job).kind for job in known})


def _name(job: Snapshot) -> StateName:
    assert not isinstance(job.state, Absent)
    return state_name(job.state)


def _terms(job: Snapshot) -> Terms:
    assert not isinstance(job.state, Absent)
    return job.state.terms


def _due(job: Snapshot) -> Instant:
    assert isinstance(job.state, Scheduled)
    return job.state.due
