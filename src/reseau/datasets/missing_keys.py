"""What to write for keys that an instrument lacks: the key, and a sensible value."""

from collections.abc import Mapping

from reseau.config import Source
from reseau.errors import ConfigError

from .instrument_config import DetectorConfig, OpticsConfig

FOCAL_LENGTH = (
    "add focal_length_mm = ..., the size of a pixel [um] over its size on the sky "
    "[arcsec], times 206.265"
)

_OF_A_DETECTOR: Mapping[str, tuple[str, str]] = {
    "naxis1": ("2048", "its number of pixels along x, NAXIS1 of an image"),
    "naxis2": ("2048", "its number of pixels along y, NAXIS2 of an image"),
    "x_um": ("0.0", "x of its centre in the focal plane, 0.0 where it is alone"),
    "y_um": ("0.0", "y of its centre in the focal plane, 0.0 where it is alone"),
}
"""Keys without default: an example, and what they are."""


def no_focal_length(optics: OpticsConfig, source: Source) -> ConfigError:
    """Return the error about focal lengths that are absent, halved or given twice.

    Parameters
    ----------
    optics
        As read.
    source
        Table [optics].
    """
    apart = optics.focal_length_x, optics.focal_length_y
    wanted = "focal_length_mm, or focal_length_x_mm and focal_length_y_mm"
    if optics.focal_length is None and apart == (None, None):
        return source.complain(
            None, "the key focal_length_mm is missing", wanted, FOCAL_LENGTH
        )
    if optics.focal_length is not None:
        given = "the focal length is given twice"
        return source.complain(None, given, wanted, "remove one of them")
    absent = "focal_length_y_mm" if apart[1] is None else "focal_length_x_mm"
    todo = f"add {absent}, or name the one that is there focal_length_mm"
    return source.complain(None, f"the key {absent} is missing", wanted, todo)


def missing_in_detector(config: DetectorConfig, source: Source) -> ConfigError | None:
    """Return the error about all keys that a detector lacks; None: it lacks none.

    Parameters
    ----------
    config
        As read.
    source
        Its table.
    """
    values = {
        "naxis1": config.naxis1,
        "naxis2": config.naxis2,
        "x_um": config.x,
        "y_um": config.y,
    }
    absent = [key for key, value in values.items() if value is None]
    if not absent:
        return None
    lines = "; ".join(f"{k} = {_OF_A_DETECTOR[k][0]}" for k in absent)
    return source.complain(
        None,
        f"the key{'s' if len(absent) > 1 else ''} {' and '.join(absent)} "
        f"{'are' if len(absent) > 1 else 'is'} missing",
        "; ".join(f"{k}, {_OF_A_DETECTOR[k][1]}" for k in absent),
        f"add, for instance, {lines}",
    )


def no_pixel_size(source: Source) -> ConfigError:
    """Return the error about a pixel's size that is absent or given twice.

    Parameters
    ----------
    source
        The detector's table.
    """
    return source.complain(
        None,
        "the size of a pixel is missing or given twice",
        "pixel_um, or pitch_x_um and pitch_y_um, greater than 0",
        "give one of them, as pixel_um = 9.0: from the detector's data sheet, or the "
        "size of a pixel on the sky [arcsec] times the focal length [mm] / 206.265",
    )


def no_normalisation(
    detectors: tuple[DetectorConfig, ...], source: Source, basis: str
) -> ConfigError:
    """Return the error about a distortion without its unit of length.

    Parameters
    ----------
    detectors
        As read, to say how large the focal plane is.
    source
        Table [distortion].
    basis
        Name of the model.
    """
    reach = [
        abs(place or 0.0) + 0.5 * count * (pitch or d.pixel or 0.0)
        for d in detectors
        for place, count, pitch in (
            (d.x, d.naxis1 or 0, d.pitch_x),
            (d.y, d.naxis2 or 0, d.pitch_y),
        )
    ]
    half = max(reach, default=0.0)
    value = f"{half:.6g}" if half else "..."
    return source.complain(
        None,
        f"the key normalisation_um is missing, which the basis {basis!r} needs",
        "the length that focal-plane coordinates are divided by, in um",
        f"add normalisation_um = {value}, half the side of the focal plane",
    )


__all__ = [
    "missing_in_detector",
    "no_focal_length",
    "no_normalisation",
    "no_pixel_size",
]
