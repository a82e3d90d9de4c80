"""A process that prunes a queue into an archive, and is killed at a point of that: PATH, ARCHIVE and POINT."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from adc.core.instants import Instant, Span
from adc.ports.store import Writing
from adc.stores.sqlite.opening import open_store
from adc.stores.sqlite.pruning import Asked, Pruner
from adc.stores.sqlite.unguarded import unguarded

POINTS: Final = ("archived", "taken", "committed")
"""What the archive has isn't taken yet; it is taken, but that isn't committed; and it is. Each in the second batch."""
MOMENT: Final = Instant(2_000)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def prune(path: str, archive: str, point: str) -> None:
    with closing(open_store(path, "normal", Span(0))) as store:
        transactions = 0

        @contextmanager
        def writing() -> Iterator[Writing]:
            nonlocal transactions
            transactions += 1
            if transactions == 2 and point == "archived":
                die()
            with store.writing() as opened:
                yield opened
                if transactions == 2 and point == "taken":
                    die()
            if transactions == 2:
                die()

        connection = store._connection
        with unguarded(connection):
            Pruner(connection, path, writing).prune(Asked(MOMENT, MOMENT, "victim", None, archive))


if __name__ == "__main__":
    prune(*sys.argv[1:])
