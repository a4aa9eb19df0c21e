"""A small catalogue of many plates, made by NumPy from a model that is known."""

from functools import cache
from typing import Any

import numpy as np
from astropy.coordinates import get_body_barycentric
from astropy.time import Time

from reseau.datasets.catalogues import CatalogueTables, SharedModes
from reseau.tables import table_of
from reseau.tables.catalogue_layouts import COMBINED, COMBINED_PLATES, EPOCHS

N_SOURCES, N_REFERENCES, N_PLATES = 240, 180, 12
CENTRE = (266.4, -29.0)
REF_EPOCH = 2029.5
NAMES = ("ra", "dec", "parallax", "pmra", "pmdec")
PRIOR = np.array([0.5, 0.5, 0.05, 0.05, 0.05])
"""Errors of references [mas], [mas/yr]."""

WIDE = 10.0
"""The same of other sources."""

COMMON = np.array([0.02, 0.03, 0.01, 0.04, 0.05])
"""Error that all sources share."""


@cache
def small_catalogue(*, observer: str = "earth") -> CatalogueTables:
    """Return a catalogue of sources that were fitted one by one, and share a shift.

    Parameters
    ----------
    observer
        "earth", or "barycentre": no parallax is seen.
    """
    rng = np.random.default_rng(7)
    n, p = N_SOURCES, N_PLATES
    ra = CENTRE[0] + rng.uniform(-0.4, 0.4, n)
    dec = CENTRE[1] + rng.uniform(-0.3, 0.3, n)
    magnitude = rng.uniform(9.0, 14.5, n)
    magnitude[:5] = np.nan
    is_reference = np.arange(n) < N_REFERENCES
    time = np.sort(rng.uniform(REF_EPOCH - 1.5, REF_EPOCH + 1.5, p))
    factor = _factors(time, ra, dec) if observer == "earth" else np.zeros((n, p, 2))
    design = _design(factor, time)
    position = _position_covariance(rng, np.nan_to_num(magnitude, nan=12.0))
    true = rng.normal([0.0, 0.0, 0.8, -2.0, -4.0], [0.0, 0.0, 0.4, 3.0, 3.0], (n, 5))
    noise = np.einsum(
        "npij,npj->npi", np.linalg.cholesky(position), rng.standard_normal((n, p, 2))
    )
    known = np.where(is_reference[:, None], PRIOR, WIDE)
    prior = known[:, :, None] ** -2.0 * np.eye(5)
    offset = rng.normal(0.0, known)
    weight = np.linalg.inv(position)
    normal = prior + np.einsum("npik,npij,npjl->nkl", design, weight, design)
    pulled = np.einsum("npik,npij,npj->nk", design, weight, noise)
    pulled += np.einsum("nij,nj->ni", prior, offset)
    error = np.linalg.solve(normal, pulled[..., None])[..., 0]
    residual = noise - np.einsum("npik,nk->npi", design, error)
    chi2 = np.einsum("npi,npij,npj->np", residual, weight, residual)
    own = np.linalg.inv(normal)
    shared = np.broadcast_to(np.diag(COMMON), (n, 5, 5)).copy()
    modes = SharedModes(4_000_000_000_000_000_000 + np.arange(n), _root(normal), shared)
    given = {
        "source_id": modes.source_id,
        "ref_epoch": np.full(n, REF_EPOCH),
        "ra": ra,
        "dec": dec,
        **{name: (true + error)[:, i] for i, name in enumerate(NAMES) if i > 1},
        **_errors(own + np.diag(COMMON**2)),
        "astrometric_params_solved": np.full(n, 31),
        "is_reference": is_reference,
        "n_plates": np.full(n, p),
        "n_plates_left_out": np.zeros(n, dtype=int),
        "n_measurements": np.full(n, 10 * p),
        "chi2": chi2.sum(axis=1),
        "dof": np.full(n, 2.0 * p),
        "gof": rng.standard_normal(n),
        "ruwe": np.sqrt(chi2.sum(axis=1) / (2.0 * p)),
        "parallax_calibration_share": np.zeros(n),
        "phot_hw_mag": magnitude,
    }
    taken = np.einsum("npij,npik,nkl,npjl->p", weight, design, own, design)
    plates = {
        "plate_id": np.arange(p),
        "epoch": time,
        "ra": np.full(p, CENTRE[0]),
        "dec": np.full(p, CENTRE[1]),
        "n_sources": np.full(p, n),
        "n_columns": np.full(p, 10),
        "chi2": chi2.sum(axis=0),
        "dof": 2.0 * n - taken,
        "n_left_out": np.zeros(p, dtype=int),
    }
    return CatalogueTables(
        catalogue=table_of(given, COMBINED),
        plates=table_of(plates, COMBINED_PLATES),
        modes=modes,
        summary=_summary(),
        epochs=table_of(
            _epochs(modes.source_id, time, residual, position, factor), EPOCHS
        ),
    )


