"""adc demo: it counts what `ast` counts without adc, buries what is broken, and removes no file but its own."""

import ast
import subprocess
import sys
import sysconfig
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

import apsw
import pytest

from adc.cli.demo_job import PARSE, PythonFile, parse
from adc.core.ids import Xid
from adc.handling.job import Job
from adc.kind import JobKind
from adc.queue import SqliteQueue

Adc = Callable[..., CompletedProcess[str]]

STDLIB = Path(sysconfig.get_path("stdlib"))
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def counted_without_adc(root: Path) -> dict[str, str]:
    """What the summary should say, by a walk over every node of every file."""
    files = [file for file in root.rglob("*.py") if "site-packages" not in file.parts]
    lines = functions = classes = broken = 0
    for file in files:
        source = file.read_bytes()
        try:
            nodes = Counter(map(type, ast.walk(ast.parse(source))))
        except SyntaxError:
            broken += 1
            continue
        lines += len(source.splitlines())
        functions += sum(nodes[function] for function in FUNCTIONS)
        classes += nodes[ast.ClassDef]
    totals = {"files": len(files), "lines": lines, "functions": functions, "classes": classes}
    return {name: f"{total:,}" for name, total in {**totals, "dead letters": broken}.items()}


def summary(shown: str) -> dict[str, str]:
    """The fields at the beginning."""
    fields, _, _ = shown.strip().partition("\n\n")
    return {name.strip(): value.strip() for name, _, value in (line.partition("  ") for line in fields.splitlines())}


def test_the_standard_library_is_counted_as_without_adc(environment: dict[str, str], here: Path) -> None:
    pipe = subprocess.PIPE
    line = (sys.executable, "-m", "adc", "demo")
    with subprocess.Popen(line, env=environment, stdout=pipe, stderr=pipe, text=True) as demo:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = counted_without_adc(STDLIB)
        shown, said = demo.communicate()

    assert demo.returncode == 0
    assert expected.items() <= summary(shown).items()
    assert int(expected["dead letters"]) > 0
    assert f"{expected['dead letters']:>4}  RetriesUsedUp  SyntaxError\n" in shown
    total = expected["files"].replace(",", "")
    assert said.splitlines()[0] == f"0 of {total} jobs finished"
    assert said.splitlines()[-1] == f"{total} of {total} jobs finished"
    assert len(said.splitlines()) == 5  # nothing that parsing warns of


EVERYWHERE = """
class Outer:
    class Inner:
        def method(self): pass

async def coroutine():
    def inner(): return lambda: 0

if True:
    def a(): pass
elif False:
    def b(): pass
else:
    def c(): pass

for each in ():
    def d(): pass
else:
    def e(): pass

while False:
    def f(): pass
else:
    def g(): pass

try:
    def h(): pass
except ValueError:
    def i(): pass
else:
    def j(): pass
finally:
    def k(): pass

try:
    pass
except* ValueError:
    def l(): pass

with open("x"):
    def m(): pass

match 1:
    case 1:
        def n(): pass
    case _:
        class Last: pass

async def more():
    async for x in y:
        def o(): pass
    async with z:
        def p(): pass
"""


