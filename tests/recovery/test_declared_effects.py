"""Effects of colour, magnitude, time and row: recovered where declared, seen where not.

Small orbits are simulated without them; each measurement is then shifted by NumPy, by
the formula of the documentation (`with_terms`), at the undistorted position that the
true instrument says.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from alarm import normal_bound, spread_bounds
from reseau import compare, simulate, solve
from reseau._precision import in_double
from reseau.instrument import plane_from_pixel, restored
from reseau.tables import columns_of
from with_terms import on_axes, shift_of

SEEDS = range(4)

pytestmark = [
    pytest.mark.recovery,
    pytest.mark.filterwarnings("ignore::reseau.errors.DroppedWarning"),
]


class Effect(NamedTuple):
    """What is declared, the true coefficients' size, and more of the declaration."""

    covariate: str
    size: float
    options: dict


EFFECTS = {
    "chromatic": Effect("colour", 0.1, {"zero": 1.5, "degree": 1}),
    "coma": Effect("magnitude", 0.1, {"zero": 13.0, "degree": 2, "minimum_degree": 1}),
    "breathing": Effect("time", 0.3, {"degree": 2, "minimum_degree": 2}),
    # Detectors and distortion take up most of it: only a large one shows.
    "read-out": Effect("row", 3.0, {"degree": 0, "axes": "x", "sigma": 5.0}),
    "transfer": Effect(
        "magnitude*row",
        0.03,
        {"zero": 13.0, "degree": 0, "axes": "y", "frame": "pixel"},
    ),
    "by exposure": Effect(
        "colour", 0.1, {"zero": 1.5, "degree": 1, "granularity": "exposure"}
    ),
    "by detector": Effect(
        "magnitude*row",
        0.03,
        {
            "zero": 13.0,
            "degree": 1,
            "axes": "y",
            "frame": "pixel",
            "granularity": "detector",
        },
    ),
}


class Made(NamedTuple):
    """A simulated orbit with an effect: dataset without and with it declared, truth."""

    plain: object
    declared: object
    truth: object


@in_double
def _undistorted(true, pixel, detector):
    plane = plane_from_pixel(true.detectors, pixel[:, 0], pixel[:, 1], detector)
    x, y = restored(true.distortion, *plane, true.coefficients, true.skew)
    return np.asarray(x), np.asarray(y)


def _covariate(effect, columns, exposures, exposure, detector, instrument):
    """Return u by the definitions of the documentation."""
    epoch = exposures["epoch"]
    time = (epoch - epoch.mean()) / (0.5 * (epoch.max() - epoch.min()))
    size = np.asarray(instrument.detectors.naxis)[detector]
    row = (columns["y"] - (size[:, 1] - 1) / 2) / (size[:, 1] / 2)
    zero = effect.options.get("zero", 0.0)
    known = {
        "colour": columns.get("colour", np.zeros(1)) - zero,
        "magnitude": columns["mag"] - zero,
        "time": time[exposure],
        "row": row,
    }
    return np.prod([known[f] for f in effect.covariate.split("*")], axis=0)


