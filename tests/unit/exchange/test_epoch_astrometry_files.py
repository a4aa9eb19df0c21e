"""What files of epoch astrometry are taken for, and what is said of wrong ones."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from reseau.errors import CatalogueError, ConfigError, FileFormatError, ReseauError
from reseau.exchange.epoch_astrometry.reading import read_epoch_astrometry
from reseau.exchange.epoch_astrometry.velocities import read_velocities
from reseau.tables import write_table
from reseau.verbs.sources import sources

GAIA = "1 1 2456958.110978  147.066 0.370  0.708  -59.046 0\n"
HIPPARCOS = "27321  27251 111 1   5    0  -1.81  0\n"
TRANSIT = " 133 -1.245  0.624 -0.9065 -0.4222   -1.00   0.81\n"
PMPAR = "epoch = 57849.0\n2015.5 00:30:27.42 0.00001 -04:51:39.71 0.0003\n"


def written(folder: Path, text: str, name: str = "file.dat") -> Path:
    """Return a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def columns(n: int = 12) -> dict[str, np.ndarray]:
    """Return a table of positions."""
    t = 2030.0 + np.linspace(0.0, 3.0, n)
    return {
        "source_id": np.full(n, 7),
        "epoch": t,
        "dra": 3.0 * (t - 2031.0),
        "ddec": 0.0 * t,
        "dra_error": 0.1 + 0.0 * t,
        "ddec_error": 0.1 + 0.0 * t,
        "parallax_factor_ra": np.sin(2.0 * np.pi * t),
        "parallax_factor_dec": np.cos(2.0 * np.pi * t),
    }


def test_each_dialect_is_told_by_its_content(tmp_path: Path) -> None:
    for text, origin, reference in (
        ("# comment\n" + GAIA, "Gaia epoch astrometry", 2017.5),
        (HIPPARCOS + TRANSIT, "reduction of 2007", 1991.25),
        (PMPAR, "VLBI positions", 2000.0 + (57849.0 - 51544.5) / 365.25),
    ):
        found = read_epoch_astrometry(written(tmp_path, text, "any.txt"))
        assert origin in found.origin
        assert found.reference_epoch == pytest.approx(reference)
    # South of the equator, and the angle's sine towards East.
    assert found.position[0, 1] == pytest.approx(-(4 + 51 / 60 + 39.71 / 3600))
    gaia = read_epoch_astrometry(written(tmp_path, GAIA))
    assert gaia.direction[0, 0] == pytest.approx(np.sin(np.deg2rad(-59.046)))


def test_a_table_of_residuals_is_read_with_its_catalogue(tmp_path: Path) -> None:
    table = columns()
    table["used"] = np.arange(12) != 4
    table["dra"][4], table["dra_error"][4] = 77.0, np.nan  # says nothing, left out
    folder = tmp_path / "catalogue"
    folder.mkdir()
    write_table(pa.table(table), folder / "epochs.parquet")
    solved = {"source_id": [5, 7], "ra": [1.0, 266.4], "dec": [2.0, -29.0]}
    solved |= {"parallax": [9.0, 1.5], "pmra": [9.0, 2.0], "pmdec": [9.0, -1.0]}
    solved |= {"ref_epoch": [2029.0, 2031.0]}
    write_table(pa.table(solved), folder / "catalogue.parquet")
    found = sources(folder)
    assert found.choice.astrometry.reference_epoch == 2031.0
    assert found.choice.astrometry.n_used.tolist() == [22]
    np.testing.assert_allclose(found.choice.astrometry.position, [[266.4, -29.0]])
    assert found[0]["pmra"] == pytest.approx(5.0, abs=1e-6)
    assert found[0]["parallax"] == pytest.approx(1.5, abs=1e-6)


def test_units_of_a_table_are_kept(tmp_path: Path) -> None:
    from astropy import units as u
    from astropy.table import QTable

    plain = columns()
    table = QTable(plain)
    for name in ("dra", "ddec", "dra_error", "ddec_error"):
        table[name] = (plain[name] * u.mas).to(u.arcsec)
    table.write(tmp_path / "positions.ecsv")
    found = read_epoch_astrometry(tmp_path / "positions.ecsv")
    np.testing.assert_allclose(found.error, 0.1)
    np.testing.assert_allclose(found.value[::2], plain["dra"])
    del table["dra"]
    table["dra"] = plain["dra"] * u.km
    with pytest.raises(CatalogueError, match=r"(?s)dra in km.*wanted.*where.*to do"):
        read_epoch_astrometry(table)


