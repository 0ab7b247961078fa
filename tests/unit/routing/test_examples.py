"""The examples in the docstrings of the mathematics hold."""

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest

import shared.routing


@pytest.mark.parametrize("name", [module.name for module in iter_modules(shared.routing.__path__)])
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(import_module(f"shared.routing.{name}")).failed == 0
