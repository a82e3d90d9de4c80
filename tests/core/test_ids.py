"""Ids are 20 characters that keep the order of their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adc.core.ids import XID_BYTES, encode_xid, is_xid

RAW = st.binary(min_size=XID_BYTES, max_size=XID_BYTES)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (bytes(12), "00000000000000000000"),
        (b"\xff" * 12, "vvvvvvvvvvvvvvvvvvvg"),
        # the example of the Xid specification, github.com/rs/xid
        (bytes.fromhex("4d88e15b60f486e428412dc9"), "9m4e2mr0ui3e8a215n4g"),
    ],
)
def test_an_id_is_its_bytes_in_base32hex(raw: bytes, expected: str) -> None:
    assert expected == encode_xid(raw)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9m4e2mr0ui3e8a215n4g", True),
        ("", False),
        ("job-1", False),
        ("9m4e2mr0ui3e8a215n4", False),
        ("9m4e2mr0ui3e8a215n4g0", False),
        ("9M4E2MR0UI3E8A215N4G", False),
        ("9m4e2mr0ui3e8a215nwg", False),
        ("9m4e2mr0ui3e8a215n٤g", False),
    ],
)
def test_a_text_is_an_id_by_length_and_alphabet(text: str, expected: bool) -> None:
    assert expected is is_xid(text)


@given(RAW, RAW)
def test_ids_are_ids_and_sort_as_their_bytes(one: bytes, other: bytes) -> None:
    first, second = encode_xid(one), encode_xid(other)

    assert is_xid(first)
    assert (one < other) is (first < second)
    assert (one == other) is (first == second)
