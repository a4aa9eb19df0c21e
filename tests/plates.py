"""Small plates with known truth, for tests of the solver on records alone."""

from typing import Any, NamedTuple

import jax
import numpy as np

from quick import quick_jit
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.instrument import Detectors, Instrument, camera_axes, make_distortion
from reseau.model import (
    Parameters,
    Problem,
    detector_parameters,
    exposure_frame,
    predict,
)
from reseau.records import (
    Air,
    Bodies,
    Exposures,
    Measurements,
    SourcePrior,
    Surroundings,
)
from reseau.sky import direction_from_angles, displaced


class Plate(NamedTuple):
    """A problem and the parameters and directions that made it."""

    problem: Problem
    truth: Parameters
    direction: np.ndarray


def two_detectors(degree: int = 3, **changes: object) -> Instrument:
    """Return a camera of two detectors side by side, one turned by 90 degrees."""
    distortion = make_distortion("legendre", degree=degree, normalisation=20_000.0)
    n = distortion.n_coefficients
    fields: dict[str, object] = {
        "name": "two detectors",
        "projection": "gnomonic",
        "parity": -1,
        "focal": np.array([3.0e6, 3.0e6]),
        "focal_sigma": np.asarray(1.0e4),
        "focal_prior": "gamma",
        "scale": "exposure-axis",
        "distortion": distortion,
        "coefficients": np.zeros(n),
        "coefficient_sigma": np.full(n, 1000.0),
        "skew": np.asarray(0.0),
        "skew_sigma": np.asarray(0.01),
        "detectors": Detectors(
            ids=(1, 2),
            centre=np.array([[-10_500.0, 0.0], [10_500.0, 0.0]]),
            theta=np.array([0.0, 90.0]) * DEGREE,
            pitch=np.full((2, 2), 10.0),
            naxis=np.full((2, 2), 2000.0),
            sigma_centre=np.full(2, 100.0),
            sigma_theta=np.full(2, 0.1 * DEGREE),
            sigma_pitch=np.full(2, 0.01),
        ),
    }
    return Instrument(**{**fields, **changes})  # type: ignore[arg-type]


def _true_parameters(
    instrument: Instrument,
    attitude: np.ndarray,
    n: int,
    scatter: float,
    rng: np.random.Generator,
) -> Parameters:
    detectors = np.array(detector_parameters(instrument))
    detectors[:, :2] += rng.normal(0, 20.0, detectors[:, :2].shape)
    detectors[:, 2] += rng.normal(0, 0.01 * DEGREE, detectors.shape[0])
    detectors[:, 3:] *= 1 + rng.normal(0, 2e-4, detectors[:, 3:].shape)
    return Parameters(
        offset=np.zeros((n, 2)),
        axes=np.asarray(_camera_axes(attitude)),
        focal=np.asarray(instrument.focal)
        + scatter * rng.normal(0, 1, (len(attitude), 2)),
        coefficients=_true_coefficients(instrument, rng),
        skew=np.asarray(0.0),
        detectors=detectors,
    )


def _true_coefficients(instrument: Instrument, rng: np.random.Generator) -> np.ndarray:
    """Return coefficients of some µm, or ones that displace by some µm."""
    drawn = rng.normal(0, 5.0, instrument.coefficients.shape)
    if instrument.distortion.is_linear:
        return drawn
    size = instrument.distortion.widths(1.0)
    return np.asarray(instrument.coefficients) + size * drawn


def make_plate(
    *,
    sources: int = 60,
    exposures: int = 6,
    seed: int = 0,
    references: float = 0.8,
    noise: float = 0.01,
    pointing_error: float = 10.0,
    angle_error: float = 30.0,
    dec: float = -29.0,
    velocity: float = 0.0,
    bodies: Bodies | None = None,
    air: Air | None = None,
    focal_scatter: float = 300.0,
    instrument: Instrument | None = None,
    **fields: object,
) -> Plate:
    """Simulate a plate.

    Parameters
    ----------
    references
        Share of the sources that have a prior.
    noise
        1σ of a coordinate [pixel]; the covariances are correlated, x and y unequal.
    pointing_error, angle_error
        1σ of the estimated pointings and position angles [arcsec].
    velocity
        Size of the observer's velocity [c], different on each exposure.
    bodies, air
        What else displaces directions, the same on each exposure, without batch axes.
    focal_scatter
        1σ of the true focal lengths [µm].
    """
    rng = np.random.default_rng(seed)
    instrument = instrument or two_detectors()
    centre = np.array([266.0, dec]) * DEGREE
    attitude = np.empty((exposures, 3))
    spread = rng.uniform(-0.08, 0.08, (exposures, 2)) * DEGREE
    attitude[:, 0] = centre[0] + spread[:, 0] / np.cos(centre[1])
    attitude[:, 1] = centre[1] + spread[:, 1]
    attitude[:, 2] = 40 * DEGREE + rng.normal(0, 20.0, exposures) * DEGREE
    off = rng.uniform(-0.4, 0.4, (sources, 2)) * DEGREE
    middle = np.asarray(_direction(*centre))
    direction = np.asarray(_displaced(np.tile(middle, (sources, 1)), off))
    truth = _true_parameters(instrument, attitude, sources, focal_scatter, rng)
    motion = rng.normal(0, 1, (exposures, 3))
    motion *= velocity / np.linalg.norm(motion, axis=1, keepdims=True)
    around = Surroundings(
        bodies=None if bodies is None else _each(bodies, exposures),
        velocity=motion if velocity > 0 else None,
        air=None if air is None else _each(air, exposures),
    )
    measurements = _measure(instrument, truth, direction, around, noise, rng)
    prior = _prior(direction, references, rng)
    estimate = attitude + rng.normal(0, ARCSECOND, attitude.shape) * [
        pointing_error / np.cos(centre[1]),
        pointing_error,
        angle_error,
    ]
    problem = Problem(
        instrument=instrument,
        exposures=Exposures(
            epoch=np.full(exposures, 2030.0),
            attitude=estimate,
            attitude_sigma=np.tile([DEGREE, DEGREE, np.inf], (exposures, 1)),
            position=np.zeros((exposures, 3)),
            surroundings=around,
        ),
        measurements=measurements,
        prior=prior,
        **fields,  # type: ignore[arg-type]
    )
    return Plate(problem, truth, direction)


