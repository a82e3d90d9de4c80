"""Whence: the commit that a run of the faults is of."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def commit_of() -> str:
    """The commit's id, with a + if files differ from it; empty: this is no working copy."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--abbrev=12", "--dirty=+"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()
