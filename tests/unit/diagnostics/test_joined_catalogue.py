"""What figures of a catalogue show, against a model whose answers are known."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from astropy.coordinates import SkyCoord

from alarm import spread_bounds
from reseau.datasets.catalogues import SharedModes
from reseau.diagnostics.joined.columns import JoinedColumns, joined_columns
from reseau.diagnostics.joined.common_errors import common_errors
from reseau.diagnostics.joined.epoch_residuals import epoch_pulls
from reseau.diagnostics.joined.error_shares import error_shares, running_quantiles
from reseau.diagnostics.joined.plate_agreement import LIMIT, plate_agreement
from reseau.diagnostics.joined.source_path import clearest_source, source_path
from reseau.errors import CatalogueError
from small_catalogue import COMMON, N_PLATES, N_SOURCES, small_catalogue


@pytest.fixture
def given() -> JoinedColumns:
    return joined_columns(small_catalogue())


def test_pulls_of_epochs_are_over_the_error_of_the_residual(
    given: JoinedColumns,
) -> None:
    pulls = epoch_pulls(given)
    assert pulls.shape == (N_PLATES * N_SOURCES, 2)
    # Residuals of one source hang together: five of its 24 numbers are not free.
    low, high = spread_bounds(pulls.size * 19 / 24)
    assert low < np.sqrt(np.mean(pulls**2)) < high
    # Raw ones are smaller than their errors by far more than that.
    epochs = given.epochs
    assert epochs is not None
    raw = np.concatenate([epochs["dra"] / epochs["dra_error"]])
    assert np.sqrt(np.mean(raw**2)) < low


def test_epochs_that_are_left_out_have_no_pull(given: JoinedColumns) -> None:
    epochs = dict(given.epochs or {})
    used = epochs["used"].copy()
    used[3] = False
    epochs["used"] = used
    pulls = epoch_pulls(replace(given, epochs=epochs))
    assert np.isnan(pulls[3]).all()
    assert np.isfinite(np.delete(pulls, 3, axis=0)).all()


def test_the_way_of_a_source_passes_its_places_at_epochs(given: JoinedColumns) -> None:
    source = clearest_source(given)
    path = source_path(given, source)
    ratio = given.catalogue["parallax"] / given.catalogue["parallax_error"]
    assert source == given.catalogue["source_id"][np.argmax(ratio)]
    assert path.epoch.size == N_PLATES
    along = np.stack(
        [np.interp(path.epoch, path.curve_epoch, path.curve[:, i]) for i in (0, 1)], 1
    )
    # Steps of a 500th of a year leave 2e-5 of the parallax.
    np.testing.assert_allclose(along, path.model, atol=1e-4 * path.parallax[0])
    # Without the motion nothing is farther than the parallax goes.
    still = path.less_motion(path.curve_epoch, path.curve)
    assert np.abs(still).max() < 1.02 * path.parallax[0]


def test_another_observer_has_no_curve() -> None:
    given = joined_columns(small_catalogue(observer="barycentre"))
    path = source_path(given, int(given.catalogue["source_id"][9]))
    assert path.curve.shape == (0, 2)
    rate = np.array([path.motion[0][0], path.motion[1][0]])
    straight = (path.epoch - path.ref_epoch)[:, None] * rate
    np.testing.assert_allclose(path.model, straight, atol=1e-12)


def test_a_source_without_a_track_is_named(given: JoinedColumns) -> None:
    with pytest.raises(CatalogueError, match="source_id 17"):
        source_path(given, 17)
    solved = given.catalogue["astrometric_params_solved"].copy()
    solved[2] = 3
    changed = replace(
        given, catalogue={**given.catalogue, "astrometric_params_solved": solved}
    )
    with pytest.raises(CatalogueError, match="only a position is known"):
        source_path(changed, int(given.catalogue["source_id"][2]))


def test_what_is_shared_of_an_error_is_what_was_put_there(given: JoinedColumns) -> None:
    for i, found in enumerate(error_shares(given, "phot_hw_mag")):
        # Five sources have no magnitude.
        assert found.magnitude.size == N_SOURCES - 5
        np.testing.assert_allclose(
            np.sqrt(found.share) * found.error, COMMON[i], rtol=1e-6
        )
        np.testing.assert_allclose(found.own**2 + COMMON[i] ** 2, found.error**2)


def test_running_quantiles_are_those_of_their_bins() -> None:
    magnitude = np.linspace(10.0, 12.0, 100)
    value = np.tile(np.arange(20.0), 5)
    found = running_quantiles(magnitude, value)
    np.testing.assert_allclose(found.median, np.full(5, 9.5))
    np.testing.assert_allclose(found.low, np.full(5, 0.16 * 19))
    np.testing.assert_allclose(found.high, np.full(5, 0.84 * 19))
    assert np.all(np.diff(found.centre) > 0)


def test_one_error_of_all_is_the_same_everywhere(given: JoinedColumns) -> None:
    found = common_errors(given)
    assert found.count.sum() == N_SOURCES
    known = np.isfinite(found.shared[0])
    assert known.any()
    for i in range(5):
        np.testing.assert_allclose(found.shared[i][known], COMMON[i])
        correlation = found.correlation[i]
        np.testing.assert_allclose(correlation[np.isfinite(correlation)], 1.0)
    assert found.centre == pytest.approx((266.4, -29.0), abs=0.05)


def test_errors_of_parts_of_the_field_are_apart(given: JoinedColumns) -> None:
    before = common_errors(given)
    centre = SkyCoord(*before.centre, unit="deg")
    stars = SkyCoord(given.catalogue["ra"], given.catalogue["dec"], unit="deg")
    east = centre.separation(stars).deg * np.sin(centre.position_angle(stars).rad)
    border = before.east.size // 2
    inside = east > before.east[border]
    shared = np.zeros((N_SOURCES, 5, 2))
    shared[inside, 2, 0], shared[~inside, 2, 1] = 0.1, 0.3
    modes = SharedModes(given.modes.source_id, given.modes.own, shared)
    found = common_errors(replace(given, modes=modes))
    known = np.isfinite(found.shared[2])
    wanted = np.where(np.arange(found.east.size - 1) >= border, 0.1, 0.3)
    wanted = np.broadcast_to(wanted, known.shape)
    np.testing.assert_allclose(found.shared[2][known], wanted[known])
    np.testing.assert_array_equal(found.shared[3][known], 0.0)
    # Two cells of one part have all in common, others nothing.
    side = found.east[1] - found.east[0]
    cells = np.argwhere(known)
    pairs = list(combinations(cells, 2))
    apart = np.array([side * np.hypot(*(a - b)) for a, b in pairs])
    same = np.array([(a[1] >= border) == (b[1] >= border) for a, b in pairs])
    middle = found.separation
    nearest = np.argmin(np.abs(apart[:, None] - middle), axis=1)
    for row, value in enumerate(found.correlation[2]):
        assert value == pytest.approx(np.mean(same[nearest == row]))


def test_means_of_cells_are_weighted_by_own_errors(given: JoinedColumns) -> None:
    found = common_errors(given)
    sigma = np.sqrt(given.own()[:, 2, 2])
    # All information of the cells together is that of the sources in them.
    known = np.isfinite(found.alone[2])
    total = np.sum(found.alone[2][known] ** -2.0)
    if found.count[known].sum() == N_SOURCES:
        assert total == pytest.approx(np.sum(sigma**-2.0))
    assert total <= np.sum(sigma**-2.0) * (1.0 + 1e-12)
    assert total >= 0.8 * np.sum(sigma**-2.0)


def test_plates_stand_in_the_order_of_time_with_their_errors(
    given: JoinedColumns,
) -> None:
    plates = {name: values[::-1].copy() for name, values in given.plates.items()}
    plates["chi2"][0] *= 2.0
    plates["dof"][1] = 0.0
    found = plate_agreement(plates)
    np.testing.assert_array_equal(found.plate_id, np.arange(N_PLATES))
    assert np.isnan(found.factor[-2])
    dof = given.plates["dof"]
    np.testing.assert_allclose(found.error[:-2], 1.0 / np.sqrt(2.0 * dof[:-2]))
    assert found.is_apart[-1]
    assert not found.is_apart[:-1].any()
    assert np.all(np.abs(found.factor[:-2] - 1.0) < LIMIT * found.error[:-2])
    np.testing.assert_array_equal(found.weight, 1.0)
