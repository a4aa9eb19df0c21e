"""Where an observer can be, and how fast: beyond it a unit or a frame is a slip."""

import numpy as np
from jaxtyping import Float, Int

from reseau.constants import ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.errors import CatalogueError, StrangeObserverWarning, explain, some, warn
from reseau.observers.table import FARTHEST, FASTEST, NEAREST

FAR = 50.0
"""Distance from the barycentre [au] beyond which few telescopes have been."""

_LENGTHS = {
    "km": ASTRONOMICAL_UNIT,
    "m": 1e3 * ASTRONOMICAL_UNIT,
    "light seconds": ASTRONOMICAL_UNIT / SPEED_OF_LIGHT,
}
"""Astronomical units in what is taken for them."""

_SPEEDS = {"m/s": 1e3, "cm/s": 1e5}
"""Kilometres a second in what is taken for them."""

_USUAL = 0.5, 6.0
"""Distances [au] where nearly all observers are."""

_USUAL_SPEED = 5.0, 60.0
"""Their speeds [km/s]."""


def check_positions(
    position: Float[np.ndarray, "m 3"], exposure_id: Int[np.ndarray, "m"]
) -> None:
    """Refuse observers outside of the solar system; doubt those that are not in it.

    Parameters
    ----------
    position
        From the barycentre of the solar system [au].
    exposure_id
        Names of the rows.

    Raises
    ------
    CatalogueError
        A position cannot be barycentric and in au.

    Warns
    -----
    StrangeObserverWarning
        A position is farther than `FAR`, or so near to the barycentre that it is rather
        one from the Earth's centre.
    """
    distance = np.linalg.norm(position, axis=1)
    bad = ~(distance <= FARTHEST)
    if bad.any():
        far = float(np.fmax.reduce(distance[bad]))
        unit = _taken_for(far, _LENGTHS, _USUAL)
        todo = "see that the positions are barycentric and in au"
        if unit:
            todo = (
                f"the positions look like {unit}: divide them by {_LENGTHS[unit]:.12g}"
            )
            if unit != "light seconds":
                todo += f", or give the columns the unit {unit}"
        raise CatalogueError(
            explain(
                given=f"an observer {far:.4g} au from the solar system's barycentre",
                wanted=f"positions within {FARTHEST:g} au of it",
                where="exposures, columns obs_x, obs_y, obs_z, exposure_id "
                f"{some(exposure_id[bad])}",
                todo=todo,
            )
        )
    far_off = distance > FAR
    if far_off.any():
        largest = float(np.max(distance[far_off]))
        unit = _taken_for(largest, _LENGTHS, _USUAL)
        _warn(
            f"the observer is up to {largest:.4g} au from the barycentre on "
            f"{int(far_off.sum())} of {far_off.size} exposures"
            + (f"; do the columns obs_x, obs_y, obs_z hold {unit}?" if unit else "")
        )
    near = (distance > 0) & (distance < NEAREST)
    if near.any():
        _warn(
            f"the observer is within {NEAREST:g} au of the barycentre, inside of the "
            f"Sun's surroundings, on {int(near.sum())} of {near.size} exposures; "
            "positions from the Earth's centre need the Earth's added, else parallaxes "
            "are left out"
        )


def check_speeds(
    velocity: Float[np.ndarray, "m 3"], exposure_id: Int[np.ndarray, "m"]
) -> None:
    """Refuse observers faster than a hundredth of light: a slip in the unit.

    Parameters
    ----------
    velocity
        Relative to the barycentre [c].
    exposure_id
        Names of the rows.

    Raises
    ------
    CatalogueError
        A velocity is as large as that.
    """
    speed = np.linalg.norm(velocity, axis=1)
    bad = ~(speed < FASTEST)
    if not bad.any():
        return
    fastest = float(np.max(speed[bad]))
    unit = _taken_for(fastest * SPEED_OF_LIGHT, _SPEEDS, _USUAL_SPEED)
    todo = "see that the velocities are in km/s"
    if unit:
        todo = (
            f"the velocities look like {unit}: divide them by {_SPEEDS[unit]:g}, or "
            f"give the columns the unit {unit}"
        )
    raise CatalogueError(
        explain(
            given=f"an observer at {fastest:.3g} of the speed of light "
            f"({fastest * SPEED_OF_LIGHT:.4g} km/s)",
            wanted=f"velocities below {FASTEST} of it, in km/s",
            where="exposures, columns obs_vx, obs_vy, obs_vz, exposure_id "
            f"{some(exposure_id[bad])}",
            todo=todo,
        )
    )


def _taken_for(
    value: float, units: dict[str, float], usual: tuple[float, float]
) -> str | None:
    """Return the unit in which a value would be usual, if there is one."""
    for unit, size in units.items():
        if usual[0] <= value / size <= usual[1]:
            return unit
    return None


def _warn(message: str) -> None:
    warn(message, StrangeObserverWarning)


__all__ = ["FAR", "check_positions", "check_speeds"]
