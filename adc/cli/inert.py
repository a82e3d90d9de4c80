"""Inert text: what comes from a database may hold escape sequences or turn lines around; shown, it does neither."""


def inert(text: str) -> str:
    r"""The text in one line of printable characters; all others are written as Python escapes.

    That is: control characters and escape sequences, line breaks, characters that change the direction of writing or
    have no width, and lone surrogates.

    >>> print(inert("two\nlines, \x1b[31mred\x1b[0m, \u202eturned\u202c, größer"))
    two\nlines, \x1b[31mred\x1b[0m, \u202eturned\u202c, größer
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escaped(each) for each in text)


def escaped(character: str) -> str:
    r"""One character as an escape.

    >>> escaped("\x9b"), escaped("\u2066")
    ('\\x9b', '\\u2066')
    """
    return character.encode("unicode_escape").decode()


def shortened(text: str, most: int) -> str:
    """The beginning of a text that is longer than so many characters, with an ellipsis.

    >>> shortened("a long message", 8), shortened("short", 8)
    ('a long …', 'short')
    """
    return text if len(text) <= most else f"{text[: most - 1]}…"
