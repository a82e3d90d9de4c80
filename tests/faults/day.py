"""Day: what a queue goes through, by the public API, on a disk that records it; and what was acknowledged when."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import apsw

import adc
from adc.stores.sqlite.store import SqliteStore
from tests.faults.recording_disk import Recording, recording_disk

DATABASE: Final = "q.db"
ARCHIVE: Final = "old.db"
OLD_FILE: Final = Path(__file__).parent.parent / "golden" / "format_1.db"
KIND: Final = adc.JobKind("k", str, result=str, retry=adc.exponential(max_retries=1))
MOMENT: Final = datetime(2040, 1, 1, tzinfo=UTC)
"""By then all is due, and all that is over is old."""
EVENTS: Final = "SELECT seq, digest, body IS NOT NULL FROM job_events"
Log: TypeAlias = dict[int, tuple[bytes, int]]
"""By place: an event's digest, and whether its body is there."""


@dataclass(frozen=True)
class Moment:
    """When something was acknowledged: after so many deeds there was this in the log."""

    deeds: int
    what: str
    log: Log
    archived: bool = False
    """Whether what left the log meanwhile must be in the archive."""


@dataclass
class Day:
    """One workload."""

    folder: Path
    random: Random
    migrates: bool
    synchronous: str = ""
    """What to set it to instead of what adc does; empty: nothing."""
    recording: Recording = field(init=False)
    moments: list[Moment] = field(default_factory=list)
    queues: list[adc.SqliteQueue] = field(default_factory=list)
    claimed: list[adc.Claimed[str, str]] = field(default_factory=list)
    before: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.recording = Recording(self.folder)

    def live(self, length: int) -> None:
        """Do so many things, one after another."""
        log: Log = {}
        if self.migrates:
            shutil.copyfile(OLD_FILE, self.folder / DATABASE)
            self.before = {DATABASE: OLD_FILE.read_bytes()}
            self.recording.make(DATABASE)
            self.recording.deeds.clear()
            log = log_of(self.folder / DATABASE)
        self.moments.append(Moment(0, "begin", log))
        with recording_disk(self.recording):
            self.open()
            self.acknowledge("open")
            for _ in range(length):
                name = self.random.choice(tuple(DEEDS))
                DEEDS[name](self)
                self.acknowledge(name)
            for queue in self.queues:
                queue.close()
        self.moments.append(Moment(len(self.recording.deeds), "close", self.moments[-1].log))

    def open(self) -> None:
        queue = adc.SqliteQueue.open(self.folder / DATABASE, actor="test")
        if self.synchronous:
            self.raw(queue).authorizer = None  # adc itself never says that
            self.raw(queue).execute(f"PRAGMA synchronous = {self.synchronous}")
        self.queues.append(queue)

    def acknowledge(self, what: str) -> None:
        found = self.raw(self.queues[0]).execute(EVENTS)
        log = {seq: (digest, body) for seq, digest, body in found}
        self.moments.append(Moment(len(self.recording.deeds), what, log, what == "archive"))

    def raw(self, queue: adc.SqliteQueue) -> apsw.Connection:
        assert isinstance(queue.store, SqliteStore)
        return queue.store._connection

    def queue(self) -> adc.SqliteQueue:
        return self.random.choice(self.queues)

    def schedule(self) -> None:
        count = self.random.choice((1, 1, 1, 4))
        size = self.random.choice((10, 10, 5_000))
        self.queue().schedule_many(KIND.new("x" * size) for _ in range(count))

    def claim(self) -> None:
        claimed = self.queue().poll_next(KIND, at=MOMENT)
        if claimed is not None:
            self.claimed.append(claimed)

    def report(self, say: Callable[[adc.Claimed[str, str]], object]) -> None:
        if not self.claimed:
            self.claim()
        if self.claimed:
            say(self.claimed.pop())

    def change(self, state: adc.StateName, verb: Callable[[adc.SqliteQueue, adc.Xid], object]) -> None:
        queue = self.queue()
        found = queue.look(state=state, limit=5)
        if found:
            verb(queue, self.random.choice(found).jid)

    def pause(self) -> None:
        queue = self.queue()
        (queue.resume if queue.paused() else queue.pause)("mail")

    def reopen(self) -> None:
        """Sometimes the last one is closed."""
        if len(self.queues) > 1 or self.random.random() < 0.5:
            self.claimed.clear()
            self.queues.pop().close()
        if len(self.queues) < 2:
            self.open()

    def checkpoint(self) -> None:
        mode = self.random.choice((apsw.SQLITE_CHECKPOINT_PASSIVE, apsw.SQLITE_CHECKPOINT_RESTART))
        self.raw(self.queue()).wal_checkpoint(mode=mode)


DEEDS: Final[dict[str, Callable[[Day], object]]] = {
    "schedule": Day.schedule,
    "schedule more": Day.schedule,
    "claim": Day.claim,
    "complete": lambda day: day.report(lambda claimed: claimed.complete("done")),
    "fail": lambda day: day.report(lambda claimed: claimed.fail(adc.Permanent("no"))),
    "snooze": lambda day: day.report(lambda claimed: claimed.snooze(timedelta(seconds=1))),
    "cancel": lambda day: day.change("scheduled", lambda queue, jid: queue.cancel_job(jid)),
    "redrive": lambda day: day.change("dead", lambda queue, jid: queue.redrive(jid)),
    "erase": lambda day: day.change("done", lambda queue, jid: queue.erase(jid)),
    "pause": Day.pause,
    "prune": lambda day: day.queue().prune(done_before=MOMENT),
    "archive": lambda day: day.queue().prune(done_before=MOMENT, archive=day.folder / ARCHIVE),
    "reopen": Day.reopen,
    "checkpoint": Day.checkpoint,
}


def log_of(path: Path) -> Log:
    """Read without adc."""
    connection = apsw.Connection(str(path))
    try:
        return {seq: (digest, body) for seq, digest, body in connection.execute(EVENTS)}
    finally:
        connection.close()
