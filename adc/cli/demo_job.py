"""The demo's job: parse one Python file, and count its lines, functions and classes."""

import ast
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from adc.core.retry import exponential
from adc.handling.job import Job
from adc.kind import JobKind
from adc.router import RunnerRouter


@dataclass(frozen=True)
class PythonFile:
    """The payload."""

    path: str


@dataclass(frozen=True)
class Counts:
    """The result."""

    lines: int
    functions: int
    """With methods and inner functions; without lambdas."""
    classes: int


PARSE: Final = JobKind(
    "adc.demo.parse",
    PythonFile,
    result=Counts,
    retry=exponential(timedelta(milliseconds=50), max_retries=2),
)

ROUTER: Final = RunnerRouter()
"""What `adc work adc.cli.demo_job:ROUTER` runs."""


@ROUTER.handles(PARSE)
def parse(job: Job[PythonFile]) -> Counts:
    """Count; a file that isn't Python is a failed attempt."""
    source = Path(job.payload.path).read_bytes()
    functions = classes = 0
    blocks: list[list[ast.stmt]] = [ast.parse(source, job.payload.path).body]
    while blocks:
        for statement in blocks.pop():
            functions += isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
            classes += isinstance(statement, ast.ClassDef)
            blocks += _inner_blocks(statement)
    return Counts(len(source.splitlines()), functions, classes)


def _inner_blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    """The blocks of a statement: functions and classes are nowhere else, so its expressions needn't be walked."""
    match statement:
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While():
            return [statement.body, statement.orelse]
        case ast.Try() | ast.TryStar():
            handlers = [handler.body for handler in statement.handlers]
            return [statement.body, *handlers, statement.orelse, statement.finalbody]
        case ast.Match():
            return [case.body for case in statement.cases]
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.With() | ast.AsyncWith():
            return [statement.body]
        case _:
            return []
