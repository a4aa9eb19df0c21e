"""When, from where and through what a single table was observed, by options."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord, get_body_barycentric_posvel
from astropy.time import Time

from small_tables import CAMERA, tables

Run = Callable[..., object]

DATE = "2016-04-01T12:00:00"
COLUMNS = "x=XWIN[px],y=YWIN[px],source_id=star,exposure_id=FRAME,detector_id=CCD"
OPTIONS = ("solve", "found.csv", "--columns", COLUMNS, "--unmatched", "-1", "--json")
OPTIONS = (*OPTIONS, "--first-pixel", "1", "--instrument", "camera.toml")
OPTIONS = (*OPTIONS, "--reference", "stars.csv", "--error", "0.02", "--epoch", DATE)
PARALLAX = 500.0
"""Of one star, seen in pixels of 1.9 arcsec beside errors of 40 mas [mas]."""


def write(columns: dict, path: Path) -> None:
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))


def earth(time: Time) -> tuple[np.ndarray, np.ndarray]:
    """Return astropy's position [au] and velocity [km/s] of the Earth, ICRS."""
    place, speed = get_body_barycentric_posvel("earth", time)
    return place.xyz.to_value(u.au), speed.xyz.to_value(u.km / u.s)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with tables, a camera, and states of the Earth's centre."""
    folder = tmp_path_factory.mktemp("viewpoint")
    detections, places = tables()
    n = len(places["ra"])
    places |= {"parallax": [0.0] * (n - 1) + [1.0], "parallax_error": [0.1] * n}
    places |= {"pmra": [0.0] * n, "pmdec": [0.0] * n}
    places |= {"pmra_error": [0.1] * n, "pmdec_error": [0.1] * n}
    places["parallax"][0] = PARALLAX
    write(detections, folder / "found.csv")
    write(places, folder / "stars.csv")
    (folder / "camera.toml").write_text(CAMERA)
    times = Time(DATE, scale="utc") + np.linspace(-2, 2, 41) * u.day
    states = [np.concatenate(earth(t)) for t in times]
    names = ("obs_x", "obs_y", "obs_z", "obs_vx", "obs_vy", "obs_vz")
    columns = dict(zip(names, np.transpose(states).tolist(), strict=True))
    write({"epoch": times.tcb.jyear.tolist(), **columns}, folder / "states.csv")
    days = {"MJD": times.utc.mjd.tolist(), **columns}
    write(days, folder / "days.csv")
    return folder


@pytest.fixture
def solved(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict]:
    monkeypatch.chdir(here)

    def solve(*options: str) -> dict:
        result = run(*OPTIONS, "-o", "out", "--overwrite", *options)
        assert result.exit_code == 0, result
        return {"said": result.stderr, **json.loads(result.stdout)}

    return solve


def directions() -> SkyCoord:
    """Return where the exposures of the last solution point."""
    table = pq.read_table("out/exposures.parquet")
    return SkyCoord(table["ra"].to_numpy(), table["dec"].to_numpy(), unit="deg")


def prior_pulls() -> np.ndarray:
    return pq.read_table("out/sources.parquet")["prior_pull"].to_numpy()


def test_effects_and_observers_reach_the_solution(solved: Callable[..., dict]) -> None:
    """Positions were made without any: each effect is seen by what it takes out."""
    plain = solved()
    assert "parallaxes" in plain["said"]
    found = solved("--observer", "geocentre")
    assert "parallaxes" not in found["said"]
    geocentre = prior_pulls()
    # By chance alone once in 10¹⁰.
    assert found["chi2"] > plain["chi2"] + 50.0
    table = solved("--observer", "days.csv")
    assert prior_pulls() == pytest.approx(geocentre, rel=1e-6, nan_ok=True)
    assert table["chi2"] == pytest.approx(found["chi2"], rel=1e-6)
    assert "days.csv: epochs are taken from the column MJD, UTC" in table["said"]


def test_aberration_moves_pointings_as_the_earth_does(
    solved: Callable[..., dict],
) -> None:
    solved("--observer", "geocentre", "--fix", "detectors,scale")
    before = directions()
    solved(
        *("--observer", "states.csv", "--effects", "aberration"),
        *("--fix", "detectors,scale"),
    )
    after = directions()
    _, speed = earth(Time(DATE, scale="utc"))
    axis = before[0].cartesian.xyz.value
    across = np.linalg.norm(np.cross(axis, speed)) / 299_792.458
    moved = before.separation(after).to_value(u.rad)
    # The stars that place the axis are up to half a degree away from it.
    assert moved == pytest.approx([across] * 2, rel=0.01)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--observer", "nowhere.csv"), ["nowhere.csv"]),
        (("--observer", "camera.toml"), ["camera.toml"]),
        (("--effects", "aberrations"), ["aberration"]),
        (("--effects", "aberration"), ["--observer"]),
        (("--effects", "refraction", "--observer", "geocentre"), ["refraction"]),
        (("--observer", "geocentre", "--epoch", "57479.5"), ["modified Julian"]),
    ],
)
def test_what_cannot_be_used_is_told(
    run: Run,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    words: list[str],
) -> None:
    monkeypatch.chdir(here)
    own = list(OPTIONS)
    if "--epoch" in options:
        del own[own.index("--epoch") : own.index("--epoch") + 2]
    result = run(*own, "-o", "never", *options)
    assert result.exit_code == 2, result
    assert result.stderr.count("to do:") == 1
    for word in words:
        assert word in result.stderr
    assert not Path("never").exists()
