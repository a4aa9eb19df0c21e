"""Plates of a few lines: measured offsets, a polynomial calibration that is not known.

What a plate says is written out densely here, from measurements and their design alone.
"""

from dataclasses import dataclass

import numpy as np

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.motions.joint import Joint, joint
from reseau.motions.stars import FIVE, Stars

EPOCH = 2030.0
ERROR = 0.1
"""Of a measured offset on a plate [mas]."""


@dataclass(frozen=True)
class Plain:
    """Stars that were seen on plates, and what the plates say of them.

    Attributes
    ----------
    truth
        As the plates saw them; parameters are those of the catalogue.
    plates
        Their information, expanded at the true places.
    designs
        Of each plate, offsets by the coefficients of its calibration.
    """

    truth: Stars
    plates: list[Information]
    designs: list[np.ndarray]

    def equations(self, noise: np.ndarray | None = None) -> Joint:
        """Return the equations at the truth, for errors of the catalogue.

        Parameters
        ----------
        noise
            Of what references say, on all stars [σ of each]; None: they are right.
        """
        stars = self.truth
        if noise is None:
            return joint(self.plates, stars)
        mean = stars.mean.copy()
        held = stars.is_reference
        root = np.linalg.inv(np.linalg.cholesky(stars.prior[held]))
        mean[held, :5] += np.einsum("nji,nj->ni", root, noise[held])
        return joint(self.plates, Stars(**{**vars(stars), "mean": mean}))


def plain_survey(
    *,
    stars: int = 60,
    plates: int = 12,
    degree: int = 1,
    references: float = 1.0,
    errors: tuple[float, ...] = (0.05, 0.05, 0.05, 0.05, 0.05),
    side: float = 0.6,
    dec: float = 0.0,
    noise: bool = True,
    seed: int = 1,
) -> Plain:
    """Return stars in a square field, seen over three years.

    Parameters
    ----------
    stars, plates
        How many; all stars are on all plates.
    degree
        Of the calibration of each plate, of which nothing is known.
    references
        Part of the stars that are references.
    errors
        Of the references: position at `EPOCH`, parallax, motion [mas, mas/yr].
    side
        Of the field [deg].
    dec
        Declination of its centre [deg].
    noise
        Whether measurements have errors.
    seed
        Of random numbers.
    """
    rng = np.random.default_rng(seed)
    place = side * (rng.random((stars, 2)) - 0.5)
    ra = 80.0 + place[:, 0] / np.cos(dec * DEGREE)
    start = _direction(ra * DEGREE, (dec + place[:, 1]) * DEGREE)
    parameters = np.zeros((stars, 6))
    parameters[:, 2] = MILLIARCSECOND
    is_reference = np.arange(stars) < round(references * stars)
    prior = np.zeros((stars, 5, 5))
    prior[is_reference] = np.diag((np.array(errors) * MILLIARCSECOND) ** -2.0)
    truth = Stars(
        source_id=np.arange(stars),
        epoch=np.full(stars, EPOCH),
        direction=start,
        parameters=parameters,
        mean=parameters.copy(),
        prior=prior,
        is_reference=is_reference,
        solved_for=np.full(stars, FIVE),
    )
    found, designs = [], []
    for number in range(plates):
        plate, design = _plate(truth, number, plates, degree, rng if noise else None)
        found.append(plate)
        designs.append(design)
    return Plain(truth, found, designs)


def _direction(ra: np.ndarray, dec: np.ndarray) -> np.ndarray:
    return np.stack(
        [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1
    )


def _plate(
    truth: Stars,
    number: int,
    plates: int,
    degree: int,
    rng: np.random.Generator | None,
) -> tuple[Information, np.ndarray]:
    epoch = EPOCH - 1.5 + 3.0 * (number + 0.37) / plates
    angle = 2.0 * np.pi * epoch
    observer = np.array([np.cos(angle), 0.9 * np.sin(angle), 0.4 * np.sin(angle)])
    n = truth.n
    # At rest, and seen with their parallaxes.
    seen = truth.direction - truth.parameters[:, 2, None] * observer
    seen /= np.linalg.norm(seen, axis=1)[:, None]
    centre = np.mean(truth.direction, axis=0)
    pole = np.array([0.0, 0.0, 1.0])
    east = np.cross(pole, centre)
    north = np.cross(centre, east)
    x, y = (seen @ axis / np.linalg.norm(axis) / DEGREE for axis in (east, north))
    powers = [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    design = np.zeros((n, 2, 2 * len(powers)))
    design[:, 0, : len(powers)] = design[:, 1, len(powers) :] = np.stack(powers, axis=1)
    weight = (ERROR * MILLIARCSECOND) ** -2.0
    flat = design.reshape(2 * n, -1)
    corner = weight * flat.T @ flat
    columns = weight * np.linalg.solve(np.linalg.cholesky(corner), flat.T).T
    error = np.zeros(2 * n)
    if rng is not None:
        error = ERROR * MILLIARCSECOND * rng.standard_normal(2 * n)
    gradient = weight * error - columns @ (columns.T @ error)
    information = Information(
        plate_id=number,
        epoch=epoch,
        observer=observer,
        source_id=truth.source_id,
        direction=seen,
        gradient=gradient.reshape(n, 2),
        blocks=np.tile(weight * np.eye(2), (n, 1, 1)),
        columns=columns.reshape(n, 2, -1),
        share=np.ones(columns.shape[1]),
        left_out=0.0,
        epsilon=0.0,
        chi2=np.zeros(n),
        n_measurements=np.ones(n),
        digest=str(number),
        reference=np.zeros(n, dtype=np.int64),
    )
    return information, design


def dense_normal(survey: Plain, equations: Joint) -> np.ndarray:
    """Return M, with what each calibration takes projected out of its measurements.

    Parameters
    ----------
    survey
        The plates.
    equations
        Whose derivatives are taken.
    """
    n = survey.truth.n
    total = np.zeros((n, 5, n, 5))
    total[np.arange(n), :, np.arange(n), :] = survey.truth.prior
    normal = total.reshape(5 * n, 5 * n)
    weight = (ERROR * MILLIARCSECOND) ** -2.0
    for share, design in zip(equations.plates, survey.designs, strict=True):
        full = np.zeros((n, 2, n, 5))
        full[np.arange(n), :, np.arange(n), :] = share.mapped.jacobian
        rows = full.reshape(2 * n, 5 * n)
        basis = np.linalg.qr(design.reshape(2 * n, -1))[0]
        left = rows - basis @ (basis.T @ rows)
        normal += weight * rows.T @ left
    return 0.5 * (normal + normal.T)


__all__ = ["EPOCH", "ERROR", "Plain", "dense_normal", "plain_survey"]
