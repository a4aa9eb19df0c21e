"""Columns of catalogues, datasets and truths, each table once."""

from dataclasses import replace
from itertools import combinations

from .columns import Check, Column, Range, TableSchema, optional


def correlation_columns(parameters: tuple[str, ...]) -> tuple[Column, ...]:
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


def name_column(of: str) -> tuple[Column, ...]:
    return optional(
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


def error_column(of: str, unit: str, description: str, ucd: str) -> Column:
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


def pointing_error_columns() -> tuple[Column, ...]:
    return (
        error_column("ra", "arcsec", "1σ of ra·cos(dec)", "pos.eq.ra"),
        error_column("dec", "arcsec", "1σ of dec", "pos.eq.dec"),
        error_column("pa", "arcsec", "1σ of pa", "pos.posAng"),
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
        *optional([Column("field_id", "int32", "", "field on the sky", "obs.field")]),
        EPOCH,
        replace(RA, description="estimated right ascension of the axis, as observed"),
        replace(DEC, description="estimated declination of the axis, as observed"),
        PA,
        *optional(pointing_error_columns()),
        *optional(_observer()),
        *name_column("exposure"),
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
        error_column("x", "pixel", "1σ of x", "pos.cartesian.x;instr.det"),
        error_column("y", "pixel", "1σ of y", "pos.cartesian.y;instr.det"),
        *optional(
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
    errors = [error_column(n, u, f"1σ of {n}", ucd) for n, u, _, ucd in rows]
    return optional(c for pair in zip(values, errors, strict=True) for c in pair)


def photometry_columns() -> tuple[Column, ...]:
    rows = (
        ("phot_g_mean_mag", "mag", "Gaia G magnitude", "phot.mag;em.opt"),
        ("phot_hw_mag", "mag", "JASMINE Hw magnitude", "phot.mag;em.IR.H"),
        ("bp_rp", "mag", "Gaia colour BP - RP", "phot.color"),
        ("ruwe", "", "renormalised unit weight error", "stat.error"),
    )
    return optional(Column(n, "float64", u, d, ucd) for n, u, d, ucd in rows)


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
        replace(
            error_column("ra", "mas", "1σ of ra·cos(dec)", "pos.eq.ra"), nullable=True
        ),
        DEC,
        replace(error_column("dec", "mas", "1σ of dec", "pos.eq.dec"), nullable=True),
        *_motion(),
        *optional(correlation_columns(ASTROMETRY)),
        *photometry_columns(),
        IS_REFERENCE,
        *optional([Column("fixed", "bool", "", "position is held fixed", "meta.code")]),
        *name_column("source"),
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

STARS = TableSchema(
    "stars",
    (
        *(
            replace(c, required=c.name in ("source_id", "ra", "dec"))
            for c in REFERENCE.columns
            if not c.name.endswith(("_error", "_corr"))
        ),
        *optional([INSTRUMENTAL[1]]),
    ),
    unique=("source_id",),
)
"""A list of true stars to simulate."""

NOISE_TABLE = TableSchema(
    "noise",
    (
        Column("mag", "float64", "mag", "magnitude", "phot.mag", check="finite"),
        Column(
            "error_mas",
            "float64",
            "mas",
            "1σ of a centroid on one exposure",
            "stat.error",
            check="positive",
        ),
    ),
)
"""Errors of centroids against magnitude."""

TRUTH_SOURCES = TableSchema(
    "truth/sources",
    (
        SOURCE_ID,
        PLATE_ID,
        replace(RA, description="true right ascension from the observer, ICRS"),
        replace(DEC, description="true declination from the observer, ICRS"),
        *optional(
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


def focal_length_columns() -> tuple[Column, ...]:
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
        *optional(focal_length_columns()),
    ),
    unique=("exposure_id",),
)
