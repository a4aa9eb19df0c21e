"""A catalogue as an astropy table: units and masks outside, plain columns inside."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, overload

import astropy.units as u
import numpy as np
from astropy.table import Column, MaskedColumn, Table
from astropy.time import ScaleValueError, Time
from astropy.utils.masked import Masked
from numpy import ndarray
from numpy.typing import ArrayLike

from reseau.errors import (
    CatalogueError,
    ConfigError,
    MissingAstrometryWarning,
    UnitError,
    explain,
    warn,
)
from reseau.tables import place_of
from reseau.tables.columns import Column as SchemaColumn
from reseau.tables.layouts import CATALOGUE, REFERENCE, YEARS
from reseau.tables.memory import as_qtable
from reseau.tables.naming.column_names import Choices
from reseau.tables.times.julian_years import julian_years

from .checks import check_speeds, check_values
from .moving import Moved, move
from .parameters import (
    CORRELATIONS,
    PAIRS,
    PARAMETERS,
    Astrometry,
    WidePrior,
    astrometry,
)
from .reader import has_our_names, read_columns, table_of_catalogue
from .writer import write_columns


@dataclass(frozen=True, eq=False)
class Catalogue:
    """A table of sources with Gaia's column names, units and masks.

    Attributes
    ----------
    table
        astropy table; `source_id` is int64. A pandas DataFrame, a pyarrow Table, a row
        or a dictionary of columns becomes one. Other names, units of epochs and the
        like are read as in a file.
    name
        What it is called in messages, as its file.

    Examples
    --------
    >>> from reseau import Catalogue
    >>> stars = Catalogue.read("stars.fits")  # doctest: +SKIP
    """

    table: Any
    name: str = field(default="catalogue", compare=False)

    def __post_init__(self) -> None:
        table: Any = self.table
        if isinstance(table, Table) and _is_ours(table) and has_our_names(table):
            return
        found = table_of_catalogue(table, self.name)
        if found is None and not isinstance(table, Table):
            found = as_qtable(table)
        if found is not None:
            object.__setattr__(self, "table", found)  # the class is frozen

    def __len__(self) -> int:
        return len(self.table)

    @overload
    def __getitem__(self, rows: str) -> Any: ...

    @overload
    def __getitem__(self, rows: int | slice | ArrayLike) -> "Catalogue": ...

    def __getitem__(self, rows: Any) -> Any:
        """Return a column by its name, or the catalogue of some rows.

        Parameters
        ----------
        rows
            Name of a column; or a row's number, a slice, numbers, or truth values.
        """
        if isinstance(rows, str):
            return self.table[rows]
        if isinstance(rows, (int, np.integer)):
            if not -len(self) <= rows < len(self):
                raise IndexError(f"row {rows} of a catalogue of {len(self)} rows")
            rows = [rows]
        return Catalogue(self.table[rows], name=self.name)

    @classmethod
    def read(
        cls,
        path: Any,
        *,
        columns: Choices = None,
        format: str | None = None,  # noqa: A002
    ) -> "Catalogue":
        """Read Parquet, FITS, ECSV, VOTable, CSV or IPAC.

        Parameters
        ----------
        path
            A file, the directory of a catalogue that `combine` wrote, or a table in
            memory whose columns have other names.
        columns
            Names and units where they are other ones: ``"ra=RA_ICRS[deg]"``, or a
            dictionary; a number stands for all rows: ``"ref_epoch=2016.0"``.
        format
            What the file has to be, as astropy calls it: "fits", "votable",
            "ascii.ecsv", "parquet", ...; files are told apart by their content all the
            same.
        """
        table = read_columns(path, columns=columns, kind=format)
        return cls(table, name=place_of(path, "the catalogue"))

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write Parquet, FITS, ECSV, VOTable or CSV, as the suffix says.

        Parameters
        ----------
        path
            Where to.
        overwrite
            Whether a file of that name may be replaced.
        """
        write_columns(self.table, path, name=self.name, overwrite=overwrite)

    def columns(self) -> dict[str, ndarray]:
        """Return Gaia's columns as plain arrays in the schema's units, NaN: missing."""
        known = [c for c in REFERENCE.columns if c.name in self.table.colnames]
        found = {c.name: self._plain(c) for c in known}
        for name in CORRELATIONS:
            if name not in found and name in self.table.colnames:
                found[name] = self._plain(SchemaColumn(name, "float64", "", ""))
        return found

    def _plain(self, column: SchemaColumn) -> ndarray:
        values = self.table[column.name]
        if isinstance(values, Time):
            return np.asarray(
                np.ma.filled(julian_years(values, column.name, self.name), np.nan)
            )
        plain = np.asarray(getattr(values, "unmasked", values))
        if column.dtype == "float64":
            plain = self._as_float(plain, column.name)
        own = getattr(values, "unit", None)
        if column.unit and own is not None:
            plain = plain * self._factor(own, column)
        mask = getattr(values, "mask", None)
        if mask is None or plain.dtype.kind != "f":
            return plain
        return np.where(np.asarray(mask), np.nan, plain)

    def _as_float(self, values: ndarray, name: str) -> ndarray:
        try:
            return values.astype(float)
        except (TypeError, ValueError) as error:
            raise CatalogueError(
                explain(
                    given=f"column {name} holds {values.dtype} values: {error}",
                    wanted="numbers",
                    where=f"{self.name}, column {name}",
                    todo="convert the column",
                )
            ) from error

    def _factor(self, own: u.UnitBase, column: SchemaColumn) -> float:
        try:
            return float(own.to(column.unit))
        except (u.UnitsError, ValueError, TypeError) as error:
            raise UnitError(
                explain(
                    given=f"column {column.name} has the unit '{own}'",
                    wanted=f"a unit that converts to {column.unit}",
                    where=f"{self.name}, column {column.name}",
                    todo="correct the column's unit",
                )
            ) from error

    def astrometry(self, wide: WidePrior | None = None) -> Astrometry:
        """Return six parameters and covariances, as the function `astrometry` does.

        Parameters
        ----------
        wide
            Prior of what is missing.
        """
        columns = self.columns()
        check_values(
            columns, self.name, needed=("source_id",), present=self.table.colnames
        )
        return astrometry(columns, wide=wide, where=self.name)

    def at_epoch(
        self,
        time: Time | u.Quantity | float,
        covariance: bool = True,
        *,
        light_time: bool = False,
        wide: WidePrior | None = None,
        fill: bool = False,
    ) -> "Catalogue":
        """Return the catalogue with all stars moved to another epoch.

        Parameters
        ----------
        time
            A time of any scale, or a Julian year TCB as Gaia's epochs are, with its
            unit or without.
        covariance
            Whether errors and correlations are moved too, by the full Jacobian. If
            not, their columns are left away, since they would be those of the old
            epoch.
        light_time
            Whether light takes its time, as ERFA has it; Gaia's own convention, the
            default, is without (see `reseau.sky.motion`).
        wide
            What a missing parallax, proper motion or radial velocity counts as:
            zero with the widths of `WidePrior` unless given.
        fill
            Whether what is missing is written into the new table, moved, as `wide` has
            it: values, errors and correlations. Then the new table can be moved on,
            and back, without loss.

        Returns
        -------
        A new catalogue: ra, dec, parallax, pmra, pmdec, radial_velocity as far as the
        table has them, their errors and correlations (five more, as
        ``ra_radial_velocity_corr``, where radial velocities have errors) and
        ref_epoch. Units and all other columns are kept as they are, so Gaia's
        galactic coordinates and the like remain those of the old epoch.
        ``table.meta["at_epoch"]`` says how the stars were moved and what was missing.

        Warns
        -----
        MissingAstrometryWarning
            Some stars lack parallax, proper motion or radial velocity. They move
            without, the error of their position grows by the wide prior, and what was
            missing stays missing unless `fill`. A value without its error is used, and
            counts with the wide prior's width. Also: the table has been moved before
            with such gaps, so that errors would grow as if each step were by a motion
            of its own.

        Raises
        ------
        CatalogueError
            A value is impossible, an epoch or a position missing, or (with
            `light_time`) a star faster than light; rows and values are named.
        ConfigError
            `time` is not one time between the years 1000 and 3000.

        Notes
        -----
        Positions are barycentric before and after: parallax moves no star here. Each
        star starts from its own ref_epoch.

        Examples
        --------
        >>> import astropy.units as u
        >>> from astropy.table import QTable
        >>> from reseau.catalogue import Catalogue
        >>> table = QTable({"ref_epoch": [2016.0] * u.yr, "ra": [269.4485] * u.deg,
        ...     "dec": [4.7394] * u.deg, "parallax": [546.98] * u.mas,
        ...     "pmra": [-801.55] * u.mas / u.yr, "pmdec": [10362.39] * u.mas / u.yr,
        ...     "radial_velocity": [-110.5] * u.km / u.s})
        >>> moved = Catalogue(table).at_epoch(2026.0, covariance=False)
        >>> print(moved.table["dec"][0].round(6))
        4.768202 deg
        """
        epoch = _julian_year(time)
        columns, wide = self.columns(), wide or WidePrior()
        check_values(columns, self.name, present=self.table.colnames)
        if light_time:
            check_speeds(columns, self.name)
        moved = move(
            columns,
            epoch,
            covariance=covariance,
            light_time=light_time,
            wide=wide,
            fill=fill,
            where=self.name,
        )
        _warn_of_missing(moved, wide, self.name)
        if covariance:
            _warn_of_gaps(self.table, self.name)
        table = _moved_table(self.table, moved, epoch, covariance, fill)
        epochs = columns["ref_epoch"]
        table.meta["at_epoch"] = {
            "from": [float(f(epochs)) for f in (np.min, np.max) if epochs.size],
            "to": epoch,
            "light_time": light_time,
            "covariance": covariance,
            "missing": moved.missing,
            "wide_prior": asdict(wide),
            "fill": fill,
        }
        return Catalogue(table, name=self.name)


