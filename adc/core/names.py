"""Names: what may name a kind, a queue or a key; they are stored, shown, and compared byte for byte."""

from typing import Final

NAME_LIMIT: Final = 200
"""The longest name of a kind or a queue, in characters."""

KEY_LIMIT: Final = 500
"""The longest key, in characters."""

LOWEST_PRIORITY: Final = -128
HIGHEST_PRIORITY: Final = 127


def name_of(what: str, text: str, *, limit: int = NAME_LIMIT) -> str:
    """The text, if it can be a name; else TypeError or ValueError. `what` says of what, such as `kind`.

    >>> name_of("kind", "invoice")
    'invoice'
    """
    given: object = text  # nothing holds a caller to the type at run time
    if not isinstance(given, str):
        raise TypeError(f"expected the name of a {what} as a str, got {type(given).__name__}")
    if not text:
        raise ValueError(f"expected the name of a {what}, got an empty text")
    if len(text) > limit:
        raise ValueError(f"expected a {what} of at most {limit} characters, got {len(text)}")
    if not text.isprintable():
        raise ValueError(f"expected a {what} of printable characters, got {text[:50]!a}")
    return text


def priority_of(given: int) -> int:
    """The number, if it can be a priority; else ValueError."""
    if not LOWEST_PRIORITY <= given <= HIGHEST_PRIORITY:
        raise ValueError(f"expected a priority from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}, got {given}")
    return given
