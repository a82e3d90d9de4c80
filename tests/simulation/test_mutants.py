"""Mutants in each run of the tests: all of their patches fit, and a few are killed; `just mutants` kills all."""

from pathlib import Path

import pytest

from tests.simulation.mutants.killing import NAMES, copied, kill, mutate


@pytest.mark.parametrize("name", NAMES)
def test_the_patch_of_a_mutant_fits(name: str, tmp_path: Path) -> None:
    copied(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.py")}
    mutate(tmp_path, name)

    changed = [path for path, text in before.items() if path.read_bytes() != text]
    assert changed
    for path in changed:
        compile(path.read_text(), path, "exec")


@pytest.mark.parametrize("name", ["no-fencing", "a-release-costs-a-retry"])
def test_a_mutant_is_killed(name: str) -> None:
    assert kill(name, seeds=500) is not None
