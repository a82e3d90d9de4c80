"""adc replay: a handler run again on an attempt of an exported job, with a debugger where it fails."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple, NoReturn, cast

import click
import msgspec

from adc.cli.application import TARGET, named
from adc.cli.ending import Complaint
from adc.cli.inert import inert, shortened
from adc.cli.parameters import Read
from adc.cli.sentences import said_of as fault_said
from adc.cli.sentences import says
from adc.cli.settings import choose_debug
from adc.cli.tables import show_fields
from adc.cli.times import span_text, stamp
from adc.codec.exported import Exported, NotAnExport, bytes_of, read_export
from adc.core.events import Event, JobDone
from adc.core.instants import datetime_of, timedelta_of
from adc.core.outcome import Failure, Outcome
from adc.handling.notdone import NotDone, Snooze
from adc.handling.said import Dozed, Failed, Finished, Said, said_of
from adc.kind import JobKind
from adc.router import JobHandler
from adc.testing.agreeing import agrees, said_by
from adc.testing.declared import declared_kind
from adc.testing.recorded import RecordedAttempt, recorded_attempt
from adc.testing.replaying import answers_for, decoder_of, replayed

MOST_SHOWN: Final = 2_000
"""So many characters of a result are shown."""


class Given(NamedTuple):
    """The answer to a step, as it was typed."""

    step: str
    answer: object


def given_of(text: str) -> Given:
    """A step's name and its answer; a ValueError for what isn't NAME=JSON.

    >>> given_of('find="ada@example.org"')
    Given(step='find', answer='ada@example.org')
    """
    step, equals, json = text.partition("=")
    try:
        if step and equals:
            return Given(step, msgspec.json.decode(json))
    except msgspec.DecodeError as error:
        raise ValueError(f"expected JSON after {step}=, got {json!r}: {error}") from error
    raise ValueError(f"expected STEP=JSON, such as find=7, got {text!r}")


@click.command()
@click.argument("exported", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--handler", "target", type=TARGET, metavar="MODULE:FUNCTION", required=True, help="The handler to run.")
@click.option(
    "--kind", "of_kind", type=TARGET, metavar="MODULE:KIND", help="Its kind. Else its annotations tell the types."
)
@click.option("--attempt", type=click.IntRange(1), metavar="N", help="Which attempt; else the last one.")
@click.option(
    "--answer", "answers", type=Read("STEP=JSON", given_of), multiple=True, help="Don't call a step. May be repeated."
)
@click.option("--pdb", "post_mortem", is_flag=True, help="Where the handler raises, look around with pdb.")
@choose_debug
def replay(
    exported: Path,
    target: tuple[str, str],
    of_kind: tuple[str, str] | None,
    attempt: int | None,
    answers: tuple[Given, ...],
    post_mortem: bool,
) -> None:
    """Run a handler again on an attempt of the job that adc export wrote to FILE, and compare what comes of it.

    Steps are really called, but for those that have an answer. There is no event loop: an async handler gets as far as
    it waits for steps only. Nothing is stored.
    """
    handler = _handler(target)
    try:
        read = read_export(exported.read_bytes())
        recorded = recorded_attempt(read, attempt)
        kind = declared_kind(handler, recorded.held.state.terms) if of_kind is None else _kind(of_kind)
        decoder_of(kind, recorded.held.state.terms)
    except (NotAnExport, ValueError, TypeError) as error:
        raise Complaint(f"{exported}: {error}") from error
    said, raised = _run(
        kind, handler, recorded, answers_for(read, recorded, {each.step: each.answer for each in answers})
    )
    show_fields(tuple(_fields(read, recorded, said)))
    if isinstance(said, Failed) and said.fault.traceback:
        click.echo("traceback")
        for line in said.fault.traceback.splitlines():
            click.echo(f"  {inert(line)}")
    if post_mortem and raised is not None:
        import pdb  # noqa: PLC0415  it was asked for

        pdb.post_mortem(raised.__traceback__)


def _run(
    kind: JobKind[object, object],
    handler: JobHandler[object, object],
    recorded: RecordedAttempt,
    answers: Mapping[str, object],
) -> tuple[Said, BaseException | None]:
    """What the handler says, and what it raised; None: nothing that is worth a look."""
    try:
        outcome: Outcome[object, NotDone] = replayed(kind, handler, recorded, answers=answers, asked=[])
    except (Exception, SystemExit) as error:  # noqa: BLE001  the user's code runs here
        return said_of(error), error
    match outcome:
        case Failure(Snooze()):
            raised = None
        case Failure(why):
            raised = why if why.__traceback__ is not None else None
        case _:
            raised = None
    return said_by(kind, outcome), raised


def _fields(read: Exported, recorded: RecordedAttempt, said: Said) -> Iterator[tuple[str, str]]:
    state = recorded.held.state
    yield "job", read.jid
    yield "kind", state.terms.kind
    yield "attempt", f"{state.token.attempt}, began {stamp(datetime_of(recorded.began))}"
    yield "replayed", _said(said)
    if recorded.ended is None:
        yield "recorded", "nothing: it still ran"
        return
    yield "recorded", _recorded(read, recorded.ended)
    yield "the same", _verdict(agrees(said, recorded.ended), read)


def _said(said: Said) -> str:
    match said:
        case Finished(encoded):
            return f"done: {_text(encoded)}"
        case Failed(fault):
            return f"failed: {fault_said(fault)}"
        case Dozed(delay):
            return f"snoozed for {span_text(timedelta_of(delay))}"
        case _:
            return type(said).__name__


def _recorded(read: Exported, ended: Event) -> str:
    if isinstance(ended, JobDone) and read.result is not None:
        return f"JobDone: {_text(bytes_of(read.result))}"
    return f"{type(ended).__name__}: {says(ended)}"


def _verdict(same: bool | None, read: Exported) -> str:
    if same is None:
        return "the attempt was broken off"
    return "yes" if same else f"no{' (the file was redacted)' if read.redacted else ''}"


def _text(stored: bytes) -> str:
    return shortened(stored.decode(errors="replace"), MOST_SHOWN)


def _handler(target: tuple[str, str]) -> JobHandler[object, object]:
    found = named(target, "a handler")
    if not callable(found):
        _not_a("handler, a function of a job", target, found)
    return cast("JobHandler[object, object]", found)  # it is held to its types when it runs


def _kind(target: tuple[str, str]) -> JobKind[object, object]:
    found = named(target, "a JobKind")
    if not isinstance(found, JobKind):
        _not_a("JobKind", target, found)
    return cast("JobKind[object, object]", found)


def _not_a(expected: str, target: tuple[str, str], found: object) -> NoReturn:
    raise Complaint(f"{':'.join(target)} is a {type(found).__name__}: expected a {expected}")
