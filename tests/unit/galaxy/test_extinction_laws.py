"""Laws of extinction: published ratios, and the width of bands."""

from pathlib import Path

import numpy as np
import pytest
from scipy import constants, integrate

from reseau.errors import ConfigError
from reseau.galaxy.extinction import LAWS, Band, ExtinctionLaw, read_law, top_hat
from reseau.galaxy.extinction.curves import LARGEST

EXCESS = np.arange(1.0, 6.0)


def test_ratios_of_wang_and_chen() -> None:
    # Recomputed of the paper's equations: A/E(J-Ks) of VVV.
    names = ["J", "H", "Ks", "Hw", "W146", "F213"]
    wanted = [1.5229, 0.8284, 0.4809, 1.3132, 1.2430, 0.5055]
    assert read_law("wang2019").ratios(names) == pytest.approx(wanted, abs=6e-5)


def test_excesses_of_wang_and_chen() -> None:
    law = read_law("wang2019")
    v, j, k, j_vvv, k_vvv = law.ratios(["V", "J", "Ks", "J_VVV", "Ks_VVV"])
    assert j_vvv - k_vvv == pytest.approx(1.0, abs=1e-12)
    assert j - k == pytest.approx(1.042, abs=5e-4)
    # E/A(V) = 0.15658, with A(V) = A(549.056 nm) / 1.00099 by the optical curve.
    y = 1.0 / 0.549056 - 1.82
    assert 1.0 / v * (1 + 0.7499 * y) == pytest.approx(0.15658, rel=1e-4)


def test_ratios_of_nishiyama_by_quadrant() -> None:
    law = read_law("nishiyama2009")
    ratio = []
    for quadrant in range(4):
        j, k, red, bluer = law.ratios(["J", "Ks", "F213", "Hw"], quadrant)
        ratio.append(k / (j - k))
        # A power of 2.0 beyond the bands that were measured.
        far = law.curve(np.array([2.164, 3.0]))[quadrant]
        assert far[0] / far[1] == pytest.approx((3.0 / 2.164) ** 2.0)
        assert k < red < bluer < j
    assert min(ratio) == pytest.approx(0.494)
    assert max(ratio) == pytest.approx(0.587)


def test_ratios_of_alonso_garcia_by_quadrant() -> None:
    law = read_law("alonso-garcia2017")
    ratio = [law.ratios(["Ks_VVV"], quadrant)[0] for quadrant in range(4)]
    assert min(ratio) == pytest.approx(0.384)
    assert max(ratio) == pytest.approx(0.464)
    # Their mean is the paper's 0.428 within its error of 0.04.
    assert law.ratios(["Ks_VVV"])[0] == pytest.approx(0.428, abs=0.04)


@pytest.mark.parametrize("name", list(LAWS))
def test_every_law_falls_with_wavelength_and_has_no_step(name: str) -> None:
    wavelength = np.linspace(0.4, 4.0, 7201)
    for curve in LAWS[name].curve(wavelength):
        step = np.diff(np.log(curve))
        assert step.min() > -0.003
        # The paper's two equations meet at 1 µm to 0.3 %.
        joined = (wavelength[1:] >= 1.0) & (wavelength[:-1] < 1.0)
        assert joined.sum() == 1
        assert np.abs(step[joined]) < 0.004
        assert (step[~joined] < 0.0).all()


def test_quadrants_go_by_the_sign_of_longitude_and_latitude() -> None:
    law = read_law("nishiyama2009")
    longitude = np.array([0.3, 0.3, -0.3, 359.7, 180.5])
    latitude = np.array([0.1, -0.1, 0.1, -0.1, 1.0])
    assert law.quadrant(longitude, latitude).tolist() == [0, 1, 2, 3, 2]
    found = law.extinction_of(
        np.ones(5), ["Ks"], longitude=longitude, latitude=latitude, width=False
    )
    assert found[:, 0] == pytest.approx(
        [law.ratios(["Ks"], q)[0] for q in (0, 1, 2, 3, 2)]
    )


def test_the_width_of_hw_for_a_star_of_4000_k() -> None:
    found = read_law("wang2019").extinction_of(EXCESS, ["Hw"], excess_kind="nominal")
    wanted = [1.440, 1.375, 1.321, 1.278, 1.243]
    assert found[:, 0] / EXCESS == pytest.approx(wanted, abs=6e-4)


