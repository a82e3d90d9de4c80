"""Queries: each uses an index, none reads time or chance, and a claim costs the same whatever else waits."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

import apsw
import apsw.ext
import pytest

from adc.core.database import Pause
from adc.core.instants import Instant, Span
from adc.core.transition import Asked
from adc.ports.store import Wanted
from adc.shell import change_database
from adc.stores.memory_signs import MemorySigns
from adc.stores.memory_wakeup import MemoryWakeup
from adc.stores.sqlite import migrations, outbox_queries, pruning_queries, queries
from adc.stores.sqlite.opening import open_connection
from adc.stores.sqlite.store import SqliteStore
from adc.testing.store_moves import Moves, nth, order

QUERIES = {
    name: query
    for module in (queries, pruning_queries, outbox_queries)
    for name, query in vars(module).items()
    if name.isupper() and not name.startswith("_") and isinstance(query, str)
}  # all SQL of the store
DATA = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b")

EXPECTED = {
    "OBJECTS": ("SCAN sqlite_schema", "the schema has some twenty rows"),
    "COUNT_OBJECTS": ("SCAN sqlite_master", "the same"),
    "ORIGINALS": ("SCAN sqlite_schema", "the same"),
    "SHARED_PAGES": ("SCAN sqlite_schema|USE TEMP B-TREE FOR GROUP BY", "the same"),
    "LOCK": ("SCAN adc_meta", "it ends before the first row"),
    "SOURCE_ID": ("SCAN CONSTANT ROW", "it asks the library"),
    "PATH": ("SCAN pragma_database_list VIRTUAL TABLE INDEX 0:", "a connection has few databases"),
    "LAST_SEQ": ("SCAN CONSTANT ROW", "it looks two numbers up"),
    "STANDING": ("SCAN CONSTANT ROW", "it looks four values up"),
    "LAST_SLOT": ("SCAN sqlite_sequence", "one row for each table of the file that counts"),
    "PLACES": ("SCAN adc_runners|SCAN j USING COVERING INDEX adc_held_jobs", "it gives all runners"),
    "LISTED": ("SCAN adc_runners", "it gives them all"),
    "ROLL": ("SCAN r", "it gives them all"),
    "PAUSED": ("SCAN adc_paused", "it gives them all"),
    "AHEAD": ("SCAN (subquery-1)", "it counts what was found"),
    "MAKE_ARCHIVE": ("SCAN 2-ROW VALUES CLAUSE", "it writes two rows"),
    "COUNTS": (
        "SCAN j|USE TEMP B-TREE FOR GROUP BY|SCAN job_events USING COVERING INDEX job_events_done"
        "|SCAN job_events USING COVERING INDEX job_events_cancelled",
        "it counts all jobs, and says so",
    ),
}
"""What else would be a mistake: a whole table read, or rows sorted; and why it is none here."""
ALWAYS_FINE = re.compile(
    r"SCAN (q|k|wanted|json_each) VIRTUAL TABLE INDEX \d+:|SCAN level|SCAN \d+ CONSTANT ROWS?"  # what the caller gave
)
SLOW = re.compile(r"\bSCAN\b|TEMP B-TREE|AUTOMATIC")


def details(plan: apsw.ext.QueryPlan) -> Iterator[str]:
    yield plan.detail
    for part in plan.sub or ():
        yield from details(part)


@pytest.fixture(scope="module", params=["an empty file", "few jobs, analyzed", "many jobs, analyzed"])
def planner(request: pytest.FixtureRequest) -> Iterator[apsw.Connection]:
    """What SQLite knows of the tables when it makes its plans."""
    connection = open_connection(":memory:", "full", Span(0))
    connection.authorizer = None  # not all of these queries are a store's
    number = {"an empty file": 0, "few jobs, analyzed": 3}.get(request.param, 3_000)
    if number:
        moves = Moves(SqliteStore(connection, ":memory:", MemorySigns(), MemoryWakeup()))
        moves.schedule(*(order(n, kind=f"k{n % 3}", key=str(n)) for n in range(number)))
        connection.execute("ANALYZE")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", [name for name, query in QUERIES.items() if DATA.match(query)])
def test_a_query_finds_its_rows_by_an_index(name: str, planner: apsw.Connection) -> None:
    plan = apsw.ext.query_info(planner, QUERIES[name], explain_query_plan=True).query_plan
    assert plan is not None
    expected, _ = EXPECTED.get(name, ("", ""))

    slow = [
        step
        for step in details(plan)
        if SLOW.search(step) and not ALWAYS_FINE.fullmatch(step) and step not in expected.split("|")
    ]
    assert slow == []


def test_claims_are_found_in_the_claim_index_alone(planner: apsw.Connection) -> None:
    for name in ("DUE_LEVELS", "DUE_AT_LEVEL", "DUE_AT_TOP", "WAITS_BELOW", "NEXT_DUE"):
        plan = apsw.ext.query_info(planner, QUERIES[name], explain_query_plan=True).query_plan
        assert plan is not None
        searches = [step for step in details(plan) if step.startswith(("SEARCH j", "SEARCH t"))]
        assert searches
        assert all("adc_queue_jobs (queue=? AND job_type=? AND payload_version=?" in step for step in searches)


def test_no_sql_reads_time_or_chance() -> None:
    impure = re.compile(
        r"'now'|\bcurrent_(date|time|timestamp)\b|\bsubsec\b"
        r"|\b(random|randomblob|strftime|julianday|unixepoch|datetime|date|time|timediff)\s*\(",
        re.IGNORECASE,
    )
    for text in (*QUERIES.values(), migrations.SCHEMA_SQL):
        assert impure.search(text) is None


def test_values_are_bound_and_never_pasted() -> None:
    for name, query in QUERIES.items():
        texts = set(re.findall(r"'[^']*'", query))
        assert all(re.fullmatch(r"'[\w$.!%]*'", text) for text in texts), name


INVOICES = Wanted(("default",), (("invoice", 1),))
FIFTY_KINDS = Wanted(("default",), tuple((f"k{n}", 1) for n in range(50)))
THREE_QUEUES = Wanted(("default", "mail", "night"), (("invoice", 1), ("letter", 1)))
NOW = Instant(1_000)


def reachable() -> Iterable[Asked]:
    return (order(n, due=5) for n in range(100_000, 100_020))


SHAPES: dict[str, tuple[Callable[[int], Iterable[Asked]], Wanted]] = {
    "all are due": (lambda size: (order(n, due=n % 7) for n in range(size)), INVOICES),
    "all are of the future": (lambda size: (order(n, due=9_000 + n) for n in range(size)), INVOICES),
    "the future comes first": (
        lambda size: (*(order(n, due=9_000, priority=5) for n in range(size)), *reachable()),
        INVOICES,
    ),
    "the future is of the same priority": (
        lambda size: (*(order(n, due=9_000) for n in range(size)), *reachable()),
        INVOICES,
    ),
    "another kind comes first": (
        lambda size: (*(order(n, kind="other", priority=9) for n in range(size)), *reachable()),
        INVOICES,
    ),
    "a newer payload comes first": (
        lambda size: (*(order(n, payload_version=2, priority=9) for n in range(size)), *reachable()),
        INVOICES,
    ),
    "another queue comes first": (
        lambda size: (*(order(n, queue="other", priority=9) for n in range(size)), *reachable()),
        INVOICES,
    ),
    "three queues and two kinds": (
        lambda size: (
            order(n, queue=THREE_QUEUES.queues[n % 3], kind=("invoice", "letter")[n % 2], due=n % 5)
            for n in range(size + 120)
        ),
        THREE_QUEUES,
    ),
    "ten priorities": (lambda size: (order(n, priority=n % 10, due=n % 7) for n in range(size + 100)), INVOICES),
    "fifty kinds": (lambda size: (order(n, kind=f"k{n % 50}", due=n % 7) for n in range(size + 1_000)), FIFTY_KINDS),
    "fifty kinds that nobody scheduled": (lambda size: (order(n) for n in range(size)), FIFTY_KINDS),
}


def steps(
    size: int, jobs: Callable[[int], Iterable[Asked]], wanted: Wanted, paused: Iterable[str] = ()
) -> tuple[int, int, int]:
    """How many steps SQLite's machine makes for a claim of 10, of 1, and to find when the next job is due."""
    with closing(open_connection(":memory:", "full", Span(0))) as connection:
        moves = Moves(SqliteStore(connection, ":memory:", MemorySigns(), MemoryWakeup()))
        moves.schedule(*jobs(size))
        with moves.store.writing() as writing:
            for queue in paused:
                change_database(writing, Pause(NOW, queue), actor="test")
        made = 0

        def step() -> bool:
            nonlocal made
            made += 1
            return False

        connection.set_progress_handler(step, 1)
        moves.due(wanted, by=NOW, limit=10)
        ten, made = made, 0
        moves.due(wanted, by=NOW, limit=1)
        one, made = made, 0
        moves.store.next_due(wanted)
        return ten, one, made


