"""simplebroker: a message broker."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from simplebroker import Queue, QueueWatcher, resolve_config

from tests.benchmarks.systems.protocol import Durability, Handle, OneByOne, System


class Simplebroker(OneByOne):
    def __init__(self, folder: Path, durability: Durability) -> None:
        self._config = resolve_config(override={"BROKER_SYNC_MODE": durability.upper()})
        self._queue = Queue("invoice", db_path=str(folder / "broker.db"), persistent=True, config=self._config)

    def put(self, payload: str, /) -> None:
        self._queue.write(payload)

    def run_one(self, handle: Handle, /) -> bool:
        message = self._queue.read_one()
        if message is None:
            return False
        handle(message)
        return True

    def serve(self, handle: Handle, /) -> None:
        def run(message: str, _: int) -> None:
            handle(message)

        QueueWatcher(self._queue, run, config=self._config).run_forever()

    def close(self) -> None:
        self._queue.close()


SYSTEM: Final = System(
    "simplebroker",
    Simplebroker,
    version("simplebroker"),
    remark="takes the message before the job runs: a crash loses the job, and no completion is written",
    serves=True,
)
