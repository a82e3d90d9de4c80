"""The share of the small scope that is in the tests; and that it would notice."""

import pytest
from msgspec.structs import replace

from adc.core.commands import Command, Complete
from adc.core.decide import Decision, decide
from adc.core.states import JobState, Started
from tests.faults import small_scope
from tests.faults.small_scope import Explorer


def explored(depth: int) -> Explorer:
    explorer = Explorer()
    assert all(explorer.explore(depth))
    return explorer


def test_nothing_goes_wrong_in_six_steps() -> None:
    explorer = explored(6)

    assert explorer.wrong == []
    assert len(explorer.scenes) > 7_000


def test_who_hears_anybody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def hears_anybody(command: Command, state: JobState) -> Decision:
        if isinstance(command, Complete) and isinstance(state, Started):
            command = replace(command, token=state.token)
        return decide(command, state)

    monkeypatch.setattr(small_scope, "decide", hears_anybody)

    assert any("who doesn't hold it was heard" in each for each in explored(6).wrong)
