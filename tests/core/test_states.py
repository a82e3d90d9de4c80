"""States: which of them are over, and since when."""

import pytest

from adc.core.instants import Instant
from adc.core.states import JobState, over_before
from adc.testing.samples import CANCELLED, DONE, NOW, STATES


@pytest.mark.parametrize("state", STATES, ids=lambda state: type(state).__name__)
def test_only_what_is_done_or_cancelled_is_over(state: JobState) -> None:
    """A dead letter isn't: it can be redriven."""
    is_over = state in (DONE, CANCELLED)

    assert over_before(state, Instant(NOW + 1)) == is_over
    assert not over_before(state, NOW)
