"""Every column of every table once: name, unit, type, UCD, description, check.

Files, validators, messages and documentation read these tables. Names and units
are Gaia DR3's where Gaia has the quantity. In optional columns, and in required
ones that are marked nullable, NaN and null are the same: missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from reseau.constants import SPEED_OF_LIGHT

Check = Literal[
    "any", "finite", "positive", "correlation", "inside", "declination", "velocity"
]
"""What a present value must be: `correlation` is [-1, 1], `inside` is (-1, 1)."""

_CHECKS: dict[Check, tuple[Callable[[NDArray], NDArray], str]] = {
    "any": (lambda v: np.ones(v.shape, bool), "anything"),
    "finite": (np.isfinite, "finite numbers"),
    "positive": (lambda v: np.isfinite(v) & (v > 0), "finite numbers greater than 0"),
    "correlation": (lambda v: np.abs(v) <= 1, "numbers from -1 to 1"),
    "inside": (lambda v: np.abs(v) < 1, "numbers greater than -1 and less than 1"),
    "declination": (lambda v: np.abs(v) <= 90, "finite numbers from -90 to 90"),
    "velocity": (
        lambda v: np.abs(v) < SPEED_OF_LIGHT,
        "finite numbers slower than light, in km/s",
    ),
}

Range = tuple[float, float]
"""Least and greatest value: beyond them a number is a mistake, or its square
overflows."""

Dtype = Literal["int64", "int32", "float64", "bool", "string"]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name
        Name in files.
    dtype
        Type in memory; integers are never read from floating-point numbers.
    unit
        Unit in astropy's spelling; empty: a pure number.
    description
        One line for people.
    ucd
        Unified content descriptor of the IVOA.
    required
        Whether a table without the column is refused.
    check
        What a value that is present must be.
    within
        Range, with its ends, of a value that is present; None: any.
    nullable
        Whether single values may be missing; always so in optional columns.
    partner
        Column that must be there too when this one is; empty: none.
    """

    name: str
    dtype: Dtype
    unit: str
    description: str
    ucd: str = ""
    required: bool = True
    check: Check = "any"
    within: Range | None = None
    nullable: bool = False
    partner: str = ""

    @property
    def may_be_missing(self) -> bool:
        """Whether single values may be NaN or null."""
        return self.nullable or not self.required

    def accepts(self, values: NDArray) -> NDArray:
        """Return which floating-point values pass the check and lie in the range.

        Parameters
        ----------
        values
            In the column's unit; a missing value is accepted by "any" alone.
        """
        with np.errstate(invalid="ignore"):
            good = _CHECKS[self.check][0](values)
            if self.within is not None:
                good = good & (self.within[0] <= values) & (values <= self.within[1])
        return np.asarray(good)

    def wanted(self, unit: str | None = None) -> str:
        """Return in words what `accepts` accepts.

        Parameters
        ----------
        unit
            If it is not the schema's.
        """
        words = _CHECKS[self.check][1]
        if self.within is None:
            return words
        low, high = self.within
        unit = self.unit if unit is None else unit
        return f"{words}, from {low:g} to {high:g} {unit}".rstrip()


@dataclass(frozen=True)
class TableSchema:
    """The columns of one table, and which of them identify a row.

    Attributes
    ----------
    name
        Name of the table in messages.
    columns
        In the order in which they are written.
    unique
        Columns that together may not repeat; empty: rows may repeat.
    may_be_empty
        Whether a table without rows is accepted.
    """

    name: str
    columns: tuple[Column, ...]
    unique: tuple[str, ...] = ()
    may_be_empty: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns, in order."""
        return tuple(c.name for c in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns without which a table is refused."""
        return tuple(c.name for c in self.columns if c.required)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in self.names


def _nullable(columns: Iterable[Column]) -> tuple[Column, ...]:
    """Mark columns whose single values may be missing."""
    return tuple(replace(c, nullable=True) for c in columns)


