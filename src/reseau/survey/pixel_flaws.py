"""Shifts that a detector adds: where, how bright, and when a row is read.

All act on pixels of images on detectors; sizes are keys of the survey's file, see
`flaw_config`.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt64
from scipy.spatial import cKDTree

from .camera_flaws import CameraFlaws
from .flaw_config import (
    PersistenceConfig,
    PixelsConfig,
    ReadoutConfig,
    TransferConfig,
)
from .imaging import Images

Shift = Float[np.ndarray, "n 2"]


class PixelSettings(NamedTuple):
    """The tables of a survey's file that `pixel_shift` needs."""

    readout: ReadoutConfig
    transfer: TransferConfig
    pixels: PixelsConfig
    persistence: PersistenceConfig


def pixel_shift(
    images: Images,
    magnitude: Float[np.ndarray, "n"],
    flaws: CameraFlaws,
    naxis: Float[np.ndarray, "k 2"],
    settings: PixelSettings,
    seed: int,
) -> Shift:
    """Return by how much the detectors displace images [pixel].

    Parameters
    ----------
    images
        Where stars fall.
    magnitude
        Of each image's star [mag].
    flaws
        What the camera does on each exposure.
    naxis
        Pixels of the detectors in x and y.
    settings
        Sizes.
    seed
        Of what belongs to the pixels themselves.
    """
    shift = np.zeros_like(images.pixel)
    if not _any(settings):
        return shift
    side = np.asarray(naxis)[images.detector]
    if settings.readout.seconds > 0 or settings.readout.smear != 0:
        plane = readout_shift(images, magnitude, flaws, side[:, 1], settings.readout)
        shift += on_detectors(plane, images, flaws)
    if settings.transfer.size != 0:
        shift[:, 1] += transfer_shift(images, magnitude, side[:, 1], settings.transfer)
    if settings.pixels.phase > 0 or settings.pixels.flat > 0:
        shift += pixel_error(images, settings.pixels, seed)
    if settings.persistence.fraction > 0:
        shift += persistence_shift(images, magnitude, settings.persistence)
    return shift


def _any(settings: PixelSettings) -> bool:
    """Return whether detectors displace anything at all."""
    readout, transfer, pixels, persistence = settings
    sizes = (
        readout.seconds,
        readout.smear,
        transfer.size,
        pixels.phase,
        pixels.flat,
        persistence.fraction,
    )
    return any(size != 0 for size in sizes)


def readout_shift(
    images: Images,
    magnitude: Float[np.ndarray, "n"],
    flaws: CameraFlaws,
    rows: Float[np.ndarray, "n"],
    settings: ReadoutConfig,
) -> Shift:
    """Return shifts in the plane because the sky moves while rows are read [um].

    A row's exposure is as long as all others' and begins later by the time since the
    middle row's; the image is at the mean of where the attitude had it.

    Parameters
    ----------
    rows
        Number of rows of each image's detector.
    """
    late = settings.seconds * ((images.pixel[:, 1] + 0.5) / rows - 0.5)
    rate = flaws.rate[images.exposure]
    smear = settings.smear * settings.exposure * (magnitude - settings.zero)
    shift = rate * (late + smear)[:, None]
    if settings.jitter > 0:
        turns = 2.0 * np.pi * settings.frequency
        wave = flaws.jitter[images.exposure]
        half = 0.5 * turns * settings.exposure
        # The mean over the exposure of a cosine, at its middle.
        mean = np.sin(half) / half
        there = np.cos(turns * late + wave[:, 2]) - np.cos(wave[:, 2])
        shift += wave[:, :2] * (mean * there)[:, None]
    return shift


def on_detectors(plane: Shift, images: Images, flaws: CameraFlaws) -> Shift:
    """Turn shifts in the plane [um] into shifts on the detectors met [pixel]."""
    met = flaws.detectors[images.exposure, images.detector]
    cos, sin = np.cos(met[:, 2]), np.sin(met[:, 2])
    dx, dy = plane.T
    turned = np.stack([cos * dx + sin * dy, cos * dy - sin * dx], axis=-1)
    return turned / met[:, 3:]


