"""adc verify: what in a queue's file isn't as adc wrote it, one finding a line."""

import os.path
from collections.abc import Iterable

import click

from adc.auditing.finding import Finding
from adc.cli import records
from adc.cli.ending import FAILED, Complaint, complain
from adc.cli.inert import inert
from adc.cli.parameters import FILE, as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.core.ids import DATABASE
from adc.ports.trouble import NoQueue
from adc.stores.sqlite.verifying import verify_file


@click.command()
@click.argument("file", type=FILE, required=False)
@as_json
@choose_settings
@pass_settings
@click.pass_context
def verify(context: click.Context, settings: Settings, file: str | None, as_json: bool) -> None:
    """Check all that can be checked of a queue's file, and show what isn't as adc wrote it; if anything, exit code 1.

    FILE is that of --db, unless it is given. It may be damaged, of a format that adc can't open, or in use: it is only
    read, in one read transaction. Each finding begins with the law that it breaks: file, schema, meta, sequence, chain,
    event, history, columns, body, state or paused.
    """
    path = path_of(settings, file)
    found = show(existing(path), as_json)
    if found:
        complain(f"{counted(found, 'finding')} in {path}")
    context.exit(FAILED if found else 0)


def path_of(settings: Settings, file: str | None) -> str:
    """The file to check, as it is named; a Complaint for a directory."""
    path = file or settings.database
    if os.path.isdir(path):  # noqa: PTH112  pathlib would cost 5 ms of each command
        raise Complaint(f"{path}: this is a directory. Name the queue's file")
    return path


def existing(path: str) -> Iterable[Finding]:
    """What is found in a file; a Complaint if it isn't there."""
    try:
        yield from verify_file(os.path.abspath(path))  # noqa: PTH100  as above
    except NoQueue as error:
        raise Complaint(f"{path}: {error.problem}. Name the queue's file") from error


def show(findings: Iterable[Finding], as_json: bool) -> int:
    """Show each, while more are looked for: how many there were."""
    found = 0
    for found, finding in enumerate(findings, 1):  # noqa: B007  it is what is asked for
        if as_json:
            records.write(of_finding(finding))
        else:
            click.echo(inert(f"{finding.law}: {_where(finding)}{finding.problem}"))
    return found


def of_finding(finding: Finding) -> records.Record:
    """A finding in `adc verify` and `adc rebuild`."""
    return {"law": finding.law, "jid": finding.jid, "seq": finding.seq, "problem": finding.problem}


def counted(number: int, what: str) -> str:
    """So many of it."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _where(finding: Finding) -> str:
    whose = () if finding.jid is None else ("the database" if finding.jid == DATABASE else f"job {finding.jid}",)
    which = () if finding.seq is None else (f"event {finding.seq}",)
    return f"{', '.join((*whose, *which))}: " if whose or which else ""
