"""Isochrones against published figures, and against PARSEC as others distribute it."""

import importlib.metadata
import time

import numpy as np
import pytest
from pygaia.photometry.transformations import gbrminv_from_vminic

from isochrone_files import KOSHIMOTO
from reseau.galaxy.isochrones import (
    BANDS,
    giant_share,
    luminosity_function,
    luminosity_segments,
    read_isochrones,
    red_clump,
    shipped_isochrones,
)
from reseau.galaxy.isochrones.branches import (
    RED_CLUMP,
    branch_differences,
    clump_by_age,
)
from reseau.galaxy.isochrones.files.genulens import gaia_g
from reseau.galaxy.isochrones.files.phases import phases_by_shape
from reseau.galaxy.isochrones.luminosity import shares_by_magnitude
from reseau.galaxy.model import read_galaxy

TABLE = shipped_isochrones()

LOCAL_STARS = {
    "thin1": 1.39e-2,
    "thin2": 1.53e-2,
    "thin3": 1.27e-2,
    "thin4": 1.11e-2,
    "thin5": 2.12e-2,
    "thin6": 2.35e-2,
    "thin7": 4.92e-2,
    "thick": 8.04e-3,
}
"""Living stars per pc³ at the Sun, of Koshimoto, Baba & Bennett 2021 in genstars."""

LOCAL_GIANTS = {
    "thin1": 9.37e-6,
    "thin2": 4.97e-5,
    "thin3": 6.60e-5,
    "thin4": 3.28e-5,
    "thin5": 1.01e-4,
    "thin6": 9.50e-5,
    "thin7": 1.98e-4,
    "thick": 1.67e-5,
}
"""Red giants per pc³, of the same run."""

OLD = ("thin6", "thin7", "bar", "nsd", "nsc")


@pytest.fixture(scope="module")
def genulens():
    """Return the isochrones of the package genulens."""
    try:
        importlib.metadata.version("genulens")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package genulens is not installed")
    return read_isochrones("genulens")


def test_populations_are_those_of_the_model():
    """Names, mass function, ages, and the share of those born that lives.

    Its ages are medians, up to 1.3 per cent above means; its living have one [M/H].
    """
    galaxy = read_galaxy("koshimoto2021")
    assert galaxy.mass_function == KOSHIMOTO
    assert TABLE.components == tuple(each.name for each in galaxy.components)
    for each in galaxy.components:
        of = TABLE.of_component(each.name)
        assert of.weight @ of.age == pytest.approx(each.age, rel=0.013), each.name
        living = of.weight @ KOSHIMOTO.living_share(of.living_limits())
        theirs = float(KOSHIMOTO.living_share(each.highest_living_mass))
        assert living == pytest.approx(theirs, abs=0.006), each.name


def test_the_table_loads_in_a_tenth_of_a_second():
    times = []
    for _ in range(3):
        start = time.perf_counter()
        shipped_isochrones.__wrapped__()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.1


def test_red_clump_of_the_solar_neighbourhood():
    """M_Ks = -1.606 ± 0.009, Ruiz-Dern et al. 2018 (A&A 609, A116), mode with a kernel.

    PARSEC's clump is 0.06 mag brighter; 0.08 is what models disagree by.
    """
    edges = np.arange(-4.0, 1.0, 0.005)
    counts = np.zeros(len(edges) - 1)
    for component, density in LOCAL_STARS.items():
        of = luminosity_segments(TABLE, component, KOSHIMOTO)
        burning = np.flatnonzero(np.isin(of.phase, [4, 5, 6]))
        counts += density * shares_by_magnitude(of, "Ks", edges, burning)
    kernel = np.exp(-0.5 * (np.arange(-60, 61) * 0.005 / 0.1) ** 2)
    mode = edges[np.argmax(np.convolve(counts, kernel, mode="same"))]
    assert mode == pytest.approx(-1.606, abs=0.08)


def test_red_clump_fades_with_age_as_observed():
    """0.020 ± 0.003 mag/Gyr in the infrared from 2 to 12 Gyr, Chen et al. 2017.

    ApJ 840, 77, from stars with asteroseismic ages. Two of their errors.
    """
    rows = np.concatenate(
        [clump_by_age(TABLE.of_component(c), "Ks") for c in ("thin5", "thin7")]
    )
    solar = rows[(np.abs(rows[:, 1] - 0.05) < 0.01) & (rows[:, 0] > 2.9)]
    slope = np.polyfit(solar[:, 0], solar[:, 2], 1)[0]
    assert slope == pytest.approx(0.020, abs=0.006)


@pytest.mark.parametrize(
    ("component", "published"), [("bar", -1.604), ("nsd", -1.664), ("thick", -1.344)]
)
def test_red_clump_by_component_is_the_one_stated(component, published):
    """The figures on the page of the Galaxy."""
    clump = red_clump(TABLE, component, "Ks", KOSHIMOTO)
    assert clump.mode == pytest.approx(published, abs=0.003)
    assert 0.09 < clump.scatter < 0.15