def _is_ours(table: Table) -> bool:
    """Return whether positions and epochs are numbers under the names of here."""
    if not {"ra", "dec", "ref_epoch"} <= set(table.colnames):
        return False
    kinds = {np.asarray(table[n]).dtype.kind for n in ("ra", "dec")}
    epoch = table["ref_epoch"]
    if isinstance(epoch, Time):
        return kinds <= set("iuf")
    years = np.asarray(getattr(epoch, "unmasked", epoch))
    if not {*kinds, years.dtype.kind} <= set("iuf"):
        return False
    low, high = YEARS
    known = years[np.isfinite(years)]
    return not len(known) or bool(np.any((known >= low) & (known <= high)))


def _julian_year(time: Time | u.Quantity | float) -> float:
    if isinstance(time, str):
        raise _wrong_time(repr(time))
    if np.ndim(time):
        raise _wrong_time(f"an array of shape {np.shape(time)}")
    try:
        if isinstance(time, Time):
            year = float(time.tcb.jyear)
        elif isinstance(time, u.Quantity):
            year = float(time.to_value(u.yr))
        else:
            year = float(time)
    except ScaleValueError as error:
        scale = f"{time!r}, of a local scale that no epoch can be got from"
        raise _wrong_time(scale) from error
    except (TypeError, ValueError) as error:
        raise _wrong_time(repr(time)) from error
    low, high = YEARS
    if not low <= year <= high:
        raise _wrong_time(repr(time))
    return year


