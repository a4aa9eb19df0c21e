"""A map of the reddening from a catalogue's giants: files, columns, bad input."""

from pathlib import Path

import erfa
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import QTable, Table

from reddened_giants import Field
from reseau.errors import (
    AssumedErrorWarning,
    CatalogueError,
    ConfigError,
    DegeneracyError,
    FileFormatError,
    OutputExistsError,
    ReseauWarning,
    UnitError,
)
from reseau.galaxy.extinction import (
    GridMap,
    ReddeningSettings,
    read_extinction_map,
)
from reseau.galaxy.extinction.candidates import candidates_of
from reseau.galaxy.extinction.written_maps import read_provenance
from reseau.galaxy.forward import opening
from reseau.galaxy.merging.layout import schema_of
from reseau.verbs.mock import mock_forward
from reseau.verbs.reddening import mock_reddening

OPTIONS = {
    "giants": "constants",
    "cell": 0.05,
    "limits": ["J=5:17.5", "Ks=8:15"],
    "largest": 2.5,
}


def _sloping(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    return 1.8 + 1.5 * longitude + 2.0 * (latitude + 0.3)


@pytest.fixture(scope="module")
def field() -> Field:
    """Giants about l = 0, so that longitudes are on both sides of 360 deg."""
    return Field(_sloping, place=(0.0, -0.3), size=0.1, stars=20_000)


@pytest.fixture(scope="module")
def stars(field: Field) -> dict[str, np.ndarray]:
    found = field.catalogue(1)
    # No star, no magnitude, a saturated one; and a place without stars in one cell.
    spoilt = {name: np.append(v, [v[0]] * 3) for name, v in found.items()}
    spoilt["J"][-3:] = [99.9, np.nan, -9.99]
    return spoilt


@pytest.fixture(scope="module")
def file(stars: dict[str, np.ndarray], tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("stars") / "stars.parquet"
    Table({**stars, "l": stars["l"] % 360.0}).write(path)
    return path


@pytest.fixture(scope="module")
def measured(file: Path):
    return mock_reddening(file, file.with_name("map.parquet"), **OPTIONS)


def test_a_map_is_read_back_as_it_was_measured(measured, field, stars):
    """Every cell, by the reader of any map; and it is the true one, within errors."""
    again = read_extinction_map(measured.file)
    assert isinstance(again, GridMap)
    grid = measured.measured.map
    assert again.excess == pytest.approx(grid.excess, nan_ok=True, abs=0)
    assert again.scatter == pytest.approx(grid.scatter, nan_ok=True, abs=0)
    assert again.first == pytest.approx(grid.first, abs=1e-9)
    assert again.step == pytest.approx(grid.step, abs=1e-9)
    l, b = stars["l"], stars["b"]  # noqa: E741
    for longitude in (l, l % 360.0):
        assert again.at(longitude, b).inside.all()
    pulls = field.pulls(measured.measured)
    assert len(pulls) == 4
    assert np.abs(pulls).max() < 4.0
    off = again.at(l, b).excess - _sloping(l, b)
    assert np.abs(off.mean()) < 0.05


def test_the_file_says_what_it_was_made_of(measured, stars):
    """Units, errors, counts, limits and the input's digest."""
    table = pq.read_table(measured.file)
    assert table.num_rows == measured.counts["cells"] == 4
    assert table.schema.field("ejks_error").metadata[b"unit"] == b"mag"
    assert QTable.read(measured.file)["ejks"].unit == "mag"
    told = read_provenance(table.schema.metadata)
    assert told["counts"]["stars"] == len(stars["l"])
    assert told["counts"]["without place or magnitudes"] == 3
    assert told["limits"] == {"J": [5.0, 17.5], "Ks": [8.0, 15.0]}
    assert list(told["input"]) == ["stars.parquet"]
    assert told["giants"] == "constants"
    assert "galaxy" not in told
    error = table["ejks_error"].to_numpy()
    assert told["median"]["ejks_error"] == np.median(error)
    assert (error > 0.003).all()


def test_mock_forward_takes_the_map(measured, monkeypatch):
    """Stars on it have its reddening; others are flagged, and have the smooth map's."""

    class Still:
        def draw(self, component, position, rng):
            del component
            return 80.0 * rng.standard_normal(position.shape)

    monkeypatch.setattr(opening, "kinematics_of", lambda _: Still())
    with pytest.warns(ReseauWarning, match="map of reddening has no value"):
        mock = mock_forward(
            "0.04,-0.3,0.06,0.06", "H=12", extinction_map=str(measured.file), workers=1
        )
    table = mock.table.to_pandas()
    east = (table["l"] + 180.0) % 360.0 - 180.0
    assert 10 < table["on_map"].sum() < len(table) - 10
    assert (table["on_map"] == (east < 0.05)).all()
    nuclear = table[table["on_map"] & (table["component"] == "nsd")]
    grid = measured.measured.map
    at = grid.at(nuclear["l"].to_numpy(), nuclear["b"].to_numpy())
    share = nuclear["ejks"] / at.excess
    assert abs(np.median(share) - 1.0) < 0.15


def test_cells_without_giants_have_no_value(stars, tmp_path):
    """A tile of 8 x 8 cells without any: rows of the file, and outside the map."""
    gap = {name: v[np.abs(stars["l"] - 0.01) > 0.02] for name, v in stars.items()}
    found = mock_reddening(
        gap, tmp_path / "gap.parquet", **{**OPTIONS, "cell": (0.005, 0.05), "least": 1}
    )
    without = found.counts["without a value"]
    assert without == 16
    assert found.counts["with a value"] + without == found.counts["cells"]
    assert "without giants               16: no value" in str(found)
    table = pq.read_table(tmp_path / "gap.parquet")
    assert table["ejks"].null_count == without
    assert table["stars"].to_numpy()[table["ejks"].is_null().to_numpy()].sum() == 0
    again = read_extinction_map(tmp_path / "gap.parquet")
    assert not again.at(np.array([0.01]), np.array([-0.3])).inside[0]


def test_a_single_cell_is_a_map_too(stars, tmp_path):
    """The file tells its size by a second one, without a value."""
    found = mock_reddening(
        stars,
        tmp_path / "one.parquet",
        **{**OPTIONS, "cell": 1.0, "window": "0.05,-0.3,0.1,0.1"},
    )
    assert found.measured.map.excess.shape == (1, 1)
    assert found.counts["outside the window"] > 1000
    again = read_extinction_map(tmp_path / "one.parquet")
    assert again.step == (1.0, 1.0)
    at = again.at(np.array([0.01, 0.99, 1.01]), np.full(3, -0.5))
    assert at.excess[:2] == pytest.approx(found.measured.map.excess[0, 0], abs=0)
    assert at.inside.tolist() == [True, True, False]


def test_what_merge_writes_and_other_units_are_the_same_stars(stars, tmp_path):
    """Merge's columns and nulls; radians; millimagnitudes; ra and dec alone."""
    settings = ReddeningSettings()
    whole, notes = candidates_of(stars, settings)
    n = len(stars["l"])
    ra, dec = erfa.g2icrs(np.radians(stars["l"]), np.radians(stars["b"]))
    given = {"l": stars["l"] % 360.0, "b": stars["b"]}
    for band in ("J", "Ks"):
        name = f"phot_{band.lower()}_mag"
        given |= {name: stars[band], f"{name}_error": stars[f"{band}_error"]}
    schema = schema_of(())
    arrays = [
        pa.array(given[f.name], f.type, from_pandas=True)
        if f.name in given
        else pa.nulls(n, f.type)
        for f in schema
    ]
    merged = tmp_path / "nir.parquet"
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), merged)
    angles = QTable({k: v for k, v in stars.items() if k not in ("l", "b")})
    angles["ra"], angles["dec"] = ra, dec
    angles["ra"].unit = angles["dec"].unit = "rad"
    angles["J"] = 1000.0 * stars["J"]
    angles["J"].unit = "mmag"
    for source in (merged, angles):
        found, others = candidates_of(source, settings)
        assert others == notes
        for name in vars(whole):
            one, other = getattr(whole, name), getattr(found, name)
            assert other == pytest.approx(one, abs=1e-9), name


