"""Hw of J and H, and its error."""

import numpy as np
import pytest

from reseau.errors import ConfigError
from reseau.galaxy.photometry import HW_FORMULAS, HwFormula, hw_formula

NAMES = list(HW_FORMULAS)


@pytest.mark.parametrize("name", NAMES)
def test_a_star_without_colour_has_the_same_magnitude_in_all_bands(name: str) -> None:
    twelve = np.array([12.0])
    assert HW_FORMULAS[name].magnitude(twelve, twelve) == pytest.approx(12.0, abs=1e-12)


def test_formulas_are_those_published() -> None:
    j, h = np.array([14.0]), np.array([12.0])
    wanted = {
        "2mass": 0.7829 * 14 + 0.2171 * 12 - 0.0323 * 4,
        "sirius": 0.7796 * 14 + 0.2204 * 12 - 0.0326 * 4,
        "vvv": 0.7988 * 14 + 0.2012 * 12 - 0.0315 * 4,
        "imagesim": 0.9 * 14 + 0.1 * 12 - 0.06 * 4,
    }
    for name, value in wanted.items():
        assert hw_formula(name).magnitude(j, h) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("colour", [0.0, 1.0, 2.0, 3.0])
def test_the_error_is_that_of_drawn_magnitudes(name: str, colour: float) -> None:
    rng = np.random.default_rng(12)
    formula, n = HW_FORMULAS[name], 200_000
    for j_error, h_error in ((0.02, 0.0), (0.0, 0.02), (0.03, 0.01)):
        j = 14.0 + j_error * rng.standard_normal(n)
        h = 14.0 - colour + h_error * rng.standard_normal(n)
        drawn = np.hypot(formula.magnitude(j, h).std(), formula.scatter)
        told = formula.error(
            *(np.array([x]) for x in (14.0, 14 - colour, j_error, h_error))
        )
        assert told == pytest.approx(drawn, rel=0.01)


def test_linear_and_quadratic_term_are_not_added_as_if_independent() -> None:
    # At J - H = 2 the factors of the errors are 0.65 and 0.35, not 0.79 and 0.25.
    formula = HwFormula(name="bare", a=0.7829, b=0.2171, g=0.0323)
    two, zero, one = np.array([2.0]), np.array([0.0]), np.array([1.0])
    assert formula.error(two, zero, one, zero) == pytest.approx(0.65, abs=0.01)
    assert formula.error(two, zero, zero, one) == pytest.approx(0.35, abs=0.01)


def test_a_missing_magnitude_leaves_hw_missing() -> None:
    j, h = np.array([12.0, np.nan, 13.0]), np.array([11.0, 11.0, np.nan])
    assert np.isnan(hw_formula("2mass").magnitude(j, h)).tolist() == [False, True, True]


def test_an_unknown_formula_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'imagesim'"):
        hw_formula("imagsim")
