"""Windows fetched from a TAP service of this machine, whatever goes wrong with it."""

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from typer.testing import CliRunner

from reseau._windows import window_of
from reseau.cli import app
from reseau.errors import (
    CatalogueError,
    ConfigError,
    OutputExistsError,
    ServiceError,
    TableWarning,
)
from reseau.exchange.archives import extras
from reseau.exchange.archives.adql import quoted
from reseau.exchange.archives.fetching import fetched
from reseau.exchange.archives.services import REGIONS, Service, service_of, services
from reseau.exchange.archives.summary import Fetched
from reseau.exchange.archives.tap import Client
from reseau.verbs.fetch import fetch
from tap_server import Tap, sources, tap_service

JASMINE = window_of("jasmine")
COLUMNS = (
    "source_id",
    "ra",
    "dec",
    "phot_g_mean_mag",
    "duplicated_source",
    "designation",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Tap]:
    with tap_service(sources()) as tap:
        yield tap


@pytest.fixture
def tap(running: Tap) -> Tap:
    """Give the service as it is when nothing goes wrong."""
    running.sync_limit = running.job_limit = 10_000
    running.silent, running.faults, running.polls = False, [], 0
    running.describes = True
    running.queries.clear()
    running.jobs.clear()
    return running


@pytest.fixture(scope="module")
def wanted(running: Tap) -> pa.Table:
    """Return what is in the window, by the longitudes that astropy computed."""
    table = running.table
    inside = JASMINE.contains(table["l"].to_numpy(), table["b"].to_numpy())
    assert 2000 < inside.sum() < table.num_rows
    return table.filter(pa.array(inside)).select(COLUMNS).sort_by("source_id")


def service(tap: Tap, region: str = "galactic", **changes: object) -> Service:
    known = replace(service_of("gaia"), url=tap.url, columns=COLUMNS, region=region)
    return replace(known, density=1000.0, limits=(), sync_rows=0, **changes)  # type: ignore[arg-type]


def run(output: Path, chosen: Service, *, rows: int = 1130) -> Fetched:
    client = Client(chosen, first_wait=0.0)
    return fetched(chosen, JASMINE, output, client=client, tile_rows=rows)


@pytest.mark.parametrize(
    ("region", "sync_rows"),
    [("galactic", 0), ("galactic", 10_000), ("polygon", 10_000), ("box", 0)],
)
def test_each_source_of_a_window_is_there_once(
    tap: Tap, wanted: pa.Table, tmp_path: Path, region: str, sync_rows: int
) -> None:
    output = tmp_path / "gaia.parquet"
    chosen = service(tap, region)
    told = run(output, replace(chosen, sync_rows=sync_rows))
    found = pq.read_table(output)
    assert found.sort_by("source_id").equals(wanted)
    assert told.rows == wanted.num_rows
    assert told.queries == len(tap.queries) == 4
    assert bool(tap.jobs) == (sync_rows == 0)
    assert {job["phase"] for job in tap.jobs.values()} <= {"DELETED"}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gaia.adql", "gaia.parquet"]


def test_the_queries_are_written_as_they_were_run(tap: Tap, tmp_path: Path) -> None:
    told = run(tmp_path / "gaia.parquet", service(tap))
    text = (tmp_path / "gaia.adql").read_text()
    statements = [
        "\n".join(line for line in part.splitlines() if not line.startswith("--"))
        for part in text.split(";")
    ]
    assert [s.strip() for s in statements if s.strip()] == tap.queries
    assert tap.url in text
    counts = [
        int(x.split(":")[1].split()[0]) for x in text.splitlines() if "tile " in x
    ]
    assert sum(counts) == told.rows


def test_astropy_reads_the_table(tap: Tap, wanted: pa.Table, tmp_path: Path) -> None:
    run(tmp_path / "gaia.parquet", service(tap))
    table = Table.read(tmp_path / "gaia.parquet")
    assert table.meta["service"] == tap.url
    assert table["source_id"].dtype == np.int64
    nulls = pq.read_table(tmp_path / "gaia.parquet")["phot_g_mean_mag"].null_count
    assert nulls == wanted["phot_g_mean_mag"].null_count > 0


@pytest.mark.parametrize("silent", [False, True], ids=["said", "silent"])
def test_a_tile_with_too_many_rows_is_split(
    tap: Tap, wanted: pa.Table, tmp_path: Path, silent: bool
) -> None:
    tap.job_limit, tap.silent = 250, silent
    told = run(tmp_path / "gaia.parquet", service(tap))
    assert pq.read_table(tmp_path / "gaia.parquet").sort_by("source_id").equals(wanted)
    assert told.split >= 4
    assert told.queries == len(tap.queries) - told.split


