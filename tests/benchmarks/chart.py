"""Chart: bars as SVG, by hand; the colours suit a light page and a dark one."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from tests.benchmarks.figures import Figure, number
from tests.benchmarks.rounds import RATE

WIDTH: Final = 760
LABEL: Final = 210
LINE: Final = 20
COLOURS: Final = {"adc": "#2f9e6e", "raw": "#8a8f98"}
OTHERS: Final = "#5b8def"
WANTED: Final = {
    "schedule": ("raw", "adc", "localqueue", "huey", "litequeue", "persistqueue", "simplebroker"),
    "drain": (
        *("raw, 10 a transaction", "raw", "adc, 1 thread", "adc, 10 threads", "adc, 50 threads"),
        *("adc, 1,000 coroutines", "localqueue", "huey", "litequeue", "persistqueue", "simplebroker"),
    ),
    "crowd": ("adc", "localqueue", "huey", "litequeue", "simplebroker"),
}
TEXT: Final = 'font-family="system-ui, sans-serif" font-size="12" fill="#7a7f87"'


def chart(figures: Sequence[Figure]) -> str:
    """Jobs a second; each group of bars has a scale of its own."""
    groups = [group for workload in WANTED for group in _groups(workload, figures)]
    lines: list[str] = []
    top = 8
    for title, bars in groups:
        lines += _group(title, bars, top)
        top += LINE * (len(bars) + 2)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}">',
            *lines,
            "</svg>",
            "",
        )
    )


def _groups(workload: str, figures: Sequence[Figure]) -> Iterator[tuple[str, list[Figure]]]:
    for durability in dict.fromkeys(each.durability for each in figures):
        found = {
            each.contestant: each
            for each in figures
            if (each.workload, each.durability, each.measure) == (workload, durability, RATE)
        }
        bars = [found[name] for name in WANTED[workload] if name in found]
        if bars:
            yield f"{workload}, {durability.upper()}: jobs a second", bars


def _group(title: str, bars: Sequence[Figure], top: int) -> Iterator[str]:
    most = max(each.median for each in bars) or 1
    yield f'<text x="0" y="{top + 14}" {TEXT} font-weight="bold">{escape(title)}</text>'
    for place, each in enumerate(bars, 1):
        y = top + place * LINE
        length = (WIDTH - LABEL - 70) * each.median / most
        colour = COLOURS.get(each.contestant.split(",")[0], OTHERS)
        yield f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end" {TEXT}>{escape(each.contestant)}</text>'
        yield f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="14" rx="2" fill="{colour}"/>'
        yield f'<text x="{LABEL + length + 6:.1f}" y="{y + 14}" {TEXT}>{number(each.median)}</text>'
