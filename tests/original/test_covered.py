"""Each behaviour of the original that adc keeps or changes has a test that is named by its number."""

import ast
import re
from pathlib import Path

LINES = {
    1: "id", 2: "now", 3: "delay", 4: "time", 5: "past", 6: "late", 7: "typed", 8: "encode", 9: "named", 10: "range",
    11: "empty", 12: "handle", 13: "once", 14: "never", 15: "tomorrow", 16: "clock", 17: "priority", 18: "kinds",
    19: "wait", 20: "interval", 21: "done", 22: "first", 23: "second", 24: "backoff", 25: "dead", 26: "default",
    27: "decode", 28: "unknown", 29: "services", 30: "registry", 31: "replace", 32: "custom", 33: "cancel",
    34: "again", 35: "running", 36: "unschedule", 37: "twice", 38: "kind", 39: "type", 40: "stays",
    41: "concurrency", 42: "jitter", 43: "forever", 44: "shutdown", 45: "promptly", 46: "token", 47: "ignored",
    48: "hang", 49: "options", 50: "after", 51: "trouble", 52: "panic", 53: "serial", 54: "schema", 55: "versions",
    56: "exclusive", 57: "port", 58: "trace", 59: "json",
}  # fmt: skip
"""The lines of part 1 that say keep or change: all of them."""

BUGS = {
    1: "commit", 2: "columns", 4: "panic", 5: "unschedule", 6: "handler", 7: "shutdown", 8: "backoff", 9: "deploy",
    10: "order", 11: "bindings", 12: "times", 13: "fence", 14: "unknown", 15: "interval", 16: "pause", 17: "memory",
    18: "jitter", 19: "queue", 20: "history", 21: "counts", 22: "locks", 23: "readme",
}  # fmt: skip
"""The bugs of part 3 that can be had at this stage: all but 3, since nothing rescues the jobs of a dead runner yet."""


def numbers(prefix: str) -> set[int]:
    """The numbers in the names of all tests beside this file that begin so: `test_002_003_...` has two."""
    files = [ast.parse(path.read_text()) for path in Path(__file__).parent.glob("test_*.py")]
    names = [node.name for file in files for node in ast.walk(file) if isinstance(node, ast.FunctionDef)]
    found = [re.match(rf"{prefix}((?:\d+_)+)", name) for name in names]
    return {int(number) for each in found if each is not None for number in each[1].split("_") if number}


def test_each_line_has_a_test() -> None:
    assert numbers("test_") == LINES.keys()


def test_each_bug_has_a_test() -> None:
    assert numbers("test_bug_") == BUGS.keys()