def test_a_job_has_more_rows_than_an_answer_at_once(
    tap: Tap, wanted: pa.Table, tmp_path: Path
) -> None:
    tap.sync_limit = 100
    chosen = service(tap)
    told = run(tmp_path / "gaia.parquet", replace(chosen, sync_rows=10_000))
    assert told.rows == wanted.num_rows
    assert (told.split, len(tap.jobs)) == (0, 4)


def test_a_query_that_takes_too_long_is_split(
    tap: Tap, wanted: pa.Table, tmp_path: Path
) -> None:
    tap.faults = ["late"]
    told = run(tmp_path / "gaia.parquet", service(tap))
    assert (told.rows, told.split) == (wanted.num_rows, 1)


@pytest.mark.parametrize(
    ("fault", "sync_rows"), [("drop", 0), ("cut", 0), ("drop", 10_000), ("503", 10_000)]
)
def test_an_answer_that_breaks_off_is_asked_for_again(
    tap: Tap, wanted: pa.Table, tmp_path: Path, fault: str, sync_rows: int
) -> None:
    tap.faults = [fault, fault, "", fault]
    chosen = service(tap)
    told = run(tmp_path / "gaia.parquet", replace(chosen, sync_rows=sync_rows))
    assert told.rows == wanted.num_rows
    assert not tap.faults


def test_a_job_is_asked_for_until_it_is_done(
    tap: Tap, wanted: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reseau.exchange.archives.tap.FIRST_PAUSE", 0.001)
    tap.polls = 3
    told = run(tmp_path / "gaia.parquet", service(tap))
    assert told.rows == wanted.num_rows


def test_a_run_that_is_killed_finds_its_job_again(
    tap: Tap, wanted: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: float) -> None:
        raise KeyboardInterrupt

    tap.polls = 3
    with monkeypatch.context() as patched:
        patched.setattr("reseau.exchange.archives.tap.time.sleep", killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "gaia.parquet", service(tap))
    assert (len(tap.jobs), len(tap.queries)) == (1, 0)
    monkeypatch.setattr("reseau.exchange.archives.tap.FIRST_PAUSE", 0.001)
    told = run(tmp_path / "gaia.parquet", service(tap))
    assert told.rows == wanted.num_rows
    assert len(tap.jobs) == 4


def test_an_interrupted_run_goes_on_where_it_ended(
    tap: Tap, wanted: pa.Table, tmp_path: Path
) -> None:
    whole, output = tmp_path / "whole.parquet", tmp_path / "gaia.parquet"
    run(whole, service(tap))
    tap.queries.clear()
    tap.jobs.clear()
    tap.faults = ["", "", *["drop"] * 4]
    with pytest.raises(ServiceError, match=r"cannot be reached \(the answer broke off"):
        run(output, service(tap))
    pieces = tmp_path / "gaia.parquet.pieces"
    assert len(list(pieces.glob("*.parquet"))) == 2
    assert [p.name for p in pieces.glob("*.job")] == ["piece-2.job"]
    assert not output.exists()
    jobs = len(tap.jobs)
    told = run(output, service(tap))
    # The job of the third tile was found again, and two tiles were not asked for.
    assert len(tap.jobs) == jobs + 1
    assert told.rows == wanted.num_rows
    assert pq.read_table(output).equals(pq.read_table(whole))
    assert not pieces.exists()


def test_another_window_does_not_go_on_with_the_pieces(
    tap: Tap, tmp_path: Path
) -> None:
    tap.faults = ["", *["drop"] * 4]
    output = tmp_path / "gaia.parquet"
    with pytest.raises(ServiceError):
        run(output, service(tap))
    other, client = window_of("0,0,0.2,0.2"), Client(service(tap), first_wait=0.0)
    with pytest.raises(OutputExistsError, match="of another run"):
        fetched(service(tap), other, output, client=client)
    client = Client(service(tap), first_wait=0.0)
    told = fetched(service(tap), other, output, client=client, overwrite=True)
    assert told.rows == pq.read_table(output).num_rows > 0


def test_what_is_there_is_not_replaced(tap: Tap, tmp_path: Path) -> None:
    (tmp_path / "gaia.adql").write_text("SELECT 1")
    with pytest.raises(OutputExistsError):
        run(tmp_path / "gaia.parquet", service(tap))
    assert not tap.queries


def test_a_refused_query_is_not_repeated(tap: Tap, tmp_path: Path) -> None:
    chosen = service(tap)
    wrong = replace(chosen, l="longitude", sync_rows=10_000)
    with pytest.raises(ServiceError, match=r"refused the query: .*longitude"):
        run(tmp_path / "gaia.parquet", wrong)
    assert len(tap.queries) == 1


def test_columns_that_the_table_lacks_are_told(tap: Tap, tmp_path: Path) -> None:
    chosen = service(tap)
    more = replace(chosen, columns=(*COLUMNS, "ruwe"))
    with pytest.warns(TableWarning, match="lacks ruwe"):
        told = run(tmp_path / "gaia.parquet", more)
    assert told.left_out == ("ruwe",)
    with pytest.raises(CatalogueError, match="lacks the column right"):
        run(tmp_path / "more.parquet", replace(more, ra="right", region="box"))


def test_a_service_that_does_not_describe_its_table(
    tap: Tap, wanted: pa.Table, tmp_path: Path
) -> None:
    tap.describes = False
    chosen = replace(service(tap), columns=("ra", "dec", "source_id AS id"), id="id")
    run(tmp_path / "gaia.parquet", chosen)
    found = pq.read_table(tmp_path / "gaia.parquet")
    assert found.column_names == ["ra", "dec", "id"]
    assert found.sort_by("id")["id"].equals(wanted["source_id"])


def test_a_window_without_sources_is_an_empty_table(tap: Tap, tmp_path: Path) -> None:
    client = Client(service(tap), first_wait=0.0)
    empty = window_of("90,45,0.1,0.1")
    told = fetched(service(tap), empty, tmp_path / "g.parquet", client=client)
    found = pq.read_table(tmp_path / "g.parquet")
    assert (told.rows, found.num_rows) == (0, 0)
    assert found.schema.field("source_id").type == pa.int64()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "reason"), [("127.0.0.1", "refused"), ("no-host.invalid", "no such host")]
)
def test_offline_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, reason: str
) -> None:
    # Nobody waits for what was not there in the first place.
    monkeypatch.setattr("reseau.exchange.archives.tap.FIRST_WAIT", 1e9)
    url = f"http://{host}:{free_port()}/tap"
    words = ["fetch", "gaia", "--window", "jasmine", "-o", str(tmp_path / "g.parquet")]
    found = CliRunner().invoke(app, [*words, "--service", url])
    assert found.exit_code == 2
    said = " ".join(found.output.split())
    assert said.startswith(f"error: the service {url} cannot be reached (")
    assert reason in said
    assert "Traceback" not in said
    assert not list(tmp_path.iterdir())


