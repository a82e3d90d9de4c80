"""The reference store takes the exam."""

import pytest
from typing_extensions import override

from adc.ports.store import Store
from adc.ports.trouble import StoreTrouble
from adc.stores.memory import MemoryStore
from adc.testing.store_exam import StoreExam


class TestMemoryStore(StoreExam):
    @override
    def make_store(self) -> Store:
        return MemoryStore()


def test_a_transaction_that_is_over_writes_nothing() -> None:
    store = MemoryStore()
    with store.writing() as writing:
        pass

    with pytest.raises(StoreTrouble, match="this transaction is over"):
        writing.apply(())
