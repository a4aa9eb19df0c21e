"""What columns mean: epochs of coordinates, motions, spellings, releases, errors."""

import warnings
from datetime import datetime
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import QTable
from astropy.time import Time

from reseau import Catalogue, solve
from reseau.datasets import Dataset, read_instrument
from reseau.errors import CatalogueError, ReseauWarning, UnitError, WrongKindError
from reseau.exchange import joined, read_detections
from reseau.instrument import Instrument
from reseau.tables.times.epochs import read_epochs
from small_tables import CAMERA

pytestmark = [pytest.mark.unchecked, pytest.mark.usefixtures("typed")]

PLACES = {"source_id": [71, 82], "ra": [10.123456, 10.234567], "dec": [5.1234, 5.3456]}


@pytest.fixture(scope="module")
def plane() -> Instrument:
    return read_instrument("challenge")


def read(table: dict, plane: Instrument, **options: object) -> Dataset:
    given = {"columns": "x=x[um],y=y[um]", **options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return read_detections(table, instrument=plane, **given)  # type: ignore[arg-type]


def quietly(table: object, **options: object) -> Catalogue:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Catalogue.read(table, **options)


def epochs(values: list, unit: str, name: str = "ref_epoch") -> pa.Table:
    array = pa.array(values)
    field = pa.field(name, array.type, metadata={"unit": unit} if unit else None)
    return pa.Table.from_arrays([array], schema=pa.schema([field]))


@pytest.mark.parametrize("unit", ["d", "day", "mjd", "jd"])
@pytest.mark.parametrize("values", [[2016.0, 2016.0], [1991.25, 2015], ["2016.0"]])
def test_years_in_days_are_asked_about(values: list, unit: str) -> None:
    with pytest.raises(CatalogueError, match=r"(?s)look like years.*\[yr\]"):
        read_epochs(epochs(values, unit), "t")


@pytest.mark.parametrize("value", [11041.5 - 10000, 200.0, 300_000.0])
def test_days_since_another_day_are_no_mjd(value: float) -> None:
    with pytest.raises(CatalogueError, match=r"MJD|JD"):
        read_epochs(epochs([value], "d"), "t")


@pytest.mark.parametrize(
    ("value", "unit", "form"),
    [(20260101, "ymd", "2026-01-01"), (1767225600, "unix", "2026-01-01T00:00:00")],
)
def test_dates_and_seconds_are_recognised(value: int, unit: str, form: str) -> None:
    table = {**PLACES, "ref_epoch": [value] * 2}
    with pytest.raises(CatalogueError, match=rf"ref_epoch=NAME\[{unit}\]"):
        quietly(table)
    found = quietly(table, columns=f"ref_epoch=ref_epoch[{unit}]")
    wanted = Time(form, scale="utc").tcb.jyear
    np.testing.assert_allclose(found.columns()["ref_epoch"], wanted, rtol=1e-12)


def test_time_zones_are_taken() -> None:
    texts = ["2026-01-01T00:00:00-05:00", "2026-01-01T10:30:00+0530"]
    wanted = Time("2026-01-01T05:00:00", scale="utc").tcb.jyear
    with pytest.warns(ReseauWarning, match="UTC"):
        found = read_epochs(epochs(texts, ""), "t")
    np.testing.assert_allclose(found["ref_epoch"], wanted, rtol=1e-13)
    there = epochs([datetime(2026, 1, 1, 5)], "")
    column = there["ref_epoch"].cast(pa.timestamp("us", tz="America/New_York"))
    with pytest.warns(ReseauWarning):
        found = read_epochs(there.set_column(0, "ref_epoch", column), "t")
    np.testing.assert_allclose(found["ref_epoch"], wanted, rtol=1e-12)


def test_an_empty_column_of_epochs_is_none(plane: Instrument) -> None:
    table = {"x": [1.5, 2.5], "y": [3.0, 4.0], "source_id": [71, 82]}
    found = read({**table, "epoch": np.array([np.nan, np.nan])}, plane)
    assert np.isnan(found.exposures["epoch"].to_numpy()).all()


def coordinates(obstime: object = None, **others: object) -> QTable:
    place = SkyCoord(
        PLACES["ra"] * u.deg,
        PLACES["dec"] * u.deg,
        pm_ra_cosdec=[300.0, 200.0] * u.mas / u.yr,
        pm_dec=[-200.0, 100.0] * u.mas / u.yr,
        distance=1 * u.kpc,
        obstime=obstime,
    )
    return QTable({"source_id": PLACES["source_id"], "c": place, **others})


@pytest.mark.parametrize("form", ["memory", "ecsv", "parquet", "fits"])
def test_obstime_is_the_epoch_of_the_coordinates(form: str, tmp_path: Path) -> None:
    source: object = coordinates(Time(2016.5, format="jyear", scale="tcb"))
    if form != "memory":
        source.write(tmp_path / f"c.{form}")
        source = tmp_path / f"c.{form}"
    found = quietly(source).columns()
    np.testing.assert_allclose(found["ref_epoch"], 2016.5, rtol=1e-13)
    np.testing.assert_allclose(found["pmra"], [300.0, 200.0], rtol=1e-14)


def test_obstime_and_ref_epoch_must_agree(plane: Instrument) -> None:
    time = Time(2016.0, format="jyear", scale="tcb")
    table = coordinates(time, ref_epoch=[2016.0, 2016.0] * u.yr)
    assert quietly(table).columns()["ref_epoch"].tolist() == [2016.0] * 2
    with pytest.raises(CatalogueError, match="obstime of the coordinates 2016"):
        quietly(coordinates(time, ref_epoch=[2016.0, 2000.0] * u.yr))
    table = coordinates(time, x=[1.5, 2.5] * u.um, y=[3.0, 4.0] * u.um)
    assert read(table, plane).reference["ref_epoch"].to_pylist() == [2016.0] * 2
    detections = {"x": [1.5, 2.5], "y": [3.0, 4.0], "source_id": [71, 82]}
    found = read(detections, plane, reference=coordinates(time))
    assert found.reference["ref_epoch"].to_pylist() == [2016.0] * 2


def test_datetimes_of_numpy_are_epochs(plane: Instrument) -> None:
    table = {"x": [1.5, 2.5], "y": [3.0, 4.0], "source_id": [71, 82]}
    found = read({**table, "epoch": np.array(["2026-01-01"] * 2, "M8[D]")}, plane)
    wanted = Time("2026-01-01", scale="utc").tcb.jyear
    np.testing.assert_allclose(found.exposures["epoch"], wanted, rtol=1e-12)


@pytest.mark.parametrize("name", ["pm_ra", "PM_RA", "mu_alpha"])
def test_motions_that_may_lack_the_cosine_are_asked_about(name: str) -> None:
    table = {**PLACES, "ref_epoch": [2016.0] * 2, name: [3.0, 4.0], "pmdec": [1.0, 2.0]}
    with pytest.raises(CatalogueError, match=r"(?s)stands without pmra.*cos\(dec\)"):
        quietly(table)
    found = quietly(table, columns=f"pmra={name}").columns()
    assert found["pmra"].tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    "name", ["pmRAcosDE", "pm_ra_cosdec", "mu_alpha_star", "pmra_cosdec", "pmRA"]
)
def test_motions_that_hold_the_cosine_are_taken(name: str) -> None:
    table = {**PLACES, "ref_epoch": [2016.0] * 2, name: [3.0, 4.0], "pmdec": [1.0, 2.0]}
    assert quietly(table).columns()["pmra"].tolist() == [3.0, 4.0]


