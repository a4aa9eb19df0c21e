"""Columns of a solution's tables."""

from collections.abc import Iterable
from dataclasses import replace

from .columns import Column, TableSchema, nullable, optional
from .layouts import (
    ATTITUDE_AND_SCALE,
    DEC,
    DETECTOR_ID,
    EPOCH,
    EXPOSURE_ID,
    INSTRUMENTAL,
    IS_REFERENCE,
    PA,
    PLATE_ID,
    RA,
    SOURCE_ID,
    correlation_columns,
    error_column,
    focal_length_columns,
    name_column,
    photometry_columns,
    pointing_error_columns,
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
                error_column("ra", "mas", "1σ of ra·cos(dec)", "pos.eq.ra"),
                error_column("dec", "mas", "1σ of dec", "pos.eq.dec"),
            ]
        ),
        *correlation_columns(("ra", "dec")),
        Column("n_measurements", "int32", "", "measurements used", "meta.number"),
        IS_REFERENCE,
        PRIOR_PULL,
        *optional(
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
        *optional(c for c in photometry_columns() if c.name != "ruwe"),
        *optional(INSTRUMENTAL),
        *name_column("source"),
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
        *(replace(c, nullable=True, required=True) for c in focal_length_columns()),
        *_formal_errors(pointing_error_columns()),
        *_formal_errors(
            error_column(
                f"focal_{axis}_mm", "mm", f"1σ of focal_{axis}_mm", "instr.param"
            )
            for axis in ("x", "y")
        ),
        *correlation_columns(ATTITUDE_AND_SCALE),
        *name_column("exposure"),
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
        *name_column("exposure"),
        *name_column("detector"),
    ),
    may_be_empty=True,
)

RESIDUALS = TableSchema(
    "residuals",
    (
        EXPOSURE_ID,
        DETECTOR_ID,
        SOURCE_ID,
        *nullable(
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
        *optional(
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
        *name_column("exposure"),
        *name_column("detector"),
        *name_column("source"),
    ),
)

PLATES = TableSchema(
    "plates",
    (
        PLATE_ID,
        replace(
            EPOCH, nullable=True, description="epoch of the plate, Julian year, TCB"
        ),
        Column(
            "result",
            "string",
            "",
            "how the plate ended, as its summary says; failed: there is no solution",
            "meta.code",
        ),
        Column("converged", "bool", "", "the solution can be used", "meta.code"),
        Column(
            "describes_data",
            "bool",
            "",
            "residuals are as large as errors, roughly",
            "meta.code",
        ),
        *nullable(
            [
                *(
                    Column(f"n_{what}", "int64", "", f"{what} used", "meta.number")
                    for what in ("sources", "references", "exposures", "measurements")
                ),
                Column("chi2", "float64", "", "of the solution", "stat.fit.chi2"),
                Column("dof", "float64", "", "degrees of freedom", "stat.fit.dof"),
                Column(
                    "sigma0",
                    "float64",
                    "",
                    "standard deviation of unit weight",
                    "stat.stdev",
                ),
                Column(
                    "residual_rms",
                    "float64",
                    "pixel",
                    "RMS of a coordinate's residual",
                    "stat.stdev",
                ),
                Column("n_iterations", "int32", "", "iterations", "meta.number"),
                Column("seconds", "float64", "s", "time spent", "time.duration"),
                Column("message", "string", "", "why it cannot be used", "meta.note"),
            ]
        ),
    ),
    unique=("plate_id",),
)
