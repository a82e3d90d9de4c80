"""The command line in a directory of its own: called in this process, or as a command."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from textwrap import dedent

import pytest

from adc.cli.program import run

ROOT = Path(__file__).parent.parent.parent

SHOP = dedent("""
    from contextlib import contextmanager
    from dataclasses import dataclass

    import adc


    @dataclass(frozen=True)
    class Invoice:
        customer: int
        cents: int = 0


    TWICE = adc.exponential(max_retries=2)
    INVOICE = adc.JobKind("invoice", Invoice, result=str, retry=TWICE, queue="money", priority=3)
    SCAN = adc.JobKind("scan", bytes, result=int)
    router = adc.RunnerRouter()
    closed = []


    @router.handles(INVOICE)
    def invoice(job):
        if job.payload.customer == 0:
            raise adc.Permanent("no customer 0")
        return f"sent {job.payload.cents} cents"


    @router.handles(SCAN)
    def scan(job):
        return len(job.payload)


    def make():
        return router


    @contextmanager
    def app():
        yield router
        closed.append(True)


    class Services:
        def __enter__(self):
            return router

        def __exit__(self, *error):
            return None


    async def later():
        return router


    def stumble():
        raise KeyError("SMTP_HOST")


    @contextmanager
    def stumbling():
        raise OSError("no route")
        yield


    services = Services()
    empty = adc.RunnerRouter()
    number = 7
""")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current directory: empty but for an application, shop.py."""
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    for name in ("ADC_DB", "ADC_APP", "ADC_DEBUG", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    for name in set(sys.modules) - before:
        if not name.startswith(("adc.", "click", "rich")):
            del sys.modules[name]


@pytest.fixture
def adc(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., CompletedProcess[str]]:
    """Runs `adc` in this process."""

    def call(*arguments: str) -> CompletedProcess[str]:
        capsys.readouterr()
        code = run(arguments)
        said = capsys.readouterr()
        return CompletedProcess(arguments, code, said.out, said.err)

    return call


@pytest.fixture
def environment(here: Path) -> dict[str, str]:
    """What a command's environment has; a test may change it."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


@pytest.fixture
def command(environment: dict[str, str]) -> Callable[..., CompletedProcess[str]]:
    """Runs `python -m adc` as a command; `given` is what it reads."""

    def call(*arguments: str, given: str = "") -> CompletedProcess[str]:
        line = (sys.executable, "-m", "adc", *arguments)
        return subprocess.run(line, input=given, env=environment, capture_output=True, text=True, check=False)

    return call
