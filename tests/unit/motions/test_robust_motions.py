"""A robust solution finds what is wrong, says so, and leaves the rest unharmed."""

from dataclasses import replace

import numpy as np
import pytest

from alarm import chi2_bounds, spread_bounds
from reseau._precision import in_double
from reseau.flags import BY_NAME
from reseau.motions import wrong_references
from reseau.motions.joint import joint
from reseau.motions.left_out import without_sources
from reseau.motions.left_out_epochs import left_out_epochs
from reseau.motions.robust import solve_robustly
from reseau.motions.solving import solve_jointly
from reseau.motions.stars import POSITIONS
from reseau.solvers.robust import references
from synthetic_plates import MAS, made_survey, with_wrong_motions

N, PLATES = 120, 8
SHAPE = {"n": N, "plates": PLATES, "degree": 2}

robustly = in_double(solve_robustly)


@in_double
def plainly(made):
    return solve_jointly(joint(made.plates, made.stars))


def errors(motions, made):
    """Return errors over their σ."""
    found = motions.equations.stars.parameters - made.truth
    return found[:, :5] / sigma(motions)


def sigma(motions):
    blocks = motions.factor.covariance_blocks()
    return np.sqrt(np.diagonal(blocks, axis1=1, axis2=2))


@pytest.fixture(scope="module")
def clean():
    return made_survey(2, **SHAPE)


@pytest.fixture(scope="module")
def trusting(clean):
    return plainly(clean)


def test_where_nothing_is_wrong_nothing_changes(clean, trusting):
    found = robustly(clean.plates, clean.stars)
    assert found.settled
    assert not found.wrong.any()
    assert not found.left_out.size
    assert not found.bad_fit.any()
    assert np.all(found.plate_weight == 1.0)
    assert found.sentences == ()
    assert np.all(np.abs(sigma(found.motions) / sigma(trusting) - 1.0) < 0.01)
    assert np.nanmax(found.wrong_probability) < 0.5
    assert np.all(np.isnan(found.wrong_probability) == ~clean.stars.is_reference)


def test_wrong_motions_are_found_and_the_others_unharmed(clean, trusting):
    made, wrong = with_wrong_motions(clean, 0.04, 60.0)
    found = robustly(made.plates, made.stars)
    assert np.array_equal(found.wrong, wrong)
    assert np.all(found.wrong_probability[wrong] > 0.99)
    assert not found.motions.equations.stars.is_reference[wrong].any()
    misled = np.abs(errors(plainly(made), made) - errors(trusting, clean))[~wrong]
    moved = np.abs(errors(found.motions, made) - errors(trusting, clean))[~wrong]
    assert moved.max() < 0.3 * misled.max()
    assert np.abs(errors(found.motions, made)[wrong]).max() < 5.0
    assert "wrong by all that the plates say" in found.sentences[0]


def test_a_plate_of_another_epoch_is_left_out_by_name():
    made = made_survey(3, odd={4: {"claimed": 2030.5}}, **SHAPE)
    found = robustly(made.plates, made.stars)
    assert np.flatnonzero(found.plate_weight < 1.0).tolist() == [4]
    assert found.plate_weight[4] < 1e-5
    assert not found.left_out.size
    assert np.all(found.n_plates_left_out <= 1)
    assert found.n_plates_left_out.sum() == made.plates[4].source_id.size
    said = next(s for s in found.sentences if s.startswith("Plate 4 "))
    assert "is left out" in said
    assert "of another epoch by" in said
    alone = replace(made, plates=[p for p in made.plates if p.plate_id != 4])
    without = plainly(alone)
    ours, theirs = found.motions, without
    kept = ~found.wrong
    assert np.allclose(errors(ours, made)[kept], errors(theirs, made)[kept], atol=0.05)


def test_a_plate_whose_errors_are_larger_counts_less():
    made = made_survey(3, odd={4: {"noise": 2.0}}, **SHAPE)
    found = robustly(made.plates, made.stars)
    assert np.flatnonzero(found.plate_weight < 1.0).tolist() == [4]
    low, high = chi2_bounds(found.plate_dof[4])
    assert low < found.plate_dof[4] / (4.0 * found.plate_weight[4]) < high
    assert "Plate 4 counts 0.2" in " ".join(found.sentences)


