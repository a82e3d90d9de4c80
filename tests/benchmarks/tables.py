"""Tables: figures as Markdown, which is what the terminal gets too."""

from collections.abc import Iterator, Sequence
from typing import Final

from tests.benchmarks.figures import Figure, number, ratio
from tests.benchmarks.targets import Target, Verdict

LIMITS: Final = {"schedule": "raw", "drain": "raw, 10 a transaction", "crowd": "raw", "producers": "adc, 1 thread"}
"""What the others are compared with; where it isn't named, there is nothing to compare with."""


def tables(figures: Sequence[Figure]) -> Iterator[str]:
    """One for each durability: contestants down, measures across, the ratio beside a rate."""
    for durability in dict.fromkeys(each.durability for each in figures):
        yield from _table([each for each in figures if each.durability == durability])
        yield ""


def _table(figures: Sequence[Figure]) -> Iterator[str]:
    first = figures[0]
    measures = list(dict.fromkeys(each.measure for each in figures))
    limit = next((each for each in figures if each.contestant == LIMITS.get(first.workload) and each.is_rate), None)
    yield f"`synchronous = {first.durability.upper()}`, {first.jobs:,} jobs, {len(first.values)} rounds:"
    yield ""
    heads = [head for measure in measures for head in _heads(measure, limit)]
    yield _line("", *heads, "")
    yield _line("---", *("---:" for _ in heads), "---")
    for name in dict.fromkeys(each.contestant for each in figures):
        by_measure = {each.measure: each for each in figures if each.contestant == name}
        found = [(by_measure.get(measure), _heads(measure, limit)) for measure in measures]
        cells = [cell for figure, of_it in found for cell in _cells(figure, of_it, limit)]
        remark = next(iter(by_measure.values())).remark
        yield _line(name, *cells, remark)


def _heads(measure: str, limit: Figure | None) -> list[str]:
    with_ratio = limit is not None and limit.measure == measure
    return [measure, "min..max"] + ([f"x {limit.contestant}"] if with_ratio and limit is not None else [])


def _cells(figure: Figure | None, heads: Sequence[str], limit: Figure | None) -> list[str]:
    if figure is None:
        return [""] * len(heads)
    times = None if limit is None or len(heads) < 3 else ratio(figure, limit)
    least, most = number(min(figure.values)), number(max(figure.values))
    cells = [number(figure.median), least if least == most else f"{least}..{most}"]
    return cells + (["" if times is None else f"{times:.2f}"] if len(heads) == 3 else [])


def targets_table(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """What adc shall reach, and does."""
    yield _line("workload", "durability", "shall be", "is", "")
    yield _line("---", "---", "---", "---:", "---")
    for verdict in verdicts:
        target = verdict.target
        what = target.workload if target.contestant == "adc" else f"{target.workload}: {target.contestant}"
        met = "yes" if verdict.is_met else "**no**"
        yield _line(what, verdict.durability.upper(), _bound(target), number(verdict.reached), met)


def _bound(target: Target) -> str:
    if target.than is None:
        return f"<= {number(target.bound)} {target.measure}"
    return f">= {target.bound:g} x {target.than}"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
