"""Every public function computes in 64 bits, whatever JAX is set to outside."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jax
import numpy as np
import pyarrow.parquet as pq
import pytest

import reseau
from reseau import Catalogue
from reseau.datasets import read_solution
from reseau.tables import columns_of
from small_survey import small_config
from small_tables import tables
from synthetic_surveys import Box, make_stars, twomass
from synthetic_surveys import gaia as gaia_of
from tap_server import sources as stars_of_a_survey
from tap_server import tap_service
from tiny_survey import TINY


@pytest.fixture(scope="module")
def simulated() -> reseau.Simulated:
    return reseau.simulate(**TINY)


@pytest.fixture(scope="module")
def written(simulated: reseau.Simulated, tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("written") / "solution"
    reseau.solve(simulated.dataset, place)
    return place


def simulate(_: object, __: Path, ___: Path) -> object:
    made = reseau.simulate(**TINY)
    return [
        columns_of(made.dataset.measurements.select(["x", "y"])),
        columns_of(made.truth.sources.select(["ra", "dec"])),
    ]


def solve(simulated: reseau.Simulated, _: Path, place: Path) -> object:
    reseau.solve(simulated.dataset, place / "solution")
    found = read_solution(place / "solution")
    return [
        columns_of(found.sources.select(["ra", "dec", "ra_error", "dec_error"])),
        columns_of(found.calibration.select(["value", "error"])),
        found.summary["chi2"],
    ]


def compare(simulated: reseau.Simulated, written: Path, _: Path) -> object:
    truth = reseau.compare(written, simulated.truth)
    return [truth.as_dict(), reseau.compare(written, written).as_dict()]


def posterior(_: object, written: Path, place: Path) -> object:
    return reseau.posterior(written, place / "d.nc", draws=20, seed=1).as_dict()


def effects(_: object, __: Path, ___: Path) -> object:
    return reseau.effects(ra=266.4, dec=-29.0, epoch=2028.5).as_dict()


def plot(_: object, written: Path, place: Path) -> object:
    return len(reseau.plot(written, place / "f", kinds=["footprint"]).files)


def describe(_: object, written: Path, __: Path) -> object:
    return reseau.describe(written).as_dict()


def demo(_: object, __: Path, place: Path) -> object:
    return reseau.demo(place / "demo", plate=True, small=True).comparison.as_dict()


def catalogue(_: object, __: Path, ___: Path) -> object:
    moved = Catalogue(tables()[1]).at_epoch(2026.0).columns()
    return [moved["ra"], moved["dec"]]


def files(simulated: reseau.Simulated, written: Path, place: Path) -> object:
    """Dataset, instrument and solution, written and read."""
    reseau.write_dataset(simulated.dataset, place / "d")
    again = reseau.read_dataset(place / "d")
    reseau.write_instrument(again.instrument, place / "i.toml")
    camera = reseau.read_instrument(place / "i.toml")
    found = reseau.read_solution(written)
    return [
        columns_of(again.measurements.select(["x", "y"])),
        np.asarray(camera.detectors.centre),
        np.asarray(found.instrument.coefficients),
        np.asarray(found.sources["ra"]),
    ]


SMALL = small_config(
    schedule={"years": 0.03, "orbits": 1, "exposures": 4}, stars={"count": 300}
)
"""One plate of sixteen exposures."""


def survey(_: object, __: Path, place: Path) -> object:
    """A survey described, planned, simulated and solved plate by plate."""
    planned = reseau.plan(SMALL)
    made = reseau.simulate_survey(SMALL, place / "s", workers=1)
    solved = reseau.solve_plates(place / "s", place / "p", workers=1)
    again = reseau.read_survey_solution(place / "p")
    joined = reseau.combine(place / "p", epoch=2029.0, robust=True)
    bounds = reseau.forecast(SMALL)
    return [
        columns_of(joined.tables.catalogue.select(["ra", "parallax_error"])),
        bounds.as_dict(),
        planned.as_dict(),
        columns_of(made.plate(0).dataset.measurements.select(["x", "y"])),
        np.asarray(solved.solution(0).sources["ra"]),
        np.asarray(again.plates["sigma0"]),
    ]


def checked(_: object, __: Path, place: Path) -> object:
    """What a survey's solver recovers, with a flaw and without."""
    found = reseau.validate(SMALL, place / "v", workers=1)
    costs = reseau.budget(SMALL, flaws=["focus"])
    return [found.validation.as_dict(), costs.as_dict()]