@pytest.mark.parametrize(("jobs", "wanted"), SHAPES.values(), ids=SHAPES)
def test_a_claim_costs_the_same_whatever_waits(jobs: Callable[[int], Iterable[Asked]], wanted: Wanted) -> None:
    few, many = steps(20, jobs, wanted), steps(20_000, jobs, wanted)

    assert few == many


def test_a_claim_costs_by_the_kinds_that_are_wanted_and_the_priorities_in_use() -> None:
    """What it does depend on, said in steps: so that a change of it is seen."""
    fifty, _, next_of_fifty = steps(1_000, *SHAPES["fifty kinds"])
    one, _, next_of_one = steps(1_000, *SHAPES["all are due"])

    assert (one, next_of_one) < (1_000, 400)
    assert (fifty, next_of_fifty) < (20_000, 10_000)


@pytest.mark.parametrize("waiting", [0, 1, 9, 10, 11])
def test_one_kind_at_one_priority_is_claimed_without_a_walk(waiting: int) -> None:
    """As a runner with room for more than waits does it, for each job that comes."""
    with closing(open_connection(":memory:", "full", Span(0))) as connection:
        moves = Moves(SqliteStore(connection, ":memory:", MemorySigns(), MemoryWakeup()))
        moves.schedule(*(order(n) for n in range(waiting)), *(order(n, due=9_000) for n in range(100, 105)))
        made: list[str] = []

        def note(_cursor: apsw.Cursor, sql: str, _bindings: object) -> bool:
            made.append(sql)
            return True

        connection.exec_trace = note
        found = moves.due(INVOICES, by=NOW, limit=10)

    assert len(found) == min(waiting, 10)
    assert [name for sql in made for name, query in QUERIES.items() if query == sql] == [
        *("BEGIN", "DUE_AT_TOP"),
        *["WAITS_BELOW"] * (waiting < 10),
        "COMMIT",
    ]


