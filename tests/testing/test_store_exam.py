"""The exam itself is examined: a store that does one thing wrong doesn't pass it."""

import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress

import pytest
from msgspec.structs import replace
from typing_extensions import override

from adc.core.commands import KeyHolder
from adc.core.database import AnyEvent, DatabaseEvent, QueuePaused, QueueResumed
from adc.core.ids import DATABASE, Xid
from adc.core.instants import Instant
from adc.core.states import Dead, StateName
from adc.core.transition import Recorded, Snapshot, Transition
from adc.ports.store import Look, PruneCount, Wanted
from adc.stores.memory import MemoryStore
from adc.stores.memory_kept import Kept
from adc.testing.store_exam import StoreExam


class LosesEverything(MemoryStore):
    @override
    def apply(self, transitions: Sequence[Transition]) -> None:
        pass


class UndoesNothing(MemoryStore):
    @override
    @contextmanager
    def writing(self) -> Generator[MemoryStore, None, None]:
        failure: BaseException | None = None
        with super().writing() as writing:
            try:
                yield writing
            except Exception as error:  # noqa: BLE001 - that is the mistake
                failure = error
        if failure is not None:
            raise failure


class LosesNumbers(MemoryStore):
    @override
    @contextmanager
    def writing(self) -> Generator[MemoryStore, None, None]:
        try:
            with super().writing() as writing:
                yield writing
        except BaseException:
            self._last_seq += 1
            raise


class BelievesEverybody(MemoryStore):
    @override
    def apply(self, transitions: Sequence[Transition]) -> None:
        super().apply([replace(each, before=self.load((each.before.jid,))[each.before.jid]) for each in transitions])


class SwallowsConflicts(MemoryStore):
    @override
    def apply(self, transitions: Sequence[Transition]) -> None:
        try:
            super().apply(transitions)
        finally:
            self._conflict = None


class AllowsOneKeyTwice(MemoryStore):
    @override
    def _takes_key(self, transition: Transition) -> bool:
        return False


class ForgetsKeys(MemoryStore):
    @override
    def holder(self, kind: str, key: str) -> KeyHolder | None:
        super().holder(kind, key)
        return None


class LooksAtDueTimesOnly(MemoryStore):
    @override
    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        return tuple(sorted(super().due(wanted, by, 10**6), key=lambda job: str(job.state).split("due=")[-1]))[:limit]


class CutsBeforeItSorts(MemoryStore):
    @override
    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        first = [
            super(CutsBeforeItSorts, self).due(replace(wanted, queues=(each,)), by, limit) for each in wanted.queues
        ]
        return tuple(job for jobs in first for job in jobs)[:limit]


class GivesTooMany(MemoryStore):
    @override
    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        return super().due(wanted, by, limit + 1)


class IsInAHurry(MemoryStore):
    @override
    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        return super().due(wanted, Instant(by + 1), limit)


class NeverRests(MemoryStore):
    @override
    def next_due(self, wanted: Wanted) -> Instant | None:
        super().next_due(wanted)
        return Instant(0)


