"""The free network against a bordered dense matrix with inner constraints."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from alarm import spread_bounds
from plates import make_plate, two_detectors
from reseau.errors import Result
from reseau.instrument import make_distortion
from reseau.model.gauge import sky_rotations
from reseau.sky import tangent_basis, tangent_offset
from reseau.solvers import Settings, solve_plate

from .dense import jacobian


def _network(free, tolerance=1e-6):
    plain = two_detectors(
        distortion=make_distortion("none"),
        coefficients=np.zeros(0),
        coefficient_sigma=np.zeros(0),
        scale="plate",
    )
    plate = make_plate(
        sources=40,
        exposures=6,
        seed=2,
        instrument=plain,
        # So little that the turn back to the start does not show in covariances.
        pointing_error=0.05,
        angle_error=0.05,
        focal_scatter=0.0,
    )
    problem = type(plate.problem)(
        instrument=_true_camera(plate, plain),
        exposures=plate.problem.exposures,
        measurements=_several(plate.problem.measurements),
        prior=plate.problem.prior,
        free=free,
        free_network=True,
    )
    return plate, solve_plate(problem, settings=Settings(tolerance=tolerance))


@pytest.fixture(scope="module")
def network():
    return _network(("sources", "attitude"))


def _true_camera(plate, instrument):
    """Return the instrument with the true detectors and one true focal length."""
    detectors = plate.truth.detectors
    nominal = instrument.detectors
    fields = {n: getattr(instrument, n) for n in type(instrument).__dataclass_fields__}
    fields["detectors"] = type(nominal)(
        ids=nominal.ids,
        centre=detectors[:, :2],
        theta=detectors[:, 2],
        pitch=detectors[:, 3:],
        naxis=nominal.naxis,
        sigma_centre=nominal.sigma_centre,
        sigma_theta=nominal.sigma_theta,
        sigma_pitch=nominal.sigma_pitch,
    )
    return type(instrument)(**fields)


def _several(measurements):
    """Leave out sources measured once, which a free network cannot use."""
    count = np.bincount(measurements.source)
    kept = count[measurements.source] > 1
    return jax.tree.map(lambda column: column[kept], measurements)


def test_the_datum_is_named(network):
    _, solution = network
    assert solution.result is Result.SUCCESSFUL
    assert solution.null_directions == ("rotation of the sky about x, y and z",)
    assert "free network" in solution.datum
    assert "inner constraints" in solution.datum


def test_positions_do_not_turn_against_the_start(network):
    """Inner constraints: the offsets from the start hold no rotation."""
    _, solution = network
    seen = solution.source_covariance[:, 0, 0] > 0
    start = np.asarray(solution.problem.prior.direction)[seen]
    east, north = (np.asarray(v) for v in tangent_basis(jnp.asarray(start)))
    offset = np.asarray(solution.parameters.offset)[seen]
    moment = north.T @ offset[:, 0] - east.T @ offset[:, 1]
    size = np.abs(offset).max() * seen.sum()
    np.testing.assert_allclose(moment / size, 0.0, atol=1e-7)


def test_covariance_is_that_of_the_bordered_matrix(network):
    """inv([[N, Gᵀ], [G, 0]]) with G the rotations of the sources alone."""
    _, solution = network
    problem, parameters = solution.problem, solution.parameters
    _, dense = jacobian(problem, parameters)
    n = problem.prior.direction.shape[0]
    seen = solution.source_covariance[:, 0, 0] > 0
    layout = problem.layout
    attitude = np.zeros((layout.n_exposures, 5), dtype=bool)
    attitude[:, :3] = True
    shared = np.zeros((layout.size, 3 * layout.n_exposures))
    rows = np.flatnonzero(attitude.ravel())
    shared[rows, np.arange(rows.size)] = 1.0
    own = dense[:, : 2 * n][:, np.repeat(seen, 2)]
    whole = np.concatenate([own, dense[:, 2 * n :] @ shared], axis=1)
    scale = 1 / np.linalg.norm(whole, axis=0)
    whole = whole * scale
    # How sources follow a rotation of all cameras, by the dense Jacobian itself.
    cameras = sky_rotations(np.asarray(parameters.axes), layout)
    turns = -np.linalg.lstsq(own, dense[:, 2 * n :] @ cameras, rcond=None)[0]
    k = own.shape[1]
    constraint = np.zeros((3, whole.shape[1]))
    constraint[:, :k] = (turns * scale[:k, None]).T
    constraint /= np.linalg.norm(constraint, axis=1, keepdims=True)
    size = whole.shape[1]
    bordered = np.zeros((size + 3, size + 3))
    bordered[:size, :size] = whole.T @ whole
    bordered[:size, size:], bordered[size:, :size] = constraint.T, constraint
    inverse = np.linalg.inv(bordered)[:size, :size] * np.outer(scale, scale)
    place = np.arange(k).reshape(-1, 2)
    wanted = inverse[place[:, :, None], place[:, None, :]]
    found = solution.source_covariance[seen]
    unit = np.sqrt(wanted[:, [0, 1], [0, 1]])
    unit = unit[:, :, None] * unit[:, None, :]
    np.testing.assert_allclose(found / unit, wanted / unit, atol=2e-5)
    attitudes = np.diag(inverse)[k : k + rows.size]
    ours = np.diag(solution.shared_covariance)[rows]
    np.testing.assert_allclose(ours, attitudes, rtol=1e-4)


def test_shape_of_the_network_is_right(network):
    """After the best rotation the positions agree with truth within their errors."""
    plate, solution = network
    seen = solution.source_covariance[:, 0, 0] > 0
    found, true = np.asarray(solution.direction)[seen], plate.direction[seen]
    left, _, right = np.linalg.svd(found.T @ true)
    turned = found @ (left @ right)
    apart = np.asarray(tangent_offset(jnp.asarray(turned), jnp.asarray(true)))
    sigma = np.sqrt(solution.source_covariance[seen][:, [0, 1], [0, 1]])
    pulls = apart / sigma
    # Three numbers were fitted.
    low, high = spread_bounds(pulls.size - 3, 2)
    assert low < np.sqrt(np.sum(pulls**2) / (pulls.size - 3)) < high
    low, high = spread_bounds(solution.dof, 2)
    assert low < solution.sigma0 < high


def test_a_scale_too_weak_to_iterate_on_is_held_and_named():
    """Six small exposures leave the scale to a quarter of itself."""
    plate, solution = _network(("sources", "attitude", "scale"), 0.01)
    assert solution.result is Result.SUCCESSFUL
    assert "scale of the network" in solution.null_directions
    assert "mean focal length held at nominal" in solution.datum
    np.testing.assert_allclose(solution.parameters.focal, 3.0e6, rtol=1e-6)
    seen = solution.source_covariance[:, 0, 0] > 0
    assert 0.7 < solution.sigma0 < 1.3
    assert np.sqrt(solution.source_covariance[seen][:, 0, 0].max()) < 1e-6
    del plate
