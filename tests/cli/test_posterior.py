"""`reseau posterior`: draws of a solution on disk, as netCDF."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from reseau.datasets import read_solution
from reseau.exchange import to_arviz
from reseau.exchange.posteriors import POSTERIOR, read_posterior
from reseau.solvers.posterior.draws import sample_posterior
from reseau.tables import columns_of
from reseau.verbs.posterior import posterior

Run = Callable[..., object]

N = 400


@pytest.fixture(scope="module")
def draws(run: Run, solution: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of draws; not to be changed."""
    file = tmp_path_factory.mktemp("draws") / "draws.nc"
    result = run("posterior", solution, "-o", file, "--draws", N, "--seed", 7)
    assert result.exit_code == 0, result
    assert f"{N} draws" in result.stdout
    return file


def test_dimensions_names_and_units(draws: Path, solution: Path) -> None:
    files = read_solution(solution)
    with xarray.open_datatree(draws, engine="h5netcdf") as tree:
        found = tree["posterior"].to_dataset().load()
    sources = columns_of(files.sources)
    np.testing.assert_array_equal(found["source_id"], sources["source_id"])
    np.testing.assert_array_equal(
        found["exposure_id"], columns_of(files.exposures)["exposure_id"]
    )
    assert found["ra"].dims == ("chain", "draw", "source_id")
    assert found["pa"].dims == ("chain", "draw", "exposure_id")
    assert found["distortion"].dims == ("chain", "draw", "coefficient")
    assert found["detector_x"].dims == ("chain", "draw", "detector_id")
    assert dict(found.sizes)["draw"] == N
    units = {name: found[name].attrs["units"] for name in found.data_vars}
    assert units["ra"] == "deg"
    assert units["east"] == "mas"
    assert units["focal_x"] == "mm"
    assert units["distortion"] == "um"
    assert all(found[name].attrs["description"] for name in found.data_vars)
    assert found.attrs["result"] == "successful"


def test_scatter_and_means_are_those_of_the_tables(draws: Path, solution: Path) -> None:
    """Means and standard deviations within their own error, 4.5σ for many sources."""
    files = read_solution(solution)
    with xarray.open_datatree(draws, engine="h5netcdf") as tree:
        found = tree["posterior"].to_dataset().load()
    sources = columns_of(files.sources)
    for name, column in (("east", "ra_error"), ("north", "dec_error")):
        sigma = sources[column]
        ratio = found[name].std(("chain", "draw")).to_numpy() / sigma
        np.testing.assert_allclose(ratio, 1.0, atol=4.5 / np.sqrt(2 * N))
        mean = found[name].mean(("chain", "draw")).to_numpy() / sigma
        np.testing.assert_allclose(mean, 0.0, atol=4.5 / np.sqrt(N))
    exposures = columns_of(files.exposures)
    for name, column in (("focal_x", "focal_x_mm"), ("focal_y", "focal_y_mm")):
        error = exposures[f"{column}_error"]
        ratio = found[name].std(("chain", "draw")).to_numpy() / error
        np.testing.assert_allclose(ratio, 1.0, atol=4.5 / np.sqrt(2 * N))
        mean = found[name].mean(("chain", "draw")).to_numpy()
        np.testing.assert_allclose(
            (mean - exposures[column]) / error, 0.0, atol=4.5 / np.sqrt(N)
        )
    turned = (found["ra"] - sources["ra"]).to_numpy() * np.cos(
        np.radians(sources["dec"])
    )
    np.testing.assert_allclose(
        turned * 3.6e6, found["east"], atol=1e-5 * float(abs(found["east"]).max())
    )


def test_arviz_opens_it(draws: Path) -> None:
    arviz = pytest.importorskip("arviz_base")
    tree = arviz.convert_to_datatree(str(draws), engine="h5netcdf")
    assert tree["posterior"]["ra"].sizes["draw"] == N
    stacked = arviz.extract(tree, var_names=["east"])
    assert stacked.sizes["sample"] == N


