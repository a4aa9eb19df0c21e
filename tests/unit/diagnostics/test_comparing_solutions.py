"""Two solutions side by side: differences in σ, ratios, counts, datums."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from reseau import simulate, solve
from reseau.diagnostics import compare_solutions
from reseau.diagnostics.comparison import solutions as module
from reseau.diagnostics.comparison.differences import (
    _attitude_steps,
    exposure_differences,
    parameter_differences,
    statistics,
)
from reseau.diagnostics.comparison.solution import compared_solution
from reseau.errors import CatalogueError
from reseau.instrument import camera_axes
from reseau.plates import SolveOptions


@pytest.fixture(scope="module")
def plate():
    # That of tests/cli, for which everything is compiled.
    return simulate(sources=150, exposures=8, artificial=6, seed=3).dataset


@pytest.fixture(scope="module")
def solved(plate):
    return solve(plate)


def _altered(monkeypatch, solved, **tables):
    """Compare a solution with itself, some columns of the second changed."""
    first = compared_solution(solved)
    second = replace(first, **tables)
    found = iter((first, second))
    monkeypatch.setattr(module, "compared_solution", lambda _: next(found))
    return compare_solutions(solved, solved)


def test_a_solution_is_no_different_from_itself(solved):
    found = compare_solutions(solved, solved)
    whole = found.sources["all"]
    assert (whole.n, whole.sigma, whole.largest) == (found.counts["sources"].both, 0, 0)
    assert (whole.ratio, whole.ratio_16, whole.ratio_84) == (1, 1, 1)
    assert found.largest == []
    assert {"pointing dec", "focal length", "distortion", "detector centre"} <= {
        *found.parameters
    }
    for difference in found.parameters.values():
        assert difference.sigma == 0
        assert difference.ratio == 1


def test_one_source_moved(solved, monkeypatch):
    """By as much as astropy moves it, seen in its own error ellipse."""
    sources = {k: np.array(v) for k, v in compared_solution(solved).sources.items()}
    row, east, north = 7, 3.0, -2.0
    star = SkyCoord(sources["ra"][row] * u.deg, sources["dec"][row] * u.deg)
    moved = star.spherical_offsets_by(east * u.mas, north * u.mas)
    changed = {k: v.copy() for k, v in sources.items()}
    changed["ra"][row], changed["dec"][row] = moved.ra.deg, moved.dec.deg
    changed["ra_error"] = 2.0 * changed["ra_error"]
    changed["dec_error"] = 2.0 * changed["dec_error"]
    found = _altered(monkeypatch, solved, sources=changed)
    first = found.largest[0]
    assert first.source_id == sources["source_id"][row]
    assert (first.east_mas, first.north_mas) == pytest.approx((east, north), abs=1e-4)
    sx, sy = sources["ra_error"][row], sources["dec_error"][row]
    cross = sources["ra_dec_corr"][row] * sx * sy
    step = np.array([east, north])
    wanted = step @ np.linalg.inv([[sx**2, cross], [cross, sy**2]]) @ step
    assert first.sigma == pytest.approx(np.sqrt(wanted), rel=1e-4)
    assert first.ratio == pytest.approx(2.0)
    assert len(found.largest) == 1
    whole = found.sources["all"]
    assert whole.ratio == pytest.approx(2.0)
    assert whole.sigma == pytest.approx(np.sqrt(wanted / (2 * whole.n)), rel=1e-4)


@pytest.mark.filterwarnings("ignore:left out")
def test_less_data_scatters_as_it_should(plate, solved):
    """The difference of a solution from a better one has the variance σ_B² − σ_A²."""
    rows = np.arange(plate.measurements.num_rows)
    fewer = replace(plate, measurements=plate.measurements.take(rows[rows % 3 > 0]))
    other = solve(fewer)
    found = compare_solutions(solved, other)
    a, b = (compared_solution(s).sources for s in (solved, other))
    common, i, j = np.intersect1d(a["source_id"], b["source_id"], return_indices=True)
    wanted = sum(np.sum(b[n][j] ** 2 - a[n][i] ** 2) for n in ("ra_error", "dec_error"))
    wanted = np.sqrt(wanted / (2 * common.size))
    whole = found.sources["all"]
    assert whole.n == common.size
    assert whole.rms == pytest.approx(wanted, rel=4 / np.sqrt(2 * common.size))
    assert whole.ratio > 1.0


def test_exposures_are_matched_by_name(solved, monkeypatch):
    """Numbers of exposures that have names are those of one solution alone."""
    one = compared_solution(solved)
    n = one.exposures["exposure_id"].size
    names = np.array([f"image_{i}" for i in range(n)], dtype=object)
    named = one.exposures | {"exposure_name": names}
    renumbered = named | {"exposure_id": one.exposures["exposure_id"][::-1]}
    # One has names, the other numbers: nothing says which is which.
    assert _altered(monkeypatch, solved, exposures=named).counts["exposures"].both == 0
    counts, found = exposure_differences(
        replace(one, exposures=named),
        replace(one, exposures=renumbered),
        attitudes=True,
    )
    assert counts.both == n
    assert found["position angle"].rms == 0.0


def test_counts_of_what_only_one_has(solved, monkeypatch):
    """A solution without four sources, nor the coefficients of the highest degree."""
    one = compared_solution(solved)
    kept = np.ones(one.sources["source_id"].size, dtype=bool)
    kept[[0, 3, 4, 9]] = False
    names = [str(name) for name in one.calibration["name"]]
    low = ~np.isin(names, [f"{c}_{k}{5 - k}" for c in "AB" for k in range(6)])
    found = _altered(
        monkeypatch,
        solved,
        sources={name: values[kept] for name, values in one.sources.items()},
        calibration={name: values[low] for name, values in one.calibration.items()},
        covariance=one.covariance[np.ix_(low, low)],
    )
    assert found.counts["sources"].only_a == 4
    assert found.counts["sources"].only_b == 0
    # A_50 ... B_05 of degree 5.
    assert found.counts["calibration"].only_a == 12
    assert found.counts["exposures"].only_a == 0


@pytest.mark.filterwarnings("ignore:left out")
def test_free_network_is_turned_onto_the_other(plate, solved):
    network = solve(plate, options=SolveOptions(reference=False))
    found = compare_solutions(solved, network)
    assert found.datums[0] != found.datums[1]
    text = "\n".join(found.lines())
    assert "datum of A: reference" in text
    assert "datum of B: free network" in text
    assert "best rotation" in text
    assert not any("pointing" in kind for kind in found.parameters)
    # Its own errors, of the best common rotation, are much larger.
    assert found.sources["all"].ratio > 3


def test_other_plate(solved, monkeypatch):
    sources = dict(compared_solution(solved).sources)
    sources["plate_id"] = sources["plate_id"] + 5
    with pytest.raises(CatalogueError, match="plate 0 in A, plate 5 in B") as caught:
        _altered(monkeypatch, solved, sources=sources)
    assert "to do:" in str(caught.value)


def test_nothing_in_common(solved, monkeypatch):
    sources = dict(compared_solution(solved).sources)
    sources["source_id"] = -sources["source_id"]
    with pytest.raises(CatalogueError, match="none of the") as caught:
        _altered(monkeypatch, solved, sources=sources)
    assert "source_id" in str(caught.value)


def test_held_sources_are_not_compared(solved, monkeypatch):
    sources = {k: np.array(v) for k, v in compared_solution(solved).sources.items()}
    sources["ra_error"][:3] = 0.0
    sources["dec_error"][:3] = 0.0
    found = _altered(monkeypatch, solved, sources=sources)
    assert found.fixed == 3
    sources["ra_error"][:] = 0.0
    with pytest.raises(CatalogueError, match="no common source has errors"):
        _altered(monkeypatch, solved, sources=sources)


def test_attitude_steps_are_those_of_the_camera():
    """Turning pa by a step at the same place is that step; East is of α cos δ."""
    a = {"ra": np.array([10.0]), "dec": np.array([60.0]), "pa": np.array([33.0])}
    small = 1e-6
    for name, wanted in (
        ("ra", (0.5, 0.0, -np.sin(np.deg2rad(60)))),
        ("dec", (0.0, 1.0, 0.0)),
        ("pa", (0.0, 0.0, 1.0)),
    ):
        b = {k: v + small * (k == name) for k, v in a.items()}
        found = np.array([float(s[0]) for s in _attitude_steps(a, b)])
        np.testing.assert_allclose(found / np.deg2rad(small), wanted, atol=1e-6)
    assert camera_axes(np.zeros((1, 3))).shape == (1, 3, 3)


def test_statistics_of_values_without_errors():
    difference = np.array([[3.0], [-4.0]])
    nothing = np.full((2, 1), np.nan)
    found = statistics(difference, nothing, nothing, "um")
    assert found.rms == pytest.approx(np.sqrt(12.5))
    assert np.isnan([found.sigma, found.largest, found.ratio]).all()


def test_coefficients_of_other_functions_are_not_compared(solved):
    one = compared_solution(solved)
    model = one.instrument.distortion
    longer = replace(model, normalisation=2.0 * model.normalisation)
    other = replace(one, instrument=replace(one.instrument, distortion=longer))
    same, kinds = parameter_differences(one, one)
    assert same.only_a == 0
    assert "distortion" in kinds
    counts, kinds = parameter_differences(one, other)
    assert counts.only_a == len(model.names)
    assert "distortion" not in kinds
