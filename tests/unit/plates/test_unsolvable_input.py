"""What cannot be solved, said by the Python functions before any solving."""

import dataclasses
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reseau import SolveOptions, simulate, solve
from reseau.constants import MILLIARCSECOND
from reseau.datasets import Dataset
from reseau.errors import (
    CatalogueError,
    ConfigError,
    DroppedWarning,
    FileFormatError,
    LeftOutWarning,
    OutputExistsError,
    UnusedEffectWarning,
)
from reseau.instrument import make_distortion
from reseau.observers import Weather
from reseau.plates import prepare

pytestmark = pytest.mark.usefixtures("typed")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Return a tiny dataset in memory; all its targets are measured repeatedly."""
    found = simulate(sources=60, exposures=4, artificial=3, seed=1).dataset
    ids, counts = np.unique(found.measurements["source_id"], return_counts=True)
    known = np.isin(ids, found.reference["source_id"]) | (counts > 1)
    kept = np.isin(found.measurements["source_id"], ids[known])
    return dataclasses.replace(
        found, measurements=found.measurements.filter(pa.array(kept))
    )


def without(table: pa.Table, prefix: str) -> pa.Table:
    """Drop the columns of a table that begin so."""
    return table.drop_columns([n for n in table.column_names if n.startswith(prefix)])


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    """Replace a column."""
    i = table.schema.get_field_index(name)
    return table.set_column(i, table.schema.field(i), pa.array(values))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tolerance", 0.0),
        ("tolerance", -0.1),
        ("tolerance", float("nan")),
        ("max_iterations", 0),
        ("minimum_measurements", 0),
    ],
)
def test_options_out_of_range(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=name):
        SolveOptions(**{name: value})


def test_several_plates_need_a_choice(dataset: Dataset) -> None:
    plates = pa.array(np.array([0, 0, 1, 1], dtype=np.int32))
    several = dataclasses.replace(
        dataset, exposures=with_column(dataset.exposures, "plate_id", plates)
    )
    dropping = warnings.catch_warnings(action="ignore", category=DroppedWarning)
    with pytest.raises(ConfigError, match="--plate 0"):
        prepare(several)
    with pytest.raises(ConfigError, match="one of 0, 1"):
        prepare(several, plate=2)
    with dropping:
        one = prepare(several, plate=1)
    assert one.exposure_id.tolist() == dataset.exposures["exposure_id"].to_pylist()[2:]


def test_refraction_needs_a_site_and_the_weather(dataset: Dataset) -> None:
    effects = frozenset({"aberration", "refraction"})
    refracted = dataclasses.replace(dataset, effects=effects)
    with pytest.raises(ConfigError, match="refraction without the weather"):
        prepare(refracted)
    weather = Weather(743.0, 11.0, 0.15, 0.6)
    with pytest.raises(ConfigError, match="refraction without a zenith"):
        prepare(dataclasses.replace(refracted, weather=weather))
    below = dataclasses.replace(refracted, weather=weather, observer="site:89,0,0")
    with pytest.raises(CatalogueError, match="zenith distances of 90° or more"):
        prepare(below)


def test_deflection_needs_the_observers_place(dataset: Dataset) -> None:
    blind = dataclasses.replace(
        dataset,
        exposures=without(dataset.exposures, "obs_"),
        effects=frozenset({"deflection"}),
    )
    with pytest.raises(ConfigError, match="no position is known"):
        prepare(blind)


def test_planets_need_an_ephemeris_that_has_them(dataset: Dataset) -> None:
    bent = dataclasses.replace(
        dataset,
        effects=frozenset({"aberration", "deflection"}),
        deflectors=("sun", "jupiter"),
    )
    with pytest.raises(ConfigError, match=r"reseau\[ephemeris\]"):
        prepare(bent)
    planets = dataclasses.replace(bent, ephemeris="de440")
    bodies = prepare(planets).problem.exposures.surroundings.bodies
    assert bodies.mass.shape == (4, 2)


def test_aberration_needs_an_observer(dataset: Dataset) -> None:
    blind = dataclasses.replace(dataset, exposures=without(dataset.exposures, "obs_"))
    with pytest.raises(ConfigError, match="no velocity is known"):
        prepare(blind)
    with pytest.raises(ConfigError, match="an unknown observer 'paranal'"):
        prepare(dataclasses.replace(blind, observer="paranal"))
    seen = prepare(dataclasses.replace(blind, observer="geocentre"))
    assert seen.problem.exposures.surroundings.velocity is not None


def test_velocity_without_aberration_is_a_warning(dataset: Dataset) -> None:
    still = dataclasses.replace(dataset, effects=frozenset())
    with pytest.warns(UnusedEffectWarning, match="aberration"):
        prepared = prepare(still)
    assert prepared.problem.exposures.surroundings.velocity is None


def test_exposures_without_measurements_are_dropped(dataset: Dataset) -> None:
    keep = pa.array(dataset.measurements["exposure_id"].to_numpy() != 2)
    fewer = dataclasses.replace(dataset, measurements=dataset.measurements.filter(keep))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        prepared = prepare(fewer)
    dropped = [str(w.message) for w in caught if w.category is DroppedWarning]
    assert any("1 exposure without measurements: 2" in text for text in dropped)
    assert prepared.exposure_id.tolist() == [0, 1, 3]
    assert prepared.dropped["exposures without measurements"] == [2]


def test_lonely_sources_are_dropped_and_listed(dataset: Dataset) -> None:
    with pytest.warns(DroppedWarning, match="fewer than 99 measurements and no prior"):
        prepared = prepare(dataset, minimum_measurements=99)
    (ids,) = prepared.dropped.values()
    measured = set(dataset.measurements["source_id"].to_pylist())
    references = set(dataset.reference["source_id"].to_pylist())
    assert set(ids) == measured - references
    assert not set(ids) & set(prepared.source_id.tolist())


def test_nothing_left_is_an_error(dataset: Dataset) -> None:
    alone = dataclasses.replace(dataset, reference=None)
    with pytest.raises(CatalogueError, match="has a prior or 99 measurements"):
        prepare(alone, minimum_measurements=99)


def test_bad_input_is_refused_before_the_output_is_touched(
    dataset: Dataset, tmp_path: Path
) -> None:
    output = tmp_path / "deep" / "out"
    with pytest.raises(ConfigError):
        solve(dataset, output, options=SolveOptions(plate=3))
    assert list(tmp_path.iterdir()) == []
    output.mkdir(parents=True)
    with pytest.raises(OutputExistsError, match="there already"):
        solve(dataset, output)
    assert list(output.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"free": ("skw",)}, "skew"),
        ({"free": ("skew",), "fix": ("skew",)}, "both freed and fixed"),
        ({"distortion": "brown-conrady", "free": ("scale",)}, "scale of its own"),
        ({"scale": "detector"}, "exposure-axis"),
        ({"focal_prior": "beta"}, "gamma"),
        ({"degree_kind": "sum"}, "per-axis"),
    ],
)
def test_options_that_make_no_sense(
    dataset: Dataset, options: dict, words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        solve(dataset, options=SolveOptions(**options))


def test_the_output_may_not_be_the_input(tmp_path: Path) -> None:
    folder = tmp_path / "orbit"
    simulate(folder, small=True)
    for output in (folder, tmp_path):
        with pytest.raises(OutputExistsError):
            solve(folder, output, overwrite=True)
    assert (folder / "dataset.toml").is_file()


def test_an_input_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "orbit").mkdir()
    with pytest.raises(
        FileFormatError, match=r"does not exist(.|\n)*did you mean 'orbit'"
    ):
        solve(tmp_path / "orbti")


def test_a_degree_that_is_a_slip() -> None:
    with pytest.raises(ConfigError, match="degree 50"):
        make_distortion("legendre", degree=50, normalisation=1.0)


def test_positions_of_the_observer_suffice_for_motion_and_parallax(
    dataset: Dataset,
) -> None:
    """Without velocities there is no aberration, but references move all the same."""
    plain = dataclasses.replace(
        dataset, effects=frozenset(), exposures=without(dataset.exposures, "obs_v")
    )
    both = dataclasses.replace(dataset, effects=frozenset())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = prepare(both).problem.prior.direction
    found = prepare(plain).problem.prior.direction
    np.testing.assert_array_equal(found, wanted)
    nowhere = dataclasses.replace(plain, exposures=without(plain.exposures, "obs_"))
    with pytest.warns(LeftOutWarning, match="nobody said where the observer was"):
        given = prepare(nowhere).problem.prior.direction
    largest = np.nanmax(np.abs(plain.reference["parallax"])) * MILLIARCSECOND
    assert 0.1 * largest < np.abs(given - found).max() < 1.02 * largest


def test_one_id_for_all_sources_is_refused(dataset: Dataset) -> None:
    many = pa.concat_tables([dataset.measurements] * 10)
    ids = with_column(many, "source_id", np.full(len(many), 7))
    # Copies of a row would count once.
    ids = with_column(ids, "x", many["x"].to_numpy() + 1e-6 * np.arange(len(many)))
    with pytest.raises(CatalogueError, match=r"source 7 was measured [0-9]+ times"):
        prepare(dataclasses.replace(dataset, measurements=ids))


def test_too_many_exposures_are_refused(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseau.plates.solvable.MOST_SHARED", 10)
    with pytest.raises(CatalogueError, match="4 exposures in one plate"):
        prepare(dataset)
