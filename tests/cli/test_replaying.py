"""adc export and replay: a job leaves its database as a file, and its handler runs on it again."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from textwrap import dedent

import pytest

Adc = Callable[..., CompletedProcess[str]]

DESK = dedent("""
    from datetime import timedelta

    import adc


    class Hidden(Exception):
        pass


    LETTER = adc.JobKind("letter", dict[str, str], result=str, retry=adc.fixed(timedelta(0), max_retries=1))
    router = adc.RunnerRouter()
    broken = True


    def find(name: str) -> str:
        return f"{name}@example.org"


    @router.handles(LETTER)
    def send(job: adc.Job[dict[str, str]]) -> adc.Steps[str]:
        where = yield from adc.step("find", find)(job.payload["to"])
        if job.payload["to"] == "later":
            return (yield from adc.snooze(timedelta(hours=1)))
        if job.payload["to"] == "nobody":
            raise adc.Permanent("no such address")
        if job.attempt == 1:
            raise ConnectionError("the line is busy")
        return f"sent to {where}"


    def mended(job: adc.Job[dict[str, str]]) -> str:
        return f"sent to {job.payload['to']}"


    def untyped(job):
        return "7"


    def hide(part, text):
        if part == "payload":
            return '{"to": "…"}'
        return text.replace("ada", "…")


    def stumble(part, text):
        raise KeyError(part)


    def forget(part, text):
        return None
