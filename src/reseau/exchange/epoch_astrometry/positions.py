"""Tables of positions, one row a source and epoch: our own catalogues' and others'.

========================================  =============================================
columns                                   what
========================================  =============================================
epoch, t, year, julian_year; or mjd, jd   when [Julian year, TCB]; [day]
dra, ddec                                 displacement from a fixed point [mas], or
ra, dec                                   position [deg]
dra_error, ddec_error; ra_error, ...      1σ of right ascension × cos dec, and dec [mas]
dra_ddec_corr; ra_dec_corr                their correlation
parallax_factor_ra, parallax_factor_dec   towards East and North; else from the observer
source_id, plate_id                       which source, which visit
used                                      rows that are false are left out
========================================  =============================================
"""

from collections.abc import Mapping, Sequence

import astropy.units as u
import numpy as np
import pyarrow as pa
from jaxtyping import Float, Int

from reseau.errors import CatalogueError, explain, missing_columns_error, some
from reseau.motions.epoch_astrometry import EpochAstrometry
from reseau.motions.epoch_positions import factors_at, offsets_from, two_dimensional
from reseau.tables.validation import unit_of_field

TIMES = {
    "epoch": "year",
    "t": "year",
    "year": "year",
    "julian_year": "year",
    "mjd": "mjd",
    "jd": "jd",
}
_STARTS = {"mjd": 51_544.5, "jd": 2_451_545.0}

Columns = Mapping[str, np.ndarray]


def is_positions(names: Sequence[str]) -> bool:
    """Return whether there is a time and a position in two coordinates."""
    lower = {name.lower() for name in names}
    both = {"dra", "ddec"} <= lower or {"ra", "dec"} <= lower
    return both and bool(lower & set(TIMES))


def read_positions(
    table: pa.Table,
    where: str,
    *,
    observer: str = "geocentre",
    reference_epoch: float | None = None,
    sources: Columns | None = None,
) -> EpochAstrometry:
    """Return the positions of all sources of a table.

    Parameters
    ----------
    table
        With the columns of the module's table.
    where
        The file, for messages.
    observer
        For parallax factors where the table has none.
    reference_epoch
        From which motion counts [Julian year]; None: that of `sources`, or else the
        mean of the epochs.
    sources
        The catalogue whose residuals these are: source_id, ra, dec, parallax, pmra,
        pmdec, ref_epoch.

    Raises
    ------
    CatalogueError
        Columns are missing or hold what is no measurement.
    """
    found = _columns(_used(table), where)
    relative = "dra" in found
    first = "dra" if relative else "ra"
    names = ("dra_error", "ddec_error") if relative else ("ra_error", "dec_error")
    missing = [name for name in names if name not in found]
    if missing:
        raise missing_columns_error(missing, table.column_names, "the table", where)
    error = np.stack([found[name] for name in names], axis=1)
    epoch = found["epoch"]
    ids = found.get("source_id", np.zeros(len(epoch))).astype(np.int64)
    unique, at = np.unique(ids, return_inverse=True)
    place, published, stated = _catalogue(unique, sources)
    if first == "ra":
        begin = np.array([np.flatnonzero(ids == i)[0] for i in unique[:1]])
        begin = np.unique(ids, return_index=True)[1] if len(unique) > 1 else begin
        place = np.stack([found["ra"][begin], found["dec"][begin]], axis=1)
        offsets = offsets_from(found["ra"], found["dec"], place[at])
    else:
        offsets = np.stack([found["dra"], found["ddec"]], axis=1)
    _check(epoch, offsets, error, where)
    reference = stated if reference_epoch is None else reference_epoch
    reference = float(np.mean(epoch)) if reference is None else reference
    return two_dimensional(
        epoch,
        offsets,
        error,
        reference_epoch=reference,
        correlation=found.get("dra_ddec_corr", found.get("ra_dec_corr")),
        factors=_factors(found, place[at], observer, where),
        source_id=ids,
        group=found["plate_id"].astype(np.int64) if "plate_id" in found else None,
        place=place,
        published=published,
        origin="residuals of a catalogue" if sources is not None else "positions",
    )


def _used(table: pa.Table) -> pa.Table:
    if "used" not in table.column_names or table["used"].type != pa.bool_():
        return table
    return table.filter(table["used"].fill_null(False))


