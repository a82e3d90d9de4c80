"""Text from a database does nothing to a terminal."""

import unicodedata

from adc.cli.inert import inert


def test_no_character_that_moves_a_cursor_or_turns_a_line_gets_through() -> None:
    every = "".join(map(chr, range(0x11_0000)))

    shown = inert(every)

    assert shown.isprintable()
    assert {unicodedata.category(each) for each in shown}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
    assert {unicodedata.bidirectional(each) for each in shown}.isdisjoint({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI"})


def test_what_people_write_stays() -> None:
    assert inert("größer, 日本, ありがとう 🙂") == "größer, 日本, ありがとう 🙂"
