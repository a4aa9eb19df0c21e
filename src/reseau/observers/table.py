"""An observer whose states are tabulated: interpolation between rows.

Between two rows the position is the cubic that has their positions and velocities
(Hermite), in error by at most ``h⁴ |x''''| / 384`` for rows ``h`` apart. Its derivative
would be too poor a velocity (10 µas of aberration for a satellite tabulated every
minute), so velocities are interpolated by themselves: the polynomial of degree five
through the six nearest rows, in error by at most ``h⁶ |v⁽⁶⁾| / 205`` in the middle of a
table and fifteen times ``h⁶ |v⁽⁶⁾| / 720`` in its first and last intervals.

A satellite on a 100-min orbit (7140 km, 7.5 km/s):

=========  ============  =====================  ==================
step       position      velocity, middle       velocity, at ends
=========  ============  =====================  ==================
1 min      0.3 m         3 µm/s, 0.002 µas      0.01 mm/s, 8 nas
2 min      5 m           0.14 mm/s, 0.1 µas     0.7 mm/s, 0.5 µas
4 min      74 m          9 mm/s, 6 µas          44 mm/s, 30 µas
=========  ============  =====================  ==================

Where the velocity and the derivative of the cubic disagree by more than 1 m/s (between
4 and 5 min for that orbit) the rows are too far apart to be interpolated, or positions
and velocities do not belong together, and the rows are named in an error. Epochs that
are those of rows are never in doubt.
"""

import functools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau.constants import ASTRONOMICAL_UNIT, JULIAN_YEAR, SPEED_OF_LIGHT
from reseau.errors import CatalogueError, ShapeError, explain, some

from .epochs import AnyEpochs, Epochs, tcb_years
from .states import Observer
from .times import check_epochs

WINDOW = 6
"""Rows through which velocities are interpolated."""

LARGEST_DOUBT = 1e-3 / SPEED_OF_LIGHT
"""Largest difference of two interpolated velocities that is accepted [c]: 1 m/s."""

NEAREST, FARTHEST = 0.03, 1000.0
"""Distances from the barycentre [au] between which an observer is believed."""

FASTEST = 0.01
"""Speed [c] below which an observer is believed."""

C_IN_AU_PER_YEAR = SPEED_OF_LIGHT * JULIAN_YEAR / ASTRONOMICAL_UNIT
_STEEPEST = (3.0 - 3.0**0.5) / 6.0  # where the cubic's derivative errs most


