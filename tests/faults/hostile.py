"""Hostile: files that were damaged, spliced, edited or made to deceive are opened and used as any other.

python -m tests.faults.hostile [--files 20000] [--seed 0] [--processes 2] [--json FILE]
python -m tests.faults.hostile --seed S --file N

Nothing may crash or hang; every exception is one of adc's own; no payload is given that wasn't scheduled; no code in
the file is run; and a file that is refused is left as it was. A file is made anew from its seed and number.
"""

import argparse
import faulthandler
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from tests.faults.counting import Counting, options
from tests.faults.hostile_files import make_hostile, material
from tests.faults.hostile_use import Tally, Use
from tests.faults.whence import memory

PATIENCE: Final = 60.0
"""So many seconds one file may take."""
MEMORY: Final = 4 << 30
RUN_EACH: Final = 5
"""Each so many files are for a runner, the others are polled by hand."""


def share(seed: int, numbers: Sequence[int], folder: Path, progress: Path | None = None) -> Tally:
    """These files, one after the other in one place."""
    made = material(folder)
    path = folder / "jobs.db"
    tally = Tally()
    for number in numbers:
        if progress is not None:
            progress.write_text(str(number))
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
        what = f"file {number}"
        try:
            what = f"file {number} ({make_hostile(path, made, Random(f'{seed}:{number}'), number)})"
        except Exception as error:  # noqa: BLE001  a file that can't be made is a fault of this program
            tally.violations.append(f"{what} can't be made: {type(error).__name__}: {error}")
            continue
        Use(path, what[:200], dict(made.payloads), tally).all_of_it(by_a_runner=number % RUN_EACH == 0)
    faulthandler.cancel_dump_traceback_later()
    return tally


def in_processes(seed: int, files: int, processes: int) -> Tally:
    """All of them, by processes that may crash: then another one goes on behind the file that did it."""
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=memory()) as folder:
        waiting = [_Share(Path(folder) / str(nth), seed, range(nth, files, processes)) for nth in range(processes)]
        for each in waiting:
            each.begin()
        for each in waiting:
            each.add_to(tally)
    return tally


class _Share:
    """What one process does."""

    def __init__(self, folder: Path, seed: int, numbers: range) -> None:
        folder.mkdir()
        self._folder, self._seed, self._left = folder, seed, numbers
        self._progress, self._result = folder / "progress", folder / "result.json"

    def begin(self) -> None:
        left = self._left
        command = [sys.executable, "-m", "tests.faults.hostile", "--seed", str(self._seed), "--share"]
        command += [*map(str, (left.start, left.stop, left.step)), str(self._folder)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)

    def add_to(self, tally: Tally) -> None:
        """Wait for it; and for those that go on."""
        while True:
            _, said = self._process.communicate()
            if self._process.returncode == 0:
                tally.add(
                    msgspec.json.decode(self._result.read_bytes(), type=Tally, dec_hook=lambda kind, given: kind(given))
                )
                return
            at = int(self._progress.read_text()) if self._progress.exists() else self._left.start
            tally.violations.append(f"file {at}: the process ended with {self._process.returncode}: {said[-2000:]}")
            self._left = range(at + self._left.step, self._left.stop, self._left.step)
            self.begin()

    @staticmethod
    def work(seed: int, numbers: range, folder: Path) -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        tally = share(seed, numbers, folder, folder / "progress")
        (folder / "result.json").write_bytes(msgspec.json.encode(tally))


def _counter(kind: type, read: object) -> object:
    """JSON has it as a plain dict."""
    return kind(read)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options(parser)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--file", type=int, help="only this one")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--share", nargs=4, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.share:
        start, stop, step = map(int, chosen.share[:3])
        _Share.work(chosen.seed, range(start, stop, step), Path(chosen.share[3]))
        return 0
    counting = Counting("hostile", chosen.seed)
    if chosen.file is None:
        tally = in_processes(chosen.seed, chosen.files, chosen.processes)
    else:
        with tempfile.TemporaryDirectory(dir=memory()) as folder:
            tally = share(chosen.seed, (chosen.file,), Path(folder))
    counting.count_all({"files": tally.refused.total() + tally.opened, "opened": tally.opened})
    counting.count_all(tally.refused, "refused as ")
    counting.count_all({"payloads as scheduled": tally.claimed, "findings of verify": tally.found.total()})
    counting.count_all(tally.told, "told by ")
    counting.wrong(tally.violations)
    return counting.end(chosen.json, "--file N, the number that it says")


if __name__ == "__main__":
    sys.exit(main())
