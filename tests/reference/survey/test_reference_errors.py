"""A catalogue's errors against pygaia, and its fits against SciPy and astropy."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import get_body_barycentric
from astropy.time import Time
from pygaia.errors import astrometric
from scipy.optimize import least_squares

from reseau.survey.binaries import draw_orbits, orbit_offset
from reseau.survey.reference_errors import (
    RELEASES,
    SIX,
    draw_covariances,
    release_widths,
)
from reseau.survey.selection import unit_vectors
from reseau.survey.star_config import ReferenceConfig
from reseau.survey.wrong_references import fit_epochs, fitted_parameters


@pytest.mark.parametrize("release", RELEASES)
def test_widths_are_pygaias(release):
    g = np.linspace(3.0, 20.7, 100)
    found = 1e3 * release_widths(ReferenceConfig(errors=release), g)
    name = release.removeprefix("gaia-")
    wanted = [
        *astrometric.position_uncertainty(g, release=name),
        astrometric.parallax_uncertainty(g, release=name),
        *astrometric.proper_motion_uncertainty(g, release=name),
    ]
    np.testing.assert_allclose(found, np.stack(wanted, axis=-1), rtol=1e-12)


def test_an_unknown_colour_is_one_more_unknown():
    # Six unknowns from as many equations as tell five apart by C and one direction: the
    # covariance of the five, out of the inverse of all six, is C + s² v vᵀ.
    rng = np.random.default_rng(8)
    n = 20
    g = np.full(n, 19.0)
    config = ReferenceConfig()
    five = draw_covariances(np.random.default_rng(1), config, g, np.full(n, 31))
    six = draw_covariances(np.random.default_rng(1), config, g, np.full(n, SIX))
    for a, b in zip(five, six, strict=True):
        values, vectors = np.linalg.eigh(b - a)
        assert np.all(np.abs(values[:-1]) < 1e-9 * values[-1])
        slope = vectors[:, -1] * np.sqrt(values[-1])
        weight = np.linalg.inv(a)
        normal = np.zeros((6, 6))
        normal[:5, :5] = weight
        normal[:5, 5] = normal[5, :5] = -weight @ slope
        normal[5, 5] = slope @ weight @ slope + 1.0
        np.testing.assert_allclose(
            np.linalg.inv(normal)[:5, :5], b, rtol=1e-6, atol=1e-9
        )
    many = np.full(20_000, 19.0)
    grown = draw_covariances(rng, config, many, np.full(20_000, SIX))
    ratio = np.diagonal(grown, axis1=1, axis2=2) / release_widths(config, many) ** 2
    np.testing.assert_allclose(ratio.mean(axis=0), 1.5, rtol=0.03)


def test_an_orbits_rest_in_five_parameters_is_scipys():
    rng = np.random.default_rng(6)
    orbits = draw_orbits(rng, np.arange(6), np.full(6, 5.0))
    ra, dec = rng.uniform(0.0, 360.0, 6), rng.uniform(-80.0, 80.0, 6)
    epochs = fit_epochs(2014.56, 2017.41)
    offset = orbit_offset(orbits, np.repeat(epochs[None], 6, axis=0))
    found = fitted_parameters(unit_vectors(ra, dec), offset, epochs, 2016.0)
    earth = get_body_barycentric("earth", Time(epochs, format="jyear", scale="tcb"))
    x, y, z = earth.xyz.to_value(u.au)
    for k in range(6):
        a, d = np.radians(ra[k]), np.radians(dec[k])
        p = x * np.sin(a) - y * np.cos(a)
        q = (x * np.cos(a) + y * np.sin(a)) * np.sin(d) - z * np.cos(d)

        def rest(v, k=k, p=p, q=q):
            t = epochs - 2016.0
            model = np.stack([v[0] + v[2] * p + v[3] * t, v[1] + v[2] * q + v[4] * t])
            return (model - offset[k].T).ravel()

        wanted = least_squares(rest, np.zeros(5), xtol=1e-15, ftol=1e-15, gtol=1e-15).x
        np.testing.assert_allclose(found[k], wanted, atol=1e-6 * np.abs(wanted).max())
