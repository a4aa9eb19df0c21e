"""The unknowns of a plate, block by block, and how a step changes them.

Each source has two unknowns, the offsets (east, north) in the tangent plane of its
start. All others are shared by many sources and form one vector::

    exposure 0: east, north, roll, F_x, F_y | exposure 1: ... |
    distortion coefficients | skew | detector 0: x, y, theta, pitch_x, pitch_y | ... |
    declared terms: of the plate | of detector 0 | ...

in radians and micrometres; an exposure also has the declared terms of its own, after
F_y. Attitude steps are rotations about the axes of the current attitude
(`instrument.rotate_axes`), so nothing is singular at the poles.
"""

from dataclasses import replace
from typing import Any

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
BLOCKS = ("sources", "attitude", "scale", "distortion", "skew", "detectors", "terms")
DEFAULT_FREE = ("sources", "attitude", "scale", "distortion", "detectors", "terms")


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
    terms
        Coefficients of the declared terms that exposures share, see `terms`.
    exposure_terms
        Those that each exposure has, a row each; no rows where there are none.
    """

    offset: Float[Array | np.ndarray, "n_src 2"]
    axes: Float[Array | np.ndarray, "n_exp 3 3"]
    focal: Float[Array | np.ndarray, "n_exp 2"]
    coefficients: Float[Array | np.ndarray, "n_coef"]
    skew: Float[Array | np.ndarray, ""]
    detectors: Float[Array | np.ndarray, "n_det 5"]
    terms: Float[Array | np.ndarray, "n_term"] = eqx.field(
        default_factory=lambda: np.zeros(0)
    )
    exposure_terms: Float[Array | np.ndarray, "n_row k"] = eqx.field(
        default_factory=lambda: np.zeros((0, 0))
    )


class Layout(eqx.Module):
    """Where each shared parameter sits in the vector.

    Attributes
    ----------
    n_exposures, n_coefficients, n_detectors
        Counts.
    n_terms, n_exposure_terms
        Coefficients of declared terms: those that exposures share, and those of each.
    """

    n_exposures: int = eqx.field(static=True)
    n_coefficients: int = eqx.field(static=True)
    n_detectors: int = eqx.field(static=True)
    n_terms: int = eqx.field(static=True, default=0)
    n_exposure_terms: int = eqx.field(static=True, default=0)

    @property
    def per_exposure(self) -> int:
        """Return how many columns an exposure has."""
        return PER_EXPOSURE + self.n_exposure_terms

    @property
    def exposures(self) -> slice:
        """Return the columns of attitudes, scales and exposures' own terms."""
        return slice(0, self.per_exposure * self.n_exposures)

    @property
    def distortion(self) -> slice:
        """Return the columns of the distortion coefficients."""
        start = self.exposures.stop
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
    def terms(self) -> slice:
        """Return the columns of the declared terms that exposures share."""
        start = self.detectors.stop
        return slice(start, start + self.n_terms)

    @property
    def calibration(self) -> slice:
        """Return the columns that every exposure shares."""
        return slice(self.distortion.start, self.terms.stop)

    @property
    def size(self) -> int:
        """Return the length of the shared vector."""
        return self.terms.stop

    def by_exposure(self, vector: Any) -> Any:
        """Return the entries of the exposures, a row each: a view where it can be.

        Parameters
        ----------
        vector
            In the order of the columns.
        """
        return vector[self.exposures].reshape(-1, self.per_exposure)

    def blocks(self) -> np.ndarray:
        """Return the name of the block of each column."""
        exposure = ["attitude"] * 3 + ["scale"] * 2 + ["terms"] * self.n_exposure_terms
        return np.array(
            exposure * self.n_exposures
            + ["distortion"] * self.n_coefficients
            + ["skew"]
            + ["detectors"] * (PER_DETECTOR * self.n_detectors)
            + ["terms"] * self.n_terms
        )


def layout_of(parameters: Parameters) -> Layout:
    """Return the layout of the shared vector of `parameters`."""
    return Layout(
        n_exposures=parameters.focal.shape[0],
        n_coefficients=parameters.coefficients.shape[0],
        n_detectors=parameters.detectors.shape[0],
        n_terms=parameters.terms.shape[0],
        n_exposure_terms=parameters.exposure_terms.shape[1],
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
    exposure = layout.by_exposure(shared)
    return Parameters(
        offset=parameters.offset,
        axes=rotate_axes(jnp.asarray(parameters.axes), exposure[:, :3]),
        focal=parameters.focal + exposure[:, 3:PER_EXPOSURE],
        coefficients=parameters.coefficients + shared[layout.distortion],
        skew=parameters.skew + shared[layout.skew],
        detectors=parameters.detectors
        + shared[layout.detectors].reshape(-1, PER_DETECTOR),
        terms=parameters.terms + shared[layout.terms],
        exposure_terms=with_own_terms(parameters, exposure),
    )


def with_own_terms(parameters: Parameters, step: Array) -> Array | np.ndarray:
    """Return the exposures' own terms after a step.

    Parameters
    ----------
    step
        Of all that belongs to exposures, a row each.
    """
    if not parameters.exposure_terms.shape[1]:
        return parameters.exposure_terms
    return parameters.exposure_terms + step[:, PER_EXPOSURE:]


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
