"""Velocities of the Galaxy's stars: discs, bar, nuclear disc and nuclear cluster.

=====================  =================================================================
component              velocities
=====================  =================================================================
thin and thick discs   Shu distribution function in the Galaxy's rotation curve: skewed
                       azimuthal velocities with their asymmetric drift (`shu`, `discs`)
bar                    pattern rotation and streaming in the mean, a tensor that is
                       diagonal along the bar's axes, turned (`bar`)
nuclear stellar disc   Gaussian with the moments of the self-consistent model of Sormani
                       et al. 2022 (`nuclear`; rebuilt by `quasi_isothermal`)
nuclear star cluster   Gaussian with the moments of a rotating oblate f(E, L_z) around
                       the black hole (`cluster`; `jeans`)
=====================  =================================================================

`kinematics_of` makes them of a model of the Galaxy. Positions and velocities are
galactocentric, about Sgr A*, in the right-handed axes of `GalacticFrame`.
"""

from .moments import Moments
from .of_galaxy import kinematics_of
from .parameters import KinematicsConfig
from .velocities import Kinematics

__all__ = ["Kinematics", "KinematicsConfig", "Moments", "kinematics_of"]
