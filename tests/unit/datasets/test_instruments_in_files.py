"""Instruments in TOML: presets, exact round trips, and refusals."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest

from reseau.datasets import is_plane, presets, read_instrument, write_instrument
from reseau.errors import ConfigError, FileFormatError, OutputExistsError
from reseau.instrument import Detectors, Instrument, identity_plane, make_distortion

BASIC = """\
name = "box"

[optics]
focal_length_mm = 1000.0
"""
CHIP = """
[[detector]]
id = 1
naxis1 = 100
naxis2 = 200
pixel_um = 10.0
x_um = 5.0
y_um = -5.0
"""


def same(a: Instrument, b: Instrument) -> bool:
    (left, tree), (right, other) = jax.tree.flatten(a), jax.tree.flatten(b)
    pairs = zip(left, right, strict=True)
    return tree == other and all(np.array_equal(x, y) for x, y in pairs)


def read(tmp_path: Path, text: str) -> Instrument:
    (tmp_path / "box.toml").write_text(text)
    return read_instrument(tmp_path / "box.toml")


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert "box.toml" in str(error.value)
    return str(error.value)


def random_detectors(rng: np.random.Generator, n: int) -> Detectors:
    return Detectors(
        ids=tuple(range(3, 3 + n)),
        centre=rng.normal(0, 1e4, (n, 2)),
        theta=rng.uniform(-4, 7, n),
        pitch=rng.uniform(9, 11, (n, 2)),
        naxis=np.array([[1920.0, 1080.0]] * n),
        sigma_centre=rng.uniform(0, 100, n),
        sigma_theta=rng.uniform(0, 0.01, n),
        sigma_pitch=rng.uniform(0, 0.01, n),
    )


def test_presets() -> None:
    assert set(presets()) == {"jasmine", "jasmine-mission", "challenge"}
    jasmine = read_instrument("jasmine")
    np.testing.assert_array_equal(jasmine.focal, [4.86e6, 4.86e6])
    assert jasmine.parity == -1
    np.testing.assert_array_equal(
        jasmine.detectors.theta, np.deg2rad([0, 90, 180, 270])
    )
    challenge = read_instrument("challenge")
    assert is_plane(challenge)
    assert not is_plane(jasmine)
    assert challenge.distortion.normalisation == 21000.0
    np.testing.assert_array_equal(challenge.focal, [7.3e6, 7.3e6])


def test_jasmine_is_the_layout_of_the_small_orbit(data: Path) -> None:
    given = read_instrument(data / "orbit_small/instrument.toml")
    assert same(dataclasses.replace(given, name="jasmine"), read_instrument("jasmine"))


def test_defaults_are_the_plate_analysis_widths(tmp_path: Path) -> None:
    found = read(tmp_path, BASIC + CHIP)
    assert found.focal_sigma == 10_000.0
    assert found.projection == "gnomonic"
    assert found.parity == 1
    assert found.distortion.n_coefficients == 0
    assert found.detectors.sigma_centre == 100.0
    assert found.detectors.sigma_theta == np.deg2rad(0.1)
    assert found.detectors.sigma_pitch == 0.01
    np.testing.assert_array_equal(found.detectors.origin, [[49.5, 99.5]])


def test_no_detector_is_the_identity_plane(tmp_path: Path) -> None:
    assert is_plane(read(tmp_path, BASIC))
    found = read(tmp_path, BASIC + "[[detector]]\nid = 7\nplane = true\n")
    assert is_plane(found)
    assert found.detectors.ids == (7,)


@pytest.mark.parametrize(
    ("basis", "options"),
    [
        ("legendre", {"degree": 12}),
        ("legendre", {"degree": 3, "degree_kind": "per-axis", "minimum_degree": 1}),
        ("powers", {"degree": 3}),
        ("sip", {"degree": 3, "centre": (1 / 3, -434.7)}),
        ("brown-conrady", {"n_radial": 2, "n_tilt": 0}),
        ("radial", {"n_radial": 2}),
        ("none", {}),
    ],
)
def test_round_trip_is_exact(tmp_path: Path, basis: str, options: dict) -> None:
    rng = np.random.default_rng(5)
    scale = {} if basis == "none" else {"normalisation": 21000.0 / 7}
    distortion = make_distortion(basis, **scale, **options)
    n = distortion.n_coefficients
    widths = np.array(distortion.widths(333.3))
    widths[: n // 3] = 0.0
    instrument = Instrument(
        name='the "box" of Müller',
        projection="equidistant",
        parity=-1,
        focal=np.array([4860025.882678189, 4860051.480700831]),
        focal_sigma=np.asarray(1e4 / 3),
        focal_prior="normal",
        scale="plate",
        distortion=distortion,
        coefficients=rng.normal(0, 10, n),
        coefficient_sigma=widths,
        skew=np.asarray(1e-5 / 3),
        skew_sigma=np.asarray(0.0),
        detectors=random_detectors(rng, 3),
    )
    write_instrument(instrument, tmp_path / "a.toml")
    assert same(read_instrument(tmp_path / "a.toml"), instrument)


def test_plane_round_trip_keeps_its_id(tmp_path: Path) -> None:
    plane = dataclasses.replace(identity_plane(), ids=(4,))
    instrument = dataclasses.replace(read_instrument("challenge"), detectors=plane)
    write_instrument(instrument, tmp_path / "a.toml")
    assert same(read_instrument(tmp_path / "a.toml"), instrument)
    assert "plane = true" in (tmp_path / "a.toml").read_text()


def test_known_coefficients(tmp_path: Path) -> None:
    text = BASIC + (
        "[distortion]\nbasis = 'legendre'\ndegree = 2\nnormalisation_um = 100.0\n"
        "a = [[2, 0, 12.5]]\nb = [[0, 2, -4]]\nsigma_um = 5.0\n"
        "[distortion.sigmas]\nA_11 = 0\n"
    )
    found = read(tmp_path, text)
    named = dict(zip(found.distortion.names, found.coefficients, strict=True))
    assert named == {
        "A_20": 12.5,
        "A_11": 0,
        "A_02": 0,
        "B_20": 0,
        "B_11": 0,
        "B_02": -4,
    }
    np.testing.assert_array_equal(
        found.coefficient_sigma, [5.0, 0.0, 5.0, 5.0, 5.0, 5.0]
    )


def test_parameters_of_other_bases(tmp_path: Path) -> None:
    text = BASIC + (
        "[distortion]\nbasis = 'brown-conrady'\nnormalisation_um = 1e6\n"
        "[distortion.parameters]\nK_1 = 15.9\nscale = 0.98\n"
    )
    found = read(tmp_path, text)
    named = dict(zip(found.distortion.names, found.coefficients, strict=True))
    assert named == {"K_1": 15.9, "S_x": 0, "S_y": 0, "T_1": 0, "scale": 0.98}
    assert "did you mean 'K_1'" in refused(tmp_path, text.replace("K_1", "K1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASIC.replace("focal_length_mm", "focal_lenght_mm"), "mean focal_length_mm?"),
        (BASIC.replace("focal_length_mm", "focal_lenght_mm"), "line 4"),
        (BASIC.replace("1000.0", "0.0"), "focal_length_mm = 0.0\n"),
        (BASIC.replace("_mm", "_x_mm"), "key focal_length_y_mm is missing"),
        (BASIC.replace("focal_length_mm = 1000.0", ""), "add focal_length_mm = ..."),
        (BASIC + "focal_length_x_mm = 1.0\nfocal_length_y_mm = 1.0\n", "given twice"),
        (BASIC + "projection = 'gnomic'\n", "did you mean 'gnomonic'?"),
        (BASIC + "parity = 2\n", "parity = 2"),
        (BASIC + "parity = 2\n", "-1 where det(CD) of an image's WCS is negative"),
        (BASIC + "[distortion]\nbasis = 'legender'\n", "mean 'legendre'?"),
        (BASIC + "[distortion]\nbasis = 'legendre'\n", "normalisation_um = ..."),
        (
            BASIC + "[distortion]\nbasis = 'legendre'\n" + CHIP,
            "add normalisation_um = 1005, half",
        ),
        (BASIC + "[distortion]\ndegree = 3\n", "degree means nothing to the basis"),
        (BASIC + "[distortion]\na = [[2, 0, 1.0]]\n", "no coefficient A_20"),
        (
            BASIC
            + "[distortion]\nbasis='powers'\nnormalisation_um=1.0\na=[[2, 1.0]]\n",
            "terms [k, l, um]",
        ),
        (
            BASIC + "[distortion]\nbasis='powers'\nnormalisation_um=-1.0\n",
            "normalisation",
        ),
        (BASIC + CHIP + CHIP, "two detectors have the id 1"),
        (BASIC + CHIP + "pitch_x_um = 10.0\n", "given twice"),
        (BASIC + CHIP.replace("pixel_um = 10.0", "pixel_um = 0.0"), "must be > 0"),
        (BASIC + CHIP.replace("x_um = 5.0\n", "", 1), "the key x_um is missing"),
        (
            BASIC + CHIP.replace("x_um = 5.0\n", "", 1).replace("naxis1 = 100\n", ""),
            "add, for instance, naxis1 = 2048; x_um = 0.0",
        ),
        (BASIC + CHIP.replace("pixel_um = 10.0", ""), "as pixel_um = 9.0"),
        (BASIC + CHIP + "sigma_xy_um = -1.0\n", "0.0 um or more"),
        (BASIC + CHIP + "plane = true\n", "plane = true stands beside"),
        (BASIC + CHIP + "[[detector]]\nid = 2\nplane = true\n", "plane = true stands"),
    ],
)
def test_bad_instruments_are_refused(tmp_path: Path, text: str, message: str) -> None:
    assert message in refused(tmp_path, text)


def test_unknown_preset_and_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'jasmine'"):
        read_instrument("jasmin")
    with pytest.raises(FileFormatError, match="does not exist"):
        read_instrument(tmp_path / "none.toml")


def test_existing_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("mine")
    with pytest.raises(OutputExistsError):
        write_instrument(read_instrument("jasmine"), tmp_path / "a.toml")
    assert (tmp_path / "a.toml").read_text() == "mine"


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("x_um = 5.0", "x_um = 1e308", "at most 1e+09 um, of either sign"),
        ("x_um = 5.0", "x_um = -1e200", "at most 1e+09 um, of either sign"),
        ("pixel_um = 10.0", "pixel_um = 1e160", "at most 1e+09 um"),
        ("y_um = -5.0", "y_um = -5.0\ntheta_deg = 1e300", "at most 3600 deg"),
    ],
)
def test_lengths_that_overflow_are_refused(tmp_path, old, new, wanted):
    text = refused(tmp_path, (BASIC + CHIP).replace(old, new))
    assert wanted in text
    assert "the key is in" in text
