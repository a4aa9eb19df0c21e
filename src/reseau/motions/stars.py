"""The stars of many plates: who they are, where they start, what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.catalogue import Astrometry
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.errors import unknown_name
from reseau.sky import direction_from_angles, propagate_with_covariance
from reseau.tables import Index

from .mapping import lines_of, mapped_at

PRIORS = ("gaia", "position", "none")
"""What of the references counts: all parameters, their positions only, nothing."""

UNITS = np.array([MILLIARCSECOND] * 5 + [1.0])
"""Of the six parameters in a catalogue: mas, mas/yr and km/s."""

EXACT = MILLIARCSECOND / 1000
"""Error of positions that a catalogue gives without one, at their epoch [rad]."""

POSITIONS, FIVE, SIX = 3, 31, 95
"""What was solved for, as in Gaia's `astrometric_params_solved`."""


@dataclass(frozen=True)
class Stars:
    """Stars at their reference epochs.

    Attributes
    ----------
    source_id
        Ascending.
    epoch
        Reference epoch of each, Julian years TCB.
    direction
        Unit vectors, ICRS, that the parameters start from.
    parameters
        Offsets of position (east, north), parallax [rad], proper motion [rad/yr] and
        radial velocity [km/s], as in `reseau.sky.motion`.
    mean
        The same of the prior; means nothing where there is none.
    prior
        Inverse covariance of the first k parameters; zero where there is none.
    is_reference
        Which have a prior from the catalogue.
    solved_for
        `FIVE` or `SIX`; `POSITIONS` where parallax and motion are not determined and
        have the wide prior of `WidePrior` about zero.
    """

    source_id: Int[np.ndarray, "n"]
    epoch: Float[np.ndarray, "n"]
    direction: Float[np.ndarray, "n 3"]
    parameters: Float[np.ndarray, "n 6"]
    mean: Float[np.ndarray, "n 6"]
    prior: Float[np.ndarray, "n k k"]
    is_reference: Bool[np.ndarray, "n"]
    solved_for: Int[np.ndarray, "n"]

    @property
    def n(self) -> int:
        """Number of stars."""
        return self.source_id.size

    @property
    def size(self) -> int:
        """Number of parameters that are solved for."""
        return int(self.prior.shape[1])


def stars_of(
    plates: Sequence[Information],
    reference: Astrometry | None,
    *,
    epoch: float,
    prior: str = "gaia",
    size: int = 5,
) -> Stars:
    """Return the stars that plates have seen, with their priors once.

    Parameters
    ----------
    plates
        Information of the plates.
    reference
        The catalogue of references; None: there is none.
    epoch
        Reference epoch, Julian year TCB.
    prior
        Of `PRIORS`. Where a reference does not count it still says where its star
        starts.
    size
        5 parameters, or 6 with the radial velocity.

    Raises
    ------
    ConfigError
        The name of the prior is unknown.
    """
    if prior not in PRIORS:
        raise unknown_name("prior", prior, PRIORS, where="--prior")
    ids = np.unique(np.concatenate([plate.source_id for plate in plates]))
    n = ids.size
    direction, parameters = _starts(plates, ids)
    information = np.zeros((n, size, size))
    known = np.zeros(n, dtype=bool)
    if reference is not None:
        row = Index(reference.source_id, "source").rows_of(ids)
        met = np.flatnonzero(row >= 0)
        row = row[met]
        start, moved, covariance = _carried(reference, row, epoch)
        direction[met], parameters[met] = start, moved
        counts = reference.has_position[row]
        covariance[:, :2, :2] += np.where(reference.fixed[row], EXACT**2, 0.0)[
            :, None, None
        ] * np.eye(2)
        known[met] = counts & (prior != "none")
        if prior == "gaia":
            information[met[counts]] = np.linalg.inv(
                covariance[counts][:, :size, :size]
            )
        elif prior == "position":
            inside = np.flatnonzero(counts)
            information[met[inside]] = _positions_alone(
                reference, row[inside], start[inside], moved[inside], epoch, size
            )
    return Stars(
        source_id=ids,
        epoch=np.full(n, epoch),
        direction=direction,
        parameters=parameters,
        mean=parameters.copy(),
        prior=information,
        is_reference=known,
        solved_for=np.full(n, FIVE if size == 5 else SIX),
    )


def _starts(
    plates: Sequence[Information], ids: Int[np.ndarray, "n"]
) -> tuple[np.ndarray, np.ndarray]:
    """Return where plates saw stars, any of them, and no motion."""
    direction = np.zeros((ids.size, 3))
    for plate in plates:
        direction[np.searchsorted(ids, plate.source_id)] = plate.direction
    return direction, np.zeros((ids.size, 6))


def _carried(
    reference: Astrometry, row: np.ndarray, epoch: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return directions, parameters and covariances of references at an epoch."""
    mean = reference.mean[row]
    covariance = np.nan_to_num(reference.covariance[row])
    covariance = covariance * UNITS[:, None] * UNITS
    elapsed = np.nan_to_num(epoch - reference.epoch[row])
    found = in_chunks(_moved, mean[:, :2] * DEGREE, mean * UNITS, covariance, elapsed)
    start, moved, carried = found
    return start, moved, carried


@quick_jit
def _moved(angles, mean, covariance, elapsed):  # type: ignore[no-untyped-def]
    start = direction_from_angles(angles[:, 0], angles[:, 1])
    parameters = mean.at[:, :2].set(0.0)
    return propagate_with_covariance(start, parameters, covariance, elapsed)


def _positions_alone(
    reference: Astrometry,
    row: np.ndarray,
    direction: np.ndarray,
    parameters: np.ndarray,
    epoch: float,
    size: int,
) -> np.ndarray:
    """Return the information of positions at their own epochs, seen from the centre.

    They are like a plate that an observer at the barycentre took then.
    """
    angles = reference.mean[row, :2] * DEGREE
    seen = np.asarray(direction_from_angles(angles[:, 0], angles[:, 1]))
    elapsed = np.nan_to_num(reference.epoch[row] - epoch)
    nowhere = np.zeros((row.size, 3))
    lines = lines_of(direction, parameters)
    _, jacobian = mapped_at(seen, lines, elapsed, nowhere)
    jacobian = jacobian[:, :, :size]
    own = reference.covariance[row][:, :2, :2] * MILLIARCSECOND**2
    own += np.where(reference.fixed[row], EXACT**2, 0.0)[:, None, None] * np.eye(2)
    return np.einsum(
        "nik,nij,njl->nkl", jacobian, np.linalg.inv(own), jacobian, optimize=True
    )


__all__ = ["FIVE", "POSITIONS", "PRIORS", "SIX", "UNITS", "Stars", "stars_of"]
