"""Isochrones as sequences of points in order of evolution, with a weight for each.

A sequence is one isochrone, of one age and one [M/H]. A component of the Galaxy has
several, each with the share of its stars that were *born* with that age and [M/H]. The
points of a sequence are in order of initial mass, which is the order of evolution: in
old populations the giant branch spans 0.02 solar masses, so masses are kept in 64 bits
and magnitudes are never averaged at fixed mass.

Stars below the first point (brown dwarfs, and dwarfs under 0.09 solar masses in the
shipped table) live but have no magnitudes here, and stars above the last are dead: no
white dwarfs, which no survey in the near infrared sees at the Galactic centre (M_Ks
about 12 and fainter).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from reseau.errors import CatalogueError, ShapeError, explain, some, unknown_name

BANDS = ("J", "H", "Ks", "G")
"""Of `Isochrones.magnitudes`: 2MASS J, H, Ks and Gaia (E)DR3 G, absolute, Vega."""

PHASES = (
    "pre-main sequence",
    "main sequence",
    "subgiant",
    "red giant",
    "core helium burning",
    "core helium burning, blueward",
    "core helium burning, redward",
    "early asymptotic giant",
    "thermally pulsing asymptotic giant",
)
"""Names of the phases 0 to 8, the labels of PARSEC's CMD interface."""

GIANTS = frozenset(range(3, 9))
"""Phases of a star that has reached the giant branch."""

HELIUM_BURNING = frozenset({4, 5, 6})
"""Phases that make the red clump of an old population."""


@dataclass(frozen=True)
class Isochrones:
    """Isochrones by component, each a sequence of points in order of evolution.

    Attributes
    ----------
    name
        Models, photometry and where they were read.
    component
        Component that each of the `s` sequences belongs to.
    age
        [Gyr], shape (s,).
    metallicity
        Initial [M/H], scaled solar, shape (s,).
    weight
        Share of the component's stars that were born with this age and [M/H], shape
        (s,); 1 in all for each component.
    start, stop
        The points `start` to `stop` (exclusive) are the sequence's, shape (s,).
        Components may share points.
    mass
        Initial mass [Msun], rising within each sequence, shape (p,).
    magnitudes
        Absolute magnitudes in the bands of `BANDS`, Vega, shape (p, 4). NaN: not given.
    phase
        Index into `PHASES`, shape (p,). Readers of tables without phases infer them.
    log_g
        Surface gravity, log10 of cm/s², shape (p,).
    temperature
        Effective temperature [K], shape (p,).
    """

    name: str
    component: tuple[str, ...]
    age: np.ndarray
    metallicity: np.ndarray
    weight: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    mass: np.ndarray
    magnitudes: np.ndarray
    phase: np.ndarray
    log_g: np.ndarray
    temperature: np.ndarray

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_masses(self)
        _check_weights(self)

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components, in order of first appearance."""
        return tuple(dict.fromkeys(self.component))

    def __len__(self) -> int:
        """Return the number of sequences."""
        return len(self.component)

    def of_component(self, name: str) -> "Isochrones":
        """Return the sequences of one component.

        Raises
        ------
        ConfigError
            There is no such component.
        """
        if name not in self.component:
            raise unknown_name(
                "component", name, self.components, where=f"isochrones ({self.name})"
            )
        rows = np.flatnonzero(np.array(self.component) == name)
        return replace(
            self,
            component=tuple(self.component[r] for r in rows),
            **{
                key: getattr(self, key)[rows]
                for key in ("age", "metallicity", "weight", "start", "stop")
            },
        )

    def points(self) -> Iterator[slice]:
        """Yield the slice of points of each sequence."""
        for first, last in zip(self.start, self.stop, strict=True):
            yield slice(int(first), int(last))

    def living_limits(self) -> np.ndarray:
        """Return the highest initial mass that still shines, shape (s,) [Msun]."""
        return self.mass[self.stop - 1]

    def lowest_masses(self) -> np.ndarray:
        """Return the initial mass of the first point of each sequence [Msun]."""
        return self.mass[self.start]


def band_index(band: str) -> int:
    """Return the column of a band in `Isochrones.magnitudes`.

    Raises
    ------
    ConfigError
        The band is none of `BANDS`.
    """
    if band not in BANDS:
        raise unknown_name("band", band, BANDS, where="isochrones")
    return BANDS.index(band)


def _check_shapes(of: Isochrones) -> None:
    sequences, points = len(of.component), len(of.mass)
    wanted = {
        **dict.fromkeys(
            ("age", "metallicity", "weight", "start", "stop"), (sequences,)
        ),
        **dict.fromkeys(("mass", "phase", "log_g", "temperature"), (points,)),
        "magnitudes": (points, len(BANDS)),
    }
    wrong = {
        key: getattr(of, key).shape
        for key, shape in wanted.items()
        if getattr(of, key).shape != shape
    }
    if wrong:
        raise ShapeError(
            explain(
                given=", ".join(f"{key} of shape {got}" for key, got in wrong.items()),
                wanted=", ".join(f"{key} of shape {wanted[key]}" for key in wrong),
                where=f"isochrones ({of.name})",
                todo="give a value for each sequence, and one for each point",
            )
        )


def _check_masses(of: Isochrones) -> None:
    bad = [
        index
        for index, rows in enumerate(of.points())
        if rows.stop - rows.start < 2
        or not (np.all(np.diff(of.mass[rows]) >= 0.0) and of.mass[rows.start] > 0.0)
    ]
    if bad:
        raise CatalogueError(
            explain(
                given=f"initial masses that do not rise, in sequences {some(bad)}",
                wanted="two points or more, positive initial masses in rising order",
                where=f"isochrones ({of.name})",
                todo="put the points of each isochrone in order of initial mass",
            )
        )


def _check_weights(of: Isochrones) -> None:
    names = np.array(of.component)
    sums = {n: float(of.weight[names == n].sum()) for n in of.components}
    bad = {n: s for n, s in sums.items() if not abs(s - 1.0) < 1e-9}
    if bad or np.any(of.weight < 0.0):
        raise CatalogueError(
            explain(
                given="weights of sequences that sum to "
                + some([f"{s:.9g} in {n}" for n, s in bad.items()] or ["a negative"]),
                wanted="shares of the stars born, 1 in all for each component",
                where=f"isochrones ({of.name})",
                todo="divide the weights by their sum",
            )
        )


__all__ = [
    "BANDS",
    "GIANTS",
    "HELIUM_BURNING",
    "PHASES",
    "Isochrones",
    "band_index",
]
