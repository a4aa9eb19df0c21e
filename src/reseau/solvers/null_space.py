"""What the data leave open: null directions by name, and the datum in words.

Rotations of the sky, the scale of a free network and common modes of the detectors are
expected: a datum fixes them. What else is open leaves parameters undetermined.
"""

from typing import NamedTuple

import numpy as np

from reseau.equations.equations import Equations
from reseau.model import PER_EXPOSURE, Problem
from reseau.model.gauge import Datum, mean_scales
from reseau.solvers.posterior.gaussian import InnerConstraints

NULL_SHARE = 1e-6
"""Scaled share in a null direction from which a parameter counts as undetermined."""


class NullSpace(NamedTuple):
    """Null directions, told apart.

    Attributes
    ----------
    expected, unexpected
        In words: defects that a datum fixes, and those that nothing does.
    undetermined
        Shared parameters that the unexpected ones leave open.
    scale
        Expected null directions beyond the rotations, (p, r).
    """

    expected: tuple[str, ...]
    unexpected: tuple[str, ...]
    undetermined: np.ndarray
    scale: np.ndarray


def find_null_space(
    problem: Problem, datum: Datum, equations: Equations, names: list[str]
) -> NullSpace:
    """Name the null directions of the last equations.

    Parameters
    ----------
    datum
        Common modes of the detectors at their point.
    names
        Of the shared parameters.
    """
    null = equations.null()
    layout = problem.layout
    expected: tuple[str, ...] = ()
    if problem.free_network:
        expected = ("rotation of the sky about x, y and z",)
        if holds_scale(problem):
            expected += ("scale of the network",)
    open_ = np.zeros(layout.size, dtype=bool)
    scale = np.zeros((layout.size, 0))
    unit = np.sqrt(np.maximum(np.asarray(equations.system.corner.diagonal), 1e-300))
    unexpected: tuple[str, ...] = ()
    for vector in null.T:
        if _is_common_scale(problem, vector):
            expected += ("scale of the network",)
            scale = np.concatenate([scale, vector[:, None]], axis=1)
        elif _within(vector * unit, datum.directions * unit[:, None]):
            expected += ("common mode of the detectors",)
        else:
            share = np.abs(vector) * unit
            unexpected += (_name_direction(share, names),)
            open_ |= share > NULL_SHARE * share.max()
    return NullSpace(expected, unexpected, open_, scale)


def _is_common_scale(problem: Problem, vector: np.ndarray) -> bool:
    """Return whether a null direction is a common change of all focal lengths."""
    if not problem.free_network:
        return False
    layout = problem.layout
    focal = layout.by_exposure(vector)[:, 3:PER_EXPOSURE]
    common = focal.mean()
    return bool(common != 0 and np.allclose(focal, common, rtol=1e-3, atol=0.0))


def _within(vector: np.ndarray, span: np.ndarray) -> bool:
    """Return whether a vector lies in the span of some columns."""
    if span.shape[1] == 0:
        return False
    left = vector - span @ np.linalg.lstsq(span, vector, rcond=None)[0]
    return bool(np.linalg.norm(left) < 1e-3 * np.linalg.norm(vector))


def _name_direction(share: np.ndarray, names: list[str]) -> str:
    """Write a null direction as the parameters that take part most."""
    order = np.argsort(share)[::-1]
    main = [names[i] for i in order[:8] if share[i] > 0.1 * share[order[0]]]
    more = int(np.sum(share > 0.1 * share[order[0]])) - len(main)
    return " with ".join(main) + (f" and {more} more" if more > 0 else "")


def holds_scale(problem: Problem) -> bool:
    """Return whether a free network's scale is held."""
    if not problem.free_network or "attitude" not in problem.free:
        return False
    return mean_scales(problem, np.eye(3)[None]).shape[1] > 0


def describe_datum(
    problem: Problem,
    modes: tuple[str, ...],
    constraints: InnerConstraints | None,
    null: NullSpace,
) -> str:
    """Say in words what positions and calibration are relative to."""
    if constraints is not None:
        scale = " and scale" if null.scale.shape[1] else ""
        positions = (
            f"free network: rotation{scale} fixed by inner constraints over the source "
            "positions (minimum trace), relative to the exposures' estimates"
        )
        if holds_scale(problem):
            positions += "; mean focal length held at nominal"
    elif np.any(np.asarray(problem.prior.fixed)):
        positions = "positions of the reference table, held fixed"
    else:
        positions = "reference catalogue through its priors"
    if not modes:
        return positions
    words = ", ".join(modes)
    return f"{positions}; calibration: mean {words} of the detectors equal to nominal"


__all__ = ["NullSpace", "describe_datum", "find_null_space", "holds_scale"]
