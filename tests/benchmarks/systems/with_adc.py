"""adc itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import adc
from tests.benchmarks.systems.protocol import Durability, Handle, OneByOne, System

INVOICE: Final = adc.JobKind("invoice", bytes)


def routed(handle: Handle) -> adc.RunnerRouter:
    """A router with this handler."""
    router = adc.RunnerRouter()

    @router.handles(INVOICE)
    def invoice(job: adc.Job[bytes]) -> None:
        handle(job.payload.decode())

    return router


class Adc(OneByOne):
    """A queue of adc."""

    def __init__(self, folder: Path, durability: Durability) -> None:
        self.queue = adc.SqliteQueue.open(folder / "jobs.db", durability=durability)

    def put(self, payload: str, /) -> None:
        self.queue.schedule(INVOICE.new(payload.encode()))

    def put_many(self, payloads: Sequence[str], /) -> None:
        self.queue.schedule_many(INVOICE.new(payload.encode()) for payload in payloads)

    def run_one(self, handle: Handle, /) -> bool:
        claimed = self.queue.poll_next(INVOICE)
        if claimed is None:
            return False
        handle(claimed.job.payload.decode())
        claimed.complete(None)
        return True

    def drain(self, handle: Handle, /) -> None:
        self.drain_with(handle, 10)

    def drain_with(self, handle: Handle, threads: int) -> None:
        adc.JobRunner(self.queue, routed(handle), concurrency=threads).run_until_idle()

    def serve(self, handle: Handle, /) -> None:
        adc.JobRunner(self.queue, routed(handle)).run()

    def close(self) -> None:
        self.queue.close()


SYSTEM: Final = System("adc", Adc, "", is_peer=False, has_bulk=True, serves=True)
