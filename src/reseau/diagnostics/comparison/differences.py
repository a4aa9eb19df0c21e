"""Differences of two solutions in numbers: positions, attitudes, calibration."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from reseau._precision import in_double
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.datasets import calibration_labels
from reseau.instrument import basis_name, camera_axes
from reseau.tables.ids import common

from .solution import Columns, Compared

MICROMETRE = 1000.0
"""In a millimetre."""

_DISTORTION = ("distortion", "um", 1.0)
_KINDS = {
    "skew": ("skew", "", 1.0),
    "x_um": ("detector centre", "um", 1.0),
    "y_um": ("detector centre", "um", 1.0),
    "theta_deg": ("detector angle", "arcsec", 3600.0),
    "pitch_x_um": ("pixel pitch", "nm", 1000.0),
    "pitch_y_um": ("pixel pitch", "nm", 1000.0),
}


class Matched(NamedTuple):
    """Numbers of rows in both, only in A and only in B."""

    both: int
    only_a: int
    only_b: int

    def told(self) -> str:
        """Return them in words."""
        return f"{self.both} in both, {self.only_a} only in A, {self.only_b} only in B"


@dataclass(frozen=True)
class Difference:
    """How far values of one kind are apart.

    Attributes
    ----------
    n
        Number of rows compared.
    rms
        Root mean square of B minus A, of each coordinate, in `unit`.
    unit
        Its unit.
    sigma
        The same in units of A's errors; NaN without errors.
    largest
        Largest distance of a row in these units.
    ratio, ratio_16, ratio_84
        Median of B's errors over A's, and its 16th and 84th percentile.
    """

    n: int
    rms: float
    unit: str
    sigma: float
    largest: float
    ratio: float
    ratio_16: float
    ratio_84: float

    def line(self, name: str) -> str:
        """Return it as a row of a table."""
        spread = f"{self.ratio_16:.3f} to {self.ratio_84:.3f}"
        return (
            f"{name:<20}{self.n:>8d}{self.rms:>12.4g} {self.unit:<6}"
            f"{self.sigma:>10.3f}{self.largest:>10.3f}{self.ratio:>10.3f}{spread:>20}"
        )


def statistics(
    difference: Float[ndarray, "n k"],
    pull: Float[ndarray, "n k"],
    ratio: Float[ndarray, "n k"],
    unit: str,
) -> Difference:
    """Return the statistics of some rows.

    Parameters
    ----------
    difference
        B minus A, in `unit`.
    pull
        The same in A's errors, decorrelated; NaN without errors.
    ratio
        Errors of B over those of A.
    unit
        For the table.
    """
    size = np.sqrt(np.sum(pull**2, axis=1))
    known, ratios = size[np.isfinite(size)], ratio[np.isfinite(ratio)]
    low, middle, high = (
        np.percentile(ratios, (16, 50, 84)) if ratios.size else (math.nan,) * 3
    )
    return Difference(
        n=difference.shape[0],
        rms=float(np.sqrt(np.mean(difference**2))),
        unit=unit,
        sigma=float(np.sqrt(np.mean(pull[np.isfinite(size)] ** 2)))
        if known.size
        else math.nan,
        largest=float(known.max()) if known.size else math.nan,
        ratio=float(middle),
        ratio_16=float(low),
        ratio_84=float(high),
    )


def exposure_differences(
    a: Compared, b: Compared, *, attitudes: bool
) -> tuple[Matched, dict[str, Difference]]:
    """Compare the exposures that both solutions have.

    Parameters
    ----------
    a, b
        The solutions.
    attitudes
        False: leave attitudes out, as of solutions in different datums.
    """
    ids = _identity(a.exposures, "exposure"), _identity(b.exposures, "exposure")
    shared, *rows = common(*ids)
    counts = Matched(shared.size, ids[0].size - shared.size, ids[1].size - shared.size)
    if not shared.size:
        return counts, {}
    first, second = (
        {name: values[r] for name, values in x.exposures.items()}
        for x, r in zip((a, b), rows, strict=True)
    )
    east, north, turn = _attitude_steps(first, second)
    # As the coordinates have it: a step East turns North by the step times tan(dec).
    turn = turn + east * np.tan(first["dec"] * DEGREE)
    found: list[tuple[str, str, ndarray, tuple[str, ...], float]] = []
    if attitudes:
        found = [
            ("pointing ra·cos dec", "mas", east / MILLIARCSECOND, ("ra",), 1e3),
            ("pointing dec", "mas", north / MILLIARCSECOND, ("dec",), 1e3),
            ("position angle", "arcsec", turn / ARCSECOND, ("pa",), 1.0),
        ]
    names = ("focal_x_mm", "focal_y_mm")
    focal = np.concatenate([second[n] - first[n] for n in names]) * MICROMETRE
    found.append(("focal length", "um", focal, names, MICROMETRE))
    kinds = {}
    for label, unit, difference, columns, factor in found:
        errors = [
            np.concatenate([x[f"{n}_error"] for n in columns]) * factor
            for x in (first, second)
        ]
        statistic = _plain_statistics(difference, errors[0], errors[1], unit)
        if statistic is not None:
            kinds[label] = statistic
    return counts, kinds


@in_double
def _attitude_steps(a: Columns, b: Columns) -> tuple[ndarray, ndarray, ndarray]:
    """Return the steps (east, north, roll) from the attitudes of A to those of B."""
    angles = [
        np.stack([x[name] * DEGREE for name in ("ra", "dec", "pa")], axis=1)
        for x in (a, b)
    ]
    first, second = (np.asarray(camera_axes(jnp.asarray(x))) for x in angles)
    shift = second[:, 2] - first[:, 2]
    ra, dec = angles[0][:, 0], angles[0][:, 1]
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=1)
    north = np.stack(
        [-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)], axis=1
    )
    # The camera's x̂ and ŷ turn about its axis: the antisymmetric part.
    turn = 0.5 * np.sum(second[:, 1] * first[:, 0] - second[:, 0] * first[:, 1], axis=1)
    return np.sum(shift * east, axis=1), np.sum(shift * north, axis=1), turn


def parameter_differences(
    a: Compared, b: Compared
) -> tuple[Matched, dict[str, Difference]]:
    """Compare the calibration parameters that both solutions have, by kind.

    Parameters
    ----------
    a, b
        The solutions.
    """
    one, other = _labels(a), _labels(b)
    common, *rows = np.intersect1d(one, other, return_indices=True)
    counts = Matched(common.size, one.size - common.size, other.size - common.size)
    names = a.calibration["name"][rows[0]]
    of_term = {
        n: (f"term {t.name}", t.unit, 1.0)
        for t in a.instrument.terms
        for n in t.own_names
    }
    of_name = {**_KINDS, **of_term}
    kinds = np.array([of_name.get(str(n), _DISTORTION)[0] for n in names])
    difference, first, second = (
        b.calibration["value"][rows[1]].astype(float)
        - a.calibration["value"][rows[0]].astype(float),
        a.calibration["error"][rows[0]].astype(float),
        b.calibration["error"][rows[1]].astype(float),
    )
    found = {}
    for kind, unit, factor in dict.fromkeys((_DISTORTION, *of_name.values())):
        here = kinds == kind
        d, e, f = (c[here] * factor for c in (difference, first, second))
        statistic = _plain_statistics(d, e, f, unit)
        if statistic is not None:
            found[kind] = statistic
    return counts, found


def _identity(columns: Columns, what: str) -> ndarray:
    """Return what tells rows apart in every solution: names where there are any.

    The numbers of named exposures and detectors are those of one solution alone.
    """
    names = columns.get(f"{what}_name")
    if names is None:
        return np.asarray(columns[f"{what}_id"]).astype(str)
    return np.asarray(names).astype(str)


def _labels(solution: Compared) -> ndarray:
    """Return a text for each parameter that is the same in every solution.

    Coefficients of one name are the same if they stand for the same function.
    """
    calibration, model = solution.calibration, solution.instrument.distortion
    detectors = [
        None if d is None or d != d else int(d) for d in calibration["detector_id"]
    ]
    function = f" of {basis_name(model)} over {model.normalisation:.9g} um"
    functions = dict.fromkeys(model.names, function) | {
        name: f" of {t.covariate} - {t.zero:g}, {t.frame}, {t.basis} over "
        f"{t.normalisation:.9g} um"
        for t in solution.instrument.terms
        for name in t.own_names
    }
    names = [str(n) + functions.get(str(n), "") for n in calibration["name"]]
    exposures = [
        None if e is None or e != e else int(e) for e in calibration["exposure_id"]
    ]
    return np.array(calibration_labels(names, exposures, detectors))


def _plain_statistics(
    difference: ndarray, first: ndarray, second: ndarray, unit: str
) -> Difference | None:
    """Return the statistics of the values that are free in A or in B."""
    free = np.isfinite(difference) & ((first > 0) | (second > 0))
    if not free.any():
        return None
    d, e, f = (v[free, None] for v in (difference, first, second))
    known = np.where(np.isfinite(e) & (e > 0), e, np.nan)
    return statistics(d, d / known, np.where(f > 0, f, np.nan) / known, unit)


__all__ = [
    "Difference",
    "Matched",
    "exposure_differences",
    "parameter_differences",
    "statistics",
]
