"""The raw loop, as a system: one transaction for each call."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import apsw

from tests.benchmarks.raw import Raw
from tests.benchmarks.systems.protocol import Durability, Handle, OneByOne, System


class RawLoop(OneByOne):
    """A handler is given the id instead of the payload, which is constant."""

    def __init__(self, folder: Path, durability: Durability) -> None:
        self.raw = Raw(folder / "jobs.db", durability)

    def put(self, payload: str, /) -> None:
        self.raw.schedule(1, payload.encode())

    def put_many(self, payloads: Sequence[str], /) -> None:
        self.raw.schedule(len(payloads))

    def run_one(self, handle: Handle, /) -> bool:
        claimed = self.raw.turn((), 1)
        if claimed:
            handle(claimed[0][0])
            self.raw.turn(claimed, 0)
        return bool(claimed)

    def close(self) -> None:
        self.raw.connection.close()


SYSTEM: Final = System(
    "raw", RawLoop, f"of SQLite {apsw.sqlite_lib_version()}", is_peer=False, is_shared=False, has_bulk=True
)
