"""The unknowns of a plate as one vector of numbers, in stated units.

Sources that are solved for come first, two entries each, then the free shared
parameters (tied ones once). Zero is the expansion point, so that no digits are lost
in large angles. There are two ways to lay them out:

- `SeedUnknowns`: the Plate Analysis' table. Right ascension and declination of sources
  and exposures and the position angle in degrees from the start, focal lengths as
  focal-plane scales [µm/deg], distortion in mm (a coefficient that is not a length: in
  its prior's σ), detectors in µm and degrees. Adam takes steps of one size in all
  entries, so these units decide what a learning rate means.
- `ScaledUnknowns`: tangent-plane offsets, rotations and the rest, each in units of
  its expected σ.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from reseau.constants import DEGREE
from reseau.equations.ties import tie_columns
from reseau.instrument import attitude_from_axes, camera_axes
from reseau.model import (
    PER_DETECTOR,
    PER_EXPOSURE,
    Parameters,
    Problem,
    free_columns,
    layout_of,
    prior_widths,
    take_step,
)
from reseau.model.parameters import with_own_terms
from reseau.model.terms import exposure_term_widths, term_widths
from reseau.sky import angles_from_direction, displaced

MICROMETRES = 1000.0
"""A millimetre, the Plate Analysis' unit of distortion [µm]."""


class Places(eqx.Module):
    """Which entries of the vector belong to which unknown.

    Attributes
    ----------
    rows
        Rows of the sources that are solved for.
    entry
        Of each source, its place among those; beyond the last where there is none.
    column
        Of each shared parameter, the free one that moves it; beyond the last where it
        is held.
    free
        Number of free shared parameters.
    """

    rows: Int[np.ndarray | Array, "s"]
    entry: Int[np.ndarray | Array, "n_src"]
    column: Int[np.ndarray | Array, "p"]
    free: int = eqx.field(static=True)

    @property
    def normal(self) -> int:
        """Return the number of entries that belong to sources."""
        return 2 * self.rows.shape[0]

    @property
    def size(self) -> int:
        """Return the length of the vector."""
        return self.normal + self.free

    def offsets(self, vector: Array) -> Array:
        """Return the sources' entries in rows of all sources, zero where none."""
        pairs = jnp.reshape(vector[: self.normal], (-1, 2))
        return jnp.concatenate([pairs, jnp.zeros((1, 2))])[jnp.asarray(self.entry)]

    def shared(self, vector: Array) -> Array:
        """Return the shared entries in the order of `Layout`, zero where held."""
        values = jnp.append(vector[self.normal :], 0.0)
        return values[jnp.asarray(self.column)]

    def gather(self, offsets: np.ndarray, shared: np.ndarray) -> np.ndarray:
        """Return the vector of values given for all sources and shared parameters."""
        first = np.full(self.free + 1, -1)
        column = np.asarray(self.column)
        first[column[::-1]] = np.arange(column.size)[::-1]
        pairs = np.asarray(offsets)[np.asarray(self.rows)]
        return np.concatenate([pairs.ravel(), np.asarray(shared)[first[:-1]]])


def find_places(problem: Problem, solved: np.ndarray) -> Places:
    """Return the places of a problem's unknowns.

    Parameters
    ----------
    solved
        True for the sources that are solved for.
    """
    layout = problem.layout
    free = free_columns(layout, problem.free, prior_widths(problem))
    basis = tie_columns(problem, free).tocoo()
    column = np.full(layout.size, basis.shape[1])
    column[basis.row] = basis.col
    rows = np.flatnonzero(solved)
    entry = np.full(solved.size, rows.size)
    entry[rows] = np.arange(rows.size)
    return Places(rows, entry, column, basis.shape[1])


