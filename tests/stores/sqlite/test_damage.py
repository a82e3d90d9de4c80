"""Damage: what can't be read is told with its job, sequence number and version; it is never skipped or guessed."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from adc.codec.events import DamagedEvent, UnknownEvent, UnreadableEvent
from adc.core.commands import Cancel, Fail
from adc.core.evolve import ImpossibleHistory
from adc.core.instants import Span
from adc.core.transition import Asked, Snapshot, transition
from adc.ports.store import Look, Store, Wanted
from adc.ports.trouble import StoreDamaged, StoreFull, StoreReadOnly, StoreTrouble
from adc.stores.memory_wakeup import MemoryWakeup
from adc.stores.sqlite.opening import open_store
from adc.stores.sqlite.pages import PAGE
from adc.stores.sqlite.side_file import SideFile
from adc.stores.sqlite.store import SqliteStore
from adc.testing.samples import FAULT, RUNNER
from adc.testing.store_moves import NOW, Moves, nth, order
from tests.faults.hostile_schemas import deeds

WANTED = Wanted(("default",), (("invoice", 1),))
JOB = nth(1)
UNGUARD = "DROP TRIGGER job_events_update; DROP TRIGGER job_events_delete;"

UNREADABLE: dict[str, tuple[str, type[UnreadableEvent], str]] = {
    "an unknown type": ("type = 'JobTeleported'", UnknownEvent, "type JobTeleported version 1 is unknown"),
    "a newer shape": ("type_version = 2", UnknownEvent, "version 2 is unknown"),
    "an unknown field": ("data = json_insert(data, '$.mood', 'good')", DamagedEvent, "unknown field `mood`"),
    "a missing field": ("data = json_remove(data, '$.attempt')", DamagedEvent, "missing required field `attempt`"),
    "another type in a field": ("data = json_set(data, '$.at', 'noon')", DamagedEvent, "Expected `int`, got `str`"),
    "half of it": ("data = substr(data, 1, 20)", DamagedEvent, "truncated|malformed"),
    "nothing": ("data = ''", DamagedEvent, "truncated"),
    "no JSON": ("data = 'x' || data", DamagedEvent, "malformed"),
}


def damage(other: apsw.Connection, statement: str) -> None:
    other.execute(f"{UNGUARD} {statement}").fetchall()


@pytest.mark.parametrize(("change", "kind", "problem"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_event_that_cannot_be_read_is_named(
    change: str, kind: type[UnreadableEvent], problem: str, moves: Moves, other: apsw.Connection
) -> None:
    moves.schedule(order(9), order(1))
    moves.finish(JOB)
    damage(other, f"UPDATE job_events SET {change} WHERE seq = 3")

    for read in (
        lambda: moves.store.history(JOB),
        lambda: moves.job(JOB),
        lambda: moves.store.look(Look()),
        lambda: moves.ask(Cancel(JOB, NOW)),
    ):
        with pytest.raises(kind, match=problem) as raised:
            read()
        assert (raised.value.jid, raised.value.seq, raised.value.version) == (JOB, 3, 2)
        assert f"event 3 (job {JOB}, version 2)" in str(raised.value)
    assert moves.job(nth(9)).version == 1


READS: dict[str, Callable[[Moves], object]] = {
    "load": lambda moves: moves.job(JOB),
    "due": lambda moves: moves.due(WANTED),
    "look": lambda moves: moves.store.look(Look()),
    "look for waiting ones": lambda moves: moves.store.look(Look(state="scheduled")),
    "look in its queue": lambda moves: moves.store.look(Look(queue="default")),
    "the holder of its key": lambda moves: moves.schedule(order(2, key="k")),
    "cancel": lambda moves: moves.ask(Cancel(JOB, NOW)),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
@pytest.mark.parametrize("change", ["type_version = 2", "data = substr(data, 1, 40)", "data = '{\"at\":1}'"])
def test_a_waiting_job_whose_terms_cannot_be_read_is_named(
    change: str, read: Callable[[Moves], object], moves: Moves, other: apsw.Connection
) -> None:
    moves.schedule(order(1, key="k"))
    damage(other, f"UPDATE job_events SET {change} WHERE seq = 1")

    with pytest.raises(UnreadableEvent) as raised:
        read(moves)

    assert (raised.value.jid, raised.value.seq, raised.value.version) == (JOB, 1, 1)


@pytest.mark.parametrize("name", ["due", "look for waiting ones"])
def test_a_waiting_job_that_the_log_does_not_know_is_not_lost(name: str, moves: Moves, other: apsw.Connection) -> None:
    """By its id nobody finds it: only the log has an index of those."""
    moves.schedule(order(1))
    damage(other, "DELETE FROM job_events WHERE seq = 1")

    with pytest.raises(DamagedEvent, match="is missing, though adc_jobs has its job"):
        READS[name](moves)
    assert moves.job(JOB) == Snapshot.absent(JOB)


def test_a_job_whose_first_event_is_missing_is_not_taken_for_another_one(moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(order(1))
    moves.claim(JOB)
    damage(other, "DELETE FROM job_events WHERE seq = 1")

    with pytest.raises(DamagedEvent, match="is missing, though the log has later ones of its job") as raised:
        moves.job(JOB)

    assert (raised.value.jid, raised.value.seq, raised.value.version) == (JOB, 2, 1)


def test_a_row_in_the_place_of_another_one_is_not_taken_for_it(moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(order(1), order(2))
    other.execute("UPDATE adc_jobs SET seq = 3 WHERE seq = 1; UPDATE adc_jobs SET seq = 1 WHERE seq = 2").fetchall()

    assert moves.job(JOB).seq == 1
    with pytest.raises(StoreDamaged, match="the rows of adc_jobs aren't what job_events leads to"):
        moves.ask(Cancel(JOB, NOW))


def test_a_reason_that_nobody_knows_is_damage(moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(order(1))
    moves.must(Fail(JOB, NOW, moves.claim(JOB), FAULT))
    other.execute("UPDATE adc_jobs SET reason = 'Boredom'")

    with pytest.raises(DamagedEvent, match="'Boredom'"):
        moves.job(JOB)


def test_a_history_that_cannot_be_is_told(moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(order(1))
    moves.finish(JOB)
    damage(other, "DELETE FROM job_events WHERE seq = 2")

    with pytest.raises(ImpossibleHistory):
        moves.job(JOB)


@pytest.mark.parametrize(
    "change", ["DELETE FROM adc_jobs", "UPDATE adc_jobs SET head = x'00'", "UPDATE adc_jobs SET seq = 7"]
)
def test_a_row_that_does_not_agree_with_the_log_is_damage(change: str, moves: Moves, other: apsw.Connection) -> None:
    """The state is decided from what is loaded; what is written must find the row that belongs to it."""
    moves.schedule(order(1))
    job = moves.job(JOB)
    other.execute(change)

    cancel = transition(job, Asked(Cancel(JOB, NOW), "examiner")).unwrap()
    with pytest.raises(StoreDamaged, match="adc_jobs"), moves.store.writing() as writing:
        writing.apply([cancel])

    assert len(moves.store.history(JOB)) == 1


TEXTS: dict[str, tuple[str, Callable[[Moves], object]]] = {
    "in an event": ("UPDATE job_events SET actor = CAST(x'ff' AS TEXT)", lambda moves: moves.store.history(JOB)),
    "in its data": ("UPDATE job_events SET data = CAST(x'7bff' AS TEXT)", lambda moves: moves.job(JOB)),
    "in a row that is looked at": (
        "UPDATE adc_jobs SET jid = CAST(x'ff' AS TEXT)",
        lambda moves: moves.store.look(Look(state="scheduled")),
    ),
    "in the log that is looked through": (
        "UPDATE job_events SET jid = CAST(x'ff' AS TEXT)",
        lambda moves: moves.store.look(Look()),
    ),
}


@pytest.mark.parametrize(("change", "read"), TEXTS.values(), ids=TEXTS)
def test_a_text_that_is_not_utf_8_is_damage(
    change: str, read: Callable[[Moves], object], moves: Moves, other: apsw.Connection, path: Path
) -> None:
    moves.schedule(order(1))
    damage(other, change)

    with pytest.raises(StoreDamaged, match="UTF-8") as raised:
        read(moves)

    assert raised.value.path == str(path)


BESIDE: dict[str, str] = {
    "a text that isn't UTF-8 in its row": "UPDATE adc_jobs SET runner = CAST(x'c328' AS TEXT) WHERE seq = 2",
    "an id that isn't UTF-8": "UPDATE adc_jobs SET jid = CAST(x'ff' AS TEXT) WHERE seq = 2",
    "a text that isn't UTF-8 in its terms": "UPDATE job_events SET data = CAST(x'7bff' AS TEXT) WHERE seq = 2",
    "terms of another job": "UPDATE job_events SET jid = 'another' WHERE seq = 2",
    "no terms": "DELETE FROM job_events WHERE seq = 2",
    "a due time that can't be": f"UPDATE adc_jobs SET scheduled_at = {-(2**63)} WHERE seq = 2",
}


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize("change", BESIDE.values(), ids=BESIDE)
def test_a_damaged_row_hides_none_of_the_jobs_beside_it(
    change: str, limit: int, moves: Moves, other: apsw.Connection
) -> None:
    moves.schedule(*map(order, range(1, 5)))
    damage(other, change)

    with moves.store.writing() as writing:
        found = writing.due(WANTED, NOW, limit)

    assert [each.jid for each in found if isinstance(each, Snapshot)] == [nth(1), nth(3), nth(4)][:limit]
    assert all(isinstance(each, Snapshot) or each.seq == 2 for each in found)


def test_a_row_of_the_wrong_types_hides_none_of_the_jobs_beside_it(path: Path) -> None:
    """A STRICT table refuses such a value, a damaged one has it all the same."""
    store = open_store(str(path), "full", Span(0))
    Moves(store).schedule(*map(order, range(1, 4)))
    store.close()
    deeds()["x'00ff' in adc_jobs.retries, against its type"](path)

    store = open_store(str(path), "full", Span(0))
    with store.writing() as writing:
        found = writing.due(WANTED, NOW, 2)
    with pytest.raises(DamagedEvent, match="values of the types"):
        store.load((nth(3),))
    store.close()

    assert [each.jid for each in found if isinstance(each, Snapshot)] == [nth(1), nth(2)]


@pytest.mark.parametrize("table", ["job_events", "adc_jobs"])
def test_a_page_that_is_damaged_is_told(table: str, path: Path) -> None:
    store = open_store(str(path), "full", Span(0))
    Moves(store).schedule(order(1))
    store.close()
    with closing(apsw.Connection(str(path))) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get
        size = connection.pragma("page_size")
    content = bytearray(path.read_bytes())
    content[(root - 1) * size : root * size] = b"\xee" * size
    path.write_bytes(content)

    store = open_store(str(path), "full", Span(0))
    moves = Moves(store)
    for verb in (lambda: moves.job(JOB), lambda: moves.store.look(Look()), lambda: moves.schedule(order(2))):
        with pytest.raises(StoreDamaged) as raised:
            verb()
        assert raised.value.path == str(path)
        assert raised.value.code & 0xFF == apsw.SQLITE_CORRUPT
    store.close()


def test_a_damaged_schema_is_told_at_opening(path: Path) -> None:
    open_store(str(path), "full", Span(0)).close()
    content = bytearray(path.read_bytes())
    content[100:PAGE] = b"\xee" * (PAGE - 100)
    path.write_bytes(content)

    with pytest.raises(StoreDamaged):
        open_store(str(path), "full", Span(0))

    assert path.read_bytes() == content


def test_a_file_that_cannot_be_written_is_told(moves: Moves, path: Path) -> None:
    moves.schedule(order(1))
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        reader = Moves(SqliteStore(connection, str(path), SideFile(str(path)), MemoryWakeup()))

        with pytest.raises(StoreReadOnly, match="Nothing was committed") as raised:
            reader.schedule(order(2))

        assert raised.value.path == str(path)
        assert reader.job(JOB) == moves.job(JOB)  # reading goes on


def test_a_full_disk_is_told_and_the_queue_goes_on_when_there_is_room(
    moves: Moves, connection: apsw.Connection, path: Path
) -> None:
    moves.schedule(order(1))
    connection.authorizer = None  # adc itself never says that
    connection.execute(f"PRAGMA max_page_count = {connection.pragma('page_count')}").fetchall()

    with pytest.raises(StoreFull, match="Nothing was committed") as raised:
        moves.schedule(order(2), order(3, payload=b"x" * 10_000))

    assert (raised.value.path, raised.value.operation) == (str(path), "apply")
    assert moves.job(nth(2)).version == 0
    connection.execute("PRAGMA max_page_count = 1000000").fetchall()
    moves.schedule(order(2), order(3, payload=b"x" * 10_000))


def test_an_error_of_the_caller_is_left_as_it_is(moves: Moves) -> None:
    """Only what the store does is translated: an apsw error of somebody else says nothing of it."""
    store: Store = moves.store
    for error in (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "theirs"), apsw.BusyError("theirs")):
        with pytest.raises(type(error), match="theirs"), store.writing():
            raise error


def test_every_trouble_says_where_and_what(moves: Moves, connection: apsw.Connection, path: Path) -> None:
    connection.authorizer = None  # adc itself never does that
    connection.execute("DROP TABLE adc_runners")

    with pytest.raises(StoreTrouble, match=f"{path}: resign: no such table"):
        moves.store.resign(RUNNER)


def test_a_due_job_that_cannot_be_read_hides_none_behind_it(moves: Moves, other: apsw.Connection) -> None:
    moves.schedule(*(order(number) for number in range(1, 6)))
    damage(other, "UPDATE job_events SET type_version = 2 WHERE seq IN (1, 2, 4)")

    with moves.store.writing() as writing:
        found = writing.due(WANTED, NOW, 2)

    assert [(each.seq, isinstance(each, UnreadableEvent)) for each in found] == [
        (1, True),
        (2, True),
        (3, False),
        (4, True),
        (5, False),
    ]
