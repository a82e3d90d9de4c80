"""Mutants: the simulation must notice each of these changes to adc; says by which seed.

python -m tests.simulation.mutants [NAME ...] [--seeds 20000] [--processes 1]
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.simulation.mutants.killing import NAMES, Killed, kill


def told(name: str, killed: Killed | None, seeds: int) -> str:
    """For people."""
    return f"{name}: lives after {seeds} seeds" if killed is None else f"{name}: seed {killed.seed}: {killed.why}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--seeds", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args()
    living = 0
    with ThreadPoolExecutor(chosen.processes) as pool:
        for name, killed in zip(
            chosen.names, pool.map(lambda name: kill(name, chosen.seeds), chosen.names), strict=True
        ):
            print(told(name, killed, chosen.seeds), flush=True)
            living += killed is None
    print(f"{len(chosen.names) - living} of {len(chosen.names)} mutants are killed")
    return 1 if living else 0


if __name__ == "__main__":
    sys.exit(main())
