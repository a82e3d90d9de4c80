"""Hostile use: all that an application does with a queue, on a hostile file, and what must never come of it.

Every call gives what it promises, or raises one of adc's own exceptions. A payload is what was scheduled, or isn't
given.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import adc
from tests.faults.hostile_files import BESIDE, KIND, Payloads
from tests.faults.hostile_schemas import spotted

MOMENT: Final = datetime(2040, 1, 1, tzinfo=UTC)
"""By then all of it is due."""
QUEUES: Final = ("default", "mail")
TYPED: Final = (
    adc.StoreTrouble,
    adc.UnreadableEvent,
    adc.ImpossibleHistory,
    adc.VersionConflict,
    adc.LogPruned,
    adc.Refused,
)
"""What adc says when it can't do something."""
MOST_CLAIMED: Final = 100


@dataclass
class Tally:
    """What came of it."""

    refused: Counter[str] = field(default_factory=Counter)
    """Files that weren't opened, by what was said."""
    opened: int = 0
    told: Counter[str] = field(default_factory=Counter)
    """Calls that raised one of adc's exceptions."""
    found: Counter[str] = field(default_factory=Counter)
    """Findings of `verify`."""
    claimed: int = 0
    """Jobs whose payload was the one that was scheduled."""
    violations: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.refused += other.refused
        self.opened += other.opened
        self.told += other.told
        self.found += other.found
        self.claimed += other.claimed
        self.violations += other.violations


class Use:
    """One file, used."""

    def __init__(self, path: Path, what: str, payloads: Payloads, tally: Tally) -> None:
        self._path = path
        self._what = what
        self._payloads = payloads
        self._tally = tally

    def all_of_it(self, *, by_a_runner: bool) -> None:
        """Open it, look, claim, change, verify, close; or see that a refusal leaves all as it was."""
        before = _lying_there(self._path)
        try:
            queue = adc.SqliteQueue.open(self._path, busy_timeout=timedelta(0), durability="normal", actor="test")
        except adc.StoreTrouble as trouble:
            self._tally.refused[type(trouble).__name__] += 1
            self._judge_leftovers(before)
            return
        except BaseException as error:  # noqa: BLE001  whatever else it is, it is wrong
            self._wrong("open", error)
            return
        self._tally.opened += 1
        try:
            self._read(queue)
            self._take(queue, by_a_runner=by_a_runner)
            self._change(queue, and_prune=by_a_runner)
        finally:
            with self._typed("close"):
                queue.close()
        for what in spotted(self._path):
            self._violated(f"code in the file was run: {what!r}")

    def _read(self, queue: adc.SqliteQueue) -> None:
        jobs: list[adc.JobRow] = []
        for name, read in _READS.items():
            with self._typed(name):
                read(queue)
        for state in (None, "dead", "started", "done"):
            with self._typed("look"):
                jobs += queue.look(state=state, limit=1_000)
        for job in jobs[:6]:
            for name, tell in _TELLS.items():
                with self._typed(name):
                    tell(queue, job.jid)
        with self._typed("verify"):
            self._tally.found.update(finding.law for finding in queue.verify())

    def _take(self, queue: adc.SqliteQueue, *, by_a_runner: bool) -> None:
        if by_a_runner:
            router = adc.RunnerRouter()
            router.add_job_handler(KIND, self._judge)
            with self._typed("run"):
                adc.JobRunner(queue, router, driver="inline", queues=QUEUES).run_until_idle()
            return
        for name in QUEUES:
            for number in range(MOST_CLAIMED):
                claimed = None
                with self._typed("poll_next"):
                    claimed = queue.poll_next(KIND, at=MOMENT, queue=name)
                if claimed is None:
                    break
                self._judge(claimed.job)
                with self._typed("report"):
                    if number % 3 == 2:
                        claimed.fail(adc.Permanent("no"))
                    else:
                        claimed.complete(None)

    def _judge(self, job: adc.Job[bytes]) -> None:
        scheduled = self._payloads.get(job.jid)
        if job.payload == scheduled or (scheduled is None and job.payload in self._payloads.values()):
            self._tally.claimed += 1
        else:
            self._violated(f"job {job.jid} was given {job.payload[:20]!r}, and was scheduled with {scheduled!r:.40}")

    def _change(self, queue: adc.SqliteQueue, *, and_prune: bool) -> None:
        jids: list[adc.Xid] = []
        with self._typed("schedule"):
            new = KIND.new(b"new", key="new")
            jids.append(queue.schedule(new))
            self._payloads[new.jid] = b"new"
        with self._typed("look"):
            jids += [job.jid for job in queue.look(state="dead", limit=2)]
        for jid in jids:
            for name, change in _CHANGES.items():
                with self._typed(name):
                    change(queue, jid)
        for name, change_all in _CHANGES_OF_ALL.items():
            if and_prune or name != "prune":  # which takes half of the time
                with self._typed(name):
                    change_all(queue)

    def _judge_leftovers(self, before: dict[str, bytes]) -> None:
        after = _lying_there(self._path)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                how = "was left behind" if name not in before else "is gone" if name not in after else "was changed"
                self._violated(f"it was refused, but {name.removeprefix(self._path.name) or 'the file'} {how}")

    @contextmanager
    def _typed(self, doing: str) -> Iterator[None]:
        try:
            yield
        except TYPED as typed:
            self._tally.told[type(typed).__name__] += 1
        except BaseException as error:  # noqa: BLE001  as above
            self._wrong(doing, error)

    def _wrong(self, doing: str, error: BaseException) -> None:
        self._violated(f"{doing} raised {type(error).__name__}: {str(error)[:120]} {_place_of(error)}")

    def _violated(self, what: str) -> None:
        self._tally.violations.append(f"{self._what}: {what}")


