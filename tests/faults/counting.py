"""Counting: what a fault program came to, in figures, for people, for a file and for the program that runs them all."""

import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from msgspec import Struct, json

from tests.faults.whence import ROOT, commit_of

MOST_SHOWN: Final = 20
"""Violations; the file has all of them."""
LIMIT: Final = 120
"""In seconds, for a program in a test."""


class Outcome(Struct, frozen=True):
    """What is written to the file of `--json`."""

    name: str
    seed: int
    commit: str
    """With a + if files differ from it; "unknown": this is no working copy."""
    seconds: float
    counters: dict[str, float]
    violations: list[str]
    missing: list[str] = []
    """What wasn't tried, since this machine hasn't got what it needs."""


def options(parser: ArgumentParser) -> None:
    """Those that all fault programs have."""
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")


@dataclass
class Counting:
    """One run of a fault program, from its first moment to its exit code."""

    name: str
    seed: int = 0
    counters: dict[str, float] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def count(self, name: str, by: float = 1) -> None:
        self.counters[name] = self.counters.get(name, 0) + by

    def count_all(self, figures: Mapping[str, float], prefix: str = "") -> None:
        for name, by in figures.items():
            self.count(prefix + name, by)

    def count_report(self, report: Mapping[str, object]) -> None:
        """The numbers in a report, and those in its mappings."""
        for name, said in report.items():
            if isinstance(said, int | float):
                self.count(name.replace("_", " "), said)
            elif isinstance(said, Mapping):
                self.count_report({f"{name} {key}": value for key, value in said.items()})

    def wrong(self, violations: Iterable[str]) -> None:
        self.violations += violations

    def end(self, file: Path | None, again: str, *, figures: bool = True) -> int:
        """Tell it, and write it: the exit code, which is 1 if there is a violation.

        `again` are the arguments that show a violation again, without the seed.
        """
        outcome = Outcome(
            self.name,
            self.seed,
            commit_of() or "unknown",
            round(time.monotonic() - self.began, 1),
            self.counters,
            self.violations,
            self.missing,
        )
        if file is not None:
            file.write_bytes(json.format(json.encode(outcome)) + b"\n")
        print(*told(outcome, again, figures=figures), sep="\n", flush=True)
        return 1 if outcome.violations else 0


def outcome_of(program: str, *chosen: str) -> Outcome:
    """What a fault program comes to, run as people run it; AssertionError if it ends with another code than 0."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outcome.json"
        command = [sys.executable, "-m", f"tests.faults.{program}", *chosen, "--json", str(file)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LIMIT)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return json.decode(file.read_bytes(), type=Outcome)


def told(outcome: Outcome, again: str, *, figures: bool) -> Iterable[str]:
    """In a few lines."""
    said = ", ".join(f"{name} {value:g}" for name, value in outcome.counters.items()) if figures else "done"
    yield f"{outcome.name}: {said}; seed {outcome.seed}, {outcome.seconds:.0f} s"
    yield from (f"MISSING: {each}" for each in outcome.missing)
    yield from (f"WRONG: {each}" for each in outcome.violations[:MOST_SHOWN])
    if outcome.violations:
        yield f"{len(outcome.violations)} in all; commit {outcome.commit}"
        yield f"again: python -m tests.faults.{outcome.name} --seed {outcome.seed} {again}".rstrip()
