"""Write the state diagram and the transition table into architecture.md: what decide and evolve say to all samples.

python docs/transitions.py            rewrites both blocks
python docs/transitions.py --check    exits with 1 if one of them is stale, and says which
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Final, get_args

from adc.core.commands import Command
from adc.core.decide import Decision, decide
from adc.core.evolve import evolve
from adc.core.outcome import Failure, Success
from adc.core.states import Absent, JobState
from adc.testing import samples

PAGE: Final = Path(__file__).with_name("architecture.md")

COMMANDS: Final[tuple[type, ...]] = get_args(Command)
STATES: Final[tuple[type, ...]] = get_args(JobState)


def decisions() -> Iterator[tuple[Command, JobState, Decision]]:
    """What decide says to every sample command in every sample state."""
    commands = (*samples.COMMANDS, *samples.MORE_COMMANDS)
    states = (*samples.STATES, *samples.MORE_STATES)
    for command, state in product(commands, states):
        yield command, state, decide(command, state)


def transition_table() -> str:
    """A row for each command, a column for each state, and in the cell every answer."""
    answers: dict[tuple[type, type], list[str]] = {}
    for command, state, decision in decisions():
        answers.setdefault((type(command), type(state)), []).append(_answer(decision))
    head = ("", *(state.__name__ for state in STATES))
    rows = ((command.__name__, *(_either(answers[command, state]) for state in STATES)) for command in COMMANDS)
    return "\n".join(_row(cells) for cells in (head, ("---",) * len(head), *rows))


def state_diagram() -> str:
    """A mermaid diagram: an arrow from state to state, with the events that lead along it."""
    arrows: dict[tuple[type, type], list[str]] = {}
    for _, before, decision in decisions():
        match decision:
            case Success(events) if events:
                after = before
                for event in events:
                    after = evolve(after, event)
                arrows.setdefault((type(before), type(after)), []).append(_names(events))
            case _:
                pass
    lines = [
        f"    {_node(before)} --> {_node(after)}: {_either(arrows[before, after])}"
        for before, after in product(STATES, STATES)
        if (before, after) in arrows
    ]
    ends = [f"    {_node(state)} --> [*]" for state in STATES if not any(_leaves(state, arrow) for arrow in arrows)]
    return "\n".join(("```mermaid", "stateDiagram-v2", *lines, *ends, "```"))


def _answer(decision: Decision) -> str:
    match decision:
        case Failure(refusal):
            return f"*{type(refusal).__name__}*"
        case Success(()):
            return "already so"
        case Success(events):
            return f"`{_names(events)}`"


def _names(events: Iterable[object]) -> str:
    return ", ".join(type(event).__name__ for event in events)


def _either(answers: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(answers))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _node(state: type) -> str:
    return "[*]" if state is Absent else state.__name__


def _leaves(state: type, arrow: tuple[type, type]) -> bool:
    before, after = arrow
    return before is state and after is not state


BLOCKS: Final[Mapping[str, Callable[[], str]]] = {
    "state diagram": state_diagram,
    "transition table": transition_table,
}
"""What is generated, under the name in its marker."""


def rewritten(page: str) -> str:
    """The page with every block made anew; raises ValueError if one has no place in it."""
    for name in BLOCKS:
        start, end = _span(page, name)
        page = f"{page[:start]}{_block(name)}{page[end:]}"
    return page


def stale(page: str) -> tuple[str, ...]:
    """The names of the blocks that aren't what the code says."""
    return tuple(name for name in BLOCKS if page[slice(*_span(page, name))] != _block(name))


def _block(name: str) -> str:
    return f"\n{BLOCKS[name]()}\n"


def _span(page: str, name: str) -> tuple[int, int]:
    """Where the block is: after its marker, before the end marker."""
    opening = f"<!-- generated: {name} -->"
    before, opened, rest = page.partition(opening)
    block, closed, _ = rest.partition("<!-- end -->")
    if not opened or not closed or "<!-- generated" in block:
        raise ValueError(f"expected {opening} and after it <!-- end --> in {PAGE.name}")
    start = len(before) + len(opening)
    return start, start + len(block)


def main() -> int:
    """Rewrite the page, or check it."""
    parser = argparse.ArgumentParser(description="Write the state diagram and the transition table from the code.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if a block is stale")
    page = PAGE.read_text()
    if parser.parse_args().check:
        names = stale(page)
        for name in names:
            print(f"{PAGE.name}: the {name} is stale; run: python docs/transitions.py")
        return 1 if names else 0
    PAGE.write_text(rewritten(page))
    return 0


if __name__ == "__main__":
    sys.exit(main())
