"""Comparing with truth: offsets, classes, datum, calibration."""

import dataclasses

import astropy.units as u
import jax.numpy as jnp
import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from reseau.datasets import Truth, read_instrument
from reseau.diagnostics import compare_with_truth as compare
from reseau.diagnostics.comparison import truth as comparing
from reseau.diagnostics.comparison.calibration import (
    _joint,
    compare_calibration,
    true_parameters,
)
from reseau.diagnostics.comparison.solution import Compared
from reseau.diagnostics.comparison.truth import position_errors
from reseau.errors import CatalogueError, FileFormatError
from reseau.instrument import direction_to_pixel
from reseau.survey.camera_flaws import built_camera
from reseau.survey.flaw_config import CameraConfig
from reseau.tables import table_of
from reseau.tables.layouts import TRUTH_EXPOSURES, TRUTH_SOURCES

MAS = np.deg2rad(1.0 / 3.6e6)


def test_errors_are_offsets_in_the_tangent_plane() -> None:
    """As astropy has them, near a pole and across the meridian of ra = 0."""
    truth = {"ra": np.array([0.0, 266.0, 12.0]), "dec": np.array([10.0, -29.0, 89.9])}
    near = SkyCoord(truth["ra"] * u.deg, truth["dec"] * u.deg)
    moved = near.spherical_offsets_by(
        [-3.0, 2.0, 50.0] * u.mas, [1.0, -4.0, 7.0] * u.mas
    )
    found = position_errors({"ra": moved.ra.deg, "dec": moved.dec.deg}, truth)
    east, north = near.spherical_offsets_to(moved)
    np.testing.assert_allclose(found[:, 0], east.to_value(u.mas), atol=2e-7)
    np.testing.assert_allclose(found[:, 1], north.to_value(u.mas), atol=2e-7)


