"""Random small plates whose distortion is not linear in its coefficients.

Truth is drawn within one prior width of no distortion, and such that no star of the
field is thrown over another. All plates of a layout have the same shapes, so that what
is compiled for one serves all.
"""

from typing import NamedTuple

import numpy as np

from plates import Plate, _camera_axes, _direction, _displaced, _predicted, _prior
from reseau.constants import ARCSECOND, DEGREE
from reseau.instrument import (
    BrownConrady,
    Detectors,
    Distortion,
    Instrument,
    InverseSIP,
    Radial,
)
from reseau.model import Parameters, Problem, detector_parameters
from reseau.records import Exposures, Measurements, Surroundings

SIDE = 20_000.0
SIGMA = 1000.0
"""Half the side of the field, and the distortion's prior width there [µm]."""

FOCAL = 3.0e6
NOISE = 0.01

MODELS: dict[str, Distortion] = {
    "radial, one order": Radial(SIDE, n_radial=1),
    "radial": Radial(SIDE),
    "brown-conrady": BrownConrady(SIDE),
    "brown-conrady, two orders": BrownConrady(SIDE, n_radial=2, n_tilt=1),
    "inverse SIP, degree 2": InverseSIP(SIDE, degree=2),
    "inverse SIP, degree 3": InverseSIP(SIDE, degree=3),
}


class Kind(NamedTuple):
    """A layout: how much of what."""

    sources: int
    exposures: int
    measurements: int
    detectors: int
    references: float


LAYOUTS = {
    "plate of 30": Kind(30, 1, 28, 1, 1.0),
    "plate of 200": Kind(200, 1, 180, 1, 1.0),
    "orbit": Kind(48, 8, 200, 2, 0.5),
}


def make_warped(
    model: str,
    layout: str,
    seed: int,
    *,
    amplitude: float | None = None,
    outliers: float = 0.0,
) -> Plate:
    """Simulate a plate with a non-linear distortion that starts from none.

    Parameters
    ----------
    model, layout
        Of `MODELS` and `LAYOUTS`.
    amplitude
        Largest size of the coefficients in prior widths; absent: log-uniform between
        0.001 and 1, or none at all (one in twenty). A centre is anywhere within one
        width all the same.
    outliers
        Share of the measurements that are 10 to 100 σ off.
    """
    rng = np.random.default_rng([seed, 20])
    kind, distortion = LAYOUTS[layout], MODELS[model]
    instrument = _camera(distortion, kind.detectors)
    if amplitude is None:
        amplitude = float(rng.uniform() > 0.05) * 10 ** rng.uniform(-3, 0)
    for _ in range(100):
        plate = _draw(instrument, kind, amplitude, outliers, rng)
        if plate is not None:
            return plate
    raise AssertionError("no plate with enough measurements")


def draw_coefficients(
    distortion: Distortion, amplitude: float, rng: np.random.Generator
) -> np.ndarray:
    """Return coefficients within `amplitude` widths that do not fold the field."""
    start, width = distortion.default(), distortion.widths(SIGMA)
    lengths = np.asarray(distortion.units) == "um"
    centre = lengths if isinstance(distortion, Radial) else np.zeros_like(lengths)
    while True:
        for _ in range(50):
            drawn = width * rng.uniform(-1, 1, width.size)
            value = start + np.where(centre, 1.0, amplitude) * drawn
            if _is_smooth(distortion, value):
                return value
        amplitude /= 2.0


def _is_smooth(distortion: Distortion, value: np.ndarray) -> bool:
    """Return whether areas in the field shrink or grow by a factor of 3 at most."""
    t = np.linspace(-1.3, 1.3, 27) * SIDE
    x, y = np.meshgrid(t, t)
    if isinstance(distortion, InverseSIP):
        x, y = distortion.restore(x, y, value)
    else:
        x, y = distortion.displace(x, y, value)
    x, y = np.asarray(x), np.asarray(y)
    (xv, xu), (yv, yu) = np.gradient(x, t, t), np.gradient(y, t, t)
    area = xu * yv - xv * yu
    return bool(np.all((area > 1 / 3) & (area < 3)))


def _camera(distortion: Distortion, detectors: int) -> Instrument:
    free = 0.0 if detectors == 1 else 1.0
    side = SIDE / detectors
    centre = side * (2 * np.arange(detectors) - detectors + 1)
    return Instrument(
        name="warped",
        projection="gnomonic",
        parity=-1,
        focal=np.array([FOCAL, FOCAL]),
        focal_sigma=np.asarray(0.0 if distortion.carries_scale else 1.0e4),
        focal_prior="normal",
        scale="exposure-axis",
        distortion=distortion,
        coefficients=distortion.default(),
        coefficient_sigma=distortion.widths(SIGMA),
        skew=np.asarray(0.0),
        skew_sigma=np.asarray(0.0),
        detectors=Detectors(
            ids=tuple(range(1, detectors + 1)),
            centre=np.stack([centre, np.zeros(detectors)], axis=1),
            theta=90.0 * DEGREE * np.arange(detectors),
            pitch=np.full((detectors, 2), 10.0),
            naxis=np.full((detectors, 2), 4400.0 / detectors),
            sigma_centre=np.full(detectors, 100.0 * free),
            sigma_theta=np.full(detectors, 0.1 * DEGREE * free),
            sigma_pitch=np.full(detectors, 0.01 * free),
        ),
    )


