"""The point that is written: the optimum moved to its datum, no measurement moved.

Common modes of the detectors trade with pointing, scale and distortion as far as
detectors are turned by right angles and exposures have one ratio of their focal
lengths. What a move leaves of the predicted pixels is taken back by all shared
parameters that are not held by the datum, in steps of Gauss and Newton, sources
untouched. A change of a prediction by more than `UNCHANGED` is said with the solution.
A mode that would change one by more than `SAID` is not moved: it stays as data and
priors have it, and the datum does not name it.
"""

from typing import NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse
from jaxtyping import Bool, Float, Int

from reseau.equations import Residuals
from reseau.equations.assemble import assemble
from reseau.equations.plan import Plan
from reseau.equations.residuals import pulls_at, residuals_at
from reseau.equations.ties import tie_columns
from reseau.model import Parameters, Problem, free_columns, prior_widths, take_step
from reseau.model.gauge import Datum, find_datum, to_datum

UNCHANGED = 1e-3
"""Largest change of a predicted position [σ] that a move to the datum may leave."""

SAID = 0.1
"""The same for a move that is made all the same, and said.

Modes trade nearly, not exactly: a shift against the axis tilts the plane, a turn beside
focal lengths that differ along X and Y shears it. Left where priors have them,
pointings, position angles and focal lengths would carry the widths of those priors.
"""

STEPS = 2
"""Steps at most that take back what a move changed."""

SET_ASIDE = 1e-3
"""Weight of a measurement below which it need not stay where it is."""

ENOUGH = 32
"""Measurements of one exposure by one detector that say how their predictions move."""

RIDGE = 1e-11
"""Curvature, in that of each parameter, where predictions know nothing of a step."""


class Reported(NamedTuple):
    """Where a solution is written.

    Attributes
    ----------
    parameters
        Values in the datum.
    datum
        Its modes, as they are at the optimum.
    residuals
        At `parameters`.
    change
        Largest change of a predicted position by the move [σ].
    """

    parameters: Parameters
    datum: Datum
    residuals: Residuals
    change: float


def reported_at(
    problem: Problem,
    tiles: Plan,
    optimum: Parameters,
    constrained: Parameters | None = None,
    weight: Float[np.ndarray, "n_meas"] | None = None,
    before: Residuals | None = None,
) -> Reported:
    """Move the optimum to its datum as far as no prediction moves.

    Parameters
    ----------
    problem, tiles
        The plate.
    optimum
        Where the iteration ended: what is predicted there stays.
    constrained
        The same after inner constraints of a free network were met; absent: none.
    weight
        How far each measurement counts; one that is set aside, perhaps since its star
        is another one far away, need not stay where it is. Absent: all count.
    before
        Residuals at the optimum; absent: they are computed.
    """
    if before is None:
        before = residuals_at(problem, tiles, optimum)
    stay = _predicted(problem, tiles, before, weight)
    start = optimum if constrained is None else constrained
    found = _in_datum(stay, start)
    if found is not None:
        return found
    free = find_datum(problem, start, ())
    if constrained is None:
        return Reported(optimum, free, stay.before, 0.0)
    return stay.written(start, free)


class _Predicted(NamedTuple):
    """What is predicted at the optimum, and is to stay predicted.

    Attributes
    ----------
    problem, tiles
        The plate.
    few
        Tiles that say how predictions move: they change smoothly over a detector.
    before
        Residuals at the optimum.
    counts
        Which measurements need to stay.
    seen
        Rows of those in `few`.
    """

    problem: Problem
    tiles: Plan
    few: Plan
    before: Residuals
    counts: Bool[np.ndarray, "n_meas"]
    seen: Int[np.ndarray, "n"]

    def change_at(self, point: Parameters) -> float:
        """Return the largest change of the few [σ]."""
        if not _is_possible(point):
            return np.inf
        after = pulls_at(self.problem, self.few, point, self.seen)
        return _largest(after, self.before.pull[self.seen])

    def written(self, point: Parameters, datum: Datum) -> Reported:
        """Return a point with the largest change of all."""
        after = residuals_at(self.problem, self.tiles, point)
        counts = self.counts
        change = _largest(after.pull[counts], self.before.pull[counts])
        return Reported(point, datum, after, change)


class _Changes(NamedTuple):
    """How predictions change with the free parameters, all scaled to unit curvature."""

    basis: scipy.sparse.csr_matrix
    scale: np.ndarray
    matrix: np.ndarray
    right: np.ndarray
    square: float


def _predicted(
    problem: Problem,
    tiles: Plan,
    before: Residuals,
    weight: Float[np.ndarray, "n_meas"] | None,
) -> _Predicted:
    """Return what is predicted at the optimum."""
    counts = np.ones(len(problem.measurements.source), dtype=bool)
    if weight is not None:
        counts = np.asarray(weight) > SET_ASIDE
    few = _cover(tiles)
    seen = _rows(few)
    return _Predicted(problem, tiles, few, before, counts, seen[counts[seen]])


def _in_datum(stay: _Predicted, start: Parameters) -> Reported | None:
    """Return a point in the datum of as many modes as predictions allow; None: none."""
    problem = stay.problem
    datum = find_datum(problem, start)
    moved = to_datum(problem, start, datum)
    change = stay.change_at(moved)
    if not np.isfinite(change):
        # The fit ran away; what it would be elsewhere is no news.
        return None
    if change <= UNCHANGED:
        found = stay.written(moved, datum)
        if found.change <= UNCHANGED:
            return found
    aims = _aimed_at_predictions(problem, stay.few, stay.before, stay.counts)
    first = _changes(problem, aims, moved)
    for kept in _choices(datum):
        chosen = datum if kept == datum.modes else find_datum(problem, start, kept)
        point = _restored(stay, aims, first, moved, chosen)
        if point is None:
            continue
        found = stay.written(point, chosen)
        if found.change <= SAID:
            return found
    return None


