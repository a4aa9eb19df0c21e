"""Five parameters beside the truth, against astropy's space motion."""

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from reseau._precision import in_double
from reseau.diagnostics.comparison.catalogue import compare_estimates
from reseau.diagnostics.comparison.estimates import (
    Estimates,
    catalogue_estimates,
    matched,
    motion_errors,
    motion_truth,
)
from reseau.errors import CatalogueError

MAS = np.deg2rad(1.0 / 3.6e6)


def true_stars(n=40, seed=1):
    """Return columns of a truth, fast stars among them."""
    rng = np.random.default_rng(seed)
    return {
        "source_id": np.arange(n, dtype=np.int64) + 2**60,
        "ref_epoch": np.full(n, 2016.0),
        "barycentric_ra": rng.uniform(0.0, 360.0, n),
        "barycentric_dec": rng.uniform(-80.0, 80.0, n),
        "parallax": rng.uniform(1.0, 100.0, n),
        "pmra": rng.normal(0.0, 300.0, n),
        "pmdec": rng.normal(0.0, 300.0, n),
        "radial_velocity": rng.normal(0.0, 50.0, n),
        "artificial": np.arange(n) % 4 == 0,
    }


def moved(truth, epoch):
    """Return truth carried to an epoch by astropy, which has ERFA's `starpm` do it."""
    stars = SkyCoord(
        truth["barycentric_ra"] * u.deg,
        truth["barycentric_dec"] * u.deg,
        distance=1000.0 / truth["parallax"] * u.pc,
        pm_ra_cosdec=truth["pmra"] * u.mas / u.yr,
        pm_dec=truth["pmdec"] * u.mas / u.yr,
        radial_velocity=truth["radial_velocity"] * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tcb"),
    )
    new = Time(epoch, format="jyear", scale="tcb")
    return stars.apply_space_motion(new_obstime=new)


def estimates_at(truth, epoch, error):
    """Return estimates that are off by known errors [mas, mas/yr]."""
    there = moved(truth, epoch)
    n = len(error)
    ra = there.ra.deg + np.rad2deg(error[:, 0] * MAS) / np.cos(there.dec.rad)
    values = np.stack(
        [
            1000.0 / there.distance.to_value(u.pc),
            there.pm_ra_cosdec.to_value(u.mas / u.yr),
            there.pm_dec.to_value(u.mas / u.yr),
        ],
        axis=-1,
    )
    return Estimates(
        source_id=truth["source_id"],
        epoch=np.full(n, epoch),
        ra=ra,
        dec=there.dec.deg + np.rad2deg(error[:, 1] * MAS),
        values=values + error[:, 2:],
        covariance=np.tile(np.diag([0.1, 0.1, 0.2, 0.3, 0.3]) ** 2, (n, 1, 1)),
        is_reference=np.arange(n) % 2 == 1,
        positions_only=np.zeros(n, dtype=bool),
    )


def test_errors_are_those_from_the_truth_carried_by_astropy():
    truth = true_stars()
    error = np.random.default_rng(2).normal(0.0, 0.2, (40, 5))
    estimates = estimates_at(truth, 2029.3, error)
    found = in_double(motion_errors)(estimates, truth)
    # ERFA carries with light time in two ways; after 13 years that is some µas.
    np.testing.assert_allclose(found, error, atol=0.02)
    assert np.median(np.abs(found - error)) < 2e-4


def test_a_truth_without_motions_means_stars_that_rest():
    truth = true_stars(6)
    bare = {n: truth[n] for n in list(truth)[:4]}
    still = Estimates(
        truth["source_id"],
        np.full(6, 2030.0),
        truth["barycentric_ra"],
        truth["barycentric_dec"],
        np.zeros((6, 3)),
        np.tile(np.eye(5), (6, 1, 1)),
        np.zeros(6, dtype=bool),
        np.zeros(6, dtype=bool),
    )
    np.testing.assert_allclose(in_double(motion_errors)(still, bare), 0.0, atol=1e-6)


def test_classes_are_told_apart():
    truth = true_stars()
    estimates = estimates_at(truth, 2020.0, np.zeros((40, 5)))
    only = np.zeros(40, dtype=bool)
    only[2:10:4] = True
    spoilt = {**truth, "wrong_prior": np.arange(40) == 5}
    found = compare_estimates(estimates._replace(positions_only=only), spoilt)
    count = {name: r.n for name, r in found.recoveries.items()}
    assert count == {
        "reference": 19,
        "target": 18,
        "artificial": 10,
        "positions_only": 2,
        "wrong_prior": 1,
    }
    assert found.errors["positions_only"].shape == (2, 2)
    judged = {name for name, r in found.recoveries.items() if r.judged}
    assert judged == {"reference", "target", "artificial"}
    assert not found.consistent  # errors of nothing are too small
    assert "NOT as promised" in str(found)
    assert found.as_dict()["classes"]["reference"]["consistent"] is False


def test_sources_that_the_truth_lacks_are_listed():
    truth = true_stars()
    estimates = estimates_at(truth, 2020.0, np.zeros((40, 5)))
    part = {name: values[3:] for name, values in truth.items()}
    left, _, unmatched = matched(estimates, part)
    assert left.source_id.tolist() == truth["source_id"][3:].tolist()
    assert unmatched == truth["source_id"][:3].tolist()
    assert "not in the truth: 3" in str(compare_estimates(estimates, part))


def test_covariances_are_those_of_the_columns():
    rng = np.random.default_rng(3)
    mixed = rng.normal(size=(4, 5, 5)) + 2.0 * np.eye(5)
    covariance = mixed @ np.swapaxes(mixed, 1, 2)
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    names = ("ra", "dec", "parallax", "pmra", "pmdec")
    columns = {
        "source_id": np.arange(4),
        "ref_epoch": np.full(4, 2029.0),
        "is_reference": np.array([True, False, True, False]),
        "astrometric_params_solved": np.array([31, 31, 3, 31]),
    }
    for i, name in enumerate(names):
        columns[name], columns[f"{name}_error"] = np.zeros(4), sigma[:, i]
        for j in range(i + 1, 5):
            corr = covariance[:, i, j] / sigma[:, i] / sigma[:, j]
            columns[f"{name}_{names[j]}_corr"] = corr
    found = catalogue_estimates(pa.table(columns))
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-12)
    assert found.positions_only.tolist() == [False, False, True, False]


def test_the_truth_of_one_plate_is_refused(tmp_path, monkeypatch):
    from reseau.datasets import Truth
    from reseau.diagnostics.comparison import estimates

    table = pa.table({"source_id": [1, 2], "ra": [0.0, 1.0], "dec": [0.0, 1.0]})
    monkeypatch.setattr(estimates, "read_truth", lambda *_, **__: Truth(table))
    with pytest.raises(CatalogueError, match="simulate survey"):
        motion_truth(tmp_path, [0], np.array([1, 2]))
