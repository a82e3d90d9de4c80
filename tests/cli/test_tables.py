"""How columns share the room of a terminal."""

import pytest

from adc.cli.tables import Column, fitted

COLUMNS = (Column("ID"), Column("KIND", least=4), Column("N", is_number=True), Column("SAYS", least=6))


@pytest.mark.parametrize(
    ("natural", "room", "widths"),
    [
        ((20, 10, 2, 30), 100, [20, 10, 2, 30]),  # all that they want
        ((20, 10, 2, 30), 56, [20, 4, 2, 30]),  # the last one first
        ((20, 10, 2, 30), 40, [20, 4, 2, 14]),
        ((20, 10, 2, 30), 32, [20, 4, 2, 6]),
        ((20, 10, 2, 30), 31, None),
        ((20, 3, 2, 4), 29, [20, 3, 2, 4]),  # less than their least is all that they want
    ],
)
def test_columns_share(natural: tuple[int, ...], room: int, widths: list[int] | None) -> None:
    assert fitted(COLUMNS, natural, room) == widths