def test_a_paused_queue_costs_less_than_an_empty_one_whatever_waits_in_it() -> None:
    jobs, wanted = SHAPES["three queues and two kinds"]
    few, many = (steps(size, jobs, wanted, paused=("mail",)) for size in (20, 20_000))
    without = steps(20, jobs, Wanted(("default", "night", "nobody's"), wanted.kinds))

    assert few == many
    assert all(paused < none for paused, none in zip(few, without, strict=True))


def test_a_claim_hardly_costs_more_where_other_queues_are_paused() -> None:
    """One look-up for each queue that is wanted, in a table that is mostly empty."""
    none = steps(1_000, *SHAPES["all are due"])
    some = steps(1_000, *SHAPES["all are due"], paused=[f"queue {number}" for number in range(1_000)])

    assert all(after - before < 10 for before, after in zip(none, some, strict=True))


def test_completing_a_job_costs_the_same_whatever_waits() -> None:
    made = []
    for size in (20, 20_000):
        with closing(open_connection(":memory:", "full", Span(0))) as connection:
            moves = Moves(SqliteStore(connection, ":memory:", MemorySigns(), MemoryWakeup()))
            moves.schedule(*(order(n, due=n) for n in range(size)))
            count = 0

            def step() -> bool:
                nonlocal count
                count += 1
                return False

            connection.set_progress_handler(step, 1)
            moves.finish(nth(7))
            made.append(count)

    assert made[1] <= made[0] * 1.1
