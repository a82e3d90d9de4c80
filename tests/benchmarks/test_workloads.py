"""The workloads run, on a few jobs of adc and the raw loop; what they measure is no promise, and isn't looked at."""

from pathlib import Path

import pytest

from tests.benchmarks.figures import Figure, Measured
from tests.benchmarks.page import keep, write
from tests.benchmarks.rounds import Setting
from tests.benchmarks.systems.known import OURS, known
from tests.benchmarks.workloads import WORKLOADS

SYSTEMS = tuple(map(known, OURS))


def setting(folder: Path) -> Setting:
    return Setting(SYSTEMS, jobs=50, rounds=1, durabilities=("normal",), folder=folder, backlogs=(50, 100), log=2)


@pytest.mark.parametrize("name", ["schedule", "drain", "backlogs", "producers"])
def test_a_workload_measures_adc(name: str, tmp_path: Path) -> None:
    figures = tuple(WORKLOADS[name](setting(tmp_path)))

    assert {"adc"} <= {figure.contestant.split(",")[0] for figure in figures}
    assert {value >= 0 for figure in figures for value in figure.values} == {True}


def test_a_page_tells_what_was_measured_of_all_workloads(tmp_path: Path) -> None:
    for workload, rate in (("schedule", 70.0), ("drain", 10.0), ("schedule", 90.0)):
        figures = tuple(
            Figure(workload, "full", 50, name, "jobs/s", (value,)) for name, value in (("adc", rate), ("raw", 100.0))
        )
        write(tmp_path, keep(tmp_path, [Measured(workload, "2026-11-24", "2 cores", 1, figures)]), SYSTEMS)

    page = (tmp_path / "benchmarks.md").read_text()
    assert "| adc | 90 | 90 | 0.90 |  |" in page
    assert "| schedule | FULL | >= 0.9 x raw | 0.90 | yes |" in page
    assert "`just bench drain`" in page
    assert "<svg" in (tmp_path / "benchmarks.svg").read_text()
