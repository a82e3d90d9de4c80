"""The limit: the store's own statements run by hand with constant values, no Python objects and no rules."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from adc.core.instants import Span
from adc.stores.sqlite import queries
from adc.stores.sqlite.opening import Durability, open_connection

PAYLOAD = b"x" * 100
TERMS = '{"terms":{"kind":"invoice","payload":{"hash":"422b600f4832a6fc772df18fba51fce1","size":100}},"due":1795493666378069}'  # noqa: E501
STARTED = '{"attempt":1,"runner":"dc2gu8k6o3htc42hl650"}'
DONE = '{"attempt":1}'
AT = 1_795_493_666_378_069
DIGEST = bytes(16)


class Raw:
    """A file with adc's tables."""

    def __init__(self, path: Path, durability: Durability) -> None:
        self.connection: apsw.Connection = open_connection(str(path), durability, Span(10_000_000))

    def schedule(self, jobs: int, payload: bytes = PAYLOAD) -> None:
        """One transaction that stores so many jobs."""
        first = self._begin()
        rows = [(seq, f"{seq:020}") for seq in range(first, first + jobs)]
        self.connection.executemany(
            queries.APPEND,
            [
                (seq, jid, 1, AT, "JobScheduled", 1, "me", None, TERMS, payload, "invoice", None, DIGEST)
                for seq, jid in rows
            ],
        )
        waiting = (AT, None, 0, 0, 0, None, None, None, None)
        self.connection.executemany(
            queries.INSERT_JOB, [("default", "invoice", 1, AT, jid, seq, 1, DIGEST, 0, *waiting) for seq, jid in rows]
        )
        self.connection.execute(queries.COMMIT)

    def turn(self, finished: Sequence[tuple[str, int]], limit: int) -> list[tuple[str, int]]:
        """One transaction that completes the jobs of the turn before, and claims as many as there is room for."""
        seq = self._begin()
        done = [(jid, 3, AT, "JobDone", 1, "me", None, DONE, b"null", None, None, DIGEST) for jid, _ in finished]
        self.connection.executemany(queries.APPEND, [(seq + n, *row) for n, row in enumerate(done)])
        self.connection.executemany(queries.DELETE_JOB, [(job, DIGEST) for _, job in finished])
        claimed = self._claim(seq + len(done), limit) if limit else []
        self.connection.execute(queries.COMMIT)
        return claimed

    def drain(self, at_once: int) -> None:
        """Run all jobs, so many a transaction."""
        claimed = self.turn((), at_once)
        while claimed:
            claimed = self.turn(claimed, at_once)

    def _claim(self, seq: int, limit: int) -> list[tuple[str, int]]:
        level = ("default", "invoice", 1, 0, AT, limit)
        due = [row[1] for row in self.connection.execute(queries.DUE_AT_LEVEL, level).fetchall()]
        jobs: list[tuple[Any, ...]] = self.connection.execute(queries.BY_SEQ, (json.dumps(due),)).fetchall()
        claimed = [(str(job[0]), int(job[1])) for job in jobs]
        started = [(jid, 2, AT, "JobStarted", 1, "me", None, STARTED, None, None, None, DIGEST) for jid, _ in claimed]
        self.connection.executemany(queries.APPEND, [(seq + n, *row) for n, row in enumerate(started)])
        held = (2, DIGEST, 0, None, AT, 1, 0, 0, "me", None, None, None)
        self.connection.executemany(queries.UPDATE_JOB, [(*held, job, DIGEST) for _, job in claimed])
        return claimed

    def _begin(self) -> int:
        """The number of the next event, with the lock held."""
        self.connection.execute(queries.BEGIN)
        last: int | None = self.connection.execute(queries.LAST_SEQ).get
        return 1 + (last or 0)
