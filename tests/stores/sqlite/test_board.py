"""The board: what runners say of their rest is seen by all who have the file."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from adc.core.instants import Instant
from adc.ports.signs import AWAKE, Rest
from adc.stores.sqlite.board import SLOT_BYTES, FileBoard
from adc.stores.sqlite.side_file import SideFile

REST = Rest(3, Instant(1_800_000_000_000_000))


@pytest.fixture
def board(tmp_path: Path) -> Iterator[FileBoard]:
    descriptor = os.open(tmp_path / "board", os.O_RDWR | os.O_CREAT)
    yield FileBoard(descriptor, "here")
    os.close(descriptor)


def test_an_empty_one_says_nothing(board: FileBoard) -> None:
    assert board.latest() == 0
    assert board.rests((1, 7)) == {}


def test_only_those_are_told_that_rest(board: FileBoard) -> None:
    for slot in (3, 5, 6):
        board.say(slot, REST)
    board.say(6, AWAKE)

    assert board.rests((2, 3, 4, 6, 9)) == {3: REST}
    assert board.rests((3, 5)) == {3: REST, 5: REST}


def test_slots_that_are_far_apart_cost_no_memory(board: FileBoard) -> None:
    board.say(1, REST)
    board.say(1_000_000, REST)

    assert board.rests((1, 500_000, 1_000_000)) == {1: REST, 1_000_000: REST}


def test_the_latest_enrolment_is_told(board: FileBoard) -> None:
    board.say(1, REST)
    board.tell_latest(7)

    assert board.latest() == 7
    assert board.rests((1,)) == {1: REST}


def test_beats_and_rest_leave_each_other_alone(db: Path) -> None:
    db.touch()
    here, there = SideFile(str(db)), SideFile(str(db))
    assert there.board() is None
    name = here.hold(2, Instant(5))
    here.enrolled(2)
    here.rest(2, REST)
    here.beat(2, Instant(6))

    board = there.board()
    assert board is not None
    assert (board.name, board.latest(), board.rests((2,))) == (name, 2, {2: REST})
    assert there.see([(2, name)])[0].beats == 2
    assert Path(here.path).stat().st_size == 3 * SLOT_BYTES
