"""Tables from and to PostgreSQL: a real server where one is installed."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from postgres_server import Server, postgres_server
from reseau._windows import window_of
from reseau.errors import (
    CatalogueError,
    OutputExistsError,
    ServiceError,
    TableWarning,
)
from reseau.exchange.archives.postgres.address import address_of
from reseau.exchange.archives.postgres.connection import Database
from reseau.exchange.archives.postgres.parts import parts_of
from reseau.exchange.archives.postgres.relation import relation_of
from reseau.exchange.archives.postgres.sink import store
from reseau.exchange.archives.postgres.source import staged
from reseau.exchange.archives.postgres.windows import way_of
from tap_server import sources

JASMINE = window_of("jasmine")
EXTENSIONS = ("q3c", "pg_sphere")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as running:
        yield running


@contextmanager
def connected(server: Server) -> Iterator[Any]:
    import psycopg

    connection = psycopg.connect(server.conninfo, autocommit=True)
    try:
        yield connection
    finally:
        connection.close()


def run(server: Server, *statements: str) -> list[tuple[Any, ...]]:
    with connected(server) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        last = connection.execute(statements[-1])
        return list(last.fetchall()) if last.description else []


@pytest.fixture(scope="module")
def stars() -> pa.Table:
    """Return a table of all kinds of columns, with nulls and awkward values."""
    table, rng = sources(), np.random.default_rng(1)
    floats = rng.normal(size=table.num_rows)
    floats[:3] = np.nan, np.inf, -np.inf
    texts = ["", 'say "hi", twice\nand\\t', None, "µ"] * (table.num_rows // 4)
    extra = {
        "exact": pa.array(floats, mask=rng.random(table.num_rows) < 0.1),
        "single": pa.array(floats.astype(np.float32)),
        "note": pa.array(texts),
        "small": pa.array(rng.integers(-99, 99, table.num_rows).astype(np.int16)),
        "count": pa.array(rng.integers(-(2**31), 2**31, table.num_rows), pa.int32()),
    }
    for name, column in extra.items():
        table = table.append_column(name, column)
    return table


@pytest.fixture(scope="module")
def file(stars: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("postgres") / "stars.parquet"
    pq.write_table(stars, path)
    return path


@pytest.fixture(scope="module")
def filled(server: Server, file: Path) -> str:
    """Give the address of a table that holds the stars."""
    url = server.url("sky.stars")
    assert store(file, url, rows=700) == 3000
    return url


def same(found: Path, wanted: pa.Table) -> None:
    """Assert that a file holds the rows of a table, bit for bit, NaN among them."""
    table = pq.read_table(found).sort_by("source_id")
    ordered = wanted.sort_by("source_id")
    assert table.schema.names == ordered.schema.names
    assert table.schema.types == ordered.schema.types
    for name in ordered.column_names:
        ours, theirs = table[name].combine_chunks(), ordered[name].combine_chunks()
        if pa.types.is_floating(ours.type):
            assert ours.is_null().equals(theirs.is_null()), name
            given = (np.asarray(x.drop_null()).tobytes() for x in (ours, theirs))
            assert next(given) == next(given), name
        else:
            assert ours.equals(theirs), name


def test_a_table_comes_back_as_it_was(
    filled: str, stars: pa.Table, tmp_path: Path
) -> None:
    same(staged(filled, tmp_path, rows=700), stars)
    assert [p.name for p in tmp_path.iterdir()] == ["sky.stars.parquet"]
    assert pq.read_table(tmp_path / "sky.stars.parquet")["source_id"].to_pylist() == (
        sorted(stars["source_id"].to_pylist())
    )


@pytest.mark.parametrize("extension", [None, *EXTENSIONS])
def test_a_window_by_each_kind_of_index(
    server: Server, file: Path, stars: pa.Table, tmp_path: Path, extension: str | None
) -> None:
    known = {r[0] for r in run(server, "SELECT name FROM pg_available_extensions")}
    if extension is not None and extension not in known:
        pytest.skip(f"the extension {extension} is not installed")
    url = server.url("windows.stars")
    run(server, "DROP SCHEMA IF EXISTS windows CASCADE")
    if extension is not None:
        run(server, f"CREATE EXTENSION {extension}")
    try:
        store(file, url)
        with Database(address_of(url)) as database:
            relation = relation_of(database)
            way = way_of(relation)
            where = parts_of(database, relation, JASMINE, 700).parts[0].where
        found = staged(url, tmp_path, JASMINE, rows=700)
        plan = run(
            server,
            "SET enable_seqscan = off",
            f"EXPLAIN SELECT * FROM windows.stars WHERE {where}",
        )
    finally:
        if extension is not None:
            run(server, f"DROP EXTENSION {extension} CASCADE")
    assert way == {None: "bounds", "q3c": "q3c", "pg_sphere": "pgSphere"}[extension]
    assert any("Index" in row[0] for row in plan)
    inside = JASMINE.contains(stars["l"].to_numpy(), stars["b"].to_numpy())
    same(found, stars.filter(pa.array(inside)))


def test_a_column_of_points_with_an_index(
    server: Server, file: Path, stars: pa.Table, tmp_path: Path
) -> None:
    known = {r[0] for r in run(server, "SELECT name FROM pg_available_extensions")}
    if "pg_sphere" not in known:
        pytest.skip("the extension pg_sphere is not installed")
    url = server.url("points.stars")
    store(file, url)
    run(
        server,
        "CREATE EXTENSION pg_sphere",
        "ALTER TABLE points.stars ADD COLUMN place spoint",
        "UPDATE points.stars SET place = spoint(radians(ra), radians(dec))",
        "CREATE INDEX ON points.stars USING gist (place)",
    )
    try:
        with Database(address_of(url)) as database:
            relation = relation_of(database)
            where = parts_of(database, relation, JASMINE, 700).parts[0].where
        found = staged(url, tmp_path, JASMINE, rows=700)
    finally:
        run(server, "DROP EXTENSION pg_sphere CASCADE")
    assert where.startswith('"place" <@ spoly')
    inside = JASMINE.contains(stars["l"].to_numpy(), stars["b"].to_numpy())
    same(found, stars.filter(pa.array(inside)))


def test_a_password_is_written_nowhere(
    server: Server, file: Path, tmp_path: Path
) -> None:
    url = server.url("secret.stars").replace("reseau@", "reseau:hush-hush@")
    store(file, url)
    found = staged(url, tmp_path)
    assert b"reseau:***@" in found.read_bytes()
    assert b"hush-hush" not in found.read_bytes()
    comment = "SELECT obj_description('secret.stars'::regclass)"
    assert "hush-hush" not in run(server, comment)[0][0]


@pytest.mark.usefixtures("filled")
def test_tables_without_a_key_and_views(
    server: Server, stars: pa.Table, tmp_path: Path
) -> None:
    run(
        server,
        "CREATE TABLE sky.bare AS SELECT * FROM sky.stars",
        "CREATE VIEW sky.seen AS SELECT * FROM sky.stars",
    )
    for name in ("bare", "seen"):
        same(staged(server.url(f"sky.{name}"), tmp_path, rows=700), stars)
    url = server.url("sky.bare")
    with Database(address_of(url)) as database:
        assert len(parts_of(database, relation_of(database), None, 700).parts) == 3
    found = staged(url, tmp_path / "window", JASMINE, rows=700)
    assert 2000 < pq.read_metadata(found).num_rows < 3000


def test_types_that_are_no_floating_point_numbers(
    server: Server, tmp_path: Path
) -> None:
    big = 2**60 + 1
    run(
        server,
        "CREATE TABLE odd (id numeric(18), wide numeric(20), loose numeric, "
        "at timestamp(3), day date, who uuid, code character(3), gone int[])",
        f"INSERT INTO odd VALUES ({10**17 + 1}, {big}, 0.1, '2016-01-01 12:00:00.5', "
        "'2026-11-29', '00000000-0000-0000-0000-000000000001', 'abc', '{1,2}'), "
        "(NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL)",
    )
    with pytest.warns(TableWarning, match=r"without gone \(integer\[\]\)"):
        table = pq.read_table(staged(server.url("odd"), tmp_path))
    assert table["id"].to_pylist() == [10**17 + 1, None]
    assert [int(v) for v in table["wide"].drop_null().to_pylist()] == [big]
    assert table["loose"][0].as_py() == 0.1
    assert np.isnan(table["loose"][1].as_py())
    assert table["at"][0].as_py().isoformat() == "2016-01-01T12:00:00.500000"
    assert table["code"].to_pylist() == ["abc", None]
    assert "gone" not in table.column_names


def test_a_single_column_keeps_its_nulls(server: Server, tmp_path: Path) -> None:
    run(
        server, "CREATE TABLE one (x bigint)", "INSERT INTO one VALUES (1), (NULL), (3)"
    )
    table = pq.read_table(staged(server.url("one"), tmp_path))
    assert table["x"].to_pylist() == [1, None, 3]
    run(server, "CREATE TABLE none (x bigint)")
    empty = pq.read_table(staged(server.url("none"), tmp_path))
    assert (empty.num_rows, empty.schema.types) == (0, [pa.int64()])


def test_a_copy_that_is_there_is_made_again_after_a_change(
    server: Server, tmp_path: Path
) -> None:
    url = server.url("changing")
    run(
        server,
        "CREATE TABLE changing (k int PRIMARY KEY, v int)",
        "INSERT INTO changing SELECT n, n FROM generate_series(1, 10) n",
    )
    first = staged(url, tmp_path)
    before = first.stat().st_mtime_ns
    assert staged(url, tmp_path).stat().st_mtime_ns == before
    run(server, "UPDATE changing SET v = 99 WHERE k = 3")
    assert pq.read_table(staged(url, tmp_path))["v"].to_pylist().count(99) == 1


@pytest.mark.usefixtures("filled")
def test_names_of_tables(server: Server, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"(?s)no table sky.star\b.*sky.stars"):
        staged(server.url("sky.star"), tmp_path)
    assert staged(server.url("Sky.Stars"), tmp_path).name == "sky.stars.parquet"
    run(server, "CREATE TABLE places (x int)")
    with pytest.raises(CatalogueError, match="no position among the columns"):
        staged(server.url("places"), tmp_path, JASMINE)


def test_only_tables_of_ours_are_replaced(server: Server, file: Path) -> None:
    url = server.url("ours")
    store(file, url)
    with pytest.raises(OutputExistsError, match=r"or --overwrite|overwrite=True"):
        store(file, url)
    assert store(file, url, overwrite=True) == 3000
    run(server, "CREATE TABLE theirs (x int)")
    with pytest.raises(OutputExistsError, match="a table that reseau wrote"):
        store(file, server.url("theirs"), overwrite=True)
    assert run(server, "SELECT count(*) FROM theirs") == [(0,)]


def test_columns_and_ids_that_cannot_be_stored(server: Server, tmp_path: Path) -> None:
    lists = tmp_path / "lists.parquet"
    pq.write_table(pa.table({"x": [[1, 2], [3]]}), lists)
    with pytest.raises(CatalogueError, match="the column x holds list"):
        store(lists, server.url("lists"))
    twice = tmp_path / "twice.parquet"
    pq.write_table(pa.table({"source_id": [5, 5]}), twice)
    with pytest.raises(ServiceError, match="could not create unique index"):
        store(twice, server.url("twice"))
    assert run(server, "SELECT to_regclass('twice')") == [(None,)]


class Killer:
    """Kills a server in the middle of the n-th COPY, and starts it again or not."""

    def __init__(self, server: Server, *, at: int, again: float | None) -> None:
        self.server, self.at, self.again = server, at, again
        self.copies, self.killed = 0, False
        self._thread: threading.Thread | None = None

    def kill(self) -> None:
        self.killed = True
        self.server.kill()
        if self.again is not None:
            self._thread = threading.Thread(target=self._start)
            self._thread.start()

    def _start(self) -> None:
        time.sleep(self.again or 0.0)
        self.server.start()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def reading(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kill while rows are read, after some of a part have come."""
        import psycopg

        read, seen = psycopg.Copy.read, dict[int, int]()

        def counted(copy: Any) -> Any:
            if id(copy) not in seen:
                self.copies += 1
            seen[id(copy)] = seen.get(id(copy), 0) + 1
            if self.copies == self.at and seen[id(copy)] == 100 and not self.killed:
                self.kill()
            return read(copy)

        monkeypatch.setattr(psycopg.Copy, "read", counted)

    def writing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Kill while rows are written, after half of a part has gone."""
        import psycopg

        write = psycopg.Copy.write

        def halved(copy: Any, text: bytes) -> None:
            self.copies += 1
            middle = len(text) // 2
            write(copy, text[:middle])
            if self.copies == self.at and not self.killed:
                self.kill()
            write(copy, text[middle:])

        monkeypatch.setattr(psycopg.Copy, "write", halved)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of more bytes than the buffers of a connection hold."""
    rows = 60_000
    path = tmp_path_factory.mktemp("many") / "many.parquet"
    ids = np.random.default_rng(2).permutation(rows).astype(np.int64) + 2**61
    table = {"source_id": ids, "text": [f"{n:064d}" for n in range(rows)]}
    pq.write_table(pa.table(table), path)
    return path