def _restored(
    stay: _Predicted, aims: Plan, first: _Changes, moved: Parameters, datum: Datum
) -> Parameters | None:
    """Return the point of a datum whose predictions are the nearest; None: too far."""
    point, left = _taken_back(first, moved, datum)
    if left > SAID * np.sqrt(2.0 * stay.seen.size):
        return None  # the largest of so many is more than their rms
    for _ in range(STEPS):
        if stay.change_at(point) <= UNCHANGED:
            break
        if not _is_possible(point):
            break
        point, _ = _taken_back(_changes(stay.problem, aims, point), point, datum)
    return point if _is_possible(point) else None


def _is_possible(point: Parameters) -> bool:
    """Return whether focal lengths and pitches are what such can be."""
    sizes = [np.asarray(point.focal), np.asarray(point.detectors)[:, 3:]]
    positive = all(bool(np.all(np.isfinite(x) & (x > 0))) for x in sizes)
    return positive and bool(np.all(np.isfinite(point.axes)))


def _cover(tiles: Plan) -> Plan:
    """Return tiles that hold enough measurements of each exposure of each detector.

    Of each slot `ENOUGH`, or all that it has. Tiles that are short of most come first.
    """
    blocks = tiles.blocks
    exposure = np.asarray(blocks.exposure)
    detector = np.broadcast_to(np.asarray(blocks.detector)[:, None], exposure.shape)
    full = np.count_nonzero(np.asarray(blocks.whitening)[0], axis=2)
    _, slot = np.unique(
        np.stack([exposure.ravel(), detector.ravel()]), axis=1, return_inverse=True
    )
    sizes = [t.blocks.stop - t.blocks.start for t in tiles.tiles]
    tile = np.repeat(np.arange(len(sizes)), sizes)
    held = np.zeros((len(sizes), slot.max() + 1))
    np.add.at(held, (np.repeat(tile, exposure.shape[1]), slot.ravel()), full.ravel())
    missing = np.minimum(held.sum(axis=0), ENOUGH)
    chosen: list[int] = []
    while np.any(missing > 0):
        best = int(np.argmax(np.minimum(held, missing).sum(axis=1)))
        chosen.append(best)
        missing = missing - held[best]
        held[best] = 0.0
        missing = np.maximum(missing, 0.0)
    return tiles.of_tiles(sorted(chosen))


def _rows(tiles: Plan) -> np.ndarray:
    """Return the rows of the measurements in tiles."""
    return np.unique(tiles.row[tiles.row < tiles.n_measurements])


def _choices(datum: Datum) -> list[tuple[str, ...]]:
    """Return which modes to keep, all of them first, those that trade best longest.

    A rotation trades where exposures have one ratio of their focal lengths, and a
    stretch in one direction where detectors are turned by right angles; shifts and a
    common stretch trade exactly.
    """
    found = []
    for dropped in (
        (),
        ("rotation",),
        ("pitch ratio",),
        ("rotation", "pitch ratio"),
        ("rotation", "pitch ratio", "pitch"),
    ):
        kept = tuple(m for m in datum.modes if m not in dropped)
        if kept not in found:
            found.append(kept)
    return found


def _largest(after: np.ndarray, before: np.ndarray) -> float:
    change = np.max(np.abs(after - before), initial=0.0)
    return float(change) if np.isfinite(change) else np.inf


def _aimed_at_predictions(
    problem: Problem, tiles: Plan, residuals: Residuals, counts: Bool[np.ndarray, "m"]
) -> Plan:
    """Return tiles whose measurements are what was predicted, sources held."""
    predicted = np.asarray(problem.measurements.pixel) - residuals.pixel
    return tiles.held(predicted, counts)


def _changes(problem: Problem, aims: Plan, point: Parameters) -> _Changes:
    """Linearise the change of predictions at a point, sources held."""
    corner = assemble(problem, aims, point, 0.0).corner
    width = prior_widths(problem)
    basis = tie_columns(problem, free_columns(problem.layout, problem.free, width))
    matrix = basis.T @ (np.asarray(corner.matrix) @ basis)
    right = basis.T @ np.asarray(corner.right)
    scale = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    scale = np.where(scale > 0, scale, 1.0)
    return _Changes(
        basis=basis,
        scale=scale,
        matrix=matrix / np.outer(scale, scale),
        right=right / scale,
        square=float(np.asarray(corner.chi2)[0]),
    )


def _taken_back(
    changes: _Changes, point: Parameters, datum: Datum
) -> tuple[Parameters, float]:
    """Return the point one step nearer to the predictions, within its datum.

    And what then is left of their change, the root of the sum of squares [σ].
    """
    basis, scale = changes.basis, changes.scale
    held = (datum.constraints @ basis) / scale
    inside = _null_space(held)
    matrix = inside.T @ changes.matrix @ inside
    matrix[np.diag_indices_from(matrix)] += RIDGE
    step = inside @ np.linalg.solve(matrix, inside.T @ changes.right)
    left = changes.square - step @ (2.0 * changes.right - changes.matrix @ step)
    moved = take_step(point, basis @ (step / scale), np.zeros(point.offset.shape))
    return moved, float(np.sqrt(max(left, 0.0)))


def _null_space(rows: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis of what is orthogonal to some rows, few of them."""
    if not len(rows):
        return np.eye(rows.shape[1])
    basis, triangle, _ = scipy.linalg.qr(rows.T, pivoting=True)
    size = np.abs(np.diag(triangle))
    return basis[:, np.count_nonzero(size > 1e-12 * size.max(initial=0.0)) :]


__all__ = ["UNCHANGED", "Reported", "reported_at"]
