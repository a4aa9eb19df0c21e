"""Many plates to a catalogue: stars, equations, solution, goodness, columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.catalogue import astrometry
from reseau.datasets.catalogues import SharedModes
from reseau.datasets.information import Information
from reseau.errors import ConfigError, explain, some

from .catalogue import catalogue_columns, epoch_columns, plate_columns
from .datum import Datum, datum_of
from .doubts import doubts_of_plates, doubts_of_stars
from .epochs import Epochs, epochs_of
from .goodness import Goodness, goodness_of
from .joint import Share, joint
from .left_out_epochs import left_out_epochs
from .merging import EPSILON
from .reference_floor import ReferenceFloor
from .robust import RobustMotions, solve_robustly
from .solving import Motions, solve_jointly
from .stars import UNITS, stars_of
from .undetermined import with_positions_alone


@dataclass(frozen=True)
class Options:
    """How plates are joined.

    Attributes
    ----------
    epoch
        Reference epoch, Julian year TCB; None: the mean of the plates'.
    prior
        What of the references counts: "gaia", "position" or "none".
    radial
        Whether the radial velocity is a sixth parameter.
    epochs
        Whether the positions on plates are wanted.
    robust
        Whether references, plates and single positions that disagree are found and
        count less.
    floor
        Errors that neighbouring references share; None: none.
    epsilon
        Share of information below which a mode is left out of the covariance.
    """

    epoch: float | None = None
    prior: str = "gaia"
    radial: bool = False
    epochs: bool = False
    robust: bool = False
    floor: ReferenceFloor | None = None
    epsilon: float = EPSILON


@dataclass(frozen=True)
class Combined:
    """What many plates give.

    Attributes
    ----------
    motions
        The solution.
    goodness
        Of each star.
    epochs
        Positions on plates.
    covariance
        Of each star's parameters [rad, rad/yr].
    catalogue, plates, positions
        Columns of the tables; the last one None unless asked for.
    modes
        The covariance of all stars, in units of the catalogue.
    datum
        What the references alone decide.
    robust
        What is not trusted; None: all is.
    """

    motions: Motions
    goodness: Goodness
    epochs: list[Epochs]
    covariance: Float[np.ndarray, "n k k"]
    catalogue: dict[str, Any]
    plates: dict[str, Any]
    positions: dict[str, Any] | None
    modes: SharedModes
    datum: Datum
    robust: RobustMotions | None = None


@in_double
def combined(
    plates: Sequence[Information],
    reference: Mapping[str, np.ndarray] | None,
    options: Options,
    photometry: dict[str, np.ndarray] | None = None,
) -> Combined:
    """Return the catalogue that plates give together.

    Parameters
    ----------
    plates
        What they say, each once.
    reference
        Columns of the catalogue of references; None: there is none.
    options
        How.
    photometry
        Magnitudes and colours by column, of all sources of the plates in ascending
        order of their identifiers; NaN: missing.

    Raises
    ------
    ConfigError
        A plate has no epoch.
    DegeneracyError
        What plates and references say contradicts itself.
    """
    _require_epochs(plates)
    epoch = options.epoch
    if epoch is None:
        epoch = round(float(np.mean([plate.epoch for plate in plates])), 2)
    size = 6 if options.radial else 5
    known = None if reference is None else astrometry(reference)
    stars = stars_of(plates, known, epoch=epoch, prior=options.prior, size=size)
    stars = with_positions_alone(plates, stars)
    trusted = None
    if options.robust:
        trusted = solve_robustly(plates, stars, epsilon=options.epsilon)
        motions = trusted.motions
    else:
        motions = solve_jointly(joint(plates, stars), epsilon=options.epsilon)
    equations, factor = motions.equations, motions.factor
    epochs = epochs_of(equations)
    goodness = goodness_of(equations, factor, epochs)
    datum = datum_of(motions, floor=_dated(options.floor, reference))
    covariance = factor.covariance_blocks()
    shared = datum.columns()
    if shared is not None:
        covariance = covariance + shared @ shared.transpose(0, 2, 1)
    columns = catalogue_columns(motions, covariance, goodness, photometry or {})
    of_plates = plate_columns(equations, epochs, factor.own())
    left_out: list[tuple[Share, Epochs]] = []
    if trusted is not None:
        left_out = left_out_epochs(plates, trusted.out, equations.stars)
        columns |= doubts_of_stars(trusted)
        of_plates |= doubts_of_plates(trusted)
    return Combined(
        motions=motions,
        goodness=goodness,
        epochs=epochs,
        covariance=covariance,
        catalogue=columns,
        plates=of_plates,
        positions=epoch_columns(equations, epochs, left_out)
        if options.epochs
        else None,
        modes=shared_modes(motions, shared),
        datum=datum,
        robust=trusted,
    )


def _dated(
    floor: ReferenceFloor | None, reference: Mapping[str, np.ndarray] | None
) -> ReferenceFloor | None:
    """Return a floor at the references' own epoch, unless it names another."""
    if floor is None or reference is None or floor.epoch is not None:
        return floor
    epoch = np.asarray(reference["ref_epoch"], dtype=float)
    known = epoch[np.isfinite(epoch)]
    return replace(floor, epoch=float(np.median(known)) if known.size else None)


def shared_modes(
    motions: Motions, more: Float[np.ndarray, "n k q"] | None = None
) -> SharedModes:
    """Return the covariance of all stars, in units of the catalogue.

    Parameters
    ----------
    motions
        The solution.
    more
        Columns that add to what stars share; None: none.
    """
    factor, stars = motions.factor, motions.equations.stars
    scale = UNITS[: stars.size]
    shared = factor.spread()
    if more is not None:
        shared = np.concatenate([shared, more], axis=2)
    return SharedModes(
        source_id=stars.source_id,
        own=factor.root * scale[:, None],
        shared=shared / scale[:, None],
    )


def _require_epochs(plates: Sequence[Information]) -> None:
    unknown = [plate.plate_id for plate in plates if not np.isfinite(plate.epoch)]
    if unknown:
        raise ConfigError(
            explain(
                given=f"plates without an epoch: {some(unknown)}",
                wanted="plates of which it is known when they were taken",
                where="combine",
                todo="solve them again with --epoch, or with a column epoch",
            )
        )


__all__ = ["Combined", "Options", "combined", "shared_modes"]