# Compiled as wholes, else every operation is compiled for every new shape.
_direction = quick_jit(direction_from_angles)
_displaced = quick_jit(displaced)
_camera_axes = quick_jit(camera_axes)


@quick_jit
def _predicted(
    instrument: Instrument,
    truth: Parameters,
    direction: np.ndarray,
    around: Surroundings,
    detector: np.ndarray,
) -> tuple[jax.Array, jax.Array]:
    """Return the pixels of all sources on all exposures, on a detector each."""
    return predict(
        instrument,
        tuple(direction[:, None, i] for i in range(3)),
        exposure_frame(truth.axes, truth.focal, around),
        truth.coefficients,
        truth.skew,
        truth.detectors,
        detector,
    )


def _each(record: Bodies | Air, n: int) -> Any:
    """Repeat a record of one exposure for each of `n`."""
    return jax.tree.map(lambda leaf: np.repeat(np.asarray(leaf)[None], n, 0), record)


def _measure(
    instrument: Instrument,
    truth: Parameters,
    direction: np.ndarray,
    around: Surroundings,
    noise: float,
    rng: np.random.Generator,
) -> Measurements:
    n, m = direction.shape[0], truth.focal.shape[0]
    rows: list[tuple[np.ndarray, ...]] = []
    for d in range(len(instrument.detectors.ids)):
        pixel = _predicted(instrument, truth, direction, around, np.full((n, m), d))
        x, y = (np.asarray(p) for p in pixel)
        limit = np.asarray(instrument.detectors.naxis)[d]
        inside = (x > 0) & (x < limit[0] - 1) & (y > 0) & (y < limit[1] - 1)
        i, j = np.nonzero(inside)
        xy = np.stack([x[inside], y[inside]], axis=1)
        rows.append((i, j, np.full(i.size, d), xy))
    source, exposure, detector, pixel = (np.concatenate(c) for c in zip(*rows))  # noqa: B905
    sigma = noise * rng.uniform(0.7, 1.5, (source.size, 2))
    covariance = np.zeros((source.size, 2, 2))
    covariance[:, 0, 0], covariance[:, 1, 1] = sigma[:, 0] ** 2, sigma[:, 1] ** 2
    covariance[:, 0, 1] = covariance[:, 1, 0] = 0.3 * sigma[:, 0] * sigma[:, 1]
    drawn = np.linalg.cholesky(covariance) @ rng.normal(size=(source.size, 2, 1))
    return Measurements(
        pixel=pixel + drawn[:, :, 0],
        covariance=covariance,
        source=source.astype(np.int32),
        exposure=exposure.astype(np.int32),
        detector=detector.astype(np.int32),
    )


def _prior(
    direction: np.ndarray, references: float, rng: np.random.Generator
) -> SourcePrior:
    n = direction.shape[0]
    sigma = 10 ** rng.uniform(-1, 0.5, (n, 2)) * MILLIARCSECOND
    covariance = np.zeros((n, 2, 2))
    covariance[:, 0, 0], covariance[:, 1, 1] = sigma[:, 0] ** 2, sigma[:, 1] ** 2
    covariance[:, 0, 1] = covariance[:, 1, 0] = -0.4 * sigma[:, 0] * sigma[:, 1]
    drawn = (np.linalg.cholesky(covariance) @ rng.normal(size=(n, 2, 1)))[:, :, 0]
    information = np.linalg.inv(covariance)
    information[rng.uniform(size=n) >= references] = 0.0
    return SourcePrior(
        direction=np.asarray(_displaced(direction, drawn)),
        information=information,
        fixed=np.zeros(n, dtype=bool),
    )