def _wrong_time(time: str) -> ConfigError:
    low, high = YEARS
    return ConfigError(
        explain(
            given=f"time is {time}",
            wanted=f"one astropy Time, or a Julian year TCB from {low:g} to {high:g}",
            where="Catalogue.at_epoch",
            todo="give a year as 2026.5, or Time(..., format='jd', scale='tcb')",
        )
    )


def _warn_of_missing(moved: Moved, wide: WidePrior, where: str) -> None:
    lacking = moved.missing
    if not any(lacking.values()):
        return
    warn(
        f"{where}: of {len(moved.mean)} sources {lacking['parallax']} lack a parallax, "
        f"{lacking['proper_motion']} a proper motion and {lacking['radial_velocity']} "
        f"a radial velocity; they were moved with 0 ± {wide.parallax:g} mas, "
        f"0 ± {wide.proper_motion:g} mas/yr and 0 ± {wide.radial_velocity:g} km/s; "
        f"{lacking['errors']} values without errors were given these widths",
        MissingAstrometryWarning,
    )


def _warn_of_gaps(table: Table, where: str) -> None:
    """Warn where an earlier step has left wide priors out of the table."""
    earlier = table.meta.get("at_epoch", {})
    if earlier.get("fill") or not any(earlier.get("missing", {}).values()):
        return
    warn(
        f"{where}: was moved before, to {earlier['to']:g}, with values missing, whose "
        "wide prior is not in the table; errors of the positions are now too small if "
        "the motion goes on, too large if it goes back: start from the original "
        "catalogue, or move it with fill=True",
        MissingAstrometryWarning,
    )


