"""Troubles: what to say of trouble with the file where the library's advice is for programmers, or isn't true here."""

import os.path
from typing import Final

from adc.ports.trouble import (
    CannotOpen,
    OutcomeUnknown,
    StoreBusy,
    StoreDamaged,
    StoreReadOnly,
    StoreTrouble,
    UnsafeFile,
)

NOT_A_DATABASE: Final = 26
"""SQLite's result code for a file without its header: https://sqlite.org/rescode.html#notadb."""

BY_SQLITE: Final = 0xFF
"""The bits of an extended code that are the primary one; none of them is set if the trouble isn't SQLite's."""


def line_of_trouble(trouble: StoreTrouble) -> str:
    """What happened, and what to do."""
    return f"{trouble.path}: {trouble.operation}: {trouble.problem}. {_advice(trouble)}"


def _advice(trouble: StoreTrouble) -> str:
    code = trouble.code & BY_SQLITE
    match trouble:
        case StoreBusy():
            return "Nothing was committed. Try again, or wait longer with --busy-timeout."
        case UnsafeFile(risk=risk) if risk:
            return f"Nothing was made or changed. If you know better, say --allow {risk}."
        case OutcomeUnknown():
            return "Look with adc list or adc show whether it is there before you do it again."
        case StoreDamaged() if code == NOT_A_DATABASE:
            return "Name the queue's file with --db or ADC_DB."
        case CannotOpen() if not code:
            return "Choose another place for the file."
        case CannotOpen() | StoreReadOnly():
            directory = os.path.dirname(trouble.path)  # noqa: PTH120  pathlib would cost 5 ms of each command
            if not os.path.isdir(directory):  # noqa: PTH112  likewise
                return f"There is no directory {directory}."
            return "Nothing was committed. Let adc read and write the file and, beside it, -wal and -shm."
        case _:
            return trouble.advice
