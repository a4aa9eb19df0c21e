# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Keys of a survey's file about stars: which there are, references, and noise.

Each key has its unit in its name; numbers are kept in that unit, which is that of the
columns of files (mas, arcsec, mag, Julian years of TCB). An absent key has the default
given here. A record made in Python is checked by the same rules as a file is.
"""

from dataclasses import dataclass
from typing import Any

from reseau.config import Checked, RecordError, entry
from reseau.observers import names_of

EMBEDDED = "embedded"
MOTIONS = ("held", "moving")
RELEASES = ("gaia-dr3", "gaia-dr4", "gaia-dr5")
WRONGS = ("binaries", "mismatches", "both")
FLOORS = ("stated", "hidden")
NOISES = ("constant", "magnitude", "table")

FAINTEST = 40.0
"""Greatest magnitude that is believed."""


def _share(key: str, hint: str, default: float | None = 0.0) -> Any:
    return entry(key, float, default=default, minimum=0.0, largest=1.0, hint=hint)


@dataclass(frozen=True, kw_only=True)
class StarsConfig(Checked):
    """Table ``[stars]``: which stars there are, and how they move.

    Attributes
    ----------
    source
        "embedded", or a table with `source_id`, `ra`, `dec`, `phot_hw_mag` and what
        else of Gaia's columns it has; what it lacks is drawn.
    count
        How many stars are taken at random of those that are left; 0: all.
    artificial
        Sources without motion, parallax and reference, besides.
    brightest_mag, faintest_mag
        Hw at which the detector saturates, and beyond which nothing is measured.
    blend_separation_arcsec, blend_contrast_mag
        A star is left out if nearer than this there is another that is not fainter by
        more than the contrast; 0 arcsec: none is. (JASMINE's images are 0.675″ wide.)
    motion
        Within a plate stars are "held" at its mean epoch and observer, or "moving".
    binary_fraction, accelerated_fraction, lensed_fraction
        Parts of the stars that are binaries with orbits, are accelerated, or are
        lensed by a dark mass during `first_event_epoch` to `last_event_epoch`.
    first_event_epoch, last_event_epoch
        Between what Julian years lenses are nearest to their sources.
    bodies
        Names of solar-system bodies, in small letters.
    body_mag
        Hw of each of them.
    """

    source: str = entry(
        "source",
        str,
        default=EMBEDDED,
        hint='source = "embedded", or the name of a table of stars',
    )
    count: int = entry("count", int, default=0, minimum=0, hint="0 takes all stars")
    artificial: int = entry("artificial", int, default=0, minimum=0)
    brightest_mag: float = entry(
        "brightest_mag",
        float,
        default=9.5,
        largest=FAINTEST,
        hint="JASMINE saturates at Hw of 9.5 to 9.7",
    )
    faintest_mag: float = entry(
        "faintest_mag",
        float,
        default=14.5,
        largest=FAINTEST,
        hint="JASMINE measures stars to Hw = 14.5",
    )
    blend_separation_arcsec: float = entry(
        "blend_separation_arcsec",
        float,
        default=0.0,
        minimum=0.0,
        largest=3600.0,
        hint="one or two widths of an image: 0.675 for JASMINE; 0 keeps all",
    )
    blend_contrast_mag: float = entry(
        "blend_contrast_mag",
        float,
        default=3.0,
        largest=FAINTEST,
        hint="a neighbour fainter than the star by more than this does not matter",
    )
    motion: str = entry("motion", str, default="held", choices=MOTIONS)
    binary_fraction: float = _share("binary_fraction", "a part, from 0 to 1")
    accelerated_fraction: float = _share("accelerated_fraction", "a part, from 0 to 1")
    lensed_fraction: float = _share("lensed_fraction", "a part, from 0 to 1")
    first_event_epoch: float = entry(
        "first_event_epoch", float, default=2031.0, minimum=1900.0, largest=2100.0
    )
    last_event_epoch: float = entry(
        "last_event_epoch", float, default=2034.0, minimum=1900.0, largest=2100.0
    )
    bodies: str | list | tuple = entry("bodies", list, default=())
    body_mag: float = entry("body_mag", float, default=12.0, largest=FAINTEST)

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_order(self, "brightest_mag", "faintest_mag")
        _check_order(self, "first_event_epoch", "last_event_epoch")
        parts = ("binary_fraction", "accelerated_fraction", "lensed_fraction")
        total = sum(getattr(self, name) for name in parts)
        if total > 1.0 + 1e-12:
            raise RecordError.of(
                type(self).__name__,
                parts[-1],
                given=f"{', '.join(parts)} add up to {total:g}",
                wanted="1 or less: a star is of one kind",
                todo="lower some of them",
            )
        object.__setattr__(self, "bodies", names_of(self.bodies, what="bodies"))


def _check_order(record: Any, low: str, high: str) -> None:
    first, last = getattr(record, low), getattr(record, high)
    if not first < last:
        raise RecordError.of(
            type(record).__name__,
            low,
            given=f"{low} = {first:g}, {high} = {last:g}",
            wanted=f"{low} less than {high}",
            todo="correct one of them",
        )


@dataclass(frozen=True, kw_only=True)
class ReferenceConfig(Checked):
    """Table ``[reference]``: the catalogue that is made from the truth.

    Attributes
    ----------
    epoch
        Of the catalogue, Julian year, TCB.
    errors, error_factor
        Whose errors as a function of G, times what.
    faintest_g_mag
        G beyond which there is no entry.
    five_parameter_fraction
        Of the entries with parallaxes, those with five parameters; the others have six
        and larger errors. None (the key absent): falls with magnitude.
    two_parameter_fraction
        Of all entries, those with a position only.
    wrong_fraction, wrong
        Part of the entries that are wrong, all of single stars with motions, and how:
        "binaries" that nobody knows of, "mismatches" with an entry of another star, or
        "both" in equal parts.
    wrong_by_sigma
        Orbits of unknown binaries whose motion is wrong by fewer of its σ are enlarged
        to this; 0: as they are drawn.
    mismatch_arcsec
        How far from the star the entry of another may lie.
    floor_mas, floor_mas_per_yr
        1σ of errors that neighbours share, of position and parallax, and of motion.
    floor_scale_deg
        Their length of correlation: exp(-θ²/2ℓ²) at a distance θ.
    floor
        Whether the catalogue's errors count the floor ("stated") or not ("hidden").
    """

    epoch: float = entry("epoch", float, default=2016.0, minimum=1900.0, largest=2100.0)
    errors: str = entry("errors", str, default="gaia-dr3", choices=RELEASES)
    error_factor: float = entry(
        "error_factor", float, default=1.0, positive=True, largest=1e6
    )
    faintest_g_mag: float = entry(
        "faintest_g_mag",
        float,
        default=20.7,
        largest=FAINTEST,
        hint="Gaia is nearly complete to G = 20 to 20.7",
    )
    five_parameter_fraction: float | None = _share(
        "five_parameter_fraction", "absent: falls with magnitude", None
    )
    two_parameter_fraction: float = _share("two_parameter_fraction", "from 0 to 1")
    wrong_fraction: float = _share("wrong_fraction", "a part, from 0 to 1")
    wrong: str = entry("wrong", str, default="binaries", choices=WRONGS)
    wrong_by_sigma: float = entry(
        "wrong_by_sigma", float, default=10.0, minimum=0.0, largest=1e6
    )
    mismatch_arcsec: float = entry(
        "mismatch_arcsec", float, default=0.3, minimum=0.0, largest=60.0
    )
    floor_mas: float = entry(
        "floor_mas",
        float,
        default=0.0,
        minimum=0.0,
        largest=1000.0,
        hint="0.01 to 0.026 in Gaia's parallaxes",
    )
    floor_mas_per_yr: float = entry(
        "floor_mas_per_yr", float, default=0.0, minimum=0.0, largest=1000.0
    )
    floor_scale_deg: float = entry(
        "floor_scale_deg", float, default=1.0, positive=True, largest=180.0
    )
    floor: str = entry("floor", str, default="stated", choices=FLOORS)


@dataclass(frozen=True, kw_only=True)
class NoiseConfig(Checked):
    """Table ``[noise]``: errors of centroids and of magnitudes.

    Attributes
    ----------
    kind
        Errors are "constant", by JASMINE's formula of the "magnitude", or by a "table"
        of the user's.
    constant_pixel
        1σ of each coordinate where they are constant.
    file
        The table, with columns `mag` and `error_mas`.
    factor
        By which all errors are multiplied.
    stated_factor
        Error as it is stated over the true one: 1 is honest.
    outlier_fraction, outlier_width_sigma
        Part of the measurements that scatter this many times as much.
    vignetting
        Part of the light that is lost at the edge of the field; it grows as the square
        of the distance from the axis.
    magnitude_error
        1σ of the measured magnitudes [mag].
    colour_error
        1σ of the stars' colours, which are measured once for all [mag].
    """

    kind: str = entry("kind", str, default="constant", choices=NOISES)
    constant_pixel: float = entry(
        "constant_pixel",
        float,
        default=0.01,
        positive=True,
        largest=1000.0,
        hint="0.01 is 4 mas of JASMINE",
    )
    file: str | None = entry("file", str, default=None)
    factor: float = entry("factor", float, default=1.0, positive=True, largest=1e6)
    stated_factor: float = entry(
        "stated_factor", float, default=1.0, positive=True, largest=1e6
    )
    outlier_fraction: float = _share("outlier_fraction", "a part, from 0 to 1")
    outlier_width_sigma: float = entry(
        "outlier_width_sigma", float, default=30.0, positive=True, largest=1e6
    )
    vignetting: float = entry(
        "vignetting", float, default=0.0, minimum=0.0, largest=0.99
    )
    magnitude_error: float = entry(
        "magnitude_error", float, default=0.02, minimum=0.0, largest=10.0
    )
    colour_error: float = entry(
        "colour_error", float, default=0.01, minimum=0.0, largest=10.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.kind == "table") != (self.file is not None):
            given = f"kind = {self.kind!r} and " + (
                "no file" if self.file is None else f"file = {self.file!r}"
            )
            raise RecordError.of(
                type(self).__name__,
                "kind",
                given=given,
                wanted='a file where kind = "table", and no file otherwise',
                todo="add the file's name, or choose another kind",
            )


__all__ = [
    "EMBEDDED",
    "FLOORS",
    "MOTIONS",
    "NOISES",
    "RELEASES",
    "WRONGS",
    "NoiseConfig",
    "ReferenceConfig",
    "StarsConfig",
]
