"""`reseau merge` from and into tables of a PostgreSQL server."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from postgres_server import Server, postgres_server
from reseau.cli import app
from reseau.errors import OutputExistsError
from reseau.exchange.archives.postgres.sink import store
from reseau.exchange.archives.postgres.source import staged
from reseau.verbs.databases import through_files
from reseau.verbs.merge import merge
from synthetic_surveys import make_stars, twomass, virac

WINDOW = "-0.09,0.02,0.04,0.03"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("surveys")
    rng = np.random.default_rng(4)
    stars = make_stars(rng, 3000)
    found = {}
    for name, survey in (("twomass", twomass), ("virac", virac)):
        found[name] = folder / f"{name}.parquet"
        pq.write_table(survey(rng, stars), found[name])
    return found


def test_tables_of_a_database_merge_as_files_do(
    server: Server,
    files: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    merge([files["twomass"], files["virac"]], "files.parquet", window=WINDOW)
    wanted = pq.read_table("files.parquet")
    assert 500 < wanted.num_rows < 2000
    url = server.url("nir.virac")
    store(files["virac"], url)
    words = ["merge", str(files["twomass"]), f"virac2={url}", "-o", "mixed.parquet"]
    found = CliRunner().invoke(app, [*words, "--window", WINDOW, "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["files"]["merged"] == "mixed.parquet"
    assert same(pq.read_table("mixed.parquet"), wanted)

    target = server.url("nir.merged")
    words = ["merge", *map(str, files.values()), "-o", target]
    found = CliRunner().invoke(app, [*words, "--window", WINDOW])
    assert found.exit_code == 0, found.output
    assert f"written to {target}" in found.output
    assert same(pq.read_table(staged(target, tmp_path / "back")), wanted)
    with pytest.raises(OutputExistsError, match="is there already"):
        merge(list(files.values()), target)
    left = sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("."))
    assert left == [
        "back",
        "files.parquet",
        "files_completeness.parquet",
        "mixed.parquet",
        "mixed_completeness.parquet",
    ]


def test_copies_stay_for_the_next_run_after_an_error(
    server: Server, files: dict[str, Path], tmp_path: Path
) -> None:
    url = server.url("again.virac")
    store(files["virac"], url)
    output, seen = tmp_path / "nir.parquet", []

    def broken(given: list[object], target: Path) -> None:
        seen.append((given[1], given[1].stat().st_mtime_ns))  # type: ignore[attr-defined]
        raise ArithmeticError(target.name)

    def whole(given: list[object], target: Path) -> str:
        seen.append((given[1], given[1].stat().st_mtime_ns))  # type: ignore[attr-defined]
        return f"{given[0]} into {target.name}"

    for work in (broken, broken):
        with pytest.raises(ArithmeticError, match=r"nir\.parquet"):
            through_files(work, ["a", url], output, window=None, overwrite=False)
    (tmp_path / "nir.parquet.staged" / "mine.txt").write_text("not theirs")
    found = through_files(whole, ["a", url], output, window=None, overwrite=False)
    assert found == ("a into nir.parquet", None)
    assert len(set(seen)) == 1  # the copy of the first run
    left = [p.name for p in (tmp_path / "nir.parquet.staged").rglob("*")]
    assert left == ["mine.txt"]
    output.write_bytes(b"")
    with pytest.raises(OutputExistsError):  # before anything is copied
        through_files(whole, ["a", url], output, window=None, overwrite=False)
    assert len(seen) == 3


def same(ours: pa.Table, theirs: pa.Table) -> bool:
    """Return whether tables have the same rows, in whatever order."""
    names = theirs.column_names
    assert ours.column_names == names
    ordered = [t.sort_by("source_id").to_pydict() for t in (ours, theirs)]
    return all(
        np.array_equal(
            np.array(ordered[0][n], dtype=object), np.array(ordered[1][n], dtype=object)
        )
        or all(
            a == b or (a != a and b != b)
            for a, b in zip(ordered[0][n], ordered[1][n], strict=True)
        )
        for n in names
    )