@dataclass(frozen=True, eq=False, init=False)
class TableObserver:
    """Tabulated states of an observer, in the BCRS (ICRS axes).

    Attributes
    ----------
    epoch
        Julian years, TCB, increasing; given in any way that `tcb_years` understands.
    position
        From the barycentre of the solar system [au].
    velocity
        Relative to it [c].

    Raises
    ------
    ShapeError
        The columns do not fit together, or there are fewer than two rows.
    CatalogueError
        A value is not finite, epochs do not increase, or values cannot be au and c;
        the rows are named, counted from 0.

    Examples
    --------
    >>> import numpy as np
    >>> from reseau.observers import TableObserver, circular_orbit
    >>> minutes = 2031.2 + np.arange(30) / 525960.0
    >>> known = circular_orbit(minutes)
    >>> table = TableObserver(minutes, known.position, known.velocity)
    >>> table.states(minutes[:2] + 1e-7).position.shape
    (2, 3)
    """

    epoch: Epochs
    position: Float[np.ndarray, "n 3"]
    velocity: Float[np.ndarray, "n 3"]

    def __init__(
        self,
        epoch: AnyEpochs,
        position: Float[np.ndarray, "n 3"],
        velocity: Float[np.ndarray, "n 3"],
    ) -> None:
        # Written out because epochs may be given in more ways than they are kept.
        object.__setattr__(self, "epoch", tcb_years(epoch))
        object.__setattr__(self, "position", np.asarray(position, dtype=float))
        object.__setattr__(self, "velocity", np.asarray(velocity, dtype=float))
        self._check_shapes()
        self._refuse(~self._finite(), "not finite", "finite numbers", "repair the rows")
        self._check_order()
        self._check_sizes()

    def __str__(self) -> str:
        """Return what it is, in words."""
        return f"a table of {len(self.epoch)} states"

    def states(self, epoch: AnyEpochs) -> Observer:
        """Return interpolated states; see the module's notes for their accuracy.

        Parameters
        ----------
        epoch
            Instants within the table, or Julian years, TCB; see `tcb_years`.

        Raises
        ------
        EphemerisRangeError
            An epoch is outside of the table; the error carries its range.
        CatalogueError
            The rows around an epoch are too far apart, or their positions and
            velocities disagree.
        """
        epoch = tcb_years(epoch)
        check_epochs(
            epoch,
            first=float(self.epoch[0]),
            last=float(self.epoch[-1]),
            what="the table of the observer's states",
        )
        row = np.searchsorted(self.epoch, epoch, side="right") - 1
        row = np.clip(row, 0, len(self.epoch) - 2)
        self._check_steps(row[~self._is_row(epoch, row)])
        return Observer(
            position=self._position(epoch, row), velocity=self._velocity(epoch, row)
        )

    def _position(
        self, epoch: Epochs, row: Int[np.ndarray, "m"]
    ) -> Float[np.ndarray, "m 3"]:
        """Return the cubic of positions and velocities at both ends [au]."""
        step, s = self._parts(epoch, row)
        start, end = self.position[row], self.position[row + 1]
        leaving, arriving = (self._rate[r] * step for r in (row, row + 1))
        moved = end - start
        return start + s * (
            leaving
            + s
            * (
                3 * moved
                - 2 * leaving
                - arriving
                + s * (leaving + arriving - 2 * moved)
            )
        )

    def _cubic_velocity(
        self, epoch: Epochs, row: Int[np.ndarray, "m"]
    ) -> Float[np.ndarray, "m 3"]:
        """Return the derivative of `_position` [c]."""
        step, s = self._parts(epoch, row)
        moved = self.position[row + 1] - self.position[row]
        leaving, arriving = (self._rate[r] * step for r in (row, row + 1))
        bent = 3 * moved - 2 * leaving - arriving
        change = leaving + s * (2 * bent + 3 * s * (leaving + arriving - 2 * moved))
        return change / step / C_IN_AU_PER_YEAR

    def _velocity(
        self, epoch: Epochs, row: Int[np.ndarray, "m"]
    ) -> Float[np.ndarray, "m 3"]:
        """Return the polynomial through the velocities of the nearest rows [c]."""
        n = min(WINDOW, len(self.epoch))
        first = np.clip(row + 1 - n // 2, 0, len(self.epoch) - n)
        rows = first[:, None] + np.arange(n)
        weights = _lagrange(self.epoch[rows] - epoch[:, None])
        return np.einsum("mk,mki->mi", weights, self.velocity[rows])

    def _parts(
        self, epoch: Epochs, row: Int[np.ndarray, "m"]
    ) -> tuple[Float[np.ndarray, "m 1"], Float[np.ndarray, "m 1"]]:
        """Return the steps after rows [yr] and the part of each that has passed."""
        start = self.epoch[row]
        step = self.epoch[row + 1] - start
        return step[:, None], ((epoch - start) / step)[:, None]

    @functools.cached_property
    def _rate(self) -> Float[np.ndarray, "n 3"]:
        """Velocities [au/yr]."""
        return self.velocity * C_IN_AU_PER_YEAR

    def _is_row(
        self, epoch: Epochs, row: Int[np.ndarray, "m"]
    ) -> Bool[np.ndarray, "m"]:
        near = 2.0 * np.spacing(epoch)
        before, after = epoch - self.epoch[row], self.epoch[row + 1] - epoch
        return (before <= near) | (after <= near)

    def _check_steps(self, row: Int[np.ndarray, "m"]) -> None:
        """Refuse intervals that cannot be interpolated."""
        row = np.unique(row)
        start = self.epoch[row]
        step = self.epoch[row + 1] - start
        middle = start + _STEEPEST * step
        found, expected = self._cubic_velocity(middle, row), self._velocity(middle, row)
        doubt = np.linalg.norm(found - expected, axis=-1)
        # A year in 64 bits is rounded, which shows in rows that are seconds apart.
        speed = np.linalg.norm(self.velocity[row], axis=-1)
        rounding = 4.0 * np.spacing(start) / step * speed
        few = len(self.epoch) < WINDOW
        bad = (doubt > LARGEST_DOUBT + rounding) | few
        if not bad.any():
            return
        worst = int(np.argmax(doubt))
        pairs = [f"{r} and {r + 1}" for r in row[bad]]
        minutes = step[worst] * JULIAN_YEAR / 60.0
        raise CatalogueError(
            explain(
                given=f"the velocity between rows {row[worst]} and {row[worst] + 1}, "
                f"{minutes:.3g} min apart, is in doubt by "
                f"{doubt[worst] * SPEED_OF_LIGHT * 1000.0:.3g} m/s",
                wanted=f"{WINDOW} rows or more, so close that positions and velocities "
                "give the same velocity to 1 m/s, about 1 min for an orbit of 100",
                where=f"the table of the observer's states, between rows {some(pairs)}",
                todo="tabulate the observer more densely, or at the exposures' epochs; "
                "see that velocities are the change of the positions, in c and au",
            )
        )

    def _check_shapes(self) -> None:
        n = len(self.epoch)
        shapes = {k: np.shape(getattr(self, k)) for k in ("position", "velocity")}
        if np.shape(self.epoch) != (n,) or any(s != (n, 3) for s in shapes.values()):
            raise ShapeError(
                f"epoch {np.shape(self.epoch)}, position {shapes['position']}, "
                f"velocity {shapes['velocity']}: wanted (n,), (n, 3) and (n, 3)"
            )
        if n < 2:
            raise ShapeError(f"a table of {n} rows of states: wanted two or more")

    def _finite(self) -> Bool[np.ndarray, "n"]:
        states = np.concatenate([self.position, self.velocity], axis=1)
        finite: np.ndarray = np.isfinite(states).all(axis=1) & np.isfinite(self.epoch)
        return finite

    def _check_order(self) -> None:
        step = np.diff(self.epoch, prepend=-np.inf)
        todo = "sort the rows by epoch and leave each epoch once"
        self._refuse(step == 0.0, "epochs equal to the row before", "each once", todo)
        self._refuse(step < 0.0, "epochs before the row before", "rising years", todo)

    def _check_sizes(self) -> None:
        distance = np.linalg.norm(self.position, axis=1)
        self._refuse(
            (distance < NEAREST) | (distance > FARTHEST),
            "positions that cannot be barycentric and in au",
            f"from {NEAREST:g} to {FARTHEST:g} au from the solar system's barycentre",
            "convert positions to au; add the Earth's to geocentric ones",
        )
        self._refuse(
            np.linalg.norm(self.velocity, axis=1) >= FASTEST,
            "velocities that cannot be in units of c",
            f"less than {FASTEST:g} c",
            "divide velocities by the speed of light",
        )

    def _refuse(
        self, bad: Bool[np.ndarray, "n"], what: str, wanted: str, todo: str
    ) -> None:
        if not bad.any():
            return
        rows = np.flatnonzero(bad)
        raise CatalogueError(
            explain(
                given=f"{what}: {len(rows)} of {len(bad)} rows",
                wanted=wanted,
                where=f"the table of the observer's states, rows {some(rows)}",
                todo=todo,
            )
        )


def _lagrange(node: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "m k"]:
    """Return the weights that interpolate to zero between values at nodes."""
    apart = node[:, :, None] - node[:, None, :]
    own = np.eye(node.shape[1], dtype=bool)
    ratio = np.where(own, 1.0, -node[:, None, :] / np.where(own, 1.0, apart))
    weights: np.ndarray = np.prod(ratio, axis=-1)
    return weights


__all__ = ["TableObserver"]
