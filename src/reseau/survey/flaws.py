"""What every simulated camera has: a polynomial distortion, a focus that drifts."""

import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, explain
from reseau.instrument import Instrument, LinearDistortion

FOCAL_JITTER = 300.0
"""Of the focal length of each exposure and axis [um]."""


def require_polynomial(nominal: Instrument) -> LinearDistortion:
    """Return an instrument's distortion if its terms have degrees, else raise."""
    if isinstance(nominal.distortion, LinearDistortion):
        return nominal.distortion
    raise ConfigError(
        explain(
            given=f"the distortion {type(nominal.distortion).__name__}",
            wanted="a polynomial, whose terms have degrees",
            where=f"instrument {nominal.name!r}",
            todo="choose the basis legendre or powers",
        )
    )


def drifting_focus(
    rng: np.random.Generator, nominal: Instrument, exposures: int
) -> Float[np.ndarray, "n 2"]:
    """Return the focal lengths F_x, F_y [um] of each exposure.

    Parameters
    ----------
    rng
        Random numbers.
    nominal
        The instrument as drawn.
    exposures
        How many.
    """
    return np.asarray(nominal.focal) + rng.normal(0.0, FOCAL_JITTER, (exposures, 2))


__all__ = ["drifting_focus", "require_polynomial"]
