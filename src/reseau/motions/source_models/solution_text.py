"""The model of a source in words and numbers, for people."""

import numpy as np

from .choice import UNKNOWN_NAME, Choice
from .orbit import OrbitFit
from .shared_orbit import SharedOrbitFit
from .solution import ELEMENT_UNITS, PARAMETER_UNITS, SourceSolution, solution_of

LIMIT = 10
"""Sources whose models are written out."""

_MEANINGS = {
    "ra": "offset in ra × cos dec",
    "dec": "offset in dec",
    "parallax": "parallax",
    "pmra": "motion in ra × cos dec",
    "pmdec": "motion in dec",
    "accel_ra": "acceleration in ra",
    "accel_dec": "acceleration in dec",
    "deriv_accel_ra": "its change in ra",
    "deriv_accel_dec": "its change in dec",
    "pseudocolour": "pseudo-colour",
    "a_thiele_innes": "A",
    "b_thiele_innes": "B",
    "f_thiele_innes": "F",
    "g_thiele_innes": "G",
    "period": "period",
    "eccentricity": "eccentricity",
    "t_periastron": "periastron after epoch",
    "center_of_mass_velocity": "velocity of the centre",
    "semi_amplitude_primary": "semi-amplitude K",
    "semi_major_axis": "semi-major axis",
    "inclination": "inclination",
    "arg_periastron": "argument of periastron",
    "nodeangle": "node",
    "einstein_radius": "Einstein radius",
    "direction": "direction of passage",
    "t_closest": "closest after epoch",
    "einstein_time": "Einstein time",
    "impact_parameter": "impact parameter",
}


def lines_of(choice: Choice) -> list[str]:
    """Return tables for people, of at most 80 columns.

    Parameters
    ----------
    choice
        Models of all sources; the first `LIMIT` are written out.
    """
    astrometry = choice.astrometry
    n = len(choice.kind)
    rows = len(astrometry.epoch)
    lines = [
        f"{astrometry.origin}: {n:,} source{'s' if n > 1 else ''}, {rows:,} rows, "
        f"{int(astrometry.n_used.sum()):,} used",
        "",
    ]
    if n > 1:
        kinds, counts = np.unique(np.array(choice.kind), return_counts=True)
        lines += [
            f"  {kind:<18}{count:>10,}"
            for kind, count in zip(kinds, counts, strict=True)
        ]
        lines.append("")
    for place in range(min(n, LIMIT)):
        lines += report_of(solution_of(choice, place))
        lines.append("")
    if n > LIMIT:
        lines += [f"  ... and {n - LIMIT:,} sources more, in the table", ""]
    return lines[:-1]


def report_of(solution: SourceSolution) -> list[str]:
    """Return the model of one source.

    Parameters
    ----------
    solution
        Of the source.
    """
    astrometry = solution.astrometry
    name = int(astrometry.source_id[0])
    lines = [f"source {name}: {solution.kind}"]
    if solution.kind == UNKNOWN_NAME:
        used = int(astrometry.n_used[0])
        return [*lines, f"  {used} rows do not determine its parameters"]
    lines += [
        f"  epoch {astrometry.reference_epoch:.2f}, span {astrometry.span[0]:.2f} yr, "
        f"{int(astrometry.n_used[0])} rows, F2 {solution.goodness:.2f}, "
        f"χ² {solution.chi2:.1f} / {solution.degrees}"
    ]
    if solution.floor > 0.0:
        sure = (
            f", {solution.floor_significance:.1f}σ"
            if solution.floor_significance > 0.0
            else ""
        )
        lines.append(
            f"  noise floor {_digits(solution.floor, solution.floor)} mas{sure}"
        )
    lines.append("")
    for parameter, value, error in zip(
        solution.names, solution.value, solution.error, strict=True
    ):
        lines.append(_row(parameter, value, error, PARAMETER_UNITS[parameter]))
    for parameter, (value, error) in solution.derived.items():
        lines.append(_row(parameter, value, error, ELEMENT_UNITS[parameter]))
    lines += _of_orbit(solution)
    if len(solution.evidence) > 1:
        lines += ["", f"  {'model':<18}{'χ²':>12}{'ν':>7}{'F2':>9}{'BIC':>12}"]
        lines += [
            f"  {kind:<18}{chi2:>12.1f}{nu:>7}{f2:>9.2f}{bic:>12.1f}"
            for kind, (chi2, nu, f2, bic) in solution.evidence.items()
        ]
    return lines


def _row(name: str, value: float, error: float, unit: str) -> str:
    meaning = _MEANINGS.get(name, name)
    shown = unit.replace(" ", "")
    if error == 0.0:
        return f"  {meaning:<26}{'not fitted':>16}"
    number, sigma = _digits(value, error), _digits(error, error)
    return f"  {meaning:<26}{number:>16} ± {sigma:<12} {shown}".rstrip()


def _digits(value: float, error: float) -> str:
    """Write a number to the third digit of its error."""
    if not (np.isfinite(error) and error > 0.0):
        return f"{value:.6g}"
    places = int(np.clip(2 - np.floor(np.log10(error)), 0, 9))
    return f"{value:.{places}f}"


def _of_orbit(solution: SourceSolution) -> list[str]:
    if solution.curved is None or not isinstance(solution.curved.fit, OrbitFit):
        return []
    fit = solution.curved.fit
    chance = f"{fit.false_alarm:.1e}" if fit.false_alarm > 1e-99 else "< 1e-99"
    lines = [f"  {'chance of a false alarm':<26}{chance:>16}"]
    if not fit.shape.converged:
        lines.append(
            "  the search ended at a bound of period or eccentricity: no orbit"
        )
    if isinstance(fit, SharedOrbitFit):
        lines.append(
            f"  K of a dark companion would be {fit.dark_speed:.2f} ± "
            f"{fit.dark_speed_error:.2f} km/s"
        )
    return lines


__all__ = ["LIMIT", "lines_of", "report_of"]
