"""The command itself: help, exit codes, pipes, terminals, interrupts."""

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT
from subprocess import CompletedProcess

import click
import pytest

from adc.cli.ending import end
from adc.core.ids import Xid
from adc.handling.notdone import Permanent
from adc.kind import JobKind
from adc.queue import SqliteQueue

Adc = Callable[..., CompletedProcess[str]]

COMMANDS = (
    *("schedule", "work", "list", "show", "history", "dead", "redrive", "cancel"),
    *("pause", "resume", "stats", "verify", "rebuild", "demo"),
)
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def test_help_names_all_commands_and_loads_none(environment: dict[str, str]) -> None:
    code = (
        "import sys; from adc.cli.program import run; assert run(['--help']) == 0;"
        "assert not {'rich', 'json', 'asyncio', 'adc.cli.demo'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []
    assert "jobs.db in the current directory" in done.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does_in_a_sentence(adc: Adc, name: str) -> None:
    done = adc(name, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\n\n  [A-Z][^.]+[.:]", done.stdout)


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_without_its_packages_it_says_what_to_install(environment: dict[str, str], missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; from adc.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "adc: the command line needs click and rich: pip install 'aide-de-camp[cli]'\n"


def test_without_a_command_it_shows_the_help(adc: Adc) -> None:
    done = adc()

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: adc")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("lst",), "No such command 'lst'"),
        (("list", "--nope"), "No such option '--nope'"),
        (("list", "extra"), "Got unexpected extra argument (extra). See adc list --help"),
        (("list", "--state", "lost"), "Invalid value for '--state': 'lost' is not one of"),
        (("list", "--limit", "0"), "Invalid value for '--limit': 0 is not in the range 1<=x<=1000000"),
        (("list", "--limit", "1" + "0" * 21), "Invalid value for '--limit'"),
        (("--debugg", "list"), "No such option '--debugg'. (Did you mean one of: '--db', '--debug'?). See adc --help"),
        (("list", "--limitt"), "No such option '--limitt'. Did you mean '--limit'? See adc list --help"),
        (
            ("--db", "", "list"),
            "Invalid value for '--db': expected the path of a file, got an empty text. See adc --help",
        ),
        (("list", "--db", ""), "Invalid value for '--db': expected the path of a file, got an empty text"),
        (("list", "--due-before", "2027-01-01"), "Invalid value for '--due-before': '2027-01-01' has no zone"),
        (("--busy-timeout", "x", "list"), "Invalid value for '--busy-timeout': expected a duration"),
    ],
)
def test_wrong_usage_is_said_in_one_line(adc: Adc, arguments: tuple[str, ...], line: str) -> None:
    done = adc(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"adc: {line}")
    assert done.stderr.count("\n") == 1


def test_the_command_works_from_outside(command: Adc) -> None:
    jid = command("schedule", "any", "--unchecked").stdout.strip()

    done = command("history", jid)

    assert (done.returncode, done.stderr) == (0, "")
    assert "JobScheduled" in done.stdout


def test_a_failure_from_outside_is_one_line(command: Adc) -> None:
    done = command("list")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "adc: jobs.db: no such file. Name the queue's file with --db or ADC_DB\n"


@pytest.mark.parametrize("arguments", [("list", "--limit", "9999"), ("list", "--json", "--limit", "9999"), ("stats",)])
def test_a_closed_pipe_ends_it_in_silence(
    environment: dict[str, str], queue: SqliteQueue, arguments: tuple[str, ...]
) -> None:
    note = JobKind("note", int)
    queue.schedule_many(note.new(number) for number in range(2000))
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        line = (sys.executable, "-m", "adc", *arguments)
        done = subprocess.run(line, env=environment, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)

    assert (done.returncode, done.stderr) == (141, "")


def test_an_interrupt_ends_it_without_a_traceback(environment: dict[str, str], here: Path) -> None:
    (here / "slow.py").write_text("import sys\nprint('ready', flush=True)\nsys.stdin.read()\n")
    line = (sys.executable, "-m", "adc", "schedule", "any", "--app", "slow:router")
    pipe = subprocess.PIPE
    with subprocess.Popen(line, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        process.send_signal(SIGINT)
        said = process.stderr.read()

    assert (process.returncode, said) == (130, "")


def test_an_output_of_few_characters_gets_escapes(
    environment: dict[str, str], queue: SqliteQueue, command: Adc
) -> None:
    queue.schedule(JobKind("日本", int).new(1))
    environment["PYTHONIOENCODING"] = "latin-1:strict"

    done = command("list")

    assert (done.returncode, done.stderr) == (0, "")
    assert r"\u65e5\u672c" in done.stdout


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ZeroDivisionError("twice\nover"), r"adc: unexpected ZeroDivisionError: twice\nover (adc --debug shows where)"),
        (click.ClickException("no"), "adc: no"),
    ],
)
def test_whatever_happens_is_one_line(capsys: pytest.CaptureFixture[str], error: Exception, line: str) -> None:
    assert end(error) == 1
    assert capsys.readouterr().err == f"{line}\n"


def test_what_isnt_an_error_passes_through() -> None:
    with pytest.raises(GeneratorExit):
        end(GeneratorExit())


# -- terminals


@pytest.fixture
def terminal(environment: dict[str, str]) -> Callable[..., str]:
    """What a terminal of so many columns gets to see."""

    def look(columns: int, *arguments: str) -> str:
        environment.update(COLUMNS=str(columns), TERM="xterm-256color")
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            (sys.executable, "-m", "adc", *arguments), env=environment, stdout=theirs, stderr=theirs, text=True
        ) as process:
            os.close(theirs)
            seen = read_all(ours)
        os.close(ours)
        assert process.returncode == 0, seen
        return seen.replace("\r\n", "\n")

    return look


