"""One source with its errors and linear model, ready for what is not linear."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import EpochAstrometry

from .basis import FIVE, model_columns
from .eliminated import Eliminated, eliminate_linear
from .normal_points import normal_points
from .velocities import RadialVelocities
from .whitening import Whitening, whitening


@dataclass(frozen=True, eq=False)
class SingleSource:
    """Rows of one source, its linear model, and its velocities.

    Attributes
    ----------
    astrometry
        Of the one source, rows that are used only matter.
    names, columns
        Linear model; see `model_columns`.
    white
        Of the rows' errors.
    eliminated
        The rows without the linear model.
    velocities
        Of the source; None: there are none.
    constant
        The velocities without their mean; None: there are none.
    coarse
        The same with one row a visit and direction, for searches; None: itself.
    """

    astrometry: EpochAstrometry
    names: tuple[str, ...]
    columns: Float[np.ndarray, "n p"]
    white: Whitening
    eliminated: Eliminated
    velocities: RadialVelocities | None = None
    constant: Eliminated | None = None
    coarse: "SingleSource | None" = None

    @property
    def middle(self) -> float:
        """Return the middle of the epochs that are used [Julian year]."""
        epoch = self.astrometry.epoch[self.astrometry.is_used]
        return 0.5 * float(epoch.min() + epoch.max())

    @property
    def span(self) -> float:
        """Return the time over which rows and velocities spread [Julian year]."""
        epoch = self.astrometry.epoch[self.astrometry.is_used]
        if self.velocities is not None:
            epoch = np.append(epoch, self.velocity_epoch)
        return float(np.ptp(epoch))

    @property
    def visits(self) -> int:
        """Return how many groups of rows are used."""
        return len(np.unique(self.astrometry.group[self.astrometry.is_used]))

    @property
    def velocity_epoch(self) -> Float[np.ndarray, "m"]:
        """Return when velocities were measured, from the reference epoch."""
        if self.velocities is None:
            return np.zeros(0)
        return self.velocities.epoch - self.astrometry.reference_epoch

    @property
    def chi2(self) -> float:
        """Return χ² of the linear model and of a constant velocity."""
        constant = 0.0 if self.constant is None else self.constant.chi2
        return self.eliminated.chi2 + constant

    @property
    def degrees(self) -> int:
        """Return the degrees of freedom of these."""
        rows = int(self.astrometry.n_used[0]) - self.eliminated.basis.shape[1]
        return rows + (0 if self.velocities is None else len(self.velocities.epoch) - 1)


def single_source(
    astrometry: EpochAstrometry,
    *,
    names: tuple[str, ...] = FIVE,
    floor: float = 0.0,
    weight: Float[np.ndarray, "n"] | None = None,
    velocities: RadialVelocities | None = None,
) -> SingleSource:
    """Prepare a source.

    Parameters
    ----------
    astrometry
        Of one source; see `EpochAstrometry.one`.
    names
        Of the linear model.
    floor
        Additional error of each row [mas].
    weight
        Robust weights of the rows; None: ones.
    velocities
        Of the source.
    """
    weight = np.ones(len(astrometry.value)) if weight is None else weight
    points = normal_points(astrometry, floor, weight)
    coarse = None
    if len(points.epoch) < 0.7 * int(astrometry.n_used[0]):
        coarse = _prepared(points, names, 0.0, np.ones(len(points.epoch)), velocities)
    return replace(
        _prepared(astrometry, names, floor, weight, velocities), coarse=coarse
    )


def _prepared(
    astrometry: EpochAstrometry,
    names: tuple[str, ...],
    floor: float,
    weight: Float[np.ndarray, "n"],
    velocities: RadialVelocities | None,
) -> SingleSource:
    white = whitening(astrometry, floor=floor, weight=weight)
    columns = model_columns(astrometry, names)
    constant = None
    if velocities is not None:
        scale = 1.0 / velocities.error
        constant = eliminate_linear(scale[:, None], scale * velocities.value)
    return SingleSource(
        astrometry=astrometry,
        names=names,
        columns=columns,
        white=white,
        eliminated=eliminate_linear(
            white.apply(columns), white.apply(astrometry.value)
        ),
        velocities=velocities,
        constant=constant,
    )


__all__ = ["SingleSource", "single_source"]
