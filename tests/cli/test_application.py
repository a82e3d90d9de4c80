"""MODULE:NAME that leads nowhere: one line says where it broke."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Adc = Callable[..., CompletedProcess[str]]

EXPECTED = "a RunnerRouter, a function that gives one, or a context manager that yields one"


@pytest.mark.parametrize(
    ("target", "line"),
    [
        ("nowhere:app", "there is no module nowhere, neither in HERE nor installed"),
        (
            "shop.jobs:app",
            "there is no module shop.jobs, neither in HERE nor installed",
        ),
        ("shop:nothing", f"module shop has no nothing: expected shop:nothing to be {EXPECTED}"),
        ("shop:number", f"shop:number gives a int: expected {EXPECTED}"),
        ("shop:INVOICE", f"shop:INVOICE gives a JobKind: expected {EXPECTED}"),
        ("shop:later", f"shop:later is an async function: expected {EXPECTED}"),
        ("shop:stumble", "shop:stumble raised KeyError: 'SMTP_HOST' (adc --debug shows where)"),
        ("shop:stumbling", "entering shop:stumbling raised OSError: no route (adc --debug shows where)"),
        ("broken:app", "importing broken raised ZeroDivisionError: division by zero (adc --debug shows where)"),
        (
            "missing:app",
            "importing missing raised ModuleNotFoundError: No module named 'stripe' (adc --debug shows where)",
        ),
        ("typo:app", "importing typo raised SyntaxError: invalid syntax (typo.py, line 1) (adc --debug shows where)"),
        ("leaving:app", "importing leaving raised SystemExit: bye (adc --debug shows where)"),
    ],
)
@pytest.mark.parametrize("command", [("work",), ("schedule", "any", "--app")])
def test_what_is_wrong_is_said_in_one_line(
    adc: Adc, here: Path, command: tuple[str, ...], target: str, line: str
) -> None:
    (here / "broken.py").write_text("1 / 0")
    (here / "missing.py").write_text("import stripe")
    (here / "typo.py").write_text("def = 1")
    (here / "leaving.py").write_text("raise SystemExit('bye')")

    done = adc(*command, target)

    assert done.returncode == 1
    assert done.stderr.startswith(f"adc: {line.replace('HERE', str(here))}")
    assert done.stderr.count("\n") == 1


def test_debug_shows_the_traceback_of_the_users_code(adc: Adc, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = adc("--debug", "work", "shop:stumble")
    monkeypatch.setenv("ADC_DEBUG", "1")

    assert 'raise KeyError("SMTP_HOST")' in asked.stderr
    assert 'raise KeyError("SMTP_HOST")' in adc("work", "shop:stumble").stderr
    assert "Traceback" not in adc("work", "shop").stderr  # nothing of it is in the code


def test_names_may_have_dots(adc: Adc, here: Path) -> None:
    (here / "package").mkdir()
    (here / "package" / "jobs.py").write_text("import shop\nclass Apps:\n    main = shop.router\n")

    assert adc("schedule", "scan", "x", "--app", "package.jobs:Apps.main").returncode == 0
