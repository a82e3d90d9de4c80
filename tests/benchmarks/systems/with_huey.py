"""huey: a task queue; here with its SQLite storage."""

from importlib.metadata import version
from pathlib import Path
from typing import Final

from huey import SqliteHuey

from tests.benchmarks.systems.protocol import Durability, Handle, OneByOne, System, nothing


class Huey(OneByOne):
    """It knows FULL and OFF; NORMAL is set on its connection."""

    def __init__(self, folder: Path, durability: Durability) -> None:
        self._huey = SqliteHuey(filename=str(folder / "huey.db"), fsync=True)
        self._huey.storage.conn.execute(f"pragma synchronous = {durability}")
        self._handle: Handle = nothing
        self._task = self._huey.task(name="invoice")(self._run)

    def put(self, payload: str, /) -> None:
        self._task(payload)

    def run_one(self, handle: Handle, /) -> bool:
        self._handle = handle
        task = self._huey.dequeue()
        if task is None:
            return False
        self._huey.execute(task)
        return True

    def serve(self, handle: Handle, /) -> None:
        self._handle = handle
        self._huey.create_consumer(workers=1).run()

    def _run(self, payload: str) -> None:
        self._handle(payload)

    def close(self) -> None:
        self._huey.storage.close()


SYSTEM: Final = System(
    "huey",
    Huey,
    version("huey"),
    remark="deletes the row before the job runs: a crash loses the job, and no completion is written",
    serves=True,
)