def transfer_shift(
    images: Images,
    magnitude: Float[np.ndarray, "n"],
    rows: Float[np.ndarray, "n"],
    settings: TransferConfig,
) -> Float[np.ndarray, "n"]:
    """Return shifts along y by charge that stays behind [pixel]."""
    moved = (images.pixel[:, 1] + 0.5) / rows
    return settings.size * moved * (1 + settings.slope * (magnitude - settings.zero))


def pixel_error(images: Images, settings: PixelsConfig, seed: int) -> Shift:
    """Return errors that belong to the pixels that images fall on [pixel]."""
    whole = np.rint(images.pixel)
    within = images.pixel - whole
    place = [
        images.detector.astype(np.uint64),
        *(whole[:, i].astype(np.int64).astype(np.uint64) for i in range(2)),
    ]
    shift = np.empty_like(images.pixel)
    for i in range(2):
        wave = settings.phase * np.sin(2.0 * np.pi * within[:, i])
        shift[:, i] = wave * normal_of(place, 2 * i, seed)
        shift[:, i] += settings.flat * normal_of(place, 2 * i + 1, seed)
    return shift


def normal_of(
    place: list[UInt64[np.ndarray, "n"]], kind: int, seed: int
) -> Float[np.ndarray, "n"]:
    """Return standard Normal numbers that belong to places, the same at every visit.

    From a hash of the place (Steele, Lea & Flood 2014, OOPSLA, SplitMix64), whose two
    halves make a Normal by the formula of Box and Muller.

    Parameters
    ----------
    place
        Detector, column and row.
    kind
        Which of several numbers of a place.
    seed
        Of all.
    """
    state = np.full(place[0].shape, np.uint64(seed * 8 + kind))
    for part in place:
        state = _mixed(state ^ part)
    again = _mixed(state)
    first, second = (
        ((v >> np.uint64(11)).astype(float) + 0.5) * 2.0**-53 for v in (state, again)
    )
    return np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second)


def _mixed(state: np.ndarray) -> np.ndarray:
    """Return the next number of SplitMix64."""
    z = state + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def persistence_shift(
    images: Images,
    magnitude: Float[np.ndarray, "n"],
    settings: PersistenceConfig,
) -> Shift:
    """Return how far images are drawn to what bright stars left before them [pixel]."""
    shift = np.zeros_like(images.pixel)
    bright = np.flatnonzero(magnitude < settings.brighter)
    width = settings.radius / 3.0
    # Detectors and exposures lie so far apart that no pair is of two of them.
    apart = 1e6

    def place(rows: np.ndarray, later: int) -> np.ndarray:
        return np.column_stack(
            [
                images.pixel[rows],
                apart * images.detector[rows],
                apart * (images.exposure[rows] + later),
            ]
        )

    if len(bright) == 0:
        return shift
    everyone = np.arange(len(images.source))
    pairs = cKDTree(place(everyone, 0)).query_ball_point(
        place(bright, 1), settings.radius
    )
    counts = np.array([len(p) for p in pairs])
    if not counts.any():
        return shift
    drawn = np.concatenate([np.asarray(p, dtype=np.int64) for p in pairs])
    by = np.repeat(bright, counts)
    away = images.pixel[by] - images.pixel[drawn]
    left = settings.fraction * 10.0 ** (0.4 * (magnitude[drawn] - magnitude[by]))
    near = np.exp(-np.sum(away**2, axis=1) / (2.0 * width**2))
    np.add.at(shift, drawn, (left * near)[:, None] * away)
    return shift


__all__ = [
    "PixelSettings",
    "normal_of",
    "on_detectors",
    "persistence_shift",
    "pixel_error",
    "pixel_shift",
    "readout_shift",
    "transfer_shift",
]
