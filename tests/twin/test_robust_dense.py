"""What robust rounds judge by, against dense matrices of the whole problem."""

from dataclasses import replace

import numpy as np
import pytest

from alarm import covariance_bound
from reseau._precision import in_double
from reseau.motions.disagreement import DRAWS, PATTERNS, _patterns, judge_plates
from reseau.motions.dropped_priors import covariance_among, without_the_wrong
from reseau.motions.joint import joint
from reseau.motions.left_out import free_offsets, weighted, without_sources
from reseau.motions.outlying_epochs import held_covariances, judge_epochs
from reseau.motions.solving import solve_jointly
from reseau.motions.wrong_references import FALSE_ALARM, find_cavity, p_values, squares
from synthetic_plates import made_survey, with_wrong_motions

MADE = made_survey(11, n=60, plates=5, references=0.8, degree=2)


def dense_information(plate):
    """Return Ω of a plate, written out."""
    n, _, r = plate.columns.shape
    apart = np.zeros((2 * n, 2 * n))
    for i in range(n):
        apart[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = plate.blocks[i]
    flat = plate.columns.reshape(2 * n, r).astype(float)
    return apart - flat @ flat.T


def dense_derivatives(share, n):
    e, row = share.mapped.jacobian, share.mapped.row
    out = np.zeros((2 * row.size, 5 * n))
    for i, star in enumerate(row):
        out[2 * i : 2 * i + 2, 5 * star : 5 * star + 5] = e[i]
    return out


def dense_prior(stars):
    out = np.zeros((5 * stars.n, 5 * stars.n))
    for i in range(stars.n):
        out[5 * i : 5 * i + 5, 5 * i : 5 * i + 5] = stars.prior[i]
    return out


def dense_normal(equations):
    out = dense_prior(equations.stars)
    for share in equations.plates:
        e = dense_derivatives(share, equations.stars.n)
        out += e.T @ dense_information(share.information) @ e
    return out


@pytest.fixture(scope="module")
def solved():
    """Return the exact solution of the small survey, and its dense covariance."""
    return _solved()


@in_double
def _solved():
    found = solve_jointly(joint(MADE.plates, MADE.stars), epsilon=0.0, tolerance=1e-9)
    return found, np.linalg.inv(dense_normal(found.equations))


@pytest.mark.parametrize("number", [1, 9])
def test_sources_left_out_are_eliminated(number):
    plate = MADE.plates[0]
    out = np.zeros(plate.source_id.size, dtype=bool)
    out[np.random.default_rng(3).choice(out.size, number, replace=False)] = True
    kept = without_sources(plate, out)
    whole, free = dense_information(plate), np.repeat(out, 2)
    gain = whole[np.ix_(~free, free)] @ np.linalg.inv(whole[np.ix_(free, free)])
    expected = whole[np.ix_(~free, ~free)] - gain @ whole[np.ix_(free, ~free)]
    said = kept.information
    scale = np.sqrt(np.outer(*[np.diag(expected)] * 2))
    assert np.abs((dense_information(said) - expected) / scale).max() < 1e-9
    drawn = plate.gradient.ravel()
    left = drawn[~free] - gain @ drawn[free]
    sizes = np.sqrt(np.diag(expected))
    assert np.abs((said.gradient.ravel() - left) / sizes).max() < 1e-6
    white = np.linalg.solve(np.linalg.cholesky(said.blocks), said.columns).reshape(
        -1, said.share.size
    )
    assert np.allclose(white.T @ white, kept.gram, atol=1e-9)
    assert np.allclose(np.diag(kept.gram), said.share)
    assert np.all(np.diff(said.share) <= 0)
    moved = free_offsets(plate, out, plate.gradient[out]).ravel()
    dense = np.linalg.solve(whole[np.ix_(free, free)], drawn[free])
    assert np.allclose(moved, dense, rtol=1e-6)


def test_a_weight_scales_all_that_a_plate_says():
    plate = MADE.plates[1]
    less = weighted(plate, 0.25)
    whole = dense_information(plate)
    assert np.allclose(dense_information(less), 0.25 * whole, atol=1e-9 * whole.max())
    assert np.allclose(less.gradient, 0.25 * plate.gradient)
    assert weighted(plate, 1.0) is plate


def test_cavities_are_what_all_else_says(solved):
    found, _ = solved
    stars = found.equations.stars
    rows = np.flatnonzero(stars.is_reference)[:4]
    covariance = found.factor.covariance_blocks()[rows]
    offset = (stars.parameters - stars.mean)[rows, :5]
    counts = np.ones(rows.size, dtype=bool)
    cavity = find_cavity(covariance, offset, stars.prior[rows], counts)
    normal = dense_normal(found.equations)
    right = found.equations.right().ravel()
    for i, row in enumerate(rows):
        here = slice(5 * row, 5 * row + 5)
        without = normal.copy()
        without[here, here] -= stars.prior[row]
        force = right.copy()
        force[here] += stars.prior[row] @ offset[i]
        inverse = np.linalg.inv(without)
        moved = offset[i] + (inverse @ force)[here]
        spread = inverse[here, here] + np.linalg.inv(stars.prior[row])
        expected = moved @ np.linalg.solve(spread, moved)
        assert squares(cavity)[i] == pytest.approx(expected, rel=1e-5)
        alone = find_cavity(
            inverse[here, here][None],
            moved[None],
            stars.prior[row][None],
            np.zeros(1, dtype=bool),
        )
        assert squares(alone)[0] == pytest.approx(expected, rel=1e-5)


def test_covariances_among_some_stars(solved):
    found, covariance = solved
    rows = np.array([3, 17, 40])
    joint_block = covariance_among(found.factor, rows)
    places = (5 * rows[:, None] + np.arange(5)).ravel()
    expected = covariance[np.ix_(places, places)]
    scale = np.sqrt(np.outer(*[np.diag(expected)] * 2))
    assert np.abs((joint_block.reshape(15, 15) - expected) / scale).max() < 1e-7


@in_double
def test_wrong_priors_are_taken_out_as_a_dense_solution_would():
    made, wrong = with_wrong_motions(MADE, 0.1, 60.0)
    found = solve_jointly(joint(made.plates, made.stars), epsilon=0.0, tolerance=1e-9)
    stars = found.equations.stars
    rows = np.flatnonzero(stars.is_reference)
    offset = (stars.parameters - stars.mean)[:, :5]
    counts = without_the_wrong(
        covariance_among(found.factor, rows),
        offset[rows],
        stars.prior[rows],
        np.ones(rows.size, dtype=bool),
    )
    out = rows[~counts]
    assert np.array_equal(out, np.flatnonzero(wrong))
    # The same with the priors gone, from the whole matrix.
    prior = stars.prior.copy()
    prior[out] = 0.0
    again = replace(found.equations, stars=replace(stars, prior=prior))
    covariance = np.linalg.inv(dense_normal(again))
    moved = offset + (covariance @ again.right().ravel()).reshape(-1, 5)
    blocks = np.stack([covariance[5 * i : 5 * i + 5, 5 * i : 5 * i + 5] for i in rows])
    cavity = find_cavity(blocks, moved[rows], stars.prior[rows], counts)
    assert np.array_equal(p_values(cavity) < FALSE_ALARM, ~counts)


def test_stars_on_plates_are_judged_as_with_that_plate_left_out(solved):
    """A jackknife by hand, all other stars held: χ² of the difference is the same."""
    found, _ = solved
    equations = found.equations
    share = equations.plates[2]
    test = judge_epochs(share, held_covariances(equations))
    whole = dense_information(share.information)
    drawn = share.gradient
    for i in (0, 7):
        e, row = share.mapped.jacobian[i], share.mapped.row[i]
        own = whole[2 * i : 2 * i + 2, 2 * i : 2 * i + 2]
        held = np.linalg.inv(held_covariances(equations)[row])
        without = np.linalg.inv(held - e.T @ own @ e)
        # What the plate draws by is gone, so the star goes where all else wants it.
        moved = -without @ e.T @ drawn[i]
        offset = np.linalg.solve(own, drawn[i]) - e @ moved
        spread = np.linalg.inv(own) + e @ without @ e.T
        expected = offset @ np.linalg.solve(spread, offset)
        assert test.statistic[i] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("weight", "part"), [(1.0, -1.0), (0.5, -0.5), (1e-6, 1.0)])
