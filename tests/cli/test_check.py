"""adc check: before a deploy each job that wouldn't run is named, and the exit code says whether there is one."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Adc = Callable[..., CompletedProcess[str]]


@pytest.fixture
def jobs(adc: Adc, here: Path) -> tuple[str, str, str]:
    """One that would run, one of no kind, one of another type."""
    return (
        adc("schedule", "invoice", '{"customer": 1}', "--app", "shop:router").stdout.strip(),
        adc("schedule", "parcel", "7", "--unchecked").stdout.strip(),
        adc("schedule", "invoice", '{"customer": "one"}', "--unchecked").stdout.strip(),
    )


def test_all_would_run(adc: Adc, jobs: tuple[str, str, str]) -> None:
    for jid in jobs[1:]:
        adc("cancel", jid)

    done = adc("check", "shop:router")

    assert (done.returncode, done.stdout, done.stderr) == (0, "all 1 jobs would run\n", "")


def test_each_that_would_not_run_is_told(adc: Adc, jobs: tuple[str, str, str]) -> None:
    _, parcel, wrong = jobs

    done = adc("check", "shop:router")

    assert done.returncode == 1
    assert done.stdout == (
        f"{parcel}  parcel, version 1, scheduled: its kind has no handler\n"
        f"{wrong}  invoice, version 1, scheduled: $.customer: Expected `int`, got `str`\n"
        "2 of 3 jobs would not run\n"
    )


def test_as_json(adc: Adc, jobs: tuple[str, str, str]) -> None:
    done = adc("check", "shop:app", "--json")

    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["jid"], first["kind"], first["payload_version"], first["state"]) == (
        jobs[1],
        "parcel",
        1,
        "scheduled",
    )
    assert second["why"] == "$.customer: Expected `int`, got `str`"
    assert (done.returncode, done.stderr) == (1, "2 of 3 jobs would not run\n")


def test_dead_letters_are_asked_for(adc: Adc, here: Path) -> None:
    adc("schedule", "invoice", '{"customer": 0}', "--app", "shop:router")
    adc("work", "shop:router", "--until-idle", "--queue", "money")

    assert adc("check", "shop:router").stdout == "all 0 jobs would run\n"
    assert adc("check", "shop:router", "--dead").stdout == "all 1 jobs would run\n"
    done = adc("check", "shop:empty", "--dead")
    assert (done.returncode, "dead: its kind has no handler" in done.stdout) == (1, True)


def test_it_makes_no_file_and_wants_an_application(adc: Adc, here: Path) -> None:
    assert adc("check", "shop:router").returncode == 1
    assert not (here / "jobs.db").exists()
    assert adc("check").returncode == 2