def test_the_same_seed_gives_the_same_draws(solution: Path) -> None:
    saved = read_posterior(solution)
    one, two = (sample_posterior(saved.source, 5, 11) for _ in range(2))
    np.testing.assert_array_equal(one.offset, two.offset)
    tree = to_arviz(replace(one, statistics={"lp": np.zeros((1, 5))}), saved.names)
    assert tree["sample_stats"]["lp"].dims == ("chain", "draw")
    assert tree["posterior"]["ra"].sel(source_id=saved.names.source_id[3]).shape == (
        1,
        5,
    )


def test_json(run: Run, solution: Path, tmp_path: Path) -> None:
    file = tmp_path / "draws.nc"
    result = run("posterior", solution, "-o", file, "--draws", 10, "--json")
    found = json.loads(result.stdout)
    assert found["draws"] == 10
    assert found["bytes"] == file.stat().st_size
    assert found["result"] == "successful"


def test_an_output_is_not_replaced_unasked(
    run: Run, solution: Path, tmp_path: Path
) -> None:
    file = tmp_path / "draws.nc"
    precious = b"\x89HDF\r\n\x1a\nprecious"
    file.write_bytes(precious)
    result = run("posterior", solution, "-o", file, "--draws", 3)
    assert result.exit_code == 2
    assert "--overwrite" in result.stderr
    assert file.read_bytes() == precious
    again = run("posterior", solution, "-o", file, "--draws", 3, "--overwrite")
    assert again.exit_code == 0, again
    assert [p.name for p in tmp_path.iterdir()] == ["draws.nc"]


def test_a_solution_without_posterior_says_to_solve_again(
    run: Run, solution: Path, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(solution, tmp_path / "old"))
    (old / POSTERIOR).unlink()
    result = run("posterior", old, "-o", tmp_path / "draws.nc")
    assert result.exit_code == 2
    assert "solve again" in result.stderr
    assert not (tmp_path / "draws.nc").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"\x80\x04pickle"])
def test_a_broken_posterior_is_refused(
    run: Run, solution: Path, tmp_path: Path, content: bytes
) -> None:
    broken = Path(shutil.copytree(solution, tmp_path / "broken"))
    (broken / POSTERIOR).write_bytes(content)
    result = run("posterior", broken, "-o", tmp_path / "draws.nc")
    assert result.exit_code == 2, result
    assert POSTERIOR in result.stderr
    assert "bug" not in result.stderr


def test_pickled_objects_are_never_loaded(solution: Path, tmp_path: Path) -> None:
    from reseau.errors import FileFormatError

    evil = Path(shutil.copytree(solution, tmp_path / "evil"))
    with np.load(evil / POSTERIOR) as archive:
        arrays = dict(archive)
    arrays["columns"] = np.array([{"any": "object"}], dtype=object)
    np.savez(evil / POSTERIOR, **arrays)
    with pytest.raises(FileFormatError, match="solve again"):
        read_posterior(evil)


@pytest.mark.parametrize("draws", ["0", "-5", "999999999999"])
def test_impossible_numbers_are_refused(
    run: Run, solution: Path, tmp_path: Path, draws: str
) -> None:
    file = tmp_path / "draws.nc"
    result = run("posterior", solution, "-o", file, "--draws", draws)
    assert result.exit_code == 2
    assert "draws" in result.stderr
    assert not file.exists()


def test_without_arviz_the_extra_is_named(
    solution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from reseau.errors import ConfigError

    monkeypatch.setitem(sys.modules, "arviz_base", None)
    with pytest.raises(ConfigError, match=r"pip install 'reseau\[arviz\]'"):
        posterior(solution, tmp_path / "draws.nc", draws=3)
    assert not list(tmp_path.iterdir())


def test_not_a_solution(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run("posterior", dataset, "-o", tmp_path / "draws.nc")
    assert result.exit_code == 2
    assert "solution" in result.stderr
