"""Tables [[term]] in TOML: exact round trips, defaults and refusals."""

from pathlib import Path

import jax
import numpy as np
import pytest

from reseau.datasets import read_instrument, write_instrument
from reseau.errors import ConfigError
from reseau.instrument import Instrument

BASIC = """\
name = "box"

[optics]
focal_length_mm = 1000.0

[distortion]
basis = "legendre"
degree = 3
normalisation_um = 2000.0
"""
CHIPS = "".join(
    f"""
[[detector]]
id = {i}
naxis1 = 100
naxis2 = 200
pixel_um = 10.0
x_um = {x}
y_um = 0.0
"""
    for i, x in ((1, -600.0), (2, 600.0))
)


def read(tmp_path: Path, terms: str, basic: str = BASIC) -> Instrument:
    (tmp_path / "box.toml").write_text(basic + CHIPS + terms)
    return read_instrument(tmp_path / "box.toml")


def refused(tmp_path: Path, terms: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, terms)
    assert "box.toml" in str(error.value)
    assert "line" in str(error.value)
    return str(error.value)


def test_what_is_usual_where_nothing_is_said(tmp_path):
    (term,) = read(tmp_path, '[[term]]\ncovariate = "colour"\n').terms
    assert (term.name, term.frame, term.axes) == ("colour", "plane", "xy")
    assert (term.minimum_degree, term.degree) == (0, 1)
    assert (term.zero, term.granularity, term.basis) == (0.0, "plate", "legendre")
    assert term.normalisation == 2000.0
    assert float(term.sigma) == 1.0
    np.testing.assert_array_equal(term.values, np.zeros(6))
    assert term.own_names == (
        *("colour_A_00", "colour_A_10", "colour_A_01"),
        *("colour_B_00", "colour_B_10", "colour_B_01"),
    )


def test_without_distortion_positions_are_divided_by_half_the_plane(tmp_path):
    bare = BASIC.split("[distortion]")[0]
    (term,) = read(tmp_path, '[[term]]\ncovariate = "colour"\n', bare).terms
    assert term.normalisation == 1100.0


def test_values_of_one_detector_serve_all(tmp_path):
    text = (
        '[[term]]\ncovariate = "row * magnitude"\ngranularity = "detector"\n'
        'degree = 0\naxes = "y"\nframe = "pixel"\nvalues = [0.25]\nzero = 12\n'
    )
    (term,) = read(tmp_path, text).terms
    assert (term.name, term.covariate) == ("row_magnitude", "row*magnitude")
    assert (term.unit, term.zero) == ("pixel", 12.0)
    np.testing.assert_array_equal(term.values, [0.25, 0.25])


def test_written_and_read_it_is_the_same(tmp_path):
    rng = np.random.default_rng(3)
    instrument = (
        read(tmp_path, "")
        .with_term("colour", zero=1.1, values=rng.normal(size=6), sigma=0.3)
        .with_term(
            "magnitude",
            name="coma",
            granularity="detector",
            degree=2,
            minimum_degree=1,
            axes="x",
            values=rng.normal(size=10),
        )
        .with_term("row", granularity="exposure", basis="power", degree=2)
    )
    write_instrument(instrument, tmp_path / "again.toml")
    again = read_instrument(tmp_path / "again.toml")
    (left, tree), (right, other) = jax.tree.flatten(instrument), jax.tree.flatten(again)
    assert tree == other
    assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('covariate = "color"', ["unknown covariate 'color'", "'colour'"]),
        ('covariate = "magnitude*rows"', ["unknown covariate 'rows'", "'row'"]),
        ('name = "a"', ["covariate is missing", "magnitude*row"]),
        ('covariate = "colour"\nsigma = 0.0', ["sigma = 0.0", "> 0"]),
        ('covariate = "colour"\nsigma = -1.0', ["sigma = -1.0", "> 0"]),
        ('covariate = "colour"\nframe = "sky"', ["frame", "plane, pixel"]),
        ('covariate = "colour"\naxes = "z"', ["axes", "xy, x, y"]),
        ('covariate = "row"\nzero = 2.0', ["zero is 2", "remove zero"]),
        ('covariate = "one*row"', ["none of them 'one'"]),
        ('covariate = "row*row"', ["different covariates"]),
        ('covariate = "colour*magnitude"', ["colour and magnitude at most"]),
        ('covariate = "colour"\nminimum_degree = 3\ndegree = 2', ["degrees 3 to 2"]),
        ('covariate = "colour"\ndegree = 13', ["from 0 to 12"]),
        (
            'covariate = "colour"\ndegree = 0\nvalues = [1.0]',
            ["1 values", "colour_A_00, colour_B_00"],
        ),
        ('covariate = "colour"\nvalues = ["a"]', ["values = 'a'", "finite number"]),
        ('covariate = "colour"\ngranularity = "field"', ["plate, detector, exposure"]),
        ('covariate = "colour"\ncolour = 1', ["the key colour is unknown"]),
    ],
)
def test_bad_terms_are_refused(tmp_path, text, words):
    message = refused(tmp_path, f"\n[[term]]\n{text}\n")
    for word in words:
        assert word in message, message


def test_two_terms_of_one_name_are_refused(tmp_path):
    twice = '\n[[term]]\ncovariate = "colour"\n' * 2
    message = refused(tmp_path, twice)
    assert "two terms are called 'colour'" in message
    assert "add name" in message
    named = twice.replace('"colour"\n', '"colour"\nname = "a"\n')
    assert "two terms are called 'a'" in refused(tmp_path, named)


def test_a_name_that_is_taken_is_refused_in_python_too(tmp_path):
    instrument = read(tmp_path, "").with_term("colour")
    with pytest.raises(ConfigError, match="2 terms are called 'colour'"):
        instrument.with_term("colour")
