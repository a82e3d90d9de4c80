"""What the command line says of trouble with the file: it names no Python, and what it says is true."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from adc.cli.troubles import line_of_trouble
from adc.ports.trouble import (
    CannotOpen,
    OutcomeUnknown,
    StoreBusy,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    StoreTrouble,
    UnsafeFile,
)

Adc = Callable[..., CompletedProcess[str]]
BE_LET = "Nothing was committed. Let adc read and write the file and, beside it, -wal and -shm."


@pytest.mark.parametrize(
    ("trouble", "code", "advice"),
    [
        (StoreBusy, 5, "Nothing was committed. Try again, or wait longer with --busy-timeout."),
        (OutcomeUnknown, 10, "Look with adc list or adc show whether it is there before you do it again."),
        (StoreDamaged, 26, "Name the queue's file with --db or ADC_DB."),
        (StoreDamaged, 11, StoreDamaged.advice),
        (StoreFull, 13, StoreFull.advice),
        (CannotOpen, 0, "Choose another place for the file."),
        (CannotOpen, 14, BE_LET),
        (StoreReadOnly, 8, BE_LET),
        (StoreReadOnly, 8 | 4 << 8, BE_LET),  # an extended code
    ],
)
def test_a_line_says_what_to_do(tmp_path: Path, trouble: type[StoreTrouble], code: int, advice: str) -> None:
    path = str(tmp_path / "jobs.db")

    assert line_of_trouble(trouble(path, "begin", "no", code)) == f"{path}: begin: no. {advice}"


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "nowhere" / "jobs.db")

    assert line_of_trouble(CannotOpen(path, "open", "no", 14)).endswith(f"There is no directory {tmp_path}/nowhere.")


def test_what_can_be_allowed_is_allowed_by_an_option_or_a_variable(
    adc: Adc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = tmp_path / "one.db", tmp_path / "other.db"
    for path in (one, other):
        path.touch()
        path.with_suffix(".link").hardlink_to(path)
    job = ("schedule", "k", "1", "--unchecked")

    refused = adc(*job, "--db", str(one))
    allowed = adc(*job, "--db", str(one), "--allow", "hard-links")
    monkeypatch.setenv("ADC_ALLOW", "foreign-owner hard-links")
    by_variable = adc(*job, "--db", str(other))

    assert refused.returncode == 1
    assert refused.stderr == (
        f"adc: {one}: open: it has 2 names, and by another one SQLite wouldn't find what is in its -wal. "
        "Nothing was made or changed. If you know better, say --allow hard-links.\n"
    )
    assert (allowed.returncode, by_variable.returncode) == (0, 0)


def test_what_cannot_be_allowed_names_no_option() -> None:
    assert line_of_trouble(UnsafeFile("jobs.db", "open", "no")) == "jobs.db: open: no. Nothing was made or changed."
