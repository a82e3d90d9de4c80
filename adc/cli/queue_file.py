"""Queue file: whether a file holds a queue, seen without opening it: that would make one in it."""

import mmap
from pathlib import Path
from typing import Final

NAMES: Final = (b"adc_meta", b"adc_queue")
"""Tables of adc, and of the Rust original, which opening refuses by name."""


def holds_queue(path: Path) -> bool:
    """Whether it does, or looks so.

    SQLite keeps the text of a schema as it was written: on the first pages, or in the write-ahead log.
    """
    return any(_mentions(file) for file in (path, path.with_name(f"{path.name}-wal")))


def _mentions(path: Path) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(name) >= 0 for name in NAMES)
    except (FileNotFoundError, ValueError):  # ValueError: an empty file can't be mapped
        return False
    except OSError:
        return True  # opening it says what is wrong