@in_double
def test_plates_are_judged_by_the_exact_covariance_of_what_draws_them(weight, part):
    plates = [weighted(MADE.plates[0], weight), *MADE.plates[1:]]
    found = solve_jointly(joint(plates, MADE.stars), epsilon=0.0, tolerance=1e-9)
    equations = found.equations
    covariance = np.linalg.inv(dense_normal(equations))
    weights = np.array([weight, 1.0, 1.0, 1.0, 1.0])
    none = [np.zeros(p.source_id.size, dtype=bool) for p in plates]
    grams = [np.diag(p.share) for p in plates]
    drawn = [share.gradient for share in equations.plates]
    test = judge_plates(equations, weights, grams, found.factor, drawn, none)
    share = equations.plates[0]
    whole = dense_information(share.information) / weight
    e, r = dense_derivatives(share, MADE.stars.n), drawn[0].ravel() / weight
    values, axes = np.linalg.eigh(whole / whole.max())
    kept = values > 1e-5
    along = axes.T @ r
    chi2 = np.sum(along[kept] ** 2 / values[kept]) / whole.max()
    assert test.chi2[0] == pytest.approx(chi2, rel=1e-3)
    given = np.trace(covariance @ e.T @ whole @ e)
    dof = np.count_nonzero(kept) + part * given
    assert abs(test.dof[0] - dof) < given * covariance_bound(DRAWS) / np.sqrt(DRAWS)
    patterns = _patterns(share, equations.stars.parameters).reshape(r.size, -1)
    image = e.T @ whole @ patterns
    spread = patterns.T @ whole @ patterns
    spread += part * image.T @ covariance @ image
    seen = np.isfinite(test.error[0])
    assert [p for p, s in zip(PATTERNS, seen, strict=True) if s] == [
        "of another epoch",
        "seen from another place",
    ]
    # As if the plate were of another epoch by ten errors, so that all is computed.
    wrong = 10.0 / np.sqrt(patterns[:, 6] @ whole @ patterns[:, 6])
    r = r + whole @ patterns[:, 6] * wrong
    drawn[0] = weight * r.reshape(-1, 2)
    test = judge_plates(equations, weights, grams, found.factor, drawn, none)
    score = (patterns.T @ r)[seen]
    exact = spread[np.ix_(seen, seen)]
    assert np.allclose(test.amount[0, seen], score / np.diag(exact), rtol=1e-4)
    assert np.allclose(test.error[0, seen], np.diag(exact) ** -0.5, rtol=1e-4)
    chi2 = score @ np.linalg.solve(exact, score)
    assert test.pattern_chi2[0] == pytest.approx(chi2, rel=1e-4)
