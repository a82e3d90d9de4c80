"""localqueue: a queue in Rust, with leases and receipts."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from localqueue import DurabilityMode, Empty, SimpleQueue, Worker

from tests.benchmarks.systems.protocol import Durability, Handle, OneByOne, System


class Localqueue(OneByOne):
    def __init__(self, folder: Path, durability: Durability) -> None:
        mode = DurabilityMode.DURABLE if durability == "full" else DurabilityMode.RELAXED
        self._queue = SimpleQueue(str(folder), durability=mode)

    def put(self, payload: str, /) -> None:
        self._queue.put(payload)

    def put_many(self, payloads: Sequence[str], /) -> None:
        self._queue.put_many(list(payloads))

    def run_one(self, handle: Handle, /) -> bool:
        try:
            job = self._queue.get(block=False)
        except Empty:
            return False
        handle(job.data)
        self._queue.ack(job)
        return True

    def serve(self, handle: Handle, /) -> None:
        Worker(self._queue, lambda job: handle(job.data)).run()

    def close(self) -> None:
        self._queue.close()


SYSTEM: Final = System("localqueue", Localqueue, version("localqueue"), has_bulk=True, serves=True)
