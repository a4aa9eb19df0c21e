"""Many plates joined, against one dense least-squares problem of all there is.

The survey is drawn here, and its equations are written with NumPy alone: directions of
stars by uniform motion in space, a cubic of its own on each axis of each exposure of a
plate, two cameras, and positions of stars on exposures as data. The dense problem has
five parameters of each star and the polynomials of all exposures as unknowns; each
plate's information, in which its polynomials are eliminated, is what is joined.
"""

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time
from scipy import linalg

from reseau._precision import in_double
from reseau.constants import MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.linalg import cholesky_blocks
from reseau.motions.averages import averaged
from reseau.motions.joint import joint
from reseau.motions.mapping import lines_of, mapped_at
from reseau.motions.merging import merged_factor
from reseau.motions.solving import solve_jointly
from reseau.motions.stars import FIVE, Stars

STARS, PLATES, SEEN = 300, 20, 220
EPOCH = 2030.0
LIGHT = 299_792.458 * 365.25 * 86_400.0 / 149_597_870.7
"""A light year [au]."""
AU_PER_YEAR = 149_597_870.7 / (365.25 * 86_400.0)
"""[km/s]."""
SIX = 6


def axes(direction):
    """Return unit vectors towards East and North."""
    east = np.stack([-direction[:, 1], direction[:, 0], np.zeros(len(direction))], 1)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    return east, np.cross(direction, east)


def turned(axis, one, other):
    """Rotate vectors as the great circle turns one direction into another."""
    pole, cosine = np.cross(one, other), np.sum(one * other, axis=1, keepdims=True)
    along = pole * np.sum(pole * axis, axis=1, keepdims=True) / (1.0 + cosine)
    return axis * cosine + np.cross(pole, axis) + along


def offset_seen(seen, direction, six, elapsed, place):
    """Return gnomonic offsets of stars from directions, by motion in space."""
    time = elapsed + seen @ place / LIGHT
    east, north = axes(direction)
    start = direction + six[:, :1] * east + six[:, 1:2] * north
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    here_east, here_north = (turned(axis, direction, start) for axis in (east, north))
    along = six[:, 5] * six[:, 2] / AU_PER_YEAR
    at = start * (1.0 + along * time)[:, None]
    at += (six[:, 3:4] * here_east + six[:, 4:5] * here_north) * time[:, None]
    at -= six[:, 2:3] * place
    east, north = axes(seen)
    depth = np.sum(at * seen, axis=1)
    return np.stack([np.sum(at * east, 1), np.sum(at * north, 1)], 1) / depth[:, None]


def slopes_seen(*arguments):
    """Return derivatives of `offset_seen` by the six parameters, by differences."""
    seen, direction, six, elapsed, place = arguments
    out = np.empty((len(six), 2, SIX))
    for i, step in enumerate([1e-5, 1e-5, 1e-7, 1e-5, 1e-5, 1e5]):
        ahead, behind = six.copy(), six.copy()
        ahead[:, i] += step
        behind[:, i] -= step
        difference = offset_seen(seen, direction, ahead, elapsed, place)
        difference -= offset_seen(seen, direction, behind, elapsed, place)
        out[:, :, i] = difference / (2.0 * step)
    return out


class Drawn(NamedTuple):
    """A plate: whom it saw, from where, and offsets from `direction` on exposures.

    These are the stars' and polynomials: of the `shared` terms, whose coefficients on
    each exposure and axis have priors of some `widths` about zero.
    """

    row: np.ndarray
    direction: np.ndarray
    epoch: float
    place: np.ndarray
    measured: np.ndarray
    weight: np.ndarray
    shared: np.ndarray
    widths: np.ndarray

    def seen(self, stars, parameters):
        """Return what `offset_seen` and `slopes_seen` are given."""
        time, row = self.epoch - EPOCH, self.row
        return self.direction, stars.direction[row], parameters[row], time, self.place