def test_two_spellings_that_differ_are_chosen(plane: Instrument) -> None:
    table = {"x": [1.5, 2.5], "y": [3.0, 4.0], **PLACES}
    table |= {"RA": [10.2, 10.3], "DEC": PLACES["dec"]}
    with pytest.raises(CatalogueError, match='"ra=ra" or "ra=RA"'):
        read(table, plane)
    columns = "x=x[um],y=y[um],ra=RA"
    assert read(table, plane, columns=columns).reference["ra"].to_pylist() == [
        10.2,
        10.3,
    ]
    same = {**table, "RA": PLACES["ra"]}
    assert read(same, plane).reference["ra"].to_pylist() == PLACES["ra"]


def test_releases_of_gaia_are_not_joined_by_digits(plane: Instrument) -> None:
    def named(release: str) -> dict:
        return {"source_id": [f"{release} {i}" for i in PLACES["source_id"]]}

    table = {"x": [1.5, 2.5], "y": [3.0, 4.0], **named("Gaia DR2")}
    with pytest.raises(CatalogueError, match="in Gaia DR2, the references in Gaia DR3"):
        read(table, plane, reference={**PLACES, **named("Gaia EDR3")})
    table |= named("Gaia EDR3")
    found = read(table, plane, reference={**PLACES, **named("Gaia DR3")})
    assert len(found.reference) == 2


def test_few_joined_rows_are_said(plane: Instrument) -> None:
    n = np.arange(10.0)
    table = {"x": 1.5 + n, "y": 3.0 + n, "source_id": np.arange(10) + 100}
    places = {"source_id": np.arange(10) + 108, "ra": 10 + n / 7, "dec": 5 + n / 7}
    dataset = read(table, plane)
    with pytest.warns(ReseauWarning, match="only 2 of 10 sources have a row among 10"):
        joined(dataset, places)


