"""Trespassing: in a process that asked for it, opening a queue's file is refused before anything is done.

Each test is a program of its own: what is asked for lasts as long as the process.
"""

from pathlib import Path

import pytest

from tests.stores.sqlite.test_descriptors import payloads, run

GUARDED = """
import shutil, sqlite3
from pathlib import Path
import adc

adc.guard_files()
adc.guard_files()
"""
TRESPASSES = {
    "open": "open(PATH)",
    "open for writing": "open(PATH, 'r+b')",
    "-wal": "open(PATH + '-wal', 'rb')",
    "-shm": "open(PATH + '-shm', 'rb')",
    "os.open": "os.open(PATH, os.O_RDONLY)",
    "a path": "Path(PATH).read_bytes()",
    "bytes": "open(PATH.encode(), 'rb')",
    "a copy": "shutil.copyfile(PATH, PATH + '.copy')",
    "sqlite3": "sqlite3.connect(PATH)",
    "sqlite3 by a path": "sqlite3.connect(Path(PATH))",
    "sqlite3 by a URI": "sqlite3.connect('file:' + PATH + '?mode=ro', uri=True)",
    "sqlite3 by another URI": "sqlite3.connect('file://' + PATH.replace('jobs', '%6Aobs'), uri=True)",
    "another name": "(os.symlink(PATH, PATH + '.link'), open(PATH + '.link'))",
}


@pytest.mark.parametrize("trespass", TRESPASSES.values(), ids=TRESPASSES)
def test_whoever_opens_it_is_refused_and_the_queue_goes_on(trespass: str, db: Path) -> None:
    event = "sqlite3.connect" if "sqlite3" in trespass else "open"
    printed = run(db, f"{GUARDED}\nprint(told(lambda: {trespass}))\nprint(told(lambda: queue.schedule(COUNT.new(8))))")

    assert printed == [f"MixedSqlite, {event}", "nothing"]
    assert payloads(db) == [7, 8]


OTHERS = {
    "another file": "open(PATH + '-other', 'w').close()",
    "one that isn't there": "Path(PATH + '-none').exists() or told(lambda: os.path.exists(PATH + '-none'))",
    "sqlite3 in memory": "sqlite3.connect(':memory:').close()",
    "sqlite3 on another file": "sqlite3.connect(PATH + '-other').close()",
    "a descriptor": "os.fdopen(os.dup(1), 'w').close()",
    "queues": "SqliteQueue.open(PATH).close()",
    "an import": "__import__('decimal')",
    "verify": "list(queue.verify())",
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_what_else_is_opened_is_let_alone(other: str, db: Path) -> None:
    printed = run(db, f"{GUARDED}\nprint(told(lambda: {other}))\nprint(told(lambda: queue.schedule(COUNT.new(8))))")

    assert printed == ["nothing", "nothing"]


def test_a_file_that_no_queue_has_open_may_be_opened(db: Path) -> None:
    printed = run(
        db,
        f"""{GUARDED}
queue.close()
print(told(lambda: open(PATH).close()))
print(told(lambda: sqlite3.connect(PATH).close()))
""",
    )

    assert printed == ["nothing", "nothing"]


def test_a_forked_child_may_open_it(db: Path) -> None:
    """Its closing drops none of its parent's locks."""
    printed = run(
        db,
        f"""{GUARDED}
child = os.fork()
if not child:
    os.write(1, told(lambda: open(PATH).close()).encode() + b"\\n")
    os._exit(0)
os.waitpid(child, 0)
print(told(lambda: queue.schedule(COUNT.new(8))))
""",
    )

    assert printed == ["nothing", "nothing"]