def make(name, seed):
    """Return a small orbit with an effect."""
    effect, rng = EFFECTS[name], np.random.default_rng(seed)
    plate = simulate(small=True, seed=seed)
    dataset = plate.dataset
    table = dataset.measurements
    columns = dict(columns_of(table))
    if "colour" in effect.covariate:
        ids, of = np.unique(columns["source_id"], return_inverse=True)
        columns["colour"] = rng.uniform(0.5, 3.5, ids.size)[of]
        table = table.append_column("colour", pa.array(columns["colour"]))
    exposures = columns_of(dataset.exposures)
    exposure = np.searchsorted(exposures["exposure_id"], columns["exposure_id"])
    instrument = dataset.instrument.with_term(
        effect.covariate, name="effect", **effect.options
    )
    term = instrument.terms[0]
    ids = np.asarray(instrument.detectors.ids)
    detector = np.searchsorted(ids, columns["detector_id"])
    pixel = np.stack([columns["x"], columns["y"]], axis=1)
    place = _undistorted(plate.truth.instrument, pixel, detector)
    u = _covariate(effect, columns, exposures, exposure, detector, instrument)
    n = {"plate": 1, "detector": len(ids), "exposure": len(exposures["epoch"])}
    shape = (n[term.granularity], len(term.own_names))
    true = effect.size * rng.choice([-1.0, 1.0], shape) * rng.uniform(0.7, 1.3, shape)
    index = {"plate": 0 * detector, "detector": detector, "exposure": exposure}
    own = true[index[term.granularity]]
    shift = shift_of(term, *place, u, own)
    moved = pixel + on_axes(plate.truth.instrument, detector, shift, term.frame)
    for i, axis in enumerate("xy"):
        place = table.schema.get_field_index(axis)
        table = table.set_column(place, table.schema.field(axis), pa.array(moved[:, i]))
    plain = replace(dataset, measurements=table)
    values = true.mean(axis=0) if term.granularity == "exposure" else true.ravel()
    known = replace(plate.truth.instrument, terms=(replace(term, values=values),))
    return Made(
        plain,
        replace(plain, instrument=instrument),
        (replace(plate.truth, instrument=known), true),
    )


@pytest.fixture(scope="module", params=EFFECTS)
def pooled(request):
    """Solutions of several orbits with an effect that is declared."""
    found = []
    for seed in SEEDS:
        made = make(request.param, seed)
        solved = solve(made.declared)
        assert solved.exit_code == 0
        found.append((made, solved, compare(solved, made.truth[0])))
    return request.param, found


def test_positions_are_as_good_as_they_say(pooled):
    _, found = pooled
    pulls = np.concatenate([c.pulls["reference"] for _, _, c in found])
    low, high = spread_bounds(pulls.size)
    assert low < np.sqrt(np.mean(np.square(pulls))) < high
    ratio = np.array([c.recoveries["reference"].crb_ratio for _, _, c in found])
    n = sum(c.recoveries["reference"].n for _, _, c in found)
    assert abs(np.sqrt(np.mean(ratio**2)) - 1.0) < 2.0 * 3.0 / np.sqrt(4 * n)
    sigma0 = np.array([s.solution.sigma0 for _, s, _ in found])
    assert np.all(np.abs(sigma0 - 1.0) < normal_bound(len(found)) / np.sqrt(2 * 6000))


def test_coefficients_are_recovered_within_their_errors(pooled):
    _, found = pooled
    pulls, sharper = [], []
    for made, solved, _ in found:
        table = columns_of(solved.tables.calibration)
        mine = np.char.startswith(table["name"].astype(str), "effect")
        error = table["error"][mine].astype(float)
        pulls.append((table["value"][mine] - made.truth[1].ravel()) / error)
        sharper.append(error)
    pull = np.concatenate(pulls).astype(float)
    # Coefficients are correlated: the bound is that of half as many.
    low, high = spread_bounds(max(pull.size / 2, 2))
    assert low < np.sqrt(np.mean(pull**2)) < high
    assert np.median(np.concatenate(sharper)) < 0.1  # of prior widths of 1


def test_calibration_is_right_altogether(pooled):
    name, found = pooled
    if name == "by exposure":
        pytest.skip("the truth of an instrument has no values of each exposure")
    joint = np.array([c.calibration.joint for _, _, c in found])
    rank = sum(c.calibration.rank for _, _, c in found)
    low, high = spread_bounds(rank)
    assert low < np.sqrt(np.mean(joint**2)) < high
    assert "term effect" in found[0][2].calibration.groups


@pytest.mark.parametrize("name", EFFECTS)
def test_without_the_term_the_fit_is_not_what_it_says(name):
    made = make(name, 0)
    solved = solve(made.plain)
    off = solved.solution.sigma0 - 1.0
    assert off > 2.0 * normal_bound() / np.sqrt(solved.solution.dof * 2.0)
