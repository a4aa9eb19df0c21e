"""Plates that the benchmarks share."""

import jax
import pytest

from reseau.plates import prepare
from reseau.verbs.simulate import simulate


@pytest.fixture(scope="session")
def orbit():
    """Return the problem of one orbit: 10,000 sources, 340,000 measurements."""
    return prepare(simulate(seed=0).dataset)


@pytest.fixture(autouse=True)
def _double_precision():
    with jax.enable_x64(True):
        yield
