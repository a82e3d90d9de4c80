"""Alone: a process that holds nothing but one system, runs its jobs, and tells when the first began and what it holds.

python -m tests.benchmarks.alone SYSTEM FOLDER full|normal 1|all
"""

import sys
import time


def kib_held() -> int:
    """What of this process is in memory now."""
    with open("/proc/self/status") as status:  # noqa: PTH123  no other import than the system's
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def main() -> None:
    name, folder, durability, jobs = sys.argv[1:]
    moments: list[int] = []
    if name == "python":
        moments.append(time.monotonic_ns())
    else:
        from pathlib import Path

        from tests.benchmarks.systems.known import known

        queue = known(name).open(Path(folder), "full" if durability == "full" else "normal")

        def handle(_: str) -> None:
            if not moments:
                moments.append(time.monotonic_ns())

        if jobs == "1" and name != "adc":
            queue.run_one(handle)
        else:
            queue.drain(handle)
    print(moments[0], kib_held())


if __name__ == "__main__":
    main()
