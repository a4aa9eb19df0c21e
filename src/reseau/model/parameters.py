"""The unknowns of a plate, block by block, and how a step changes them.

Each source has two unknowns, the offsets (east, north) in the tangent plane of its
start. All others are shared by many sources and form one vector::

    exposure 0: east, north, roll, F_x, F_y | exposure 1: ... |
    distortion coefficients | skew | detector 0: x, y, theta, pitch_x, pitch_y | ...

in radians and micrometres. Attitude steps are rotations about the axes of the
current attitude (`instrument.rotate_axes`), so nothing is singular at the poles.
"""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from reseau._compiled import quick_jit
from reseau.errors import unknown_name
from reseau.instrument import rotate_axes

PER_EXPOSURE = 5
PER_DETECTOR = 5
EXPOSURE_NAMES = ("ra", "dec", "pa", "focal_x", "focal_y")
DETECTOR_NAMES = ("x_um", "y_um", "theta_deg", "pitch_x_um", "pitch_y_um")
BLOCKS = ("sources", "attitude", "scale", "distortion", "skew", "detectors")
DEFAULT_FREE = ("sources", "attitude", "scale", "distortion", "detectors")


class Parameters(eqx.Module):
    """Values of all unknowns.

    Attributes
    ----------
    offset
        Source offsets (east, north) from the prior's directions [rad].
    axes
        Camera axes of each exposure, rows x̂, ŷ, â, ICRS.
    focal
        Focal lengths F_x, F_y of each exposure [µm].
    coefficients
        Distortion coefficients, in the order of the model's names.
    skew
        Common skew κ of the focal plane.
    detectors
        Centre x, y [µm], rotation [rad] and pitches [µm] of each detector.
    """

    offset: Float[Array | np.ndarray, "n_src 2"]
    axes: Float[Array | np.ndarray, "n_exp 3 3"]
    focal: Float[Array | np.ndarray, "n_exp 2"]
    coefficients: Float[Array | np.ndarray, "n_coef"]
    skew: Float[Array | np.ndarray, ""]
    detectors: Float[Array | np.ndarray, "n_det 5"]


class Layout(eqx.Module):
    """Where each shared parameter sits in the vector.

    Attributes
    ----------
    n_exposures, n_coefficients, n_detectors
        Counts.
    """

    n_exposures: int = eqx.field(static=True)
    n_coefficients: int = eqx.field(static=True)
    n_detectors: int = eqx.field(static=True)

    @property
    def exposures(self) -> slice:
        """Return the columns of attitudes and scales."""
        return slice(0, PER_EXPOSURE * self.n_exposures)

    @property
    def distortion(self) -> slice:
        """Return the columns of the distortion coefficients."""
        start = PER_EXPOSURE * self.n_exposures
        return slice(start, start + self.n_coefficients)

    @property
    def skew(self) -> int:
        """Return the column of the skew."""
        return self.distortion.stop

    @property
    def detectors(self) -> slice:
        """Return the columns of the detectors."""
        start = self.skew + 1
        return slice(start, start + PER_DETECTOR * self.n_detectors)

    @property
    def calibration(self) -> slice:
        """Return the columns that every exposure shares."""
        return slice(self.distortion.start, self.detectors.stop)

    @property
    def size(self) -> int:
        """Return the length of the shared vector."""
        return self.detectors.stop

    def blocks(self) -> np.ndarray:
        """Return the name of the block of each column."""
        exposure = ["attitude"] * 3 + ["scale"] * 2
        return np.array(
            exposure * self.n_exposures
            + ["distortion"] * self.n_coefficients
            + ["skew"]
            + ["detectors"] * (PER_DETECTOR * self.n_detectors)
        )


def layout_of(parameters: Parameters) -> Layout:
    """Return the layout of the shared vector of `parameters`."""
    return Layout(
        n_exposures=parameters.focal.shape[0],
        n_coefficients=parameters.coefficients.shape[0],
        n_detectors=parameters.detectors.shape[0],
    )


def take_step(
    parameters: Parameters,
    shared: Float[Array | np.ndarray, "p"],
    offset: Float[Array | np.ndarray, "n_src 2"],
) -> Parameters:
    """Return the parameters moved by a step of the shared vector and of the sources."""
    # Programs are of one shape: sources apart, they are few.
    moved = _moved(replace(parameters, offset=np.zeros((0, 2))), jnp.asarray(shared))
    # Arrays of NumPy stay such, so that the sum needs no program of its own.
    return replace(moved, offset=parameters.offset + offset)


@quick_jit
def _moved(parameters: Parameters, shared: Array) -> Parameters:
    layout = layout_of(parameters)
    exposure = shared[layout.exposures].reshape(-1, PER_EXPOSURE)
    return Parameters(
        offset=parameters.offset,
        axes=rotate_axes(jnp.asarray(parameters.axes), exposure[:, :3]),
        focal=parameters.focal + exposure[:, 3:],
        coefficients=parameters.coefficients + shared[layout.distortion],
        skew=parameters.skew + shared[layout.skew],
        detectors=parameters.detectors
        + shared[layout.detectors].reshape(-1, PER_DETECTOR),
    )


def check_blocks(names: tuple[str, ...], where: str) -> tuple[str, ...]:
    """Return `names` if all are names of blocks, else raise."""
    for name in names:
        if name not in BLOCKS:
            raise unknown_name("block of parameters", name, BLOCKS, where=where)
    return names


def free_columns(
    layout: Layout, free: tuple[str, ...], width: Float[np.ndarray, "p"]
) -> Bool[np.ndarray, "p"]:
    """Return which shared parameters are free: block is free and prior has width.

    A prior width of zero holds a parameter at its value.
    """
    return np.isin(layout.blocks(), free) & (width > 0)
