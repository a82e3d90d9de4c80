"""adc export: one job as a JSON file, to be replayed where there is no database."""

from pathlib import Path
from typing import cast

import click

from adc.cli.application import TARGET, named
from adc.cli.ending import Complaint
from adc.cli.life import unknown
from adc.cli.parameters import JID
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.core.ids import Xid
from adc.core.outcome import Failure, Success
from adc.exporting import Redact


@click.command()
@click.argument("jid", type=JID)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; else stdout.")
@click.option(
    "--redact",
    "hook",
    type=TARGET,
    metavar="MODULE:FUNCTION",
    help="It is given each text that may hold what mustn't leave, and gives what stands in the file instead.",
)
@choose_settings
@pass_settings
def export(settings: Settings, jid: Xid, output: Path | None, hook: tuple[str, str] | None) -> None:
    """Write a job with its events, payload and result as JSON, to be replayed: adc replay job.json --handler ...

    Without --redact all of it is in the file, as in the queue: payload, result, messages and tracebacks of failures,
    key, meta, and who did what. A FUNCTION(part, text) is called with each of these; part says which it is.
    """
    redact = None if hook is None else _hook(hook)
    with settings.open_existing() as opened:
        try:
            outcome = opened.export(jid, redact=redact)
        except Exception as error:
            if redact is None:
                raise
            raise Complaint(f"{':'.join(hook or ())} raised {type(error).__name__}: {error}") from error
    match outcome:
        case Success(text) if output is None:
            click.echo(text, nl=False)
        case Success(text):
            _write(cast("Path", output), text)
        case Failure():
            raise unknown(jid)


def _hook(target: tuple[str, str]) -> Redact:
    found = named(target, "a function that takes a part's name and its text, and gives a text")
    if not callable(found):
        raise Complaint(f"{':'.join(target)} is a {type(found).__name__}: expected a function of a part and its text")
    return cast("Redact", found)  # what it gives is held to texts


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Complaint(f"{path} can't be written: {error.strerror}") from error
