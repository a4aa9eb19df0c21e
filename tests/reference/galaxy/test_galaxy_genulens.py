"""Densities against the program of Koshimoto, Baba & Bennett and its tables.

The package genulens holds a program that prints number densities along a line of sight,
and the density of the nuclear disc as Sormani et al. 2022 computed it. Both are read as
data, and only where the package is installed.
"""

import dataclasses
import importlib.metadata
import math
import subprocess
from pathlib import Path

import numpy as np
import pytest

from reseau.galaxy.frame import directions
from reseau.galaxy.model import Galaxy, read_galaxy
from reseau.galaxy.model.nuclear_table import density_table
from reseau.galaxy.model.places import Places
from reseau.galaxy.nuclear_moments import genulens_disc

NAMES = (*(f"thin{i}" for i in range(1, 8)), "thick", "bar")


@pytest.fixture(scope="module")
def program() -> Path:
    try:
        files = importlib.metadata.files("genulens") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if file.name == "calc_rho_profile" and path.exists():
            return path
    pytest.skip("the package genulens is not installed")


@pytest.fixture(scope="module")
def galaxy() -> Galaxy:
    return read_galaxy("koshimoto2021")


def _printed(program: Path, option: str, l: float, b: float) -> np.ndarray:  # noqa: E741
    """Return the program's table: distance, then numbers of living stars per pc^3."""
    options = [option, "1", "NSD", "3", "CenSgrA", "0", "Dmin", "100", "Dmax", "12000"]
    command = [str(program), "l", str(l), "b", str(b), *options, "Dstep", "100"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [x for x in done.stdout.splitlines() if not x.startswith("#")]
    return np.array([x.split() for x in lines], dtype=float)


def _places(l: float, b: float, distance: np.ndarray) -> np.ndarray:  # noqa: E741
    """Return positions as the program has them: the tilt turns Z and leaves X."""
    x, y, z = (directions(l, b) * distance[:, None]).T
    tilt = 25.0 / 8160.0
    height = 25.0 + z * math.sqrt(1.0 - tilt**2) - x * tilt
    return np.stack([x - 8160.0, y, height], axis=-1)


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("koshimoto2021", "EXE_fg0"),
        ("koshimoto2021-e", "E_fg0"),
        ("koshimoto2021-g", "G_fg0"),
        ("koshimoto2021-gx", "GXG_fg0"),
    ],
)
@pytest.mark.parametrize(("l", "b"), [(0.3, -0.1), (1.0, -3.9), (-5.0, 2.0)])
def test_numbers_along_lines_of_sight(
    program: Path,
    name: str,
    option: str,
    l: float,  # noqa: E741
    b: float,
) -> None:
    """Four fits; numbers of three of them follow from physical quantities alone."""
    galaxy, table = read_galaxy(name), _printed(program, option, l, b)
    found = galaxy.number_density(_places(l, b, table[:, 0]))
    for column, component in enumerate(NAMES, start=1):
        theirs = table[:, column]
        rows = theirs > 1e-9 * theirs.max()
        ratio = found[galaxy.names.index(component)][rows] / theirs[rows]
        # The shape has the program's seven digits; three are printed of the first
        # fit's discs, and stars of one disc have an age each there.
        assert np.ptp(ratio) < 1e-5
        within = 1e-3 if component == "bar" else 3e-3
        assert np.median(ratio) == pytest.approx(1.0, abs=within)


def test_nuclear_disc_against_the_published_table(galaxy: Galaxy) -> None:
    """The preset's closed form: 2.5 per cent rms, 8 per cent at most near the plane."""
    pytest.importorskip("genulens")
    table, law = genulens_disc(), galaxy.component("nsd").law
    radius, height = np.meshgrid(table.radius, table.height, indexing="ij")
    place = np.stack([radius.ravel(), 0.0 * radius.ravel(), height.ravel()], axis=-1)
    inside = (radius < 999.0) & (height < 399.0) & (radius + height > 4.0)
    ours = law.density(Places(place)).reshape(radius.shape)  # type: ignore[union-attr]
    ratio = np.where(inside, np.log(np.where(inside, ours, 1.0) / table.density), 0.0)
    mass = table.density * radius * inside
    assert math.sqrt(np.average(ratio**2, weights=mass)) < 0.026
    assert np.sum(np.exp(ratio) * mass) / np.sum(mass) == pytest.approx(1.0, abs=3e-3)
    # On the axis itself neighbours in the table scatter by 13 per cent.
    near = inside & (radius >= 5.0) & (radius <= 300.0) & (height <= 60.0)
    assert np.max(np.abs(ratio[near])) < 0.08


def test_a_table_gives_its_knots_and_what_is_between(galaxy: Galaxy) -> None:
    pytest.importorskip("genulens")
    disc, law = genulens_disc(), density_table("genulens", Path())
    at = [(20.0, 0.0), (100.0, 50.0), (300.0, 5.0)]
    place = np.array([(r, 0.0, -z) for r, z in at])
    density = law.density(Places(place))
    knots = [disc.density[int(r / 5), int(z / 5)] for r, z in at]
    np.testing.assert_allclose(density, knots, rtol=1e-12)
    middle = law.density(Places(np.array([[102.5, 0.0, 52.5]])))[0]
    corners = disc.density[20:22, 10:12]
    assert middle == pytest.approx(math.exp(np.log(corners).mean()), rel=1e-12)
    beyond = np.array([[1001.0, 0.0, 0.0], [0.0, 0.0, 401.0]])
    assert not law.density(Places(beyond)).any()
    # The figures of the published table: mass, centre, profile in the plane.
    assert disc.density[0, 0] == pytest.approx(2107.0, rel=1e-3)
    plane = [disc.density[r // 5, 0] for r in (20, 50, 100, 200, 300)]
    np.testing.assert_allclose(plane, [288.0, 140.0, 87.6, 25.0, 6.0], rtol=0.01)
    nsd = dataclasses.replace(galaxy.component("nsd"), law=law)
    assert nsd.number_density(place)[0] == pytest.approx(knots[0] * nsd.factor)
