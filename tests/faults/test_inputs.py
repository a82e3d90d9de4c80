"""A share of the hostile inputs, the same in each run of the tests; `just inputs` goes on for ten minutes, guided."""

from itertools import islice
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.faults.corpus import TEXTS
from tests.faults.input_doors import DOORS, seeds
from tests.faults.inputs import PIECES, by_mutation, mutated

SLOW = {"arguments": 60, "side_file": 300}
"""Those that open files or run commands."""


@pytest.mark.parametrize("name", DOORS)
def test_what_is_good_when_mutated_breaks_no_door(name: str) -> None:
    for each in islice(mutated(seeds(name), Random(5)), SLOW.get(name, 1_000)):
        DOORS[name](each)


@pytest.mark.parametrize("name", sorted(DOORS.keys() - SLOW.keys()))
@settings(derandomize=True, max_examples=100, deadline=None, database=None)
@given(start=st.binary(max_size=2), text=st.text(max_size=60), tail=st.binary(max_size=20))
@example(start=b"\5", text="9" * 5_000, tail=b"")
@example(start=b"\5", text="[" * 2_000, tail=b"]" * 2_000)
def test_whatever_it_is_it_breaks_no_door(name: str, start: bytes, text: str, tail: bytes) -> None:
    DOORS[name](start + text.encode() + tail)


@pytest.mark.parametrize("name", sorted(DOORS.keys() - {"arguments"}))
def test_no_text_of_the_corpus_breaks_a_door(name: str) -> None:
    for place, text in enumerate(TEXTS.values()):
        DOORS[name](bytes([place % 12]) + text[:20_000].encode(errors="surrogatepass"))


def test_the_same_seed_gives_the_same_inputs() -> None:
    first, again = (list(islice(mutated(seeds("words"), Random(1)), 50)) for _ in range(2))
    assert first == again
    assert len(set(first)) > 40
    assert len(PIECES) > 20


def test_what_breaks_a_door_is_told_with_the_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program itself: a door that some inputs break."""

    def fragile(given: bytes) -> None:
        given.decode()

    monkeypatch.setitem(DOORS, "words", fragile)

    tried = by_mutation("words", 20, seed=0)

    assert tried.broken.startswith("UnicodeDecodeError")
    with pytest.raises(UnicodeDecodeError):
        fragile(bytes.fromhex(tried.broken.rpartition(" ")[2]))
