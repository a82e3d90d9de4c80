"""A share of the kills, in each run of the tests; `just kills` makes all of them."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_whoever_is_killed_or_stopped_nothing_is_lost(tmp_path: Path) -> None:
    chosen = ["--kills", "20", "--stops", "3", "--seed", "7", "--json", str(tmp_path / "report.json")]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.kills", *chosen],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    counters = report["counters"]
    assert (report["violations"], counters["stops"]) == ([], 3)
    assert counters["kills"] >= 20
    assert counters["jobs"] >= counters["acknowledged"] > 0
    assert counters["rescues count"] > 0
