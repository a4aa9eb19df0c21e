"""The JASMINE Astrometry Challenge: do solutions recover the answers of its maker?

The answers are in the headers of the files and in the pointing tables. Truth on the
sky is computed with astropy.wcs, common rotations are found with SciPy. The data are
free of noise: 1e-9 um of rounding.
"""

import re
import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.wcs import WCS
from scipy.spatial.transform import Rotation

from reseau import SolveOptions, solve
from reseau.datasets import read_instrument
from reseau.errors import CatalogueError
from reseau.instrument import Instrument, camera_from_pixel
from reseau.verbs.solution import Solved

pytestmark = [
    pytest.mark.data,
    pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning"),
]

LONG = pytest.mark.recovery
"""Of a case like others here, for whose shapes all is compiled once more."""

ROOT = Path(__file__).resolve().parents[3]

FOCAL = 7.3e6
"""Focal length of the imaginary telescope [um]."""

PLANE = """name = "plane"
[optics]
focal_length_mm = {focal}
parity = -1
[distortion]
{distortion}
[[detector]]
plane = true
"""


@dataclass
class Found:
    """A solution as its files have it."""

    solved: Solved
    exposures: Table
    residuals: np.ndarray
    instrument: Instrument

    @property
    def rms(self) -> float:
        """RMS residual of a coordinate [um]."""
        return float(np.sqrt(np.mean(self.residuals**2)))

    @property
    def coefficients(self) -> dict[str, float]:
        """Fitted distortion by name."""
        values = np.asarray(self.instrument.coefficients)
        return dict(zip(self.instrument.distortion.names, values, strict=True))


Recover = Callable[..., Found]


@pytest.fixture(scope="module")
def challenge(data: Path) -> Path:
    """Return the folder of the challenge's files, or skip."""
    folder = data / "challenge"
    if not folder.is_dir():
        pytest.skip(f"no challenge at hand: {folder} does not exist")
    return folder


@pytest.fixture
def recover(challenge: Path, tmp_path: Path) -> Recover:
    """Return a function that solves a file, writes the solution and reads it back."""

    def run(
        case: str, distortion: str | None = None, focal: float = 7300.0, **options: Any
    ) -> Found:
        instrument = "challenge"
        if distortion is not None:
            instrument = str(tmp_path / "plane.toml")
            text = PLANE.format(focal=focal, distortion=distortion)
            Path(instrument).write_text(text)
        chosen = SolveOptions(instrument=instrument, **options)
        folder = tmp_path / "solution"
        solved = solve(challenge / f"{case}.txt", folder, options=chosen)
        assert solved.summary["result"] == "successful"
        residuals = pq.read_table(folder / "residuals.parquet")
        return Found(
            solved,
            Table(pq.read_table(folder / "exposures.parquet").to_pydict()),
            np.stack([residuals[c].to_numpy() for c in ("dx", "dy")]),
            read_instrument(folder / "instrument.toml"),
        )

    return run


def header(path: Path) -> dict[str, list[float]]:
    """Return a file's keywords, those with brackets among them, as lists."""
    lines = re.findall(r"^\\(\S+)=(.*)$", path.read_text(), re.MULTILINE)
    number = r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?"
    return {name: [float(v) for v in re.findall(number, text)] for name, text in lines}


def answers(folder: Path, case: str) -> np.ndarray:
    """Return ra, dec, pa [deg] of each exposure, as the maker gives them."""
    path = folder / f"{case}_pointing.txt"
    if path.exists():
        table = Table.read(path, format="ascii.ipac")
        return np.stack([table[c] for c in ("ra", "dec", "pa")], axis=1)
    keys = header(folder / f"{case}.txt")
    names = ("pointing_ra", "pointing_dec", "position_angle")
    return np.array([[keys[n][0] for n in names]])


def attitudes(found: Found) -> np.ndarray:
    """Return ra, dec, pa [deg] of each exposure, as solved."""
    return np.stack([found.exposures[c] for c in ("ra", "dec", "pa")], axis=1)


def separations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the angles between pointings (rows ra, dec, ...) [deg]."""
    first, other = (SkyCoord(p[:, 0] * u.deg, p[:, 1] * u.deg) for p in (a, b))
    return first.separation(other).deg


def turns(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the differences of position angles [deg], between -180 and 180."""
    return (a[:, 2] - b[:, 2] + 180.0) % 360.0 - 180.0


