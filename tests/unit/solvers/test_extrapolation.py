"""Where no reference tells what the calibration does, by eigenvalues written out."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.linalg

from plates import make_plate
from reseau.equations.equations import equations_at
from reseau.equations.plan import plan_tiles
from reseau.equations.sources import source_covariances
from reseau.solvers.extrapolation import BEYOND, find_extrapolated, own_covariances

N = 60


class Case:
    """A plate with references in some places, its covariances and own parts."""

    def __init__(self, problem, truth):
        self.problem = problem
        self.tiles = plan_tiles(problem)
        self.equations = equations_at(problem, self.tiles, truth, 0.0)
        self.covariance = source_covariances(
            self.equations.system, self.tiles, self.equations.root, N
        )
        self.own = own_covariances(self.tiles, self.equations, N)

    def found(self, **changes):
        problem = replace(self.problem, **changes)
        return find_extrapolated(problem, self.tiles, self.equations, self.covariance)


@pytest.fixture(scope="module")
def plate():
    return make_plate(references=1.0)


def _with_references(plate, kept):
    information = np.where(kept[:, None, None], plate.problem.prior.information, 0.0)
    prior = replace(plate.problem.prior, information=information)
    return Case(replace(plate.problem, prior=prior), plate.truth)


@pytest.fixture(scope="module")
def corner(plate):
    """Only the southern half of the field has references."""
    return _with_references(
        plate, plate.direction[:, 2] < np.median(plate.direction[:, 2])
    )


def _usual(case):
    """Return the median of a coordinate's variance over the measured references."""
    seen = np.bincount(case.problem.measurements.source, minlength=N) > 0
    information = np.asarray(case.problem.prior.information)
    known = seen & np.any(information != 0, axis=(1, 2))
    covariance = np.linalg.inv(information[known])
    return np.median(0.5 * np.trace(covariance, axis1=1, axis2=2))


def test_ratios_are_generalised_eigenvalues(corner):
    """K against R: what the calibration adds, own part plus the usual prior."""
    found, usual = corner.found(), _usual(corner)
    assert 0 < found.beyond.sum() < N
    near = 0
    for i in np.flatnonzero(corner.own[:, 0, 0] > 0):
        added = corner.covariance[i] - corner.own[i]
        single = corner.own[i] + usual * np.eye(2)
        ratio = scipy.linalg.eigh(added, single, eigvals_only=True)[-1]
        assert found.beyond[i] == (ratio > BEYOND)
        near += abs(np.log(ratio)) < 1.0
    assert near > 3  # the boundary runs through the field


def test_calibration_and_share_are_parts_of_the_covariance(corner):
    found = corner.found()
    seen = corner.own[:, 0, 0] > 0
    whole = np.trace(corner.covariance, axis1=1, axis2=2)
    own = np.trace(corner.own, axis1=1, axis2=2)
    np.testing.assert_allclose(
        found.share[seen], 1.0 - own[seen] / whole[seen], rtol=1e-12
    )
    np.testing.assert_allclose(
        2.0 * found.calibration[seen] ** 2, whole[seen] - own[seen], rtol=1e-12
    )
    for values in found:
        assert not values[~seen].any()


def test_it_is_the_side_without_references(plate, corner):
    """Beyond a source are those far in the north, not those among the references."""
    found = corner.found()
    north = plate.direction[:, 2]
    seen = corner.own[:, 0, 0] > 0
    known = np.any(corner.problem.prior.information != 0, axis=(1, 2))
    assert not found.beyond[known].any()
    assert north[found.beyond].mean() > north[seen & ~found.beyond].mean()


def test_references_are_within_their_own_reach(plate):
    """Leverages are at most one, so that no reference lies beyond the references."""
    every = _with_references(plate, np.ones(N, dtype=bool))
    assert not every.found().beyond.any()


def test_without_references_there_is_no_beyond(plate, corner):
    found = corner.found(free_network=True)
    assert not found.beyond.any()
    nothing = replace(plate.problem.prior, information=np.zeros((N, 2, 2)))
    assert not corner.found(prior=nothing).beyond.any()


def test_the_usual_reference_may_be_one_that_is_held(corner):
    """Where most are held, one without any error is put beside each source."""
    # So wide that what is usual decides; covariances are those of the plate before.
    prior = corner.problem.prior
    prior = replace(prior, information=1e-6 * np.asarray(prior.information))
    known = np.any(prior.information != 0, axis=(1, 2))
    seen = np.bincount(corner.problem.measurements.source, minlength=N) > 0
    held = np.flatnonzero(known & seen)
    some = np.zeros(N, dtype=bool)
    some[held[: len(held) // 2]] = True
    few = corner.found(prior=replace(prior, fixed=some)).beyond
    assert not few.any()
    some[held[: len(held) // 2 + 1]] = True
    most = corner.found(prior=replace(prior, fixed=some)).beyond
    assert most.any()
    for i in np.flatnonzero(corner.own[:, 0, 0] > 0):
        added = corner.covariance[i] - corner.own[i]
        ratio = scipy.linalg.eigh(added, corner.own[i], eigvals_only=True)[-1]
        assert most[i] == (ratio > BEYOND)


def test_sources_of_which_nothing_is_known_are_left_alone(corner):
    covariance = corner.covariance.copy()
    lost = np.flatnonzero(corner.own[:, 0, 0] > 0)[:3]
    covariance[lost] = np.nan
    found = find_extrapolated(
        corner.problem, corner.tiles, corner.equations, covariance
    )
    assert not found.beyond[lost].any()
    assert not found.calibration[lost].any()
    assert not found.share[lost].any()
    rest = np.setdiff1d(np.arange(N), lost)
    np.testing.assert_array_equal(found.beyond[rest], corner.found().beyond[rest])
