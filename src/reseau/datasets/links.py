"""Check what tables of a dataset say of each other: exposures, detectors, plates."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reseau.errors import (
    CatalogueError,
    DuplicateMeasurementWarning,
    explain,
    some,
    warn,
)
from reseau.instrument import Instrument
from reseau.tables.ids import Index
from reseau.tables.layouts import EXPOSURES


def check_observer(exposures: pa.Table, where: str | Path) -> None:
    """Raise `CatalogueError` if only some exposures have an observer."""
    names = [
        n for n in exposures.column_names if n.startswith("obs_") and n in EXPOSURES
    ]
    for name in names:
        missing = np.isnan(exposures[name].to_numpy())
        if missing.any():
            rows = np.flatnonzero(missing)
            raise CatalogueError(
                explain(
                    given=f"column {name} lacks {len(rows)} of {len(missing)} values",
                    wanted="the observer of every exposure, or no such column",
                    where=f"{where}, column {name}, rows {some(rows)} (counted from 0)",
                    todo="add the values, or remove the columns obs_* and name the "
                    "observer in dataset.toml",
                )
            )


def check_links(
    exposures: pa.Table,
    measurements: pa.Table,
    instrument: Instrument,
    *,
    where: str | Path,
) -> None:
    """Check that every measurement has its exposure and its detector.

    Parameters
    ----------
    exposures, measurements
        Validated tables.
    instrument
        Its detectors are those that may be named.
    where
        For messages.

    Raises
    ------
    CatalogueError
        An exposure or a detector is unknown, or plates disagree.

    Warns
    -----
    DuplicateMeasurementWarning
        A source was measured more than once on an exposure; all are used.
    """
    known = exposures["exposure_id"].to_numpy()
    _check_known(measurements, "exposure_id", known, where)
    _check_known(measurements, "detector_id", np.array(instrument.detectors.ids), where)
    _check_plates(exposures, measurements, where)
    keys = ["exposure_id", "source_id"]
    counts = measurements.select(keys).group_by(keys).aggregate([([], "count_all")])
    repeated = counts.filter(pc.greater(counts["count_all"], 1))
    if repeated.num_rows:
        pairs = zip(*(repeated[k].to_pylist()[:3] for k in keys), strict=True)
        examples = "; ".join(f"exposure {e}, source {s}" for e, s in pairs)
        warn(
            f"{where}: {repeated.num_rows} sources were measured more than once on an "
            f"exposure ({examples}); all measurements are used, copies of one row once",
            DuplicateMeasurementWarning,
        )


def _check_known(
    measurements: pa.Table, name: str, known: np.ndarray, where: str | Path
) -> None:
    found = measurements[name].to_numpy()
    bad = np.flatnonzero(~np.isin(found, known))
    if len(bad):
        raise CatalogueError(
            explain(
                given=f"{len(bad)} measurements name an unknown {name}: "
                f"{some(np.unique(found[bad]))}",
                wanted=f"one of {some(known)}",
                where=f"{where}, measurements, column {name}, rows {some(bad)} "
                "(counted from 0)",
                todo=f"add the {name.removesuffix('_id')}, or remove the measurements",
            )
        )


def _check_plates(
    exposures: pa.Table, measurements: pa.Table, where: str | Path
) -> None:
    if "plate_id" not in measurements.column_names:
        return
    index = Index(exposures["exposure_id"].to_numpy(), "exposure")
    row = index.require(measurements["exposure_id"].to_numpy())
    differs = (
        exposures["plate_id"].to_numpy()[row] != measurements["plate_id"].to_numpy()
    )
    if differs.any():
        rows = np.flatnonzero(differs)
        raise CatalogueError(
            explain(
                given=f"{len(rows)} measurements and their exposures differ in plate",
                wanted="the same plate_id in measurements and exposures",
                where=f"{where}, measurements, rows {some(rows)} (counted from 0)",
                todo="correct plate_id",
            )
        )


__all__ = ["check_links", "check_observer"]