@cache
def survey(references=0.5):
    """Return the stars where they start, and what each plate measured."""
    rng = np.random.default_rng(4)
    centre = np.array([[0.05, -0.87, -0.49]])
    east, north = axes(centre / np.linalg.norm(centre))
    spread = rng.uniform(-0.004, 0.004, (STARS, 2))
    direction = centre / np.linalg.norm(centre) + spread[:, :1] * east
    direction = direction + spread[:, 1:] * north
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    start = np.zeros((STARS, SIX))
    start[:, 2] = rng.exponential(0.5, STARS) * MILLIARCSECOND
    start[:, 3:5] = rng.normal(0, 5.0, (STARS, 2)) * MILLIARCSECOND
    start[:, 5] = rng.normal(0, 50.0, STARS)
    half = rng.normal(size=(STARS, 5, 5)) + 3.0 * np.eye(5)
    prior = half @ half.transpose(0, 2, 1) / (0.5 * MILLIARCSECOND) ** 2
    known = rng.random(STARS) < references
    prior[~known] = 0.0
    root = np.linalg.inv(np.linalg.cholesky(prior[known])).transpose(0, 2, 1)
    truth = start.copy()
    error = np.einsum("nij,nj->ni", root, rng.normal(size=(known.sum(), 5)))
    truth[known, :5] -= error
    truth[~known, :5] += rng.normal(0, 2.0, ((~known).sum(), 5)) * MILLIARCSECOND
    stars = Stars(
        source_id=np.arange(STARS) + 7,
        epoch=np.full(STARS, EPOCH),
        direction=direction,
        parameters=start,
        mean=start.copy(),
        prior=prior,
        is_reference=known,
        solved_for=np.full(STARS, FIVE),
    )
    when = np.sort(rng.uniform(2028.5, 2031.5, PLATES))
    return stars, [
        _drawn(rng, stars, truth, spread, time, n) for n, time in enumerate(when)
    ]


