"""Waking: whom a commit concerns, by what it made due and by who rests."""

import pytest

from adc.core.ids import RunnerId
from adc.core.instants import Instant
from adc.ports.signs import Rest
from adc.ports.store import Wanted
from adc.stores.waking import Concerns, Listed, asked_of, to_wake
from adc.testing.samples import RUNNER

MAILS = Wanted(("default", "mail"), (("mail", 1), ("mail", 2)))
PICTURES = Wanted(("default",), (("picture", 1),))
LISTED = {
    slot: Listed(slot, RunnerId(f"{slot}"), wanted)
    for slot, wanted in ((1, MAILS), (2, PICTURES), (3, MAILS), (4, PICTURES))
}
MAIL = ("default", "mail", 2)
PICTURE = ("default", "picture", 1)
NOW = Instant(100)


def rests(**free: int) -> dict[int, Rest]:
    return {int(slot[1:]): Rest(places, NOW) for slot, places in free.items()}


def due(**counts: int) -> Concerns:
    concerns = Concerns()
    concerns.at = NOW
    addresses = {"mail": MAIL, "picture": PICTURE}
    concerns.due = {addresses[name]: (count, NOW) for name, count in counts.items()}
    return concerns


@pytest.mark.parametrize(
    ("resting", "concerns", "woken"),
    [
        (rests(_1=1, _3=1), due(mail=1), [1]),
        (rests(_3=1), due(mail=1), [3]),
        (rests(_2=1), due(mail=1), []),
        (rests(_1=1, _2=1, _3=1), due(mail=2), [1, 3]),
        (rests(_1=5, _3=1), due(mail=5), [1]),
        (rests(_1=5, _3=1), due(mail=6), [1, 3]),
        (rests(_1=1, _2=1, _3=1, _4=1), due(mail=1, picture=1), [1, 2]),
        (rests(_1=1, _2=1, _3=1, _4=1), due(mail=90, picture=90), [1, 3, 2, 4]),
    ],
)
def test_as_many_are_woken_as_have_room(resting: dict[int, Rest], concerns: Concerns, woken: list[int]) -> None:
    assert list(to_wake(concerns, LISTED, resting)) == woken


def test_who_looks_in_time_by_itself_is_left_alone() -> None:
    concerns = Concerns()
    concerns.due = {MAIL: (1, Instant(NOW + 1))}

    assert list(to_wake(concerns, LISTED, rests(_1=1))) == []


def test_who_may_claim_at_once_is_told_so() -> None:
    concerns = due(mail=1, picture=1)
    concerns.due[MAIL] = (1, Instant(NOW + 1))
    both = {1: Listed(1, RUNNER, Wanted(("default", "mail"), (("mail", 2), ("picture", 1))))}
    rest = {1: Rest(2, Instant(NOW + 1))}

    assert to_wake(concerns, both, rest) == {1: "due"}
    concerns.due[PICTURE] = (1, Instant(NOW + 1))
    assert to_wake(concerns, both, rest) == {1: "soon"}
    concerns.due.clear()
    concerns.resumed = ["mail"]
    assert to_wake(concerns, both, rest) == {1: "soon"}


def test_who_runs_for_two_kinds_is_counted_once() -> None:
    both = {1: Listed(1, RUNNER, Wanted(("default",), (("mail", 2), ("picture", 1)))), 2: LISTED[2]}

    assert list(to_wake(due(mail=1, picture=1), both, rests(_1=1, _2=1))) == [1, 2]
    assert list(to_wake(due(mail=1, picture=1), both, rests(_1=2, _2=1))) == [1]


def test_a_resumed_queue_wakes_all_that_serve_it() -> None:
    concerns = Concerns()
    concerns.resumed = ["mail"]

    assert concerns
    assert list(to_wake(concerns, LISTED, rests(_1=1, _2=1, _3=9))) == [1, 3]


def test_who_is_asked_needn_t_rest() -> None:
    concerns = Concerns()
    assert not concerns
    concerns.asked = {RunnerId("3"), RunnerId("gone")}

    assert concerns
    assert asked_of(concerns, LISTED.values()) == [3]
