"""Real disks that are full, and files that can't be written: nothing is lost, and all goes on when the cause goes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.whence import ROOT

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount, and may be somebody else")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def goes_on(way: str, folder: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.cramped", way, str(folder)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    goes_on("limited", tmp_path)


@needs_root
def test_a_disk_that_is_full(small_disk: Path) -> None:
    goes_on("small", small_disk)


@needs_root
def test_a_file_that_may_only_be_read() -> None:
    with TemporaryDirectory() as folder:  # all may go there
        Path(folder).chmod(0o755)
        goes_on("read only", Path(folder))
