"""Counts of the forward mock against genulens' densities, sources and map.

The package (Koshimoto, Baba & Bennett 2021) has a program that prints the number
density of living stars of each component along a line of sight, draws sources from its
isochrones by the mass function, and looks reddening up in its map. Together they make
an independent forward model, without the nuclear star cluster, which it does not have.
"""

import numpy as np
import pytest
from scipy import stats

from reseau.galaxy.extinction.laws import read_law
from reseau.galaxy.extinction.maps import Reddening
from reseau.galaxy.extinction.profiles import read_profile
from reseau.galaxy.forward.draw import draw_tile, tile_seed
from reseau.galaxy.forward.limit import MagnitudeLimit
from reseau.galaxy.forward.obscuration import Obscuration
from reseau.galaxy.forward.opening import model_of
from reseau.galaxy.forward.window import Window
from reseau.galaxy.isochrones import read_isochrones
from reseau.galaxy.isochrones.files.genulens import genulens_file
from reseau.galaxy.model import read_galaxy

genulens = pytest.importorskip("genulens")
pytestmark = pytest.mark.recovery

NAMES = (*(f"thin{i}" for i in range(1, 8)), "thick", "bar", "nsd")
LIMIT = 15.0
WINDOWS = [(1.05, -2.05), (-1.15, 0.55), (0.55, -0.65)]
CLASSES = ((-15.0, -2.0, 1000), (-2.0, 2.0, 1500), (2.0, 9.0, 800))
"""Absolute H from, to, and how many sources are drawn there, at each age and [M/H]."""
SHARE = 0.05
"""Systematic difference that is allowed: steps of 200 pc, ends of isochrones."""


class Cells:
    """The package's own look-up, cells of 0.025 deg without their insides."""

    name = "genulens' cells"

    def __init__(self):
        self.map = genulens.GenstarsExtinctionMap.load_default(1)

    def at(self, longitude, latitude):
        east = (np.asarray(longitude) + 180.0) % 360.0 - 180.0
        excess = np.array(
            [self.map.ejk_at(x, y) for x, y in zip(east, latitude, strict=True)]
        )
        return Reddening(excess, np.zeros(len(east)), excess > 0.0)


def power_law(low, high):
    """Stars born between two masses by the package's own exponents and breaks."""
    imf = genulens.IMFParameters()
    breaks = [imf.ml, imf.m2, imf.m1, imf.mu]
    slopes = [imf.alpha3, imf.alpha2, imf.alpha1]
    total, level = 0.0, 1.0
    for i, slope in enumerate(slopes):
        if i:
            level *= breaks[i] ** (slopes[i - 1] - slope)
        a, b = max(low, breaks[i]), min(high, breaks[i + 1])
        power = slope + 1.0
        if b > a:
            total += level * (b**power - a**power) / power
    return total


def sources(number, rng):
    """Absolute J, H, Ks of stars, and how many of a living star each stands for."""
    generator = genulens.ForwardSourceGenerator.load_table(str(genulens_file()))
    found, weights, living = [], [], 0.0
    for point in genulens.SourcePopulationPrior.points_for_component(number):
        query = genulens.ForwardSourceQuery()
        query.component_index = number
        query.component = genulens.StellarPopulationModel.component_name(number)
        query.distance_pc = 10.0
        query.use_default_log_age = query.use_default_metallicity = False
        query.log_age, query.metallicity_mh = point.log_age, point.metallicity_mh
        top = 0.0
        parts = []
        for low, high, count in CLASSES:
            chosen = genulens.MagnitudeSelection()
            chosen.band = "Hmag_2mass"
            chosen.min_magnitude, chosen.max_magnitude = low, high
            query.magnitude_selections = [chosen]
            share = generator.selection_probability(query)
            taken = generator.sample_many(query, count, seed=int(rng.integers(2**31)))
            rows, names = taken.to_numpy(), taken.columns
            top = max(top, rows[:, names.index("M_S_ini")].max())
            bands = [names.index(f"M_{b}mag_2mass_S") for b in ("J", "H", "Ks")]
            found.append(rows[:, bands])
            parts.append(np.full(count, share / count))
        weights += [point.weight * part * power_law(0.09, top) for part in parts]
        living += point.weight * power_law(0.0, top)
    return np.concatenate(found), np.concatenate(weights) / living


def clump_distance(east, b):
    modulus = 14.3955 - 0.0239 * east + 0.0122 * abs(b) + 0.128
    return 10.0 ** (0.2 * modulus + 1.0)


def share_in_front(east, b, distance):
    """Exponential dust of 164 pc, 1 at the red clump (Nataf et al. 2013, 2016)."""
    height = 164.0 / (abs(np.sin(np.radians(b))) + 1e-4)
    return np.expm1(-distance / height) / np.expm1(-clump_distance(east, b) / height)