def test_errors_of_nothing_but_0_are_left_away() -> None:
    table = {**PLACES, "ref_epoch": [2016.0] * 2, "ra_error": [0.0] * 2}
    with pytest.raises(CatalogueError, match="held fixed"):
        quietly({**table, "dec_error": [0.0] * 2})
    with pytest.raises(CatalogueError, match=r"correct or remove"):
        quietly({**table, "ra_error": [0.0, 1.0], "dec_error": [1.0] * 2})
    with pytest.raises(CatalogueError, match=r"years in full"):
        quietly({**PLACES, "ref_epoch": [16.0] * 2})


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        *((n, "gnomonic") for n in ("TAN", "tan", "tangent", "Gnomonic")),
        ("ARC", "equidistant"),
        ("SIN", "orthographic"),
    ],
)
def test_projections_as_fits_calls_them(
    given: str, wanted: str, tmp_path: Path
) -> None:
    text = CAMERA.replace("[optics]", f'[optics]\nprojection = "{given}"')
    (tmp_path / "camera.toml").write_text(text)
    assert read_instrument(tmp_path / "camera.toml").projection == wanted


def catalogues() -> dict[str, QTable]:
    ra, dec = np.array(PLACES["ra"]), np.array(PLACES["dec"])
    epoch = {"ref_epoch": [2016.0, 2016.0]}
    ours = {**PLACES, **epoch}
    place = SkyCoord(ra, dec, unit="deg")
    hours = place.ra.to_string("hour", sep=" ", precision=7)
    return {
        "capitals": QTable({k.upper(): v for k, v in ours.items()}),
        "vizier": QTable({"Source": [71, 82], "RA_ICRS": ra, "DE_ICRS": dec, **epoch}),
        "text": QTable({**ours, "ra": hours}),
        "year": QTable({**ours, "ref_epoch": ["J2016.0"] * 2}),
        "coordinates": QTable({"source_id": [71, 82], "c": place, **epoch}),
        "obstime": coordinates(Time(2016.0, format="jyear", scale="tcb")),
    }


@pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")
@pytest.mark.parametrize("kind", catalogues())
def test_a_catalogue_in_memory_is_read_as_a_file_is(kind: str, tmp_path: Path) -> None:
    table = catalogues()[kind]
    table.write(tmp_path / "c.ecsv")
    in_file, in_memory = Catalogue.read(tmp_path / "c.ecsv"), Catalogue(table)
    moved = in_memory.at_epoch(2026.0, covariance=False)
    assert len(moved) == 2
    for name, values in in_file.columns().items():
        np.testing.assert_allclose(in_memory.columns()[name], values, rtol=1e-14)


@pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")
def test_what_a_file_may_not_say_memory_may_not_say() -> None:
    with pytest.raises(CatalogueError, match=r"looks like MJD"):
        Catalogue({**PLACES, "ref_epoch": [57388.5] * 2})


N = 5


def repeated(column: str, values: list) -> dict:
    """Return five sources measured once for each value of a column."""
    n = len(values)
    xy = np.random.default_rng(7).normal(0.0, 1e3, (2, N * n))
    ids = np.tile(np.arange(N) + 71, n)
    return {"x": xy[0], "y": xy[1], "source_id": ids, column: np.repeat(values, N)}


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("img", ["a.fits", "b.fits", "c.fits"]),
        ("night", [0, 1, 2]),
        ("epoch_id", [3, 1, 2]),
        ("plate", ["p1", "p2"]),
        ("epoch", [2016.0, 2016.5]),
    ],
)
def test_what_tells_exposures_apart_is_named(
    column: str, values: list, plane: Instrument
) -> None:
    table = repeated(column, values)
    with pytest.raises(CatalogueError, match=f"say --columns exposure_id={column}"):
        read(table, plane)
    columns = f"x=x[um],y=y[um],exposure_id={column}"
    found = read(table, plane, columns=columns)
    assert found.exposures.num_rows == len(values)
    if column == "epoch":
        assert found.exposures["epoch"].to_pylist() == values
        assert list(found.names["exposure"].values()) == ["2016.0", "2016.5"]


def test_a_column_that_repeats_is_no_exposure(plane: Instrument) -> None:
    table = repeated("quality", [1, 1])
    table |= {"x": np.tile(table["x"][:N], 2), "y": np.tile(table["y"][:N], 2)}
    assert read(table, plane).exposures.num_rows == 1


@pytest.mark.parametrize("wrong", [999999, 12345])
def test_an_identifier_at_two_places_is_asked_about(
    wrong: int, plane: Instrument
) -> None:
    table = repeated("exposure_id", [0, 1, 2])
    ids = table["source_id"].copy()
    ids[[1, 2]] = wrong
    with pytest.raises(CatalogueError, match=f"--unmatched {wrong}"):
        read({**table, "source_id": ids}, plane)
    found = read({**table, "source_id": ids}, plane, unmatched=wrong)
    assert found.measurements.num_rows == 3 * N - 2


