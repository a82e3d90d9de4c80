"""Names: what may name a kind, a queue or a key; they are stored, shown, and compared byte for byte."""

from typing import Final

NAME_LIMIT: Final = 200
"""The longest name of a kind or a queue, in characters."""

KEY_LIMIT: Final = 500
"""The longest key, in characters."""

META_LIMIT: Final = 500
"""The longest text that travels with a job, in characters."""

LOWEST_PRIORITY: Final = -128
HIGHEST_PRIORITY: Final = 127


MOST: Final = 2**31 - 1
"""The largest number that counts something, such as versions or retries."""


def name_of(what: str, text: str, *, limit: int = NAME_LIMIT) -> str:
    """The text, if it can be a name; else TypeError or ValueError. `what` says of what, such as `kind`.

    >>> name_of("kind", "invoice")
    'invoice'
    """
    if text == "":
        raise ValueError(f"expected a {what}, got an empty text")
    return text_of(what, text, limit=limit)


def text_of(what: str, text: str, *, limit: int) -> str:
    """The text, if it can be stored and shown; else TypeError or ValueError. It may be empty."""
    given: object = text  # nothing holds a caller to the type at run time
    if not isinstance(given, str):
        raise TypeError(f"expected a {what} as a str, got {type(given).__name__}")
    if len(text) > limit:
        raise ValueError(f"expected a {what} of at most {limit} characters, got {len(text)}")
    if not text.isprintable():
        raise ValueError(f"expected a {what} of printable characters, got {text[:50]!a}")
    return str.__str__(text)  # a member of an Enum is stored, and shown, as the text that it is


def priority_of(given: int) -> int:
    """The number, if it can be a priority; else TypeError or ValueError."""
    number = number_of("priority", given)
    if not LOWEST_PRIORITY <= number <= HIGHEST_PRIORITY:
        raise ValueError(f"expected a priority from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}, got {number}")
    return number


def count_of(what: str, given: int, *, least: int = 1) -> int:
    """The number, if it can count something; else TypeError or ValueError."""
    number = number_of(what, given)
    if number < least:
        raise ValueError(f"expected a {what} of {least} or more, got {number}")
    if number > MOST:
        raise ValueError(f"expected a {what} of at most {MOST}, got more")
    return number


def number_of(what: str, given: int) -> int:
    """The number as a plain int; else TypeError. True and 1.0 are none: stored as such, they couldn't be read back."""
    number: object = given  # nothing holds a caller to the type at run time
    if not isinstance(number, int) or isinstance(number, bool):
        raise TypeError(f"expected a {what} as an int, got {type(given).__name__}")
    return int(number)
