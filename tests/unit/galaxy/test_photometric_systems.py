"""Magnitudes of VVV and SIRIUS as 2MASS', and back."""

from pathlib import Path

import numpy as np
import pytest

from reseau.errors import ConfigError
from reseau.galaxy.extinction.bands import BANDS, Band, spectrum, top_hat
from reseau.galaxy.photometry import (
    SYSTEMS,
    photometric_system,
    read_photometry,
    to_2mass,
)

STARS = np.array([[15.0, 13.0, 12.0], [10.0, 9.6, 9.5], [19.5, 16.0, 14.1]])


@pytest.mark.parametrize("name", list(SYSTEMS))
def test_the_way_back_is_the_inverse(name: str) -> None:
    there, _ = SYSTEMS[name].from_2mass(STARS)
    back, _ = SYSTEMS[name].to_2mass(there)
    assert back == pytest.approx(STARS, abs=1e-12)


def test_vista_before_version_1_4_is_as_eso_writes_it() -> None:
    j, h, k = STARS.T
    found, _ = SYSTEMS["vvv-1.3"].from_2mass(STARS)
    assert found[:, 0] == pytest.approx(0.923 * j + 0.077 * h)
    assert found[:, 1] == pytest.approx(0.032 * j + 0.968 * h)
    assert found[:, 2] == pytest.approx(0.010 * j + 0.990 * k)


def _colour(band: Band, other: Band, cool: float, hot: float) -> float:
    """Return how much redder a cool black body is than a hot one [mag]."""
    ratio = []
    for temperature in (cool, hot):
        total = []
        for each in (band, other):
            # Photons in a band: a share of 1 would hide how many there are.
            wavelength = np.linspace(each.nodes[0], each.nodes[-1], 801)
            flux = wavelength**-4 / np.expm1(14387.77 / (wavelength * temperature))
            response = np.interp(wavelength, each.nodes, each.response)
            total.append(np.trapezoid(flux * response, wavelength))
        ratio.append(-2.5 * np.log10(total[0] / total[1]))
    return ratio[0] - ratio[1]


@pytest.mark.parametrize(
    ("name", "band", "ours"),
    [
        ("vvv", 0, BANDS["J_VVV"]),
        ("vvv", 1, BANDS["H_VVV"]),
        ("vvv", 2, BANDS["Ks_VVV"]),
        ("sirius", 0, top_hat("J", 1.17, 1.33)),
        ("sirius", 1, top_hat("H", 1.49, 1.78)),
        ("sirius", 2, top_hat("Ks", 1.99, 2.30)),
    ],
)
def test_colour_terms_are_those_of_black_bodies(
    name: str, band: int, ours: Band
) -> None:
    # Stars of 3500 and 9700 K through the bands themselves: a wrong sign, or a band
    # taken for another, is off by more than 0.05 for each magnitude of J - Ks.
    two = [BANDS[b] for b in ("J", "H", "Ks")]
    jh, hk = _colour(two[0], two[1], 3500, 9700), _colour(two[1], two[2], 3500, 9700)
    star = np.array([[jh + hk, hk, 0.0]])
    told = SYSTEMS[name].from_2mass(star)[0][0, band] - star[0, band]
    assert told == pytest.approx(_colour(ours, two[band], 3500, 9700), abs=0.04)


def test_a_share_of_photons_is_one_in_all() -> None:
    for band in BANDS.values():
        assert spectrum(band, 4000.0)[1].sum() == pytest.approx(1.0)


def test_a_missing_band_is_assumed_for_the_colour_and_widens_the_error() -> None:
    whole = np.array([[15.0, 13.4, 12.6]])
    partly = np.array([[15.0, 13.4, np.nan], [np.nan, np.nan, 12.6]])
    system = photometric_system("vvv")
    full, full_error = system.to_2mass(whole, np.full((1, 3), 0.02))
    found, error = system.to_2mass(partly, np.full((2, 3), 0.02))
    # Those colours are the assumed ones, so that the values are the same.
    assert found[0, :2] == pytest.approx(full[0, :2])
    assert found[1, 2] == pytest.approx(full[0, 2])
    assert np.isnan(found[0, 2])
    assert np.isnan(error[0, 2])
    assert (error[0, :2] > full_error[0, :2]).all()


def test_errors_are_those_of_drawn_magnitudes() -> None:
    rng = np.random.default_rng(3)
    system = photometric_system("sirius")
    star, errors = STARS[:1], np.array([[0.05, 0.02, 0.03]])
    drawn = star + errors * rng.standard_normal((200_000, 3))
    found, _ = system.to_2mass(drawn)
    _, told = system.to_2mass(star, errors)
    assert told[0] == pytest.approx(
        np.hypot(found.std(axis=0), system.scatter), rel=0.01
    )


def test_2mass_is_itself() -> None:
    found, error = photometric_system("2mass").to_2mass(STARS, np.full((3, 3), 0.03))
    assert (found == STARS).all()
    assert error == pytest.approx(0.03)


def test_a_file_adds_a_system_and_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        '[[system]]\nname = "mine"\nJ.constant = 0.1\nH."J-H" = 0.02\n'
        '[[hw]]\nname = "own"\na = 0.8\nb = 0.2\ng = 0.05\n'
    )
    systems, formulas = read_photometry(file)
    assert set(SYSTEMS) < set(systems)
    j, h, k = to_2mass(systems["mine"], *STARS.T)
    assert j == pytest.approx(STARS[:, 0] - 0.1)
    assert k == pytest.approx(STARS[:, 2])
    assert h + 0.02 * (j - h) == pytest.approx(STARS[:, 1])
    assert formulas["own"].g == 0.05


def test_a_file_with_an_unknown_key_says_which_was_meant(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[system]]\nname = "mine"\nscater = 0.1\n')
    with pytest.raises(ConfigError, match="did you mean scatter"):
        read_photometry(file)


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'sirius'"):
        photometric_system("Sirius")