def test_a_database_that_goes_away_while_it_is_read(
    server: Server, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url("many")
    store(many, url)
    killer = Killer(server, at=2, again=0.3)
    killer.reading(monkeypatch)
    found = staged(url, tmp_path, rows=20_000, patience=20.0)
    killer.join()
    assert killer.killed
    assert killer.copies == 4  # three parts, and the second once more
    same(found, pq.read_table(many))


def test_a_later_run_goes_on_with_the_reading(
    server: Server, many: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.url("again")
    store(many, url)
    killer = Killer(server, at=2, again=None)
    killer.reading(monkeypatch)
    try:
        with pytest.raises(ServiceError, match=r"(?s)went away.*to continue"):
            staged(url, tmp_path, rows=20_000, patience=0.0)
        with pytest.raises(ServiceError, match="cannot be reached"):
            staged(url, tmp_path, rows=20_000, patience=0.0)
    finally:
        server.start()
    pieces = tmp_path / "again.parquet.pieces"
    assert len(list(pieces.glob("*.parquet"))) == 1
    killer.copies = 10
    found = staged(url, tmp_path, rows=20_000)
    assert killer.copies == 12  # the two parts that were not there
    same(found, pq.read_table(many))


def test_a_database_that_goes_away_while_it_is_written(
    server: Server, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(server, at=2, again=0.3)
    killer.writing(monkeypatch)
    assert store(many, server.url("written"), rows=20_000, patience=20.0) == 60_000
    killer.join()
    assert killer.killed
    assert killer.copies == 4
    _check_written(server, "written", many)


def test_a_later_run_goes_on_with_the_writing(
    server: Server, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(server, at=3, again=None)
    killer.writing(monkeypatch)
    url = server.url("resumed")
    try:
        with pytest.raises(ServiceError, match=r"(?s)went away.*to continue"):
            store(many, url, rows=20_000, patience=0.0)
    finally:
        server.start()
    rows = run(server, 'SELECT count(*) FROM public."resumed.partial"')
    assert rows == [(40_000,)]
    killer.copies = 10
    # In parts of another size: the first that is written is a rest.
    assert store(many, url, rows=30_000) == 60_000
    assert killer.copies == 11
    _check_written(server, "resumed", many)


def _check_written(server: Server, name: str, many: Path) -> None:
    wanted = pq.read_table(many)
    ((rows, ids, total),) = run(
        server,
        f"SELECT count(*), count(DISTINCT source_id), sum(source_id - {2**61}) "
        f"FROM {name}",
    )
    assert rows == ids == wanted.num_rows
    offsets = pc.subtract(wanted["source_id"], 2**61)
    assert int(total) == pc.sum(offsets).as_py()
