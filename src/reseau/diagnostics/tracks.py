"""Tracks of single stars: where plates saw them, beside their parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.constants import DEGREE
from reseau.datasets.catalogues import CatalogueTables
from reseau.observers import geocentre
from reseau.sky import direction_from_angles, parallax_factors
from reseau.tables import columns_of

POINTS = 400
"""Of a curve."""


@dataclass(frozen=True)
class Track:
    """A star's offsets from where it is at the reference epoch, from the barycentre.

    Attributes
    ----------
    source_id
        Of the star.
    kind
        "reference", "target" or "artificial".
    values, errors
        Parallax, pmra, pmdec [mas, mas/yr], and their 1σ.
    epoch
        Of the plates, Julian years.
    offset, offset_error
        Where these saw the star, East and North [mas], and 1σ.
    curve_epoch, curve
        What the five parameters say, seen from the geocentre.
    """

    source_id: int
    kind: str
    values: tuple[float, float, float]
    errors: tuple[float, float, float]
    epoch: Float[np.ndarray, "p"]
    offset: Float[np.ndarray, "p 2"]
    offset_error: Float[np.ndarray, "p 2"]
    curve_epoch: Float[np.ndarray, "c"]
    curve: Float[np.ndarray, "c 2"]


@in_double
def track_of(tables: CatalogueTables, source_id: int, kind: str = "") -> Track:
    """Return the track of a star.

    Parameters
    ----------
    tables
        Of the catalogue, with its positions on plates.
    source_id
        Of the star.
    kind
        What to call it.
    """
    star = columns_of(tables.catalogue)
    row = int(np.flatnonzero(star["source_id"] == source_id)[0])
    names = ("parallax", "pmra", "pmdec")
    values = np.array([star[name][row] for name in names])
    errors = np.array([star[f"{name}_error"][row] for name in names])
    since, here = star["ref_epoch"][row], (star["ra"][row], star["dec"][row])
    seen = columns_of(tables.epochs)
    used = (seen["source_id"] == source_id) & seen["used"]
    seen = {name: column[used] for name, column in seen.items()}
    factors = np.stack(
        [seen["parallax_factor_ra"], seen["parallax_factor_dec"]], axis=-1
    )
    residual = np.stack([seen["dra"], seen["ddec"]], axis=-1)
    model = values[0] * factors + values[1:] * (seen["epoch"] - since)[:, None]
    when = np.linspace(seen["epoch"].min() - 0.1, seen["epoch"].max() + 0.1, POINTS)
    towards = direction_from_angles(here[0] * DEGREE, here[1] * DEGREE)
    along = parallax_factors(towards, geocentre(when).position)
    return Track(
        source_id=int(source_id),
        kind=kind,
        values=(float(values[0]), float(values[1]), float(values[2])),
        errors=(float(errors[0]), float(errors[1]), float(errors[2])),
        epoch=seen["epoch"],
        offset=model + residual,
        offset_error=np.stack([seen["dra_error"], seen["ddec_error"]], axis=-1),
        curve_epoch=when,
        curve=values[0] * np.stack([np.asarray(a) for a in along], axis=-1)
        + values[1:] * (when - since)[:, None],
    )


def telling_stars(
    tables: CatalogueTables, artificial: Sequence[int], number: int = 2
) -> list[tuple[int, str]]:
    """Return stars worth a look: large parallaxes, and artificial ones.

    Parameters
    ----------
    tables
        Of the catalogue, with its positions on plates.
    artificial
        Identifiers of the artificial ones.
    number
        Of each kind.

    Returns
    -------
    Identifiers with their kinds.
    """
    star = columns_of(tables.catalogue)
    many = star["n_plates"] >= 0.7 * star["n_plates"].max()
    often = many & np.isfinite(star["parallax"])
    made = np.isin(star["source_id"], np.asarray(artificial, dtype=np.int64))
    near = np.where(often & ~made, star["parallax"], -np.inf)
    known = np.where(often & made, -star["parallax_error"], -np.inf)
    found = []
    for rank in (near, known):
        best = [int(r) for r in np.argsort(-rank)[:number] if np.isfinite(rank[r])]
        for row in best:
            kind = "reference" if star["is_reference"][row] else "target"
            kind = "artificial" if made[row] else kind
            found.append((int(star["source_id"][row]), kind))
    return found


__all__ = ["Track", "telling_stars", "track_of"]
