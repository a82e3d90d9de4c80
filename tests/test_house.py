"""The house rules that import-linter can't hold: what may stand where, and how long a file may be."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ADC = Path(__file__).parent.parent / "adc"
FILES = sorted(ADC.rglob("*.py"))
PURE = ("core", "codec", "auditing", "handling", "running")
SQL = re.compile(r"\b(SELECT\s|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX|TRIGGER|VIEW))\b")


def named(path: Path) -> str:
    return path.relative_to(ADC).as_posix()


def imported(path: Path) -> set[str]:
    """The modules that a file imports, and the names that it takes from them, as `module.name`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def texts(path: Path) -> Iterator[str]:
    """The texts of a file that aren't docstrings or comments."""
    tree = ast.parse(path.read_text())
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node.value


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_opens_with_one_sentence_that_says_its_idea(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))

    assert docstring is not None
    assert docstring.splitlines()[0].endswith(".")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_file_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", FILES, ids=named)
def test_sql_stands_in_queries_and_migrations_only(path: Path) -> None:
    if path.stem.endswith("queries") or named(path) == "stores/sqlite/migrations.py":
        return

    assert [text for text in texts(path) if SQL.search(text)] == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_the_system_reads_time_and_chance(path: Path) -> None:
    if named(path) == "system.py":
        return
    allowed: set[str] = set()
    if named(path) == "stores/sqlite/opening.py":
        allowed = {"time", "time.sleep"}
    elif named(path).startswith("testing/"):
        allowed = {"random"}  # random.Random(seed): the same each time

    assert imported(path) & {
        "time", "time.time", "time.monotonic", "time.perf_counter", "time.sleep", "random", "secrets", "uuid",
    } <= allowed  # fmt: skip
    read = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    assert read & {"utcnow", "today", "time_ns", "monotonic_ns", "perf_counter"} == set()
    assert [node for node in calls(path) if ast.unparse(node.func) in {"datetime.now", "datetime.datetime.now"}] == []


@pytest.mark.parametrize("path", [path for path in FILES if named(path).split("/")[0] in PURE], ids=named)
def test_the_pure_parts_open_no_file_and_print_nothing(path: Path) -> None:
    called = {node.func.id for node in calls(path) if isinstance(node.func, ast.Name)}

    assert called & {"open", "print", "input", "exec", "eval", "compile", "__import__"} == set()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_stored_bytes_never_become_code(path: Path) -> None:
    modules = {name.split(".")[0] for name in imported(path)}

    assert modules & {"pickle", "marshal", "shelve", "yaml", "sqlite3", "dill"} == set()


@pytest.mark.parametrize("path", FILES, ids=named)
def test_nobody_imports_the_front_door(path: Path) -> None:
    names = {name for name in imported(path) if name == "adc" or re.fullmatch(r"adc\.[A-Z]\w*", name)}

    assert names - {"adc"} == set()


@pytest.mark.parametrize("path", [path for path in FILES if "stores/sqlite" in named(path)], ids=named)
def test_transactions_are_written_out(path: Path) -> None:
    text = path.read_text()

    assert re.findall(r"with (?:self\._)?connection\b", text) == []  # it keeps the GIL while it waits for the lock
    assert re.findall(r"transaction_mode|bestpractice\.apply|\bBEGIN(?! IMMEDIATE\b)[ \";]", text) == []


def test_the_log_is_written_without_conflict_clauses() -> None:
    text = "".join(path.read_text() for path in (ADC / "stores/sqlite").glob("*queries.py"))

    for statement in re.findall(r"INSERT[^;\"]*INTO job_events[^;\"]*", text):
        assert re.findall(r"OR (?:IGNORE|REPLACE)|ON CONFLICT", statement) == []


@pytest.mark.parametrize("word", ["utils", "helpers", "common", "base", "manager", "misc"])
def test_no_file_has_a_name_that_says_nothing(word: str) -> None:
    assert [named(path) for path in FILES if path.stem == word] == []


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_adc_stays_light() -> None:
    loaded = set(run("import adc, sys; print(*sys.modules)").split())

    assert loaded & {"click", "rich", "asyncio", "sqlite3", "concurrent.futures", "pytest"} == set()


def test_the_layers_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ADC.parent, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
