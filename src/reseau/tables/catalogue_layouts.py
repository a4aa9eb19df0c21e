"""Columns of the catalogue that many plates give."""

from dataclasses import replace

from .columns import Column, TableSchema, nullable, optional
from .datum_layout import DATUM
from .layouts import (
    ASTROMETRY,
    CATALOGUE,
    DEC,
    EPOCH,
    IS_REFERENCE,
    PLATE_ID,
    RA,
    SOURCE_ID,
    correlation_columns,
    error_column,
)

_PHOTOMETRY = ("phot_g_mean_mag", "phot_hw_mag", "bp_rp")


def _of_catalogue(name: str) -> Column:
    return next(c for c in CATALOGUE.columns if c.name == name)


def _number(name: str, description: str) -> Column:
    return Column(name, "int32", "", description, "meta.number")


COMBINED = TableSchema(
    "catalogue",
    (
        SOURCE_ID,
        _of_catalogue("ref_epoch"),
        replace(RA, description="barycentric right ascension at ref_epoch, ICRS"),
        *nullable([error_column("ra", "mas", "1σ of ra·cos(dec)", "pos.eq.ra")]),
        replace(DEC, description="barycentric declination at ref_epoch, ICRS"),
        *nullable([error_column("dec", "mas", "1σ of dec", "pos.eq.dec")]),
        *nullable(
            [
                replace(_of_catalogue(name), required=True)
                for base in ("parallax", "pmra", "pmdec")
                for name in (base, f"{base}_error")
            ]
        ),
        *optional(
            [_of_catalogue("radial_velocity"), _of_catalogue("radial_velocity_error")]
        ),
        *correlation_columns(ASTROMETRY),
        *optional(
            c
            for c in correlation_columns((*ASTROMETRY, "radial_velocity"))
            if "radial_velocity" in c.name
        ),
        _number(
            "astrometric_params_solved",
            "3: position, 31: five parameters, 95: with the radial velocity",
        ),
        IS_REFERENCE,
        _number("n_plates", "plates that count"),
        _number("n_plates_left_out", "plates on which the source was left out"),
        _number("n_measurements", "measurements used"),
        Column("chi2", "float64", "", "of the positions on plates", "stat.fit.chi2"),
        Column("dof", "float64", "", "degrees of freedom of chi2", "stat.fit.dof"),
        *nullable(
            [
                Column("gof", "float64", "", "F2 of chi2", "stat.fit.goodness"),
                Column(
                    "ruwe",
                    "float64",
                    "",
                    "sqrt(chi2/dof) over its median at this magnitude",
                    "stat.error",
                ),
                Column(
                    "parallax_calibration_share",
                    "float64",
                    "",
                    "part of the parallax's variance that it shares with others",
                    "stat.value",
                ),
            ]
        ),
        *optional(
            [
                Column(
                    "wrong_probability",
                    "float64",
                    "",
                    "probability that the reference is wrong",
                    "stat.probability",
                    nullable=True,
                ),
                Column(
                    "flags", "int32", "", "bit flags, see `reseau.flags`", "meta.code"
                ),
            ]
        ),
        *(_of_catalogue(name) for name in _PHOTOMETRY),
    ),
    unique=("source_id",),
)

_OFFSETS = (
    ("dra", "east of the model"),
    ("ddec", "north of the model"),
)

EPOCHS = TableSchema(
    "epochs",
    (
        SOURCE_ID,
        PLATE_ID,
        replace(EPOCH, description="epoch of the plate, Julian year, TCB"),
        *nullable(
            [
                *(
                    Column(name, "float64", "mas", text, "pos.eq;arith.diff")
                    for name, text in _OFFSETS
                ),
                *(
                    Column(
                        f"{name}_error", "float64", "mas", f"1σ of {name}", "stat.error"
                    )
                    for name, _ in _OFFSETS
                ),
            ]
        ),
        *correlation_columns(("dra", "ddec")),
        *(
            Column(
                f"parallax_factor_{axis}",
                "float64",
                "AU",
                f"displacement per parallax, {axis}",
                "pos.parallax",
            )
            for axis in ("ra", "dec")
        ),
        Column("used", "bool", "", "false: left out", "meta.code"),
    ),
    unique=("source_id", "plate_id"),
)

COMBINED_PLATES = TableSchema(
    "plates",
    (
        PLATE_ID,
        replace(EPOCH, description="epoch of the plate, Julian year, TCB"),
        RA,
        DEC,
        _number("n_sources", "sources of the plate"),
        _number("n_columns", "modes of its calibration"),
        Column("chi2", "float64", "", "of its positions", "stat.fit.chi2"),
        Column(
            "dof",
            "float64",
            "",
            "twice the positions, less what sources' parameters take",
            "stat.fit.dof",
        ),
        _number("n_left_out", "sources left out on it"),
        *optional(
            [
                Column(
                    "weight",
                    "float64",
                    "",
                    "by which what the plate says counts",
                    "stat.weight",
                )
            ]
        ),
    ),
)
"""A plate's number may come from several surveys, so that it is not unique."""

__all__ = ["COMBINED", "COMBINED_PLATES", "DATUM", "EPOCHS"]
