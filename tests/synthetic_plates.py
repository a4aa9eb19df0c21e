"""What plates say of stars, made by the algebra alone: a survey in a moment.

Stars move by `reseau.sky.direction_at`; a plate measures each in both coordinates with
an error of its own, through a distortion of which all coefficients are free, and says
what is left when these are eliminated: dense matrices, without a solver.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.linalg

from reseau._compiled import quick_jit
from reseau._usual import in_chunks
from reseau.constants import MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.motions.stars import FIVE, Stars
from reseau.sky import direction_at, direction_from_angles, displaced

MAS = MILLIARCSECOND
EPOCH = 2030.0

_seen, _moved = quick_jit(direction_at), quick_jit(displaced)
_towards = quick_jit(direction_from_angles)


@dataclass(frozen=True)
class Made:
    """A small survey: what plates say, the stars with their priors, and the truth.

    `truth` are true parameters of each star, as offsets from its direction.
    """

    plates: list[Information]
    stars: Stars
    truth: np.ndarray


def made_stars(
    rng: np.random.Generator,
    n: int,
    *,
    references: float = 0.9,
    radius: float = 0.005,
    catalogue: tuple[float, ...] = (0.3, 0.3, 0.1, 0.1, 0.1),
) -> tuple[Stars, np.ndarray]:
    """Return stars with the catalogue's parameters and errors, and their true ones.

    Parameters
    ----------
    rng
        Random numbers.
    n
        Number of stars.
    references
        Part of them that the catalogue has.
    radius
        Of the field [rad].
    catalogue
        Errors [mas, mas/yr].
    """
    angles = np.array([4.65, -0.5]) + rng.uniform(-radius, radius, (n, 2))
    direction = np.array(_towards(angles[:, 0], angles[:, 1]))
    truth = np.zeros((n, 6))
    truth[:, :2] = rng.normal(0.0, 1.0, (n, 2)) * MAS
    truth[:, 2] = rng.gamma(2.0, 0.1, n) * MAS
    truth[:, 3:5] = rng.normal(-2.0, 4.0, (n, 2)) * MAS
    sigma = np.array(catalogue) * MAS * rng.uniform(0.5, 1.5, (n, 1))
    mean = truth.copy()
    mean[:, :5] += sigma * rng.normal(size=(n, 5))
    known = rng.random(n) < references
    prior = np.zeros((n, 5, 5))
    prior[known] = np.einsum("ni,ij->nij", sigma[known] ** -2.0, np.eye(5))
    start = np.where(known[:, None], mean, 0.0)
    stars = Stars(
        source_id=np.arange(1000, 1000 + n),
        epoch=np.full(n, EPOCH),
        direction=direction,
        parameters=start,
        mean=start.copy(),
        prior=prior,
        is_reference=known,
        solved_for=np.full(n, FIVE),
    )
    return stars, truth


def observer(epoch: float) -> np.ndarray:
    """Return where an observer on a circle about the Sun is [au]."""
    angle = 2.0 * np.pi * (epoch - 2000.0)
    return np.array([np.cos(angle), 0.917 * np.sin(angle), 0.398 * np.sin(angle)])


def made_plate(
    rng: np.random.Generator,
    stars: Stars,
    truth: np.ndarray,
    number: int,
    *,
    epoch: float,
    claimed: float | None = None,
    shifted: np.ndarray | None = None,
    noise: float = 1.0,
    seen: float = 0.9,
    degree: int = 3,
) -> Information:
    """Return what one plate says.

    Parameters
    ----------
    rng
        Random numbers.
    stars, truth
        As `made_stars` returns them.
    number
        Of the plate.
    epoch
        When it was taken.
    claimed
        What is said of that, if it is wrong.
    shifted
        Offsets of the stars that the plate alone sees [rad].
    noise
        Errors in units of what is claimed.
    seen
        Part of the stars that it sees.
    degree
        Of the distortion.
    """
    rows = np.flatnonzero(rng.random(stars.n) < seen)
    n = rows.size
    sigma = 0.4 * MAS * np.sqrt(_brightness(stars.source_id[rows]))
    place = np.tile(observer(epoch), (n, 1))
    elapsed = np.full(n, epoch) - stars.epoch[rows]
    true = in_chunks(_seen, stars.direction[rows], truth[rows], elapsed, place)
    off = np.zeros((n, 2)) if shifted is None else shifted[rows]
    true = np.asarray(in_chunks(_moved, true, off))
    basis = _distortion(true, degree)
    white = (basis / sigma[:, None, None]).reshape(2 * n, -1)
    corner = white.T @ white + np.eye(white.shape[1]) * (1.0 / (1e4 * MAS)) ** 2
    drawn = white @ rng.normal(0.0, 100 * MAS, white.shape[1])
    drawn = drawn + noise * rng.normal(size=2 * n)
    columns = white @ scipy.linalg.inv(scipy.linalg.cholesky(corner)).astype(float)
    modes, single, _ = scipy.linalg.svd(columns, full_matrices=False)
    columns = modes * single
    gradient = drawn - columns @ (columns.T @ drawn)
    shape = (n, 2, columns.shape[1])
    said: dict[str, Any] = {
        "plate_id": number,
        "epoch": epoch if claimed is None else claimed,
        "observer": observer(epoch if claimed is None else claimed),
        "source_id": stars.source_id[rows],
        "direction": true,
        "gradient": gradient.reshape(n, 2) / sigma[:, None],
        "blocks": np.eye(2) / sigma[:, None, None] ** 2,
        "columns": columns.reshape(shape) / sigma[:, None, None],
        "share": single**2,
        "left_out": 0.0,
        "epsilon": 0.0,
        "chi2": np.full(n, 60.0),
        "n_measurements": np.full(n, 30.0),
        "digest": str(number),
        "reference": np.zeros(n, dtype=int),
    }
    return Information(**said)


def made_survey(
    seed: int,
    *,
    n: int = 300,
    plates: int = 10,
    references: float = 0.9,
    odd: dict[int, dict[str, Any]] | None = None,
    **choices: Any,
) -> Made:
    """Return a survey of plates over three years.

    Parameters
    ----------
    seed
        Of its random numbers.
    n, plates
        How many stars and plates.
    references
        Part of the stars that are in the catalogue.
    odd
        Choices of `made_plate` for single plates, by number.
    choices
        The same for all.
    """
    rng = np.random.default_rng(seed)
    stars, truth = made_stars(rng, n, references=references)
    epochs = EPOCH - 1.5 + 3.0 * (np.arange(plates) + 0.37) / plates
    said = [
        made_plate(
            rng,
            stars,
            truth,
            number,
            epoch=float(epoch),
            **{**choices, **(odd or {}).get(number, {})},
        )
        for number, epoch in enumerate(epochs)
    ]
    return Made(said, stars, truth)


def with_wrong_motions(
    made: Made, fraction: float, sigmas: float, seed: int = 1
) -> tuple[Made, np.ndarray]:
    """Return a survey with wrong motions in the catalogue, and whose they are.

    Parameters
    ----------
    made
        A survey.
    fraction
        Of the references that are wrong.
    sigmas
        By how many of their own errors.
    seed
        Of the random numbers.
    """
    rng = np.random.default_rng(seed)
    stars = made.stars
    known = np.flatnonzero(stars.is_reference)
    chosen = rng.choice(known, round(fraction * known.size), replace=False)
    angle = rng.uniform(0.0, 2.0 * np.pi, chosen.size)
    sigma = stars.prior[chosen, 3, 3] ** -0.5
    off = np.zeros((stars.n, 6))
    off[chosen, 3] = sigmas * sigma * np.cos(angle)
    off[chosen, 4] = sigmas * sigma * np.sin(angle)
    wrong = np.zeros(stars.n, dtype=bool)
    wrong[chosen] = True
    changed = replace(stars, parameters=stars.parameters + off, mean=stars.mean + off)
    return Made(made.plates, changed, made.truth), wrong


def _brightness(source_id: np.ndarray) -> np.ndarray:
    """Return variances of the stars in units of those of the usual one."""
    return np.asarray(0.5 + (source_id * 7919 % 101) / 50.0)


def _distortion(direction: np.ndarray, degree: int) -> np.ndarray:
    """Return offsets of polynomials over the field, in both coordinates."""
    centre = direction.mean(axis=0)
    east = np.cross([0.0, 0.0, 1.0], centre)
    east /= np.linalg.norm(east)
    north = np.cross(centre, east)
    x, y = direction @ east / 0.005, direction @ north / 0.005
    terms = [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    out = np.zeros((len(direction), 2, 2 * len(terms)))
    for k, term in enumerate(terms):
        out[:, 0, 2 * k] = term
        out[:, 1, 2 * k + 1] = term
    return out
