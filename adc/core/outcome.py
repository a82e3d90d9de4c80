"""Outcome: a value or a refusal, exact under match in every checker.

A plain `Result` under `match` binds `Any` and is never exhaustive; the union of its two classes is both, and still a
`Result` to whoever takes one.
"""

from typing import TypeAlias

from returns.result import Failure as Failure
from returns.result import Success as Success
from typing_extensions import TypeVar

Value = TypeVar("Value")
Refused = TypeVar("Refused")

Outcome: TypeAlias = Success[Value] | Failure[Refused]
"""A Success with a value, or a Failure with a refusal. Match in two levels: first these, then what it holds."""