def test_several_sources_have_their_own_places() -> None:
    t = np.tile(2030.0 + np.linspace(0.0, 3.0, 10), 2)
    ra = np.repeat([10.0, 200.0], 10)
    table = {
        "source_id": np.repeat([9, 4], 10),
        "epoch": t,
        "ra": ra,
        "dec": np.repeat([20.0, -30.0], 10),
        "ra_error": 0.1 + 0.0 * t,
        "dec_error": 0.1 + 0.0 * t,
    }
    found = read_epoch_astrometry(table)
    np.testing.assert_allclose(found.position, [[200.0, -30.0], [10.0, 20.0]])
    np.testing.assert_allclose(found.value, 0.0, atol=1e-6)


FOUR = r"(?s).+wanted: .+where: .+to do: .+"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda c: c.pop("dra_error"), "dra_error"),
        (lambda c: c.pop("parallax_factor_ra"), "without parallax factors"),
        (lambda c: c.pop("epoch"), "columns"),
        (lambda c: c["dra_error"].__setitem__(3, 0.0), "rows 3"),
        (lambda c: c["ddec"].__setitem__(2, np.nan), "rows 2"),
    ],
)
def test_wrong_tables_are_explained(change, says: str) -> None:  # type: ignore[no-untyped-def]
    table = columns()
    change(table)
    with pytest.raises(ReseauError, match=FOUR) as error:
        read_epoch_astrometry(table)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GAIA + GAIA.replace("147.066", "x"), "line 2"),
        (HIPPARCOS + TRANSIT + "1 2 3\n", "line 3"),
        (PMPAR.replace("0.00001", "zero"), "line 2"),
        (PMPAR.replace("0.0003", "0.0"), "errors greater than zero"),
        ("IH1   :    27321   identifier\n", "no abscissae"),
        ("hello\nworld, how are you\n", "wanted"),
        ("", "wanted"),
    ],
)
def test_wrong_files_are_explained(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ReseauError, match=FOUR) as error:
        read_epoch_astrometry(written(tmp_path, text))
    assert says in str(error.value)


def test_a_directory_without_epochs_is_explained(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=FOUR) as error:
        read_epoch_astrometry(tmp_path)
    assert "epochs.parquet" in str(error.value)


def test_a_gaia_table_without_a_column_names_it() -> None:
    table = {"centroid_pos_al": [1.0], "scan_pos_angle": [2.0], "obs_time_tcb": [3]}
    with pytest.raises(CatalogueError, match="centroid_pos_error_al"):
        read_epoch_astrometry({k: np.array(v) for k, v in table.items()})


def test_velocities_are_read_with_any_time(tmp_path: Path) -> None:
    text = "2457000.5 -10.0 0.5\n2457100.5 -11.0 0.5\n2457200.5 -9.0 0.5\n"
    julian = read_velocities(written(tmp_path, text))
    modified = text.replace("24572", "572").replace("24571", "571")
    modified = modified.replace("24570", "570").replace("0.5 -", "0.0 -")
    found = read_velocities(written(tmp_path, modified, "mjd.dat"))
    np.testing.assert_allclose(found.epoch, julian.epoch, atol=1e-9)
    table = {"t": julian.epoch, "rv": julian.value, "rv_err": julian.error}
    np.testing.assert_array_equal(read_velocities(table).epoch, julian.epoch)
    with pytest.raises(CatalogueError, match=FOUR):
        read_velocities(written(tmp_path, text.replace("0.5\n", "0.0\n")))
    with pytest.raises(CatalogueError, match="radial_velocity_error"):
        read_velocities({"t": julian.epoch, "rv": julian.value})


def test_options_that_cannot_be_are_explained(tmp_path: Path) -> None:
    table = columns()
    for options, says in (
        ({"model": "8"}, "where:  model"),
        ({"noise_floor": "much"}, "where:  noise_floor"),
        ({"noise_floor": -1.0}, "where:  noise_floor"),
        ({"shortest_period": 0.0}, "where:  shortest_period"),
        ({"colour_prior": 1e-4}, "where:  colour_prior"),
    ):
        with pytest.raises(ConfigError, match=FOUR) as error:
            sources(table, **options)
        assert says in str(error.value)
    two = {k: np.concatenate([v, v]) for k, v in table.items()}
    two["source_id"] = np.repeat([1, 2], 12)
    velocities = {"t": [1.0, 2.0, 3.0], "rv": [1.0, 2.0, 3.0], "rv_err": [1.0] * 3}
    with pytest.raises(ConfigError, match="2 sources"):
        sources(two, radial_velocities={k: np.array(v) for k, v in velocities.items()})
    hipparcos = written(tmp_path, "# Interactive Data Access Tool\n")
    with pytest.raises(FileFormatError, match=FOUR):
        sources(hipparcos)


def test_another_reference_epoch_moves_the_position_and_not_the_motion() -> None:
    table = columns()
    first = sources(table, reference_epoch=2031.0)[0]
    later = sources(table, reference_epoch=2032.0)[0]
    assert later["ra"] == pytest.approx(first["ra"] + first["pmra"])
    assert later["pmra"] == pytest.approx(first["pmra"])
