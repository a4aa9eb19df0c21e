"""A mass function of broken power laws, in closed form.

dN/dm is proportional to m to the power of minus an exponent between any two breaks, and
continuous. It counts stars at birth: one that is alive is below a limit that depends on
age. The default of the Galaxy is the fit of Koshimoto, Baba & Bennett 2021 (ApJ 917,
78).

Integrals over an interval are not differences of integrals from the bottom: on the
giant branch an interval may be 1e-9 of the mass, and most digits would be lost.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reseau.errors import ConfigError, explain

Numbers = np.ndarray | float


@dataclass(frozen=True)
class MassFunction:
    """Stars born by initial mass, normalised to one.

    Attributes
    ----------
    exponents
        Of dN/dm, with a minus, from the lowest masses up.
    breaks
        Masses between them [Msun], rising; one fewer.
    low, high
        Lowest and highest mass at birth [Msun].
    """

    exponents: tuple[float, ...]
    breaks: tuple[float, ...]
    low: float
    high: float

    def __post_init__(self) -> None:
        edges = (0.0, self.low, *self.breaks, self.high)
        rising = all(a < b for a, b in itertools.pairwise(edges))
        finite = all(math.isfinite(v) for v in (*edges, *self.exponents))
        if not rising or not finite or len(self.exponents) != len(self.breaks) + 1:
            raise ConfigError(
                explain(
                    given=f"exponents {self.exponents}, breaks {self.breaks}, "
                    f"low {self.low}, high {self.high}",
                    wanted="0 < low < breaks < high, rising and finite, and one "
                    "exponent more than breaks",
                    where="MassFunction",
                    todo="list exponents and breaks from the lowest mass up",
                )
            )

    @cached_property
    def _pieces(self) -> tuple[tuple[float, float, float, float], ...]:
        """Lower and upper mass, exponent and factor of each power law."""
        edges = (self.low, *self.breaks, self.high)
        factors = [1.0]
        for cut, (below, above) in zip(
            self.breaks, itertools.pairwise(self.exponents), strict=True
        ):
            factors.append(factors[-1] * cut ** (above - below))
        plain = tuple(zip(edges[:-1], edges[1:], self.exponents, factors, strict=True))
        total = sum(f * float(_power_integral(a, b, 0.0 - e)) for a, b, e, f in plain)
        return tuple((a, b, e, f / total) for a, b, e, f in plain)

    def density(self, mass: Numbers) -> np.ndarray:
        """Return dN/dm [1/Msun] of one star born, 0 outside the function's masses.

        Parameters
        ----------
        mass
            Initial mass [Msun].
        """
        given = np.asarray(mass, dtype=float)
        found = np.zeros(given.shape)
        for low, high, exponent, factor in self._pieces:
            inside = (given >= low) & (given <= high)
            found = np.where(
                inside, factor * np.where(inside, given, 1.0) ** -exponent, found
            )
        return found

    def number(self, m1: Numbers, m2: Numbers) -> np.ndarray:
        """Return the share of the stars born that lies between two masses.

        Parameters
        ----------
        m1, m2
            Initial masses [Msun]; the share is 0 where `m1` is not below `m2`.
        """
        return np.asarray(sum(self._shares(m1, m2, 0.0)))

    def mass(self, m1: Numbers, m2: Numbers) -> np.ndarray:
        """Return the mass [Msun] between two masses, for one star born.

        Parameters
        ----------
        m1, m2
            Initial masses [Msun].
        """
        return np.asarray(sum(self._shares(m1, m2, 1.0)))

    def mean_mass(self, m1: Numbers, m2: Numbers) -> np.ndarray:
        """Return the mean mass [Msun] of the stars between two masses.

        Parameters
        ----------
        m1, m2
            Initial masses [Msun].
        """
        return np.asarray(self.mass(m1, m2) / self.number(m1, m2))

    def living_share(self, turnoff: Numbers) -> np.ndarray:
        """Return the share of the stars born that is alive.

        Parameters
        ----------
        turnoff
            Highest initial mass of those that live [Msun].
        """
        return self.number(self.low, turnoff)

    def quantile(self, share: Numbers, m1: Numbers, m2: Numbers) -> np.ndarray:
        """Return the mass below which a share of the stars of an interval lies.

        Parameters
        ----------
        share
            Between 0 and 1.
        m1, m2
            Ends of the interval [Msun].
        """
        start = np.maximum(np.asarray(m1, dtype=float), self.low)
        shares = list(self._shares(m1, m2, 0.0))
        left = np.asarray(share * sum(shares))
        found = np.broadcast_to(start, left.shape).copy()
        for (low, _, exponent, factor), within in zip(
            self._pieces, shares, strict=True
        ):
            taken = np.minimum(left, within)
            bottom = np.maximum(start, low)
            reached = _power_end(bottom, taken / factor, -exponent)
            found = np.where(taken > 0.0, reached, found)
            left = np.asarray(left - taken)
        return np.asarray(np.minimum(found, np.minimum(m2, self.high)))

    def draw(
        self, rng: np.random.Generator, n: int, m1: Numbers, m2: Numbers
    ) -> np.ndarray:
        """Draw initial masses [Msun] between two.

        Parameters
        ----------
        rng
            Random numbers.
        n
            How many.
        m1, m2
            Ends of the interval [Msun].
        """
        return self.quantile(rng.random(n), m1, m2)

    def _shares(self, m1: Numbers, m2: Numbers, moment: float) -> Iterator[np.ndarray]:
        """Integral of a power of the mass over an interval, in each power law."""
        for low, high, exponent, factor in self._pieces:
            bottom = np.clip(np.asarray(m1, dtype=float), low, high)
            top = np.maximum(np.clip(np.asarray(m2, dtype=float), low, high), bottom)
            yield np.asarray(factor * _power_integral(bottom, top, moment - exponent))


def _power_integral(low: Numbers, high: Numbers, power: float) -> np.ndarray:
    """Return the integral of m**power, to full precision also over short intervals."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    log = np.log1p((high - low) / low)
    grown = (power + 1.0) * log
    safe = np.where(grown == 0.0, 1.0, grown)
    growth = np.where(grown == 0.0, 1.0, np.expm1(safe) / safe)
    return np.asarray(low ** (power + 1.0) * log * growth)


def _power_end(low: Numbers, integral: Numbers, power: float) -> np.ndarray:
    """Return the upper end at which the integral of m**power from `low` is given."""
    scaled = integral / low ** (power + 1.0)
    if power == -1.0:
        return np.asarray(low * np.exp(scaled))
    inside = np.maximum((power + 1.0) * scaled, -1.0 + 1e-16)
    return np.asarray(low * np.exp(np.log1p(inside) / (power + 1.0)))


__all__ = ["MassFunction"]
