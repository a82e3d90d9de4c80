"""What the command line says of trouble with the file: it names no Python, and what it says is true."""

from pathlib import Path

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
)

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
