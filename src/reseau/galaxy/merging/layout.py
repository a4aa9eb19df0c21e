"""Columns of the table of merged sources, and its flags."""

from collections.abc import Sequence
from typing import Literal

import pyarrow as pa

from reseau.tables.columns import Column

from .surveys import NEAR_INFRARED, Survey

FLAGS: dict[str, tuple[int, str]] = {
    "ambiguous": (1, "a match is less likely than 0.9"),
    "saturated": (2, "a magnitude that is given is saturated"),
    "rejected": (4, "a magnitude was left out by a rule against spurious ones"),
    "repeated": (8, "an identifier stood in several rows, of which one is used"),
    "ruwe": (16, "Gaia's astrometry does not fit a single star"),
    "no_error": (32, "a magnitude that is given has no error"),
    "differs": (64, "surveys' magnitudes of a band disagree by 5 σ and 0.3 mag"),
    "no_motion": (128, "no proper motion is known"),
}
"""Bits of the column `flags`, and what they say."""


def _real(name: str, unit: str, description: str, ucd: str = "") -> Column:
    return Column(name, "float64", unit, description, ucd, nullable=True)


def _letter(name: str, of: str) -> Column:
    return Column(name, "string", "", f"survey of {of}, by its letter", "meta.id")


def _band(band: str) -> tuple[Column, ...]:
    label = f"phot_{band.lower()}"
    return (
        _real(f"{label}_mag", "mag", f"{band}, in 2MASS' system", "phot.mag;em.IR"),
        _real(f"{label}_mag_error", "mag", f"1σ of {band}", "stat.error;phot.mag"),
        _letter(f"{label}_source", band),
    )


_ASTROMETRY = (
    Column("source_id", "int64", "", "made of the position", "meta.id;meta.main"),
    _real("ra", "deg", "right ascension at ref_epoch, ICRS", "pos.eq.ra;meta.main"),
    _real("dec", "deg", "declination at ref_epoch, ICRS", "pos.eq.dec;meta.main"),
    _real("ra_error", "mas", "1σ of ra·cos(dec)", "stat.error;pos.eq.ra"),
    _real("dec_error", "mas", "1σ of dec", "stat.error;pos.eq.dec"),
    _real("ref_epoch", "yr", "epoch of the position, Julian year", "time.epoch"),
    _letter("position_source", "the position"),
    _real("l", "deg", "galactic longitude", "pos.galactic.lon"),
    _real("b", "deg", "galactic latitude", "pos.galactic.lat"),
    _real("pmra", "mas/yr", "proper motion in ra, cos(dec) in it", "pos.pm;pos.eq.ra"),
    _real("pmdec", "mas/yr", "proper motion in dec", "pos.pm;pos.eq.dec"),
    _real("pmra_error", "mas/yr", "1σ of pmra", "stat.error;pos.pm"),
    _real("pmdec_error", "mas/yr", "1σ of pmdec", "stat.error;pos.pm"),
    _real("pmra_pmdec_corr", "", "correlation of pmra and pmdec", "stat.correlation"),
    _letter("motion_source", "the proper motion"),
    _real("parallax", "mas", "as published, zero point not corrected", "pos.parallax"),
    _real("parallax_error", "mas", "1σ of parallax", "stat.error;pos.parallax"),
    _letter("parallax_source", "the parallax"),
    _real("ruwe", "", "renormalised unit weight error, of Gaia", "stat.error"),
    _real("radial_velocity", "km/s", "of Gaia", "spect.dopplerVeloc.opt"),
    _real("radial_velocity_error", "km/s", "1σ of it", "stat.error"),
)
_PHOTOMETRY = (
    *(column for band in NEAR_INFRARED for column in _band(band)),
    _real("phot_hw_mag", "mag", "JASMINE Hw, of J and H as observed", "phot.mag"),
    _real("phot_hw_mag_error", "mag", "1σ of Hw", "stat.error;phot.mag"),
    _real("phot_g_mean_mag", "mag", "Gaia G", "phot.mag;em.opt"),
    _real("phot_g_mean_mag_error", "mag", "1σ of G", "stat.error;phot.mag"),
    _real("phot_bp_mean_mag", "mag", "Gaia BP", "phot.mag;em.opt.B"),
    _real("phot_rp_mean_mag", "mag", "Gaia RP", "phot.mag;em.opt.R"),
)
_LAST = (
    Column("n_surveys", "int32", "", "surveys that have the source", "meta.number"),
    Column("flags", "int32", "", "bit flags, see the documentation", "meta.code"),
)


_Dtype = Literal["int64", "string"]


def columns_of(surveys: Sequence[Survey]) -> tuple[Column, ...]:
    """Return the columns of sources that are merged of surveys.

    Parameters
    ----------
    surveys
        In the order of merging.
    """
    own: list[Column] = []
    for one in surveys:
        kind: _Dtype = "int64" if one.id_kind == "integer" else "string"
        own += [
            Column(
                one.id_name, kind, "", f"identifier of {one.title}", "meta.id.cross"
            ),
            _real(
                probability_name(one),
                "",
                f"that the row of {one.title} is of this source",
                "stat.probability",
            ),
        ]
    return (*_ASTROMETRY, *_PHOTOMETRY, *own, *_LAST)


def probability_name(survey: Survey) -> str:
    """Return the column of the probability of a survey's match."""
    return survey.id_name.removesuffix("_id").removesuffix("_source") + "_probability"


_ARROW = {
    "int64": pa.int64(),
    "int32": pa.int32(),
    "float64": pa.float64(),
    "string": pa.string(),
}


def schema_of(surveys: Sequence[Survey]) -> pa.Schema:
    """Return the Arrow schema of sources that are merged of surveys.

    Parameters
    ----------
    surveys
        In the order of merging.
    """
    fields = []
    for column in columns_of(surveys):
        told = {"description": column.description, "ucd": column.ucd}
        if column.unit:
            told["unit"] = column.unit
        fields.append(pa.field(column.name, _ARROW[column.dtype], metadata=told))
    return pa.schema(fields)


__all__ = ["FLAGS", "columns_of", "probability_name", "schema_of"]
