"""What data leave open: told apart, named, and put in words."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse

from plates import make_plate, two_detectors
from reseau.equations.assemble import Corner, System
from reseau.equations.equations import Equations
from reseau.linalg import Factor
from reseau.model import parameter_names
from reseau.model.gauge import Datum, find_datum
from reseau.solvers.null_space import (
    NULL_SHARE,
    NullSpace,
    describe_datum,
    find_null_space,
    holds_scale,
)
from reseau.solvers.posterior.gaussian import InnerConstraints

ROTATION = "rotation of the sky about x, y and z"
SCALE = "scale of the network"
MODE = "common mode of the detectors"


@pytest.fixture(scope="module")
def plate():
    return make_plate(sources=10, exposures=3)


@pytest.fixture(scope="module")
def datum(plate):
    return find_datum(plate.problem, plate.truth)


def _equations(null, diagonal):
    """Return equations with some null directions; nothing else of them is looked at."""
    p = diagonal.size
    corner = Corner(np.zeros((p, p)), np.zeros(p), diagonal, np.zeros(2))
    nothing = Equations(*[None] * len(Equations._fields))
    return nothing._replace(
        system=System(corner, [], None),
        basis=scipy.sparse.identity(p, format="csr"),
        factor=Factor(np.zeros((p, 0)), null, 0.0),
    )


def _found(problem, datum, *null, diagonal=None):
    p = problem.layout.size
    names = parameter_names(problem, ["a", "b", "c"], ["1", "2"])
    diagonal = np.ones(p) if diagonal is None else diagonal
    columns = np.stack(null, axis=1) if null else np.zeros((p, 0))
    return find_null_space(problem, datum, _equations(columns, diagonal), names)


def _direction(problem, amounts):
    """Return a direction of parameters by name."""
    names = parameter_names(problem, ["a", "b", "c"], ["1", "2"])
    vector = np.zeros(len(names))
    for name, amount in amounts.items():
        vector[names.index(name)] = amount
    return vector


def test_nothing_is_open(plate, datum):
    found = _found(plate.problem, datum)
    assert found.expected == ()
    assert found.unexpected == ()
    assert not found.undetermined.any()
    assert found.scale.shape == (plate.problem.layout.size, 0)


def test_common_modes_are_expected(plate, datum):
    """Any combination of them is."""
    amounts = np.random.default_rng(0).normal(size=datum.directions.shape[1])
    amounts /= np.linalg.norm(datum.directions, axis=0)
    vector = datum.directions @ amounts
    for scatter in (0.0, 3.0):
        # However much or little is known of each parameter.
        diagonal = 10 ** (scatter * np.sin(np.arange(vector.size)))
        found = _found(plate.problem, datum, vector, diagonal=diagonal)
        assert found.expected == (MODE,)
        assert not found.undetermined.any()


def test_a_mode_with_something_beside_is_not_expected(plate, datum):
    vector = datum.directions[:, 0].copy()
    layout = plate.problem.layout
    vector[layout.skew] += 0.01 * np.linalg.norm(vector)
    found = _found(plate.problem, datum, vector)
    assert found.expected == ()
    assert found.undetermined[layout.skew]


def test_parameters_of_an_open_direction_are_named_and_undetermined(plate, datum):
    problem = plate.problem
    vector = _direction(
        problem, {"skew": 1.0, "ra of exposure b": -0.3, "pa of exposure c": 0.05}
    )
    found = _found(problem, datum, vector)
    # In the order of their shares; those below a tenth of the first are not named.
    assert found.unexpected == ("skew with ra of exposure b",)
    np.testing.assert_array_equal(found.undetermined, vector != 0)


def test_shares_are_of_scaled_parameters(plate, datum):
    """What is in µm and what is in radians compare by what data know of them."""
    problem = plate.problem
    names = parameter_names(problem, ["a", "b", "c"], ["1", "2"])
    focal, turn = names.index("F_x of exposure a"), names.index("pa of exposure a")
    vector = np.zeros(len(names))
    vector[focal], vector[turn] = 1.0, 1e-5
    diagonal = np.ones(len(names))
    diagonal[turn] = 1e14  # radians: 1e7 times more, in the root
    found = _found(problem, datum, vector, diagonal=diagonal)
    assert found.unexpected == ("pa of exposure a",)
    assert found.undetermined[focal]
    # Beside a turn of 100 the focal length moves by less than counts, or by more.
    for share, both in ((0.5 * NULL_SHARE, False), (2.0 * NULL_SHARE, True)):
        diagonal[focal] = (100.0 * share) ** 2
        found = _found(problem, datum, vector, diagonal=diagonal)
        assert found.undetermined[turn]
        assert found.undetermined[focal] == both


def test_no_more_than_eight_are_named(plate, datum):
    problem = plate.problem
    vector = np.zeros(problem.layout.size)
    vector[problem.layout.distortion] = np.linspace(1.0, 2.0, 14)
    (name,) = _found(problem, datum, vector).unexpected
    assert name.count(" with ") == 7
    assert name.endswith("and 6 more")
    named = list(problem.instrument.distortion.names[:5:-1])
    assert name == " with ".join(named) + " and 6 more"


def test_several_directions_are_named_one_by_one(plate, datum):
    problem = plate.problem
    found = _found(
        problem,
        datum,
        _direction(problem, {"skew": 1.0}),
        datum.directions[:, 2],
        _direction(problem, {"theta_deg of detector 2": 1.0}),
    )
    assert found.unexpected == ("skew", "theta_deg of detector 2")
    assert found.expected == (MODE,)
    assert found.undetermined.sum() == 2


def test_a_free_network_turns_and_stretches(plate, datum):
    problem = replace(plate.problem, free_network=True)
    common = np.zeros(problem.layout.size)
    common[problem.layout.exposures].reshape(-1, 5)[:, 3:] = -2.5
    found = _found(problem, datum, common)
    # The distortion is free here, so that the scale is held and the direction named.
    assert found.expected == (ROTATION, SCALE, SCALE)
    np.testing.assert_array_equal(found.scale[:, 0], common)
    assert not found.undetermined.any()
    # On a plate with references the same direction is nothing to be expected.
    found = _found(plate.problem, datum, common)
    assert found.expected == ()
    assert found.scale.shape[1] == 0
    assert found.undetermined.sum() == 6


def test_one_focal_length_is_not_the_scale(plate, datum):
    problem = replace(plate.problem, free_network=True)
    focal = np.zeros(problem.layout.size)
    focal[problem.layout.exposures].reshape(-1, 5)[:, 3:] = [[1.0, 1.0]] * 2 + [[1, 2]]
    found = _found(problem, datum, focal)
    assert found.scale.shape[1] == 0
    assert len(found.unexpected) == 1


def test_whether_a_scale_is_held(plate):
    free = replace(plate.problem, free_network=True)
    assert holds_scale(free)
    assert not holds_scale(plate.problem)
    without = tuple(block for block in free.free if block != "attitude")
    assert not holds_scale(replace(free, free=without))
    rigid = tuple(block for block in free.free if block != "distortion")
    assert not holds_scale(replace(free, free=rigid))
    assert holds_scale(replace(free, free=rigid, hold_scale=True))
    fixed = tuple(block for block in free.free if block != "scale")
    assert not holds_scale(replace(free, free=fixed, hold_scale=True))


def _null(n_scale=0):
    return NullSpace((), (), np.zeros(1, bool), np.zeros((1, n_scale)))


def test_the_datum_in_words(plate):
    problem = plate.problem
    assert describe_datum(problem, (), None, _null()) == (
        "reference catalogue through its priors"
    )
    modes = ("shift", "rotation")
    assert describe_datum(problem, modes, None, _null()).endswith(
        "; calibration: mean shift, rotation of the detectors equal to nominal"
    )
    fixed = np.zeros(10, dtype=bool)
    fixed[3] = True
    held = replace(problem, prior=replace(problem.prior, fixed=fixed))
    assert describe_datum(held, (), None, _null()) == (
        "positions of the reference table, held fixed"
    )


def test_the_datum_of_a_free_network_in_words(plate):
    constraints = InnerConstraints(np.zeros((1, 3)), np.zeros((1, 2, 3)))
    free = replace(plate.problem, free_network=True)
    words = describe_datum(free, (), constraints, _null())
    assert words.startswith("free network: rotation fixed by inner constraints")
    assert words.endswith("mean focal length held at nominal")
    rigid = replace(free, free=("sources", "attitude", "scale"))
    words = describe_datum(rigid, (), constraints, _null(1))
    assert words.startswith("free network: rotation and scale fixed")
    assert "held" not in words


def test_of_a_solved_datum_without_modes():
    """Known detectors have no modes: a null direction of theirs is named."""
    instrument = two_detectors(degree=3)
    problem = make_plate(sources=10, exposures=3, instrument=instrument).problem
    p = problem.layout.size
    none = Datum((), np.zeros((p, 0)), np.zeros((0, p)))
    vector = _direction(problem, {"x_um of detector 1": 1.0, "x_um of detector 2": 1.0})
    found = _found(problem, none, vector)
    assert found.expected == ()
    assert set(found.unexpected[0].split(" with ")) == {
        "x_um of detector 1",
        "x_um of detector 2",
    }
