"""Positions of VLBI and of an imaged orbit against what was published from them.

MSPSRpi: Ding et al. 2023, MNRAS 519, 4982. B0950+08: Brisken et al. 2000, ApJ 541, 959.
S2: Gillessen et al. 2017, ApJ 837, 30.
"""

from pathlib import Path

import numpy as np
import pytest

from reseau.exchange.epoch_astrometry.reading import read_epoch_astrometry
from reseau.motions.epoch_positions import two_dimensional
from reseau.motions.source_models.choice import choose_models
from reseau.motions.source_models.options import SourceOptions
from reseau.motions.source_models.solution import solution_of
from reseau.verbs.sources import sources

pytestmark = pytest.mark.data

DISTANCES = {
    "J0030+0451": 0.330,
    "J1012+5307": 0.877,
    "J1024-0719": 1.079,
    "J1518+4904.to.IBC00697": 0.811,
    "J1537+1155": 0.942,
    "J1853+1303": 2.04,
}
"""Medians [kpc], as published."""


@pytest.fixture(scope="module")
def folder(data: Path) -> Path:
    """Return the folder of epochs, or skip."""
    path = data / "epochs"
    if not path.is_dir():
        pytest.skip(f"no epochs at hand: {path} does not exist")
    return path


@pytest.mark.parametrize("pulsar", DISTANCES)
def test_parallaxes_of_pulsars_are_the_published_ones(
    folder: Path, pulsar: str
) -> None:
    path = folder / "mspsrpi" / f"{pulsar}.pmpar.in"
    found = sources(path, model="5")[0]
    distance = DISTANCES[pulsar]
    # Three digits of the distance are published.
    rounding = 0.5 * 10.0 ** np.floor(np.log10(distance) - 2.0) / distance**2
    assert abs(found["parallax"] - 1.0 / distance) < 0.03 + rounding


@pytest.mark.parametrize("pulsar", [p for p in DISTANCES if p != "J1537+1155"])
def test_a_floor_makes_up_for_errors_that_are_too_small(
    folder: Path, pulsar: str
) -> None:
    """Random errors alone leave χ² too large; with a floor parallaxes agree."""
    path = folder / "mspsrpi" / f"{pulsar}.pmpar.in.preliminary"
    plain = sources(path, model="5", noise_floor="none")[0]
    found = sources(path, model="5", noise_floor="fit")[0]
    assert plain.chi2 > 1.4 * plain.degrees
    assert found.floor > 0.0
    assert found.chi2 == pytest.approx(found.degrees, rel=1e-8)
    assert found.error_of("parallax") > plain.error_of("parallax")
    whole = sources(folder / "mspsrpi" / f"{pulsar}.pmpar.in", model="5")[0]
    both = np.hypot(found.error_of("parallax"), whole.error_of("parallax"))
    assert abs(found["parallax"] - whole["parallax"]) < 2.0 * both


def test_no_floor_is_added_where_errors_are_large_enough(folder: Path) -> None:
    path = folder / "mspsrpi" / "J1537+1155.pmpar.in.preliminary"
    found = sources(path, model="5", noise_floor="fit")[0]
    assert found.chi2 < found.degrees
    assert found.floor == found.floor_significance == 0.0


def test_a_pulsar_of_four_epochs_is_as_it_was_published(folder: Path) -> None:
    found = sources(folder / "pulsar_vlbi" / "example.pmpar")[0]
    for name, value, error in (
        ("pmra", -1.6, 0.4),
        ("pmdec", 29.5, 0.5),
        ("parallax", 3.6, 0.3),
    ):
        assert abs(found[name] - value) < error
    assert found.degrees == 3
    assert found.chi2 == pytest.approx(2.2, abs=0.06)


def test_an_orbit_of_sixteen_years_is_found_in_positions_alone(folder: Path) -> None:
    place = folder / "s2_orbit"
    rows = np.concatenate(
        [
            np.genfromtxt(place / name, delimiter=",", skip_header=1)
            for name in ("astrometry_NACO.csv", "astrometry_SHARP.csv")
        ]
    )
    astrometry = two_dimensional(
        rows[:, 0],
        1000.0 * rows[:, [1, 3]],
        1000.0 * rows[:, [2, 4]],
        reference_epoch=2005.0,
    )
    options = SourceOptions(model="orbit", floor="none")
    plain = solution_of(choose_models(astrometry, options), 0)
    assert plain.chi2 / plain.degrees == pytest.approx(2.4, abs=0.06)
    options = SourceOptions(model="orbit", floor="fit")
    found = solution_of(choose_models(astrometry, options), 0)
    assert found.chi2 == pytest.approx(found.degrees, rel=2e-3)
    assert 0.2 < found.floor < 0.6
    assert found["period"] / 365.25 == pytest.approx(16.0, abs=0.2)
    assert found["eccentricity"] == pytest.approx(0.884, abs=0.02)
    assert found["semi_major_axis"] == pytest.approx(125.0, abs=6.0)
    assert found.error_of("parallax") == 0.0  # of this frame there is none


def test_parallax_factors_of_positions_are_those_of_the_observer(
    folder: Path,
) -> None:
    """Within 6378 km of the geocentre, the parallax hardly knows where on Earth."""
    path = folder / "mspsrpi" / "J0030+0451.pmpar.in"
    centre = read_epoch_astrometry(path)
    site = read_epoch_astrometry(path, observer="site:34.0,-107.6,2124")
    apart = np.abs(centre.parallax_factor - site.parallax_factor)
    assert 0.0 < apart.max() < 6400.0 / 149_597_870.7
