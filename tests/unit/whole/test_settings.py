"""What can be chosen is declared once, and said in the reader's words."""

import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import numpy as np
import pytest

from reseau import GaussNewton, Nuts, Robust, Variational, solve
from reseau._spoken import as_typed, spoken
from reseau.errors import ReseauError
from reseau.instrument import DEGREE_KINDS, DISTORTIONS, FOCAL_PRIORS, SCALES
from reseau.model import BLOCKS
from reseau.model.likelihood import LIKELIHOODS
from reseau.observers import EFFECTS, parse_observer
from reseau.plates import SolveOptions
from reseau.settings import BY_NAME, SETTINGS
from reseau.solvers.chains.nuts import FEWEST_DRAWS
from reseau.solvers.variational import GUIDES, INITS
from reseau.tables.naming.column_names import KNOWN
from reseau.verbs.solve import Chosen

ROOT = Path(__file__).parents[3]
CLASSES = {"gauss-newton": GaussNewton, "svi": Variational, "nuts": Nuts}


def test_names_are_those_that_are_understood() -> None:
    understood = {
        "distortion": DISTORTIONS,
        "degree_kind": DEGREE_KINDS,
        "scale": SCALES,
        "focal_prior": FOCAL_PRIORS,
        "likelihood": LIKELIHOODS,
        "reference_prior": LIKELIHOODS,
        "guide": GUIDES,
        "init": INITS,
    }
    for name, known in understood.items():
        assert set(BY_NAME[name].names) == set(known), name
    assert set(BY_NAME["effects"].completes) <= set(EFFECTS)
    assert BY_NAME["free"].completes == BLOCKS
    for name in BY_NAME["observer"].completes:
        parse_observer(name + "1,2,3" if name.endswith(":") else name)
    assert BY_NAME["draws"].least == FEWEST_DRAWS
    listed = BY_NAME["columns"].help.split("One of ")[1].rstrip(".").split(", ")
    assert set(listed) == set(KNOWN)


def test_the_record_of_choices_has_all_settings_and_their_defaults() -> None:
    record = {f.name: f.default for f in fields(SolveOptions)}
    assert set(record) == set(BY_NAME)
    for name, setting in BY_NAME.items():
        if name not in ("columns",):
            assert record[name] == setting.unless_given, name


def test_settings_of_a_method_are_its_fields() -> None:
    for method, kind in CLASSES.items():
        declared = {s.name for s in SETTINGS if s.method == method}
        of_class = {f.name: f.default for f in fields(kind)}
        assert declared == set(of_class) - {"robust", "seed"}
        for name, default in of_class.items():
            assert default is not MISSING
            if name in BY_NAME and name not in ("rank",):
                assert default == BY_NAME[name].default, name


def test_every_setting_has_a_place_in_python() -> None:
    arguments = set(Chosen.__annotations__) | {"instrument", "reference", "method"}
    of_methods = {f.name for kind in CLASSES.values() for f in fields(kind)}
    of_instrument = {"distortion", "degree", "degree_kind", "minimum_degree"}
    of_instrument |= {"scale", "focal_prior"}
    tails = {"likelihood", "reference_prior"}
    assert {f.name for f in fields(Robust)} == {"measurements", "references"}
    placed = arguments | of_methods | of_instrument | tails | {"reference_table"}
    assert set(BY_NAME) <= placed


def test_the_table_of_the_documentation_is_that_of_the_declarations() -> None:
    script = ROOT / "docs" / "_scripts" / "settings_table.py"
    done = subprocess.run([sys.executable, script, "--check"], check=False)
    assert done.returncode == 0, f"run {script}"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("where:  --first-pixel", "where:  first_pixel"),
        ("use --first-pixel 1 as", "use first_pixel=1 as"),
        ("name it: --checkpoint FILE", "name it: Variational(checkpoint=...)"),
        ("--columns x=XWIN[pix],y=Y[pix], or", 'columns="x=XWIN[pix],y=Y[pix]", or'),
        ("--no-reference", "reference=False"),
        ("--reference TABLE joins", "reference=... joins"),
        ("--method svi", "method=Variational()"),
        ("try --degree auto", "try choose_degree=True"),
        (
            "--likelihood mixture --reference-prior mixture",
            'method=GaussNewton(robust=Robust("mixture"))',
        ),
        ("let --fit-noise find it", "let GaussNewton(fit_noise) find it"),
        ("1σ -- not an option", "1σ -- not an option"),
    ],
)
def test_options_are_said_as_arguments(typed: str, said: str) -> None:
    assert spoken(typed) == said
    with as_typed():
        assert spoken(typed) == typed


def test_an_error_raised_from_python_names_the_argument() -> None:
    table = {"source_id": np.array([1]), "x": np.array([1.0]), "y": np.array([2.0])}
    with pytest.raises(ReseauError) as raised:
        solve(table, instrument="jasmine", first_pixel=3)
    assert "--" not in str(raised.value)
