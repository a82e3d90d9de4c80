"""Whence: the commit that a run of the faults is of."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def commit_of() -> str:
    """The commit's id, with a + if files differ from it; empty: this is no working copy."""
    command = ["git", "describe", "--always", "--abbrev=12", "--dirty=+"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def memory() -> str | None:
    """A directory in memory, if there is one: what is tried is what SQLite asks of a disk, not what one does."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
