"""Phases of evolution told from the shape of an isochrone that has no labels."""

import numpy as np

RED, LOW_GRAVITY = 5700.0, 3.9
"""Giants are cooler [K] and of lower gravity (log10 of cm/s²) than these."""

STEEP = 0.06
"""The giant branch begins where d log T / d log g first falls below this."""

FLASH, LATER = 0.3, 0.03
"""By how much log g jumps at the helium flash, and which share of the giants is later.

Thermal pulses jump as well, but are later than 99 per cent of the giants.
"""

HELIUM = 0.15
"""How far log g rises above the last red giant's where helium burns without a flash."""

ASYMPTOTIC = 0.35
"""How far log g falls below the clump's until stars are called asymptotic giants."""

PULSE = 0.3
"""How far log g rises again in a thermal pulse."""


def phases_by_shape(
    mass: np.ndarray, temperature: np.ndarray, log_g: np.ndarray
) -> np.ndarray:
    """Return phases of the points of an isochrone, without their labels.

    Parameters
    ----------
    mass
        Initial mass, rising [Msun].
    temperature, log_g
        [K] and log10 of cm/s².

    Returns
    -------
    Indices into `PHASES`: main sequence up to the hottest dwarf, subgiants, red giants
    from where the isochrone turns up, core helium burning from the jump of the helium
    flash or, where there is none, from the lowest gravity of a red giant, asymptotic
    giants, and thermal pulses.

    Notes
    -----
    Against PARSEC's own labels from 0.25 to 12 Gyr, the tip of the red giant branch is
    the same point, and the base lies within three points, which changes the number of
    giants by 11 per cent at most. "Subgiant" begins earlier here: at the turn-off,
    not when hydrogen is used up.
    """
    phase = np.full(len(log_g), 1)
    base = _first(_is_base(temperature, log_g))
    if base is None:
        return phase
    phase[int(np.argmax(temperature[: base + 1])) :] = 2
    phase[base:] = 3
    helium = _helium(mass, log_g, base)
    if helium is None:
        return phase
    phase[helium:] = 4
    early = _after(
        helium, log_g[helium:] < np.maximum.accumulate(log_g[helium:]) - ASYMPTOTIC
    )
    if early is None:
        return phase
    phase[early:] = 7
    pulse = _after(early, log_g[early:] > np.minimum.accumulate(log_g[early:]) + PULSE)
    if pulse is not None:
        phase[pulse:] = 8
    return phase


def _helium(mass: np.ndarray, log_g: np.ndarray, base: int) -> int | None:
    """Return the first point of core helium burning."""
    giants = mass[-1] - mass[base]
    early = mass[base + 1 :] < mass[-1] - LATER * giants
    jump = _first((np.diff(log_g[base:]) > FLASH) & early)
    if jump is not None:
        return base + jump + 1
    risen = _first(log_g[base:] > np.minimum.accumulate(log_g[base:]) + HELIUM)
    if risen is None:
        return None
    return base + int(np.argmin(log_g[base : base + risen])) + 1


def _is_base(temperature: np.ndarray, log_g: np.ndarray) -> np.ndarray:
    falling = np.append(np.diff(log_g) < 0.0, False)
    step = np.where(falling, np.append(np.diff(log_g), 0.0), -1.0)
    slope = np.append(np.diff(np.log10(temperature)), 0.0) / step
    giant = (temperature < RED) & (log_g < LOW_GRAVITY)
    return giant & falling & (slope < STEEP)


def _first(rows: np.ndarray) -> int | None:
    found = np.flatnonzero(rows)
    return int(found[0]) if len(found) else None


def _after(start: int, rows: np.ndarray) -> int | None:
    found = _first(rows)
    return None if found is None else start + found


__all__ = ["phases_by_shape"]