def test_a_mocks_directory_is_a_catalogue(tmp_path, monkeypatch):
    """Measured by the model that it is drawn from; assumed errors are said."""

    class Still:
        def draw(self, component, position, rng):
            del component, rng
            return np.zeros(position.shape)

    monkeypatch.setattr(opening, "kinematics_of", lambda _: Still())
    mock_forward("1,-2,0.03,0.03", "Ks=14", tmp_path / "mock", workers=1)
    with pytest.warns(AssumedErrorWarning, match="no errors of J"):
        found = mock_reddening(
            tmp_path / "mock", cell=0.05, limits="J=5:18,Ks=8:14", largest=2.0
        )
    assert found.file is None
    assert found.counts["used"] > 100
    truth = read_extinction_map("smooth").at(np.array([1.0]), np.array([-2.0]))
    off = found.figures["ejks"] - truth.excess[0]
    assert abs(off) < 3.0 * found.figures["ejks_error"] < 0.3


def test_lines_are_short_and_json_is_plain(measured):
    """At most 80 columns; the same counts."""
    assert all(len(line) <= 80 for line in str(measured).splitlines())
    told = measured.as_dict()
    assert told["output"] == str(measured.file)
    assert f"{told['counts']['used']:,}" in str(measured)
    assert len(measured) == told["counts"]["with a value"]


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        ({"colour": "J-H"}, ConfigError, "J-Ks"),
        ({"giants": "dwarfs"}, ConfigError, "constants"),
        ({"cell": "0.1,a"}, ConfigError, "--cell|cell="),
        ({"cell": 0.0}, ConfigError, "0.001"),
        ({"limits": "H=5:12"}, ConfigError, "J or Ks"),
        ({"limits": "J=12"}, ConfigError, "BRIGHT:FAINT"),
        ({"limits": "J=17:5"}, ConfigError, "from bright to faint"),
        ({"limits": "Ks=14.9:15,J=5:6"}, DegeneracyError, "none of them a giant"),
        ({"window": "1,1,0.1,0.1"}, CatalogueError, "no star in the window"),
        ({"extinction_law": "cardelli"}, ConfigError, "wang2019"),
        ({"dust_profile": "none"}, ConfigError, "exponential"),
    ],
)
def test_wrong_choices_say_what_is_wanted(stars, change, kind, said):
    """Before anything is measured, as far as it can be known."""
    with pytest.raises(kind, match=said):
        mock_reddening(stars, **{**OPTIONS, **change})


