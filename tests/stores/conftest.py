"""The exam's own asserts say what was there, as those in tests do."""

import pytest

pytest.register_assert_rewrite(
    "adc.testing.store_claims",
    "adc.testing.store_laws",
    "adc.testing.store_looks",
    "adc.testing.store_moves",
    "adc.testing.store_transactions",
    "adc.testing.store_walks",
)
