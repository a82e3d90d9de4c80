"""The page of the docs that says what the fault suite came to."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from tests.faults.counting import Outcome
from tests.faults.parts import CONTROLS, PARTS

BEGINNING: Final = """\
# Faults

What adc has been put through, and what came of it. `just faults` runs all of it again and writes this page; a few
seconds of each part are among the tests. A failure prints a seed and the commit, from which it is seen again; each one
that was found became a test of its own.

"""
UNCOVERED: Final = """
## What this doesn't cover

- **The model of a power cut.** What was written since the last sync of a file is there whole, not at all, in part, torn
  at 512 bytes, or in another order; names in a directory may be lost until it is synced. A disk that says that it has
  synced and hasn't is the control, which must fail: no software can help there. Not in the model: sectors that are
  neither old nor new, bits that rot while nobody writes (`adc verify` finds those), and file systems that order writes
  otherwise than POSIX lets them.
- **Kills at system calls** are those of one process; random kills are those of many.
- **One machine.** Nothing here is a network file system: those are refused.
- **Memory** is refused to SQLite, and to whole processes that have made their jobs before. msgspec's encoder ends the
  process where it gets none itself.
- **The simulation** has no wake-ups: runners are woken by their polls only.
"""
MOST_FIGURES: Final = 3
SHOWS: Final = {part.name: part.shows for part in PARTS}


class Run(Struct, frozen=True):
    """What came of a part."""

    part: str
    outcome: Outcome | None
    """None: it ended without one."""
    seconds: float
    failed: bool
    date: str


def page(runs: Sequence[Run], machine: str) -> str:
    """All of it, as Markdown."""
    latest = max(each.date for each in runs)
    return "".join(
        (
            BEGINNING,
            f"On {latest}, with {machine}: {len(runs)} parts, {_said_of_failed(runs)}.\n\n",
            "\n".join(_totals(runs)),
            "\n\n| part | shows | figures | violations | seconds | commit |\n| --- | --- | --- | ---: | ---: | --- |\n",
            "".join(map(_row, runs)),
            "".join(f"\nNot tried, in {name}: {what}.\n" for name, what in _missing(runs)),
            UNCOVERED,
        )
    )


def _said_of_failed(runs: Iterable[Run]) -> str:
    failed = [each.part for each in runs if each.failed]
    return f"**failed: {', '.join(failed)}**" if failed else "and none failed"


def _totals(runs: Sequence[Run]) -> Iterator[str]:
    """Load held, faults survived, bad inputs tried, and what was lost."""

    def total(*wanted: tuple[str, str]) -> int:
        return int(sum(_counter(runs, part, name) for part, name in wanted))

    load = total(("kills", "acknowledged"), ("herd", "claimed by 8 processes"), ("herd", "commits of 8 writers"))
    faults = total(
        ("power cuts", "states"),
        ("calls that fail", "points"),
        ("kills at system calls", "kills"),
        ("kills", "kills"),
        ("kills", "stops"),
        ("locks", "intruded"),
        ("cramped", "cases"),
        ("handlers", "cases"),
        ("memory", "cases"),
    )
    inputs = total(("hostile files", "files"), ("hostile inputs", "inputs"), ("flips", "flips"), ("flips", "edits"))
    found = sum(len(each.outcome.violations) for each in runs if each.outcome and each.part not in CONTROLS)
    yield "| load held | faults survived | bad inputs tried | violations, such as a lost job |"
    yield "| ---: | ---: | ---: | ---: |"
    yield f"| {load:,} jobs | {faults:,} | {inputs:,} | {found} |"


def _counter(runs: Iterable[Run], part: str, name: str) -> float:
    return sum(each.outcome.counters.get(name, 0) for each in runs if each.part == part and each.outcome)


def _row(run: Run) -> str:
    outcome = run.outcome
    counters = list(outcome.counters.items())[:MOST_FIGURES] if outcome is not None else []
    figures = ", ".join(f"{name} {value:,g}" if value < 1_000 else f"{name} {value:,.0f}" for name, value in counters)
    wrong = "none told" if outcome is None else f"{len(outcome.violations)}"
    if run.part in CONTROLS:
        wrong += ", as it must"
    mark = " **failed**" if run.failed else ""
    commit = outcome.commit if outcome is not None else ""
    return f"| {run.part}{mark} | {SHOWS[run.part]} | {figures} | {wrong} | {run.seconds:.0f} | {commit} |\n"


def _missing(runs: Iterable[Run]) -> Iterator[tuple[str, str]]:
    for each in runs:
        for what in each.outcome.missing if each.outcome is not None else ():
            yield each.part, what
