"""The log is append-only for everybody: the file itself refuses, whoever asks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from adc.core.instants import Span
from adc.stores.sqlite.opening import open_store
from adc.testing.store_moves import Moves, nth, order

COLUMNS = "seq, jid, version, at, type, type_version, actor, cause, data, body, job_type, key, digest"
REST = "1, actor, cause, data, NULL, NULL, NULL, digest FROM job_events WHERE seq = 1"
COPY = f"'JobStarted', {REST}"
NEW_SEQ = "(SELECT max(seq) + 1 FROM job_events)"
SAME_JOB = f"SELECT {NEW_SEQ}, jid, 1, 0, {COPY}"
SAME_SEQ = f"SELECT 1, 'another', 9, 0, {COPY}"
SAME_KEY = (
    f"SELECT {NEW_SEQ}, 'another', 1, 0, type, 1, actor, cause, data, body, job_type, key, digest"
    " FROM job_events WHERE seq = 1"
)

REFUSED = {
    **{
        f"changing {column}": f"UPDATE job_events SET {column} = {value} WHERE seq = 1"
        for column, value in {
            "seq": "77",
            "jid": "'another'",
            "version": "7",
            "at": "7",
            "type": "'JobDone'",
            "type_version": "2",
            "actor": "'another'",
            "cause": "'request:9'",
            "data": "'{}'",
            "body": "x'00'",
            "job_type": "'another'",
            "key": "'another'",
            "digest": "x'00'",
        }.items()
    },
    "changing all": "UPDATE job_events SET at = at + 1",
    "changing nothing": "UPDATE job_events SET at = at",
    "replacing by an update": "UPDATE OR REPLACE job_events SET seq = 2 WHERE seq = 1",
    "ignoring by an update": "UPDATE OR IGNORE job_events SET at = 7",
    "removing a body": "UPDATE job_events SET body = NULL WHERE seq = 1",
    "deleting one": "DELETE FROM job_events WHERE seq = 1",
    "deleting all": "DELETE FROM job_events",
    **{
        f"{verb} with the same {what}": f"{verb} INTO job_events ({COLUMNS}) {row}"
        for verb in ("INSERT", "REPLACE", "INSERT OR REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL")
        for what, row in {"place in the log": SAME_SEQ, "place in its job": SAME_JOB, "key": SAME_KEY}.items()
    },
    "an upsert": f"INSERT INTO job_events ({COLUMNS}) {SAME_SEQ} ON CONFLICT DO UPDATE SET at = 7",
}


def log(other: apsw.Connection) -> Sequence[Any]:
    return other.execute("SELECT * FROM job_events").fetchall()


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_the_log_refuses(statement: str, moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(order(1, key="k"), order(2))
    before = log(other)

    with pytest.raises(apsw.ConstraintError, match="append-only"):
        other.execute(statement)

    assert log(other) == before


def test_an_event_that_is_new_can_be_appended(moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(order(1, key="k"))

    other.execute(f"INSERT INTO job_events ({COLUMNS}) SELECT {NEW_SEQ}, jid, 2, 0, {COPY}")

    assert len(log(other)) == 2


def test_only_the_bodies_of_an_erased_job_can_be_removed(moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(order(1), order(2))
    moves.finish(nth(1))
    moves.finish(nth(2))
    other.execute(f"INSERT INTO job_events ({COLUMNS}) SELECT {NEW_SEQ}, jid, 4, 0, 'PayloadErased', {REST}")

    for statement in ("UPDATE job_events SET body = x'00' WHERE seq = 1", "UPDATE job_events SET body = NULL, at = 7"):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            other.execute(statement)
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        other.execute("UPDATE job_events SET body = NULL WHERE jid = ?", (nth(2),))
    other.execute("UPDATE job_events SET body = NULL WHERE jid = ?", (nth(1),))

    assert [moves.store.body(jid, version) is None for jid in (nth(1), nth(2)) for version in (1, 3)] == [
        *(True, True),
        *(False, False),
    ]


@pytest.mark.parametrize("size", [100, 20_000])
def test_what_was_erased_is_not_in_the_file_any_more(size: int, path: Path) -> None:
    store = open_store(str(path), "full", Span(0))
    moves = Moves(store)
    moves.schedule(order(1, payload=b"secret" * size), order(2, payload=b"plain" * size))
    moves.finish(nth(1), b"hidden" * size)
    moves.erase(nth(1))
    store.close()

    content = path.read_bytes()
    assert [word in content for word in (b"plainplain", b"secret", b"hidden")] == [True, False, False]
