"""The code blocks of the README and of the docs run, and pass strict mypy as a user's program would."""

import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import PythonCodeBlockParser

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def examples(page: Path) -> list[Example]:
    return list(Document.parse(str(page), PythonCodeBlockParser()).examples())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    for example in examples(page):
        example.evaluate()


def test_the_readme_example_is_a_program(tmp_path: Path) -> None:
    """Run as a script it prints the receipt and the history of the job."""
    first, *_ = examples(ROOT / "README.md")
    program = tmp_path / "program.py"
    program.write_text(str(first.parsed))

    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=True)

    receipt, *history = done.stdout.splitlines()
    assert receipt == "250 ADA@EXAMPLE.ORG 1200 CENTS"
    assert [line.split()[3] for line in history] == ["JobScheduled", "JobStarted", "JobDone"]