class ScaledUnknowns(eqx.Module):
    """Steps from a point, each in units of a width of its own.

    Attributes
    ----------
    places
        Where each unknown sits.
    start
        Parameters at zero.
    unit
        Size of each entry's unit [rad, µm].
    """

    places: Places
    start: Parameters
    unit: Float[np.ndarray | Array, "d"]

    @eqx.filter_jit
    def parameters(self, vector: Array) -> Parameters:
        """Return the parameters at a vector."""
        step = vector * self.unit
        return take_step(
            self.start, self.places.shared(step), self.places.offsets(step)
        )

    def source_covariance(self, vector: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """Return covariances in the tangent planes [rad²], (s, 2, 2).

        Parameters
        ----------
        variance
            Covariances of the sources' entries, (s, 2, 2).
        """
        del vector  # the map is linear
        unit = np.asarray(self.unit[: self.places.normal]).reshape(-1, 2)
        return variance * unit[:, :, None] * unit[:, None, :]

    def shared_unit(self) -> np.ndarray:
        """Return the size of the units of the free shared parameters."""
        return np.asarray(self.unit[self.places.normal :])


class SeedUnknowns(eqx.Module):
    """Coordinates of the Plate Analysis' table, from the start.

    Attributes
    ----------
    places
        Where each unknown sits.
    start
        Parameters at zero; its sources' offsets are zero.
    dec
        Declination of the sources at zero offset [rad].
    attitude
        ra, dec, pa of the exposures at zero [rad].
    unit
        Size of the units of the shared parameters [rad, µm], in the order of `Layout`.
    """

    places: Places
    start: Parameters
    dec: Float[np.ndarray | Array, "n_src"]
    attitude: Float[np.ndarray | Array, "n_exp 3"]
    unit: Float[np.ndarray | Array, "p"]

    @eqx.filter_jit
    def parameters(self, vector: Array) -> Parameters:
        """Return the parameters at a vector."""
        start, layout = self.start, layout_of(self.start)
        step = self.places.shared(vector) * self.unit
        exposure = layout.by_exposure(step)
        return Parameters(
            offset=_offset_of_angles(
                self.places.offsets(vector) * DEGREE, jnp.asarray(self.dec)
            ),
            axes=jnp.asarray(camera_axes(self.attitude + exposure[:, :3])),
            focal=start.focal + exposure[:, 3:PER_EXPOSURE],
            coefficients=start.coefficients + step[layout.distortion],
            skew=start.skew + step[layout.skew],
            detectors=start.detectors
            + jnp.reshape(step[layout.detectors], (-1, PER_DETECTOR)),
            terms=start.terms + step[layout.terms],
            exposure_terms=with_own_terms(start, exposure),
        )

    def source_covariance(self, vector: np.ndarray, variance: np.ndarray) -> np.ndarray:
        """Return covariances in the tangent planes [rad²], (s, 2, 2).

        Parameters
        ----------
        variance
            Covariances of the sources' angles [deg²], (s, 2, 2).
        """
        pairs = np.asarray(vector)[: self.places.normal].reshape(-1, 2) * DEGREE
        dec = np.asarray(self.dec)[np.asarray(self.places.rows)]
        slope = np.asarray(_offset_slopes(pairs, dec)) * DEGREE
        return np.einsum("nij,njk,nlk->nil", slope, variance, slope)

    def shared_unit(self) -> np.ndarray:
        """Return the size of the units of the free shared parameters."""
        zero = np.zeros((self.dec.shape[0], 2))
        return self.places.gather(zero, np.asarray(self.unit))[self.places.normal :]


def _offset_of_angles(step: Array, dec: Array) -> Array:
    """Return tangent-plane offsets of steps in ra and dec [rad], without losing digits.

    With versines, since differences of cosines lose half of them.
    """
    by_ra, by_dec = step[:, 0], step[:, 1]
    new = jnp.cos(dec + by_dec)
    fall = 2.0 * new * jnp.sin(0.5 * by_ra) ** 2
    along = jnp.cos(by_dec) - jnp.cos(dec) * fall
    xi = new * jnp.sin(by_ra) / along
    eta = (jnp.sin(by_dec) + jnp.sin(dec) * fall) / along
    return jnp.stack([xi, eta], axis=-1)


@jax.jit
def _offset_slopes(step: Array, dec: Array) -> Array:
    """Return the derivatives of offsets by the steps in ra and dec, (n, 2, 2)."""

    def one(pair: Array, at: Array) -> Array:
        return _offset_of_angles(pair[None], at[None])[0]

    return jax.vmap(jax.jacfwd(one))(step, dec)


def seed_units(problem: Problem) -> Float[np.ndarray, "p"]:
    """Return the size of the Plate Analysis' unit of each shared parameter [rad, µm].

    A focal-plane scale of 1 µm/deg is a focal length of 180/π µm.
    """
    layout, instrument = problem.layout, problem.instrument
    unit = np.ones(layout.size)
    own = exposure_term_widths(instrument)
    exposure = np.array([DEGREE] * 3 + [1.0 / DEGREE] * 2 + list(own))
    unit[layout.exposures] = np.tile(exposure, layout.n_exposures)
    sigma = np.asarray(instrument.coefficient_sigma)
    usable = np.isfinite(sigma) & (sigma > 0)
    length = np.array([u == "um" for u in instrument.distortion.units], dtype=bool)
    other = np.where(usable, sigma, 1.0)
    unit[layout.distortion] = np.where(length, MICROMETRES, other)
    detector = np.array([1.0, 1.0, DEGREE, 1.0, 1.0])
    unit[layout.detectors] = np.tile(detector, layout.n_detectors)
    unit[layout.terms] = term_widths(instrument)
    return unit


UNITS = (
    ("source ra, dec", "deg"),
    ("attitude ra, dec, pa", "deg"),
    ("scale F_X, F_Y", "um/deg"),
    ("distortion A_kl, B_kl", "mm"),
    ("skew", "1"),
    ("detector x, y", "um"),
    ("detector theta", "deg"),
    ("detector pitch_x, pitch_y", "um"),
    ("declared terms", "their prior's σ"),
)
"""Units in which the Plate Analysis' learning rates act."""


_angles = jax.jit(angles_from_direction)
_attitude = jax.jit(attitude_from_axes)
_displaced = jax.jit(displaced)


def seed_unknowns(
    problem: Problem, places: Places, point: Parameters
) -> tuple[SeedUnknowns, np.ndarray]:
    """Return the Plate Analysis' coordinates about a point, and the point in them.

    The exposures' zero is the point; the sources' zero is where their prior is.
    """
    direction = jnp.asarray(problem.prior.direction)
    ra, dec = _angles(direction)
    moved = _angles(_displaced(direction, jnp.asarray(point.offset)))
    turn = np.asarray(moved[0] - ra)
    turn = (turn + np.pi) % (2 * np.pi) - np.pi
    steps = np.stack([turn, np.asarray(moved[1] - dec)], axis=-1)
    at_rest = np.all(np.asarray(point.offset) == 0.0, axis=-1)
    steps[at_rest] = 0.0
    attitude = np.asarray(_attitude(jnp.asarray(point.axes)))
    unknowns = SeedUnknowns(
        places, point, np.asarray(dec), attitude, seed_units(problem)
    )
    return unknowns, places.gather(steps / DEGREE, np.zeros(problem.layout.size))


Unknowns = ScaledUnknowns | SeedUnknowns
