"""From the tables of a dataset to the records of a problem.

Ids become row indices, units become radians, au and units of c, references are
carried to the plate's epoch and observer with their full covariance, and what
cannot take part is left out, counted and named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from reseau._precision import in_double
from reseau._words import counted
from reseau.catalogue import Astrometry, astrometry
from reseau.constants import ARCSECOND, DEGREE
from reseau.datasets import Dataset, not_one_plate
from reseau.errors import (
    CatalogueError,
    ConfigError,
    DroppedWarning,
    explain,
    some,
    warn,
)
from reseau.model import DEFAULT_FREE, Problem
from reseau.model.terms import term_labels
from reseau.model.trades import refuse_trades
from reseau.records import Exposures, Measurements, SourcePrior
from reseau.settings import default_of
from reseau.solvers import Labels
from reseau.tables import columns_of
from reseau.tables.ids import Index

from .carrying import carry
from .covariates import plate_covariates
from .doubles import without_doubles
from .flagged import without_flagged
from .naming import Names, name_of
from .photometry import photometry
from .solvable import check_solvable
from .surroundings import Seen, seen_from

Columns = dict[str, np.ndarray]

POINTING_SIGMA = DEGREE
"""Prior width of ra·cos dec and dec of an exposure (Plate Analysis)."""

MINIMUM_MEASUREMENTS: int = default_of("minimum_measurements")
"""A source without a prior needs this many: one alone could not be checked."""


@dataclass(frozen=True)
class Prepared:
    """A problem and what its rows are called.

    Attributes
    ----------
    problem
        Records for the solver.
    plate_id, epoch
        Of the plate.
    exposure_id, source_id
        Ids of the rows.
    is_reference
        Of each source.
    photometry
        Magnitudes and colours of the sources by column, see `photometry`.
    unit
        Unit of the measured positions.
    dropped
        What was left out: how many of each kind, and the first ids.
    missing
        Missing astrometry of the references, by name.
    names
        What identifiers stand for, where they were text.
    """

    problem: Problem
    plate_id: int
    epoch: float
    exposure_id: np.ndarray
    source_id: np.ndarray
    is_reference: np.ndarray
    photometry: dict[str, np.ndarray]
    unit: str
    dropped: dict[str, list[int]] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    names: Names = field(default_factory=dict)

    @property
    def term_labels(self) -> tuple[str, ...]:
        """Return names of the declared terms that exposures share."""
        return term_labels(self.problem.instrument)

    @property
    def labels(self) -> Labels:
        """Return names of exposures and detectors for messages."""
        detectors = self.problem.instrument.detectors
        return Labels(
            [name_of(self.names, "exposure", i) for i in self.exposure_id],
            list(detectors.names)
            or [name_of(self.names, "detector", i) for i in detectors.ids],
        )


def plates_of(dataset: Dataset) -> list[int]:
    """Return the ids of a dataset's plates, sorted."""
    return [int(p) for p in np.unique(columns_of(dataset.exposures)["plate_id"])]


@in_double
def prepare(
    dataset: Dataset,
    *,
    plate: int | None = None,
    free: tuple[str, ...] = DEFAULT_FREE,
    use_reference: bool = True,
    minimum_measurements: int = MINIMUM_MEASUREMENTS,
    keep_flags: int = 0,
) -> Prepared:
    """Make the problem of one plate.

    Parameters
    ----------
    dataset
        Validated tables.
    plate
        Id of the plate; the only one if absent.
    free
        Names of the free blocks.
    use_reference
        False: a free network, whatever the reference says.
    minimum_measurements
        Sources without a prior and with fewer measurements are left out.
    keep_flags
        Bits of the measurements' flags that are harmless; any other, and a measurement
        is left out.

    Warns
    -----
    DroppedWarning
        Exposures or sources were left out.
    """
    return _prepare(
        dataset, plate, free, use_reference, minimum_measurements, keep_flags
    )