def _summary() -> dict[str, Any]:
    return {
        "converged": True,
        "n_sources": N_SOURCES,
        "n_references": N_REFERENCES,
        "n_positions_only": 0,
        "n_plates": N_PLATES,
        "n_measurements": 10 * N_PLATES * N_SOURCES,
        "n_bad": 0,
        "ref_epoch": REF_EPOCH,
        "prior": "gaia",
        "shared_modes": 5,
        "iterations": 1,
        "median_errors": {},
        "input": ["solution"],
        "verdict": ["240 sources from 12 plates, 180 of them with priors."],
    }


def _factors(time: np.ndarray, ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    """Return parallax factors by astropy's Earth, (n, p, 2)."""
    earth = get_body_barycentric("earth", Time(time, format="jyear", scale="tcb"))
    place = earth.xyz.to_value("au").T
    a, d = np.deg2rad(ra)[:, None], np.deg2rad(dec)[:, None]
    x, y, z = place.T
    east = x * np.sin(a) - y * np.cos(a)
    north = (x * np.cos(a) + y * np.sin(a)) * np.sin(d) - z * np.cos(d)
    return np.stack([east, north], axis=-1)


def _design(factor: np.ndarray, time: np.ndarray) -> np.ndarray:
    design = np.zeros((*factor.shape, 5))
    design[..., 2] = factor
    for axis in (0, 1):
        design[:, :, axis, axis] = 1.0
        design[:, :, axis, 3 + axis] = time - REF_EPOCH
    return design


def _position_covariance(rng: np.random.Generator, magnitude: np.ndarray) -> np.ndarray:
    sigma = 0.3 * 10 ** (0.2 * (magnitude - 12.0))[:, None, None]
    sigma = sigma * rng.uniform(0.8, 1.2, (N_SOURCES, N_PLATES, 2))
    found = sigma[..., :, None] * sigma[..., None, :]
    corr = rng.uniform(-0.5, 0.5, (N_SOURCES, N_PLATES))
    found[..., 0, 1] *= corr
    found[..., 1, 0] *= corr
    return found


def _root(normal: np.ndarray) -> np.ndarray:
    return np.linalg.cholesky(normal)


def _errors(covariance: np.ndarray) -> dict[str, np.ndarray]:
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    found = {f"{name}_error": sigma[:, i] for i, name in enumerate(NAMES)}
    for i in range(5):
        for j in range(i + 1, 5):
            ratio = covariance[:, i, j] / sigma[:, i] / sigma[:, j]
            found[f"{NAMES[i]}_{NAMES[j]}_corr"] = ratio
    return found


def _epochs(
    ids: np.ndarray,
    time: np.ndarray,
    residual: np.ndarray,
    position: np.ndarray,
    factor: np.ndarray,
) -> dict[str, np.ndarray]:
    n, p = residual.shape[:2]
    sigma = np.sqrt(np.diagonal(position, axis1=2, axis2=3))
    by_plate = {
        "source_id": np.broadcast_to(ids[:, None], (n, p)),
        "plate_id": np.broadcast_to(np.arange(p), (n, p)),
        "epoch": np.broadcast_to(time, (n, p)),
        "dra": residual[..., 0],
        "ddec": residual[..., 1],
        "dra_error": sigma[..., 0],
        "ddec_error": sigma[..., 1],
        "dra_ddec_corr": position[..., 0, 1] / sigma[..., 0] / sigma[..., 1],
        "parallax_factor_ra": factor[..., 0],
        "parallax_factor_dec": factor[..., 1],
        "used": np.ones((n, p), dtype=bool),
    }
    # Plate by plate, as combine writes them.
    return {name: values.T.ravel() for name, values in by_plate.items()}


__all__ = ["COMMON", "N_PLATES", "N_REFERENCES", "N_SOURCES", "small_catalogue"]
