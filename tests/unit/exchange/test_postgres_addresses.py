"""Addresses of tables in PostgreSQL, and that no password is ever shown."""

import time
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reseau.errors import ConfigError, ReseauError, ServiceError
from reseau.exchange.archives import extras
from reseau.exchange.archives.postgres.address import address_of, is_address
from reseau.exchange.archives.postgres.columns import postgres_type
from reseau.exchange.archives.postgres.relation import full_name, quoted
from reseau.exchange.archives.postgres.sink import store
from reseau.exchange.archives.postgres.source import staged

SECRET = "p%40ss-w0rd"
GIVEN = f"postgresql://me:{SECRET}@127.0.0.1:1/sky?table=nir.stars&sslmode=disable"


def test_the_parts_of_an_address() -> None:
    address = address_of(GIVEN)
    assert (address.schema, address.table) == ("nir", "stars")
    assert address.conninfo == (
        f"postgresql://me:{SECRET}@127.0.0.1:1/sky?sslmode=disable"
    )
    assert address.shown == (
        "postgresql://me:***@127.0.0.1:1/sky?table=nir.stars&sslmode=disable"
    )
    local = address_of("postgresql://me@/sky?host=/run/pg sql&table=stars")
    assert local.conninfo == "postgresql://me@/sky?host=%2Frun%2Fpg%20sql"
    assert (local.schema, local.table) == ("", "stars")
    assert address_of(Path("postgres:/me@host/sky?table=a")).conninfo == (
        "postgresql://me@host/sky"
    )


def test_what_is_an_address() -> None:
    assert all(map(is_address, [GIVEN, "postgres://h/d?table=x", Path(GIVEN)]))
    others = ["stars.parquet", Path("postgresql.parquet"), 3, None, "http://h/x"]
    assert not any(map(is_address, others))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"postgresql://me:{SECRET}@host/sky", "the name of one table"),
        (f"postgresql://me:{SECRET}@host/sky?table=", "the name of one table"),
        (f"postgresql://me:{SECRET}@host/sky?table=a&table=b", "name of one table"),
        (f"postgresql://me:{SECRET}@host/sky?table=nir.", "name or schema.name"),
        (f"postgresql://me:{SECRET}@host/sky?table={'x' * 49}", "at most 48 bytes"),
    ],
)
def test_addresses_that_name_no_table(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        address_of(url)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        GIVEN,
        "postgresql://me@127.0.0.1:1/sky?table=x&password=p%40ss-w0rd",
        "postgresql://me:p@ss-w0rd@127.0.0.1/sky?table=x",
        "postgresql://me:5/p@ss-w0rd@127.0.0.1/sky?table=x",
        "postgresql://me:p?p@ss-w0rd@127.0.0.1/sky?table=x",
        "postgresql://me:p#p@ss-w0rd@127.0.0.1/sky?table=x",
    ],
)
def test_no_message_shows_a_password(url: str, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    table = tmp_path / "x.parquet"
    pq.write_table(pa.table({"x": [1]}), table)
    began = time.monotonic()
    for work in (lambda: staged(url, tmp_path), lambda: store(table, url)):
        with pytest.raises(ReseauError) as caught:
            work()
        shown = f"{caught.value} {caught.value!r}"
        with suppress(ConfigError):
            shown += repr(address_of(url))
        assert SECRET not in shown
        assert "ss-w0rd" not in shown
    assert time.monotonic() - began < 5.0  # nobody waits for what never was there


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(ServiceError, match=r"(?s)cannot be reached.*me:\*\*\*@127"):
        staged(GIVEN, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def absent(name: str) -> None:
        raise ImportError(name=name)

    monkeypatch.setattr(extras, "import_module", absent)
    with pytest.raises(ConfigError, match=r'pip install "reseau\[postgres\]"'):
        staged(GIVEN, tmp_path)


def test_names_and_types_in_sql() -> None:
    assert quoted('a"b') == '"a""b"'
    assert (full_name("", "T"), full_name("s", "t")) == ('"T"', '"s"."t"')
    kinds = {
        pa.int64(): "bigint",
        pa.uint32(): "bigint",
        pa.uint64(): "numeric(20)",
        pa.uint8(): "smallint",
        pa.float32(): "real",
        pa.dictionary(pa.int8(), pa.string()): "text",
        pa.timestamp("ns"): "timestamp",
    }
    assert {k: postgres_type(pa.field("x", k)) for k in kinds} == kinds