def assert_attitudes(found: Found, truth: np.ndarray, pointing: float) -> None:
    """Compare attitudes with the answers; angles are right to 1e-8 deg in all cases."""
    solved = attitudes(found)
    assert np.max(separations(solved, truth)) <= pointing
    assert np.max(np.abs(turns(solved, truth))) <= 1e-8


def vectors(angles: np.ndarray) -> np.ndarray:
    """Return unit vectors of rows ra, dec, ... [deg]."""
    place = SkyCoord(angles[:, 0] * u.deg, angles[:, 1] * u.deg)
    return place.cartesian.xyz.value.T


def after_rotation(solved: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return how far pointings are from the truth after the best rotation [deg]."""
    a, b = vectors(solved), vectors(truth)
    rotation, _ = Rotation.align_vectors(b, a)
    return np.degrees(np.linalg.norm(rotation.apply(a) - b, axis=1))


def grid() -> tuple[np.ndarray, np.ndarray]:
    """Return points all over the plane [um], none of them a measurement."""
    ticks = np.linspace(-18_000.0, 18_000.0, 9)
    x, y = np.meshgrid(ticks, ticks)
    return x.ravel(), y.ravel()


def true_sky(x: np.ndarray, y: np.ndarray, truth: np.ndarray) -> SkyCoord:
    """Map undistorted positions [um] to the sky with the maker's pointing."""
    ra, dec, pa = truth
    cos, sin = np.cos(np.radians(pa)), np.sin(np.radians(pa))
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [1.0, 1.0]
    wcs.wcs.cd = np.degrees(np.array([[-cos, sin], [sin, cos]]) / FOCAL)
    return SkyCoord(*wcs.wcs_pix2world(x, y, 0), unit="deg")


def solved_sky(found: Found, row: int, x: np.ndarray, y: np.ndarray) -> SkyCoord:
    """Map measured positions [um] to the sky with the solution."""
    exposure = found.exposures[row]
    focal = [float(exposure[f"focal_{c}_mm"]) * 1000.0 for c in "xy"]
    detector = np.zeros(x.size, dtype=int)
    camera = camera_from_pixel(found.instrument, x, y, detector, *focal)
    axes = np.asarray(found.solved.solution.parameters.axes)[row]
    place = np.stack([np.asarray(c) for c in camera], axis=1) @ axes
    return SkyCoord(*place.T, representation_type="cartesian")


@pytest.mark.parametrize(
    ("case", "scale"),
    [
        ("case1_challenge_00", {"fix": ("scale",)}),
        pytest.param("case1_challenge_00", {"scale": "plate"}, marks=LONG),
        pytest.param("case6_challenge_00", {"fix": ("scale",)}, marks=LONG),
        ("case6_challenge_00", {"scale": "plate"}),
    ],
)
def test_without_distortion(
    challenge: Path, recover: Recover, case: str, scale: dict[str, Any]
) -> None:
    found = recover(case, distortion="basis = 'none'", **scale)
    assert found.rms <= 1e-6
    assert_attitudes(found, answers(challenge, case), 1e-9)


def displaced_pointings(
    challenge: Path, folder: Path, arcsec: float, degrees: float
) -> str:
    """Write case 6's pointings, each moved by an amount in a direction of its own."""
    truth = answers(challenge, "case6_challenge_00")
    rng = np.random.default_rng(6)
    n = len(truth)
    place = SkyCoord(truth[:, 0] * u.deg, truth[:, 1] * u.deg)
    moved = place.directional_offset_by(
        rng.uniform(0.0, 360.0, n) * u.deg, arcsec * u.arcsec
    )
    pa = truth[:, 2] + degrees * rng.choice([-1.0, 1.0], n)
    table = Table({"field": np.arange(n), "ra": moved.ra, "dec": moved.dec})
    table["pa"] = pa * u.deg
    path = folder / "pointing.ecsv"
    table.write(path)
    return str(path)


@pytest.mark.parametrize(
    ("scale", "limit"), [({"fix": ("scale",)}, 1e-9), ({"scale": "plate"}, 1e-8)]
)
@pytest.mark.parametrize(("arcsec", "degrees"), [(10.0, 0.0), (60.0, 1.0)])
def test_free_network(
    challenge: Path,
    recover: Recover,
    tmp_path: Path,
    scale: dict[str, Any],
    limit: float,
    arcsec: float,
    degrees: float,
) -> None:
    pointing = displaced_pointings(challenge, tmp_path, arcsec, degrees)
    found = recover(
        "case6_challenge_00",
        distortion="basis = 'none'",
        # A common focal length has to be found, from the sphere's curvature alone.
        focal=7301.0 if "scale" in scale else 7300.0,
        reference=False,
        pointing=pointing,
        **scale,
    )
    assert found.rms <= 1e-6
    truth = answers(challenge, "case6_challenge_00")
    assert np.max(after_rotation(attitudes(found), truth)) <= limit
    assert np.max(separations(attitudes(found), truth)) > 1e-5
    # Damped equations would promise far too small errors of the scale.
    assert found.solved.solution.history[-1].damping == 0.0


@pytest.mark.parametrize(
    "case", [3, *(pytest.param(case, marks=LONG) for case in (4, 5))]
)
def test_brown_conrady(challenge: Path, recover: Recover, case: int) -> None:
    name, s = f"case{case}_challenge_00", 20_000.0
    found = recover(name, f"basis = 'brown-conrady'\nnormalisation_um = {s}")
    assert found.rms <= 1e-4
    truth = answers(challenge, name)
    if case == 5:
        # The maker's table repeats ra as dec; ra and pa are as asked for.
        truth[:, 1] = attitudes(found)[:, 1]
    assert_attitudes(found, truth, 1e-7)
    keys, r = header(challenge / f"{name}.txt"), (s / 1e6) ** 2
    expected = {
        "K_1": keys["distortion_K"][0] * r,
        "S_x": keys["distortion_S"][0] * s / 5e6,
        "S_y": keys["distortion_S"][1] * s / 5e6,
        "T_1": keys["distortion_T"][0] * r,
        "scale": keys["distortion_scale"][0],
    }
    for name, value in expected.items():
        assert found.coefficients[name] == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    "scale",
    [pytest.param({"fix": ("scale",)}, marks=LONG), {"scale": "plate"}],
)
def test_powers(challenge: Path, recover: Recover, scale: dict[str, Any]) -> None:
    name, s = "case7_challenge_00", 20_000.0
    distortion = f"basis = 'powers'\ndegree = 2\nnormalisation_um = {s}\n"
    found = recover(name, distortion + "degree_kind = 'per-axis'", **scale)
    assert found.rms <= 1e-4
    assert_attitudes(found, answers(challenge, name), 1e-7)
    keys = header(challenge / f"{name}.txt")
    for (k, m), letter in [
        ((k, m), letter)
        for k in range(3)
        for m in range(3)
        for letter in "AB"
        if k + m > 1
    ]:
        value = keys[f"sip_{'c' if letter == 'A' else 'd'}[{k},{m}]"][0] * s ** (k + m)
        assert found.coefficients[f"{letter}_{k}{m}"] == pytest.approx(value, abs=1e-6)