def test_the_width_of_j_and_h_for_a_star_of_4000_k() -> None:
    bands = [top_hat("wide J", 1.117, 1.403), top_hat("wide H", 1.498, 1.792)]
    found = read_law("wang2019").extinction_of(EXCESS, bands, excess_kind="nominal")
    ratio = found / EXCESS[:, None]
    assert ratio[[0, -1], 0] == pytest.approx([1.487, 1.421], abs=1e-3)
    assert ratio[[0, -1], 1] == pytest.approx([0.859, 0.844], abs=1e-3)


def test_extinction_in_a_band_is_the_integral_of_what_passes() -> None:
    # A slow twin: SciPy's quadrature of Planck's law in SI units.
    law, temperature = read_law("alonso-garcia2017"), 4700.0
    hc_k = constants.h * constants.c / constants.k * 1e6

    def photons(w: float, excess: float, quadrant: int) -> float:
        curve = float(law.curve(np.array([w]))[quadrant, 0])
        return (
            w**-4 / np.expm1(hc_k / (w * temperature)) * 10 ** (-0.4 * excess * curve)
        )

    for quadrant in (0, 3):
        ends = [
            integrate.quad(photons, 1.0, 1.6, args=(e, quadrant), epsrel=1e-9)[0]
            for e in (0.0, 3.73)
        ]
        wanted = -2.5 * np.log10(ends[1] / ends[0])
        l, b = ((1.0, 1.0), None, None, (-1.0, -1.0))[quadrant]  # noqa: E741
        found = law.extinction_of(
            np.array([3.73]),
            ["Hw"],
            longitude=np.array([l]),
            latitude=np.array([b]),
            temperature=temperature,
            excess_kind="nominal",
        )
        assert found[0, 0] == pytest.approx(wanted, abs=2e-5)


@pytest.mark.parametrize("name", list(LAWS))
def test_a_measured_excess_is_the_difference_of_vvvs_wide_bands(name: str) -> None:
    found = LAWS[name].extinction_of(EXCESS, ["J_VVV", "Ks_VVV"])
    tolerance = 0.02 if LAWS[name].quadrants > 1 else 1e-4
    assert found[:, 0] - found[:, 1] == pytest.approx(EXCESS, rel=tolerance)


def test_extinction_grows_with_the_excess_beyond_the_table_too() -> None:
    excess = np.linspace(-0.5, LARGEST + 20.0, 4001)
    found = read_law("wang2019").extinction_of(excess, ["J", "H", "Ks", "Hw", "G"])
    assert (np.diff(found, axis=0) > 0.0).all()
    assert found[excess == 0.0] == pytest.approx(0.0)


def test_an_unknown_excess_gives_no_extinction() -> None:
    found = read_law("wang2019").extinction_of(np.array([np.nan, 1.0]), ["J"])
    assert np.isnan(found[:, 0]).tolist() == [True, False]


def test_a_narrow_band_has_the_ratio_of_its_wavelength() -> None:
    law, narrow = read_law("wang2019"), Band("line", 1.332)
    found = law.extinction_of(np.array([2.0]), [narrow], excess_kind="nominal")
    assert found[0, 0] == pytest.approx(2.0 * law.ratios([narrow])[0])


def test_a_file_holds_a_law_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "law.toml"
    file.write_text(
        '[[law]]\nname = "mine"\nwavelength_um = [1.0]\nextinction = [0.3722]\n'
        "power = 2.07\n"
    )
    law = read_law(file)
    assert law.ratios(["J", "Ks"]) == pytest.approx(
        read_law("wang2019").ratios(["J", "Ks"])
    )


def test_bad_laws_and_bands_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'wang2019'"):
        read_law("wang2018")
    with pytest.raises(ConfigError, match="did you mean 'Ks'"):
        read_law("wang2019").ratios(["K"])
    with pytest.raises(ConfigError, match="one row or four"):
        ExtinctionLaw(
            name="bad", wavelength=(1.0, 2.0), extinction=((1.0,),), power=2.0
        )
    with pytest.raises(ConfigError, match="in rising order"):
        top_hat("bad", 1.6, 1.0)
    empty = tmp_path / "empty.toml"
    empty.write_text("")
    with pytest.raises(ConfigError, match="holds no law"):
        read_law(empty)
