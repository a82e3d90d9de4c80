"""litequeue: a table with a status."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from litequeue import LiteQueue

from tests.benchmarks.systems.protocol import Durability, Handle, OneByOne, System


class Litequeue(OneByOne):
    """It knows NORMAL; FULL is set on its connection."""

    def __init__(self, folder: Path, durability: Durability) -> None:
        self._queue = LiteQueue(str(folder / "queue.db"))
        self._queue.conn.execute(f"PRAGMA synchronous = {durability}")

    def put(self, payload: str, /) -> None:
        self._queue.put(payload)

    def run_one(self, handle: Handle, /) -> bool:
        message = self._queue.pop()
        if message is None:
            return False
        handle(message.data)
        self._queue.done(message.message_id)
        return True

    def close(self) -> None:
        self._queue.close()


SYSTEM: Final = System(
    "litequeue",
    Litequeue,
    version("litequeue"),
    remark="nobody gets the job of a process that died",
    is_shared=False,
)
