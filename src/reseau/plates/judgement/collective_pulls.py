"""What a solution's priors have in common: focal lengths, pointings, detectors."""

import math

import numpy as np

from reseau.constants import ARCSECOND, DEGREE
from reseau.model import PER_DETECTOR, PER_EXPOSURE, prior_widths
from reseau.solvers import Solution

from .collective import FELT, Collective

MILLIMETRE = 1000.0

_POINTINGS = (
    ("pointings along ra", "to the East", "to the West"),
    ("pointings along dec", "to the North", "to the South"),
    ("position angles", "more", "less"),
)
_DETECTORS = (
    ("detectors' centres along X", "um", 1.0),
    ("detectors' centres along Y", "um", 1.0),
    ("detectors' rotations", "deg", DEGREE),
    ("detectors' pitches along x", "um", 1.0),
    ("detectors' pitches along y", "um", 1.0),
)


def collective_pulls(solution: Solution) -> list[Collective]:
    """Return the common parts of the pulls of alike priors, largest first.

    They are those of the point that is written: in its datum the detectors have no
    common part, and what they would hide is seen where it belongs.
    """
    groups = [*_focal(solution), *_pointings(solution), *_detectors(solution)]
    standing = [g for g in groups if g.stands_out(len(groups))]
    return sorted(standing, key=lambda g: -abs(g.of_one))


def _focal(solution: Solution) -> list[Collective]:
    layout, instrument = solution.problem.layout, solution.problem.instrument
    columns = layout.by_exposure(np.arange(layout.size))[:, 3:PER_EXPOSURE]
    pulls = solution.calibration_pull[columns]
    if not np.all(np.isfinite(pulls)) or not pulls.size:
        return []
    nominal = np.asarray(instrument.focal)
    focal = np.mean(np.asarray(solution.parameters.focal), axis=0)
    n = {"exposure-axis": pulls.shape[0], "exposure": 0.5 * pulls.shape[0]}
    each = n.get(instrument.scale, 0.5 if instrument.scale == "plate" else 1.0)
    means = np.mean(pulls, axis=0)
    if abs(means[0] - means[1]) < FELT:
        relative = float(np.mean(focal / nominal)) - 1.0
        values = nominal * (1.0 + relative)
        parts = [("focal lengths", columns, slice(None), 2.0 * each)]
    else:
        values = focal
        parts = [
            (f"focal lengths along {axis}", columns[:, i], slice(i, i + 1), each)
            for i, axis in enumerate("XY")
        ]
    cause = (
        "the nominal focal length is off, or all pixel pitches are by as much the "
        f"other way; put {_keys(values, nominal)} in the instrument"
    )
    return [
        Collective(
            what=what,
            rows=tuple(int(c) for c in rows.ravel()),
            of_one=float(np.mean(means[axes])),
            independent=max(independent, 1.0),
            shift=_relative((values - nominal)[axes], nominal[axes]),
            cause=cause,
        )
        for what, rows, axes, independent in parts
    ]


def _relative(shift: np.ndarray, nominal: np.ndarray) -> str:
    relative, size = float(np.mean(shift / nominal)), float(np.mean(shift))
    where = "above" if relative > 0 else "below"
    return f"are {_percent(relative)} ({abs(size) / MILLIMETRE:.3g} mm) {where} nominal"


def _percent(relative: float) -> str:
    size = 100.0 * abs(relative)
    return f"{size:.1f} %" if size >= 0.95 else f"{size:.2g} %"


def _keys(values: np.ndarray, nominal: np.ndarray) -> str:
    """Return focal lengths [um] as keys of the instrument's file."""
    digits = max(1, 5 - math.floor(math.log10(values[0] / MILLIMETRE)))
    texts = [f"{value / MILLIMETRE:.{digits}f}" for value in values]
    if nominal[0] == nominal[1] and texts[0] == texts[1]:
        return f"focal_length_mm = {texts[0]}"
    return ", ".join(
        f"focal_length_{axis}_mm = {text}"
        for axis, text in zip("xy", texts, strict=True)
    )


def _pointings(solution: Solution) -> list[Collective]:
    layout, width = solution.problem.layout, prior_widths(solution.problem)
    columns = layout.by_exposure(np.arange(layout.size))
    found = []
    for i, (what, positive, negative) in enumerate(_POINTINGS):
        rows = columns[:, i]
        rows = rows[np.isfinite(solution.calibration_pull[rows])]
        if rows.size < 2:
            continue
        pulls = solution.calibration_pull[rows]
        mean = float(np.mean(pulls))
        shift = float(np.mean(pulls * width[rows]))
        way = positive if shift > 0 else negative
        found.append(
            Collective(
                what=what,
                rows=tuple(int(r) for r in rows),
                of_one=mean,
                independent=float(rows.size),
                shift=f"are {_angle(shift)} {way} {'than' if i == 2 else 'of what'} "
                "the exposures say",
                cause="their zero point is off, or their errors are too small; give "
                "larger errors or mend the estimates",
            )
        )
    return found


def _angle(angle: float) -> str:
    size = abs(angle)
    if size >= DEGREE:
        return f"{size / DEGREE:.3g}°"
    return f"{size / ARCSECOND:.3g} arcsec"


def _detectors(solution: Solution) -> list[Collective]:
    layout, width = solution.problem.layout, prior_widths(solution.problem)
    columns = np.arange(layout.size)[layout.detectors].reshape(-1, PER_DETECTOR)
    found = []
    for i, (what, unit, factor) in enumerate(_DETECTORS):
        rows = columns[:, i]
        rows = rows[np.isfinite(solution.calibration_pull[rows])]
        if rows.size < 2:
            continue
        pulls = solution.calibration_pull[rows]
        shift = float(np.mean(pulls * width[rows])) / factor
        way = "above" if shift > 0 else "below"
        found.append(
            Collective(
                what=what,
                rows=tuple(int(r) for r in rows),
                of_one=float(np.mean(pulls)),
                independent=float(rows.size),
                shift=f"are {abs(shift):.3g} {unit} {way} nominal",
                cause="the nominal values of the instrument are off together",
            )
        )
    return found


__all__ = ["collective_pulls"]
