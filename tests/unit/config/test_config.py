# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""TOML in and out: exact bits, and errors that name key, line and the nearest key."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reseau.config import (
    entry,
    find_line,
    from_unit,
    numbers,
    read_toml,
    table,
    tables,
    to_unit,
    write_toml,
)
from reseau.errors import ConfigError, FileFormatError


@dataclass(frozen=True)
class Lens:
    focal: float = entry("focal_mm", float, unit="mm", minimum=0.0)
    angle: float = entry("angle_deg", float, unit="deg", default=0.0)
    kind: str = entry("kind", str, default="thin", choices=("thin", "thick"))


@dataclass(frozen=True)
class Chip:
    number: int = entry("number", int)
    dead: bool = entry("dead", bool, default=False)
    size: float = entry("size_mm", float, unit="mm", default=1.0, positive=True)
    side: int = entry("side", int, default=1, choices=(1, -1))


@dataclass(frozen=True)
class Camera:
    name: str = entry("name", str)
    lens: Lens = table("lens", Lens)
    chips: tuple[Chip, ...] = tables("chip", Chip)
    extra: dict[str, float] = numbers("extra")


GOOD = """\
name = "box"  # a camera

[lens]
focal_mm = 4860.1

[[chip]]
number = 1

[[chip]]
number = 2
dead = true
"""


def read(tmp_path: Path, text: str) -> Camera:
    (tmp_path / "camera.toml").write_text(text)
    return read_toml(tmp_path / "camera.toml", Camera)[0]


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert "camera.toml" in str(error.value)
    return str(error.value)


def test_values_are_in_the_codes_units(tmp_path: Path) -> None:
    camera = read(tmp_path, GOOD + "[extra]\nK_1 = 3\n")
    assert camera.lens == Lens(4860100.0, 0.0, "thin")
    assert camera.chips == (Chip(1), Chip(2, True))
    assert camera.extra == {"K_1": 3.0}


def test_text_may_carry_a_unit(tmp_path: Path) -> None:
    text = GOOD.replace("4860.1", '"4.86 m"\nangle_deg = "180 arcmin"')
    lens = read(tmp_path, text).lens
    assert lens.focal == 4.86e6
    assert lens.angle == pytest.approx(np.deg2rad(3), rel=1e-15)
    bad = GOOD.replace("4860.1", '"4.86 s"')
    assert "line 4" in refused(tmp_path, bad)


def test_unknown_key_is_told_with_line_and_nearest_name(tmp_path: Path) -> None:
    text = refused(tmp_path, GOOD.replace("dead =", "deadd ="))
    assert "the key deadd is unknown" in text
    assert "did you mean dead?" in text
    assert "line 11" in text
    assert "chip.1.deadd" in text
    text = refused(tmp_path, GOOD.replace("[lens]", "[lense]"))
    assert "did you mean lens?" in text
    assert "line 3" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("4860.1", '"long"', "a length or angle"),
        ("4860.1", "true", "a finite number in mm"),
        ("4860.1", "nan", "a finite number in mm"),
        ("4860.1", "-1.0", "0.0 mm or more"),
        ("4860.1", "1.0\nkind = 'thik'", "did you mean 'thick'?"),
        ("number = 2", "number = 2.5", "a value of type int"),
        ("number = 2", "number = true", "a value of type int"),
        ("number = 2", "", "the key number is missing"),
        ("[lens]\nfocal_mm = 4860.1", "lens = 3", "a table [lens]"),
        ("[lens]", "[extra]\nx = 'y'\n[lens]", "a finite number"),
        ("4860.1", "-1.50", "focal_mm = -1.50\n"),
        ("4860.1", "[1.0, 2]", "focal_mm = [1.0, 2]\n"),
        ("number = 2", "number = 2.50", "number = 2.50 is of type float"),
        ("number = 2", "number = 2\nsize_mm = 0.0", "size_mm = 0.0\n"),
        ("number = 2", "number = 2\nsize_mm = -2.0", "must be > 0"),
        ("number = 2", "number = 2\nside = 2", "to do:  take one"),
    ],
)
def test_wrong_values_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert message in refused(tmp_path, GOOD.replace(old, new))


def test_single_table_for_a_list_is_refused(tmp_path: Path) -> None:
    text = 'name = "x"\n[lens]\nfocal_mm = 1\n[chip]\nnumber = 1\n'
    assert "double the brackets" in refused(tmp_path, text)


def test_missing_table_with_required_key_is_refused(tmp_path: Path) -> None:
    assert "focal_mm is missing" in refused(tmp_path, 'name = "x"\n')


def test_file_that_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("name = = 3")
    with pytest.raises(FileFormatError, match="line 1"):
        read_toml(tmp_path / "a.toml", Camera)
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match="is not TOML"):
        read_toml(tmp_path / "b.toml", Camera)
    with pytest.raises(FileFormatError, match="does not exist"):
        read_toml(tmp_path / "c.toml", Camera)
    with pytest.raises(FileFormatError, match="is a directory"):
        read_toml(tmp_path, Camera)


def test_line_is_found_among_arrays_and_comments() -> None:
    text = "[a]\nx = [\n  [1, 2],\n  [3, 4]\n]\n# y = 1\ny = 2\n[[b.c]]\ny = 3\n"
    assert find_line(text, ("a",), "y") == 7
    assert find_line(text, ("b", "c", 0), "y") == 9
    assert find_line(text, ("a",)) == 1
    assert find_line(text, ("z",), "y") is None


def test_written_record_reads_the_same(tmp_path: Path) -> None:
    name = 'a "quoted" \\ näme\n\x7f'
    camera = Camera(
        name,
        Lens(4860025.882678189, 2.851415e-4),
        (Chip(1), Chip(3, True)),
        {"a.b": 0.1},
    )
    write_toml(camera, tmp_path / "c.toml")
    assert read_toml(tmp_path / "c.toml", Camera)[0] == camera


FINITE = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)


@given(FINITE, st.sampled_from(["", "um", "mm", "deg"]))
def test_numbers_survive_bit_for_bit(value: float, unit: str) -> None:
    assert from_unit(Decimal(to_unit(value, unit)), unit) == value


def test_degrees_agree_with_numpy() -> None:
    for degrees in ("90", "0.1", "269.98410507803345"):
        radians = from_unit(Decimal(degrees), "deg")
        assert radians == pytest.approx(np.deg2rad(float(degrees)), rel=3e-16)
    assert to_unit(np.pi, "deg") == "180.0"
    assert to_unit(4_860_000.0, "mm") == "4860.0"
