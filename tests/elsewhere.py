"""Elsewhere: files read by another process. To read one here that a queue has open would drop SQLite's locks."""

import atexit
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

_READER: Final = """
import sys
for line in sys.stdin:
    with open(line[:-1], "rb") as file:
        content = file.read()
    sys.stdout.buffer.write(b"%d\\n%b" % (len(content), content))
    sys.stdout.buffer.flush()
"""


def bytes_of(path: Path) -> bytes:
    """All that is in a file."""
    reader = _reader()
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write(f"{path}\n".encode())
    reader.stdin.flush()
    return reader.stdout.read(int(reader.stdout.readline()))


def copied(source: Path, target: Path) -> None:
    """A copy of a file, as it is now."""
    target.write_bytes(bytes_of(source))


def copied_folder(source: Path, target: Path) -> None:
    """Copies of all files in a folder but -shm, which a crash leaves nothing of, in a new folder."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for each in source.iterdir():
        if each.is_file() and not each.name.endswith("-shm"):
            copied(each, target / each.name)


@cache
def _reader() -> "subprocess.Popen[bytes]":
    reader = subprocess.Popen([sys.executable, "-c", _READER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(reader.kill)
    return reader
