"""The systems by name; a peer takes part where it is installed: pip install -e '.[bench]'."""

from importlib import import_module
from typing import Final

from tests.benchmarks.systems.protocol import System

OURS: Final = ("raw", "adc")
PEERS: Final = ("localqueue", "huey", "litequeue", "persistqueue", "simplebroker")
TAKING: Final = ("huey", "simplebroker")
"""Those that take a job away before it runs: a crash loses it, and they have less to do."""


def known(name: str) -> System:
    """Its module is imported only now: a process that measures memory shall hold no other system."""
    found: System = import_module(f"tests.benchmarks.systems.with_{name}").SYSTEM
    return found


def installed() -> tuple[System, ...]:
    """All that can be measured here, the raw loop first."""
    found = [known(name) for name in OURS]
    for name in PEERS:
        try:
            found.append(known(name))
        except ModuleNotFoundError:
            print(f"{name} isn't installed, and takes no part")
    return tuple(found)
