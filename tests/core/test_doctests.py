"""The examples in the docstrings of the core are true."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import adc.core

MODULES = tuple(module.name for module in pkgutil.iter_modules(adc.core.__path__, "adc.core."))


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_true(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_the_retry_policies_are_explained_by_examples() -> None:
    assert doctest.testmod(import_module("adc.core.retry")).attempted > 0
