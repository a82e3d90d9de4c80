"""The program: `adc` and its commands, and one run of it from arguments to an exit code."""

import os
import sys
from collections.abc import Sequence
from typing import Final

import click
from typing_extensions import override

from adc.cli.changing import cancel, redrive
from adc.cli.demo import demo
from adc.cli.ending import end
from adc.cli.inert import inert
from adc.cli.listing import dead, list_jobs, stats
from adc.cli.schedule import schedule
from adc.cli.settings import Settings, choose_busy_timeout, choose_database, choose_debug
from adc.cli.telling import history, show
from adc.cli.work import work

NAME: Final = "adc"
COMPLETION: Final = "_ADC_COMPLETE"

COMMANDS: Final = (schedule, work, list_jobs, show, history, dead, redrive, cancel, stats, demo)
"""In the order of a job's life, which `--help` keeps."""


class _InOrder(click.Group):
    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [str(command.name) for command in COMMANDS]


@click.group(
    NAME,
    cls=_InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 it could not be done, 2 the command line is wrong, 130 interrupted.",
)
@choose_database
@choose_busy_timeout
@choose_debug
@click.version_option(package_name="aide-de-camp", prog_name=NAME, message="%(prog)s %(version)s")
def program() -> None:
    """A background job queue in one SQLite file.

    To see it work, run: adc demo
    """


for command in COMMANDS:
    program.add_command(command)


def start() -> int:
    """Run with the arguments of this process; whatever stdout can't encode is written as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    wanted = os.environ.get(COMPLETION)
    if wanted:
        from click.shell_completion import shell_complete  # noqa: PLC0415  only shells ask for it

        return shell_complete(program, {}, NAME, COMPLETION, wanted)
    return run(sys.argv[1:])


def run(arguments: Sequence[str]) -> int:
    """Run with these arguments: the exit code."""
    settings = Settings()
    try:
        with program.make_context(NAME, list(arguments), obj=settings) as context:
            program.invoke(context)
            sys.stdout.flush()  # a closed pipe shows here, not when Python exits
    except BaseException as error:  # noqa: BLE001  an exit code for everything; what isn't ours is raised again
        if settings.debug and not isinstance(error, click.exceptions.Exit):
            _show_traceback(error)
        return end(error)
    return 0


def _show_traceback(error: BaseException) -> None:
    import traceback  # noqa: PLC0415  only --debug needs it

    for line in "".join(traceback.format_exception(error)).splitlines():
        click.echo(inert(line), err=True)