def test_radial_about_a_fitted_centre(challenge: Path, recover: Recover) -> None:
    name, s = "case8_challenge_00", 50_000.0
    found = recover(
        name,
        f"basis = 'radial'\nnormalisation_um = {s}\nsigma_um = 5000.0",
        fix=("scale",),
    )
    assert found.rms <= 1e-4
    assert_attitudes(found, answers(challenge, name), 1e-7)
    keys = header(challenge / f"{name}.txt")
    x_c, y_c = keys["distortion_xc"][0], keys["distortion_yc"][0]
    assert found.coefficients["x_c"] == pytest.approx(x_c, rel=1e-6)
    assert found.coefficients["y_c"] == pytest.approx(y_c, rel=1e-6)
    farthest = (abs(x_c) + 20_000.0) ** 2 + (abs(y_c) + 20_000.0) ** 2
    for i, letter in enumerate("xyxyxy"):
        n = i // 2 + 1
        value = keys[f"distortion_K[{i}]"][0] * (s**2 / farthest) ** n
        assert found.coefficients[f"K_{letter}{n}"] == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    ("degree", "options"),
    [(1, {"fix": ("scale",)}), (2, {"scale": "plate-axis", "free": ("skew",)})],
)
@pytest.mark.recovery  # of 72 coefficients by Newton's method: half a minute to compile
def test_inverse_sip_reprojected(
    challenge: Path, recover: Recover, degree: int, options: dict[str, Any]
) -> None:
    # The polynomial's own rotation, scales and skew trade with attitude and focal
    # lengths, so that neither is comparable: the sky that both give to a pixel is.
    name = "case9_challenge_00"
    keys = header(challenge / f"{name}.txt")
    centre = keys["sip_c[0]"] + keys["sip_c[1]"]
    found = recover(
        name,
        "basis = 'sip'\ndegree = 5\ndegree_kind = 'per-axis'\n"
        f"normalisation_um = 20500.0\ncentre_um = {centre}\nminimum_degree = {degree}",
        **options,
    )
    assert found.rms <= 1e-4
    x, y = grid()
    dx, dy = x - centre[0], y - centre[1]
    moved = [
        sum(
            keys[f"sip_{c}[{k},{m}]"][0] * dx**k * dy**m
            for k in range(6)
            for m in range(6)
        )
        for c in "ab"
    ]
    for row, truth in enumerate(answers(challenge, name)):
        expected = true_sky(x + moved[0], y + moved[1], truth)
        assert np.max(solved_sky(found, row, x, y).separation(expected).deg) <= 1e-7


