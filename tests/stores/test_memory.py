"""The reference store takes the exam."""

from typing_extensions import override

from adc.ports.store import Store
from adc.stores.memory import MemoryStore
from adc.testing.store_exam import StoreExam


class TestMemoryStore(StoreExam):
    @override
    def make_store(self) -> Store:
        return MemoryStore()
