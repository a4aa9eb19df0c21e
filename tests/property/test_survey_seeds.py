"""What holds for a simulated orbit of any seed."""

import dataclasses

import numpy as np
from hypothesis import given

from reseau.survey import SimulatedPlate, simulate_orbit
from strategies import examples, numbers, seeds

TABLES = (
    "exposures",
    "measurements",
    "reference",
    "truth_sources",
    "truth_exposures",
)


def same_bytes(one: SimulatedPlate, other: SimulatedPlate, table: str) -> bool:
    """Say whether all columns of a table are the same, bit by bit."""
    first, second = getattr(one, table), getattr(other, table)
    return list(first) == list(second) and all(
        first[n].tobytes() == second[n].tobytes() for n in first
    )


@examples(5)
@given(seed=seeds)
def test_the_same_seed_gives_the_same_bytes(seed):
    one, other = (simulate_orbit(small=True, seed=seed) for _ in range(2))
    assert all(same_bytes(one, other, table) for table in TABLES)
    np.testing.assert_array_equal(
        one.truth_instrument.coefficients, other.truth_instrument.coefficients
    )


@examples(5)
@given(seed=seeds)
def test_another_seed_gives_another_plate(seed):
    one = simulate_orbit(small=True, seed=seed)
    other = simulate_orbit(small=True, seed=seed + 1)
    assert not any(same_bytes(one, other, table) for table in TABLES)


@examples(5)
@given(seed=seeds, error=numbers(1e-4, 1.0))
def test_noise_scales_and_touches_nothing_else(seed, error):
    quiet = simulate_orbit(small=True, seed=seed, measurement_error=error)
    loud = simulate_orbit(small=True, seed=seed, measurement_error=2.0 * error)
    quieter = simulate_orbit(small=True, seed=seed, measurement_error=0.5 * error)
    assert same_bytes(quiet, loud, "reference")
    assert same_bytes(quiet, loud, "truth_sources")
    for axis in "xy":
        more = loud.measurements[axis] - quiet.measurements[axis]
        less = quiet.measurements[axis] - quieter.measurements[axis]
        np.testing.assert_allclose(more, 2.0 * less, atol=1e-11)


@examples(5)
@given(seed=seeds)
def test_ids_are_unique_and_measured_once_an_exposure(seed):
    plate = simulate_orbit(small=True, seed=seed)
    for table in ("reference", "truth_sources"):
        ids = getattr(plate, table)["source_id"]
        assert len(np.unique(ids)) == len(ids)
    pairs = np.stack(
        [plate.measurements[n] for n in ("exposure_id", "source_id")], axis=-1
    )
    assert len(np.unique(pairs, axis=0)) == len(pairs)


def test_a_plate_is_frozen():
    assert SimulatedPlate.__dataclass_params__.frozen
    assert {f.name for f in dataclasses.fields(SimulatedPlate)} >= set(TABLES)
