"""The datum against dense algebra, and against realisations."""

import numpy as np
import pytest

from alarm import spread_bounds
from plain_plates import EPOCH, ERROR, Plain, dense_normal, plain_survey
from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.motions.datum import Datum, datum_of
from reseau.motions.datum_fields import fields_of_stars, frame_of
from reseau.motions.field_information import field_information
from reseau.motions.reference_floor import ReferenceFloor, reference_prior
from reseau.motions.solving import Motions, solve_jointly
from reseau.survey.sky_floor import smooth_fields

FLOOR = ReferenceFloor(
    parallax=0.01, position=0.02, motion=0.015, scale=0.4, epoch=EPOCH - 5.0
)


def _solved(survey: Plain) -> Motions:
    return solve_jointly(survey.equations(), epsilon=0.0)


def _row(datum: Datum, name: str) -> dict[str, float]:
    (row,) = np.flatnonzero(datum.table["name"] == name)
    return {key: values[row] for key, values in datum.table.items()}


@pytest.fixture(scope="module")
def survey() -> Plain:
    """Return plates that know little of the field: targets and references."""
    return plain_survey(stars=60, plates=12, references=0.6)


@pytest.fixture(scope="module")
def solved(survey: Plain) -> Motions:
    """Return its solution, nothing compressed."""
    return _solved(survey)


@pytest.fixture(scope="module")
def normal(survey: Plain, solved: Motions) -> np.ndarray:
    """Return its normal matrix, written out."""
    return dense_normal(survey, solved.equations)


def _flat(fields: np.ndarray) -> np.ndarray:
    return fields.reshape(-1, fields.shape[2])


def test_formal_errors_and_shares_are_those_of_dense_algebra(
    solved: Motions, normal: np.ndarray
) -> None:
    stars = solved.equations.stars
    datum = datum_of(solved, degree=2, number=0)
    g = _flat(fields_of_stars(stars, frame_of(stars, 2)))
    prior = np.zeros((stars.n, 5, stars.n, 5))
    prior[np.arange(stars.n), :, np.arange(stars.n), :] = reference_prior(stars)
    p = prior.reshape(normal.shape)
    covariance = np.linalg.inv(g.T @ normal @ g)
    np.testing.assert_allclose(
        datum.table["formal_error"] ** 2, np.diag(covariance), rtol=1e-6
    )
    share = np.diag(covariance @ (g.T @ p @ g) @ covariance) / np.diag(covariance)
    np.testing.assert_allclose(datum.table["share_of_references"], share, atol=1e-6)
    assert share.min() < 0.5 < 0.99 < share.max()
    # Catalogue minus reference: no more than allowed, and nearly as much.
    held = np.repeat(stars.is_reference, 5)
    of_them = p[np.ix_(held, held)]
    fit = np.linalg.solve(g.T @ p @ g, g[held].T @ of_them)
    spread = np.linalg.inv(of_them) - np.linalg.inv(normal)[np.ix_(held, held)]
    exact = np.sqrt(np.diag(fit @ spread @ fit.T))
    np.testing.assert_allclose(
        datum.table["value_error"], exact, rtol=1e-4, atol=1e-4 * exact.max()
    )


def test_what_plates_say_is_theirs_alone(solved: Motions, normal: np.ndarray) -> None:
    stars = solved.equations.stars
    fields = fields_of_stars(stars, frame_of(stars, 2))
    total = _flat(fields).T @ normal @ _flat(fields)
    by_prior = _flat(fields).T @ _flat(reference_prior(stars) @ fields)
    found = field_information(solved.equations, fields) + by_prior
    scale = np.sqrt(np.diag(total))
    np.testing.assert_allclose(
        found / scale[:, None] / scale, total / scale[:, None] / scale, atol=1e-9
    )


