"""adc work: jobs are run, events told on stderr, and signals let running jobs finish."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals
from subprocess import CompletedProcess

import pytest

from adc.cli.ending import end
from adc.running.loop import HandlersHang

Adc = Callable[..., CompletedProcess[str]]


@pytest.fixture
def work(environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Starts `adc work` as a command."""

    def start(*arguments: str) -> subprocess.Popen[str]:
        line = (sys.executable, "-m", "adc", "work", *arguments)
        return subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return start


def test_what_is_due_is_run(adc: Adc) -> None:
    done = adc("schedule", "invoice", '{"customer": 7, "cents": 5}', "--app", "shop:app").stdout.strip()
    dead = adc("schedule", "invoice", '{"customer": 0}', "--app", "shop:app").stdout.strip()
    adc("schedule", "scan", "x", "--app", "shop:app", "--in", "1h")

    run = adc("work", "shop:app", "--queue", "money", "--queue", "default", "--until-idle")

    assert run.returncode == 0
    told = [line.split()[1:4] for line in run.stderr.splitlines()[1:-1]]
    assert sorted(told) == sorted(
        [name, jid, "invoice"]
        for name, jid in (("JobStarted", done), ("JobDone", done), ("JobStarted", dead), ("JobDied", dead))
    )
    assert '"sent 5 cents"' in adc("show", done).stdout
    assert "Permanent: no customer 0" in adc("dead").stdout
    assert dead in adc("dead").stdout
    assert adc("stats", "--json").stdout.startswith('{"scheduled": 1, "started": 0')


def test_only_its_queues_are_run(adc: Adc) -> None:
    adc("schedule", "invoice", '{"customer": 7}', "--app", "shop:app")

    adc("work", "shop:app", "--until-idle")

    assert '"scheduled": 1' in adc("stats", "--json").stdout


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_ends_it_in_peace(adc: Adc, work: Callable[..., subprocess.Popen[str]], number: Signals) -> None:
    jid = adc("schedule", "scan", "x", "--app", "shop:app").stdout.strip()

    with work("shop:app") as runner:
        assert runner.stderr is not None
        said = [runner.stderr.readline() for _ in range(3)]
        runner.send_signal(number)
        rest = runner.stderr.read()

    assert runner.returncode == 0
    assert said[0].startswith("runner ")
    assert f"JobStarted {jid} scan attempt 1" in said[1]
    assert f"JobDone {jid} scan attempt 1: result of 1 bytes" in said[2]
    assert rest.endswith("stopped\n")
    assert "Traceback" not in rest


def test_a_second_signal_ends_it_at_once(adc: Adc, work: Callable[..., subprocess.Popen[str]], here: Path) -> None:
    (here / "slow.py").write_text(
        "import threading\nimport adc\nrouter = adc.RunnerRouter()\n"
        "@router.handles(adc.JobKind('slow', str))\ndef slow(job): threading.Event().wait()\n"
    )
    adc("schedule", "slow", '""', "--unchecked")

    with work("slow:router") as runner:
        assert runner.stderr is not None
        assert "JobStarted" in runner.stderr.readline() + runner.stderr.readline()
        runner.send_signal(SIGINT)
        assert "stops: 1 running job may finish" in runner.stderr.readline()
        runner.send_signal(SIGINT)
        assert runner.stderr.read() == ""

    assert runner.returncode == 130


def test_quiet_says_nothing(adc: Adc, work: Callable[..., subprocess.Popen[str]], here: Path) -> None:
    (here / "loud.py").write_text(
        "import adc\nrouter = adc.RunnerRouter()\n"
        "@router.handles(adc.JobKind('say', str))\ndef say(job): print(job.payload, flush=True)\n"
    )
    adc("schedule", "say", '"hello"', "--unchecked")

    with work("loud:router", "--quiet") as runner:
        assert runner.stdout is not None
        assert runner.stderr is not None
        assert runner.stdout.readline() == "hello\n"
        runner.send_signal(SIGTERM)
        assert runner.stderr.read() == ""

    assert runner.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        ((), 2, "expected MODULE:NAME, or ADC_APP. See adc work --help"),
        (("shop",), 2, "Invalid value for '[MODULE:NAME]': expected MODULE:NAME, such as shop.jobs:router, got 'shop'"),
        (("shop:app", "-c", "0"), 2, "Invalid value for '-c' / '--concurrency': 0 is not in the range 1<=x<=10000"),
        (("shop:app", "--lease", "0s"), 2, "Invalid value for '--lease': expected a duration above 0, got '0s'"),
        (("shop:empty",), 1, "expected a router with handlers, got an empty one"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(adc: Adc, arguments: tuple[str, ...], code: int, line: str) -> None:
    done = adc("work", *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"adc: {line}")
    assert done.stderr.count("\n") == 1


def test_the_application_may_be_in_the_environment(adc: Adc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADC_APP", "shop:app")
    adc("schedule", "scan", "x")

    assert adc("work", "--until-idle").returncode == 0
    assert '"done": 1' in adc("stats", "--json").stdout


@pytest.mark.parametrize(
    "said",
    [
        "Jobs of a runner that was killed run again",
        "a second one ends at once",
        "A file that stays locked for longer than",
        "a closed stderr doesn't end it",
        "How long this runner may hang before others take its jobs",
    ],
)
def test_the_help_says_what_it_does_and_doesnt(adc: Adc, said: str) -> None:
    assert said in " ".join(adc("work", "--help").stdout.split())


def test_a_closed_stderr_doesnt_end_it(adc: Adc, work: Callable[..., subprocess.Popen[str]]) -> None:
    jids = [adc("schedule", "scan", "x", "--app", "shop:app").stdout.strip() for _ in range(2)]

    with work("shop:app", "--until-idle") as runner:
        assert runner.stderr is not None
        runner.stderr.close()

    assert runner.returncode == 0
    assert len(jids) == 2
    assert '"done": 2' in adc("stats", "--json").stdout


def test_a_handler_that_cannot_go_to_a_process_is_told_before_anything_is_claimed(adc: Adc, here: Path) -> None:
    (here / "nested.py").write_text(
        "import adc\n\nNOTE = adc.JobKind('note', int)\nrouter = adc.RunnerRouter()\n"
        "router.add_job_handler(NOTE, lambda job: None, process=True)\n"
    )

    done = adc("work", "nested:router", "--until-idle")

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("adc: kind 'note' runs in a process of its own, and its handler <function")
    assert "make it a function at the top of a module" in line


def test_handlers_that_hang_are_told_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert end(HandlersHang(11)) == 1

    assert "Start the process anew" in capsys.readouterr().err
