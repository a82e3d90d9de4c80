"""adc check: before a deploy, whether the new code can run every job that is open."""

from collections.abc import Iterable

import click

from adc.checking import OPEN, Checked, Unrunnable, check
from adc.cli import records
from adc.cli.application import TARGET, router_of
from adc.cli.ending import FAILED
from adc.cli.inert import inert
from adc.cli.parameters import as_json
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.codec.events import UnreadableEvent
from adc.core.states import StateName


@click.command("check")
@click.argument("target", metavar="[MODULE:NAME]", type=TARGET, envvar="ADC_APP", required=False)
@click.option("--dead", is_flag=True, help="Check dead letters too, as if they were to be redriven.")
@as_json
@choose_settings
@pass_settings
@click.pass_context
def check_jobs(
    context: click.Context, settings: Settings, target: tuple[str, str] | None, dead: bool, as_json: bool
) -> None:
    """Read the payload of every job that waits or runs with the handlers that MODULE:NAME gives, or ADC_APP.

    Each job that wouldn't run is told, with its reason: that its kind or its payload's version has no handler, or where
    its payload isn't of the kind's type. Then the exit code is 1. No handler is called, nothing is changed.
    """
    if target is None:
        raise click.UsageError("expected MODULE:NAME, or ADC_APP")
    states: tuple[StateName, ...] = (*OPEN, "dead") if dead else OPEN
    with router_of(target) as router, settings.open_existing() as queue:
        jobs, wrong = _tell(check(queue.store, router.routes, states), as_json)
    said = f"{wrong} of {jobs} jobs would not run" if wrong else f"all {jobs} jobs would run"
    click.echo(said, err=as_json)
    context.exit(FAILED if wrong else 0)


def _tell(found: Iterable[Checked], as_json: bool) -> tuple[int, int]:
    """How many jobs there are, and how many of them were told."""
    jobs = wrong = 0
    for jobs, each in enumerate(found, 1):  # noqa: B007  the number of the last one
        if each is None:
            continue
        wrong += 1
        if as_json:
            records.write(_record(each))
        else:
            click.echo(inert(_line(each)))
    return jobs, wrong


def _line(each: Unrunnable | UnreadableEvent) -> str:
    match each:
        case Unrunnable(jid, kind, version, state, why):
            return f"{jid}  {kind}, version {version}, {state}: {why}"
        case UnreadableEvent():
            return f"{each.jid}  can't be read: {each}"


def _record(each: Unrunnable | UnreadableEvent) -> records.Record:
    match each:
        case Unrunnable(jid, kind, version, state, why):
            return {"jid": jid, "kind": kind, "payload_version": version, "state": state, "why": why}
        case UnreadableEvent():
            return {"jid": each.jid, "kind": None, "payload_version": None, "state": None, "why": str(each)}
