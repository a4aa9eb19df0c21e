# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Numbers at the edges of what can be meant, and where in a file they stand."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from reseau.config import entry, find_line, from_unit, numbers, read_toml, table, tables
from reseau.config.read import shown
from reseau.config.source import Source
from reseau.errors import ConfigError, FileFormatError


@dataclass(frozen=True)
class Plate:
    side: float = entry(
        "side_mm", float, unit="mm", default=1e4, largest=1e6, hint="measure it"
    )
    tilt: float = entry("tilt_deg", float, unit="deg", default=0.0, largest=np.pi)
    free: float = entry("free_mm", float, unit="mm", default=0.0)
    count: int = entry("count", int, default=1, minimum=1, hint="as many as there are")
    bands: list = entry("bands", list, default=(), hint="write a list")
    kind: str = entry(
        "kind",
        str,
        default="glass",
        choices=("glass", "film"),
        others={"celluloid": "film"},
    )


@dataclass(frozen=True)
class Archive:
    plate: Plate = table("plate", Plate)
    box: tuple[Plate, ...] = tables("box", Plate)
    extra: dict[str, float] = numbers("extra")


def read(folder: Path, line: str, head: str = "[plate]") -> Archive:
    path = folder / "archive.toml"
    path.write_text(f"{head}\n{line}\n")
    return read_toml(path, Archive)[0]


def refused(folder: Path, line: str, head: str = "[plate]") -> list[str]:
    """Return the four parts of a message."""
    with pytest.raises(ConfigError) as caught:
        read(folder, line, head)
    given, wanted, where, todo = str(caught.value).splitlines()
    assert wanted.startswith("  wanted: ")
    assert where.startswith("  where:  ")
    assert todo.startswith("  to do:  ")
    return [given, *(part[10:] for part in (wanted, where, todo))]


@pytest.mark.parametrize(
    "number",
    ["1e307", "-1e307", "1e400", "1e999999", "1" + 400 * "0", "inf", "-inf", "nan"],
)
def test_numbers_too_large_for_the_code_s_unit(tmp_path, number):
    """Also those that are finite in mm and not in um."""
    given, wanted, where, todo = refused(tmp_path, f"free_mm = {number}")
    assert given.startswith("free_mm = ")
    assert wanted == "a finite number in mm"
    assert where == f"{tmp_path / 'archive.toml'}, line 2, key plate.free_mm"
    assert todo == "correct the value"


@pytest.mark.parametrize("number", ["1e304", "-1.7e305", "3" + 300 * "0"])
def test_large_numbers_that_are_finite(tmp_path, number):
    found = read(tmp_path, f"free_mm = {number}").plate.free
    assert found == float(Decimal(number) * 1000)


@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("exponent", [20 * "9", "-" + 20 * "9"])
def test_an_exponent_that_no_number_has(tmp_path, sign, exponent):
    number = f"{sign}1e{exponent}"
    with pytest.raises(FileFormatError, match=f"number {number} is out of range"):
        read(tmp_path, f"free_mm = {number}")


def test_numbers_of_any_name_are_finite_too(tmp_path):
    huge = "1" + 400 * "0"
    given, wanted, where, _ = refused(tmp_path, f"mass = {huge}", head="[extra]")
    assert given == f"mass = {huge}"
    assert wanted == "a finite number"
    assert where.endswith("line 2, key extra.mass")


def test_infinite_where_a_unit_takes_it_beyond():
    assert from_unit(Decimal("1e306"), "mm") == np.inf
    assert from_unit(Decimal("-1e999999"), "mm") == -np.inf
    assert from_unit(Decimal("1e-999999"), "deg") == 0.0


@pytest.mark.parametrize("sign", ["", "-"])
def test_the_largest_value_is_told_in_the_file_s_unit(tmp_path, sign):
    found = read(tmp_path, f"side_mm = {sign}1000.0").plate.side
    assert abs(found) == 1e6
    given, wanted, _, todo = refused(tmp_path, f"side_mm = {sign}1000.1")
    assert given == f"side_mm = {sign}1000.1"
    assert wanted == "a number of at most 1000 mm, of either sign"
    assert todo == "correct the value or its unit: the key is in mm"
    assert "180 deg" in refused(tmp_path, "tilt_deg = 181")[1]
    assert read(tmp_path, "tilt_deg = 180").plate.tilt == np.pi


def test_a_hint_says_what_to_do(tmp_path):
    _, wanted, _, todo = refused(tmp_path, "count = 'two'")
    assert wanted == "a value of type int"
    assert todo == "as many as there are"
    given, wanted, _, _ = refused(tmp_path, "count = 0")
    assert (given, wanted) == ("count = 0", "1 or more")
    assert refused(tmp_path, "bands = 'g'")[3] == "write a list"


@pytest.mark.parametrize("word", ["celluloid", "Celluloid", " CELLULOID "])
def test_other_names_of_a_choice(tmp_path, word):
    assert read(tmp_path, f"kind = '{word}'").plate.kind == "film"


def test_a_choice_by_no_name(tmp_path):
    given, wanted, _, todo = refused(tmp_path, "kind = 'glas'")
    assert given == "kind = 'glas'"
    assert wanted == "one of glass, film"
    assert todo == "did you mean 'glass'?"


def test_the_place_of_a_key_in_a_list_of_tables(tmp_path):
    text = "count = 1\n\n[[box]]\ncount = 2\n\n[[box]]\ncount = -3"
    _, _, where, _ = refused(tmp_path, text, head="[[box]]")
    assert where.endswith("line 8, key box.2.count")


@pytest.mark.parametrize(
    ("text", "path", "key", "line"),
    [
        ("a = 1\n[b]\na = 2\n", (), "a", 1),
        ("a = 1\n[b]\na = 2\n", ("b",), "a", 3),
        ("[ b . c ]  # of a plate\na = 2\n", ("b", "c"), "a", 2),
        ("['b'.\"c d\"]\n'a b' = 2\n", ("b", "c d"), "a b", 2),
        ("[[b]]\n[[b]]\n[b.c]\na = 2\n", ("b", 1), None, 2),
        ("[b]\na.x = 2\n", ("b",), "a", 2),
        ("[b]\n# a = 1\n", ("b",), "a", 1),
        ("b = {a = 1}\n", ("b",), "a", None),
    ],
)
def test_lines_of_keys(text, path, key, line):
    assert find_line(text, path, key) == line


def test_a_key_that_is_a_table_is_at_its_header():
    source = Source("x.toml", "a = 1\n[b]\nc = 2\n[[d]]\nc = 3\n[[d]]\n")
    assert source.place("b") == "x.toml, line 2, key b"
    assert source.place("d") == "x.toml, line 4, key d"
    assert source.below("d", 1).place() == "x.toml, line 6, key d.1"
    assert source.below("b").place("c") == "x.toml, line 3, key b.c"
    assert source.place() == "x.toml"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (Decimal("1.50"), "1.50"),
        ("a'b", '"a\'b"'),
        ([1, [True, "x"]], "[1, [true, 'x']]"),
        ({"a": 1, "b": {"c": False}}, "{a = 1, b = {c = false}}"),
    ],
)
def test_values_are_shown_as_the_file_has_them(value, text):
    assert shown(value) == text
