"""adc doctor: how a queue's file lives, one aspect a line, and what to do about what isn't well."""

from collections.abc import Iterator, Mapping
from typing import Final

import click

from adc.auditing.diagnosis import Diagnosis, Observation, Severity
from adc.cli import records
from adc.cli.ending import FAILED, Complaint, complain
from adc.cli.inert import inert
from adc.cli.parameters import FILE, as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.cli.tables import show_lines
from adc.cli.verifying import counted, path_of
from adc.ports.trouble import NoQueue
from adc.upkeep import doctor as diagnosis_of

_COLOURS: Final[Mapping[Severity, str]] = {"ok": "green", "warning": "yellow", "error": "red"}
_SEVERITY: Final = 9
_ABOUT: Final = 13
"""How wide the first two columns are."""


@click.command()
@click.argument("file", type=FILE, required=False)
@as_json
@choose_settings
@pass_settings
@click.pass_context
def doctor(context: click.Context, settings: Settings, file: str | None, as_json: bool) -> None:
    """Look at a queue's file from all sides; if something isn't well, say what to do, with exit code 1.

    It shows versions, format, durability, runners, which processes have the file open and what they do, who reads how
    it was before, the -wal, free pages, room on the disk, absent guards, and who may read and write it. FILE is that of
    --db, unless it is given. It may be damaged, in use, or one that adc can't open. Nothing is written.
    """
    path = path_of(settings, file)
    try:
        found = diagnosis_of(path)
    except NoQueue as error:
        raise Complaint(f"{path}: {error.problem}. Name the queue's file") from error
    if as_json:
        for each in found.observations:
            records.write(_record(each))
    else:
        show_lines(line for each in found.observations for line in _lines(each))
    said = _said(found)
    if said:
        complain(f"{said} in {path}")
    context.exit(FAILED if said else 0)


def _lines(each: Observation) -> Iterator[tuple[tuple[str, str], ...]]:
    indent = " " * (_SEVERITY + _ABOUT)
    colour = _COLOURS[each.severity]
    yield (f"{each.severity:{_SEVERITY}}", colour), (f"{each.about:{_ABOUT}}", "bold"), (inert(each.says), "")
    for detail in each.details:
        yield ((f"{indent}  {inert(detail)}", "dim"),)
    if each.advice:
        yield ((f"{indent}{inert(each.advice)}", colour),)


def _record(each: Observation) -> records.Record:
    return {
        "about": each.about,
        "severity": each.severity,
        "says": each.says,
        "advice": each.advice or None,
        "details": each.details,
        "numbers": each.numbers,
    }


def _said(found: Diagnosis) -> str:
    """How many aren't well; empty: none."""
    severities = [each.severity for each in found.observations]
    counts = (("error", severities.count("error")), ("warning", severities.count("warning")))
    return ", ".join(counted(count, severity) for severity, count in counts if count)
