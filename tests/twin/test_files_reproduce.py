"""A solution's files say what was predicted: every residual comes out of them again.

By the public observation equation, from what is in the files and the observer of the
dataset; nothing of the solver takes part.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from quick import quick_jit
from reseau import SolveOptions, simulate, solve
from reseau.constants import DEGREE
from reseau.datasets import read_solution
from reseau.instrument import camera_axes
from reseau.model import detector_parameters, exposure_frame, predict
from reseau.plates import prepare
from reseau.plates.datum_text import datum_text
from reseau.sky import direction_from_angles
from reseau.solvers.reported import SAID, UNCHANGED
from reseau.tables import columns_of

pytestmark = pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")

ROUNDING = 2e-9
"""Of angles that are written as degrees in 64 bits [pixel]."""


@pytest.fixture(scope="module")
def plate():
    return simulate(sources=100, artificial=5, exposures=8, seed=4)


@quick_jit
def _predicted(
    instrument, detectors, angles, attitude, focal, around, source, exposure, detector
):
    direction = direction_from_angles(angles[source, 0], angles[source, 1])
    frame = exposure_frame(camera_axes(attitude), focal, around)
    pixel = predict(
        instrument,
        tuple(direction[:, i] for i in range(3)),
        jax.tree.map(lambda v: v[exposure], frame),
        jnp.asarray(instrument.coefficients),
        jnp.asarray(instrument.skew),
        detectors,
        detector,
    )
    return jnp.stack(pixel, axis=-1)


def _rows(values, wanted):
    """Return where each wanted value is among unique ones."""
    order = np.argsort(values)
    found = order[np.searchsorted(values[order], wanted)]
    np.testing.assert_array_equal(values[found], wanted)
    return found


def _residuals_again(folder, dataset, reference):
    """Return residuals from the files, those that the files have, errors and pulls."""
    files = read_solution(folder)
    sources, exposures, rows = (
        columns_of(t) for t in (files.sources, files.exposures, files.residuals)
    )
    problem = prepare(dataset, use_reference=reference).problem
    names = ("ra", "dec", "pa")
    ids = np.asarray(files.instrument.detectors.ids)
    with jax.enable_x64(True):
        predicted = np.asarray(
            _predicted(
                files.instrument,
                detector_parameters(files.instrument),
                np.stack([sources[n] * DEGREE for n in names[:2]], axis=1),
                np.stack([exposures[n] * DEGREE for n in names], axis=1),
                np.stack([exposures[f"focal_{a}_mm"] * 1e3 for a in "xy"], axis=1),
                problem.exposures.surroundings,
                _rows(sources["source_id"], rows["source_id"]),
                _rows(exposures["exposure_id"], rows["exposure_id"]),
                _rows(ids, rows["detector_id"]),
            )
        )
    measured = np.asarray(problem.measurements.pixel)
    sigma = np.sqrt(
        np.diagonal(np.asarray(problem.measurements.covariance), axis1=1, axis2=2)
    )
    written = np.stack([rows["dx"], rows["dy"]], axis=1)
    pulls = np.stack([rows["pull_x"], rows["pull_y"]], axis=1)
    return measured - predicted, written, sigma, pulls, files


def _check(folder, dataset, reference=True):
    again, written, sigma, pulls, files = _residuals_again(folder, dataset, reference)
    np.testing.assert_allclose(again, written, rtol=0.0, atol=ROUNDING)
    np.testing.assert_allclose(pulls, again / sigma, atol=1e-6)
    summary = files.summary
    rms = float(np.sqrt(np.mean(again**2)))
    assert summary["residual_rms"] == pytest.approx(rms, rel=1e-6)
    return summary, again / sigma, files


@pytest.mark.parametrize("off", [0.0, 0.02])
def test_files_reproduce_the_residuals(plate, tmp_path, off):
    """Also with a nominal focal length that is wrong by ten widths of its prior."""
    dataset = plate.dataset
    nominal = replace(
        dataset.instrument, focal=np.asarray(dataset.instrument.focal) * (1.0 + off)
    )
    dataset = replace(dataset, instrument=nominal)
    solve(dataset, tmp_path / "solution")
    summary, pulls, files = _check(tmp_path / "solution", dataset)
    # The errors of the simulator are not correlated.
    chi2 = float(np.sum(pulls**2))
    assert summary["chi2"] == pytest.approx(chi2, rel=1e-6)
    excess = (chi2 - summary["dof"]) / summary["dof_of_errors"]
    assert summary["sigma0"] == pytest.approx(np.sqrt(1.0 + excess), rel=1e-6)
    change = summary["datum_change_sigma"]
    assert change <= SAID
    said = f"by up to {change:.2g}σ" in datum_text(summary)
    assert said == (change > UNCHANGED)
    # Far below what chance gives sigma0, 1/√(2 dof).
    excess = (summary["history"][-1]["chi2"] - summary["dof"]) / summary[
        "dof_of_errors"
    ]
    optimum = np.sqrt(1.0 + excess)
    assert abs(summary["sigma0"] - optimum) < 0.1 / np.sqrt(2.0 * summary["dof"])
    calibration = columns_of(files.calibration)
    values = dict(zip(calibration["name"], calibration["value"], strict=True))
    names = files.instrument.distortion.names
    np.testing.assert_array_equal(
        [values[n] for n in names], np.asarray(files.instrument.coefficients)
    )


@pytest.mark.parametrize(
    "options",
    [
        {"likelihood": "student", "reference_prior": "mixture"},
        {"reference": False},
        {"fix": ("detectors",), "free": ("skew",)},
    ],
    ids=["robust", "network", "skew"],
)
def test_other_ways_to_solve(plate, tmp_path, options):
    chosen = SolveOptions(**options)
    solve(plate.dataset, tmp_path / "solution", options=chosen)
    _check(tmp_path / "solution", plate.dataset, chosen.reference)


def _mirrored(dataset):
    """Return the dataset of a camera that is the mirror image, X for −X."""
    instrument = dataset.instrument
    detectors = instrument.detectors
    other = replace(
        detectors,
        centre=np.asarray(detectors.centre) * [-1.0, 1.0],
        theta=-np.asarray(detectors.theta),
    )
    (width,) = np.unique(np.asarray(detectors.naxis)[:, 0])
    table = dataset.measurements
    row = table.schema.get_field_index("x")
    x = width - 1.0 - table["x"].to_numpy()
    return replace(
        dataset,
        measurements=table.set_column(row, table.schema.field("x"), [x]),
        instrument=replace(instrument, detectors=other, parity=-instrument.parity),
    )


@pytest.mark.recovery
@pytest.mark.parametrize("projection", ["gnomonic", "equidistant", "orthographic"])
@pytest.mark.parametrize(
    "distortion", ["powers", "sip", "radial", "brown-conrady", "none"]
)
@pytest.mark.parametrize("parity", [1, -1])
def test_every_kind_of_instrument(plate, tmp_path, projection, distortion, parity):
    dataset = plate.dataset
    if parity != dataset.instrument.parity:
        dataset = _mirrored(dataset)
    instrument = replace(dataset.instrument, projection=projection)
    dataset = replace(dataset, instrument=instrument)
    options = SolveOptions(distortion=distortion, max_iterations=12)
    solve(dataset, tmp_path / "solution", options=options)
    _check(tmp_path / "solution", dataset)