def _moved_table(
    table: Table, moved: Moved, epoch: float, covariance: bool, fill: bool
) -> Table:
    new = table.copy()
    if fill:
        wanted = PARAMETERS[2:]
        errors_wanted = tuple(f"{name}_error" for name in wanted) if covariance else ()
        for name in (*wanted, *errors_wanted):
            if name not in new.colnames:
                new[name] = np.full(len(new), np.nan) * u.Unit(CATALOGUE[name].unit)
    _replace(new, "ref_epoch", np.full(len(table), epoch))
    for i, name in enumerate(PARAMETERS):
        if name in new.colnames:
            _replace(new, name, moved.mean[:, i])
    errors = {f"{name}_error": moved.error[:, i] for i, name in enumerate(PARAMETERS)}
    for name, values in errors.items():
        if name in new.colnames:
            _replace(new, name, values if covariance else None)
    for i, name in enumerate(CORRELATIONS):
        first, second = (f"{PARAMETERS[p]}_error" for p in PAIRS[i])
        if covariance and first in new.colnames and second in new.colnames:
            _replace(new, name, moved.correlation[:, i])
        elif name in new.colnames:
            _replace(new, name, None)
    return new


def _replace(table: Table, name: str, values: ndarray | None) -> None:
    """Put values in the schema's unit into a column in its own; None removes it."""
    if values is None:
        table.remove_column(name)
        return
    unit = CATALOGUE[name].unit if name in CATALOGUE else ""
    old = table[name] if name in table.colnames else None
    if old is None:
        table[name] = values
        return
    description = old.info.description
    table[name] = _like(old, values, unit)
    table[name].info.description = description


def _like(old: Any, values: ndarray, unit: str) -> Any:
    """Return values as a column of the same kind, unit, mask and description."""
    missing = np.isnan(values)
    masked = getattr(old, "mask", None) is not None
    if isinstance(old, Time):
        return Time(values, format="jyear", scale="tcb")
    own = getattr(old, "unit", None)
    if own is not None and unit:
        values = values * u.Unit(unit).to(own)
    if isinstance(old, u.Quantity):
        new: Any = values << own
        return Masked(new, mask=missing) if masked else new
    kind = MaskedColumn if masked else Column
    options: dict[str, Any] = {"mask": missing} if masked else {}
    return kind(values, unit=own, **options)


__all__ = ["Catalogue"]
