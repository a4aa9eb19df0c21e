"""The Galaxy's velocities, made once for all tests that ask them."""

from functools import cache

from reseau.galaxy.kinematics import Kinematics, kinematics_of
from reseau.galaxy.model import Galaxy, read_galaxy


@cache
def galaxy() -> Galaxy:
    """Return the preset model."""
    return read_galaxy("koshimoto2021")


@cache
def kinematics(moments: str = "shipped") -> Kinematics:
    """Return the preset's velocities, with moments of the nuclear disc."""
    return kinematics_of(galaxy(), moments=moments)
