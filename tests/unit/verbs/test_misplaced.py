"""Arguments that `solve` has not are told their place."""

import pytest

from reseau import GaussNewton
from reseau.errors import WrongKindError
from reseau.plates import SolveOptions
from reseau.verbs.misplaced import check_kinds, refuse_misplaced


def _parts(function, *given, **named):
    with pytest.raises(WrongKindError) as caught:
        function(*given, **named)
    given, wanted, where, todo = str(caught.value).splitlines()
    assert where == "  where:  solve"
    return given, wanted.removeprefix("  wanted: "), todo.removeprefix("  to do:  ")


def test_nothing_else_is_fine():
    refuse_misplaced({})


@pytest.mark.parametrize(
    ("name", "value", "todo"),
    [
        ("robust", None, "method=GaussNewton(robust=None)"),
        ("tolerance", 1e-3, "method=GaussNewton(tolerance=0.001)"),
        ("guide", "arrow", "method=Variational(guide='arrow')"),
        ("chains", 4, "method=Nuts(chains=4)"),
        ("likelihood", "mixture", "method=GaussNewton(robust=Robust('mixture'))"),
        (
            "reference_prior",
            "mixture",
            "method=GaussNewton(robust=Robust(references='mixture'))",
        ),
        ("degree", 5, "instrument=instrument.with_distortion(degree=5)"),
        ("distortion", "power", "instrument=instrument.with_distortion('power')"),
        (
            "scale",
            "plate",
            "instrument=dataclasses.replace(instrument, scale='plate')",
        ),
        ("reference_table", "a.vot", "reference=..."),
        ("seed", 3, "method=Variational(seed=3) or Nuts(seed=3)"),
    ],
)
def test_settings_are_shown_where_they_belong(name, value, todo):
    given, wanted, said = _parts(refuse_misplaced, {name: value})
    assert given == f"solve has no argument {name}"
    assert said == f"write solve(..., {todo})"
    assert wanted.startswith("settings of a method with the method")


def test_all_are_named_and_the_first_is_placed():
    given, _, todo = _parts(refuse_misplaced, {"chains": 2, "degree": 3})
    assert given == "solve has no argument chains, degree"
    assert todo == "write solve(..., method=Nuts(chains=2))"


def test_what_was_misspelt_is_guessed():
    _, _, todo = _parts(refuse_misplaced, {"overwrit": True})
    assert "overwrite" in todo


def test_long_values_are_cut():
    _, _, todo = _parts(refuse_misplaced, {"degree": list(range(1000))})
    assert len(todo) < 150


def test_arguments_of_the_right_kinds():
    check_kinds(None, None, None, None)
    check_kinds(SolveOptions(error=1.0), "jasmine", "out", GaussNewton())


@pytest.mark.parametrize(
    ("place", "value", "given", "wanted"),
    [
        (0, {"error": 1}, "options is a dict: {'error': 1}", "SolveOptions, as"),
        (1, 3, "instrument is a int: 3", "an Instrument, a TOML file"),
        (2, True, "output is a bool: True", "the path of a directory"),
        (3, "svi", "method is a str: 'svi'", "GaussNewton(), Variational() or Nuts()"),
        (3, GaussNewton, "method is a type: <class", "GaussNewton(), Variational()"),
    ],
)
def test_arguments_of_other_kinds(place, value, given, wanted):
    arguments = [None] * 4
    arguments[place] = value
    said, kind, todo = _parts(check_kinds, *arguments)
    assert said.startswith(given)
    assert kind.startswith(wanted)
    assert todo == "give one, or leave it away"