def test_level_2_legendre(challenge: Path, recover: Recover) -> None:
    name = "level2_challenge"
    distortion = "basis = 'legendre'\ndegree = 5\nnormalisation_um = 20500.0"
    found = recover(name, distortion, focal=4860.0, scale="plate-axis")
    assert found.rms <= 1e-4
    assert_attitudes(found, answers(challenge, name), 1e-7)


def test_level_2_plates_reprojected(challenge: Path, recover: Recover) -> None:
    # The true distortion is about a point off the axis: its shift, linear terms and
    # scale trade with pointing and focal lengths, so skies are compared again. The
    # truth comes from the file's undistorted positions, quadratic in the measured.
    name = "level2_source_table"
    distortion = "basis = 'legendre'\ndegree = 5\nnormalisation_um = 20500.0"
    found = recover(name, distortion, scale="exposure-axis")
    assert found.rms <= 1e-4
    table = Table.read(challenge / f"{name}.txt", format="ascii.ipac")
    keys = [f"{c}_id" for c in ("field", "block", "plate")]
    groups = table.group_by(keys).groups
    truth = answers(challenge, name)
    assert len(groups) == len(truth) == len(found.exposures)
    x, y = grid()
    for row, group in enumerate(groups):
        curves = [
            np.polynomial.Polynomial.fit(group[c], group[f"{c}_orig"], 2) for c in "xy"
        ]
        left = [
            np.ptp(f(group[c]) - group[f"{c}_orig"])
            for f, c in zip(curves, "xy", strict=True)
        ]
        assert max(left) < 1e-6
        expected = true_sky(curves[0](x), curves[1](y), truth[row])
        assert np.max(solved_sky(found, row, x, y).separation(expected).deg) <= 1e-7


@pytest.mark.parametrize("degree", [3, 5])
def test_table_of_degrees_in_the_docs(challenge: Path, degree: int) -> None:
    script = runpy.run_path(str(ROOT / "examples" / "challenge_degrees.py"))
    text = (ROOT / "docs" / "solve-a-plate-tables.md").read_text()
    rows = [[c.strip() for c in r.split("|")[1:-1]] for r in text.splitlines()]
    column = rows[0].index(str(degree))
    for name, file, _ in script["CASES"]:
        if name == "8":
            found = script["residual"](challenge / file, degree=degree, focal=7300.0)
            written = {row[0]: row[column] for row in rows}[name]
            assert float(written) == pytest.approx(found, rel=0.02)


def test_unidentified_stars_are_refused(recover: Recover) -> None:
    with pytest.raises(CatalogueError, match="not identified"):
        recover("case2_challenge_00")
