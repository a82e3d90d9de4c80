"""Backlogs: whether a claim slows down with what waits already, whatever its shape."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Final

import adc
from adc.core.instants import Instant
from adc.ports.store import Wanted
from tests.benchmarks.figures import Figure
from tests.benchmarks.rounds import RATE, Setting
from tests.benchmarks.shapes import NOTHING_DUE, SHAPES, Shape, make
from tests.benchmarks.systems.protocol import PAYLOAD, Opened, System, nothing

DUE: Final = Instant(1_799_000_000_000_000)
LOOKS: Final = 50
BESIDE: Final = 50
"""A runner that is stopped has begun a few more."""
PATIENCE_SECONDS: Final = 5.0
"""So long a peer is asked for jobs; then what it did is counted."""
ANEW: Final = 10_000
"""A backlog that is smaller is made anew each time; of a larger one it doesn't matter that a few are gone."""


def backlogs(setting: Setting) -> Iterator[Figure]:
    """Claim and complete, by ten threads; or find that nothing is due. NORMAL, so that no disk hides the work."""
    for shape in (*SHAPES, *NOTHING_DUE):
        found: dict[tuple[str, str], list[float]] = {}
        with tempfile.TemporaryDirectory(dir=setting.folder) as folder:
            paths = {size: Path(folder) / f"{size}" / "jobs.db" for size in setting.backlogs}
            for _ in range(setting.rounds):
                for size, path in paths.items():
                    for measure, value in _measures(setting, shape, size, path).items():
                        found.setdefault((f"adc, {shape.name}, {size:,}", measure), []).append(value)
        for (name, measure), values in found.items():
            remark = f"{setting.log} events a job in the log" if shape.is_log else ""
            yield Figure("backlogs", "normal", setting.jobs, name, measure, tuple(values), remark)
    for peer in setting.peers:
        if peer.has_bulk:
            yield from _of_peer(setting, peer)


def _measures(setting: Setting, shape: Shape, size: int, path: Path) -> dict[str, float]:
    to_claim = (setting.jobs + BESIDE) * setting.rounds
    if size <= ANEW:
        shutil.rmtree(path.parent, ignore_errors=True)
    if not path.exists():
        path.parent.mkdir()
        make(path, shape, setting.log * size if shape.is_log else size, to_claim)
    with closing(adc.SqliteQueue.open(path, durability="normal")) as queue:
        if shape in NOTHING_DUE:
            return _empty_claims(queue, shape)
        return {RATE: _claims(queue, shape, min(setting.jobs, size))}


def _claims(queue: adc.SqliteQueue, shape: Shape, jobs: int) -> float:
    """Jobs a second, from the first that begins to the last."""
    router, moments, lock = adc.RunnerRouter(), list[float](), Lock()

    def run(job: adc.Job[bytes]) -> None:
        with lock:
            moments.append(time.perf_counter())
            if len(moments) == jobs:
                runner.stop()

    for kind in shape.kinds:
        router.add_job_handler(adc.JobKind(kind, bytes), run)
    runner = adc.JobRunner(queue, router)
    runner.run()
    return (jobs - 1) / (moments[jobs - 1] - moments[0])


def _empty_claims(queue: adc.SqliteQueue, shape: Shape) -> dict[str, float]:
    """Milliseconds of a claim that finds nothing, in its transaction, and of the look of an idle runner."""
    wanted = Wanted(("default",), tuple((kind, 1) for kind in shape.kinds))
    began = time.perf_counter()
    for _ in range(LOOKS):
        with queue.store.writing() as writing:
            assert not writing.due(wanted, DUE, 10)
    claimed = time.perf_counter()
    for _ in range(LOOKS):
        queue.store.next_due(wanted)
    looked = time.perf_counter()
    return {"ms a claim": (claimed - began) / LOOKS * 1000, "ms a look": (looked - claimed) / LOOKS * 1000}


def _of_peer(setting: Setting, peer: System) -> Iterator[Figure]:
    """What is all due, one by one: its backlog is made once for all rounds."""
    for size in setting.backlogs:
        with (
            tempfile.TemporaryDirectory(dir=setting.folder) as folder,
            closing(peer.open(Path(folder), "normal")) as queue,
        ):
            for _ in range(0, size, 1_000):
                queue.put_many([PAYLOAD] * 1_000)
            lot = min(setting.jobs, size // setting.rounds)
            values = tuple(_by_hand(queue, lot) for _ in range(setting.rounds))
        yield Figure("backlogs", "normal", setting.jobs, f"{peer.name}, all due, {size:,}", RATE, values)


def _by_hand(queue: Opened, jobs: int) -> float:
    began = time.perf_counter()
    done = 0
    while done < jobs and time.perf_counter() - began < PATIENCE_SECONDS:
        done += queue.run_one(nothing)
    return done / (time.perf_counter() - began)
