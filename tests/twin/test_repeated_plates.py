"""Plates that repeat each other against all of them written out densely."""

from dataclasses import replace

import numpy as np

from plain_plates import plain_survey
from reseau.constants import MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.motions.joint import joint
from reseau.motions.members import member_errors
from reseau.motions.repeated import Repeated, expected_of
from reseau.motions.stars import Stars

NUMBER = np.array([1.0, 3.0, 2.0])


OF_SOURCES = (
    *("source_id", "direction", "gradient", "blocks", "columns"),
    *("chi2", "n_measurements", "reference"),
)


def _seen(said: Information, rows: np.ndarray) -> Information:
    """Return what a plate says of some of its sources."""
    return replace(said, **{name: getattr(said, name)[rows] for name in OF_SOURCES})


def _visits() -> tuple[Stars, list[Repeated]]:
    """Return two kinds of plates, of different stars, each at three epochs."""
    survey = plain_survey(stars=40, plates=6, degree=1, references=0.4)
    kinds = []
    for kind, some in enumerate((np.arange(30), np.arange(12, 40))):
        # Of all stars or of some, what is taken is at most what there is.
        part = _seen(survey.plates[kind], some)
        dates = survey.plates[3 * kind : 3 * kind + 3]
        epoch = np.array([plate.epoch for plate in dates])
        observer = np.array([plate.observer for plate in dates])
        kinds.append(Repeated(part, epoch, observer, NUMBER))
    return survey.truth, kinds


def _dense(stars: Stars, kinds: list[Repeated]) -> np.ndarray:
    """Return the covariance of all parameters, plate by plate and by `inv`."""
    n = stars.n
    total = np.zeros((n, 5, n, 5))
    total[np.arange(n), :, np.arange(n), :] = stars.prior
    total = total.reshape(5 * n, 5 * n)
    for kind in kinds:
        said = kind.information
        m = said.source_id.size
        own = np.zeros((m, 2, m, 2))
        own[np.arange(m), :, np.arange(m), :] = said.blocks
        flat = said.columns.reshape(2 * m, -1)
        omega = own.reshape(2 * m, 2 * m) - flat @ flat.T
        for epoch, observer, number in zip(
            kind.epoch, kind.observer, kind.number, strict=True
        ):
            plate = replace(said, epoch=float(epoch), observer=observer)
            (share,) = joint([plate], stars).plates
            rows = np.zeros((m, 2, n, 5))
            rows[np.arange(m), :, share.mapped.row, :] = share.mapped.jacobian
            rows = rows.reshape(2 * m, 5 * n)
            total += number * rows.T @ omega @ rows
    return np.linalg.inv(total).reshape(n, 5, n, 5)


def test_covariances_are_those_of_all_plates() -> None:
    stars, kinds = _visits()
    found = expected_of(kinds, stars, epsilon=0.0).factor
    exact = _dense(stars, kinds)
    each = np.arange(stars.n)
    scale = np.sqrt(np.einsum("nini->ni", exact))
    wanted = exact[each, :, each, :] / scale[:, :, None] / scale[:, None, :]
    blocks = found.covariance_blocks() / scale[:, :, None] / scale[:, None, :]
    np.testing.assert_allclose(blocks, wanted, atol=1e-6)
    # Calibration takes something, or nothing was tested.
    own = np.sqrt(np.diagonal(found.own(), axis1=1, axis2=2))
    assert np.max(scale / own) > 1.1


def test_weak_modes_left_out_change_little() -> None:
    stars, kinds = _visits()
    found = expected_of(kinds, stars, epsilon=1e-2).factor.covariance_blocks()
    exact = _dense(stars, kinds)[np.arange(stars.n), :, np.arange(stars.n), :]
    sigma, wanted = (
        np.sqrt(np.diagonal(one, axis1=1, axis2=2)) for one in (found, exact)
    )
    # One tree of three levels leaves out 1 % of information at each, at most.
    assert np.all(sigma < wanted * (1.0 + 1e-6))
    assert np.all(sigma > wanted * (1.0 - 1e-2) ** 2)


def _some(stars: Stars, rows: np.ndarray) -> Stars:
    return Stars(**{name: values[rows] for name, values in vars(stars).items()})


def _at_one_place(
    stars: Stars, kind: Repeated, strength: np.ndarray
) -> tuple[Stars, Repeated]:
    """Return a kind of plate whose last stars are at one place, of any strength."""
    k = strength.size
    said = kind.information
    place, blocks = said.direction.copy(), said.blocks.copy()
    # Part of what calibration takes, so that stronger stars do not lose all.
    columns = 0.6 * said.columns
    place[-k:], blocks[-k:] = place[-1], blocks[-k:] * strength[:, None, None]
    columns[-k:] = columns[-1] * strength[:, None, None]
    some = _some(stars, said.source_id)
    some.direction[-k:] = some.direction[-1]
    near = replace(said, direction=place, blocks=blocks, columns=columns)
    return some, kind._replace(information=near)


def _with_last(values: np.ndarray, last: np.ndarray, k: int) -> np.ndarray:
    return np.concatenate([values[:-k], last[None]])


def test_one_star_stands_for_neighbours_at_its_place() -> None:
    strength = np.array([1.0, 0.25, 4.0])
    total = strength.sum()
    stars, kinds = _visits()
    some, kind = _at_one_place(stars, kinds[1], strength)
    own = np.diag([4.0, 4.0, 1.0, 9.0, 9.0]) * MILLIARCSECOND**-2.0
    some.prior[-3:] = own * strength[:, None, None]
    exact = _dense(some, [kind])
    said = kind.information
    one = replace(
        _seen(said, np.arange(26)),
        blocks=_with_last(said.blocks, said.blocks[-3] * total, 3),
        columns=_with_last(said.columns, said.columns[-3] * total, 3),
    )
    few = _some(some, np.arange(26))
    together = _with_last(some.prior, own * total, 3)
    few = replace(
        few,
        direction=_with_last(some.direction, some.direction[-1], 3),
        prior=together,
    )
    expected = expected_of([kind._replace(information=one)], few, epsilon=0.0)
    found = member_errors(expected, np.full(3, 25), strength / total, some.prior[-3:])
    last = np.arange(25, 28)
    wanted = exact[last, :, last, :]
    scale = np.sqrt(np.diagonal(wanted, axis1=1, axis2=2))
    unit = scale[:, :, None] * scale[:, None, :]
    np.testing.assert_allclose(found.whole / unit, wanted / unit, atol=1e-6)
    held = np.diagonal(found.held / unit, axis1=1, axis2=2)
    assert held.min() < 0.97  # calibration takes something


def test_another_star_at_the_place_has_its_share_of_the_same_errors() -> None:
    little = 1e-3
    stars, kinds = _visits()
    some, kind = _at_one_place(stars, kinds[1], np.array([1.0, little]))
    some.prior[-1] = 0.0
    exact = _dense(some, [kind])[-1, :, -1, :]
    said = kind.information
    without = _seen(said, np.arange(27))
    few = _some(some, np.arange(27))
    expected = expected_of([kind._replace(information=without)], few, epsilon=0.0)
    found = member_errors(
        expected, np.array([26]), np.array([little]), np.zeros((1, 5, 5))
    )
    share = np.diagonal(found.whole[0] - found.held[0])
    wanted = np.diagonal(exact - found.held[0])
    # It takes part in the calibration itself, by about so much.
    np.testing.assert_allclose(share, wanted, rtol=20 * little)
    assert np.all(share > 0.0)