def test_wrong_tables_say_what_is_wanted(stars, file, tmp_path):
    """Names that are missing, what is near; units; text; files and directories."""
    with pytest.raises(CatalogueError, match="column Ks"):
        mock_reddening({k: v for k, v in stars.items() if k != "Ks"}, **OPTIONS)
    fluxes = QTable(stars)
    fluxes["J"].unit = "mJy"
    with pytest.raises(UnitError, match="mJy"):
        mock_reddening(fluxes, **OPTIONS)
    with pytest.raises(CatalogueError, match="column J of the type string"):
        mock_reddening({**stars, "J": stars["J"].astype(str)}, **OPTIONS)
    with pytest.raises(FileFormatError, match="without a mock"):
        mock_reddening(tmp_path, **OPTIONS)
    with pytest.raises(FileFormatError, match="does not exist"):
        mock_reddening(tmp_path / "none.parquet", **OPTIONS)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FileFormatError, match=r"cut\.parquet"):
        mock_reddening(cut, **OPTIONS)
    with pytest.raises(ConfigError, match=r"\.parquet"):
        mock_reddening(file, tmp_path / "map.fits", **OPTIONS)
    taken = tmp_path / "taken.parquet"
    taken.write_bytes(file.read_bytes())
    with pytest.raises(ConfigError, match="the catalogue itself"):
        mock_reddening(taken, taken, overwrite=True, **OPTIONS)
    with pytest.raises(OutputExistsError, match="overwrite"):
        mock_reddening(file, taken, **OPTIONS)
    assert taken.read_bytes() == file.read_bytes()
    with pytest.raises(CatalogueError):
        mock_reddening(
            {k: v for k, v in stars.items() if k != "J"},
            taken,
            overwrite=True,
            **OPTIONS,
        )
    assert taken.read_bytes() == file.read_bytes()
