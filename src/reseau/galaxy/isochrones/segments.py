"""Stars of a component along its isochrones: segments between points, with weights.

The number of stars between two points of an isochrone is the integral of the mass
function between their initial masses, whatever the branch does in between. So a sum
over segments is right on near-vertical branches, where a mean and a scatter at fixed
mass are not.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from reseau.galaxy.mass_function import MassFunction

from .table import BANDS, Isochrones

WIDEST = 1.1
"""Ratio of the masses at the ends of a segment; wider ones are cut.

Over a wider one stars are not spread evenly: their number falls as m**-2.3.
"""


@dataclass(frozen=True)
class Segments:
    """Pieces of a component's isochrones, each with its share of the living stars.

    Stars are spread evenly from one end of a segment to the other: a star at fraction u
    has magnitudes ``(1 - u) start + u end``, and so has its mass.

    Attributes
    ----------
    component
        Whose they are.
    weight
        Share of the component's living stars, shape (q,). The sum is less than 1 by
        `unseen`.
    magnitudes
        Absolute magnitudes J, H, Ks, G at both ends, shape (q, 2, 4), in the order of
        `BANDS`.
    mass
        Initial mass at both ends [Msun], shape (q, 2).
    age
        [Gyr], shape (q,).
    metallicity
        [M/H], shape (q,).
    phase
        Index into `PHASES` at the upper end, shape (q,).
    log_g
        Surface gravity at both ends, log10 of cm/s², shape (q, 2).
    sequence
        Row of the sequence among the component's, shape (q,).
    unseen
        Share of the living stars below the isochrones' lowest masses: brown dwarfs and
        the last dwarfs, which have no magnitudes.
    """

    component: str
    weight: Float[np.ndarray, "q"]
    magnitudes: Float[np.ndarray, "q 2 4"]
    mass: Float[np.ndarray, "q 2"]
    age: Float[np.ndarray, "q"]
    metallicity: Float[np.ndarray, "q"]
    phase: Int[np.ndarray, "q"]
    log_g: Float[np.ndarray, "q 2"]
    sequence: Int[np.ndarray, "q"]
    unseen: float

    def __len__(self) -> int:
        """Return the number of segments."""
        return len(self.weight)

    def band(self, name: str) -> np.ndarray:
        """Return the absolute magnitudes of one band at both ends, shape (q, 2)."""
        return self.magnitudes[:, :, BANDS.index(name)]


def luminosity_segments(
    isochrones: Isochrones, component: str, mass_function: MassFunction
) -> Segments:
    """Return the segments of a component's isochrones with their shares of its stars.

    Parameters
    ----------
    isochrones
        Of any components, this one among them.
    component
        Name of the component.
    mass_function
        Of the stars born.

    Returns
    -------
    Segments with positive weight. A sequence of weight w adds ``w number(m1, m2)`` for
    each of its segments, and ``w number(low, limit)`` to the living stars by which all
    are divided, where `limit` is its highest mass.

    Raises
    ------
    ConfigError
        There is no such component.
    """
    of = isochrones.of_component(component)
    low = np.full(len(of), mass_function.low)
    living = float(of.weight @ mass_function.number(low, of.living_limits()))
    unseen = float(of.weight @ mass_function.number(low, of.lowest_masses()))
    first, sequence, fractions = _pieces(of)
    ends = _between(of.mass[:, None], first, fractions)[:, :, 0]
    born = mass_function.number(ends[:, 0], ends[:, 1])
    weight = of.weight[sequence] * born / living
    kept = weight > 0.0
    first, fractions, sequence = first[kept], fractions[kept], sequence[kept]
    return Segments(
        component=component,
        weight=weight[kept],
        magnitudes=_between(of.magnitudes, first, fractions),
        mass=ends[kept],
        age=of.age[sequence],
        metallicity=of.metallicity[sequence],
        phase=of.phase[first + 1],
        log_g=_between(of.log_g[:, None], first, fractions)[:, :, 0],
        sequence=sequence,
        unseen=unseen / living,
    )


def _pieces(of: Isochrones) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pieces that intervals between points are cut to.

    Returns
    -------
    The point before each, its sequence, and where its ends are between this point and
    the next, from 0 to 1 in mass, shape (q, 2).
    """
    before = np.concatenate([np.arange(p.start, p.stop - 1) for p in of.points()])
    ratio = of.mass[before + 1] / of.mass[before]
    count = np.maximum(np.ceil(np.log(ratio) / np.log(WIDEST)), 1.0).astype(np.int64)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    share = np.stack([number, number + 1], axis=1) / np.repeat(count, count)[:, None]
    grown = np.repeat(ratio, count)[:, None]
    wide = grown > 1.0
    fractions = np.where(
        wide, (grown**share - 1.0) / np.where(wide, grown - 1.0, 1.0), share
    )
    rows = np.repeat(np.arange(len(of)), of.stop - of.start - 1)
    return np.repeat(before, count), np.repeat(rows, count), fractions


def _between(
    values: np.ndarray, first: np.ndarray, fractions: np.ndarray
) -> np.ndarray:
    """Return values between points and the next, shape (q, 2, columns)."""
    after = fractions[:, :, None]
    return (1.0 - after) * values[first][:, None] + after * values[first + 1][:, None]


__all__ = ["Segments", "luminosity_segments"]
