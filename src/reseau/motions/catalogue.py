"""The solution of many plates as columns of a catalogue, Gaia's names and units."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.catalogue import PARAMETERS
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.sky import angles_from_direction, displaced

from .epochs import Epochs
from .goodness import Goodness, renormalised
from .joint import Joint, Share
from .solving import Motions
from .stars import POSITIONS, UNITS, Stars

_displaced, _angles = quick_jit(displaced), quick_jit(angles_from_direction)


def catalogue_columns(
    motions: Motions,
    covariance: Float[np.ndarray, "n k k"],
    goodness: Goodness,
    photometry: dict[str, Float[np.ndarray, "n"]],
) -> dict[str, Any]:
    """Return the columns of the catalogue.

    Parameters
    ----------
    motions
        The solution.
    covariance
        Of each star's parameters, calibrations' share and floors included.
    goodness
        Of each star.
    photometry
        Magnitudes and colours by column; NaN: missing.
    """
    stars = motions.equations.stars
    ra, dec = positions_of(stars)
    columns: dict[str, Any] = {"source_id": stars.source_id, "ref_epoch": stars.epoch}
    columns |= {"ra": ra, "dec": dec}
    solved = stars.solved_for != POSITIONS
    size = stars.size
    scale = UNITS[:size]
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2)) / scale
    names = PARAMETERS[:size]
    for i, name in enumerate(names):
        shown = solved | (i < 2)
        if i >= 2:
            values = stars.parameters[:, i] / scale[i]
            columns[name] = np.where(shown, values, np.nan)
        columns[f"{name}_error"] = np.where(shown, sigma[:, i], np.nan)
    for i, j in combinations(range(size), 2):
        found = covariance[:, i, j] / (sigma[:, i] * sigma[:, j] * scale[i] * scale[j])
        shown = solved | (j < 2)
        corr = np.where(shown, np.clip(found, -1.0, 1.0), np.nan)
        columns[f"{names[i]}_{names[j]}_corr"] = corr
    own = np.sqrt(np.diagonal(motions.factor.own(), axis1=1, axis2=2))[:, 2]
    shared = 1.0 - (own / (sigma[:, 2] * scale[2])) ** 2
    magnitude = next(
        (photometry[n] for n in _MAGNITUDES if n in photometry),
        np.full(stars.n, np.nan),
    )
    ruwe = renormalised(goodness.uwe, magnitude)
    # A RUWE that photometry brought along is of the references' own catalogue.
    brought = {n: v for n, v in photometry.items() if n != "ruwe"}
    return columns | {
        "astrometric_params_solved": stars.solved_for,
        "is_reference": stars.is_reference,
        "n_plates": goodness.n_plates,
        "n_plates_left_out": goodness.n_left_out,
        "n_measurements": goodness.n_measurements,
        "chi2": goodness.chi2,
        "dof": goodness.dof,
        "gof": goodness.gof,
        "ruwe": ruwe,
        "parallax_calibration_share": np.where(solved, np.clip(shared, 0, 1), np.nan),
        **brought,
    }


_MAGNITUDES = ("phot_hw_mag", "phot_g_mean_mag")


def positions_of(stars: Stars) -> tuple[np.ndarray, np.ndarray]:
    """Return barycentric right ascensions and declinations at the epochs [deg]."""
    directions = in_chunks(_displaced, stars.direction, stars.parameters[:, :2])
    ra, dec = in_chunks(_angles, directions)
    return np.mod(ra / DEGREE, 360.0), dec / DEGREE


def epoch_columns(
    equations: Joint,
    epochs: list[Epochs],
    left_out: Sequence[tuple[Share, Epochs]] = (),
) -> dict[str, Any]:
    """Return the columns of the positions on plates, a row each.

    Parameters
    ----------
    equations
        At the solution.
    epochs
        Of all plates.
    left_out
        Positions that do not count, with the plates' parts.
    """
    every = [*zip(equations.plates, epochs, strict=True), *left_out]
    parts = [_of_plate(equations.stars, share, epoch) for share, epoch in every]
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}


def _of_plate(stars: Stars, share: Share, epoch: Epochs) -> dict[str, Any]:
    said, jacobian = share.information, share.mapped.jacobian
    n = epoch.row.size
    known = (epoch.used | (epoch.chi2 > 0))[:, None]
    inside = np.where(known[:, :, None], epoch.information, np.eye(2))
    covariance = np.linalg.inv(inside)
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    error = np.where(known, sigma / MILLIARCSECOND, np.nan)
    residual = np.where(known, epoch.residual / MILLIARCSECOND, np.nan)
    return {
        "source_id": stars.source_id[epoch.row],
        "plate_id": np.full(n, said.plate_id, dtype=np.int32),
        "epoch": np.full(n, said.epoch),
        "dra": residual[:, 0],
        "ddec": residual[:, 1],
        "dra_error": error[:, 0],
        "ddec_error": error[:, 1],
        "dra_ddec_corr": covariance[:, 0, 1] / sigma[:, 0] / sigma[:, 1],
        "parallax_factor_ra": jacobian[:, 0, 2],
        "parallax_factor_dec": jacobian[:, 1, 2],
        "used": epoch.used,
    }


def plate_columns(
    equations: Joint, epochs: list[Epochs], own: Float[np.ndarray, "n k k"]
) -> dict[str, Any]:
    """Return a row for each plate: how it agrees with all plates together.

    Parameters
    ----------
    equations
        At the solution.
    epochs
        Of all plates.
    own
        Covariances of the stars' parameters with all calibration held.

    Notes
    -----
    A plate's positions have fewer degrees of freedom than coordinates, since the stars'
    parameters follow them: those of star i take tr(Ω_ii E_i C_i E_iᵀ) of its two.
    """
    rows = []
    for share, epoch in zip(equations.plates, epochs, strict=True):
        said = share.information
        middle = np.mean(said.direction, axis=0)
        ra, dec = (float(a) for a in _angles(middle / np.linalg.norm(middle)))
        rows.append(
            {
                "plate_id": said.plate_id,
                "epoch": said.epoch,
                "ra": float(np.mod(ra / DEGREE, 360.0)),
                "dec": dec / DEGREE,
                "n_sources": said.source_id.size,
                "n_columns": said.share.size,
                "chi2": float(np.sum(epoch.chi2)),
                "dof": 2.0 * float(np.sum(epoch.used)) - _taken(share, epoch, own),
                "n_left_out": int(np.sum(~epoch.used)),
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _taken(share: Share, epoch: Epochs, own: Float[np.ndarray, "n k k"]) -> float:
    """Return degrees of freedom of a plate's positions that stars' parameters take."""
    along = share.mapped.jacobian[epoch.used]
    spread = along @ own[epoch.row[epoch.used]] @ along.transpose(0, 2, 1)
    return float(np.sum(epoch.information[epoch.used] * spread))


__all__ = ["catalogue_columns", "epoch_columns", "plate_columns", "positions_of"]