_READS: Final[dict[str, Callable[[adc.SqliteQueue], object]]] = {
    "counts": lambda queue: queue.counts(),
    "paused": lambda queue: queue.paused(),
    "runners": lambda queue: queue.runners(),
    "events": lambda queue: queue.events(),
    "look in a queue": lambda queue: queue.look(queue="mail", limit=5),
    "look due": lambda queue: queue.look(due_before=MOMENT),
}
_TELLS: Final[dict[str, Callable[[adc.SqliteQueue, adc.Xid], object]]] = {
    "history": lambda queue, jid: queue.history(jid),
    "job_at": lambda queue, jid: queue.job_at(jid, 1),
    "explain": lambda queue, jid: queue.explain(jid),
    "export": lambda queue, jid: queue.export(jid),
    "result": lambda queue, jid: queue.result(KIND, jid),
}
_CHANGES: Final[dict[str, Callable[[adc.SqliteQueue, adc.Xid], object]]] = {
    "reschedule": lambda queue, jid: queue.reschedule(jid, priority=3),
    "redrive": lambda queue, jid: queue.redrive(jid),
    "unschedule": lambda queue, jid: queue.unschedule_job(KIND, jid),
    "cancel": lambda queue, jid: queue.cancel_job(jid),
    "erase": lambda queue, jid: queue.erase(jid),
}
_CHANGES_OF_ALL: Final[dict[str, Callable[[adc.SqliteQueue], object]]] = {
    "pause": lambda queue: queue.pause("default"),
    "resume": lambda queue: queue.resume("mail"),
    "prune": lambda queue: queue.prune(done_before=MOMENT),
}


def _lying_there(path: Path) -> dict[str, bytes]:
    """Only while no connection is open: closing a file drops all its locks."""
    names = [path, *(path.with_name(path.name + beside) for beside in BESIDE)]
    return {each.name: each.read_bytes() for each in names if each.exists()}


def _place_of(error: BaseException) -> str:
    """Where it came from: the last frame of adc's own."""
    place, trace = "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if "/adc/" in code.co_filename:
            place = f"({code.co_filename.rpartition('/adc/')[2]}:{trace.tb_lineno})"
        trace = trace.tb_next
    return place