def test_the_floor_adds_the_response_of_all_stars(
    solved: Motions, normal: np.ndarray
) -> None:
    stars = solved.equations.stars
    datum = datum_of(solved, floor=FLOOR)
    columns = datum.columns()
    assert columns is not None
    apart = np.linalg.norm(stars.direction[:, None] - stars.direction, axis=2)
    kernel = np.exp(-0.5 * (apart / (FLOOR.scale * DEGREE)) ** 2)
    carry = np.eye(5)
    carry[0, 3] = carry[1, 4] = 5.0
    widths = carry @ np.diag((FLOOR.widths * MILLIARCSECOND) ** 2) @ carry.T
    floor = np.einsum("ab,kl->akbl", kernel, widths).reshape(normal.shape)
    weighted = np.zeros((stars.n, 5, stars.n, 5))
    index = np.arange(stars.n)
    weighted[index, :, index, :] = reference_prior(stars)
    response = np.linalg.solve(normal, weighted.reshape(normal.shape))
    dense = response @ floor @ response.T
    found = _flat(columns) @ _flat(columns).T
    size = np.sqrt(np.diag(dense))
    off = (found - dense) / size[:, None] / size
    # What columns may lack: 1e-3 of the floor, and of each star's own errors.
    own = np.sqrt(np.diagonal(solved.factor.own(), axis1=1, axis2=2)).ravel()
    assert np.abs(off).max() < 1e-3 * (1.0 + np.max((own / size) ** 2))
    # Targets have the floor of the references about them.
    target = np.sqrt(np.diag(found)).reshape(-1, 5)[~stars.is_reference, 2]
    assert 0.9 < np.median(target) / (FLOOR.parallax * MILLIARCSECOND) < 1.1


def test_the_floor_is_that_of_simulated_catalogues(
    solved: Motions, normal: np.ndarray
) -> None:
    stars = solved.equations.stars
    datum = datum_of(solved, floor=FLOOR, degree=1, number=0)
    columns = datum.columns()
    assert columns is not None
    rng = np.random.default_rng(8)
    draws = 400
    right = np.zeros((stars.n, 5, draws))
    for draw in range(draws):
        shift = FLOOR.widths * MILLIARCSECOND
        fields = shift * smooth_fields(
            rng, stars.direction, scale=FLOOR.scale * DEGREE, fields=5
        )
        fields[:, :2] += 5.0 * fields[:, 3:]
        right[:, :, draw] = np.einsum("nij,nj->ni", reference_prior(stars), fields)
    response = np.linalg.solve(normal, _flat(right)).reshape(stars.n, 5, draws)
    sigma = np.sqrt(np.sum(columns**2, axis=2))
    spread = np.sqrt(np.mean(response**2, axis=2)) / sigma
    low, high = spread_bounds(draws, values=spread.size)
    assert low < spread.min() < spread.max() < high


def test_formal_errors_are_the_scatter_of_realisations(
    survey: Plain, solved: Motions, normal: np.ndarray
) -> None:
    stars = survey.truth
    rng = np.random.default_rng(3)
    draws = 1500
    weight = (ERROR * MILLIARCSECOND) ** -2.0
    prior = reference_prior(stars)
    right = np.sqrt(prior) @ rng.standard_normal((stars.n, 5, draws))
    for share, design in zip(solved.equations.plates, survey.designs, strict=True):
        noise = rng.standard_normal((2 * stars.n, draws)) / np.sqrt(weight)
        basis = np.linalg.qr(design.reshape(2 * stars.n, -1))[0]
        left = weight * (noise - basis @ (basis.T @ noise))
        jacobian = share.mapped.jacobian.transpose(0, 2, 1)
        right += jacobian @ left.reshape(stars.n, 2, draws)
    error = np.linalg.solve(normal, _flat(right)) / MILLIARCSECOND
    # Polynomials of the references' errors by hand, weighted as they are.
    ra = np.arctan2(stars.direction[:, 1], stars.direction[:, 0]) / DEGREE
    dec = np.arcsin(stars.direction[:, 2]) / DEGREE
    x, y = ra - ra.mean(), dec - dec.mean()
    held = stars.is_reference
    basis = np.column_stack([np.ones(held.sum()), x[held], y[held]])
    fitted = np.linalg.lstsq(
        basis, error.reshape(stars.n, 5, draws)[held].reshape(held.sum(), -1)
    )[0].reshape(3, 5, draws)
    table = datum_of(solved, degree=1, number=0)
    low, high = spread_bounds(draws, values=7)
    for name, values in (
        ("parallax zero point", fitted[0, 2]),
        ("parallax gradient east", fitted[1, 2]),
        ("mean motion east", fitted[0, 3]),
        ("mean position north", fitted[0, 1]),
        ("spin", 0.5 * (fitted[2, 3] - fitted[1, 4])),
        ("scale", 0.5 * (fitted[1, 0] + fitted[2, 1])),
        ("rate of shear", 0.5 * (fitted[1, 3] - fitted[2, 4])),
    ):
        pull = np.sqrt(np.mean(values**2)) / _row(table, name)["formal_error"]
        assert low < pull < high, name