def _drawn(rng, stars, truth, spread, epoch, number):
    """Return a plate: polynomials of two cameras, one of the third degree."""
    row = np.sort(rng.permutation(STARS)[:SEEN])
    angle = 2.0 * np.pi * epoch
    place = np.array([np.cos(angle), 0.917 * np.sin(angle), 0.398 * np.sin(angle)])
    start = stars.direction[row]
    seen = start + offset_to(start, rng.normal(0, 3e-9, (SEEN, 2)))
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    true = offset_seen(seen, start, truth[row], epoch - EPOCH, place)
    degree, exposures = (3, 3) if number % 2 else (2, 4)
    x, y = spread[row].T / 0.004
    powers = [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    terms = np.stack(powers, axis=1)
    size = terms.shape[1]
    widths = np.full((exposures, 2, size), 20.0 * MILLIARCSECOND)
    half = rng.normal(size=(exposures, SEEN, 2, 2)) + 2.0 * np.eye(2)
    weight = half @ half.transpose(0, 1, 3, 2) / (2.0 * MILLIARCSECOND) ** 2
    noise = np.linalg.cholesky(np.linalg.inv(weight)) @ rng.normal(
        size=(exposures, SEEN, 2, 1)
    )
    coefficients = rng.normal(size=widths.shape) * widths
    measured = true + np.einsum("nk,eik->eni", terms, coefficients) + noise[..., 0]
    return Drawn(row, seen, epoch, place, measured, weight, terms, widths)


def offset_to(direction, offset):
    """Return small vectors in the tangent planes."""
    east, north = axes(direction)
    return offset[:, :1] * east + offset[:, 1:] * north


def equations_of(plate):
    """Return the normal matrix and right-hand side of offsets, then calibration."""
    exposures, n = plate.weight.shape[:2]
    size = plate.shared.shape[1]
    corner = np.diag(plate.widths.ravel() ** -2.0)
    own, border = np.zeros((n, 2, 2)), np.zeros((n, 2, corner.shape[0]))
    right, shared = np.zeros((n, 2)), np.zeros(corner.shape[0])
    for e in range(exposures):
        design = np.zeros((n, 2, corner.shape[0]))
        at = 2 * size * e
        design[:, 0, at : at + size] = design[:, 1, at + size : at + 2 * size] = (
            plate.shared
        )
        weighted = plate.weight[e] @ design
        own += plate.weight[e]
        border += weighted
        corner += np.einsum("nik,nil->kl", design, weighted)
        force = np.einsum("nij,nj->ni", plate.weight[e], plate.measured[e])
        right += force
        shared += np.einsum("nik,ni->k", design, force)
    return own, border, corner, right, shared


def information_of(plate, number, stars, epsilon=0.0):
    """Return the plate's information, its calibration eliminated."""
    own, border, corner, right, shared = equations_of(plate)
    root = linalg.cholesky(corner, lower=True)
    columns = linalg.solve_triangular(
        root, border.reshape(-1, len(root)).T, lower=True
    ).T
    gradient = right.ravel() - columns @ linalg.solve_triangular(
        root, shared, lower=True
    )
    half = np.linalg.cholesky(own)
    white = np.linalg.solve(half, columns.reshape(*right.shape, -1))
    share, turn = linalg.eigh(np.einsum("nik,nil->kl", white, white))
    kept = np.flatnonzero(share > epsilon)[::-1]
    values = (columns @ turn[:, kept]).reshape(*right.shape, -1)
    return Information(
        plate_id=number,
        epoch=float(plate.epoch),
        observer=plate.place,
        source_id=stars.source_id[plate.row],
        direction=plate.direction,
        gradient=gradient.reshape(right.shape),
        blocks=own,
        columns=values.astype(np.float32 if epsilon else np.float64),
        share=np.clip(share[kept], 0.0, 1.0),
        left_out=float(np.delete(share, kept).sum()),
        epsilon=epsilon,
        chi2=np.zeros(SEEN),
        n_measurements=np.full(SEEN, float(len(plate.weight))),
        digest=str(number),
        reference=np.zeros(SEEN, dtype=np.int64),
    )


class Dense(NamedTuple):
    """The solution of everything at once: parameters and covariance of the stars."""

    parameters: np.ndarray
    covariance: np.ndarray


def dense_solution(stars, plates):
    """Solve for all stars and all polynomials, twice: the motion is not linear."""
    parameters = stars.parameters.copy()
    for _ in range(2):
        matrix, right = dense_equations(stars, plates, parameters)
        scale = 1.0 / np.sqrt(np.diag(matrix))
        root = linalg.cho_factor(matrix * scale * scale[:, None])
        step = (linalg.cho_solve(root, right * scale) * scale)[: 5 * STARS]
        parameters[:, :5] += step.reshape(STARS, 5)
    unit = np.eye(len(matrix))[:, : 5 * STARS]
    scale = scale[: 5 * STARS]
    inverse = linalg.cho_solve(root, unit)[: 5 * STARS] * scale * scale[:, None]
    covariance = inverse.reshape(STARS, 5, STARS, 5).transpose(0, 2, 1, 3)
    return Dense(parameters[:, :5], covariance)


def dense_equations(stars, plates, parameters):
    """Return the matrix and right-hand side of stars, then polynomials of each plate.

    The polynomials start from zero, the stars from `parameters`.
    """
    first = 5 * STARS
    matrix = np.zeros((first + sum(plate.widths.size for plate in plates),) * 2)
    matrix[:first, :first] = linalg.block_diag(*stars.prior)
    right = np.zeros(len(matrix))
    ahead = (stars.mean - parameters)[:, :5]
    right[:first] = np.einsum("nij,nj->ni", stars.prior, ahead).ravel()
    for plate in plates:
        excess = offset_seen(*plate.seen(stars, parameters))
        slope = slopes_seen(*plate.seen(stars, parameters))[:, :, :5]
        across = slope.transpose(0, 2, 1)
        own, border, corner, force, shared = equations_of(plate)
        at = (5 * plate.row[:, None] + np.arange(5)).ravel()
        cal = slice(first, first + plate.widths.size)
        first = cal.stop
        matrix[np.ix_(at, at)] += linalg.block_diag(*(across @ own @ slope))
        mixed = (across @ border).reshape(at.size, -1)
        matrix[at, cal], matrix[cal, at], matrix[cal, cal] = mixed, mixed.T, corner
        force = force - np.einsum("nij,nj->ni", own, excess)
        right[at] += np.einsum("nik,ni->nk", slope, force).ravel()
        right[cal] = shared - np.einsum("nik,ni->k", border, excess)
    return matrix, right


def said(stars, plates, epsilon=0.0):
    """Return the information of all plates."""
    return [information_of(p, n, stars, epsilon) for n, p in enumerate(plates)]


@in_double
def joined(stars, plates, epsilon, tolerance=1e-3):
    """Return the joint solution of the plates' information."""
    equations = joint(said(stars, plates, epsilon), stars)
    return solve_jointly(equations, epsilon=epsilon, tolerance=tolerance)


@pytest.fixture(scope="module")
def case():
    stars, plates = survey()
    return stars, plates, dense_solution(stars, plates)


@pytest.mark.parametrize(
    ("epsilon", "parameters", "errors"), [(0.0, 1e-6, 1e-6), (1e-3, 1e-3, 1e-3)]
)
def test_all_plates_and_stars_in_one_dense_matrix(case, epsilon, parameters, errors):
    stars, plates, dense = case
    found = joined(stars, plates, epsilon, tolerance=0.1 * parameters)
    own = np.einsum("nnii->ni", dense.covariance)
    sigma = np.sqrt(own)
    apart = found.equations.stars.parameters[:, :5] - dense.parameters
    assert np.abs(apart / sigma).max() < parameters
    # The derivatives are those at the start; here both are at the solution.
    factor = factor_of(at_solution(found), epsilon)
    covariance = factor.covariance_blocks()
    ratio = np.sqrt(np.einsum("nii->ni", covariance)) / sigma - 1.0
    assert np.abs(ratio).max() < errors
    rng = np.random.default_rng(0)
    a, b = rng.permutation(STARS)[:100], rng.permutation(STARS)[:100]
    between = factor.covariance(a, b) - dense.covariance[a, b]
    between /= sigma[a][:, :, None] * sigma[b][:, None, :]
    assert np.abs(between).max() < errors


@in_double
def at_solution(found):
    """Return the equations with derivatives at the solution."""
    said = [share.information for share in found.equations.plates]
    return joint(said, found.equations.stars)


@in_double
def factor_of(equations, epsilon):
    """Return the covariance in factors."""
    return merged_factor(equations, cholesky_blocks(equations.blocks), epsilon)


def test_direct_solution_of_exact_information_needs_no_iteration(case):
    stars, plates, _ = case
    found = joined(stars, plates, 0.0)
    assert [len(steps) - 1 for steps in found.steps] == [1, 0]


def written_out(equations):
    """Return the normal matrix of all stars, from what the plates say."""
    matrix = linalg.block_diag(*equations.blocks)
    for share in equations.plates:
        row, _, slope = share.mapped
        at = (5 * row[:, None] + np.arange(5)).ravel()
        columns = slope.transpose(0, 2, 1) @ share.information.columns.astype(float)
        flat = columns.reshape(at.size, -1)
        matrix[np.ix_(at, at)] -= flat @ flat.T
    return matrix


@in_double
def test_with_few_references_the_weakest_modes_are_exact_and_iterations_few():
    stars, plates = survey(0.02)
    assert 1 <= stars.is_reference.sum() <= 12
    equations = joint(said(stars, plates, 1e-3), stars)
    factor = factor_of(equations, 1e-2)
    root = linalg.block_diag(*factor.root)
    white = linalg.solve_triangular(root, written_out(equations), lower=True)
    white = linalg.solve_triangular(root, white.T, lower=True)
    left = linalg.eigvalsh(white, subset_by_index=[0, 9])
    # Far below what a mode may have that is dropped.
    assert left[4] < 1e-3
    np.testing.assert_allclose(np.sort(factor.left)[:10], left, rtol=0.02)
    found = solve_jointly(equations, factor=factor)
    assert found.converged
    assert found.iterations <= 6


@in_double
def test_null_directions_are_those_that_all_plates_leave_open():
    # Without priors, and with polynomials that are free, polynomials of positions,
    # motions and parallaxes are open, none of them beyond the second degree.
    stars, plates = survey()
    free = [p._replace(widths=np.full_like(p.widths, 1e3)) for p in plates]
    bare = replace(stars, prior=np.zeros_like(stars.prior))
    exact = joint(said(bare, free), bare)
    matrix = written_out(exact)
    kept = joint(said(bare, free, 1e-3), bare)
    null = factor_of(kept, 1e-2).null
    flat = null.reshape(5 * STARS, -1)
    assert 24 <= flat.shape[1] <= 30
    # A step along each is a sigma of the blocks.
    assert np.diag(flat.T @ matrix @ flat).max() < 1e-6
    zero = np.zeros((STARS, 5))
    zero[:, 2] = 1.0
    white = np.einsum("nji,njr->nir", cholesky_blocks(kept.blocks), null)
    white = white.reshape(flat.shape)
    seen = np.einsum("nji,nj->ni", cholesky_blocks(kept.blocks), zero).ravel()
    left = seen - white @ (white.T @ seen)
    assert np.linalg.norm(left) < 1e-3 * np.linalg.norm(seen)


def motion_of(stars, elapsed):
    """Return astropy's stars, moved; no parallax is too small for it."""
    ra = np.arctan2(stars.direction[:, 1], stars.direction[:, 0])
    dec = np.arcsin(stars.direction[:, 2])
    parallax = stars.parameters[:, 2]
    sky = SkyCoord(
        ra=ra * u.rad,
        dec=dec * u.rad,
        distance=(1.0 / parallax) * u.au,
        pm_ra_cosdec=stars.parameters[:, 3] * u.rad / u.yr,
        pm_dec=stars.parameters[:, 4] * u.rad / u.yr,
        radial_velocity=stars.parameters[:, 5] * u.km / u.s,
        obstime=Time(EPOCH, format="jyear", scale="tcb"),
    )
    later = Time(EPOCH, format="jyear", scale="tcb") + elapsed * u.yr
    return (
        sky.apply_space_motion(later).cartesian.xyz.to_value(u.au).T * parallax[:, None]
    )


@in_double
def test_stars_are_mapped_to_plates_as_astropy_moves_them():
    stars, plates = survey()
    rng = np.random.default_rng(1)
    six = stars.parameters.copy()
    six[:, 2] += 2.0 * MILLIARCSECOND
    six[:, 3:5] = rng.normal(0, 300.0, (STARS, 2)) * MILLIARCSECOND
    for plate in plates[::7]:
        row = plate.row
        elapsed = plate.epoch - EPOCH
        delay = plate.direction @ plate.place / LIGHT
        moved = np.array(
            [
                motion_of(replace(stars, parameters=six), elapsed + time)[r]
                for r, time in zip(row[:5], delay[:5], strict=True)
            ]
        )
        moved -= six[row[:5], 2:3] * plate.place
        east, north = axes(plate.direction[:5])
        depth = np.sum(moved * plate.direction[:5], 1)
        wanted = [np.sum(moved * axis, 1) / depth for axis in (east, north)]
        count = (len(row), 3)
        excess, slope = mapped_at(
            plate.direction,
            lines_of(stars.direction[row], six[row]),
            np.full(len(row), elapsed),
            np.broadcast_to(plate.place, count).copy(),
        )
        # astropy lets light take its time: 0.1 of a microarcsecond here.
        assert np.abs(excess[:5] - np.stack(wanted, 1)).max() < 1e-4 * MILLIARCSECOND
        found = slopes_seen(
            plate.direction, stars.direction[row], six[row], elapsed, plate.place
        )
        scale = np.abs(found).max(axis=(0, 1))
        # The last is of differences of 3e-9 with 16 digits after the point.
        limit = np.array([1e-8] * 5 + [1e-6])
        assert np.all(np.abs(slope - found).max(axis=(0, 1)) < limit * scale)


def test_averages_of_posteriors_and_of_blocks_are_those_of_dense_plates(case):
    stars, plates, _ = case
    covariance = np.zeros((STARS, 5, 5))
    known = stars.is_reference
    covariance[known] = np.linalg.inv(stars.prior[known])
    for kind in ("posteriors", "blocks"):
        blocks, right = np.zeros((STARS, 5, 5)), np.zeros((STARS, 5))
        if kind == "blocks":
            blocks += stars.prior
        for plate in plates:
            row = plate.row
            excess = offset_seen(*plate.seen(stars, stars.parameters))
            slope = slopes_seen(*plate.seen(stars, stars.parameters))[:, :, :5]
            prior, at = np.zeros((SEEN, 2, 2)), known[row]
            across = slope[at].transpose(0, 2, 1)
            prior[at] = np.linalg.inv(slope[at] @ covariance[row[at]] @ across)
            own, border, corner, force, shared = equations_of(plate)
            border = border.reshape(2 * SEEN, -1)
            whole = np.block(
                [[linalg.block_diag(*(own + prior)), border], [border.T, corner]]
            )
            pull = np.einsum("nij,nj->ni", prior, excess)
            whole = linalg.inv(whole)
            every = np.concatenate([(force + pull).ravel(), shared])
            place = (whole @ every)[: 2 * SEEN].reshape(SEEN, 2)
            alone = whole[: 2 * SEEN, : 2 * SEEN].reshape(SEEN, 2, SEEN, 2)
            weight = np.linalg.inv(alone[np.arange(SEEN), :, np.arange(SEEN)])
            drawn = np.einsum("nij,nj->ni", weight, place)
            if kind == "blocks":
                weight, drawn = weight - prior, drawn - pull
            drawn -= np.einsum("nij,nj->ni", weight, excess)
            across = slope.transpose(0, 2, 1)
            blocks[row] += across @ weight @ slope
            right[row] += np.einsum("nik,ni->nk", slope, drawn)
        wanted = np.linalg.inv(blocks)
        found = in_double(averaged)(said(stars, plates), stars, kind)
        sigma = np.sqrt(np.einsum("nii->ni", wanted))
        step = stars.parameters[:, :5] + np.einsum("nij,nj->ni", wanted, right)
        assert np.abs((found.parameters - step) / sigma).max() < 1e-5
        outer = sigma[:, :, None] * sigma[:, None, :]
        assert np.abs((found.covariance - wanted) / outer).max() < 1e-5