def test_the_verb_from_end_to_end(tap: Tap, wanted: pa.Table, tmp_path: Path) -> None:
    output = tmp_path / "gaia.parquet"
    words = ["fetch", "gaia", "--window", "jasmine", "-o", str(output), "--json"]
    found = CliRunner().invoke(app, [*words, "--service", tap.url])
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout)
    assert said["rows"] == wanted.num_rows == pq.read_table(output).num_rows
    assert said["window"] == {"l_min": -1.4, "l_max": 0.7, "b_min": -0.6, "b_max": 0.6}
    assert (tmp_path / "gaia.adql").exists()
    plain = CliRunner().invoke(app, [*words[:-1], "--service", tap.url, "--overwrite"])
    assert f"{wanted.num_rows:,} sources of gaiadr3.gaia_source" in plain.stdout


def test_names_of_catalogues_and_services() -> None:
    assert {s.catalogue for s in services()} == {"gaia", "2mass", "vvv", "virac"}
    for each in services():
        assert each.region in REGIONS
        assert {each.ra, each.dec, each.id} <= set(each.columns)
        assert each.region != "galactic" or {each.l, each.b} <= set(each.columns)
    assert service_of("2MASS", "vizier").table == '"II/246/out"'
    assert service_of("vvv", table="vvvSource").table == "vvvSource"
    with pytest.raises(ConfigError, match="one of gaia, 2mass, vvv, virac"):
        service_of("wise")
    with pytest.raises(ConfigError, match="one of irsa, vizier, gavo"):
        fetch("2mass", "jasmine", "x.parquet", service="esac")
    with pytest.raises(ConfigError, match="begins with https"):
        service_of("gaia", "ftp://host/tap")


def test_names_that_adql_cannot_have_bare_are_quoted() -> None:
    given = ["ra", "2MASS", "Date", 'a"b', "e_Jmag"]
    assert [quoted(n) for n in given] == ["ra", '"2MASS"', '"Date"', '"a""b"', "e_Jmag"]


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ImportError(name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(ConfigError, match=r'pip install "reseau\[gaia\]"'):
        Client(service_of("gaia"))


def test_another_suffix_is_refused_before_anybody_is_asked(tmp_path: Path) -> None:
    """Nobody listens at that address."""
    with pytest.raises(ConfigError, match=r"ending in \.parquet"):
        fetch("gaia", "0,0,1,1", tmp_path / "g.csv", service="http://127.0.0.1:9/tap")
