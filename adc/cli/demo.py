"""adc demo: adc at its real work, on the Python files of the interpreter's own standard library."""

import sysconfig
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Final

import click

from adc import system
from adc.cli.demo_file import make_room
from adc.cli.demo_job import PARSE, ROUTER, PythonFile
from adc.cli.demo_summary import Run, summarise
from adc.cli.ending import INTERRUPTED, Complaint
from adc.cli.parameters import FILE
from adc.cli.progress import Tell, progress_of
from adc.cli.settings import Settings, choose_busy_timeout, choose_debug, pass_settings
from adc.core.instants import SECOND
from adc.queue import SqliteQueue
from adc.runner import JobRunner

DEMO_DATABASE: Final = "adc-demo.db"
AT_ONCE: Final = 10
GLANCE: Final = 0.2
"""Seconds between two looks at how far it is."""

INSTALLED: Final = frozenset(("site-packages", "dist-packages"))
"""Directories of what isn't the standard library."""


@click.command()
@click.option(
    "--root",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=lambda: Path(sysconfig.get_path("stdlib")),
    show_default="the standard library",
    help="Parse the .py files of another directory.",
)
@click.option(
    "--db", "database", type=FILE, help=f"The demo's file; ADC_DB is ignored.  [default: {DEMO_DATABASE}, here]"
)
@choose_busy_timeout
@choose_debug
@pass_settings
@click.pass_context
def demo(context: click.Context, settings: Settings, root: Path, database: str | None) -> None:
    """See adc work: one job for each .py file of Python's own standard library, 10 at once.

    Each job parses its file, and counts lines, functions and classes. The library's tests have some files that are
    broken on purpose: their jobs fail, are retried after a while, and end as dead letters.

    The file of an earlier demo is replaced; no other file is. It stays, to look further.
    """
    path = Path(database or settings.given or DEMO_DATABASE)
    files = python_files(root)
    if not files:
        raise Complaint(f"{root}: there are no .py files")
    make_room(settings, path)
    with settings.open(path) as queue:
        run = run_demo(queue, files)
        left = len(files) - _finished(queue)
        if left:
            click.echo(f"adc: stopped; {left} jobs are left", err=True)
            context.exit(INTERRUPTED)
        summarise(queue, path, run)


def python_files(root: Path) -> list[Path]:
    """All .py files below a directory, in order, but for what was installed there."""
    found = (path for path in root.rglob("*.py") if INSTALLED.isdisjoint(path.relative_to(root).parts))
    return sorted(path for path in found if path.is_file())


def run_demo(queue: SqliteQueue, files: list[Path]) -> Run:
    """Schedule a job for each file, and run them all."""
    clock = system.SystemClock()
    began = clock.tick()
    jids = queue.schedule_many(PARSE.new(PythonFile(str(file))) for file in files)
    scheduled = clock.tick()
    runner = JobRunner(queue, ROUTER, concurrency=AT_ONCE)
    with warnings.catch_warnings(), progress_of(len(files)) as tell, _watched(queue, tell):
        warnings.simplefilter("ignore")  # of what is parsed: invalid escapes, `is` with a literal
        runner.run_until_empty()
    return Run(jids, (scheduled - began) / SECOND, (clock.tick() - scheduled) / SECOND)


@contextmanager
def _watched(queue: SqliteQueue, tell: Tell) -> Generator[None, None, None]:
    """Tell the progress, from a thread, for as long as the context is open."""
    over = Event()

    def watch() -> None:
        while not over.wait(GLANCE):
            tell(_finished(queue))

    watcher = Thread(target=watch, name="adc-demo-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        tell(_finished(queue))


def _finished(queue: SqliteQueue) -> int:
    counts = queue.counts()
    return counts["done"] + counts["dead"]