def followed(_: object, __: Path, ___: Path) -> object:
    """A star that moves straight on, of which positions are given."""
    epoch = np.linspace(2030.0, 2033.0, 12)
    positions = {
        "epoch": epoch,
        "dra": 3.0 * (epoch - 2031.5) + 0.2 * np.cos(7.0 * epoch),
        "ddec": -2.0 * (epoch - 2031.5) + 0.2 * np.sin(9.0 * epoch),
        "dra_error": np.full(12, 0.2),
        "ddec_error": np.full(12, 0.2),
        "parallax_factor_ra": np.sin(2.0 * np.pi * epoch),
        "parallax_factor_dec": np.cos(2.0 * np.pi * epoch),
    }
    star = reseau.sources(positions, model="5")[0]
    return [star["pmra"], star["parallax"], star.error_of("pmra")]


def fetched(_: object, __: Path, place: Path) -> object:
    """A window of a survey, from an archive on this machine."""
    place.mkdir(parents=True, exist_ok=True)
    with tap_service(stars_of_a_survey(200)) as tap, warnings.catch_warnings():
        warnings.simplefilter("ignore", reseau.ReseauWarning)  # a table of few columns
        found = reseau.fetch("gaia", "0,0,1,1", place / "g.parquet", service=tap.url)
    table = pq.read_table(found.files["table"])
    return [table[name].to_numpy() for name in ("source_id", "ra", "dec")]


def merged(_: object, __: Path, place: Path) -> object:
    """Two small surveys of a made-up field."""
    rng = np.random.default_rng(2)
    box = Box((266.3, 266.305), (-29.005, -29.0))
    stars = make_stars(rng, 300, box)
    surveys = [twomass(rng, stars, box, limit=16.0), gaia_of(rng, stars, box)]
    place.mkdir(parents=True, exist_ok=True)
    found = reseau.merge(surveys, place / "merged.parquet")
    table = pq.read_table(found.files["merged"])
    names = ("source_id", "ra", "gaia_probability", "phot_ks_mag")
    return [table[name].to_numpy(zero_copy_only=False) for name in names]


def mocked(_: object, __: Path, ___: Path) -> object:
    """The brightest stars of a small window."""
    found = reseau.mock_forward("0.35,0.25,0.1,0.1", "Hw=12", workers=1)
    names = ("source_id", "ra", "pmra", "phot_hw_mag")
    return [found.table[name].to_numpy() for name in names]


CASES = {
    **dict.fromkeys(("budget", "validate"), checked),
    **dict.fromkeys(
        (
            "combine",
            "forecast",
            "plan",
            "read_survey_solution",
            "simulate_survey",
            "solve_plates",
        ),
        survey,
    ),
    **dict.fromkeys(("read_dataset", "read_instrument", "read_solution"), files),
    **dict.fromkeys(("write_dataset", "write_instrument"), files),
    "Catalogue": catalogue,
    "compare": compare,
    "demo": demo,
    "describe": describe,
    "effects": effects,
    "fetch": fetched,
    "merge": merged,
    "mock_forward": mocked,
    "plot": plot,
    "posterior": posterior,
    "simulate": simulate,
    "solve": solve,
    "sources": followed,
}


# Several functions may share a case, which then runs once.
ONCE = {case: name for name, case in sorted(CASES.items(), reverse=True)}


def test_every_public_function_has_a_case() -> None:
    functions = {
        name for name in reseau.__all__ if name[0].islower() and name[0].isalpha()
    }
    assert functions <= set(CASES)


def _numbers(found: object) -> Iterator[float]:
    """Give all floating-point numbers, however they are nested, in order."""
    if isinstance(found, Mapping):
        for key, value in found.items():
            if key not in ("seconds", "peak_memory"):
                yield from _numbers(value)
    elif isinstance(found, np.ndarray):
        yield from found.ravel().tolist()
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for value in found:
            yield from _numbers(value)
    elif isinstance(found, float):
        yield found


@pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")
@pytest.mark.parametrize("name", sorted(ONCE.values()))
def test_numbers_are_those_of_64_bits(
    name: str, simulated: reseau.Simulated, written: Path, tmp_path: Path
) -> None:
    found = {}
    for bits in (64, 32):
        place = tmp_path / str(bits)
        place.mkdir()
        with jax.enable_x64(bits == 64):
            found[bits] = list(_numbers(CASES[name](simulated, written, place)))
    assert len(found[64]) == len(found[32])
    np.testing.assert_allclose(found[32], found[64], rtol=1e-13, atol=1e-18)