def _prepare(
    dataset: Dataset,
    plate: int | None,
    free: tuple[str, ...],
    use_reference: bool,
    minimum: int,
    keep_flags: int,
) -> Prepared:
    place = f"dataset {dataset.name}"
    exposures, measurements, plate = _plate_columns(dataset, plate)
    measurements, flagged = without_flagged(measurements, keep_flags, place)
    measurements, doubles = without_doubles(measurements)
    exposures, unmeasured = _measured_exposures(exposures, measurements)
    observer = seen_from(dataset, exposures)
    epoch = float(np.mean(exposures["epoch"]))
    reference = _reference(dataset) if use_reference else None
    measurements, few = _enough_measured(measurements, reference, minimum)
    source_id, source = np.unique(measurements["source_id"], return_inverse=True)
    row = np.full(source_id.size, -1)
    if reference is not None:
        row = reference.index.rows_of(source_id)
    prior, is_reference = _source_prior(row, reference, exposures["epoch"], observer)
    _check_priors(prior, source_id)
    known = np.any(prior.information != 0, axis=(1, 2)) | prior.fixed
    network = not use_reference or not known.any()
    problem = Problem(
        instrument=dataset.instrument,
        exposures=_exposure_record(exposures, observer),
        measurements=_measurement_record(
            dataset, measurements, exposures, source, reference, row
        ),
        prior=prior,
        free=_free_blocks(dataset, free),
        free_network=network,
    )
    named = {"source": source_id, "exposure": exposures["exposure_id"]}
    check_solvable(problem, named, dataset.names, place)
    left_out: dict[str, Sequence[int] | np.ndarray] = {
        **dataset.left_out,
        **flagged,
        **doubles,
    }
    left_out["exposures without measurements"] = unmeasured
    left_out[f"sources with fewer than {minimum} measurements and no prior"] = few
    dropped = {n: [int(i) for i in ids] for n, ids in left_out.items() if len(ids)}
    for name, ids in dropped.items():
        warn(f"left out {counted(len(ids), name)}: {some(ids)}", DroppedWarning)
    return Prepared(
        problem=problem,
        plate_id=plate,
        epoch=epoch,
        exposure_id=exposures["exposure_id"],
        source_id=source_id,
        is_reference=is_reference,
        photometry=photometry(
            measurements, source, {} if reference is None else reference.columns, row
        ),
        unit=dataset.unit,
        dropped=dropped,
        missing=reference.missing if reference is not None else {},
        names=dataset.names,
    )


def _plate_columns(dataset: Dataset, plate: int | None) -> tuple[Columns, Columns, int]:
    """Return the exposures and measurements of one plate."""
    exposures, measurements = (
        columns_of(t) for t in (dataset.exposures, dataset.measurements)
    )
    plates = plates_of(dataset)
    if plate is None and len(plates) > 1:
        raise not_one_plate(plates, f"dataset {dataset.name}")
    chosen = plates[0] if plate is None else plate
    if chosen not in plates:
        raise ConfigError(
            explain(
                given=f"plate {chosen}",
                wanted=f"one of {some(plates, 10)}",
                where=f"dataset {dataset.name}",
                todo="name a plate of this dataset",
            )
        )
    if len(plates) == 1:
        return exposures, measurements, chosen
    inside = exposures["plate_id"] == chosen
    exposures = {k: v[inside] for k, v in exposures.items()}
    rows = np.isin(measurements["exposure_id"], exposures["exposure_id"])
    return exposures, {k: v[rows] for k, v in measurements.items()}, chosen


def _measured_exposures(
    exposures: Columns, measurements: Columns
) -> tuple[Columns, np.ndarray]:
    """Leave out exposures without measurements."""
    used = np.isin(exposures["exposure_id"], measurements["exposure_id"])
    kept = {k: v[used] for k, v in exposures.items()}
    return kept, exposures["exposure_id"][~used]


def _reference(dataset: Dataset) -> "_Reference | None":
    if dataset.reference is None:
        return None
    columns = columns_of(dataset.reference)
    found = astrometry(columns)
    n = found.source_id.size
    return _Reference(
        astrometry=found,
        index=Index(found.source_id, "source"),
        is_reference=_flags(columns, n),
        columns=columns,
        missing={k: int(v) for k, v in found.missing.items() if v},
    )


@dataclass(frozen=True)
class _Reference:
    """The reference catalogue and where its sources are in it."""

    astrometry: Astrometry
    index: Index
    is_reference: np.ndarray
    columns: Columns
    missing: dict[str, int]

    def informs(self, source_id: np.ndarray) -> np.ndarray:
        """Return which sources have a prior or are held fixed."""
        row = self.index.rows_of(source_id)
        known = self.astrometry.has_position | self.astrometry.fixed
        return (row >= 0) & known[row]


def _flags(columns: Columns, n: int) -> np.ndarray:
    return np.asarray(columns.get("is_reference", np.ones(n)), dtype=bool)


def _enough_measured(
    measurements: Columns, reference: _Reference | None, minimum: int
) -> tuple[Columns, np.ndarray]:
    """Leave out sources with too few measurements and no prior."""
    ids, row, count = np.unique(
        measurements["source_id"], return_inverse=True, return_counts=True
    )
    informed = (
        np.zeros(ids.size, dtype=bool) if reference is None else reference.informs(ids)
    )
    kept = (count >= minimum) | informed
    if not kept.any():
        raise CatalogueError(
            explain(
                given=f"no source of {ids.size} has a prior or {minimum} measurements",
                wanted="sources that are measured repeatedly, or a reference catalogue",
                where="measurements",
                todo="check the identification of the sources"
                if reference is not None
                else "give positions of the sources: --reference TABLE, "
                "or name the columns of a single table "
                "that has them: --columns ra=NAME,dec=NAME",
            )
        )
    if kept.all():
        return measurements, ids[:0]
    use = kept[row]
    return {k: v[use] for k, v in measurements.items()}, ids[~kept]


