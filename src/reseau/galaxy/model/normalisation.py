"""Number densities of discs and bar from physical quantities.

Discs: the mass of living stars at the Sun is shared among the thin discs by the living
mass of the stars that formed in each, with a star-formation rate that was higher in the
past. Of a disc that formed a mass w, w exp(-r0/Rd) / (2 zd Rd) is at the Sun:
Koshimoto, Baba & Bennett 2021 (ApJ 917, 78), section 3 and Table 1. (Of an exponential
disc without a hole it would be Rd squared; only the youngest disc has another length.)

Bar: what the discs leave of the mass of stars in the box of Wegg & Gerhard 2013 (MNRAS
435, 1874), as weighed by Portail et al. 2017 (MNRAS 465, 1621).

The numbers are those of the authors' program, which has the bar's mass function in the
discs too. Table 1 of the paper was made with another one: its giants are fewer by 27 to
46 per cent, its living mass agrees within 16 per cent.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from reseau.galaxy.mass_function import MassFunction

from .bar import Bar
from .component import Component
from .discs import Disc
from .entries import NormalisationEntry
from .places import Places

BOX = (2200.0, 1400.0, 1200.0)
"""Half sides of the box along the bar's axes [pc]."""
NODES = 40
AGES = 32


class Population(NamedTuple):
    """Stars that formed over a range of ages, up to a factor common to all discs.

    Attributes
    ----------
    number
        Living stars.
    mass
        Their mass.
    """

    number: float
    mass: float


def number_densities(
    components: Sequence[Component],
    mass_function: MassFunction,
    quantities: NormalisationEntry,
    *,
    known: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Return number densities of discs and bar at their reference points [1/pc^3].

    Parameters
    ----------
    components
        All of them; their factors are used for nothing.
    mass_function
        Of all stars born.
    quantities
        What the densities follow from.
    known
        Number densities of discs that are known otherwise, for what the discs leave to
        the bar.

    Returns
    -------
    By the component's name; nuclear ones have a density of mass instead.
    """
    found = _thin(components, mass_function, quantities)
    for component in components:
        if component.kind == "thick disc":
            mass = quantities.local_density * quantities.thick_share
            top = component.highest_living_mass
            mean = mass_function.mean_mass(mass_function.low, top)
            found[component.name] = mass / float(mean)
    discs = [
        dataclasses.replace(c, factor=(known or {}).get(c.name, found[c.name]))
        for c in components
        if c.name in found
    ]
    for component in components:
        if isinstance(component.law, Bar):
            rest = quantities.box_mass - mass_in_box(discs, component.law)
            whole = mass_in_box(
                [dataclasses.replace(component, factor=1.0)], component.law
            )
            found[component.name] = rest / whole
    return found


def mass_in_box(components: Sequence[Component], bar: Bar) -> float:
    """Return the mass of stars and remnants in the box about a bar [Msun].

    Parameters
    ----------
    components
        Whose mass it is.
    bar
        Whose axes the box is along.
    """
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    axes = [0.5 * side * (nodes + 1.0) for side in BOX]
    x, y, z = (a.ravel() for a in np.meshgrid(*axes, indexing="ij"))
    volume = math.prod(BOX) * np.einsum("i,j,k->ijk", *[weights] * 3).ravel()
    # Every component is the same in the eight octants.
    places = Places(np.stack([*bar.in_bar(x, y), z], axis=-1))
    return sum(
        c.mass_per_star * float(c.number_at(places) @ volume) for c in components
    )


def _thin(
    components: Sequence[Component],
    mass_function: MassFunction,
    quantities: NormalisationEntry,
) -> dict[str, float]:
    """Return number densities of the thin discs, which share the local density."""
    discs = [c for c in components if c.kind == "disc"]
    formed = {
        c.name: population(c, discs, mass_function, quantities.star_formation_scale)
        for c in discs
    }
    share = {c.name: _local_share(c.law) for c in discs}
    mass = sum(share[name] * stars.mass for name, stars in formed.items())
    return {
        name: quantities.local_density * share[name] * stars.number / mass
        for name, stars in formed.items()
    }


def _local_share(law: object) -> float:
    """Return the local density of a disc of unit mass, up to a common factor."""
    if not isinstance(law, Disc):
        raise TypeError(f"{law} is no disc")
    radial = math.exp(-law.r0 / law.scale_length) / law.scale_length
    return radial / (2.0 * law.scale_height)


def population(
    component: Component,
    discs: Sequence[Component],
    mass_function: MassFunction,
    scale: float,
) -> Population:
    """Return the stars of a disc that formed over its range of ages.

    Parameters
    ----------
    component
        The disc.
    discs
        Of whose median ages and highest living masses the relation of both is made.
    mass_function
        Of all stars born.
    scale
        t of a star-formation rate exp(age / t) [Gyr].
    """
    nodes, weights = np.polynomial.legendre.leggauss(AGES)
    half = 0.5 * (component.oldest - component.youngest)
    ages = component.youngest + half * (nodes + 1.0)
    rate = half * weights * np.exp(ages / scale)
    tops = highest_living_masses(ages, discs, mass_function)
    low = mass_function.low
    return Population(
        number=float(rate @ mass_function.number(low, tops)),
        mass=float(rate @ mass_function.mass(low, tops)),
    )


def highest_living_masses(
    ages: np.ndarray, discs: Sequence[Component], mass_function: MassFunction
) -> np.ndarray:
    """Return initial masses above which stars have died [Msun].

    Parameters
    ----------
    ages
        [Gyr].
    discs
        Between whose median ages the relation is a power of the age; outside, it is as
        between the nearest two.
    mass_function
        Whose highest mass is the highest returned.
    """
    known: Mapping[float, float] = {c.age: c.highest_living_mass for c in discs}
    if len(known) < 2:
        return np.full(len(ages), next(iter(known.values())))
    log_age = np.log(sorted(known))
    log_mass = np.log([known[a] for a in sorted(known)])
    slopes = np.diff(log_mass) / np.diff(log_age)
    at = np.log(ages)
    piece = np.clip(np.searchsorted(log_age, at) - 1, 0, len(slopes) - 1)
    found = log_mass[piece] + slopes[piece] * (at - log_age[piece])
    return np.minimum(np.exp(found), mass_function.high)


__all__ = [
    "Population",
    "highest_living_masses",
    "mass_in_box",
    "number_densities",
    "population",
]