def field(n: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return sources of a solution in a field of a degree."""
    rng = np.random.default_rng(seed)
    return {
        "source_id": np.arange(n, dtype=np.int64) + 2**60,
        "plate_id": np.zeros(n, dtype=np.int32),
        "ra": 266.0 + rng.uniform(-0.5, 0.5, n),
        "dec": -29.0 + rng.uniform(-0.5, 0.5, n),
        "ra_error": rng.uniform(0.5, 2.0, n),
        "dec_error": rng.uniform(0.5, 2.0, n),
        "ra_dec_corr": rng.uniform(-0.8, 0.8, n),
        "is_reference": np.arange(n) % 4 != 0,
    }


def found_solution(sources: dict[str, np.ndarray], **changes: object) -> Compared:
    """Return a solution of these sources, without calibration."""
    bare = Compared(
        sources=sources,
        exposures={},
        calibration={},
        covariance=np.zeros((0, 0)),
        instrument=read_instrument("jasmine"),
        free=("sources", "attitude"),
        free_network=False,
    )
    return dataclasses.replace(bare, **changes)


def true_table(sources: dict[str, np.ndarray], **more: np.ndarray) -> Truth:
    """Return a truth with these positions."""
    names = ("source_id", "plate_id", "ra", "dec")
    columns = {n: sources[n] for n in names} | more
    return Truth(table_of(columns, TRUTH_SOURCES))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> tuple[dict, Truth]:
    """Return a solution whose errors are drawn from its covariances, and the truth."""
    sources = field(4000)
    truth = true_table(sources)
    rng = np.random.default_rng(5)
    first, second = rng.standard_normal((2, 4000))
    corr = sources["ra_dec_corr"]
    east = sources["ra_error"] * first
    north = sources["dec_error"] * (corr * first + np.sqrt(1 - corr**2) * second)
    dec = np.deg2rad(sources["dec"])
    moved = dict(
        sources,
        ra=sources["ra"] + np.rad2deg(east * MAS / np.cos(dec)),
        dec=sources["dec"] + np.rad2deg(north * MAS),
    )
    monkeypatch.setattr(comparing, "compared_solution", found_solution)
    return moved, truth


def test_drawn_errors_are_consistent(drawn: tuple[dict, Truth]) -> None:
    moved, truth = drawn
    found = compare(moved, truth)
    assert found.recoveries["reference"].n == 3000
    assert found.recoveries["target"].n == 1000
    assert found.consistent
    assert set(found.recoveries) == {"reference", "target"}
    assert found.calibration is None


def test_wrong_errors_are_seen(drawn: tuple[dict, Truth]) -> None:
    moved, truth = drawn
    for factor in (0.9, 1.1):
        errors = {n: factor * moved[n] for n in ("ra_error", "dec_error")}
        found = compare({**moved, **errors}, truth)
        assert not found.consistent
        assert found.recoveries["reference"].pull_std == pytest.approx(
            1 / factor, rel=0.03
        )
    found = compare({**moved, "ra_dec_corr": -moved["ra_dec_corr"]}, truth)
    assert not found.consistent


def test_classes_follow_the_truth(drawn: tuple[dict, Truth]) -> None:
    moved, _ = drawn
    n = moved["ra"].size
    wrong = np.arange(n) < 100
    artificial = ~moved["is_reference"]
    found = compare(moved, true_table(moved, wrong_prior=wrong, artificial=artificial))
    sizes = {name: r.n for name, r in found.recoveries.items()}
    assert sizes == {
        "reference": 3000 - 75,
        "target": 1000 - 25,
        "artificial": 1000,
        "wrong_prior": 100,
    }
    assert {name: len(p) for name, p in found.pulls.items()} == sizes


def test_unmatched_and_fixed_are_counted(drawn: tuple[dict, Truth]) -> None:
    moved, truth = drawn
    moved = {**moved, "source_id": moved["source_id"].copy()}
    moved["source_id"][:3] = [5, 6, 7]
    moved["ra_error"] = np.where(np.arange(4000) < 10, 0.0, moved["ra_error"])
    moved["ra_dec_corr"] = np.where(np.arange(4000) < 10, np.nan, moved["ra_dec_corr"])
    found = compare(moved, truth)
    assert found.unmatched == [5, 6, 7]
    assert found.fixed == 7
    assert sum(r.n for r in found.recoveries.values()) == 3990


def test_other_plates_of_the_truth_are_not_looked_at(
    drawn: tuple[dict, Truth],
) -> None:
    moved, truth = drawn
    n = moved["ra"].size
    both = {
        "source_id": np.tile(moved["source_id"], 2),
        "plate_id": np.repeat(np.array([1, 0], dtype=np.int32), n),
        "ra": np.concatenate([moved["ra"] + 1, truth.sources["ra"].to_numpy()]),
        "dec": np.concatenate([moved["dec"], truth.sources["dec"].to_numpy()]),
    }
    assert compare(moved, true_table(both)).consistent
    with pytest.raises(CatalogueError, match="none of the 4000 sources"):
        compare({**moved, "plate_id": np.full(n, 4)}, true_table(both))


def turned(sources: dict[str, np.ndarray], scale: float) -> dict[str, np.ndarray]:
    """Return sources turned by an arcminute about the pole and stretched."""
    ra, dec = sources["ra"], sources["dec"]
    return {
        **sources,
        "ra": 266.0 + (ra - 266.0) * (1 + scale) + 1 / 60,
        "dec": -29.0 + (dec + 29.0) * (1 + scale),
    }


def test_free_networks_are_turned_to_the_truth(
    drawn: tuple[dict, Truth], monkeypatch: pytest.MonkeyPatch
) -> None:
    moved, truth = drawn
    turn = turned(moved, 0.0)
    assert compare(turn, truth).recoveries["reference"].rms_mas > 1e4

    def network(sources: dict) -> Compared:
        return found_solution(sources, free_network=True)

    monkeypatch.setattr(comparing, "compared_solution", network)
    found = compare(turn, truth)
    assert found.consistent
    assert "rotation was removed" in found.datum
    # Its scale was determined, thus it counts.
    stretched = turned(moved, 1e-6)
    assert not compare(stretched, truth).consistent

    def open_scale(sources: dict) -> Compared:
        free = ("sources", "attitude", "scale", "distortion")
        return found_solution(sources, free_network=True, free=free)

    monkeypatch.setattr(comparing, "compared_solution", open_scale)
    found = compare(stretched, truth)
    assert found.consistent
    assert "rotation and linear stretch" in found.datum


def test_a_solution_is_no_truth(tmp_path: object) -> None:
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(FileFormatError, match="is a solution"):
        compare(tmp_path, tmp_path)


FREE = ("sources", "attitude", "scale", "distortion", "detectors")


@pytest.fixture(scope="module")
def calibrated() -> tuple[Compared, object, dict[str, np.ndarray]]:
    """Return a nominal instrument, a flawed one and its exposures."""
    nominal = read_instrument("jasmine")
    true = built_camera(np.random.default_rng(2), nominal, CameraConfig())
    detectors = dataclasses.replace(
        true.detectors, centre=np.add(true.detectors.centre, [40.0, -25.0])
    )
    true = dataclasses.replace(true, detectors=detectors)
    exposures = {
        "exposure_id": np.arange(3),
        "plate_id": np.zeros(3, dtype=np.int32),
        "ra": np.array([10.0, 10.1, 9.9]),
        "dec": np.array([-29.0, -29.1, -28.9]),
        "pa": np.array([30.0, 31.0, 120.0]),
        "focal_x_mm": np.full(3, 4860.0),
        "focal_y_mm": np.full(3, 4860.0),
    }
    found = found_solution(field(5), instrument=nominal, free=FREE)
    found = dataclasses.replace(
        found, exposures={"exposure_id": exposures["exposure_id"]}
    )
    return found, true, exposures


def test_truth_in_the_datum_has_nominal_means(calibrated: tuple) -> None:
    found, true, exposures = calibrated
    moved = true_parameters(found, true, exposures)
    nominal = found.instrument.detectors
    centre, theta = (
        np.asarray(moved.detectors)[:, :2],
        np.asarray(moved.detectors)[:, 2],
    )
    before = np.asarray(true.detectors.centre) - np.asarray(nominal.centre)
    assert np.hypot(*before.mean(axis=0)) > 10
    np.testing.assert_allclose(
        centre.mean(axis=0), np.asarray(nominal.centre).mean(axis=0), atol=1e-6
    )
    np.testing.assert_allclose(
        theta.mean(), np.asarray(nominal.theta).mean(), atol=1e-12
    )


def test_truth_in_the_datum_gives_the_same_pixels(calibrated: tuple) -> None:
    found, true, exposures = calibrated
    moved = true_parameters(found, true, exposures)
    rng = np.random.default_rng(1)
    for i in range(3):
        attitude = np.deg2rad([exposures[a][i] for a in ("ra", "dec", "pa")])
        ra = attitude[0] + np.deg2rad(rng.uniform(-0.2, 0.2, 1000))
        dec = attitude[1] + np.deg2rad(rng.uniform(-0.2, 0.2, 1000))
        direction = np.stack(
            [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], -1
        )
        row = np.arange(1000) % 4
        before = np.asarray(direction_to_pixel(true, attitude, direction, row))
        axes = np.asarray(moved.axes)[i]
        instrument = dataclasses.replace(
            true,
            focal=np.asarray(moved.focal)[i],
            coefficients=np.asarray(moved.coefficients),
            skew=np.asarray(moved.skew),
            detectors=dataclasses.replace(
                true.detectors,
                centre=np.asarray(moved.detectors)[:, :2],
                theta=np.asarray(moved.detectors)[:, 2],
                pitch=np.asarray(moved.detectors)[:, 3:],
            ),
        )
        # Attitude angles of the moved axes, by their definition.
        pointing = axes[2]
        angles = jnp.asarray(
            [
                np.arctan2(pointing[1], pointing[0]),
                np.arcsin(pointing[2]),
                np.arctan2(axes[1] @ east_of(pointing), axes[1] @ north_of(pointing)),
            ]
        )
        after = np.asarray(direction_to_pixel(instrument, angles, direction, row))
        seen = np.all((before > 0) & (before < 1919), axis=1)
        assert seen.sum() > 20
        # Degree 5 expanded about a moved axis is not quite of degree 5 on the sky: a
        # hundredth of one measurement's error is left at the corners.
        np.testing.assert_allclose(after[seen], before[seen], atol=1e-4)


def east_of(pointing: np.ndarray) -> np.ndarray:
    """Return the unit vector towards East."""
    east = np.cross([0.0, 0.0, 1.0], pointing)
    return east / np.linalg.norm(east)


def north_of(pointing: np.ndarray) -> np.ndarray:
    """Return the unit vector towards North."""
    return np.cross(pointing, east_of(pointing))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"degree": 4}, "degree or normalisation"),
        ({"normalisation": 20_000.0}, "degree or normalisation"),
    ],
)
def test_other_distortions_are_not_compared(
    calibrated: tuple, change: dict, words: str
) -> None:
    found, true, exposures = calibrated
    other = dataclasses.replace(true.distortion, **change)
    true = dataclasses.replace(
        true,
        distortion=other,
        coefficients=other.default(),
        coefficient_sigma=other.widths(1.0),
    )
    sources = true_table(field(5)).sources
    known = Truth(sources, table_of(exposures, TRUTH_EXPOSURES), true)
    result = compare_calibration(found, known)
    assert words in result.skipped
    assert result.groups == {}
    assert words in result.lines()[0]


def test_joint_pull_leaves_out_directions_without_variance() -> None:
    rng = np.random.default_rng(0)
    root = rng.standard_normal((6, 3)) * np.array([1.0, 1e3, 1e-3, 1, 1, 1])[:, None]
    covariance = root @ root.T
    drawn = root @ np.array([1.0, -2.0, 0.5])
    joint, rank = _joint(drawn, covariance)
    assert rank == 3
    assert joint == pytest.approx(np.sqrt((1 + 4 + 0.25) / 3), rel=1e-6)
    assert _joint(np.zeros(2), np.zeros((2, 2)))[1] == 0
