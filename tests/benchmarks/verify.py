"""Measure verify: events a second, and the most memory that it takes, on a file of many jobs.

python -m tests.benchmarks.verify [--events 1000000] [--payload 200] [--ids time|random] [--file PATH]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from adc.codec.events import body_of, digest, encode_event
from adc.codec.timed import without_time
from adc.core.events import Event, JobDone, JobScheduled, JobStarted
from adc.core.ids import XID_BYTES, Xid, encode_xid
from adc.core.instants import Instant, Span
from adc.core.terms import Terms
from adc.stores.sqlite import queries
from adc.stores.sqlite.jobwise import Proved, audited
from adc.stores.sqlite.opening import open_connection
from adc.stores.sqlite.rows import Row
from adc.stores.sqlite.verifying import verify_file
from adc.testing.samples import RUNNER

AT_ONCE: Final = 1_000
"""So many jobs are scheduled together; of each second lot all are then run."""
ACTOR: Final = "caller:1@host"
NOW: Final = Instant(1_800_000_000_000_000)


def ids(order: str, random: Random) -> Iterator[Xid]:
    """By time, as ids are; or at random, the worst that can be: each leads somewhere else in the log."""
    for number in range(1 << 24):
        if order == "time":
            yield encode_xid((NOW // 1_000_000 + number // 500).to_bytes(4) + b"chanc" + number.to_bytes(3))
        else:
            yield encode_xid(random.randbytes(XID_BYTES))


def log(events: int, payload: bytes, order: str) -> Iterator[Row]:
    """Rows of the log: of half the jobs one event, of the others three."""
    terms = Terms("invoice", body_of(payload))
    jids = ids(order, Random(1))
    heads: dict[Xid, bytes] = {}
    seq = 0

    def row(jid: Xid, version: int, event: Event, body: bytes | None, kind: str | None) -> Row:
        nonlocal seq
        seq += 1
        name, stored = type(event).__name__, encode_event(event)
        heads[jid] = digest(heads.pop(jid, b""), jid, version, name, 1, ACTOR, None, stored)
        return (seq, jid, version, NOW, name, 1, ACTOR, None, without_time(stored), body, kind, None, heads[jid])

    while seq < events:
        lot = [next(jids) for _ in range(AT_ONCE)]
        yield from [row(jid, 1, JobScheduled(NOW, terms, NOW), payload, "invoice") for jid in lot]
        if seq // AT_ONCE % 2 == 0:
            yield from [row(jid, 2, JobStarted(NOW, 1, RUNNER), None, None) for jid in lot]
            yield from [row(jid, 3, JobDone(NOW, 1, body_of(payload)), payload, None) for jid in lot]
        heads.clear()


def make(path: Path, events: int, payload: bytes, order: str) -> None:
    """A file with so many events, or a few more, and the rows that follow from them."""
    connection = open_connection(str(path), "normal", Span(0))
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(queries.APPEND, log(events, payload, order))
    for each in audited(connection):
        if isinstance(each, Proved) and each.wanted is not None:
            connection.execute(queries.INSERT_JOB, each.wanted)
    connection.execute("COMMIT")
    connection.close()


def measure(path: Path) -> None:
    """In a process of its own: what making the file took isn't counted."""
    began = time.perf_counter()
    found = sum(1 for _ in verify_file(str(path)))
    took = time.perf_counter() - began
    connection = open_connection(str(path), "normal", Span(0))
    events: int = connection.execute("SELECT count(*) FROM job_events").get
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{events:,} events, {path.stat().st_size / 1e6:,.0f} MB: {took:.1f} s, {events / took:,.0f} events/s")
    print(f"{found} findings, peak memory {peak} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--payload", type=int, default=200, help="bytes of each payload and result")
    parser.add_argument("--ids", choices=("time", "random"), default="time")
    parser.add_argument("--file", type=Path, help="measure this file instead")
    chosen = parser.parse_args()
    if chosen.file is not None:
        measure(chosen.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.db"
        make(path, chosen.events, b"x" * chosen.payload, chosen.ids)
        subprocess.run([sys.executable, "-m", "tests.benchmarks.verify", "--file", path], check=True)


if __name__ == "__main__":
    main()
