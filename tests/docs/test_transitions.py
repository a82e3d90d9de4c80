"""The state diagram and the transition table of docs/architecture.md are what the code says."""

import runpy
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "architecture.md").read_text()


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """The names of docs/transitions.py."""
    return runpy.run_path(str(DOCS / "transitions.py"))


def test_the_architecture_page_is_fresh(script: dict[str, Any]) -> None:
    assert not script["stale"](PAGE), "run: python docs/transitions.py"


@pytest.mark.parametrize(
    ("written", "instead", "block"),
    [
        ("Started --> Cancelling: CancelAsked", "Started --> Cancelled: CancelAsked", "state diagram"),
        ("| Cancel | *NotFound* |", "| Cancel | already so |", "transition table"),
    ],
)
def test_a_stale_block_is_named_and_rewritten(script: dict[str, Any], written: str, instead: str, block: str) -> None:
    page = PAGE.replace(written, instead)

    assert (block,) == script["stale"](page)
    assert script["rewritten"](page) == PAGE


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace("<!-- generated: transition table -->", ""),
        PAGE.replace("<!-- end -->", ""),
        PAGE.replace("<!-- end -->", "", 1),
    ],
    ids=["no marker", "no end", "the end of another block"],
)
def test_a_page_without_a_place_for_a_block_is_refused(script: dict[str, Any], page: str) -> None:
    with pytest.raises(ValueError, match=r"expected <!-- generated: .* --> and after it <!-- end -->"):
        script["rewritten"](page)
