"""Faults: all programs of the fault suite, one after another, into one file of figures and one page of the docs.

python -m tests.faults [NAME ...] [--seed 0] [--json FILE] [--page docs/faults.md]
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from tests.faults.counting import Outcome
from tests.faults.page import Run, page
from tests.faults.parts import CONTROLS, PARTS, Part, command_of
from tests.faults.whence import ROOT

PAGE: Final = ROOT / "docs" / "faults.md"
FIGURES: Final = ROOT / "build" / "faults.json"
LIMIT: Final = 900
"""In seconds, for each part."""


def run(part: Part, seed: int, folder: Path) -> Run:
    """One part, to its end; what it prints is shown when it has ended."""
    file, began = folder / f"{part.name}.json", time.monotonic()
    seeded = [] if "simulation" in part.program else ["--seed", str(seed)]
    command = [sys.executable, *command_of(part), *seeded, "--json", str(file)]
    try:
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT, check=False)
        code, said = ended.returncode, ended.stdout + ended.stderr
    except subprocess.TimeoutExpired as late:
        code, said = 124, f"it took more than {LIMIT} s\n{(late.stdout or b'').decode()[-2_000:]}"
    outcome = msgspec.json.decode(file.read_bytes(), type=Outcome) if file.exists() else None
    failed = code == 0 if part.name in CONTROLS else code != 0
    print(
        f"\n== {part.name}, {time.monotonic() - began:.0f} s{': FAILED' if failed else ''}\n{said.strip()}", flush=True
    )
    return Run(part.name, outcome, round(time.monotonic() - began, 1), failed, datetime.now(UTC).date().isoformat())


def all_of(parts: Sequence[Part], seed: int) -> list[Run]:
    """Those that need one core two at a time, then the others, each alone."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        small = [part for part in parts if part.cores == 1]
        runs = list(pool.map(lambda part: run(part, seed, Path(folder)), small))
        runs += [run(part, seed, Path(folder)) for part in parts if part.cores > 1]
    return runs


def keep(file: Path, runs: Sequence[Run]) -> dict[str, Run]:
    """Put them into the file of figures, in the place of what it has of the same parts: all that it has then."""
    kept = msgspec.json.decode(file.read_bytes(), type=dict[str, Run]) if file.exists() else {}
    kept |= {each.part: each for each in runs}
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(kept)) + b"\n")
    return kept


def machine() -> str:
    """What the figures depend on."""
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [part.name for part in PARTS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; none: all of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=FIGURES)
    parser.add_argument("--page", type=Path, default=PAGE, help="written once all parts are in the file of figures")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - set(names):
        parser.error(f"no part {', '.join(sorted(unknown))}: there are {', '.join(names)}")
    began = time.monotonic()
    runs = all_of([part for part in PARTS if part.name in (chosen.names or names)], chosen.seed)
    kept = keep(chosen.json, runs)
    if all(name in kept for name in names):
        chosen.page.write_text(page([kept[name] for name in names], machine()))
    failed = [each.part for each in runs if each.failed]
    seconds = time.monotonic() - began
    print(f"\n{len(runs)} parts in {seconds:.0f} s; failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