def _optional(columns: Iterable[Column]) -> tuple[Column, ...]:
    return tuple(replace(c, required=False) for c in columns)


def _correlations(parameters: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(
        Column(
            f"{a}_{b}_corr",
            "float64",
            "",
            f"correlation of {a} and {b}",
            "stat.correlation",
            check="correlation",
            nullable=True,
        )
        for a, b in combinations(parameters, 2)
    )


TURNS: Range = (-720.0, 720.0)
"""Angles that may be written beyond one turn [deg]."""
YEARS: Range = (1000.0, 3000.0)
"""Epochs; a Julian date is far outside [yr]."""
ERRORS: Range = (1e-30, 1e30)
"""Errors whose square and its inverse are finite."""
POSITIONS: Range = (-1e9, 1e9)
"""Positions on a detector or a plane [pixel or um]."""
DISTANCES: Range = (-1e13, 1e13)
"""Coordinates of an observer [au]; so wide that a slip of the unit is told as one."""
PARALLAXES: Range = (-1e4, 1e4)
"""Parallaxes; the greatest is 769 mas [mas]."""
PROPER_MOTIONS: Range = (-1e6, 1e6)
"""Proper motions; the greatest is 10 400 mas/yr [mas/yr]."""

SOURCE_ID = Column(
    "source_id", "int64", "", "identifier of the source", "meta.id;meta.main"
)
EXPOSURE_ID = Column("exposure_id", "int64", "", "identifier of the exposure", "obs.id")
PLATE_ID = Column(
    "plate_id", "int32", "", "plate: exposures that share one distortion", "meta.id"
)
DETECTOR_ID = Column(
    "detector_id", "int32", "", "identifier of the detector", "meta.id;instr.det"
)
RA = Column(
    "ra",
    "float64",
    "deg",
    "right ascension, ICRS",
    "pos.eq.ra;meta.main",
    check="finite",
    within=TURNS,
)
DEC = Column(
    "dec",
    "float64",
    "deg",
    "declination, ICRS",
    "pos.eq.dec;meta.main",
    check="declination",
)
PA = Column(
    "pa",
    "float64",
    "deg",
    "position angle of the focal plane's +Y axis, from North through East",
    "pos.posAng",
    check="finite",
    within=TURNS,
)
EPOCH = Column(
    "epoch",
    "float64",
    "yr",
    "Julian year, TCB",
    "time.epoch",
    check="finite",
    within=YEARS,
)
IS_REFERENCE = Column(
    "is_reference",
    "bool",
    "",
    "counts as a reference in datum and statistics",
    "meta.code",
)


def _name(of: str) -> tuple[Column, ...]:
    return _optional(
        [
            Column(
                f"{of}_name",
                "string",
                "",
                f"{of}, where it was given as text",
                "meta.id",
            )
        ]
    )


def _error(of: str, unit: str, description: str, ucd: str) -> Column:
    name = f"{of}_error"
    return Column(
        name,
        "float64",
        unit,
        description,
        f"stat.error;{ucd}",
        check="positive",
        within=ERRORS,
    )


def _pointing_errors() -> tuple[Column, ...]:
    return (
        _error("ra", "arcsec", "1σ of ra·cos(dec)", "pos.eq.ra"),
        _error("dec", "arcsec", "1σ of dec", "pos.eq.dec"),
        _error("pa", "arcsec", "1σ of pa", "pos.posAng"),
    )


_STATES: tuple[tuple[str, str, str, str, Check, Range | None], ...] = (
    ("", "au", "position", "pos.cartesian", "finite", DISTANCES),
    ("v", "km/s", "velocity", "phys.veloc", "velocity", None),
)


def _observer() -> tuple[Column, ...]:
    return tuple(
        Column(
            f"obs_{part}{axis}",
            "float64",
            unit,
            f"{what} of the observer, BCRS, ICRS {axis} axis",
            ucd,
            check=check,
            within=within,
            partner=f"obs_{part}{following}",
        )
        for part, unit, what, ucd, check, within in _STATES
        for axis, following in (("x", "y"), ("y", "z"), ("z", "x"))
    )


EXPOSURES = TableSchema(
    "exposures",
    (
        EXPOSURE_ID,
        PLATE_ID,
        *_optional([Column("field_id", "int32", "", "field on the sky", "obs.field")]),
        EPOCH,
        replace(RA, description="estimated right ascension of the axis, as observed"),
        replace(DEC, description="estimated declination of the axis, as observed"),
        PA,
        *_optional(_pointing_errors()),
        *_optional(_observer()),
        *_name("exposure"),
    ),
    unique=("exposure_id",),
)

OBSERVER_STATES = TableSchema("observer", (EPOCH, *_observer()), unique=("epoch",))
"""States of an observer at epochs of its own, to be interpolated."""

INSTRUMENTAL = (
    Column("mag", "float64", "mag", "instrumental magnitude", "phot.mag"),
    Column("colour", "float64", "mag", "colour index", "phot.color"),
)
"""Of a measurement; of a source the means of its measurements."""

MEASUREMENTS = TableSchema(
    "measurements",
    (
        EXPOSURE_ID,
        DETECTOR_ID,
        SOURCE_ID,
        Column(
            "x",
            "float64",
            "pixel",
            "position along the first axis, 0 = centre of the first pixel",
            "pos.cartesian.x;instr.det",
            check="finite",
            within=POSITIONS,
        ),
        Column(
            "y",
            "float64",
            "pixel",
            "position along the second axis, 0 = centre of the first pixel",
            "pos.cartesian.y;instr.det",
            check="finite",
            within=POSITIONS,
        ),
        _error("x", "pixel", "1σ of x", "pos.cartesian.x;instr.det"),
        _error("y", "pixel", "1σ of y", "pos.cartesian.y;instr.det"),
        *_optional(
            [
                Column(
                    "xy_corr",
                    "float64",
                    "",
                    "correlation of x and y",
                    "stat.correlation",
                    check="inside",
                ),
                *INSTRUMENTAL,
                Column(
                    "flag",
                    "int64",
                    "",
                    "bits of what is wrong; 0: nothing",
                    "meta.code.qual",
                ),
            ]
        ),
    ),
)

ASTROMETRY = ("ra", "dec", "parallax", "pmra", "pmdec")
"""Gaia's five parameters, in the order of Gaia's correlations."""


def _motion() -> tuple[Column, ...]:
    rows = (
        ("parallax", "mas", "annual parallax", "pos.parallax.trig"),
        ("pmra", "mas/yr", "proper motion in ra, with cos(dec)", "pos.pm;pos.eq.ra"),
        ("pmdec", "mas/yr", "proper motion in dec", "pos.pm;pos.eq.dec"),
        ("radial_velocity", "km/s", "radial velocity", "spect.dopplerVeloc.opt"),
    )
    ranges = (PARALLAXES, PROPER_MOTIONS, PROPER_MOTIONS, None)
    values = [
        Column(
            n,
            "float64",
            u,
            d,
            ucd,
            check="finite" if within else "velocity",
            within=within,
        )
        for (n, u, d, ucd), within in zip(rows, ranges, strict=True)
    ]
    errors = [_error(n, u, f"1σ of {n}", ucd) for n, u, _, ucd in rows]
    return _optional(c for pair in zip(values, errors, strict=True) for c in pair)


def _photometry() -> tuple[Column, ...]:
    rows = (
        ("phot_g_mean_mag", "mag", "Gaia G magnitude", "phot.mag;em.opt"),
        ("phot_hw_mag", "mag", "JASMINE Hw magnitude", "phot.mag;em.IR.H"),
        ("bp_rp", "mag", "Gaia colour BP - RP", "phot.color"),
        ("ruwe", "", "renormalised unit weight error", "stat.error"),
    )
    return _optional(Column(n, "float64", u, d, ucd) for n, u, d, ucd in rows)


REFERENCE = TableSchema(
    "reference",
    (
        SOURCE_ID,
        replace(
            EPOCH,
            name="ref_epoch",
            description="epoch of the astrometry, Julian year, TCB",
            ucd="meta.ref;time.epoch",
        ),
        RA,
        replace(_error("ra", "mas", "1σ of ra·cos(dec)", "pos.eq.ra"), nullable=True),
        DEC,
        replace(_error("dec", "mas", "1σ of dec", "pos.eq.dec"), nullable=True),
        *_motion(),
        *_optional(_correlations(ASTROMETRY)),
        *_photometry(),
        IS_REFERENCE,
        *_optional(
            [Column("fixed", "bool", "", "position is held fixed", "meta.code")]
        ),
        *_name("source"),
    ),
    unique=("source_id",),
)

CATALOGUE = TableSchema(
    "catalogue",
    tuple(
        replace(c, required=c.name in ("source_id", "ref_epoch", "ra", "dec"))
        for c in REFERENCE.columns
    ),
    unique=("source_id",),
)
"""Any catalogue with Gaia's names: what Gaia's own tables have suffices."""

TRUTH_SOURCES = TableSchema(
    "truth/sources",
    (
        SOURCE_ID,
        PLATE_ID,
        replace(RA, description="true right ascension from the observer, ICRS"),
        replace(DEC, description="true declination from the observer, ICRS"),
        *_optional(
            [
                IS_REFERENCE,
                Column("artificial", "bool", "", "had no reference", "meta.code"),
                Column(
                    "wrong_prior", "bool", "", "its reference is wrong", "meta.code"
                ),
            ]
        ),
    ),
    unique=("source_id", "plate_id"),
)


def _focal_lengths() -> tuple[Column, ...]:
    return tuple(
        Column(
            f"focal_{axis}_mm",
            "float64",
            "mm",
            f"focal length along {axis}",
            "instr.param",
            check="positive",
        )
        for axis in ("x", "y")
    )


ATTITUDE_AND_SCALE = ("ra", "dec", "pa", "focal_x_mm", "focal_y_mm")
"""An exposure's parameters, in the order of its correlations."""

TRUTH_EXPOSURES = TableSchema(
    "truth/exposures",
    (
        EXPOSURE_ID,
        PLATE_ID,
        replace(RA, description="true right ascension of the axis, as observed"),
        replace(DEC, description="true declination of the axis, as observed"),
        PA,
        *_optional(_focal_lengths()),
    ),
    unique=("exposure_id",),
)


def _formal_errors(columns: Iterable[Column]) -> tuple[Column, ...]:
    # Null where the data do not determine the quantity, zero where it was fixed.
    return tuple(replace(c, nullable=True, check="any", within=None) for c in columns)


PRIOR_PULL = Column(
    "prior_pull",
    "float64",
    "",
    "shift from the prior in units of its width; missing: no prior",
    "stat.value",
    nullable=True,
)

SOURCES = TableSchema(
    "sources",
    (
        SOURCE_ID,
        PLATE_ID,
        replace(
            EPOCH, nullable=True, description="epoch of the plate, Julian year, TCB"
        ),
        replace(RA, description="right ascension from the observer, ICRS"),
        replace(DEC, description="declination from the observer, ICRS"),
        *_formal_errors(
            [
                _error("ra", "mas", "1σ of ra·cos(dec)", "pos.eq.ra"),
                _error("dec", "mas", "1σ of dec", "pos.eq.dec"),
            ]
        ),
        *_correlations(("ra", "dec")),
        Column("n_measurements", "int32", "", "measurements used", "meta.number"),
        IS_REFERENCE,
        PRIOR_PULL,
        *_optional(
            [
                Column(
                    "wrong_probability",
                    "float64",
                    "",
                    "probability that the reference position is wrong",
                    "stat.probability",
                    nullable=True,
                )
            ]
        ),
        Column("flags", "int32", "", "bit flags, see `reseau.flags`", "meta.code"),
        *_optional(c for c in _photometry() if c.name != "ruwe"),
        *_optional(INSTRUMENTAL),
        *_name("source"),
    ),
    unique=("source_id", "plate_id"),
)

SOLUTION_EXPOSURES = TableSchema(
    "solution exposures",
    (
        EXPOSURE_ID,
        PLATE_ID,
        # Null where the data do not determine it.
        replace(
            RA, nullable=True, description="right ascension of the axis, as observed"
        ),
        replace(DEC, nullable=True, description="declination of the axis, as observed"),
        replace(PA, nullable=True),
        *(replace(c, nullable=True, required=True) for c in _focal_lengths()),
        *_formal_errors(_pointing_errors()),
        *_formal_errors(
            _error(f"focal_{axis}_mm", "mm", f"1σ of focal_{axis}_mm", "instr.param")
            for axis in ("x", "y")
        ),
        *_correlations(ATTITUDE_AND_SCALE),
        *_name("exposure"),
    ),
    unique=("exposure_id",),
)

CALIBRATION = TableSchema(
    "calibration",
    (
        Column("name", "string", "", "name of the parameter", "meta.id;instr.param"),
        Column("unit", "string", "", "unit of value and error", "meta.unit"),
        Column("value", "float64", "", "fitted value", "stat.value", nullable=True),
        Column("error", "float64", "", "1σ", "stat.error", nullable=True),
        PRIOR_PULL,
        replace(EXPOSURE_ID, nullable=True, description="exposure, where it applies"),
        replace(DETECTOR_ID, nullable=True, description="detector, where it applies"),
        *_name("exposure"),
        *_name("detector"),
    ),
    may_be_empty=True,
)

RESIDUALS = TableSchema(
    "residuals",
    (
        EXPOSURE_ID,
        DETECTOR_ID,
        SOURCE_ID,
        *_nullable(
            [
                Column(
                    "dx",
                    "float64",
                    "pixel",
                    "measured - predicted x",
                    "pos.cartesian.x",
                ),
                Column(
                    "dy",
                    "float64",
                    "pixel",
                    "measured - predicted y",
                    "pos.cartesian.y",
                ),
                Column("dxi", "float64", "mas", "residual towards East", "pos.eq.ra"),
                Column(
                    "deta", "float64", "mas", "residual towards North", "pos.eq.dec"
                ),
                Column("pull_x", "float64", "", "dx in units of its 1σ", "stat.value"),
                Column("pull_y", "float64", "", "dy in units of its 1σ", "stat.value"),
            ]
        ),
        # With heavy tails a good measurement can count a little more than Normal.
        Column("weight", "float64", "", "weight in the fit", "stat.weight"),
        *_optional(
            [
                Column("x", "float64", "pixel", "as measured", "pos.cartesian.x"),
                Column("y", "float64", "pixel", "as measured", "pos.cartesian.y"),
                Column("x_error", "float64", "pixel", "1σ of x", "stat.error"),
                Column("y_error", "float64", "pixel", "1σ of y", "stat.error"),
                Column(
                    "outlier_probability",
                    "float64",
                    "",
                    "probability to be an outlier; missing: not asked",
                    "stat.probability",
                    nullable=True,
                ),
                *(
                    Column(
                        f"redundancy_{axis}",
                        "float64",
                        "",
                        f"variance of d{axis} over that of {axis}; missing: not known",
                        "stat.value",
                        nullable=True,
                    )
                    for axis in "xy"
                ),
            ]
        ),
        *_name("exposure"),
        *_name("detector"),
        *_name("source"),
    ),
)

__all__ = [
    "ASTROMETRY",
    "ATTITUDE_AND_SCALE",
    "CALIBRATION",
    "CATALOGUE",
    "EXPOSURES",
    "MEASUREMENTS",
    "REFERENCE",
    "RESIDUALS",
    "SOLUTION_EXPOSURES",
    "SOURCES",
    "TRUTH_EXPOSURES",
    "TRUTH_SOURCES",
    "Check",
    "Column",
    "Dtype",
    "Range",
    "TableSchema",
]
