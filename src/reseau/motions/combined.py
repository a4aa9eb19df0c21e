"""Many plates to a catalogue: stars, equations, solution, goodness, columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.catalogue import astrometry
from reseau.datasets.catalogues import SharedModes
from reseau.datasets.information import Information
from reseau.errors import ConfigError, explain, some

from .catalogue import catalogue_columns, epoch_columns, plate_columns
from .epochs import Epochs, epochs_of
from .goodness import Goodness, goodness_of
from .joint import joint
from .merging import EPSILON
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
    epsilon
        Share of information below which a mode is left out of the covariance.
    """

    epoch: float | None = None
    prior: str = "gaia"
    radial: bool = False
    epochs: bool = False
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
    """

    motions: Motions
    goodness: Goodness
    epochs: list[Epochs]
    covariance: Float[np.ndarray, "n k k"]
    catalogue: dict[str, Any]
    plates: dict[str, Any]
    positions: dict[str, Any] | None
    modes: SharedModes


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
    motions = solve_jointly(joint(plates, stars), epsilon=options.epsilon)
    equations, factor = motions.equations, motions.factor
    epochs = epochs_of(equations)
    goodness = goodness_of(equations, factor, epochs)
    covariance = factor.covariance_blocks()
    return Combined(
        motions=motions,
        goodness=goodness,
        epochs=epochs,
        covariance=covariance,
        catalogue=catalogue_columns(motions, covariance, goodness, photometry or {}),
        plates=plate_columns(equations, epochs),
        positions=epoch_columns(equations, epochs) if options.epochs else None,
        modes=shared_modes(motions),
    )


def shared_modes(motions: Motions) -> SharedModes:
    """Return the covariance of all stars, in units of the catalogue.

    Parameters
    ----------
    motions
        The solution.
    """
    factor, stars = motions.factor, motions.equations.stars
    scale = UNITS[: stars.size]
    return SharedModes(
        source_id=stars.source_id,
        own=factor.root * scale[:, None],
        shared=factor.spread() / scale[:, None],
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
