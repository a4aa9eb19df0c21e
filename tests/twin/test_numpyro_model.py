"""The numpyro model against the log density: equal up to a constant."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from numpyro.infer.util import log_density as of_model

from plates import make_plate, two_detectors
from quick import quick_jit
from reseau.constants import ARCSECOND
from reseau.model import DEFAULT_FREE, make_density
from reseau.solvers.start.parameters import find_start

from .in_numpyro import numpyro_model


def _known_angles(problem):
    sigma = np.full_like(problem.exposures.attitude_sigma, 20 * ARCSECOND)
    exposures = replace(problem.exposures, attitude_sigma=sigma)
    return replace(problem, exposures=exposures)


CASES = {
    "default": ({}, DEFAULT_FREE),
    "all references": ({"references": 1.0}, (*DEFAULT_FREE, "skew")),
    "normal, tied": (
        {"instrument": two_detectors(focal_prior="normal", scale="plate")},
        DEFAULT_FREE,
    ),
    "known angles": ({"change": _known_angles}, DEFAULT_FREE),
    "few blocks": ({"free": ("sources", "attitude")}, ("sources", "attitude")),
    "free network": ({"free_network": True, "references": 0.0}, DEFAULT_FREE),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    choices, blocks = CASES[request.param]
    choices = {"sources": 20, "exposures": 3, "free": blocks, **choices}
    change = choices.pop("change", lambda problem: problem)
    start = find_start(change(make_plate(**choices).problem))
    return start.problem, start.parameters, blocks


def test_equal_up_to_a_constant(case):
    problem, start, blocks = case
    model, sites = numpyro_model(problem, start)
    density = make_density(problem)
    # The plate has no declared terms, whatever is free.
    assert set(sites.sites) == set(blocks) - {"terms"}
    rng = np.random.default_rng(0)

    @quick_jit
    def both(values):
        of_sites = of_model(model, (), {}, values)[0]
        return of_sites, density(sites.parameters(values))

    pairs = []
    for _ in range(4):
        values = {
            name: v
            + 1e-3 * rng.normal(size=v.shape) * (np.abs(v) > 0)
            + 1e-3 * rng.normal(size=v.shape)
            for name, v in sites.values().items()
        }
        pairs.append([float(value) for value in both(values)])
    found, wanted = np.array(pairs).T
    np.testing.assert_allclose(np.diff(found), np.diff(wanted), rtol=1e-7, atol=1e-6)


def test_the_start_is_the_start(case):
    problem, start, _ = case
    _, sites = numpyro_model(problem, start)
    found = quick_jit(sites.parameters)(sites.values())
    for one, two in zip(jax.tree.leaves(found), jax.tree.leaves(start), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-13, atol=1e-13)
