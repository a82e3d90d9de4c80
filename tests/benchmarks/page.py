"""Page: all that was measured last, as docs/benchmarks.md, with its chart and the values of each round beside it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.benchmarks.chart import chart
from tests.benchmarks.figures import Figure, Measured, ratio
from tests.benchmarks.systems.protocol import System
from tests.benchmarks.tables import tables, targets_table
from tests.benchmarks.targets import verdicts
from tests.benchmarks.workloads import TITLES

SANE: Final = 2.4
"""So many times faster than localqueue the raw loop was elsewhere, one job at a time at NORMAL."""

HEAD: Final = """# Benchmarks

How fast adc is, beside other queues in SQLite and beside SQLite itself: `raw` is a loop that runs adc's own statements
by hand, with constant values, no Python objects and no rules. What it reaches is the limit.

All contestants of a table were measured in one run, in turn, round after round; figures are medians, and so are ratios,
of what they were in each round. Only what is equally durable is compared: with FULL each commit is on the disk when its
call returns, with NORMAL a power cut may undo the last moments. Machines differ, and so do moments of one machine:
**the ratios count**. The other queues write one row a job and no event; adc writes an event for every change.

Run it with `pip install -e '.[bench]'` and `just bench`, or `just bench drain` for one workload. The values of each
round are in [benchmarks.json](benchmarks.json).

![Jobs a second, by workload and system](benchmarks.svg)
"""


def keep(folder: Path, measured: Sequence[Measured]) -> list[Measured]:
    """What is known of all workloads, with these instead of what was known of them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "benchmarks.json"
    old = msgspec.json.decode(path.read_bytes(), type=list[Measured]) if path.exists() else []
    by_name = {each.workload: each for each in (*old, *measured)}
    kept = [by_name[name] for name in TITLES if name in by_name]
    path.write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    return kept


def write(folder: Path, measured: Sequence[Measured], systems: Sequence[System]) -> None:
    """The page and its chart."""
    figures = [figure for each in measured for figure in each.figures]
    (folder / "benchmarks.svg").write_text(chart(figures))
    (folder / "benchmarks.md").write_text("\n".join(_page(measured, figures, systems)))


def sanity(figures: Sequence[Figure]) -> str | None:
    """Whether the raw loop is as fast as it should be: else all ratios to it would flatter, or shame."""
    found = {each.contestant: each for each in figures if each.workload == "drain" and each.durability == "normal"}
    if "raw" not in found or "localqueue" not in found:
        return None
    times = ratio(found["raw"], found["localqueue"])
    return f"The raw loop, one job at a time: {times:.1f} x localqueue; elsewhere it was {SANE}."


def _page(measured: Sequence[Measured], figures: Sequence[Figure], systems: Sequence[System]) -> Iterator[str]:
    yield HEAD
    yield f"Peers: {', '.join(f'{each.name} {each.version}' for each in systems if each.is_peer)}."
    yield "honker isn't among them: its package is built with crates that aren't on PyPI."
    yield ""
    yield "## What adc shall reach"
    yield ""
    yield from targets_table(list(verdicts(figures)))
    for each in measured:
        yield ""
        yield f"## {TITLES[each.workload]}"
        yield ""
        yield f"`just bench {each.workload}`, {each.on}, {each.machine}."
        yield ""
        yield from tables(each.figures)
        if each.workload == "drain" and (checked := sanity(each.figures)) is not None:
            yield checked
