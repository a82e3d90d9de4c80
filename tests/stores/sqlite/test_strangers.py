"""Strangers: another SQLite, or a plain `open`, in the process of a queue is refused where it can be seen."""

from pathlib import Path

import pytest

from tests.stores.sqlite.test_descriptors import payloads, run

STRANGERS = {
    "sqlite3": "import sqlite3; stranger = sqlite3.connect(PATH)",
    "sqlite3, which has read": """
import sqlite3
stranger = sqlite3.connect(PATH)
stranger.execute("SELECT count(*) FROM adc_jobs").fetchone()
""",
    "a file": "stranger = open(PATH, 'rb')",
    "a descriptor": "stranger = os.open(PATH, os.O_RDONLY)",
    "by another name": "os.symlink(PATH, PATH + '.link'); stranger = open(PATH + '.link', 'rb')",
}
TELLS = """
try:
    with SqliteQueue.open(PATH) as late:
        print(told(lambda: late.schedule(COUNT.new(8))))
except StoreTrouble as trouble:
    print(type(trouble).__name__, trouble)
"""


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_a_file_that_something_else_has_open_here_is_refused_by_name_and_number(stranger: str, db: Path) -> None:
    (printed,) = run(db, f"queue.close()\n{stranger}\nnumber = max(numbers(PATH) + [0])\n{TELLS}")

    assert printed.startswith("MixedSqlite")
    assert "open: descriptor " in printed
    assert f" of this process is of {db}" in printed
    assert "Nothing was committed. In one process use the queue, or `adc.outbox`" in printed
    assert payloads(db) == [7]


def test_when_it_is_closed_the_file_can_be_opened(db: Path) -> None:
    printed = run(db, f"queue.close()\n{STRANGERS['sqlite3, which has read']}\nstranger.close()\n{TELLS}")

    assert printed == ["nothing"]
    assert payloads(db) == [7, 8]


@pytest.mark.parametrize("how", ["sqlite3, which has read", "a descriptor of -shm"])
def test_one_that_comes_later_is_noticed_by_the_next_beat_and_the_next_queue(how: str, db: Path) -> None:
    stranger = STRANGERS.get(how, "stranger = open(PATH + '-shm', 'rb')")
    printed = run(
        db,
        f"""{stranger}
print(told(lambda: SqliteQueue.open(PATH)))
print(told(lambda: queue.store.beat("somebody", 0)))
""",
    )

    assert printed == ["MixedSqlite, open", "MixedSqlite, beat"]


FRIENDS = {
    "a second queue": "other = SqliteQueue.open(PATH)",
    "a second queue that is closed": "SqliteQueue.open(PATH).close()",
    "a connection of apsw": """
import apsw
other = apsw.Connection(PATH)
other.execute("SELECT * FROM adc_jobs").fetchall()
""",
    "one that is closed": """
import apsw
other = apsw.Connection(PATH)
other.execute("SELECT * FROM adc_jobs").fetchall()
other.close()
""",
    "one that was there before": """
import apsw
queue.close()
other = apsw.Connection(PATH)
other.execute("SELECT * FROM adc_jobs").fetchall()
queue = SqliteQueue.open(PATH)
""",
    "verify": "list(queue.verify())",
    "sqlite3 on another file": "import sqlite3; other = sqlite3.connect(PATH + '-other')",
    "sqlite3 in a child process": """
import subprocess
look = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM adc_jobs').fetchall()"
subprocess.run([sys.executable, "-c", look, PATH], check=True)
""",
    "a forked child that closes what it has": """
child = os.fork()
if not child:
    os.closerange(3, 1000)
    os._exit(0)
os.waitpid(child, 0)
""",
}


@pytest.mark.parametrize("friend", FRIENDS.values(), ids=FRIENDS)
def test_what_does_no_harm_is_no_stranger(friend: str, db: Path) -> None:
    printed = run(
        db,
        f"""{friend}
print(told(lambda: queue.store.beat("somebody", 0)))
print(told(lambda: SqliteQueue.open(PATH).close()))
print(told(lambda: queue.schedule(COUNT.new(8))))
""",
    )

    assert printed == ["nothing"] * 3
    assert payloads(db) == [7, 8]