class KeepsWhatWasErased(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self._kept: dict[tuple[Xid, int], bytes] = {}

    @override
    def body(self, jid: Xid, version: int) -> bytes | None:
        found = super().body(jid, version)
        if found is not None:
            self._kept[jid, version] = found
        return self._kept.get((jid, version))


class TakesAnEmptyBodyForNone(MemoryStore):
    @override
    def body(self, jid: Xid, version: int) -> bytes | None:
        return super().body(jid, version) or None


class RewritesHistory(MemoryStore):
    @override
    def history(self, jid: Xid) -> tuple[Recorded, ...]:
        return tuple(replace(each, actor="nobody") for each in super().history(jid))


class ShowsBackwards(MemoryStore):
    @override
    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        return super().look(wanted)[::-1]


class HidesWhatIsOver(MemoryStore):
    @override
    def look(self, wanted: Look) -> tuple[Snapshot, ...]:
        return tuple(job for job in super().look(wanted) if type(job.state).__name__ not in {"Done", "Cancelled"})


class CountsNoZeros(MemoryStore):
    @override
    def counts(self) -> Mapping[StateName, int]:
        return {name: number for name, number in super().counts().items() if number}


class ClaimsFromPausedQueues(MemoryStore):
    @override
    def due(self, wanted: Wanted, by: Instant, limit: int) -> tuple[Snapshot, ...]:
        super().due(wanted, by, limit)
        return tuple(self._snapshot(jid) for jid in self._waiting.due(wanted, by, limit))


class RestsForPausedQueues(MemoryStore):
    @override
    def next_due(self, wanted: Wanted) -> Instant | None:
        super().next_due(wanted)
        return self._waiting.next_due(wanted)


class UndoesNoPause(MemoryStore):
    @override
    @contextmanager
    def writing(self) -> Generator[MemoryStore, None, None]:
        kept = None
        try:
            with super().writing() as writing:
                try:
                    yield writing
                finally:
                    kept = self._database.kept
        finally:
            self._database.kept = kept or self._database.kept


class NeverForgetsAPause(MemoryStore):
    @override
    def paused(self) -> Mapping[str, Instant]:
        super().paused()
        history = (each.event for each in self.database_history())
        return {event.queue: event.at for event in history if isinstance(event, QueuePaused | QueueResumed)}


class TellsNothingOfTheDatabase(MemoryStore):
    @override
    def database_history(self) -> tuple[Recorded[DatabaseEvent], ...]:
        return super().database_history()[:0]


class SkipsInTheLog(MemoryStore):
    @override
    def events(self, after: int, limit: int) -> tuple[Recorded[AnyEvent], ...]:
        return super().events(after, limit)[1:]


class RepeatsInTheLog(MemoryStore):
    @override
    def events(self, after: int, limit: int) -> tuple[Recorded[AnyEvent], ...]:
        return super().events(max(after - 1, 0), limit)


class HidesTheDatabaseInTheLog(MemoryStore):
    @override
    def events(self, after: int, limit: int) -> tuple[Recorded[AnyEvent], ...]:
        return tuple(each for each in super().events(after, limit) if each.jid != DATABASE)


class ForgetsItsLastPlace(MemoryStore):
    @override
    def last_seq(self) -> int:
        return min(super().last_seq(), 3)


class PrunesTheDead(MemoryStore):
    @override
    def _over_before(self, moment: Instant) -> list[Kept]:
        dead = [kept for kept in self._jobs.values() if isinstance(kept.snapshot.state, Dead)]
        return [*super()._over_before(moment), *dead]


class PrunesOneTooMany(MemoryStore):
    @override
    def _over_before(self, moment: Instant) -> list[Kept]:
        return super()._over_before(Instant(moment + 1))


class KeepsKeysOfPrunedJobs(MemoryStore):
    @override
    def _remove(self, kept: Kept) -> None:
        super()._remove(kept)
        self._note_key(kept)


class TellsOfNoPrune(MemoryStore):
    @override
    def prune(self, done_before: Instant, *, at: Instant, actor: str, cause: str | None) -> PruneCount:
        with self.writing():
            count = self.prunable(done_before)
            for kept in self._over_before(done_before):
                self._remove(kept)
        return count


class NeverCloses(MemoryStore):
    @override
    def close(self) -> None:
        pass


def failed(kind: type[MemoryStore]) -> list[str]:
    """What of the exam a store fails, without pytest."""

    class Exam(StoreExam):
        @override
        def make_store(self) -> MemoryStore:
            return kind()

    names = [name for name in dir(Exam) if name.startswith("test_") and "threads" not in name]
    passed = set()
    for name in names:
        with suppress(Exception):
            getattr(Exam(), name)()
            passed.add(name)
    return [name for name in names if name not in passed]


def test_the_reference_passes() -> None:
    assert failed(MemoryStore) == []


@pytest.mark.parametrize("kind", [kind for kind in MemoryStore.__subclasses__() if kind.__module__ == __name__])
def test_a_store_with_one_mistake_fails(kind: type[MemoryStore]) -> None:
    assert failed(kind) != []


def test_the_exam_needs_no_pytest() -> None:
    script = "import sys, adc.testing.store_exam; sys.exit(bool({'pytest', 'hypothesis'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
