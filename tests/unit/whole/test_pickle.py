"""Errors, warnings and results survive being sent to another process."""

import importlib
import inspect
import pickle
import pkgutil

import numpy as np
import pytest

import reseau
from reseau.datasets import read_instrument
from reseau.errors import DegeneracyError, ReseauError, ReseauWarning
from reseau.observers import EphemerisRangeError, states_of
from reseau.verbs.simulate import simulate
from reseau.verbs.solve import solve


def kinds(root: type) -> list[type]:
    for module in pkgutil.walk_packages(reseau.__path__, "reseau."):
        if "__main__" not in module.name:
            importlib.import_module(module.name)
    found, left = [], [root]
    while left:
        kind = left.pop()
        found.append(kind)
        left += kind.__subclasses__()
    return [k for k in found if k.__module__.startswith("reseau")]


KNOWN = {"mask": np.array([True]), "key": "name", "parts": ("a", "b", "c")}
"""Arguments of errors that are no numbers."""


@pytest.mark.parametrize("root", [ReseauError, ReseauWarning])
def test_every_kind_of_complaint(root: type) -> None:
    for kind in kinds(root):
        # Without one of their own, they have that of a builtin, which takes no names.
        own = "__init__" in vars(kind)
        parameters = inspect.signature(kind).parameters.values() if own else ()
        others = {
            p.name: KNOWN.get(p.name, 1.0)
            for p in parameters
            if p.kind is p.KEYWORD_ONLY
        }
        given = kind("what was given", **others)
        found = pickle.loads(pickle.dumps(given))
        assert type(found) is kind
        assert str(found) == "what was given"
        assert vars(found) == vars(given)


def test_what_an_error_knows_is_kept() -> None:
    with pytest.raises(EphemerisRangeError) as raised:
        states_of("geocentre", np.array([2026.0, 2900.0]))
    found = pickle.loads(pickle.dumps(raised.value))
    assert str(found) == str(raised.value)
    assert (found.first, found.last) == (raised.value.first, raised.value.last)
    assert found.mask.tolist() == [False, True]
    given = DegeneracyError("two", ("a", "b"))
    assert pickle.loads(pickle.dumps(given)).directions == ("a", "b")


def test_results() -> None:
    plate = simulate(small=True, seed=1)
    solved = solve(plate.dataset)
    for given in (plate, plate.dataset, solved, solved.solution, solved.prepared):
        found = pickle.loads(pickle.dumps(given))
        assert type(found) is type(given)
    found = pickle.loads(pickle.dumps(solved))
    assert found.summary == solved.summary
    np.testing.assert_array_equal(
        found.solution.source_covariance, solved.solution.source_covariance
    )
    instrument = read_instrument("jasmine")
    assert pickle.loads(pickle.dumps(instrument)).detectors.ids == (1, 2, 3, 4)
