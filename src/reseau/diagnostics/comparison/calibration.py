"""Calibration against truth, both in the datum in which calibrations are reported."""

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from numpy import ndarray

from reseau._precision import in_double
from reseau.constants import ARCSECOND, DEGREE
from reseau.datasets import Truth
from reseau.instrument import CalibrationTerm, Instrument, basis_name, camera_axes
from reseau.model import Parameters, Problem, detector_parameters, nominal_terms
from reseau.model.gauge import find_datum, to_datum
from reseau.model.terms import nominal_exposure_terms
from reseau.records import Exposures, Measurements, SourcePrior
from reseau.tables import columns_of
from reseau.tables.ids import ABSENT, Index

from .solution import Columns, Compared

MILLIMETRE = 1000.0
ROUNDING = 1e-9
"""Relative eigenvalue of a correlation matrix that is one of rounding only."""

_DETECTOR_GROUPS = {
    "x_um": "detector centre",
    "y_um": "detector centre",
    "theta_deg": "detector angle",
    "pitch_x_um": "pixel pitch",
    "pitch_y_um": "pixel pitch",
}
_UNITS = {"detector angle": ("arcsec", 3600.0), "pixel pitch": ("nm", 1000.0)}


@dataclass(frozen=True)
class Group:
    """How well parameters of one kind were recovered.

    Attributes
    ----------
    n
        Number of parameters.
    rms
        Root mean square of solution minus truth, in `unit`.
    unit
        Its unit.
    pull_std
        Root mean square of the same over the formal errors. Parameters are
        correlated: it scatters more about 1 than that of so many independent values.
    """

    n: int
    rms: float
    unit: str
    pull_std: float


