"""Whether a runner is gone: a table of what can be seen of it, and laws of what a watcher remembers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adc.core.instants import SECOND, Span
from adc.core.liveness import LONGEST_GAP, Because, DeathLock, Sighting, Sign, sighting, why_gone

LEASE = Span(30 * SECOND)
HERE = "this start of the machine"


def seen(unchanged: int) -> Sighting:
    return Sighting(slot=1, beats=7, unchanged=Span(unchanged), tick=Span(0))


def sign(*, slot: int = 1, beats: int = 7) -> Sign:
    return Sign(slot, HERE, "held", beats, LEASE)


@pytest.mark.parametrize(
    ("lock", "boot_id", "lease", "unchanged", "because"),
    [
        ("held", HERE, LEASE, 0, None),
        ("held", HERE, LEASE, LEASE, None),
        ("held", HERE, LEASE, LEASE + 1, "silent"),
        ("held", HERE, None, 1_000 * LEASE, None),  # it has no loop, and gives no beats
        ("free", HERE, LEASE, 0, "died"),
        ("free", HERE, None, 0, "died"),
        ("unknown", HERE, LEASE, 0, None),
        ("unknown", HERE, LEASE, LEASE + 1, "silent"),
        ("unknown", HERE, None, 1_000 * LEASE, None),
        ("held", "another", LEASE, 0, "rebooted"),
        ("free", "another", LEASE, 0, "rebooted"),
        ("unknown", "another", None, 0, "rebooted"),
        ("held", "", LEASE, 0, None),  # the system doesn't say
        ("free", "", LEASE, 0, "died"),
    ],
)
def test_what_can_be_seen_says_whether_it_is_gone(
    lock: DeathLock, boot_id: str, lease: Span | None, unchanged: int, because: Because | None
) -> None:
    assert why_gone(Sign(1, boot_id, lock, 7, lease), HERE, seen(unchanged)) == because


def test_a_watcher_that_does_not_know_its_own_start_takes_nobody_for_rebooted() -> None:
    assert why_gone(Sign(1, "another", "held", 7, LEASE), "", seen(0)) is None


def test_the_first_look_has_seen_nothing_for_no_time() -> None:
    assert sighting(None, sign(), Span(500)) == Sighting(1, 7, Span(0), Span(500))


def test_a_beat_begins_anew() -> None:
    assert sighting(seen(9_000), sign(beats=8), Span(500)) == Sighting(1, 8, Span(0), Span(500))


def test_who_enrolled_again_begins_anew_though_it_has_given_as_many_beats() -> None:
    assert sighting(seen(9_000), sign(slot=2), Span(500)) == Sighting(2, 7, Span(0), Span(500))


def test_the_same_beat_counts_as_long_as_the_watcher_was_awake() -> None:
    assert sighting(seen(9_000), sign(), Span(500)) == Sighting(1, 7, Span(9_500), Span(500))
    assert sighting(seen(9_000), sign(), Span(LONGEST_GAP + 1)).unchanged == 9_000 + LONGEST_GAP


@given(pauses=st.lists(st.integers(0, 10**12), max_size=5))
def test_a_few_looks_after_long_pauses_take_nobody_for_gone(pauses: list[int]) -> None:
    now, remembered = Span(0), sighting(None, sign(), Span(0))
    for pause in pauses:
        now = Span(now + pause)
        remembered = sighting(remembered, sign(), now)

    assert remembered.unchanged <= len(pauses) * LONGEST_GAP
    assert why_gone(sign(), HERE, remembered) is None
