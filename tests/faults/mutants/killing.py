"""Killing: a copy of adc with one change in it, and the tests that must notice."""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from msgspec import Struct

HERE: Final = Path(__file__).parent
TREE: Final = HERE.parent.parent.parent
PATIENCE: Final = 180
"""In seconds: who doesn't come to an end is noticed, too."""

ENDLESS: Final = "the tests came to no end"

KILLERS: Final[dict[str, str]] = {
    "a-job-that-is-over-keeps-its-row": "tests/stores/test_sqlite_exam.py",
    "acknowledged-though-the-commit-failed": "tests/stores/sqlite/test_commits_that_fail.py",
    "deferred-begin": "tests/stores/sqlite/test_transactions.py",
    "descriptors-unwatched": "tests/stores/sqlite/test_descriptors.py",
    "event-outside-the-transaction": "tests/stores/test_sqlite_exam.py",
    "has-moved-skipped": "tests/stores/sqlite/test_descriptors.py",
    "insert-or-replace": "tests/test_house.py::test_the_log_is_written_without_conflict_clauses",
    "keys-unseen-by-the-outbox": "tests/outbox/test_outbox.py",
    "marks-unread": "tests/faults/test_locks.py",
    "no-look-after-the-commit": "tests/stores/sqlite/test_marks.py",
    "no-pid-guard": "tests/stores/sqlite/test_forks.py",
    "no-version-fence": "tests/stores/test_sqlite_exam.py",
    "not-settled-by-the-digest": "tests/stores/sqlite/test_commits_that_fail.py",
    "rescue-unconditional": "tests/test_rescuing.py",
    "strangers-welcome": "tests/stores/sqlite/test_strangers.py",
    "synchronous-normal": "tests/faults/test_powercut.py",
    "used-again-after-a-failed-sync": "tests/stores/sqlite/test_commits_that_fail.py",
}
"""By the name of a patch, the part of the suite that must notice."""


class Kill(Struct, frozen=True):
    """What came of one mutant."""

    name: str
    by: str
    """The first test that failed; empty: none did, and it lives."""
    seconds: float


def copied(folder: Path) -> None:
    """All that the tests need."""
    unwanted = shutil.ignore_patterns("__pycache__", "mutants", "benchmarks")
    for name in ("adc", "tests"):
        shutil.copytree(TREE / name, folder / name, ignore=unwanted)
    shutil.copy(TREE / "pyproject.toml", folder)


def mutate(folder: Path, name: str) -> None:
    """Apply the patch of that name; raises CalledProcessError if it doesn't fit any more."""
    patch = HERE / f"{name}.patch"
    command = ["git", "apply", str(patch)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)


def kill(name: str) -> Kill:
    """Whether its part of the suite notices."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        copied(folder)
        mutate(folder, name)
        by = first_failure(folder, KILLERS[name])
    if by and by != ENDLESS and first_failure(TREE, by):
        raise RuntimeError(f"{name}: {by} fails without any change too")
    return Kill(name, by, time.monotonic() - began)


def first_failure(folder: Path, tests: str) -> str:
    """In a tree; empty: there is none."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb", "no", tests]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return ENDLESS
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    if done.returncode not in (0, 1) or (done.returncode and not failed):
        raise RuntimeError(f"{tests} didn't run: {done.stdout[-600:]}{done.stderr[-600:]}")
    return failed[0].partition(" ")[2].partition(" - ")[0] if failed else ""