@dataclass(frozen=True)
class Calibration:
    """Calibration against truth.

    Attributes
    ----------
    groups
        By kind of parameter.
    joint
        √(dᵀ C⁺ d / rank) over distortion, skew, detectors and declared terms
        together, which is 1
        within 3/√(2 rank) if the covariance is right; NaN where there is none.
    rank
        Number of independent combinations in it.
    skipped
        In words, what could not be compared.
    truth
        The truth in the reported datum.
    """

    groups: dict[str, Group]
    joint: float = math.nan
    rank: int = 0
    skipped: str = ""
    truth: Parameters | None = field(default=None, repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {
            "groups": {name: vars(g) for name, g in self.groups.items()},
            "joint": {
                "pull_std": self.joint if math.isfinite(self.joint) else None,
                "n": self.rank,
            },
            "skipped": self.skipped,
        }

    def lines(self) -> list[str]:
        """Return the comparison as lines for a terminal."""
        found = []
        if self.groups:
            found.append(f"{'calibration':<18}  {'n':>5}  {'rms':>10}           pull")
        found += [
            f"{name:<18}  {g.n:>5d}  {g.rms:>10.4g} {g.unit:<6}  {g.pull_std:>6.3f}"
            for name, g in self.groups.items()
        ]
        if self.rank:
            found.append(
                f"{'all but exposures':<18}  {self.rank:>5d}  {'':>17}  "
                f"{self.joint:>6.3f}  1 ± {3.0 / math.sqrt(2.0 * self.rank):.3f}"
                " (decorrelated)"
            )
        if self.skipped:
            found.append(self.skipped)
        return found


def compare_calibration(
    found: Compared, truth: Truth, *, free_network: bool = False
) -> Calibration | None:
    """Compare calibration and attitudes with truth, both in one datum.

    Parameters
    ----------
    found
        The solution.
    truth
        The truth; without exposures or instrument there is nothing to compare.
    free_network
        Attitudes of a free network are relative to its own datum and left out.
    """
    if truth.exposures is None or truth.instrument is None:
        return None
    reason = _incomparable(found.instrument, truth.instrument)
    if reason:
        return Calibration({}, skipped=f"calibration not compared: {reason}")
    if free_network:
        words = "calibration not compared: that of a free network has its own datum"
        return Calibration({}, skipped=words)
    exposures = _true_exposures(found, columns_of(truth.exposures))
    if exposures is None:
        words = "calibration not compared: the truth lacks exposures or focal lengths"
        return Calibration({}, skipped=words)
    true = true_parameters(found, truth.instrument, exposures)
    groups = _exposure_groups(found.exposures, true)
    more, joint, rank = _calibration_groups(found, true)
    return Calibration({**groups, **more}, joint, rank, truth=true)


def _incomparable(fitted: Instrument, true: Instrument) -> str:
    """Say why the parameters of two instruments cannot be compared; empty: they can."""
    names = basis_name(fitted.distortion), basis_name(true.distortion)
    if names[0] != names[1]:
        return f"the distortion is {names[0]}, in truth {names[1]}"
    if fitted.distortion != true.distortion:
        return "the distortions differ in degree or normalisation"
    if fitted.detectors.ids != true.detectors.ids:
        return "the detectors have other ids than in truth"
    there = {term.name: term for term in true.terms}
    for term in fitted.terms:
        if term.name in there and not _alike(term, there[term.name]):
            return f"the term {term.name!r} is declared otherwise in truth"
    return ""


def _alike(one: CalibrationTerm, other: CalibrationTerm) -> bool:
    """Return whether the coefficients of two terms mean the same."""
    values = ("values", "sigma")
    return all(
        getattr(one, f.name) == getattr(other, f.name)
        for f in fields(one)
        if f.name not in values
    )


def _true_exposures(found: Compared, truth: Columns) -> Columns | None:
    """Return the truth's rows of the solution's exposures, if all are there."""
    wanted, known = found.exposures["exposure_id"], truth["exposure_id"]
    rows = Index(known, "exposure").rows_of(wanted)
    if np.any(rows == ABSENT) or "focal_x_mm" not in truth:
        return None
    return {name: values[rows] for name, values in truth.items()}


@in_double
def true_parameters(
    found: Compared, instrument: Instrument, exposures: Columns
) -> Parameters:
    """Return the true parameters in the datum of the solution.

    Parameters
    ----------
    found
        The solution; its fitted detectors have the datum's means.
    instrument
        The true instrument.
    exposures
        True exposures, row by row those of the solution.
    """
    attitude = np.stack([exposures[a] * DEGREE for a in ("ra", "dec", "pa")], axis=1)
    focal = [exposures[f"focal_{axis}_mm"] * MILLIMETRE for axis in "xy"]
    parameters = Parameters(
        offset=np.zeros((0, 2)),
        axes=np.asarray(camera_axes(jnp.asarray(attitude))),
        focal=np.stack(focal, axis=1),
        coefficients=np.asarray(instrument.coefficients, dtype=float),
        skew=np.asarray(instrument.skew, dtype=float),
        detectors=detector_parameters(instrument),
        **_true_terms(found.instrument, instrument, len(attitude)),
    )
    problem = _bare_problem(found, attitude)
    modes = found.summary.get("datum_modes")
    left_out = set(found.summary.get("datum_without", ()))
    taking = np.array([i not in left_out for i in found.instrument.detectors.ids])
    # The datum is linearised where the parameters are: the second time there.
    for _ in range(2):
        datum = find_datum(problem, parameters, modes, taking)
        parameters = to_datum(problem, parameters, datum)
    return parameters


def _true_terms(fitted: Instrument, true: Instrument, n: int) -> dict[str, ndarray]:
    """Return the true values of the terms that were fitted: zero of what is not there.

    Parameters
    ----------
    n
        Number of exposures.
    """
    there = {term.name: term for term in true.terms}
    terms = tuple(
        replace(term, values=there[term.name].values)
        if term.name in there
        else replace(term, values=np.zeros_like(np.asarray(term.values)))
        for term in fitted.terms
    )
    known = replace(fitted, terms=terms)
    own = nominal_exposure_terms(known)
    return {
        "terms": nominal_terms(known),
        "exposure_terms": np.tile(own, (n if own.size else 0, 1)),
    }


def _bare_problem(found: Compared, attitude: Float[ndarray, "n 3"]) -> Problem:
    """Return a problem without measurements: all that a datum depends on."""
    n = len(attitude)
    zero, nothing = np.zeros((n, 3)), np.zeros(0, dtype=np.int32)
    return Problem(
        instrument=found.instrument,
        exposures=Exposures(np.zeros(n), attitude, zero, zero),
        measurements=Measurements(
            np.zeros((0, 2)),
            np.zeros((0, 2, 2)),
            source=nothing,
            exposure=nothing,
            detector=nothing,
            covariates=np.zeros((len(found.instrument.terms), 0)),
        ),
        prior=SourcePrior(
            np.zeros((0, 3)), np.zeros((0, 2, 2)), np.zeros(0, dtype=bool)
        ),
        free=found.free,
    )


@in_double
def _exposure_groups(exposures: Columns, true: Parameters) -> dict[str, Group]:
    """Compare attitudes and focal lengths."""
    axes = np.asarray(true.axes)
    pointing = axes[:, 2]
    ra = np.arctan2(pointing[:, 1], pointing[:, 0])
    east = np.stack([-np.sin(ra), np.cos(ra), np.zeros_like(ra)], axis=-1)
    north = np.cross(pointing, east)
    angles = [exposures[a] * DEGREE for a in ("ra", "dec", "pa")]
    found = np.asarray(camera_axes(jnp.asarray(np.stack(angles, axis=1))))
    shift = found[:, 2] - pointing
    pa = np.arctan2(np.sum(axes[:, 1] * east, -1), np.sum(axes[:, 1] * north, -1))
    turn = (angles[2] - pa + np.pi) % (2.0 * np.pi) - np.pi
    differences = {
        "ra": np.sum(shift * east, axis=-1) / ARCSECOND,
        "dec": np.sum(shift * north, axis=-1) / ARCSECOND,
        "pa": turn / ARCSECOND,
    }
    groups = {
        label: _group(differences[name], exposures[f"{name}_error"], unit, factor)
        for name, label, unit, factor in (
            ("ra", "pointing ra·cos dec", "mas", 1000.0),
            ("dec", "pointing dec", "mas", 1000.0),
            ("pa", "position angle", "arcsec", 1.0),
        )
    }
    focal = np.asarray(true.focal).T / MILLIMETRE
    names = ("focal_x_mm", "focal_y_mm")
    difference = np.concatenate(
        [exposures[n] - f for n, f in zip(names, focal, strict=True)]
    )
    errors = np.concatenate([exposures[f"{n}_error"] for n in names])
    groups["focal length"] = _group(difference, errors, "um", MILLIMETRE)
    return {name: g for name, g in groups.items() if g.n}


def _calibration_groups(
    found: Compared, true: Parameters
) -> tuple[dict[str, Group], float, int]:
    """Compare distortion, skew and detectors, one by one and together."""
    names = found.calibration["name"]
    detectors = np.array(true.detectors)
    detectors[:, 2] /= DEGREE
    truth = np.concatenate(
        [
            np.asarray(true.coefficients),
            [float(true.skew)],
            detectors.ravel(),
            np.asarray(true.terms),
            np.asarray(true.exposure_terms).ravel(),
        ]
    )
    of_term = {n: t for t in found.instrument.terms for n in t.own_names}
    difference = found.calibration["value"].astype(float) - truth
    kinds = np.array(
        [
            f"term {of_term[str(n)].name}" if str(n) in of_term else _kind(str(n))
            for n in names
        ]
    )
    units = {f"term {t.name}": (t.unit, 1.0) for t in of_term.values()} | _UNITS
    error = found.calibration["error"].astype(float)
    groups = {}
    for kind in dict.fromkeys(kinds):
        unit, factor = units.get(str(kind), ("" if kind == "skew" else "um", 1.0))
        here = kinds == kind
        group = _group(difference[here], error[here], unit, factor)
        if group.n:
            groups[str(kind)] = group
    return groups, *_joint(difference, found.covariance)


def _kind(name: str) -> str:
    return "skew" if name == "skew" else _DETECTOR_GROUPS.get(name, "distortion")


def _group(difference: ndarray, error: ndarray, unit: str, factor: float) -> Group:
    """Return the statistics of the free and determined ones among parameters."""
    free = np.isfinite(difference) & np.isfinite(error) & (error > 0)
    d, e = difference[free], error[free]
    if not d.size:
        return Group(0, math.nan, unit, math.nan)
    rms, pull = (float(np.sqrt(np.mean(v**2))) for v in (d * factor, d / e))
    return Group(int(d.size), rms, unit, pull)


def _joint(difference: ndarray, covariance: ndarray) -> tuple[float, int]:
    """Return √(dᵀ C⁺ d / rank) and the rank; datum modes have no variance."""
    variance = np.diag(covariance)
    free = np.isfinite(difference) & np.isfinite(variance) & (variance > 0)
    if not free.any():
        return math.nan, 0
    sigma = np.sqrt(variance[free])
    values, vectors = np.linalg.eigh(
        covariance[np.ix_(free, free)] / np.outer(sigma, sigma)
    )
    large = values > ROUNDING * values[-1]
    along = vectors[:, large].T @ (difference[free] / sigma)
    rank = int(np.count_nonzero(large))
    return float(np.sqrt(np.mean(along**2 / values[large]))), rank


__all__ = ["Calibration", "Group", "compare_calibration", "true_parameters"]
