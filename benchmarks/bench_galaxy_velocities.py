"""Velocities of a million stars of each kind of component."""

import numpy as np
import pytest

from reseau.galaxy.kinematics import kinematics_of
from reseau.galaxy.model import read_galaxy

STARS = 1_000_000
EXTENT = {"thin7": 5000.0, "thick": 5000.0, "bar": 800.0, "nsd": 100.0, "nsc": 8.0}
"""How far from the centre they are [pc]."""


@pytest.mark.parametrize("component", EXTENT)
def bench_velocities(benchmark, component):
    """One core draws two to eight million stars a second."""
    kinematics = kinematics_of(read_galaxy(), moments="shipped")
    rng = np.random.default_rng(0)
    position = rng.normal(0.0, EXTENT[component], (STARS, 3))
    kinematics.draw(component, position[:10], rng)  # tables are made here
    benchmark(kinematics.draw, component, position, rng)
