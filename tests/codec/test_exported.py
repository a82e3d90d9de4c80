"""Exported: what is written can be read, and what else is read is refused with a reason."""

import json

import pytest

from adc.codec.exported import (
    Exported,
    ExportedAnswer,
    NotAnExport,
    StoredBytes,
    as_stored,
    bytes_of,
    events_of,
    exported_event,
    read_export,
    write_export,
)
from adc.core.transition import Recorded
from adc.testing.samples import EVENTS, JOB


def exported() -> Exported:
    events = tuple(
        exported_event(Recorded(seq, JOB, seq, "a", None, b"", event)) for seq, event in enumerate(EVENTS, 1)
    )
    answer = ExportedAnswer(1, "find", StoredBytes(text='"ada@example.org"'))
    return Exported(
        adc="0.1.0", jid=JOB, redacted=False, events=events, payload=as_stored(b"7"), result=None, answers=(answer,)
    )


def test_what_is_written_can_be_read() -> None:
    written = exported()
    read = read_export(write_export(written).encode())

    assert events_of(read) == tuple(EVENTS)
    assert (read.payload, read.result, read.answers) == (written.payload, None, written.answers)


@pytest.mark.parametrize(
    "stored", [b"", b"7", b'{"a": 1.10}', "größer\x00\u2028".encode(), b"\xff\x00", bytes(range(256))]
)
def test_bytes_are_text_or_base64_and_the_same_again(stored: bytes) -> None:
    kept = as_stored(stored)

    assert bytes_of(kept) == stored
    assert (kept.base64 is None) != (kept.text is None)


def test_base64_that_is_none_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="base64"):
        bytes_of(StoredBytes(base64="*"))


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (b"", "isn't a job that adc exported"),
        (b"\xff", "isn't a job that adc exported"),
        (b"{}", "isn't a job that adc exported: Object missing required field `format`"),
        (b'{"format": 2, "what": "else"}', "has format 2, this adc reads format 1: update adc"),
        (b'{"format": 1}', "Object missing required field `adc`"),
    ],
)
def test_another_file_is_refused(file: bytes, problem: str) -> None:
    with pytest.raises(NotAnExport, match=problem):
        read_export(file)


def test_a_field_that_nobody_knows_is_refused() -> None:
    fields = {**json.loads(write_export(exported())), "more": 1}

    with pytest.raises(NotAnExport, match="unknown field `more`"):
        read_export(json.dumps(fields).encode())
