"""persist-queue: its queue with acknowledgements."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from persistqueue import Empty, SQLiteAckQueue

from tests.benchmarks.systems.protocol import Durability, Handle, OneByOne, System


class PersistQueue(OneByOne):
    """It knows FULL; NORMAL is set on the connection by which it writes."""

    def __init__(self, folder: Path, durability: Durability) -> None:
        self._queue = SQLiteAckQueue(str(folder), multithreading=True)
        self._queue._putter.execute(f"PRAGMA synchronous = {durability}")

    def put(self, payload: str, /) -> None:
        self._queue.put(payload)

    def run_one(self, handle: Handle, /) -> bool:
        try:
            item = self._queue.get(block=False, raw=True)
        except Empty:
            return False
        handle(item["data"])
        self._queue.ack(id=item["pqid"])
        return True

    def close(self) -> None:
        self._queue.close()


SYSTEM: Final = System(
    "persistqueue",
    PersistQueue,
    version("persist-queue"),
    remark="processes that share a file get the same job",
)
