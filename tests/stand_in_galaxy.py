"""A Galaxy of three components with formulas of one line, to draw mocks from."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from reseau.galaxy.forward.companions import Companions, brightest_pairs
from reseau.galaxy.forward.draw import Model
from reseau.galaxy.forward.limit import MagnitudeLimit, read_limit
from reseau.galaxy.forward.populations import Populations, brightest_first

RATIOS = np.array([1.5, 0.83, 0.48, 4.0])
CENTRE = (359.944, -0.046)
R0 = 8000.0


@dataclass(frozen=True)
class Slab:
    """A uniform component, one that falls outward, and a ball at the centre."""

    scale: float = 1.0

    @property
    def frame(self):
        return SimpleNamespace(centre=CENTRE, r0=R0)

    def star_density(self, longitude, b, distance):
        east = np.deg2rad((longitude - CENTRE[0] + 180.0) % 360.0 - 180.0) * R0
        north = np.deg2rad(b - CENTRE[1]) * R0
        away = np.sqrt(east**2 + north**2 + (distance - R0) ** 2)
        per_volume = np.stack(
            [
                np.full(len(longitude), 0.1),
                0.5 * np.exp(-distance / 2500.0),
                20.0 * np.exp(-away / 60.0),
            ]
        )
        return self.scale * per_volume * distance**2


@dataclass(frozen=True)
class Cloud:
    """Reddening with a slope over the sky, scatter, and a linear rise outward."""

    level: float = 2.0
    spread: float = 0.2

    def at(self, longitude, b):
        east = (longitude - CENTRE[0] + 180.0) % 360.0 - 180.0
        excess = self.level * (1.0 + 3.0 * b - 2.0 * east)
        return SimpleNamespace(
            excess=np.maximum(excess, 0.0),
            scatter=np.full(len(longitude), self.spread),
            inside=np.ones(len(longitude), bool),
        )

    def share(self, longitude, b, distance):
        del longitude, b
        return distance / R0

    def extinction(self, excess, longitude, b):
        del longitude, b
        return excess[:, None] * RATIOS


def line_of(points, mass, weight, sequence=0):
    """Segments between points of one isochrone, rows of J, H, Ks, G."""
    points, mass = np.asarray(points, float), np.asarray(mass, float)
    q = len(mass) - 1
    return SimpleNamespace(
        weight=np.asarray(weight, float),
        magnitudes=np.stack([points[:-1], points[1:]], axis=1),
        mass=np.stack([mass[:-1], mass[1:]], axis=1),
        age=np.full(q, 5.0),
        metallicity=np.zeros(q),
        sequence=np.full(q, sequence),
    )


def populations():
    """Isochrones of the three components: a dwarf branch, giants, a clump."""
    dwarfs = [(9.0, 8.3, 8.0, 12.0), (5.0, 4.5, 4.4, 7.0), (1.5, 1.3, 1.2, 2.0)]
    giants = [(3.0, 2.4, 2.3, 4.5), (-0.9, -1.5, -1.6, 0.4), (-5.0, -6.0, -6.2, -2.0)]
    clump = [(-0.85, -1.4, -1.5, 0.5), (-0.75, -1.35, -1.45, 0.6)]
    return Populations.joined(
        ("slab", "disc", "ball"),
        [
            line_of(
                [*dwarfs, *giants[1:], clump[0]],
                [0.2, 0.6, 1.0, 1.05, 1.06, 1.20],
                [0.5, 0.1, 0.02, 0.004, 0.02],
            ),
            line_of(giants, [1.0, 1.02, 1.03], [0.3, 0.1]),
            line_of(clump, [1.1, 1.11], [0.6]),
        ],
    )


def model(
    limit: MagnitudeLimit | str, *, galaxy=None, cloud=None, fraction=0.0
) -> Model:
    """What to draw from, with a limit."""
    limit = read_limit(limit) if isinstance(limit, str) else limit
    segments = populations()
    kinds = [(1.0 - fraction, segments.magnitudes)]
    companions = None
    if fraction:
        companions = Companions(fraction, segments)
        kinds.append((fraction, brightest_pairs(segments, limit)))
    bright = brightest_first(segments, limit, kinds, 10.0)
    return Model(
        galaxy or Slab(), segments, bright, cloud or Cloud(), limit, companions
    )
