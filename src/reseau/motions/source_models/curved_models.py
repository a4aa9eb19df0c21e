"""Orbits and lenses of one source, with the noise and the weights that are wanted.

Neither is linear, so that a floor and robust weights are found in rounds: fit, see what
is left, fit again.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from reseau.motions.epoch_astrometry import EpochAstrometry

from .lens import LensFit, fit_lens
from .linear_models import given_floor, parameters_of
from .noise_floor import fit_noise_floor, outliers
from .options import SourceOptions
from .orbit import DAYS_PER_YEAR, OrbitFit, fit_orbit, solved_orbit
from .robust import agis_weight
from .shared_orbit import fit_shared_orbit
from .single_source import SingleSource, single_source
from .velocities import RadialVelocities

ROUNDS = 12
SETTLED = 1e-4


@dataclass(frozen=True, eq=False)
class CurvedModel:
    """An orbit or a lens of one source.

    Attributes
    ----------
    fit
        Parameters and residuals.
    floor
        Additional error of each row [mas].
    floor_significance
        Of it; zero where it was not fitted.
    weight
        Of each row.
    source
        The rows as they were fitted.
    """

    fit: OrbitFit | LensFit
    floor: float
    floor_significance: float
    weight: Float[np.ndarray, "n"]
    source: SingleSource

    @property
    def bayesian_criterion(self) -> float:
        """Return BIC; see `FittedModel`."""
        parameters = int(np.sum(self.fit.error > 0.0))
        rows = self.fit.degrees + parameters
        logdet = float(self.source.white.log_determinant()[0])
        return self.fit.chi2 + logdet + parameters * float(np.log(max(rows, 1)))


def fit_curved(
    astrometry: EpochAstrometry,
    model: str,
    options: SourceOptions,
    *,
    floor: bool,
    velocities: RadialVelocities | None = None,
    begin: float | None = None,
) -> CurvedModel:
    """Fit an orbit or a lens to one source.

    Parameters
    ----------
    astrometry
        Of one source.
    model
        "orbit" or "lens".
    options
        Weights, periods, and the floor that is not fitted.
    floor
        Whether a floor is fitted.
    velocities
        Of the source; for an orbit.
    begin
        The floor of the first round [mas], as of the model without an orbit.
    """
    size, significance = float(given_floor(astrometry, options)[0]), 0.0
    size = size if begin is None else begin
    weight = np.ones(len(astrometry.value))
    found: OrbitFit | LensFit | None = None
    for _ in range(ROUNDS if floor or options.robust else 1):
        source = single_source(
            astrometry,
            names=tuple(n for n in parameters_of("5", options) if n != "pseudocolour"),
            floor=size,
            weight=weight,
            velocities=velocities if model == "orbit" else None,
        )
        found = fit = _fitted(source, model, options, found)
        before = size, weight
        if options.robust:
            error = np.hypot(astrometry.error, size)
            weight = np.where(
                astrometry.is_used, agis_weight(fit.residual / error), 1.0
            )
        if floor:
            size, significance = _floor(source, fit, weight)
        if abs(size - before[0]) <= SETTLED * size and np.allclose(
            weight, before[1], atol=SETTLED
        ):
            break
    lost = int(outliers(astrometry, before[1])[0]) if options.robust else 0
    fit = replace(fit, degrees=fit.degrees - lost)
    return CurvedModel(fit, before[0], significance, before[1], source)


def _fitted(
    source: SingleSource,
    model: str,
    options: SourceOptions,
    before: OrbitFit | LensFit | None,
) -> OrbitFit | LensFit:
    if model == "lens":
        return fit_lens(source)
    days = options.shortest_period
    orbit = fit_orbit(
        source,
        shortest=None if days is None else days / DAYS_PER_YEAR,
        before=before if isinstance(before, OrbitFit) else None,
    )
    if source.velocities is None:
        return orbit
    return fit_shared_orbit(source, orbit, dark=options.dark)


def _floor(
    source: SingleSource, fit: OrbitFit | LensFit, weight: Float[np.ndarray, "n"]
) -> tuple[float, float]:
    """Return the floor with the model taken as linear about its solution."""
    columns, names = source.columns, source.names
    if isinstance(fit, OrbitFit):
        columns = solved_orbit(source, fit.shape)[0]
        names = fit.names[: columns.shape[1]]
    size = np.linalg.norm(columns, axis=0)
    columns = columns / np.where(size > 0.0, size, 1.0)
    left = replace(source.astrometry, value=fit.residual)
    noise = fit_noise_floor(left, columns, names, weight=weight)
    return float(noise.floor[0]), float(noise.significance[0])


__all__ = ["CurvedModel", "fit_curved"]
