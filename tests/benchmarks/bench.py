"""Measure speed: adc beside other queues in SQLite and a raw loop; all, or the workloads that are named.

python -m tests.benchmarks.bench [NAME ...] [--jobs 2000] [--rounds 5] [--out docs]
"""

import argparse
import os
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import apsw

from tests.benchmarks.figures import Measured
from tests.benchmarks.page import keep, sanity, write
from tests.benchmarks.rounds import Setting
from tests.benchmarks.systems.known import installed
from tests.benchmarks.tables import tables, targets_table
from tests.benchmarks.targets import verdicts
from tests.benchmarks.workloads import TITLES, WORKLOADS

DOCS: Final = Path(__file__).parent.parent.parent / "docs"


def machine() -> str:
    """What the figures depend on."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}"
    )


def measure(name: str, setting: Setting) -> Measured:
    """Run a workload, and print what came of it."""
    print(f"\n{name}: {TITLES[name]}\n", flush=True)
    began = time.monotonic()
    figures = tuple(WORKLOADS[name](setting))
    print("\n".join(tables(figures)))
    if (checked := sanity(figures)) is not None:
        print(checked)
    print("\n".join(targets_table(list(verdicts(figures)))))
    print(f"\n{time.monotonic() - began:.0f} s", flush=True)
    return Measured(name, datetime.now(UTC).date().isoformat(), machine(), setting.rounds, figures)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(WORKLOADS)}; none: all of them")
    parser.add_argument("--jobs", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--durability", choices=("normal", "full"), help="only this one")
    parser.add_argument("--backlogs", default="1000,100000,1000000", help="how many jobs wait, in each file")
    parser.add_argument("--log", type=int, default=10, help="events of a long log, times the size of the backlog")
    parser.add_argument("--samples", type=int, default=100, help="of each idle runner in each round of latency")
    parser.add_argument("--cold", type=float, default=10.0, help="seconds until an idle runner is cold")
    parser.add_argument("--folder", type=Path, help="where the files are made: on the disk that is to be measured")
    parser.add_argument("--out", type=Path, default=DOCS, help="the folder of benchmarks.md, its chart and its values")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}: there are {', '.join(WORKLOADS)}")
    return chosen


def main() -> None:
    chosen = arguments()
    setting = Setting(
        installed(),
        jobs=chosen.jobs,
        rounds=chosen.rounds,
        durabilities=("normal", "full") if chosen.durability is None else (chosen.durability,),
        folder=chosen.folder,
        backlogs=tuple(map(int, chosen.backlogs.split(","))),
        log=chosen.log,
        samples=chosen.samples,
        cold_seconds=chosen.cold,
    )
    for name in chosen.names or WORKLOADS:
        write(chosen.out, keep(chosen.out, [measure(name, setting)]), setting.systems)
    print(f"written: {chosen.out / 'benchmarks.md'}", file=sys.stderr)


if __name__ == "__main__":
    main()