def _source_prior(
    row: np.ndarray,
    reference: _Reference | None,
    epoch: np.ndarray,
    observer: Seen,
) -> tuple[SourcePrior, np.ndarray]:
    """Return the sources' priors at the plate's epoch, and which are references."""
    n = row.size
    direction = np.zeros((n, 3))
    information = np.zeros((n, 2, 2))
    fixed = np.zeros(n, dtype=bool)
    flags = np.zeros(n, dtype=bool)
    if reference is None:
        return SourcePrior(direction, information, fixed), flags
    has = np.flatnonzero(row >= 0)
    row = row[has]
    flags[has] = reference.is_reference[row]
    carried = carry(reference.astrometry, row, epoch, observer)
    direction[has] = carried.direction
    fixed[has] = carried.fixed
    informed = reference.astrometry.has_position[row] & ~carried.fixed
    information[has[informed]] = np.linalg.inv(carried.covariance[informed])
    return SourcePrior(direction, information, fixed), flags


def _check_priors(prior: SourcePrior, source_id: np.ndarray) -> None:
    """Refuse references that cannot be carried to the plate."""
    bad = ~np.all(np.isfinite(prior.direction), axis=1)
    bad |= ~np.all(np.isfinite(prior.information), axis=(1, 2))
    if bad.any():
        raise CatalogueError(
            explain(
                given=f"{int(bad.sum())} references without a finite position or "
                "covariance at the plate's epoch",
                wanted="positions, motions, parallaxes and errors of stars",
                where=f"reference, source_id {some(source_id[bad])}",
                todo="look at these rows for impossible values",
            )
        )


def _exposure_record(exposures: Columns, observer: Seen) -> Exposures:
    """Return the exposures' record; missing widths are those of the Plate Analysis."""
    n = exposures["epoch"].size
    attitude = np.stack([exposures[a] * DEGREE for a in ("ra", "dec", "pa")], axis=1)
    sigma = np.empty((n, 3))
    defaults = (POINTING_SIGMA, POINTING_SIGMA, np.inf)
    for i, (axis, default) in enumerate(
        zip(("ra", "dec", "pa"), defaults, strict=True)
    ):
        given = exposures.get(f"{axis}_error", np.full(n, np.nan)) * ARCSECOND
        sigma[:, i] = np.where(np.isfinite(given), given, default)
    sigma[~np.isfinite(attitude)] = np.inf
    return Exposures(
        epoch=np.asarray(exposures["epoch"], dtype=float),
        attitude=attitude,
        attitude_sigma=sigma,
        position=observer.position,
        surroundings=observer.surroundings,
    )


def _measurement_record(
    dataset: Dataset,
    measurements: Columns,
    exposures: Columns,
    source: np.ndarray,
    reference: _Reference | None,
    row: np.ndarray,
) -> Measurements:
    """Return the measurements' record; `row`: of each source in the reference."""
    n = source.size
    sx, sy = measurements["x_error"], measurements["y_error"]
    corr = np.nan_to_num(measurements.get("xy_corr", np.zeros(n)))
    covariance = np.empty((n, 2, 2))
    covariance[:, 0, 0], covariance[:, 1, 1] = sx**2, sy**2
    covariance[:, 0, 1] = covariance[:, 1, 0] = corr * sx * sy
    exposure = Index(exposures["exposure_id"]).require(measurements["exposure_id"])
    ids = np.asarray(dataset.instrument.detectors.ids)
    detector = Index(ids, "detector").require(measurements["detector_id"])
    return Measurements(
        pixel=np.stack([measurements["x"], measurements["y"]], axis=1),
        covariance=covariance,
        source=source.astype(np.int32),
        exposure=exposure.astype(np.int32),
        detector=detector.astype(np.int32),
        covariates=plate_covariates(
            dataset.instrument,
            measurements,
            epoch=exposures["epoch"],
            exposure=exposure,
            detector=detector,
            reference={} if reference is None else reference.columns,
            row=row[source],
        ),
    )


def _free_blocks(dataset: Dataset, free: tuple[str, ...]) -> tuple[str, ...]:
    """Return the free blocks; a distortion with its own scale takes F's place."""
    instrument = dataset.instrument
    if instrument.distortion.carries_scale:
        free = tuple(b for b in free if b != "scale")
    if not instrument.terms:
        return tuple(b for b in free if b != "terms")
    refuse_trades(instrument, free)
    return free