def _columns(table: pa.Table, where: str) -> dict[str, np.ndarray]:
    """Return the columns in the units of the module's table, times as ``epoch``."""
    found: dict[str, np.ndarray] = {}
    for field in table.schema:
        name = field.name.lower()
        if name in _IDS:
            found[name] = table[field.name].to_numpy()
        elif name in TIMES and "epoch" not in found:
            found["epoch"] = _years(table, field, TIMES[name])
        elif name in _ANGLES:
            found[name] = _numbers(table, field, _ANGLES[name], where)
        elif name in _PURE:
            found[name] = table[field.name].to_numpy().astype(float)
    return found


_IDS = ("source_id", "plate_id")
_PURE = ("dra_ddec_corr", "ra_dec_corr", "parallax_factor_ra", "parallax_factor_dec")
_ANGLES = {
    "ra": "deg",
    "dec": "deg",
    **dict.fromkeys(("dra", "ddec", "dra_error", "ddec_error"), "mas"),
    **dict.fromkeys(("ra_error", "dec_error"), "mas"),
}


def _years(table: pa.Table, field: pa.Field, kind: str) -> Float[np.ndarray, "n"]:
    values = table[field.name].to_numpy().astype(float)
    if kind == "year":
        return values
    return 2000.0 + (values - _STARTS[kind]) / 365.25


def _numbers(
    table: pa.Table, field: pa.Field, unit: str, where: str
) -> Float[np.ndarray, "n"]:
    values = table[field.name].to_numpy().astype(float)
    stated = unit_of_field(field)
    if not stated:
        return values
    try:
        return values * u.Unit(stated).to(unit)
    except (ValueError, u.UnitConversionError) as error:
        raise CatalogueError(
            explain(
                given=f"column {field.name} in {stated}",
                wanted=f"an angle, such as {unit}",
                where=where,
                todo="correct the unit, or leave it out if the numbers are right",
            )
        ) from error


def _catalogue(
    unique: Int[np.ndarray, "s"], sources: Columns | None
) -> tuple[Float[np.ndarray, "s 2"], Float[np.ndarray, "s 3"], float | None]:
    place, published = np.full((len(unique), 2), np.nan), np.zeros((len(unique), 3))
    if sources is None:
        return place, published, None
    order = np.argsort(sources["source_id"])
    ids = sources["source_id"][order]
    near = np.minimum(np.searchsorted(ids, unique), len(ids) - 1)
    row, known = order[near], ids[near] == unique
    for target, names in ((place, ("ra", "dec")), (published, _MOTION)):
        for column, name in enumerate(names):
            if name in sources:
                target[known, column] = np.nan_to_num(sources[name][row[known]])
    if "ref_epoch" not in sources or not known.any():
        return place, published, None
    epochs = sources["ref_epoch"][row]
    common = float(epochs[known][0])
    # Places of other epochs are carried to the common one.
    shift = np.where(known, common - epochs, 0.0)[:, None] * published[:, 1:] / 3.6e6
    shift[:, 0] /= np.cos(np.deg2rad(place[:, 1]))
    return place + shift, published, common


_MOTION = ("parallax", "pmra", "pmdec")


def _factors(
    found: dict[str, np.ndarray],
    place: Float[np.ndarray, "n 2"],
    observer: str,
    where: str,
) -> Float[np.ndarray, "n 2"]:
    names = ("parallax_factor_ra", "parallax_factor_dec")
    if all(name in found for name in names):
        return np.stack([found[name] for name in names], axis=1)
    if np.isnan(place).any():
        raise CatalogueError(
            explain(
                given="displacements without parallax factors, of places that are not "
                "told",
                wanted=f"columns {names[0]} and {names[1]}, or ra and dec",
                where=where,
                todo="add the columns; zeros, if no parallax is to be fitted",
            )
        )
    return factors_at(found["epoch"], place, observer)


def _check(
    epoch: Float[np.ndarray, "n"],
    offsets: Float[np.ndarray, "n 2"],
    error: Float[np.ndarray, "n 2"],
    where: str,
) -> None:
    bad = ~(np.isfinite(offsets).all(axis=1) & np.isfinite(epoch))
    bad |= ~(np.isfinite(error).all(axis=1) & (error > 0.0).all(axis=1))
    if bad.any():
        rows = some(np.flatnonzero(bad))
        raise CatalogueError(
            explain(
                given=f"{int(bad.sum())} rows with a time, a position or an error that "
                f"is none (rows {rows})",
                wanted="finite numbers, and errors greater than zero",
                where=where,
                todo="leave these rows out, or give them errors",
            )
        )


__all__ = ["is_positions", "read_positions"]
