"""System calls: a process is killed at calls that touch its files, by strace; nothing acknowledged is lost.

python -m tests.faults.system_calls [--every 3] [--json FILE]
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import adc
from adc.stores.sqlite.verifying import verify_file
from tests.faults.counting import Counting, options
from tests.faults.day import DATABASE, KIND, MOMENT
from tests.faults.whence import ROOT, memory

CALLS: Final = (
    *("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "openat", "fcntl", "close"),
    *("mmap", "munmap", "pread64", "lseek", "newfstatat", "fstat"),
)
ACKNOWLEDGED: Final = "acknowledged"
KILLED: Final = -9
MOST: Final = 400


@dataclass
class Report:
    """What came of it, in figures, and what isn't as it must be."""

    kills: int = 0
    acknowledged: int = 0
    by_call: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


def live(folder: Path) -> None:
    """All public operations once; each job that is acknowledged is written down, outside of what is killed."""
    acknowledged = (folder / ACKNOWLEDGED).open("a", buffering=1)
    with adc.SqliteQueue.open(folder / DATABASE) as queue:
        for number in range(4):
            print("scheduled", queue.schedule(KIND.new(f"{number}")), file=acknowledged)
        claimed = queue.poll_next(KIND, at=MOMENT)
        assert claimed is not None
        claimed.complete("done")
        print("done", claimed.job.jid, file=acknowledged)
        claimed = queue.poll_next(KIND, at=MOMENT)
        assert claimed is not None
        claimed.fail(adc.Permanent("no"))
        print("dead", claimed.job.jid, file=acknowledged)
        queue.redrive(claimed.job.jid)
        queue.pause("mail")
        queue.cancel_job(queue.schedule(KIND.new("unwanted")))
        for row in queue.look(state="done"):
            queue.erase(row.jid)
        queue.prune(done_before=MOMENT, archive=folder / "old.db")


def strace(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    files = [
        each for suffix in ("", "-wal", "-shm", "-journal", "-adc") for each in ("-P", f"{folder / DATABASE}{suffix}")
    ]
    script = f"from pathlib import Path; from tests.faults.system_calls import live; live(Path({str(folder)!r}))"
    command = ["strace", "-f", "-qq", *files, *options, sys.executable, "-c", script]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def counted(place: Path) -> dict[str, int]:
    """How often each call is made in one life."""
    folder = place / "counted"
    folder.mkdir()
    said = strace(folder, "-e", f"trace={','.join(CALLS)}").stderr
    names = re.findall(r"^(?:\[pid +\d+\] )?(\w+)\(", said, re.MULTILINE)
    return {call: names.count(call) for call in CALLS if call in names}


def kill(place: Path, call: str, number: int) -> tuple[str, int, int, list[str]]:
    """The call, whether it was killed, what was acknowledged, and what is wrong."""
    folder = place / f"{call}-{number}"
    folder.mkdir()
    ended = strace(folder, "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}")
    wrong, lines = list[str](), list[str]()
    try:
        if (folder / ACKNOWLEDGED).exists():
            lines = (folder / ACKNOWLEDGED).read_text().splitlines()
        wrong = [f"{call} {number}: {each}" for each in judged(folder, lines)]
    except Exception as error:  # noqa: BLE001  it is told
        wrong = [f"{call} {number}: {error!r}"]
    shutil.rmtree(folder)
    return call, int(ended.returncode in (KILLED, 137)), len(lines), wrong


def judged(folder: Path, lines: list[str]) -> Iterator[str]:
    with adc.SqliteQueue.open(folder / DATABASE) as queue:
        yield from map(str, queue.verify())
        jids = {row.jid for row in queue.look(limit=100)}
        archive = folder / "old.db"
        if archive.exists() and archive.stat().st_size:
            with adc.SqliteQueue.open(archive) as old:
                jids |= {row.jid for row in old.look(limit=100)}
            yield from map(str, verify_file(str(archive)))
        yield from (f"{line} was acknowledged, and is lost" for line in lines if line.split()[1] not in jids)
        queue.schedule(KIND.new("after"))


def points(counts: dict[str, int], every: int) -> Iterator[tuple[str, int]]:
    for call, times in counts.items():
        yield from ((call, number) for number in range(1, times + 1, every))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=0, help="every so many calls; 0: about 400 of all")
    options(parser)
    chosen = parser.parse_args()
    counting, report = Counting("system_calls", chosen.seed), Report()
    with tempfile.TemporaryDirectory(dir=memory()) as name:
        place = Path(name)
        counts = counted(place) if shutil.which("strace") else {}
        if not counts:
            counting.missing.append("strace, or ptrace, isn't there: nothing was killed at system calls")
        every = chosen.every or max(1, sum(counts.values()) // MOST)
        with ThreadPoolExecutor(2) as pool:
            for call, killed, acknowledged, wrong in pool.map(lambda point: kill(place, *point), points(counts, every)):
                report.kills += killed
                report.acknowledged += acknowledged
                report.by_call[call] = report.by_call.get(call, 0) + killed
                report.wrong += wrong
    counting.count_report(asdict(report))
    counting.wrong(report.wrong)
    return counting.end(chosen.json, "")


if __name__ == "__main__":
    sys.exit(main())
