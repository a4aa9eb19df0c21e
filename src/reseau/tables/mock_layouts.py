"""Columns of a mock catalogue: what is observed of each star, and what made it."""

from dataclasses import replace

from .columns import Column, TableSchema, nullable, optional
from .layouts import (
    ASTROMETRY,
    CATALOGUE,
    DEC,
    RA,
    SOURCE_ID,
    error_column,
)

INFRARED = ("phot_j_mag", "phot_h_mag", "phot_ks_mag")
"""Columns of J, H and Ks."""


def _number(name: str, unit: str, description: str, ucd: str) -> Column:
    return Column(name, "float64", unit, description, ucd)


def _of_gaia(name: str) -> Column:
    return replace(CATALOGUE[name], required=True)


def _bands() -> tuple[Column, ...]:
    texts = (("j", "J", "em.IR.J"), ("h", "H", "em.IR.H"), ("ks", "Ks", "em.IR.K"))
    return tuple(
        _number(
            f"phot_{name}_mag", "mag", f"2MASS {band} magnitude", f"phot.mag;{place}"
        )
        for name, band, place in texts
    )


OBSERVED = ("ra", "dec", "parallax", "pmra", "pmdec", *INFRARED, "phot_hw_mag")
"""Columns that have errors, and true values beside them, where a mock is observed."""


def _observed() -> tuple[Column, ...]:
    """Return errors, and the true values beside what is observed."""
    errors = [
        replace(CATALOGUE[f"{name}_error"], required=False) for name in ASTROMETRY
    ]
    errors += [
        error_column(name, "mag", f"1σ of {name}", "phot.mag")
        for name in (*INFRARED, "phot_hw_mag")
    ]
    known = {c.name: c for c in (*CATALOGUE.columns, *_bands())}
    truths = [
        replace(
            known[name],
            name=f"{name}_true",
            description=f"true {known[name].description}",
            ucd=known[name].ucd.replace(";meta.main", ""),
        )
        for name in OBSERVED
    ]
    return optional(
        [
            *errors,
            Column(
                "astrometric_params_solved",
                "int32",
                "",
                "0: not in Gaia, 31: five parameters",
                "meta.number",
            ),
            *truths,
        ]
    )


MOCK = TableSchema(
    "mock",
    (
        SOURCE_ID,
        _of_gaia("ref_epoch"),
        RA,
        DEC,
        *nullable(_of_gaia(name) for name in ("parallax", "pmra", "pmdec")),
        _of_gaia("radial_velocity"),
        _of_gaia("phot_g_mean_mag"),
        *nullable([*_bands(), _of_gaia("phot_hw_mag")]),
        _number("l", "deg", "Galactic longitude", "pos.galactic.lon"),
        _number("b", "deg", "Galactic latitude", "pos.galactic.lat"),
        Column("component", "string", "", "component of the Galaxy", "meta.code.class"),
        _number("age", "Gyr", "age", "time.age"),
        _number("mass", "solMass", "initial mass", "phys.mass"),
        _number("metallicity", "", "[M/H]", "phys.abund.Z"),
        _number("distance", "pc", "distance from the Sun", "pos.distance"),
        _number("ejks", "mag", "E(J-Ks) in front, VVV bands", "phot.color.excess"),
        _number("a_ks", "mag", "extinction in Ks", "phys.absorption"),
        Column("on_map", "bool", "", "the reddening's map has a value", "meta.code"),
        *optional(
            [
                _number(
                    "companion_mass",
                    "solMass",
                    "initial mass of the unresolved companion",
                    "phys.mass",
                )
            ]
        ),
        *_observed(),
    ),
    unique=("source_id",),
    may_be_empty=True,
)
"""A mock catalogue. Without errors every column is true."""

__all__ = ["INFRARED", "MOCK", "OBSERVED"]