def test_where_all_plates_claim_too_little_none_is_left_out():
    made = made_survey(7, noise=1.7, **SHAPE)
    found = robustly(made.plates, made.stars)
    assert found.settled
    for dof, weight in zip(found.plate_dof, found.plate_weight, strict=True):
        low, high = chi2_bounds(dof, PLATES)
        assert low < dof / (1.7**2 * weight) < high
    low, high = spread_bounds(5 * N)
    assert low < np.sqrt(np.mean(errors(found.motions, made) ** 2)) < high


def test_a_plate_of_another_instrument_disagrees():
    """Its images are distorted by what the others' distortion does not allow for."""
    rng = np.random.default_rng(1)
    ripple = 3.0 * MAS * np.sin(rng.uniform(0.0, 6.0, (N, 2)))
    made = made_survey(5, odd={2: {"shifted": ripple}}, **SHAPE)
    found = robustly(made.plates, made.stars)
    assert np.flatnonzero(found.plate_weight < 1.0).tolist() == [2]


def test_a_star_with_one_bad_plate_keeps_a_right_solution(clean):
    shifted = np.zeros((N, 2))
    star = int(np.flatnonzero(clean.stars.source_id == 1007)[0])
    shifted[star] = 8.0 * MAS, -3.0 * MAS
    made = made_survey(2, odd={6: {"shifted": shifted}}, **SHAPE)
    found = robustly(made.plates, made.stars)
    assert found.left_out.tolist() == [[6, star]]
    assert found.n_plates_left_out[star] == 1
    assert found.n_plates_left_out.sum() == 1
    assert not found.wrong[star]
    assert not found.bad_fit.any()
    assert np.all(found.plate_weight == 1.0)
    assert np.abs(errors(found.motions, made)[star]).max() < 4.0
    # As if the plate had never told of that star.
    out = clean.plates[6].source_id == 1007
    plates = [*clean.plates]
    plates[6] = without_sources(plates[6], out).information
    never = errors(plainly(replace(clean, plates=plates)), clean)
    assert np.abs(errors(found.motions, made) - never).max() < 0.01
    stars = found.motions.equations.stars
    ((share, epochs),) = left_out_epochs(made.plates, found.out, stars)
    assert share.information.plate_id == 6
    assert not epochs.used.any()
    off = epochs.residual[0] / MAS - (8.0, -3.0)
    assert np.abs(off).max() < 5.0 * 0.8


def test_a_star_that_moves_otherwise_keeps_all_plates_and_is_flagged():
    """As a binary does: each plate sees it elsewhere."""
    rng = np.random.default_rng(4)
    odd = {}
    for number in range(PLATES):
        shifted = np.zeros((N, 2))
        shifted[30] = rng.normal(0.0, 6.0, 2) * MAS
        odd[number] = {"shifted": shifted}
    made = made_survey(6, odd=odd, **SHAPE)
    found = robustly(made.plates, made.stars)
    assert np.flatnonzero(found.bad_fit).tolist() == [30]
    assert 30 not in found.left_out[:, 1]
    assert "as those of binaries do" in " ".join(found.sentences)


def test_a_wrong_reference_that_plates_do_not_determine_has_a_position():
    """Two plates of it tell that its motion is wrong, not what it is."""
    made = made_survey(2, **SHAPE)
    star = 20
    plates = [
        plate
        if plate.plate_id in (0, 7)
        else without_sources(plate, plate.source_id == 1000 + star).information
        for plate in made.plates
    ]
    stars = made.stars
    off = np.zeros((N, 6))
    off[star, 3] = 40.0 * MAS
    stars = replace(stars, parameters=stars.parameters + off, mean=stars.mean + off)
    assert stars.is_reference[star]
    found = robustly(plates, stars)
    assert found.wrong[star]
    after = found.motions.equations.stars
    assert after.solved_for[star] == POSITIONS
    assert np.all(np.isfinite(sigma(found.motions)))
    assert np.count_nonzero(after.solved_for == POSITIONS) == 1


def test_rounds_that_do_not_suffice_are_told():
    made = made_survey(3, odd={4: {"claimed": 2030.5}}, **SHAPE)
    found = robustly(made.plates, made.stars, rounds=1)
    assert not found.settled
    assert "allow more rounds" in found.sentences[-1]


def test_a_reference_is_wrong_at_the_same_rate_as_on_one_plate():
    assert wrong_references.FALSE_ALARM == references.FALSE_ALARM
    assert wrong_references.NARROWEST == references.NARROWEST
    assert f"{references.FALSE_ALARM:g}" in BY_NAME["wrong_reference"].description
