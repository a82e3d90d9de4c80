"""Idle: a process that runs one system's runner, and tells how long ago each job was scheduled.

python -m tests.benchmarks.idle SYSTEM FOLDER full|normal
"""

import os
import sys
import time
from pathlib import Path

from tests.benchmarks.systems.known import known


def tell(payload: str) -> None:
    """The payload begins with the moment before its job was scheduled; all processes have the same monotonic clock."""
    os.write(1, b"%d\n" % (time.monotonic_ns() - int(payload.split(maxsplit=1)[0])))


def main() -> None:
    name, folder, durability = sys.argv[1:]
    known(name).open(Path(folder), "full" if durability == "full" else "normal").serve(tell)


if __name__ == "__main__":
    main()