def test_lower_main_sequence_against_dynamical_masses():
    """Mann et al. 2019 (ApJ 871, 63), eq. 4 and table 6, 0.075 to 0.70 solar masses.

    PARSEC's solar dwarfs below 0.4 solar masses are too faint in Ks for their mass: by
    the relation they seem 10 per cent lighter (0.2 mag). At half a solar mass and above
    they agree to 5 per cent.
    """
    coefficients = (-0.642, -0.208, -8.43e-4, 7.87e-3, 1.42e-4, -2.13e-4)
    of = TABLE.of_component("bar")
    row = int(np.argmin(np.abs(of.age - 9.12) + np.abs(of.metallicity - 0.05)))
    points = slice(int(of.start[row]), int(of.stop[row]))
    masses = np.array([0.1, 0.15, 0.2, 0.3, 0.5, 0.6, 0.7])
    ks = np.interp(masses, of.mass[points], of.magnitudes[points, BANDS.index("Ks")])
    mann = 10.0 ** np.polynomial.polynomial.polyval(ks - 7.5, coefficients)
    np.testing.assert_allclose(mann[:4] / masses[:4], 0.904, atol=0.012)
    np.testing.assert_allclose(mann[4:] / masses[4:], 1.0, atol=0.05)


@pytest.mark.parametrize("component", LOCAL_STARS)
def test_giants_at_the_sun_are_as_many_as_published(component):
    """They have one [M/H], and their own base of the giant branch.

    At 9 Gyr theirs span 0.0245 solar masses, from 1.0174 to 1.0419, and those that
    PARSEC labels giants 0.0205; in the thick disc 0.0078 (from 0.8489) and 0.0110.
    """
    giants = LOCAL_STARS[component] * giant_share(TABLE, component, KOSHIMOTO)
    ratio = giants / LOCAL_GIANTS[component]
    low, high = (1.3, 1.6) if component == "thick" else (0.8, 1.2)
    assert low < ratio < high


def test_gaia_g_from_v_and_i_is_pygaias():
    colour = np.linspace(-0.3, 5.0, 40)
    ours = gaia_g(colour, np.zeros(40))
    np.testing.assert_allclose(ours - colour, gbrminv_from_vminic(colour)[0], rtol=1e-9)
    assert np.isnan(gaia_g(np.array([5.5]), np.zeros(1))).all()


def test_phases_told_from_the_shape_are_parsecs_own():
    """Of all isochrones older than 2 Gyr: the tip, and the number of giants."""
    compared = 0
    for row, points in enumerate(TABLE.points()):
        if TABLE.age[row] < 2.0 or TABLE.component[row] not in ("thin5", "thin7"):
            continue
        mass, labels = TABLE.mass[points], TABLE.phase[points]
        told = phases_by_shape(mass, TABLE.temperature[points], TABLE.log_g[points])
        assert np.argmax(told >= 4) == np.argmax(labels >= 4)
        giants = [mass[-1] - mass[np.argmax(p >= 3)] for p in (labels, told)]
        assert giants[1] == pytest.approx(giants[0], rel=0.12)
        compared += 1
    assert compared == 35


@pytest.mark.parametrize("component", OLD)
def test_branches_are_those_of_genulens_in_old_populations(genulens, component):
    """Both are PARSEC v1.2S through CMD: 0.02 mag in J, H, Ks, from ages and [M/H].

    G is from V and V - I there: 0.13 mag in M dwarfs, 0.07 elsewhere.
    """
    found = branch_differences(TABLE, genulens, component, KOSHIMOTO)
    for name, difference in found.items():
        assert np.abs(difference[:3]).max() < 0.021, name
        dwarfs = name in ("main sequence, 0.15 Msun", "main sequence, 0.3 Msun")
        assert abs(difference[3]) < (0.13 if dwarfs else 0.07), name
    assert np.abs(found[RED_CLUMP][:3]).max() < 0.011


@pytest.mark.parametrize("component", [*OLD, "thin5", "thick"])
def test_luminosity_functions_are_those_of_genulens(genulens, component):
    """Bins of two magnitudes, from the brightest giants to dwarfs: 2 per cent."""
    edges = np.arange(-6.0, 11.0, 2.0)
    ours = luminosity_function(TABLE, component, "Ks", edges, KOSHIMOTO)
    theirs = luminosity_function(genulens, component, "Ks", edges, KOSHIMOTO)
    np.testing.assert_allclose(ours / theirs, 1.0, atol=0.02)


def test_genulens_has_no_dead_stars_and_all_components(genulens):
    assert genulens.components == TABLE.components
    assert genulens.magnitudes[:, 2].max() < 11.0
    assert (genulens.of_component("bar").age < 10.01).all()
    assert np.isfinite(genulens.magnitudes[:, :3]).all()
