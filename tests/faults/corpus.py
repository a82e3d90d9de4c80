"""Corpus: texts, numbers, moments and values that break programs, in one place, for every door of adc."""

import math
import sys
from collections import deque
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

_RECURSION: Final = sys.getrecursionlimit()

TEXTS: Final[dict[str, str]] = {
    "plain": "invoice",
    "empty": "",
    "a space": " ",
    "spaces around": "  x  ",
    "a quote": "Robert'); DROP TABLE adc_jobs;--",
    "a double quote": 'x" OR "1"="1',
    "a backtick": "`x`",
    "a bracket": "[x]",
    "a percent sign": "100%_",
    "a question mark": "?1 :name @name $name",
    "a comment": "x --\t/* y */",
    "a backslash": "\\",
    "an escape of Python": "\\x1b[31m",
    "a NUL": "before\0after",
    "a NUL alone": "\0",
    "a line feed": "one\ntwo",
    "a carriage return": "one\rtwo",
    "a form feed": "one\x0c\x0btwo",
    "a next line": "one\x85two",
    "a line separator": "one\u2028two\u2029three",
    "a colour": "\x1b[31mred\x1b[0m",
    "a cleared screen": "\x1b[2J\x1b[H",
    "a title": "\x1b]0;title\x07",
    "a link": "\x1b]8;;https://example.org\x1b\\x\x1b]8;;\x1b\\",
    "an 8-bit escape": "\x9b31m",
    "a bell": "\a\b\x7f",
    "an override": "\u202etxt.exe\u202c",
    "isolates": "\u2066\u2067\u2068x\u2069",
    "no width": "a\u200bb\u200c\u200d\ufeff",
    "a lone surrogate": "\ud800",
    "a low surrogate": "x\udfff",
    "a pair of surrogates": "\ud83d\ude00",
    "what isn't UTF-8": b"\xff\xfe".decode(errors="surrogateescape"),
    "beyond the first plane": "😀\U0001d518",
    "combining": "e\u0301" + "\u0300" * 50,
    "not normal": "\u212b\ufb01ﬁ",
    "no character": "\ufffe\uffff\U0010ffff",
    "private": "\ue000",
    "a soft hyphen": "a\xadb",
    "another zero": "٣²½",
    "a dotted i": "\u0130\u0131I",
    "other spaces": "a\xa0b\u3000c",
    "right to left": "שלום",
    "a path upwards": "../../../etc/passwd",
    "an absolute path": "/etc/passwd",
    "a path of another system": "..\\..\\windows\\system32",
    "a device": "CON",
    "a URI": "file:x.db?mode=memory&vfs=unix-none",
    "an option": "--help",
    "a short option": "-",
    "a template": "{0.__class__.__mro__} %(name)s %n ${jndi:ldap://x}",
    "a formula": "=1+cmd|' /C calc'!A0",
    "a tag": "<script>alert(1)</script><!--",
    "an entity": "&lt;&#0;",
    "a shell's": "$(touch x); `touch x` | touch x",
    "a rich markup": "[red]x[/red] [link=https://example.org]y[/link]",
    "JSON": '{"a": "\\u0000"}',
    "NaN": "NaN",
    "null": "null",
    "a number": "1e999",
    "a long number": "9" * 5_000,
    "an id": "d5k7nc8v2q0g0a1m5j60",
    "the database's id": "00000000000000000000",
    "an id in capitals": "D5K7NC8V2Q0G0A1M5J60",
    "a pickle": "cos\nsystem\n(S'touch x'\ntR.",
    "200": "n" * 200,
    "201": "n" * 201,
    "500": "n" * 500,
    "501": "n" * 501,
    "200 of four bytes": "😀" * 200,
    "a megabyte": "x" * 1_000_000,
    "megabytes of escapes": "\x1b[31m" * 400_000,
}
"""By what is odd about them."""

NUMBERS: Final[dict[str, object]] = {
    **{
        str(number): number
        for number in (0, 1, -1, 127, 128, -128, -129, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1)
    },
    "a googol": 10**100,
    "more than int() reads": 10**5_000,
    "True": True,
    "1.0": 1.0,
    "0.5": 0.5,
    "NaN": math.nan,
    "infinity": math.inf,
    "-infinity": -math.inf,
    "a text": "1",
    "a Decimal": Decimal("NaN"),
    "None": None,
    "a list": [1],
}
"""What might be handed in where an int is wanted."""

MOMENTS: Final[dict[str, object]] = {
    "now": datetime(2027, 1, 1, tzinfo=UTC),
    "naive": datetime(2027, 1, 1),  # noqa: DTZ001  that is what is odd about it
    "the first": datetime.min.replace(tzinfo=UTC),
    "the last": datetime.max.replace(tzinfo=UTC),
    "before the first": datetime.min.replace(tzinfo=timezone(timedelta(hours=23))),
    "behind the last": datetime.max.replace(tzinfo=timezone(timedelta(hours=-23))),
    "a text": "2027-01-01T00:00Z",
    "a number": 1_800_000_000,
    "a NaN": math.nan,
    "nothing": None,
}

LENGTHS: Final[dict[str, object]] = {
    "a second": timedelta(seconds=1),
    "none": timedelta(0),
    "negative": timedelta(seconds=-1),
    "the longest": timedelta.max,
    "the most negative": timedelta.min,
    "a number": 5,
    "a NaN": math.nan,
    "a text": "5m",
    "nothing": None,
}


def _nested(depth: int, value: object = 1) -> object:
    for _ in range(depth):
        value = [value]
    return value


def _cycle() -> object:
    cycle: list[object] = []
    cycle.append(cycle)
    return cycle


VALUES: Final[dict[str, object]] = {
    **{f"the text: {name}": text for name, text in TEXTS.items()},
    **{f"a key: {name}": {text: text} for name, text in TEXTS.items() if len(text) < 10_000},
    **{f"the number: {name}": number for name, number in NUMBERS.items() if not isinstance(number, Decimal)},
    "negative zero": -0.0,
    "the smallest float": 5e-324,
    "the largest float": sys.float_info.max,
    "nested 100": _nested(99),
    "nested 101": _nested(101),
    "nested as deep as Python goes": _nested(_RECURSION - 100),
    "nested deeper": _nested(100_000),
    "a cycle": _cycle(),
    "a megabyte and more": "x" * 1_048_577,
    "a million numbers": list(range(1_000_000)),
    "numbers as keys": {1: "a", "1": "b"},
    "a NaN within": {"a": [1, {"b": math.nan}]},
    "a surrogate within": {"a": ["\ud800"]},
    "bytes": b"\xff\0",
    "a set": {1, 2},
    "a class": dict,
    "a function": len,
    "a deque": deque([1]),
    "an object": object(),
    "an exception": ValueError("x"),
}
"""What might be handed in as a payload or a result."""
