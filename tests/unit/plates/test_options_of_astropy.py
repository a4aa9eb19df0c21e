"""What options of `solve` take from astropy, and what they refuse by name."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import EarthLocation
from astropy.table import QTable
from astropy.time import Time

from reseau.datasets import Dataset, read_instrument
from reseau.datasets.dataset import read_states
from reseau.errors import ConfigError, UnitError, WrongKindError
from reseau.exchange import read_detections
from reseau.instrument import Instrument
from reseau.observers import Site, chosen_observer, states_of
from reseau.plates import SolveOptions
from reseau.plates.viewpoint import parse_epoch, with_viewpoint
from reseau.verbs.solve import solve


@pytest.fixture(scope="module")
def camera() -> Instrument:
    return read_instrument("jasmine")


def detections(instrument: Instrument, **options: object) -> Dataset:
    table = QTable({"x": [100.0, 900.0, 500.0] * u.pix, "y": [200.0, 300.0, 900.0]})
    table["y"].unit = u.pix
    table["source_id"], table["detector_id"] = [1, 2, 3], [1, 1, 1]
    return read_detections(table, instrument=instrument, **options)


@pytest.mark.filterwarnings("ignore")
def test_a_place_of_astropy_is_a_site(camera: Instrument) -> None:
    place = EarthLocation.from_geodetic(-70.73 * u.deg, -29.26 * u.deg, 2400 * u.m)
    found = chosen_observer(place)
    assert isinstance(found, Site)
    assert found.latitude == pytest.approx(-29.26, abs=1e-9)
    assert found.longitude == pytest.approx(-70.73, abs=1e-9)
    when = Time("2026-03-01")
    by_name = states_of("site:-29.26,-70.73,2400", when)
    apart = states_of(place, when).position - by_name.position
    assert np.abs(np.asarray(apart)).max() < 1e-15  # au: 0.1 mm
    seen = with_viewpoint(detections(camera), SolveOptions(epoch=when, observer=place))
    assert str(seen.observer).startswith("site:-29.26")


@pytest.mark.filterwarnings("ignore")
def test_states_in_memory_are_those_of_the_file(camera: Instrument) -> None:
    years = np.linspace(2026.0, 2026.3, 40)
    found = states_of("geocentre", years)
    table = QTable({"epoch": years * u.yr})
    for i, axis in enumerate("xyz"):
        table[f"obs_{axis}"] = np.asarray(found.position)[:, i] * u.au
        table[f"obs_v{axis}"] = np.asarray(found.velocity)[:, i] * u.au / u.yr
    seen = with_viewpoint(
        detections(camera), SolveOptions(epoch=2026.1, observer=table)
    )
    assert seen.observer == "states.parquet"
    assert seen.states is not None
    assert seen.states.equals(read_states(table))


@pytest.mark.filterwarnings("ignore")
def test_errors_of_positions_have_units(camera: Instrument) -> None:
    plain = detections(camera, error=0.02).measurements["x_error"].to_numpy()
    found = detections(camera, error=20 * u.pix / 1000).measurements["x_error"]
    np.testing.assert_allclose(found.to_numpy(), plain, rtol=1e-14)
    with pytest.raises(UnitError, match="one value in pix"):
        detections(camera, error=1 * u.mas)
    with pytest.raises(UnitError, match="one value in pix"):
        detections(camera, error=np.ones(3) * u.pix)
    with pytest.raises(ConfigError, match="greater than 0"):
        SolveOptions(error=-1 * u.pix)


def test_epochs_have_units() -> None:
    assert parse_epoch(2026.25 * u.yr) == 2026.25
    assert parse_epoch(Time("J2026.25", scale="tcb")) == pytest.approx(2026.25)
    for wrong in (5 * u.m, [2026.0, 2027.0] * u.yr, 5 * u.yr):
        with pytest.raises(ConfigError, match="epoch = "):
            parse_epoch(wrong)


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "wrong", [{"options": {}}, {"instrument": 5}, {"output": 5}, {"options": "free"}]
)
def test_arguments_of_another_kind_are_named(wrong: dict[str, object]) -> None:
    name = next(iter(wrong))
    with pytest.raises(WrongKindError, match=f"{name} is a "):
        solve(QTable({"x": [1.0]}), **wrong)


@pytest.mark.unchecked
@pytest.mark.parametrize("name", ["free", "fix"])
def test_names_of_blocks_are_names(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} = 5"):
        SolveOptions(**{name: 5})
