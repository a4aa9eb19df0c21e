"""The true stars of a survey: who they are, and what moves them.

Stars come from a list or from the embedded field. Some are of another kind than a
single star that moves uniformly; what makes them so stands beside the columns, in a
record for each kind. Where each star is at an epoch is the matter of `star_motion`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, Int8

from reseau.observers import TableObserver

from .accelerations import Accelerations, draw_accelerations
from .artificial import artificial_sources, new_ids
from .binaries import Orbits, draw_orbits
from .filling import OPTIONAL, filled
from .lenses import Lenses, draw_lenses
from .selection import measurable
from .solar_system import BodySources, check_bodies
from .star_config import StarsConfig
from .star_list import REQUIRED, counted, star_list
from .stars import ARTIFICIAL_IDS, Columns

SINGLE, BINARY, ACCELERATED, LENSED, BODY = range(5)
KINDS = ("single", "binary", "accelerated", "lensed", "body")
"""Names of the kinds, in the order of their numbers."""

STREAMS = ("count", "artificial", "filling", "kinds", "orbits", "pulls", "lenses")
SOLAR_COLOUR = 0.36
"""J - H of the Sun, whose light bodies reflect (Willmer 2018, ApJS 236, 47)."""

COLUMNS = (*REQUIRED, *OPTIONAL, "artificial", "kind")
"""Names of the columns of a population."""

KindRecord = TypeVar("KindRecord", Orbits, Accelerations, Lenses)


@dataclass(frozen=True, eq=False)
class Population:
    """True sources of a survey, sorted by `source_id`; positions are barycentric.

    Attributes
    ----------
    source_id
        Unique.
    ra, dec
        At `ref_epoch`, ICRS [deg]; of solar-system bodies NaN, as all of their
        parameters: they are where the ephemeris says.
    parallax, pmra, pmdec, radial_velocity
        [mas], [mas/yr] with cos dec in `pmra`, [km/s]. Of a binary they are those of
        the centre of mass, of a lensed star those of the star itself.
    phot_hw_mag, phot_g_mean_mag, bp_rp
        Hw of the camera, Gaia's G and BP - RP; the latter two are NaN for artificial
        sources and bodies, which no catalogue has.
    colour
        What the camera's errors of colour depend on: J - H, or what the list of stars
        has under this name [mag].
    artificial
        Whether a source has no motion, no parallax, and no reference.
    kind
        Number of the kind, a row of `KINDS`.
    ref_epoch
        Julian year, TCB.
    orbits, accelerations, lenses, bodies
        What moves the sources of each kind; `row` of each is a row of the population.
    left_out
        How many stars of the list are not here, by reason (`selection.REASONS`).
    """

    source_id: Int[np.ndarray, "n"]
    ra: Float[np.ndarray, "n"]
    dec: Float[np.ndarray, "n"]
    parallax: Float[np.ndarray, "n"]
    pmra: Float[np.ndarray, "n"]
    pmdec: Float[np.ndarray, "n"]
    radial_velocity: Float[np.ndarray, "n"]
    phot_hw_mag: Float[np.ndarray, "n"]
    phot_g_mean_mag: Float[np.ndarray, "n"]
    bp_rp: Float[np.ndarray, "n"]
    colour: Float[np.ndarray, "n"]
    artificial: Bool[np.ndarray, "n"]
    kind: Int8[np.ndarray, "n"]
    ref_epoch: float
    orbits: Orbits
    accelerations: Accelerations
    lenses: Lenses
    bodies: BodySources
    left_out: Mapping[str, int]

    def __len__(self) -> int:
        """Return how many sources there are."""
        return len(self.source_id)

    def columns(self) -> Columns:
        """Return the columns by name, without the records of the kinds."""
        return {name: getattr(self, name) for name in COLUMNS}

    def taken(self, rows: Int[np.ndarray, "k"]) -> "Population":
        """Return some of the sources, each once, in the order of `rows`.

        Parameters
        ----------
        rows
            Rows of this population, as of those in one field.
        """
        place = np.full(len(self), -1)
        place[rows] = np.arange(len(rows))
        bodies = [
            (place[row], name)
            for row, name in zip(self.bodies.row, self.bodies.names, strict=True)
            if place[row] >= 0
        ]
        return replace(
            self,
            **{name: values[rows] for name, values in self.columns().items()},
            orbits=_moved_rows(self.orbits, place),
            accelerations=_moved_rows(self.accelerations, place),
            lenses=_moved_rows(self.lenses, place),
            bodies=self.bodies._replace(
                row=np.array([row for row, _ in bodies], dtype=int),
                names=tuple(name for _, name in bodies),
            ),
        )


def _moved_rows(record: KindRecord, place: np.ndarray) -> KindRecord:
    """Return the entries of a record whose stars have a new place, with that."""
    kept = place[record.row] >= 0
    part = type(record)(*(values[kept] for values in record))
    return part._replace(row=place[part.row])


def population(
    config: StarsConfig,
    columns: Mapping[str, np.ndarray] | None,
    rng: np.random.Generator,
    *,
    tables: Mapping[str, TableObserver] | None = None,
) -> Population:
    """Return the true sources of a survey.

    Parameters
    ----------
    config
        What is taken, and how much of each kind.
    columns
        A list of stars: `source_id`, `ra`, `dec` [deg], `phot_hw_mag` (or
        `phot_g_mean_mag` and `bp_rp`), and as far as known `ref_epoch` (2016.0 if it is
        absent), `parallax` [mas], `pmra`, `pmdec` [mas/yr], `radial_velocity` [km/s],
        `colour` [mag]. What is absent or NaN is drawn (`filling`); what is there counts
        as the truth. None: the embedded field.
    rng
        Random numbers. Each part of the population has a stream of its own: more
        binaries, say, leave the other stars as they are.
    tables
        Barycentric states of solar-system bodies that the ephemeris does not have, by
        name, in any case.

    Raises
    ------
    CatalogueError
        A column is missing, an id is there twice, a position is not finite.
    ConfigError
        More stars are wanted than there are; a body is unknown; the list is missing.

    Examples
    --------
    >>> import numpy as np
    >>> from reseau.survey.population import population
    >>> from reseau.survey.star_config import StarsConfig
    >>> stars = population(StarsConfig(count=100), None, np.random.default_rng(1))
    >>> len(stars), stars.left_out["saturated"] > 0
    (100, True)
    """
    tables = {name.lower(): states for name, states in (tables or {}).items()}
    check_bodies(tuple(config.bodies), tables)
    rngs = dict(zip(STREAMS, rng.spawn(len(STREAMS)), strict=True))
    listed, epoch = star_list(config, columns)
    kept, left_out = measurable(config, listed)
    rows = counted(rngs["count"], np.flatnonzero(kept), config.count)
    left_out["not_drawn"] = int(kept.sum()) - len(rows)
    stars = {name: values[rows] for name, values in listed.items()}
    stars["artificial"] = np.zeros(len(rows), dtype=bool)
    added = artificial_sources(rngs["artificial"], config, listed, stars)
    stars = _complete(rngs["filling"], _joined(stars, added))
    kinds = _kinds(rngs["kinds"], config, stars["artificial"])
    stars, kinds = _with_bodies(config, stars, kinds, listed["source_id"])
    order = np.argsort(stars["source_id"])
    stars = {name: values[order] for name, values in stars.items()}
    kind = kinds[order]
    binary, pulled, lensed = (
        np.flatnonzero(kind == k) for k in (BINARY, ACCELERATED, LENSED)
    )
    parallax = stars["parallax"]
    return Population(
        **stars,
        kind=kind,
        ref_epoch=epoch,
        orbits=draw_orbits(rngs["orbits"], binary, parallax[binary]),
        accelerations=draw_accelerations(
            rngs["pulls"], pulled, parallax[pulled], epoch
        ),
        lenses=draw_lenses(
            rngs["lenses"], lensed, config.first_event_epoch, config.last_event_epoch
        ),
        bodies=_body_sources(config, kind, order, tables),
        left_out=left_out,
    )


def _joined(stars: Columns, added: Columns) -> Columns:
    return {name: np.concatenate([v, added[name]]) for name, v in stars.items()}


def _complete(rng: np.random.Generator, stars: Columns) -> Columns:
    """Return stars with all columns; artificial ones stand still, unknown to Gaia."""
    complete = filled(rng, stars)
    artificial = complete["artificial"]
    for name in ("parallax", "pmra", "pmdec", "radial_velocity"):
        complete[name] = np.where(artificial, 0.0, complete[name])
    for name in ("phot_g_mean_mag", "bp_rp"):
        complete[name] = np.where(artificial, np.nan, complete[name])
    return complete


def _kinds(
    rng: np.random.Generator, config: StarsConfig, artificial: Bool[np.ndarray, "n"]
) -> Int8[np.ndarray, "n"]:
    """Return the kind of each star; the parts are rounded to whole stars."""
    rows = rng.permutation(np.flatnonzero(~artificial))
    parts = [
        config.binary_fraction,
        config.accelerated_fraction,
        config.lensed_fraction,
    ]
    ends = np.rint(np.cumsum(parts) * len(rows)).astype(int)
    kind = np.full(len(artificial), SINGLE, dtype=np.int8)
    for number, some_rows in enumerate(np.split(rows, ends)[:-1], start=BINARY):
        kind[some_rows] = number
    return kind


def _with_bodies(
    config: StarsConfig, stars: Columns, kind: np.ndarray, taken: np.ndarray
) -> tuple[Columns, np.ndarray]:
    """Return the stars with the solar-system bodies after them."""
    n = len(config.bodies)
    used = np.concatenate([taken, stars["source_id"]])
    unknown = np.full(n, np.nan)
    added = dict.fromkeys(stars, unknown)
    added["source_id"] = new_ids(2 * ARTIFICIAL_IDS, n, used)
    added["artificial"] = np.zeros(n, dtype=bool)
    added["phot_hw_mag"] = np.full(n, config.body_mag)
    added["colour"] = np.full(n, SOLAR_COLOUR)
    return _joined(stars, added), np.append(kind, np.full(n, BODY, dtype=np.int8))


def _body_sources(
    config: StarsConfig,
    kind: np.ndarray,
    order: np.ndarray,
    tables: Mapping[str, TableObserver],
) -> BodySources:
    row = np.flatnonzero(kind == BODY)
    first = len(kind) - len(config.bodies)
    names = tuple(config.bodies[i] for i in order[row] - first)
    return BodySources(row, names, tables)


__all__ = [
    "ACCELERATED",
    "BINARY",
    "BODY",
    "COLUMNS",
    "KINDS",
    "LENSED",
    "SINGLE",
    "Population",
    "population",
]
