"""Mutants of the shell: the suite must notice each of these changes to adc; says which test does, and how fast.

python -m tests.faults.mutants [NAME ...] [--processes 1] [--json FILE]
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.faults.counting import Counting, options
from tests.faults.mutants.killing import KILLERS, kill


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(KILLERS), metavar="NAME", help=", ".join(KILLERS))
    parser.add_argument("--processes", type=int, default=1)
    options(parser)
    chosen = parser.parse_args()
    counting = Counting("mutants", chosen.seed)
    with ThreadPoolExecutor(chosen.processes) as pool:
        for killed in pool.map(kill, chosen.names):
            print(f"{killed.name}: {killed.by or 'lives'}, {killed.seconds:.0f} s", flush=True)
            counting.count("mutants")
            counting.count("killed", bool(killed.by))
            counting.wrong([] if killed.by else [f"{killed.name} lives"])
    return counting.end(chosen.json, " ".join(chosen.names))


if __name__ == "__main__":
    sys.exit(main())