def read_all(terminal: int) -> str:
    seen = b""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:  # Linux: nobody has the other side any more
            part = b""
        if not part:
            return seen.decode()
        seen += part


@pytest.fixture
def jid(queue: SqliteQueue) -> Xid:
    kind = JobKind("a kind with a long name", dict[str, str])
    jid = queue.schedule(kind.new({"text": "[red]not markup[/red] :smile:"}))
    claimed = queue.poll_next(kind)
    assert claimed is not None
    claimed.fail(Permanent("[bold]not markup[/bold]\nbut \x1b[31mtwo lines, and much longer than a terminal is wide"))
    return jid


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
@pytest.mark.parametrize("name", ["list", "dead", "history", "show", "stats"])
def test_a_terminal_of_any_width_shows_whole_ids(
    terminal: Callable[..., str], jid: Xid, columns: int, name: str
) -> None:
    seen = ESCAPE.sub("", terminal(columns, name, *((jid,) if name in {"history", "show"} else ())))

    assert "\x1b" not in seen
    if name in {"list", "dead", "show"}:
        assert jid in seen
    if name in {"dead", "history"} and columns == 200:
        assert r"[bold]not markup[/bold]\nbut" in seen
    if columns >= 80 and name != "show":
        assert max(map(len, seen.splitlines())) <= columns


def test_a_narrow_terminal_shows_a_line_for_each_cell(terminal: Callable[..., str], jid: Xid) -> None:
    seen = ESCAPE.sub("", terminal(40, "list"))

    assert seen.splitlines()[:2] == [jid, "  STATE         dead"]


def test_the_demo_has_a_bar_in_a_terminal(terminal: Callable[..., str], here: Path) -> None:
    seen = ESCAPE.sub("", terminal(40, "demo", "--root", str(here)))

    assert "1/1" in seen
    assert "files         1\n" in seen


def test_colours_are_for_terminals_that_want_them(
    terminal: Callable[..., str], environment: dict[str, str], command: Adc, jid: Xid
) -> None:
    coloured = terminal(80, "list")
    environment["NO_COLOR"] = "1"

    assert "\x1b[" in coloured
    assert "\x1b" not in terminal(80, "list")
    assert "\x1b" not in command("list").stdout


# -- outputs that take nothing


@pytest.fixture
def into(environment: dict[str, str]) -> Callable[..., CompletedProcess[str]]:
    """Runs a command by the shell, with its output redirected."""

    def call(redirection: str, *arguments: str) -> CompletedProcess[str]:
        line = f"{shlex.join((sys.executable, '-m', 'adc', *arguments))} {redirection}"
        return subprocess.run(line, shell=True, env=environment, capture_output=True, text=True, check=False)

    return call


READING = [("list",), ("list", "--json"), ("stats",), ("--help",), ("--version",)]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_full_disk_is_said_in_one_line(into: Adc, queue: SqliteQueue, arguments: tuple[str, ...]) -> None:
    queue.schedule(JobKind("note", int).new(1))

    done = into("> /dev/full", *arguments)

    assert (done.returncode, done.stderr) == (1, "adc: stdout can't be written: No space left on device\n")


@pytest.mark.parametrize("arguments", [*READING, ("schedule", "any", "--unchecked"), ("work", "shop:router")])
def test_a_closed_stdout_is_said_before_anything_is_done(into: Adc, db: Path, arguments: tuple[str, ...]) -> None:
    done = into(">&-", *arguments)

    assert (done.returncode, done.stderr) == (1, "adc: stdout is closed: give it a place, such as > /dev/null\n")
    assert not db.exists()


@pytest.mark.parametrize("redirection", ["> /dev/full", "| true"])
def test_a_job_whose_id_cant_be_printed_is_stored(into: Adc, db: Path, redirection: str) -> None:
    slow = redirection.replace("true", "(exec <&-; sleep 1)")  # whoever should read it has gone by then

    done = into(f"{slow}", "schedule", "any", "--unchecked")

    with SqliteQueue.open(db) as queue:
        (row,) = queue.look()
    why = "Broken pipe" if "|" in redirection else "No space left on device"
    assert done.stderr == f"adc: job {row.jid} was stored, but stdout can't be written: {why}\n"


def test_closed_inputs_and_errors_are_no_crash(into: Adc, here: Path) -> None:
    unread = into("<&-", "schedule", "any", "-", "--unchecked")

    assert (unread.returncode, unread.stderr) == (1, "adc: stdin can't be read: it is closed\n")
    assert into("2>&-", "list").returncode == 1
    assert into("2>&-", "demo", "--root", str(here)).returncode == 0


def test_options_for_the_whole_run_go_before_and_after_the_command(adc: Adc, queue: SqliteQueue) -> None:
    with queue.store.writing():
        before = adc("--busy-timeout", "0s", "schedule", "any", "--unchecked")
        after = adc("schedule", "any", "--unchecked", "--busy-timeout", "0s")
        assert "database is locked" in before.stderr
        assert before.stderr == after.stderr

    for arguments in (("--debug", "work"), ("work", "--debug")):
        assert "Traceback" in adc(*arguments, "shop:stumble").stderr


@pytest.mark.parametrize("name", ["list", "work", "schedule"])
def test_help_is_as_wide_as_the_terminal(command: Adc, environment: dict[str, str], name: str) -> None:
    environment["COLUMNS"] = "40"

    done = command(name, "--help")

    assert done.returncode == 0
    assert max(map(len, done.stdout.splitlines())) <= 40


def test_the_help_says_what_exit_codes_mean(adc: Adc) -> None:
    said = " ".join(adc("--help").stdout.split())

    assert "1 it could not be done, as with a payload that is wrong, 2 the command line is wrong" in said
