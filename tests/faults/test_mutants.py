"""Mutants of the shell: in each run of the tests all patches fit; `python -m tests.faults.mutants` kills all."""

from pathlib import Path

import pytest

from tests.faults.mutants.killing import HERE, KILLERS, copied, mutate


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    copied(folder)
    return folder


@pytest.mark.parametrize("name", KILLERS)
def test_the_patch_of_a_mutant_fits(name: str, tree: Path) -> None:
    before = {path: path.read_bytes() for path in (tree / "adc").rglob("*.py")}
    mutate(tree, name)

    changed = [path for path, text in before.items() if path.read_bytes() != text]
    assert changed
    for path in changed:
        compile(path.read_text(), path, "exec")
        path.write_bytes(before[path])


def test_each_patch_has_who_kills_it() -> None:
    assert {patch.stem for patch in HERE.glob("*.patch")} == set(KILLERS)
    assert len(KILLERS) >= 12
