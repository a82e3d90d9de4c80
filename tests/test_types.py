"""Types: what strict consumers rely on, checked by mypy and pyright on files that are never run.

In `typings/rejects_*.py` a line with `# type: ignore[code]` is a mistake. Strict mypy reports an ignore that it doesn't
need, so each of them is refused at that line; pyright is asked here for the same lines. A mistake that only pyright
refuses is marked `# pyright only`, one that only mypy refuses has `# mypy only` behind its ignore.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import adc
from adc import testing

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
REJECTS = sorted((ROOT / "typings").glob("rejects_*.py"))
IGNORED = re.compile(r"# type: ignore\[[\w, -]+\]")


def lines(path: Path, refused_by: str) -> set[tuple[str, int]]:
    other = {"mypy": "# pyright only", "pyright": "# mypy only"}[refused_by]
    return {
        (path.name, number)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (IGNORED.search(line) or f"# {refused_by} only" in line) and other not in line
    }


def test_strict_mypy_has_nothing_to_say() -> None:
    done = subprocess.run([BIN / "mypy"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_at_least_sixty_mistakes_are_refused() -> None:
    assert sum(len(lines(path, "mypy")) for path in REJECTS) >= 60


@pytest.mark.skipif(shutil.which("pyright", path=BIN) is None, reason="pyright is in the extra dev")
def test_pyright_refuses_the_same_lines() -> None:
    command: list[str | Path] = [
        BIN / "pyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        "-p",
        ROOT / "typings",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    found = {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in json.loads(done.stdout)["generalDiagnostics"]
        if each["severity"] == "error"
    }
    marked = set[tuple[str, int]]().union(*(lines(path, "pyright") for path in REJECTS))
    assert sorted(marked) == sorted(found)


def test_every_public_name_is_used_as_a_strict_consumer_would() -> None:
    accepted = "".join(path.read_text() for path in (ROOT / "typings").glob("accepts_*.py"))

    assert [name for name in adc.__all__ if not re.search(rf"\badc\.{name}\b", accepted)] == []
    assert [name for name in testing.__all__ if not re.search(rf"\bt\.{name}\b", accepted)] == []
