"""The SQLite store takes the exam: in a file and in memory, with both durabilities."""

from itertools import count
from pathlib import Path

import pytest
from typing_extensions import override

from adc.core.instants import SECOND, Span
from adc.ports.store import Store
from adc.stores.sqlite.opening import Durability, open_store
from adc.testing.store_exam import StoreExam


class SqliteExam(StoreExam):
    durability: Durability = "full"
    directory: Path
    _files = count(1)

    @pytest.fixture(autouse=True)
    def _in_a_directory(self, tmp_path: Path) -> None:
        self.directory = tmp_path

    @override
    def make_store(self) -> Store:
        return open_store(self.place(), self.durability, Span(10 * SECOND))

    def place(self) -> str:
        return str(self.directory / f"{next(self._files)}.db")


class TestFile(SqliteExam):
    pass


class TestFileWithNormalDurability(SqliteExam):
    durability = "normal"


class TestInMemory(SqliteExam):
    @override
    def place(self) -> str:
        return ":memory:"