""")


@pytest.fixture
def desk(here: Path) -> Path:
    (here / "desk.py").write_text(DESK)
    return here


def exported(adc: Adc, to: str, *options: str) -> str:
    """A job that ran until nothing was left to do, as job.json; its id."""
    jid = adc("schedule", "letter", json.dumps({"to": to}), "--app", "desk:router", "--key", to).stdout.strip()
    adc("work", "desk:router", "--until-idle")
    done = adc("export", jid, "-o", "job.json", *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return jid


def fields(done: CompletedProcess[str]) -> dict[str, str]:
    head = done.stdout.partition("traceback\n")[0]
    return {line[:10].strip(): line[10:].strip() for line in head.splitlines()}


def test_an_export_goes_to_a_file_or_to_stdout(adc: Adc, desk: Path) -> None:
    jid = exported(adc, "ada")

    printed = adc("export", jid)

    assert (desk / "job.json").read_text() == printed.stdout
    assert json.loads(printed.stdout)["payload"] == {"text": '{"to":"ada"}'}
    assert printed.stdout.endswith("}\n")


def test_a_job_that_nobody_knows(adc: Adc, desk: Path) -> None:
    exported(adc, "ada")

    done = adc("export", "d5k7nc8v2q0g0a1m5j60")

    assert (done.returncode, done.stderr) == (1, "adc: no job has the id d5k7nc8v2q0g0a1m5j60\n")


def test_a_file_that_cannot_be_written(adc: Adc, desk: Path) -> None:
    done = adc("export", exported(adc, "ada"), "-o", "nowhere/job.json")

    assert (done.returncode, done.stderr) == (1, "adc: nowhere/job.json can't be written: No such file or directory\n")


def test_a_hook_takes_out_what_must_not_leave(adc: Adc, desk: Path) -> None:
    exported(adc, "ada", "--redact", "desk:hide")

    text = (desk / "job.json").read_text()

    assert "ada" not in text
    assert json.loads(text)["redacted"] is True


@pytest.mark.parametrize(
    ("hook", "problem"),
    [
        ("desk:stumble", "desk:stumble raised KeyError: 'payload'"),
        ("desk:forget", "desk:forget raised TypeError: expected the text that is to stand in the file, got NoneType"),
        ("desk:broken", "desk:broken is a bool: expected a function of a part and its text"),
        ("desk:nothing", "module desk has no nothing: expected desk:nothing to be a function"),
    ],
)
def test_a_hook_that_is_none(adc: Adc, desk: Path, hook: str, problem: str) -> None:
    done = adc("export", exported(adc, "ada"), "-o", "other.json", "--redact", hook)

    assert done.returncode == 1
    assert done.stderr.startswith(f"adc: {problem}")
    assert not (desk / "other.json").exists()


def test_a_replay_says_what_the_handler_says_and_what_it_said(adc: Adc, desk: Path) -> None:
    jid = exported(adc, "ada")

    done = adc("replay", "job.json", "--handler", "desk:send")

    said = fields(done)
    assert done.returncode == 0
    assert (said["job"], said["kind"]) == (jid, "letter")
    assert said["attempt"].startswith("2, began ")
    assert said["replayed"] == 'done: "sent to ada@example.org"'
    assert said["recorded"] == 'JobDone: "sent to ada@example.org"'
    assert said["the same"] == "yes"


def test_a_failure_is_told_with_its_traceback(adc: Adc, desk: Path) -> None:
    exported(adc, "ada")

    done = adc("replay", "job.json", "--handler", "desk:send", "--attempt", "1")

    said = fields(done)
    assert said["replayed"] == "failed: ConnectionError: the line is busy"
    assert said["recorded"].startswith("JobRetried: ConnectionError: the line is busy")
    assert said["the same"] == "yes"
    assert 'raise ConnectionError("the line is busy")' in done.stdout


@pytest.mark.parametrize(
    ("to", "recorded", "replayed"),
    [
        ("nobody", "JobDied: Permanent: no such address", "failed: Permanent: no such address"),
        ("later", "JobSnoozed: again in 1h", "snoozed for 1h"),
    ],
)
def test_other_ends_are_compared_too(adc: Adc, desk: Path, to: str, recorded: str, replayed: str) -> None:
    exported(adc, to)

    said = fields(adc("replay", "job.json", "--handler", "desk:send"))

    assert said["recorded"].startswith(recorded)
    assert said["replayed"] == replayed
    assert said["the same"] == "yes"


def test_a_handler_that_was_mended_says_something_else(adc: Adc, desk: Path) -> None:
    exported(adc, "ada")

    said = fields(adc("replay", "job.json", "--handler", "desk:mended", "--attempt", "1"))

    assert said["replayed"] == 'done: "sent to ada"'
    assert said["the same"] == "no"


def test_a_redacted_file_may_be_why(adc: Adc, desk: Path) -> None:
    exported(adc, "ada", "--redact", "desk:hide")

    said = fields(adc("replay", "job.json", "--handler", "desk:send"))

    assert said["replayed"] == 'done: "sent to …@example.org"'
    assert said["the same"] == "yes"
    assert fields(adc("replay", "job.json", "--handler", "desk:mended"))["the same"] == "no (the file was redacted)"


def test_a_step_with_an_answer_is_not_called(adc: Adc, desk: Path) -> None:
    exported(adc, "ada")

    said = fields(adc("replay", "job.json", "--handler", "desk:send", "--answer", 'find="b@c"'))

    assert said["replayed"] == 'done: "sent to b@c"'


@pytest.mark.parametrize("answer", ["find", "=7", "find=x"])
def test_an_answer_that_is_none(adc: Adc, desk: Path, answer: str) -> None:
    exported(adc, "ada")

    done = adc("replay", "job.json", "--handler", "desk:send", "--answer", answer)

    assert done.returncode == 2
    assert "expected" in done.stderr


def test_a_kind_tells_the_types_of_an_untyped_handler(adc: Adc, desk: Path) -> None:
    exported(adc, "ada")

    with_kind = adc("replay", "job.json", "--handler", "desk:untyped", "--kind", "desk:LETTER")
    without = adc("replay", "job.json", "--handler", "desk:untyped")

    assert fields(with_kind)["replayed"] == 'done: "7"'
    assert without.returncode == 1
    assert "so give its kind" in without.stderr


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--handler", "desk:broken"), "desk:broken is a bool: expected a handler, a function of a job"),
        (("--handler", "desk:nothing"), "module desk has no nothing: expected desk:nothing to be a handler"),
        (("--handler", "desk:send", "--kind", "desk:broken"), "desk:broken is a bool: expected a JobKind"),
        (
            ("--handler", "desk:send", "--kind", "shop:INVOICE"),
            "is of kind letter, version 1, which JobKind('invoice')",
        ),
        (("--handler", "desk:send", "--attempt", "9"), "has the attempts 1 to 2, not 9"),
    ],
)
def test_what_cannot_be_replayed(adc: Adc, desk: Path, options: tuple[str, ...], problem: str) -> None:
    exported(adc, "ada")

    done = adc("replay", "job.json", *options)

    assert done.returncode == 1
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_no_export(adc: Adc, desk: Path) -> None:
    (desk / "job.json").write_text("{}")

    done = adc("replay", "job.json", "--handler", "desk:send")

    assert done.returncode == 1
    assert done.stderr.startswith("adc: job.json: this isn't a job that adc exported")


def test_pdb_looks_around_where_the_handler_raised(
    command: Callable[..., CompletedProcess[str]], adc: Adc, desk: Path
) -> None:
    exported(adc, "ada")

    done = command("replay", "job.json", "--handler", "desk:send", "--attempt", "1", "--pdb", given="p where\nq\n")

    assert "'ada@example.org'" in done.stdout
    assert "(Pdb)" in done.stdout


def test_pdb_has_nothing_to_show_of_a_success(
    command: Callable[..., CompletedProcess[str]], adc: Adc, desk: Path
) -> None:
    exported(adc, "ada")

    done = command("replay", "job.json", "--handler", "desk:send", "--pdb")

    assert "(Pdb)" not in done.stdout
    assert done.returncode == 0
