"""The demo's summary: what was counted, how fast, what died and why, and where to look further."""

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from adc.cli.demo_job import PARSE, Counts
from adc.cli.life import DeadLetter, history_of, letter_of
from adc.cli.log_table import show_history
from adc.cli.tables import Column, show_fields, show_table
from adc.core.ids import Xid
from adc.core.outcome import Success
from adc.history import told
from adc.queue import SqliteQueue


@dataclass(frozen=True)
class Run:
    """One run of the demo."""

    jids: Sequence[Xid]
    scheduling: float
    """Seconds that it took to store the jobs."""
    running: float
    """Seconds from the first claim to the last report."""


def summarise(queue: SqliteQueue, path: Path, run: Run) -> None:
    """Print it."""
    totals = totals_of(queue, run.jids)
    letters = [letter_of(queue, row) for row in queue.look(state="dead", kind=PARSE, limit=len(run.jids))]
    click.echo()
    show_fields(
        (
            ("files", f"{len(run.jids):,}"),
            ("lines", f"{totals.lines:,}"),
            ("functions", f"{totals.functions:,}"),
            ("classes", f"{totals.classes:,}"),
            ("scheduled", f"in {run.scheduling:.2f} s"),
            ("run", f"in {run.running:.1f} s, {len(run.jids) / run.running:,.0f} jobs/s"),
            ("dead letters", f"{len(letters):,}"),
        )
    )
    if letters:
        _show_deaths(queue, letters)
    _show_ways_on(path, letters[0].row.jid if letters else run.jids[0])


def totals_of(queue: SqliteQueue, jids: Sequence[Xid]) -> Counts:
    """The sum of the results of all jobs that are done."""
    results = [result.unwrap() for jid in jids if isinstance(result := queue.result(PARSE, jid), Success)]
    return Counts(
        sum(each.lines for each in results),
        sum(each.functions for each in results),
        sum(each.classes for each in results),
    )


def _show_deaths(queue: SqliteQueue, letters: Sequence[DeadLetter]) -> None:
    click.echo()
    deaths = Counter((letter.row.reason or "", _exception(letter)) for letter in letters)
    columns = (Column("DEAD", is_number=True), Column("REASON"), Column("EXCEPTION"))
    show_table(columns, [(str(number), *why) for why, number in sorted(deaths.items())])
    click.echo("\nOne of them, from its beginning to its end:\n")
    show_history(told(history_of(queue, letters[0].row.jid)))


def _exception(letter: DeadLetter) -> str:
    return letter.fault.names[0].removeprefix("builtins.") if letter.fault is not None and letter.fault.names else ""


def _show_ways_on(path: Path, jid: Xid) -> None:
    adc = f"{command()} --db {shlex.quote(str(path))}"
    click.echo(f"\nThe jobs and their history are in {path}. Look further:\n")
    for arguments in (
        "dead",
        f"show {jid}",
        "list --state done --limit 5",
        "stats",
        f"redrive {jid}",
        "work adc.cli.demo_job:ROUTER --until-idle",
    ):
        click.echo(f"  {adc} {arguments}")


def command() -> str:
    """How this command was called, so that lines can be pasted: `adc` is often in an environment that isn't active."""
    called = sys.argv[0]
    if Path(called).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m adc"
    found = shutil.which("adc")
    if found is not None and Path(called).exists() and Path(found).samefile(called):
        return "adc"
    return shlex.quote(called)
