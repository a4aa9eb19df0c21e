"""`reseau merge` as a user types it, and bad input."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthetic_surveys import Box, gaia, make_stars, twomass, write

Run = Callable[..., object]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return small files of two surveys."""
    folder = tmp_path_factory.mktemp("surveys")
    rng = np.random.default_rng(9)
    box = Box((266.3, 266.32), (-29.01, -28.99))
    stars = make_stars(rng, 1500, box)
    tables = {
        "2mass.csv": twomass(rng, stars, box, limit=16.0),
        "gaia.fits": gaia(rng, stars, box),
    }
    for name, table in tables.items():
        write(table.drop_columns([n for n in table.column_names if "radial" in n]),
              folder / name)  # fmt: skip
    return [folder / name for name in tables]


def test_two_files_become_one(run: Run, files: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "nir.parquet"
    result = run("merge", *files, "-o", output)
    assert result.exit_code == 0, result
    assert result.stderr == ""
    assert "2MASS PSC (2), Gaia DR3 (G)" in result.stdout
    assert f"written to {output}" in result.stdout
    assert (tmp_path / "nir_completeness.parquet").exists()
    again = run("merge", *files, "-o", output)
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    plain = json.loads(
        run("merge", *files, "-o", output, "--overwrite", "--json").stdout
    )
    assert plain["matches"][0]["matches"] > 30
    assert plain["files"]["merged"] == str(output)
    info = run("info", output)
    assert info.exit_code == 0, info


def test_a_window_and_a_config(run: Run, files: list[Path], tmp_path: Path) -> None:
    config = tmp_path / "merge.toml"
    config.write_text('[output]\nhw = "imagesim"\n', encoding="utf-8")
    result = run(
        *("merge", *files, "-o", tmp_path / "a.parquet", "--config", config),
        *("--window", "jasmine", "--json"),
    )
    assert result.exit_code == 0, result
    assert json.loads(result.stdout)["surveys"]["2mass"]["outside"] == 0
    config.write_text('[output]\nhw = "yano"\n', encoding="utf-8")
    result = run("merge", *files, "-o", tmp_path / "b.parquet", "--config", config)
    assert result.exit_code == 2
    assert "unknown formula of Hw 'yano'" in result.stderr
    result = run("merge", *files, "-o", tmp_path / "b.parquet", "--window", "10,5,1,1")
    assert result.exit_code == 2
    assert "no row is left" in result.stderr
    assert not [*tmp_path.glob(".reseau*")]


def test_bad_input_is_named(run: Run, files: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "nir.parquet"
    mine = tmp_path / "mine.csv"
    write(pa.table({"ra": [266.4], "dec": [-29.0], "jmag": [12.0]}), mine)
    result = run("merge", mine, "-o", output)
    assert result.exit_code == 2
    assert "of no survey that is known" in result.stderr
    result = run("merge", f"sirius={mine}", "-o", output)
    assert result.exit_code == 2
    assert "lacks the columns" in result.stderr
    result = run("merge", tmp_path / "none.fits", "-o", output)
    assert result.exit_code == 2
    assert "does not exist" in result.stderr
    result = run("merge", files[0], "-o", tmp_path / "nir.csv")
    assert result.exit_code == 2
    assert "ending in .parquet" in result.stderr
    cut = tmp_path / "gaia.fits"
    cut.write_bytes(files[1].read_bytes()[:-5760])
    result = run("merge", cut, "-o", output)
    assert result.exit_code == 2
    assert "truncated" in result.stderr
    assert not output.exists()


def test_fluxes_are_noticed_where_nan_stands_for_missing(
    run: Run, tmp_path: Path
) -> None:
    """To DuckDB a NaN is the largest number: it must not move the median."""
    rng = np.random.default_rng(4)
    box = Box((266.3, 266.32), (-29.01, -28.99))
    table = twomass(rng, make_stars(rng, 300, box), box, limit=16.0)
    place = table.column_names.index("j_m")
    magnitude = table["j_m"].to_numpy()
    flux = pa.array(1.594e6 * 10 ** (-0.4 * magnitude))
    assert np.isnan(flux.to_numpy()).mean() > 0.4
    write(table.set_column(place, "j_m", flux), tmp_path / "2mass.parquet")
    result = run("merge", tmp_path / "2mass.parquet", "-o", tmp_path / "nir.parquet")
    assert result.exit_code == 2
    assert "the median of the column j_m is 0." in result.stderr


def test_an_input_is_never_replaced(
    run: Run, files: list[Path], tmp_path: Path
) -> None:
    mine = tmp_path / "2mass.parquet"
    rng = np.random.default_rng(5)
    write(twomass(rng, make_stars(rng, 200)), mine)
    before = mine.read_bytes()
    for given in (mine, f"2mass={mine}"):
        result = run("merge", given, files[1], "-o", mine, "--overwrite")
        assert result.exit_code == 2
        assert "is one of the files to merge" in result.stderr
    assert mine.read_bytes() == before


def test_tables_of_ours_are_not_taken_for_gaias(
    run: Run, files: list[Path], tmp_path: Path
) -> None:
    """A merged table and a mock have Gaia's names, but their ids are made up."""
    merged = tmp_path / "nir.parquet"
    assert run("merge", files[1], "-o", merged).exit_code == 0
    result = run("merge", merged, files[0], "-o", tmp_path / "again.parquet")
    assert result.exit_code == 2
    assert "a table that was merged" in result.stderr
    mock = tmp_path / "catalogue.parquet"
    names = [
        "source_id",
        "ra",
        "dec",
        "phot_g_mean_mag",
        "component",
        "distance",
        "ejks",
        "on_map",
    ]
    write(pa.table({name: [1.0, 2.0] for name in names}), mock)
    result = run("merge", mock, files[0], "-o", tmp_path / "again.parquet")
    assert result.exit_code == 2
    assert "a mock of the Galaxy" in result.stderr


def test_identifiers_as_text_are_exact_or_told(run: Run, tmp_path: Path) -> None:
    """Text is an integer, or none: not 4.07e18, whose digits are lost."""
    rng = np.random.default_rng(6)
    box = Box((266.3, 266.32), (-29.01, -28.99))
    table = gaia(rng, make_stars(rng, 800, box), box)
    exact = table["source_id"].to_pylist()
    given = ["abc", "4.069e18", *map(str, exact[2:])]
    place = table.column_names.index("source_id")
    table = table.set_column(place, "source_id", pa.array(given))
    write(table, tmp_path / "gaia.parquet")
    output = tmp_path / "nir.parquet"
    result = run("merge", tmp_path / "gaia.parquet", "-o", output)
    assert result.exit_code == 0, result
    assert f"2 of {len(exact)} identifiers source_id of" in result.stderr
    found = pq.read_table(output)["gaia_source_id"].to_pylist()
    assert found.count(None) == 2
    assert {x for x in found if x is not None} == set(exact[2:])


def test_a_table_of_text_that_was_cut(
    run: Run, files: list[Path], tmp_path: Path
) -> None:
    content = files[0].read_bytes()
    last = content.rstrip().rindex(b",")
    cut, output = tmp_path / "cut.csv", tmp_path / "nir.parquet"
    cut.write_bytes(content[: last - 8])
    result = run("merge", cut, "-o", output)
    assert result.exit_code == 2
    assert "a file that was cut ends in half a line" in result.stderr
    cut.write_bytes(content[: last + 3])
    result = run("merge", cut, "-o", output)
    assert result.exit_code == 0, result
    assert "the last line has no end of line" in result.stderr
