"""What one looks at first in a solution: errors, residuals and scale on the sky."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reseau._precision import in_double
from reseau._words import counted
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.plates.judgement.assumed_error import quantity
from reseau.plates.judgement.unit_weight import sigma0_text
from reseau.solvers import Solution, source_errors
from reseau.solvers.start.alignment import camera_vectors

from .calibration import fitted_instrument
from .datum_text import datum_text
from .on_the_plane import attitudes
from .preparation import Prepared
from .result import counts_for_rms


def overview(prepared: Prepared, solution: Solution) -> dict[str, Any]:
    """Return a few figures of a solution in units of the sky.

    Parameters
    ----------
    prepared
        The problem and its ids.
    solution
        Its solution.

    Returns
    -------
    ``median_error_mas``
        Median 1σ of α cos δ and δ of references and targets that were solved for.
    ``residual_rms_mas``
        Of a coordinate of the measurements that count.
    ``scale``, ``scale_unit``
        Size on the sky of a pixel (of 1 mm in a plane without pixels) along x and y at
        the middle of a detector, distortion included, the mean over detectors.
    ``position_angle_deg``, ``position_angle_spread_deg``
        Mean of the exposures' position angles of +Y, and the largest distance from it.
    """
    return {
        "median_error_mas": _median_errors(prepared, solution),
        "residual_rms_mas": _rms(solution.residuals.sky[counts_for_rms(solution)])
        / MILLIARCSECOND,
        **_scale(prepared, solution),
        **_position_angle(solution),
    }


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2))) if values.size else float("nan")


def _median_errors(
    prepared: Prepared, solution: Solution
) -> dict[str, dict[str, float]]:
    errors = source_errors(solution)
    free = np.nan_to_num(errors.ra) > 0
    found = {}
    for name, chosen in (
        ("reference", free & prepared.is_reference),
        ("target", free & ~prepared.is_reference),
    ):
        if chosen.any():
            found[name] = {
                axis: float(np.median(values[chosen])) / MILLIARCSECOND
                for axis, values in (("ra", errors.ra), ("dec", errors.dec))
            }
    return found


@in_double
def _scale(prepared: Prepared, solution: Solution) -> dict[str, Any]:
    instrument = fitted_instrument(prepared, solution)
    detectors = instrument.detectors
    middle = np.asarray(detectors.origin)
    n = len(middle)
    of_pixels = prepared.unit == "pixel"
    # As wide as needed for digits, and narrow for what the distortion bends.
    step = 10.0 if of_pixels else 100.0
    away = step * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    ends = (middle + away[:, None]).reshape(-1, 2)
    seen = camera_vectors(instrument, ends, np.tile(np.arange(n), 4))
    sides = seen.reshape(2, 2, n, 3)
    apart = np.linalg.norm(sides[:, 0] - sides[:, 1], axis=-1)
    scale = np.mean(2.0 * np.arcsin(0.5 * apart), axis=1) / (2.0 * step)
    unit = 1.0 if of_pixels else 1000.0
    return {
        "scale": [float(s) * unit / ARCSECOND for s in scale],
        "scale_unit": "arcsec/pixel" if of_pixels else "arcsec/mm",
    }


def _position_angle(solution: Solution) -> dict[str, float]:
    attitude = attitudes(np.asarray(solution.parameters.axes))
    turn = np.exp(1j * attitude[:, 2])
    mean = np.sum(turn)
    # Angles all around have no mean.
    known = abs(mean) > 1e-6 * turn.size
    away = np.abs(np.angle(turn * np.conj(mean)))
    return {
        "position_angle_deg": float(np.angle(mean) / DEGREE % 360.0)
        if known
        else float("nan"),
        "position_angle_spread_deg": float(np.max(away) / DEGREE),
    }


def overview_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the overview in a summary as names and values for a terminal.

    Parameters
    ----------
    summary
        As `overview` filled it.
    """
    rows = [
        (
            f"median error, {name}s",
            f"{_angle(e['ra'])} in α cos δ, {_angle(e['dec'])} in δ",
        )
        for name, e in summary["median_error_mas"].items()
    ]
    assumed = summary["assumed_error"]
    if assumed is not None:
        rows.insert(0, ("error of a coordinate", _assumed(assumed)))
    rows.append(("residual on the sky", f"{_angle(summary['residual_rms_mas'])} RMS"))
    x, y = summary["scale"]
    unit = summary["scale_unit"]
    same = abs(x - y) < 1e-6 * abs(x)
    rows.append(("scale", f"{x:.7g} {unit}" if same else f"{x:.7g}, {y:.7g} {unit}"))
    spread = summary["position_angle_spread_deg"]
    more = f", exposures within {spread:.2g}°" if spread > 1e-6 else ""
    turn = f"{summary['position_angle_deg']:.6f}°, of +Y from North through East"
    rows.append(("position angle", turn + more))
    return rows


def number_rows(
    summary: Mapping[str, Any], *, in_detail: bool = False
) -> list[tuple[str, str]]:
    """Return the numbers of a summary as names and values, as one reads them first.

    Parameters
    ----------
    summary
        Of a solution.
    in_detail
        Whether to say how long each stage took, and how much memory.
    """
    found = summary
    unit, rms = found["residual_unit"], found["residual_rms"]
    references = counted(found["n_reference"], "references")
    rows = [
        ("sources", f"{found['n_sources']:,} ({references})"),
        ("exposures", f"{found['n_exposures']:,}"),
        ("measurements", f"{found['n_measurements']:,}"),
        ("residual RMS", f"{_number(rms)} {unit} (each coordinate)"),
        *overview_rows(found),
        ("sigma0", sigma0_text(found["sigma0"])),
        ("iterations", f"{found['n_iterations']}"),
        ("datum", datum_text(found)),
    ]
    if found["null_directions"]:
        rows.append(("not determined", "; ".join(found["null_directions"])))
    seconds = found["seconds"]
    rows.append(("seconds", f"{sum(seconds.values()):.1f}"))
    if in_detail:
        rows += [(f"  {name}", f"{value:.2f}") for name, value in seconds.items()]
        rows.append(("peak memory", f"{found['peak_memory']:,.0f} MiB"))
    return rows


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"


def _assumed(found: dict[str, Any]) -> str:
    """Write what was assumed, and what was found."""
    text = f"{quantity(found['size'], found['unit'])}, assumed"
    scatter = found["scatter"]
    if not np.isfinite(scatter):
        return text
    return f"{text}; residuals scatter by {quantity(scatter, found['unit'])}"


def _angle(mas: float | None) -> str:
    """Write an angle given in mas with the unit that reads best."""
    if mas is None or not np.isfinite(mas):
        return "unknown"
    if mas >= 1000.0:
        return f"{mas / 1000.0:.3g} arcsec"
    return f"{mas:.3g} mas" if mas >= 1.0 else f"{1000.0 * mas:.3g} µas"


__all__ = ["number_rows", "overview", "overview_rows"]
