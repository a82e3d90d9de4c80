"""adc schedule: one job from the command line; its id alone is on stdout, for `adc history $(adc schedule ...)`."""

import sys
from contextlib import redirect_stdout
from datetime import datetime, timedelta

import click
from click.core import ParameterSource

from adc.cli.application import TARGET, router_of
from adc.cli.ending import Complaint
from adc.cli.parameters import DURATION, KEY, KIND, MOMENT, QUEUE
from adc.cli.payloads import Wishes, stored_text, typed_job, unchecked_job
from adc.cli.settings import Settings, choose_settings, pass_settings
from adc.core.names import HIGHEST_PRIORITY, LOWEST_PRIORITY
from adc.kind import NewJob


@click.command()
@click.argument("kind", type=KIND)
@click.argument("payload", metavar="[JSON]", default="null")
@click.option("--app", type=TARGET, envvar="ADC_APP", help="The application, which knows the kind. Else ADC_APP.")
@click.option("--unchecked", is_flag=True, help="Do without the application: any kind, any JSON.")
@click.option("--in", "delay", type=DURATION, help="Due so much later, such as 5m or 1h30m.")
@click.option("--at", "due", type=MOMENT, help="Due at a time with a zone, such as 2027-01-01T10:00Z.")
@click.option(
    "--priority", type=click.IntRange(LOWEST_PRIORITY, HIGHEST_PRIORITY), metavar="N", help="Higher runs first."
)
@click.option("--queue", type=QUEUE, help="Another queue than the kind's.")
@click.option("--key", type=KEY, help="Of all jobs of this kind with one key, only the first is stored.")
@choose_settings
@pass_settings
@click.pass_context
def schedule(
    context: click.Context,
    settings: Settings,
    kind: str,
    payload: str,
    app: tuple[str, str] | None,
    unchecked: bool,
    delay: timedelta | None,
    due: datetime | None,
    priority: int | None,
    queue: str | None,
    key: str | None,
) -> None:
    """Store a job of KIND, and print its id.

    JSON is the payload, null if it isn't given, and read from stdin if it is `-`. With the application it is checked
    against the type of the kind, and the kind says how often the job is retried; a kind whose payload is bytes gets the
    text as it is. With --unchecked any JSON is stored, and the first failure is final.

    The application's services are opened and closed, if it has any; what it prints then goes to stderr.

    The queue's file is made if it isn't there.
    """
    if unchecked and context.get_parameter_source("app") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--unchecked does without the application: leave out --app")
    if delay is not None and due is not None:
        raise click.UsageError("--in and --at both say when: leave out one")
    wishes = Wishes(queue, priority, key)
    job = _unchecked(kind, payload, wishes) if unchecked else _typed(app, kind, payload, wishes)
    if due is not None:
        job = job.at(due)
    if delay is not None:
        job = job.after(delay)
    with settings.open_or_make() as opened:
        jid = opened.schedule(job)
    try:
        click.echo(jid)
    except OSError as error:
        raise Complaint(f"job {jid} was stored, but stdout can't be written: {error.strerror}") from error


def _unchecked(kind: str, payload: str, wishes: Wishes) -> NewJob:
    return unchecked_job(kind, stored_text(payload), wishes)


def _typed(app: tuple[str, str] | None, kind: str, payload: str, wishes: Wishes) -> NewJob:
    if app is None:
        raise click.UsageError("expected --app MODULE:NAME or ADC_APP, which know the kind; or --unchecked")
    stored = stored_text(payload)
    with redirect_stdout(sys.stderr), router_of(app) as router:
        return typed_job(router.kinds, kind, stored, wishes)
