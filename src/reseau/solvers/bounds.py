"""How far one step may go: no focal length or pitch may pass zero, no camera turn over.

A linearised plate says nothing of what is far away. With gross errors its steps are as
large as these, and a focal length that became negative, or a camera that looked behind,
would never come back.
"""

import numpy as np
from jaxtyping import Float

from reseau.model import PER_DETECTOR, PER_EXPOSURE, Parameters, layout_of

MOST_SCALE = 0.25
"""Relative change of a focal length or of a pitch in one step."""

MOST_TURN = 0.2
"""Turn of a camera in one step [rad]."""

MOST_OFFSET = 0.05
"""Move of a source in one step [rad]."""


def bounded_step(
    point: Parameters,
    shared: Float[np.ndarray, "p"],
    offset: Float[np.ndarray, "n 2"],
) -> tuple[Float[np.ndarray, "p"], Float[np.ndarray, "n 2"], bool]:
    """Return a step in its direction that goes no farther than it may.

    Sources are kept back one by one.

    Parameters
    ----------
    point
        Where the step begins.
    shared, offset
        Step of the shared parameters and of the sources.

    Returns
    -------
    The step, the very same arrays where it was short enough, and whether it was not.
    """
    layout = layout_of(point)
    exposure = layout.by_exposure(shared)
    pitch = shared[layout.detectors].reshape(-1, PER_DETECTOR)[:, 3:]
    scales = [
        np.abs(exposure[:, 3:PER_EXPOSURE] / np.asarray(point.focal)),
        np.abs(pitch / np.asarray(point.detectors)[:, 3:]),
    ]
    most = max(
        max(np.max(each, initial=0.0) for each in scales) / MOST_SCALE,
        np.max(np.linalg.norm(exposure[:, :3], axis=1), initial=0.0) / MOST_TURN,
    )
    kept_back = bool(most > 1.0)
    if kept_back:
        shared = shared / most
        offset = offset / most
    length = np.linalg.norm(offset, axis=1, keepdims=True)
    if np.max(length, initial=0.0) > MOST_OFFSET:
        offset = offset * np.minimum(1.0, MOST_OFFSET / np.maximum(length, MOST_OFFSET))
        kept_back = True
    return shared, offset, kept_back


__all__ = ["bounded_step"]