def test_sources_at_many_places_of_one_exposure_are_of_several(
    plane: Instrument,
) -> None:
    table = repeated("quality", [1, 1])
    with pytest.raises(CatalogueError, match="which column tells the exposures apart"):
        read(table, plane)


def test_a_word_for_not_identified_is_asked_about(
    plane: Instrument, tmp_path: Path
) -> None:
    text = "x,y,source_id\n1.5,2.5,71\n1.75,2.25,unmatched\n3.5,2.75,82\n"
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(CatalogueError, match="--unmatched null"):
        read(tmp_path / "t.csv", plane)
    found = read(tmp_path / "t.csv", plane, unmatched="unmatched")
    assert found.measurements["source_id"].to_pylist() == [71, 82]


@pytest.mark.parametrize(
    "ids", [pa.array([2**63, 5], pa.uint64()), pa.array([1e27, 5.0])]
)
def test_identifiers_beyond_64_bits_are_said_to_be(
    ids: pa.Array, plane: Instrument
) -> None:
    table = pa.table({"x": [1.5, 2.5], "y": [3.0, 4.0], "source_id": ids})
    with pytest.raises(CatalogueError, match="as text that is no number"):
        read(table, plane)


def test_views_and_truths_are_read(plane: Instrument) -> None:
    names = pa.array(["S1", "S2"]).cast(pa.string_view())
    table = {
        "x": [1.5, 2.5],
        "y": [3.0, 4.0],
        "source_id": names,
        "flag": [False, True],
    }
    found = read(pa.table(table), plane)
    assert set(found.names["source"].values()) == {"S1", "S2"}
    assert found.measurements["flag"].to_pylist() == [0, 1]


def test_names_of_a_join_are_proposed(plane: Instrument) -> None:
    table = {"x": [1.5, 2.5], "y": [3.0, 4.0]}
    table |= {f"{n}_{i}": v for i in (1, 2) for n, v in PLACES.items()}
    with pytest.raises(CatalogueError, match="say --columns source_id=source_id_1"):
        read(table, plane)
    columns = "x=x[um],y=y[um],source_id=source_id_1"
    with pytest.warns(ReseauWarning, match='"ra=ra_1,dec=dec_1"'):
        read_detections(table, instrument=plane, columns=columns)
    with pytest.raises(CatalogueError, match="source_id: is it source_id_1 or"):
        quietly({f"{n}_1": v for n, v in PLACES.items()} | {"source_id_2": [1, 2]})


@pytest.mark.parametrize(
    ("keyword", "value", "proposed"),
    [
        ("DATE-OBS", "01/01/26", "epoch="),
        ("JD", 2461041.5, r"epoch=JD\[jd\]"),
        ("EPOCH", 2026.0, "epoch=2026.0"),
    ],
)
def test_times_of_a_header_that_are_not_read_are_said(
    keyword: str, value: object, proposed: str, plane: Instrument
) -> None:
    table = QTable({"x": [1.5, 2.5], "y": [3.0, 4.0], "source_id": [71, 82]})
    table.meta[keyword] = value
    options = {"instrument": plane, "columns": "x=x[um],y=y[um]"}
    with pytest.warns(ReseauWarning, match=f"{keyword} = .*{proposed}"):
        found = read_detections(table, **options)
    assert np.isnan(found.exposures["epoch"].to_numpy()).all()
    if keyword == "JD":
        found = read(table, plane, columns="x=x[um],y=y[um],epoch=JD[jd]")
        wanted = Time(value, format="jd", scale="utc").tcb.jyear
        np.testing.assert_allclose(found.exposures["epoch"], wanted, rtol=1e-12)
    if keyword == "EPOCH":
        table.meta[keyword] = 2000.0
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            read_detections(table, **options)


def test_seconds_of_right_ascension_are_explained() -> None:
    table = {**PLACES, "ref_epoch": [2016.0] * 2, "pmdec": [1.0, 2.0]}
    with pytest.raises(UnitError, match=r"multiply by 15 cos\(dec\)"):
        quietly({**table, "mu": [0.02, 0.03]}, columns="pmra=mu[s/yr]")


def test_options_beside_options_are_put_right() -> None:
    with pytest.raises(WrongKindError, match=r"method=GaussNewton\(tolerance=0.1\)"):
        solve({"x": [1.0]}, tolerance=0.1)
    with pytest.raises(WrongKindError, match="did you mean 'reference'"):
        solve({"x": [1.0]}, refer={})
