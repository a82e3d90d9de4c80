"""Killing: a copy of adc with one change in it, and the seeds that notice it."""

import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
TREE: Final = HERE.parent.parent.parent
NAMES: Final = tuple(sorted(patch.stem for patch in HERE.glob("*.patch")))

FAILED: Final = re.compile(r"^seed (\d+): .*?([^\n]+)\npython -m", re.MULTILINE | re.DOTALL)


@dataclass
class Killed:
    """By which seed, and how that broke."""

    seed: int
    why: str


def copied(folder: Path) -> None:
    """The parts of the tree that the simulation needs."""
    unwanted = shutil.ignore_patterns("__pycache__", "mutants", "test_*")
    shutil.copytree(TREE / "adc", folder / "adc", ignore=unwanted)
    shutil.copytree(TREE / "tests" / "simulation", folder / "tests" / "simulation", ignore=unwanted)


def mutate(folder: Path, name: str) -> None:
    """Apply the patch of that name; raises CalledProcessError if it doesn't fit any more."""
    patch = HERE / f"{name}.patch"
    subprocess.run(["git", "apply", str(patch)], cwd=folder, check=True, capture_output=True, text=True)


def kill(name: str, seeds: int) -> Killed | None:
    """The first seed that notices; None: none of so many does."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        copied(folder)
        mutate(folder, name)
        killed = broken(folder, 0, seeds)
    if killed is not None and (without := broken(TREE, killed.seed, 1)) is not None:
        raise RuntimeError(f"{name}: seed {killed.seed} fails without any change too: {without.why}")
    return killed


def broken(folder: Path, first: int, seeds: int) -> Killed | None:
    """What breaks first in a tree."""
    command = [sys.executable, "-m", "tests.simulation", "--first", str(first), "--seeds", str(seeds), "--enough", "1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = FAILED.search(done.stdout)
    if found is None and done.returncode:
        raise RuntimeError(f"the simulation didn't run: {done.stdout}{done.stderr}")
    return None if found is None else Killed(int(found[1]), found[2][:200])
