"""The examples in the docstrings of the command line are true."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["times", "inert", "application", "replaying"])
def test_the_examples_are_true(name: str) -> None:
    tried = doctest.testmod(import_module(f"adc.cli.{name}"))

    assert tried.attempted > 0
    assert tried.failed == 0