def test_functions_and_classes_are_found_wherever_they_can_be(tmp_path: Path) -> None:
    (tmp_path / "everywhere.py").write_text(EVERYWHERE)

    counts = parse(Job(Xid("0" * 20), PythonFile(str(tmp_path / "everywhere.py")), 1, 0, 2, datetime.now(UTC)))

    nodes = [type(node) for node in ast.walk(ast.parse(EVERYWHERE))]
    assert (counts.functions, counts.classes) == (sum(map(nodes.count, FUNCTIONS)), 3)
    assert counts.lines == EVERYWHERE.count("\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A few files: two that can be parsed, and two that can't."""
    root = tmp_path / "root"
    (root / "site-packages").mkdir(parents=True)
    (root / "good.py").write_text("class A:\n    def f(self): return '\\d'\n")  # which Python warns of
    (root / "empty.py").write_text("")
    (root / "broken.py").write_text("def = 1\n")
    (root / "nulls.py").write_bytes(b"x = 1\0\n")
    (root / "notes.txt").write_text("not Python")
    (root / "site-packages" / "other.py").write_text("x = 1\n")
    return root


def test_it_shows_a_summary_a_history_and_ways_on(adc: Adc, here: Path, root: Path) -> None:
    done = adc("demo", "--root", str(root))

    assert done.returncode == 0
    fields = summary(done.stdout)
    assert (fields["files"], fields["lines"], fields["functions"], fields["classes"]) == ("4", "2", "1", "1")
    assert fields["dead letters"] == "2"
    assert "   2  RetriesUsedUp  SyntaxError" in done.stdout
    assert [
        event for event in ("JobScheduled", "JobStarted", "JobRetried", "JobDied") if event not in done.stdout
    ] == []
    assert "The jobs and their history are in adc-demo.db." in done.stdout
    assert adc("--db", "adc-demo.db", "stats", "--json").stdout.startswith(
        '{"scheduled": 0, "started": 0, "cancelling": 0, "done": 2, "dead": 2'
    )


def test_the_ways_on_can_be_gone(adc: Adc, here: Path, root: Path) -> None:
    shown = adc("demo", "--root", str(root), "--db", "a demo.db").stdout
    ways = [line.split("--db 'a demo.db' ")[1].split() for line in shown.splitlines() if "--db" in line]

    assert [way[0] for way in ways] == ["dead", "show", "list", "stats", "redrive", "work"]
    for way in ways:
        assert adc("--db", "a demo.db", *way).returncode == 0


def test_it_runs_again_cleanly(adc: Adc, here: Path, root: Path) -> None:
    first = adc("demo", "--root", str(root))
    second = adc("demo", "--root", str(root))

    assert (first.returncode, second.returncode) == (0, 0)
    assert summary(second.stdout)["files"] == "4"
    assert '"done": 2, "dead": 2' in adc("--db", "adc-demo.db", "stats", "--json").stdout


def test_it_runs_again_after_it_was_killed(adc: Adc, here: Path, root: Path, environment: dict[str, str]) -> None:
    (root / "huge.py").write_text("x = 1\n" * 2_000_000)
    line = (sys.executable, "-m", "adc", "demo", "--root", str(root))
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        assert demo.stderr.readline() == "0 of 5 jobs finished\n"
        demo.kill()
    (root / "huge.py").unlink()
    assert (here / "adc-demo.db-wal").exists()

    assert adc("demo", "--root", str(root)).returncode == 0


def somebody_elses_text(path: Path) -> None:
    path.write_text("Dear diary,")


def somebody_elses_tables(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE customers (id INTEGER)")
    connection.close()


def somebody_elses_jobs(path: Path) -> None:
    with SqliteQueue.open(path) as queue:
        queue.schedule(PARSE.new(PythonFile("x.py")))
        queue.schedule(JobKind("mail", int).new(1))


def empty_queue(path: Path) -> None:
    SqliteQueue.open(path).close()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (somebody_elses_text, "this isn't a file that adc made"),
        (somebody_elses_tables, "this isn't a file that adc made"),
        (Path.mkdir, "this isn't a file that adc made"),
        (somebody_elses_jobs, "it has jobs of kind mail"),
        (empty_queue, "it has no jobs, so it isn't a demo's"),
    ],
)
def test_another_file_is_left_as_it_is(
    adc: Adc, here: Path, root: Path, make: Callable[[Path], None], why: str
) -> None:
    path = here / "adc-demo.db"
    make(path)
    before = path.read_bytes() if path.is_file() else b""

    done = adc("demo", "--root", str(root))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"adc: adc-demo.db: {why}, so it is left as it is. Choose another file: adc demo --db PATH\n"
    )
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_demo_that_somebody_looks_at_is_left_alone(adc: Adc, here: Path, root: Path) -> None:
    adc("demo", "--root", str(root))

    with SqliteQueue.open("adc-demo.db"):
        done = adc("demo", "--root", str(root))

    assert done.returncode == 1
    assert "another process has it open" in done.stderr


def test_the_demo_keeps_off_the_file_in_the_environment(
    adc: Adc, here: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADC_DB", "production.db")

    adc("demo", "--root", str(root))

    assert not (here / "production.db").exists()


def test_a_directory_without_python_is_refused(adc: Adc, here: Path) -> None:
    (here / "nothing").mkdir()

    done = adc("demo", "--root", "nothing")

    assert (done.returncode, done.stderr) == (1, "adc: nothing: there are no .py files\n")
    assert not (here / "adc-demo.db").exists()


def test_an_interrupt_stops_it_in_peace(here: Path, root: Path, environment: dict[str, str]) -> None:
    from signal import SIGINT

    for number in range(200):
        (root / f"long_{number}.py").write_text("x = [1, 2, 3]\n" * 20_000)
    line = (sys.executable, "-m", "adc", "demo", "--root", str(root))
    with subprocess.Popen(line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        assert demo.stderr.readline() == "0 of 204 jobs finished\n"
        demo.send_signal(SIGINT)
        said = demo.stderr.read()

    assert demo.returncode == 130
    assert "jobs are left" in said or said == ""
    assert "Traceback" not in said


@pytest.mark.parametrize("arguments", [("--db", ":memory:", "demo"), ("demo", "--db", ":memory:")])
def test_a_demo_in_memory_is_refused(adc: Adc, here: Path, root: Path, arguments: tuple[str, ...]) -> None:
    done = adc(*arguments, "--root", str(root))

    assert (done.returncode, done.stdout) == (2, "")
    assert "a queue in memory ends with the command: name a file" in done.stderr


def test_the_help_says_which_file_it_uses(adc: Adc) -> None:
    assert "ADC_DB is ignored" in adc("demo", "--help").stdout