def _draw(
    instrument: Instrument,
    kind: Kind,
    amplitude: float,
    outliers: float,
    rng: np.random.Generator,
) -> Plate | None:
    """Return a plate, or None where too few stars fell on it."""
    n, m = kind.sources, kind.exposures
    centre = np.array([266.0, -29.0]) * DEGREE
    attitude = np.empty((m, 3))
    spread = rng.uniform(-0.08, 0.08, (m, 2)) * DEGREE
    attitude[:, 0] = centre[0] + spread[:, 0] / np.cos(centre[1])
    attitude[:, 1] = centre[1] + spread[:, 1]
    attitude[:, 2] = 40 * DEGREE + rng.normal(0, 20.0, m) * DEGREE
    off = rng.uniform(-0.4, 0.4, (n, 2)) * DEGREE
    middle = np.asarray(_direction(*centre))
    direction = np.asarray(_displaced(np.tile(middle, (n, 1)), off))
    detectors = np.array(detector_parameters(instrument))
    if kind.detectors > 1:
        detectors[:, :2] += rng.normal(0, 20.0, (kind.detectors, 2))
        detectors[:, 2] += rng.normal(0, 0.01 * DEGREE, kind.detectors)
        detectors[:, 3:] *= 1 + rng.normal(0, 2e-4, (kind.detectors, 2))
    moved = float(instrument.focal_sigma > 0) * 300.0
    truth = Parameters(
        offset=np.zeros((n, 2)),
        axes=np.asarray(_camera_axes(attitude)),
        focal=FOCAL + moved * rng.normal(0, 1, (m, 2)),
        coefficients=draw_coefficients(instrument.distortion, amplitude, rng),
        skew=np.asarray(0.0),
        detectors=detectors,
    )
    measurements = _measure(instrument, kind, truth, direction, outliers, rng)
    if measurements is None:
        return None
    estimate = attitude + rng.normal(0, 10 * ARCSECOND, attitude.shape)
    problem = Problem(
        instrument=instrument,
        exposures=Exposures(
            epoch=np.full(m, 2030.0),
            attitude=estimate,
            attitude_sigma=np.tile([DEGREE, DEGREE, np.inf], (m, 1)),
            position=np.zeros((m, 3)),
            surroundings=Surroundings(bodies=None, velocity=None, air=None),
        ),
        measurements=measurements,
        prior=_prior(direction, kind.references, rng),
    )
    return Plate(problem, truth, direction)


def _measure(
    instrument: Instrument,
    kind: Kind,
    truth: Parameters,
    direction: np.ndarray,
    outliers: float,
    rng: np.random.Generator,
) -> Measurements | None:
    """Return as many measurements as the layout has, or None if there are fewer."""
    around = Surroundings(bodies=None, velocity=None, air=None)
    rows = []
    for d in range(kind.detectors):
        index = np.full((kind.sources, kind.exposures), d)
        pixel = _predicted(instrument, truth, direction, around, index)
        x, y = (np.asarray(p) for p in pixel)
        limit = np.asarray(instrument.detectors.naxis)[d]
        inside = (x > 0) & (x < limit[0] - 1) & (y > 0) & (y < limit[1] - 1)
        i, j = np.nonzero(inside)
        rows.append((i, j, np.full(i.size, d), np.stack([x[inside], y[inside]], 1)))
    source, exposure, detector, xy = (
        np.concatenate(c) for c in zip(*rows, strict=True)
    )
    if source.size < kind.measurements:
        return None
    kept = np.sort(rng.permutation(source.size)[: kind.measurements])
    sigma = NOISE * rng.uniform(0.7, 1.5, (kept.size, 2))
    drawn = rng.normal(size=(kept.size, 2))
    wrong = rng.uniform(size=kept.size) < outliers
    drawn[wrong] += 10 ** rng.uniform(1, 2, (wrong.sum(), 1)) * rng.choice(
        [-1, 1], (wrong.sum(), 2)
    )
    return Measurements(
        pixel=xy[kept] + sigma * drawn,
        covariance=sigma[:, :, None] ** 2 * np.eye(2),
        source=source[kept].astype(np.int32),
        exposure=exposure[kept].astype(np.int32),
        detector=detector[kept].astype(np.int32),
    )
