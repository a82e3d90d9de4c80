"""docs/typing.md says what mypy and pyright say to likely mistakes: both are given its code, and the answers compared.

A mistake is a `py` block; the blocks with the titles mypy and pyright behind it have the messages, and the comment
`# here` is at the line that is refused (in a block of one line: that one). A block with no messages of a checker is one
to which that checker says nothing.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "typing.md").read_text()
BIN = Path(sys.executable).parent
CACHE = ROOT / ".mypy_cache" / "typing-page"
PROGRAM = "mistakes.py"
PYTHON = "3.11"

BLOCK = re.compile(r"^```(\w+)(?: title=\"(\w+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Mistake:
    code: str
    first: int
    """Its first line in the program."""
    mypy: str = ""
    pyright: str = ""

    @property
    def lines(self) -> range:
        return range(self.first, self.first + self.code.count("\n"))

    @property
    def refused(self) -> int:
        """The line that is at fault."""
        marked = [number for number, line in enumerate(self.code.splitlines(), self.first) if "# here" in line]
        (line,) = marked or [self.first]
        return line


def read() -> tuple[str, list[Mistake]]:
    """The program of all blocks, and what the page says to each mistake."""
    program = ""
    mistakes: list[Mistake] = []
    for language, title, text in BLOCK.findall(PAGE):
        match (language, title):
            case ("python", _):
                program += text
            case ("py", _):
                mistakes.append(Mistake(text, program.count("\n") + 1))
                program += text
            case ("text", "mypy"):
                mistakes[-1].mypy = text
            case ("text", "pyright"):
                mistakes[-1].pyright = text
            case _:
                raise AssertionError(f"a block that nobody checks: {language} {title}")
    return program, mistakes


PROGRAM_TEXT, MISTAKES = read()
numbered = pytest.mark.parametrize("mistake", MISTAKES, ids=[str(number) for number, _ in enumerate(MISTAKES, 1)])

Said = list[tuple[int, str]]
"""Lines, and what is said of them."""


@pytest.fixture(scope="module")
def mypy(tmp_path_factory: pytest.TempPathFactory) -> Said:
    options = ["--strict", "--config-file=", "--no-error-summary", "--hide-error-context", "--python-version", PYTHON]
    command: list[str | Path] = [
        BIN / "mypy",
        *options,
        "--enable-error-code",
        "unused-awaitable",
        "--cache-dir",
        CACHE,
        PROGRAM,
    ]
    home = tmp_path_factory.mktemp("mypy")
    (home / PROGRAM).write_text(PROGRAM_TEXT)
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    split = (line.split(":", 2) for line in done.stdout.splitlines())
    return [(int(number), text.removeprefix(" ")) for _, number, text in split]


@pytest.fixture(scope="module")
def pyright(tmp_path_factory: pytest.TempPathFactory) -> Said:
    if shutil.which("pyright", path=BIN) is None:
        pytest.skip("pyright is in the extra dev")
    home = tmp_path_factory.mktemp("pyright")
    (home / PROGRAM).write_text(PROGRAM_TEXT)
    settings = {"include": [PROGRAM], "typeCheckingMode": "strict", "pythonVersion": PYTHON}
    (home / "pyrightconfig.json").write_text(json.dumps(settings))
    command: list[str | Path] = [BIN / "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", home]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["generalDiagnostics"]
    found.sort(key=lambda each: (each["range"]["start"]["line"], each["range"]["start"]["character"], each["message"]))
    return [
        (
            each["range"]["start"]["line"] + 1,
            f"{each['severity']}: {each['message']} ({each['rule']})".replace("\N{NO-BREAK SPACE}", " "),
        )
        for each in found
    ]


def of(mistake: Mistake, said: Iterable[tuple[int, str]]) -> str:
    return "".join(f"{text}\n" for line, text in said if line in mistake.lines)


def test_there_are_twenty_of_them() -> None:
    assert len([mistake for mistake in MISTAKES if mistake.mypy and mistake.pyright]) == 20


@numbered
def test_mypy_says_what_stands_there(mistake: Mistake, mypy: Said) -> None:
    assert of(mistake, mypy) == mistake.mypy


@numbered
def test_pyright_says_what_stands_there(mistake: Mistake, pyright: Said) -> None:
    assert of(mistake, pyright) == mistake.pyright


@numbered
def test_it_is_refused_at_its_line(mistake: Mistake, mypy: Said, pyright: Said) -> None:
    assert {line for line, _ in (*mypy, *pyright) if line in mistake.lines} == {mistake.refused}


def test_all_else_on_the_page_is_accepted(mypy: Said, pyright: Said) -> None:
    wrong = {line for mistake in MISTAKES for line in mistake.lines}

    assert [each for each in (*mypy, *pyright) if each[0] not in wrong] == []
