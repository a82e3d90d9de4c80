"""Parts: all programs of the fault suite, what each shows, and its share of the time."""

from typing import Final, NamedTuple


class Part(NamedTuple):
    """One program, as `just faults` runs it."""

    name: str
    program: str
    """The module, with its arguments."""
    shows: str
    cores: int = 1
    """Those with 2 have two processes of their own, or measure time: they run alone. The longest of the others is
    first."""


FAULTS: Final = "tests.faults."

PARTS: Final = (
    Part("power cuts", "powercut --states 200000 --processes 2", "what a power cut leaves on the disk", 2),
    Part("power cuts, sync off", "powercut --states 2000 --control off", "the control: it must fail", 2),
    Part("power cuts, a lying disk", "powercut --states 2000 --control lie", "the control: it must fail", 2),
    Part(
        "kills", "kills --kills 1000 --stops 200 --every 0.1", "kill -9 and SIGSTOP of producers and runners, at random"
    ),
    Part("calls that fail", "nth_call", "an error at each call of SQLite to the system, in each operation"),
    Part("kills at system calls", "system_calls", "kill -9 at each system call that touches the files", 2),
    Part("herd", "herd", "64 idle runners, 8 that claim, 8 that write", 2),
    Part("simulation", "simulation --seeds 15000 --processes 2", "seeds of runners, clocks and faults, in memory", 2),
    Part("simulation, SQLite", "simulation --seeds 5000 --processes 2 --store sqlite", "the same on the real store", 2),
    Part("two stores", "differential --steps 50000", "the same on two stores: answers, events, states, errors"),
    Part("small scope", "small_scope --depth 10", "all orders of 2 runners and 2 jobs"),
    Part("cramped", "cramped", "full disks, quotas, read-only files"),
    Part("memory", "memory --limits 50", "no memory, in each operation and in handlers"),
    Part("locks", "locks --cases 200", "what drops locks, and foreign programs"),
    Part("handlers", "handlers", "handlers that raise, exit, fork, close and change what they can"),
    Part("hostile files", "hostile --files 20000 --processes 2", "damaged and hostile files", 2),
    Part("hostile inputs", "inputs --seconds 30 --processes 2", "mutated bytes for each decoder", 2),
    Part("flips", "flips", "verify against flipped bits and edited cells"),
)
CONTROLS: Final = frozenset({"power cuts, sync off", "power cuts, a lying disk"})
"""Those that must find something wrong: they show that the others could."""


def command_of(part: Part) -> list[str]:
    """The arguments of Python."""
    module, *arguments = part.program.split()
    return ["-m", "tests.simulation" if module == "simulation" else FAULTS + module, *arguments]
