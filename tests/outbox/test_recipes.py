"""The recipes of the guide, each run as a program of its own, and then the queue that it leaves, run by a runner."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import migrations
from django.db.migrations.state import ProjectState

from adc import outbox
from adc.queue import SqliteQueue
from tests.outbox.lenders import Django, Sqlite3
from tests.test_docs import ROOT, write_files

PAGE = ROOT / "docs" / "guide" / "outbox.md"


@pytest.mark.parametrize("recipe", ["by_stdlib", "by_sqlalchemy", "by_django", "by_apsw"])
def test_a_recipe_leaves_one_order_and_one_job_that_a_runner_runs(recipe: str, tmp_path: Path) -> None:
    write_files(PAGE, tmp_path)

    subprocess.run([sys.executable, f"{recipe}.py"], cwd=tmp_path, check=True)

    shop = Sqlite3(tmp_path / "shop.db")
    assert shop.run("SELECT count(*) FROM orders") == [(1,)]
    assert shop.run("SELECT count(*) FROM job_events") == [(1,)]
    shop.close()
    worked = subprocess.run(
        [sys.executable, "-m", "adc", "--db", "shop.db", "work", "orders:router", "--until-idle"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "receipt for order 1" in worked.stdout + worked.stderr
    with SqliteQueue.open(tmp_path / "shop.db") as queue:
        assert (list(queue.verify()), queue.counts()["done"]) == ([], 1)


def test_a_migration_of_django_makes_the_tables(tmp_path: Path) -> None:
    lender = Django(tmp_path / "shop.db")
    step = migrations.RunPython(lambda apps, editor: outbox.make_tables(editor.connection))
    with lender.connection.schema_editor() as editor:
        step.database_forwards("shop", editor, ProjectState(), ProjectState())
    lender.close()

    with SqliteQueue.open(tmp_path / "shop.db") as queue:
        assert list(queue.verify()) == []
