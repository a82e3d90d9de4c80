"""The code blocks of the README and of the docs run, page by page, and pass strict mypy as a user's would.

A `python` block with a title such as `# jobs.py` is a file, which the other blocks of its page can import. The `sh`
blocks of SHELL_PAGES are one shell's session, in the directory where those files are; it must succeed to the last line.
What such a block prints stands in the `text` block behind it, where ids, times, names and numbers may be others.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

import pytest
from sybil import Document, Example
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

import adc
import adc.testing
from adc.why import Why

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL_PAGES = [ROOT / "docs" / "tutorial.md", ROOT / "docs" / "guide" / "operating.md"]

CACHE: Final = ROOT / ".mypy_cache" / "docs"
"""Beside that of the project's own run, whose settings are others."""

INSTALLS: Final = "pip install"
TITLE: Final = re.compile(r"\A# ([a-z_]+\.py)\n")


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def examples(page: Path) -> list[Example]:
    return list(Document.parse(str(page), PythonCodeBlockParser()).examples())


def title_of(code: str) -> str | None:
    """The file that a block is; None: it is none."""
    found = TITLE.match(code)
    return found[1] if found else None


def write_files(page: Path, where: Path) -> None:
    for example in examples(page):
        code = str(example.parsed)
        title = title_of(code)
        if title is not None:
            (where / title).write_text(code)


@dataclass
class Command:
    """A shell block, and what stands behind it as its output; None: nothing does."""

    text: str
    printed: str | None = None


def commands(page: Path) -> list[Command]:
    """The shell session of a page, but for what installs: that isn't a test's to do."""
    found: list[Command] = []
    document = Document.parse(str(page), CodeBlockParser("sh", _nothing), CodeBlockParser("text", _nothing))
    for example in document.examples():
        language, text = str(example.region.lexemes["arguments"]), str(example.parsed)
        if language.startswith("sh"):
            found.append(Command(text))
        elif found:
            found[-1].printed = text
    return [command for command in found if INSTALLS not in command.text]


def _nothing(_: Example) -> None:
    return None


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory of its own, whose modules can be imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) == str(tmp_path / f"{name}.py"):
            del sys.modules[name]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_block_runs(page: Path, here: Path) -> None:
    write_files(page, here)
    if page in SHELL_PAGES:
        run_session(page, here)
    for example in examples(page):
        if title_of(str(example.parsed)) is None:
            example.evaluate()


def run_session(page: Path, where: Path) -> None:
    """One shell runs all the commands; what it printed is compared with the page."""
    wanted = commands(page)
    mark = "--- the next block ---"
    script = f"\necho '{mark}'\n".join(command.text for command in wanted)
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for variable in ("ADC_DB", "ADC_APP", "ADC_DEBUG"):
        environment.pop(variable, None)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"exec 2>&1\n{script}"],
        cwd=where, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    printed = done.stdout.split(f"{mark}\n")
    for command, output in zip(wanted, printed, strict=True):
        if command.printed is not None:
            assert (command.text, shape(output)) == (command.text, shape(command.printed))


def shape(output: str) -> Sequence[str]:
    """Lines without what is another each time: ids, times, durations, processes; and without alignment."""
    for pattern, name in (
        (r"\b[0-9a-v]{20}\b", "JID"),
        (r"\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z|\+00:00)", "TIME"),
        (r"\b(cli|caller):\S+", "ACTOR"),
        (r"\b\d+(?:ms|s)\b", "SOON"),
        (r"; (a column is \w+|long spans are drawn shorter)", "; SCALE"),
        (r"[·░█▓▒]+", "BAR"),
        (r'File ".*/', 'File "'),
        (r'"(hash)": ?"[0-9a-f]+"', "HASH"),
        (r"[ \t]+", " "),
    ):
        output = re.sub(pattern, name, output)
    return [line.strip() for line in output.strip().splitlines()]


def test_the_readme_example_is_a_program(tmp_path: Path) -> None:
    """Run as a script it prints the receipt and the history of the job."""
    first, *_ = examples(ROOT / "README.md")
    program = tmp_path / "program.py"
    program.write_text(str(first.parsed))

    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True, check=True)

    receipt, *history = done.stdout.splitlines()
    assert receipt == "250 ADA@EXAMPLE.ORG 1200 CENTS"
    assert [line.split()[3] for line in history] == ["JobScheduled", "JobStarted", "JobDone"]


@pytest.mark.parametrize("version", ["3.11", "3.13"])
def test_every_block_passes_strict_mypy(version: str, tmp_path: Path) -> None:
    """As a user's code does: with no settings but `--strict`, and no plugin."""
    for page in PAGES:
        write_files(page, tmp_path)
        blocks = [str(example.parsed) for example in examples(page)]
        program = "\n".join(block for block in blocks if title_of(block) is None)
        name = re.sub(r"\W", "_", named(page).removesuffix(".md"))
        (tmp_path / f"{name}.py").write_text(program)

    options = ["--strict", "--config-file=", "--python-version", version, "--cache-dir", str(CACHE)]
    done = subprocess.run([BIN / "mypy", *options, "."], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


def test_a_file_is_on_one_page_only() -> None:
    """Or the last one would be checked alone."""
    titles = [title_of(str(example.parsed)) for page in PAGES for example in examples(page)]
    files = [title for title in titles if title is not None]

    assert sorted(files) == sorted(set(files))


def test_every_public_name_is_in_the_reference() -> None:
    text = "".join(page.read_text() for page in PAGES if page.parent.name == "reference")

    shown = re.findall(r"^::: ([\w.]+)$", text, re.MULTILINE)
    public = [f"adc.{name}" for name in adc.__all__] + [f"adc.testing.{name}" for name in adc.testing.__all__]
    by_hand = ["adc.Failure", "adc.Success"]  # classes of another package
    by_module = [f"adc.outbox.{name}" for name in ("schedule", "try_schedule", "make_tables")]
    reasons = [f"adc.why.{kind.__name__}" for kind in get_args(Why)]
    elsewhere = [*by_module, "adc.aio.AsyncQueue", "adc.testing.store_exam.StoreExam", "adc.why.Why", *reasons]
    assert sorted([*shown, *by_hand]) == sorted([*public, *elsewhere])


def test_every_test_that_the_guarantees_name_is_there() -> None:
    named_tests = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", (ROOT / "docs" / "guarantees.md").read_text())

    assert len(named_tests) > 30
    for file, test in named_tests:
        assert f"def {test}" in (ROOT / "tests" / file).read_text()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_a_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text()):
        linked = page.parent / target if target else page
        assert linked.exists(), f"{named(page)} links to {target}"
        headings = re.findall(r"^#+ (.*)", linked.read_text(), re.MULTILINE)
        assert not anchor or anchor in {slug(heading) for heading in headings}, f"{named(page)} links to #{anchor}"


def slug(heading: str) -> str:
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())
