"""Plates of a survey without flaws are solved, and the truth is found."""

import pytest

from alarm import spread_bounds
from reseau import compare, solve
from reseau.verbs.simulate_survey import simulate_survey
from small_survey import SATELLITE, small_config

CHANGES = {
    "schedule": {"orbits": 2, "exposures": 6},
    "stars": {"count": 3000, "artificial": 10, "faintest_mag": 14.5},
}
# Stars at the edge may be seen once; some of the survey's are not on a plate.
pytestmark = pytest.mark.filterwarnings("ignore::reseau.errors.DroppedWarning")


def recovered(number, **changes):
    """Assert that errors of a plate are as large as they claim to be."""
    made = simulate_survey(small_config(**{**CHANGES, **changes})).plate(number)
    solution = solve(made.dataset)
    assert solution.summary["converged"]
    low, high = spread_bounds(solution.summary["dof"], 3)
    assert low < solution.summary["sigma0"] < high
    found = compare(solution, made.truth).recoveries["reference"]
    assert found.n > 800
    low, high = spread_bounds(2 * found.n, 3)
    assert low < found.crb_ratio < high, found
    assert low < found.pull_std < high, found
    return found


def test_a_plate_of_the_second_orbit():
    recovered(1)


@pytest.mark.recovery
@pytest.mark.parametrize(
    "changes",
    [
        {"effects": ["aberration", "deflection"], "orbit": SATELLITE},
        {"noise": {"kind": "magnitude"}, "reference": {"errors": "gaia-dr4"}},
        {
            "region": {"frame": "icrs"},
            "schedule": {**CHANGES["schedule"], "roll": "sun"},
        },
    ],
)
def test_plates_of_other_surveys(changes):
    recovered(0, **changes)


@pytest.mark.recovery
def test_errors_that_are_twice_what_they_claim_are_found():
    with pytest.raises(AssertionError):
        recovered(0, noise={"stated_factor": 0.5})
