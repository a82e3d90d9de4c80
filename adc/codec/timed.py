"""Timed: the text of an event in a row of the log, which has the event's time in a column of its own.

A row leaves the time out of the text; what is decoded and digested is the whole text. Format 2 wrote that into the row.
"""

from typing import Final

_WHOLE: Final = '{"at":'


def without_time(whole: str) -> str:
    """What a row has of a whole text, which begins with the time."""
    _, _, rest = whole.partition(",")
    return f"{{{rest}" if rest else "{}"


def with_time(at: int, stored: str) -> str:
    """The whole text of what a row has; what isn't an object, for it is damaged, as it is."""
    if stored[:6] == _WHOLE or stored[:1] != "{":
        return stored
    return f"{_WHOLE}{at},{stored[1:]}" if stored != "{}" else f"{_WHOLE}{at}}}"