@pytest.fixture(scope="module")
def populations():
    rng = np.random.default_rng(12)
    return [sources(number, rng) for number in range(10)]


def expected(east, b, cells, populations):
    """Counts in classes of component, and of Hw and of J - Ks, of 0.1 x 0.1 deg."""
    profile = genulens.pre_gapmoe.rho_profile(
        l=east, b=b, NSD=3, Dmin=100, Dmax=16000, Dstep=200
    )
    rows = profile.to_numpy()
    distance = rows[:, 0]
    law = genulens.genstars_reference_extinction(east, b, 1.0, 2)
    ratios = np.array([law.Jmag, law.Hmag, law.Kmag])
    area = np.radians(0.1) ** 2 * np.cos(np.radians(b))
    side = (np.arange(20) - 9.5) * 0.005
    found = cells.at(*(v.ravel() for v in np.meshgrid(east + side, b + side))).excess
    # Holes in the dust count by themselves, the rest in groups.
    found = np.sort(found)
    groups = [*np.split(found[:16], 16), *np.array_split(found[16:], 12)]
    excess = np.array([group.mean() for group in groups])
    share = np.array([len(group) for group in groups]) / len(found)
    dust = excess[:, None] * share_in_front(east, b, distance)
    counts = np.zeros((10, len(HW) - 1, len(COLOUR) - 1))
    for number, (unsorted, own) in enumerate(populations):
        order = np.argsort(unsorted[:, 1])
        absolute, weight = unsorted[order], own[order]
        stars = rows[:, 1 + number] * distance**2 * 200.0 * area
        for k in np.flatnonzero(stars > 1e-4):
            modulus = 5.0 * np.log10(distance[k] / 10.0)
            # Hw is fainter than H - 1, so that no star of the class is left out.
            some = slice(0, np.searchsorted(absolute[:, 1], LIMIT - modulus + 1.0))
            for e, part in zip(dust[:, k], share, strict=True):
                j, h, ks = (absolute[some] + modulus + e * ratios).T
                hw = 0.7829 * j + 0.2171 * h - 0.0323 * (j - h) ** 2
                cell = (np.searchsorted(HW, hw) - 1) * (len(COLOUR) - 1)
                cell += np.searchsorted(COLOUR, j - ks) - 1
                bright = hw < LIMIT
                counts[number].flat += np.bincount(
                    cell[bright],
                    weight[some][bright] * stars[k] * part,
                    minlength=counts[number].size,
                )
    return counts


HW = np.array([-10.0, 12.0, 13.0, 14.0, 14.5, LIMIT])
COLOUR = np.array([-5.0, 0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 20.0])


def drawn(east, b, cells):
    """The same counts of mocks, and how many mocks they are of."""
    window = Window(east, b, 0.1, 0.1)
    (tile,) = window.tiles()
    dust = Obscuration(cells, read_profile("exponential"), read_law("wang2019"), False)
    galaxy = read_galaxy()
    model = model_of(
        galaxy,
        read_isochrones("genulens"),
        dust,
        MagnitudeLimit("Hw", LIMIT),
        0.0,
        window,
    )
    runs = 8
    counts = np.zeros((len(galaxy.names), len(HW) - 1, len(COLOUR) - 1))
    for seed in range(runs):
        for part in draw_tile(
            model, tile, np.random.default_rng(tile_seed(seed, tile))
        ):
            j, _, ks, _ = part.magnitudes.T
            hw = model.limit.value(part.magnitudes)
            sample = np.column_stack([part.component, hw, j - ks])
            edges = [np.arange(len(galaxy.names) + 1) - 0.5, HW, COLOUR]
            counts += np.histogramdd(sample, bins=edges)[0]
    return counts[:10], runs


@pytest.mark.parametrize("place", WINDOWS)
def test_counts_by_component_magnitude_and_colour(place, populations):
    """Poisson and 5 %: in each class that has ten stars or more."""
    cells = Cells()
    wanted = expected(*place, cells, populations)
    found, runs = drawn(*place, cells)
    found, wanted = found[:9], wanted[:9]  # the nuclear disc has a test of its own
    for axes in ((1, 2), (0, 2), (0, 1)):
        mean, count = wanted.sum(axes), found.sum(axes)
        known = mean > 10.0
        assert known.sum() >= 4
        low = stats.poisson.ppf(1e-4, (1.0 - SHARE) * mean * runs)
        high = stats.poisson.ppf(1.0 - 1e-4, (1.0 + SHARE) * mean * runs)
        good = (count >= low) & (count <= high)
        assert good[known].all(), (axes, mean, count / runs)
