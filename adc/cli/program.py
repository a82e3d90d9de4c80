"""The program: `adc` and its commands, each imported when it is called, and one run from arguments to an exit code."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Final

import click
from typing_extensions import override

from adc.cli.ending import FAILED, complain, end, forget_unwritten
from adc.cli.inert import inert
from adc.cli.settings import Settings, choose_settings

NAME: Final = "adc"
COMPLETION: Final = "_ADC_COMPLETE"
HELP: Final = ("-h", "--help")
WIDEST_HELP: Final = 80

COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "schedule": ("adc.cli.schedule:schedule", "Store a job, and print its id."),
    "check": ("adc.cli.check:check_jobs", "See, before a deploy, whether all jobs would run."),
    "work": ("adc.cli.work:work", "Run jobs with an application's handlers."),
    "list": ("adc.cli.listing:list_jobs", "List jobs, in the order of scheduling."),
    "show": ("adc.cli.telling:show", "Show all of one job."),
    "history": ("adc.cli.happening:history", "Show what happened to one job."),
    "events": ("adc.cli.happening:events", "Show the whole log, and follow it."),
    "explain": ("adc.cli.explaining:explain", "Say why a job runs, doesn't run, or ran again."),
    "dead": ("adc.cli.listing:dead", "List the dead letters, and why they died."),
    "redrive": ("adc.cli.changing:redrive", "Give dead letters a new life."),
    "cancel": ("adc.cli.changing:cancel", "Never run jobs that wait or are dead, and ask those that run to end."),
    "pause": ("adc.cli.changing:pause", "Claim no job from a queue until it is resumed."),
    "resume": ("adc.cli.changing:resume", "Claim jobs from a paused queue again."),
    "runners": ("adc.cli.runners:runners", "Show who runs jobs."),
    "stats": ("adc.cli.listing:stats", "Count the jobs in each state, and say which queues are paused."),
    "export": ("adc.cli.exporting:export", "Write one job to a JSON file."),
    "replay": ("adc.cli.replaying:replay", "Run a handler again on an attempt of an exported job."),
    "erase": ("adc.cli.changing:erase", "Remove the bytes of a job's payload and result."),
    "prune": ("adc.cli.pruning:prune", "Remove, or archive, what happened to jobs long over."),
    "import": ("adc.cli.importing:import_original", "Copy the jobs of a file of the Rust original."),
    "doctor": ("adc.cli.doctoring:doctor", "See how a queue's file lives, and who has it open."),
    "backup": ("adc.cli.backing_up:backup", "Write a verified copy while everything goes on."),
    "compact": ("adc.cli.compacting:compact", "Give free room of the file back to the system."),
    "verify": ("adc.cli.verifying:verify", "Check a queue's file: is all of it as adc wrote it?"),
    "rebuild": ("adc.cli.rebuilding:rebuild", "Compute the states of jobs anew from the log."),
    "demo": ("adc.cli.demo:demo", "See adc work, on Python's own standard library."),
}
"""Where each command is and what it does, in the order of a job's life: `--help` imports none of them."""


class Commands(click.Group):
    """The commands of COMMANDS."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in order."""
        return list(COMMANDS)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None: there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What `--help` says of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])


@click.group(
    NAME,
    cls=Commands,
    context_settings={"help_option_names": HELP},
    epilog="Exit codes: 0 done, 1 it could not be done, as with a payload that is wrong, 2 the command line is wrong, "
    "130 interrupted, 141 whoever read the output is gone.",
)
@choose_settings
@click.version_option(package_name="aide-de-camp", prog_name=NAME, message="%(prog)s %(version)s")
def program() -> None:
    """A background job queue in one SQLite file.

    To see it work, run: adc demo
    """


def start() -> int:
    """Run with the arguments of this process; whatever an output can't encode is written as escapes."""
    if sys.stdout is None:
        complain("stdout is closed: give it a place, such as > /dev/null")
        return FAILED
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
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
        with program.make_context(
            NAME, list(arguments), obj=settings, terminal_width=_width_of_help(arguments)
        ) as context:
            program.invoke(context)
            sys.stdout.flush()  # a closed pipe shows here, not when Python exits
    except BaseException as error:  # noqa: BLE001  an exit code for everything; what isn't ours is raised again
        if settings.debug:
            _show_traceback(error)
        code = end(error)
        forget_unwritten()
        return code
    return 0


def _width_of_help(arguments: Sequence[str]) -> int | None:
    """As wide as the terminal, up to a limit, where click stays at 50 or more; None: nobody asks for help."""
    if arguments and set(HELP).isdisjoint(arguments):
        return None
    from shutil import get_terminal_size  # noqa: PLC0415  4 ms, which only --help pays

    return min(get_terminal_size().columns, WIDEST_HELP) - 2


def _show_traceback(error: BaseException) -> None:
    if isinstance(error, click.exceptions.Exit | click.ClickException):
        return
    import traceback  # noqa: PLC0415  only --debug needs it

    for line in "".join(traceback.format_exception(error)).splitlines():
        click.echo(inert(line), err=True)
