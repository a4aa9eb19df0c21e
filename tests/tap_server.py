"""A TAP service on this machine: ADQL run by DuckDB, and what may go wrong with one."""

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import astropy.units as u
import duckdb
import numpy as np
import pyarrow as pa
from astropy.coordinates import SkyCoord
from astropy.io.votable import from_table
from astropy.table import MaskedColumn, Table

ROWS = 3000


def sources(rows: int = ROWS, seed: int = 5) -> pa.Table:
    """Return sources in and around the field of JASMINE, some of them at its limits."""
    rng = np.random.default_rng(seed)
    l = rng.uniform(-1.6, 0.9, rows)  # noqa: E741
    b = rng.uniform(-0.7, 0.7, rows)
    place = SkyCoord(l * u.deg, b * u.deg, frame="galactic")
    icrs = place.icrs
    magnitude = rng.uniform(8.0, 20.0, rows)
    return pa.table(
        {
            "source_id": pa.array(
                4_057_480_204_110_713_985 + rng.permutation(rows).astype(np.int64)
            ),
            "ra": icrs.ra.deg,
            "dec": icrs.dec.deg,
            "l": place.l.deg,
            "b": place.b.deg,
            "phot_g_mean_mag": pa.array(magnitude, mask=magnitude > 18.0),
            "duplicated_source": pa.array(magnitude < 9.0),
            "designation": [f"star {n}" for n in range(rows)],
        }
    )


@dataclass
class Tap:
    """What the service does.

    Attributes
    ----------
    table
        Its one table, called by any name.
    sync_limit, job_limit
        Rows at which it stops.
    silent
        Whether it stops without a word.
    faults
        What goes wrong with the next answers, one each: "drop", "cut", "503", "late".
    polls
        How often a job is asked for before it is done.
    describes
        Whether it says which columns there are.
    """

    table: pa.Table
    sync_limit: int = 10_000
    job_limit: int = 10_000
    silent: bool = False
    faults: list[str] = field(default_factory=list)
    polls: int = 0
    describes: bool = True
    queries: list[str] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""

    def answer(self, adql: str, limit: int) -> bytes:
        """Return the VOTable of a query."""
        if "TAP_SCHEMA" in adql and not self.describes:
            raise duckdb.CatalogException("no such table")
        if "TAP_SCHEMA" in adql:
            names = pa.table({"column_name": self.table.column_names})
            return votable(names, overflow=False)
        self.queries.append(adql)
        found = run(adql, self.table)
        over = found.num_rows > limit
        return votable(found.slice(0, limit), overflow=over and not self.silent)


def run(adql: str, table: pa.Table) -> pa.Table:
    """Return what a query selects from a table."""
    sql = re.sub(r"FROM \S+", "FROM table_", adql, count=1)
    sql = re.sub(
        r"1 = CONTAINS\(POINT\('ICRS', (\S+), (\S+)\), POLYGON\('ICRS', ([^)]*)\)\)",
        lambda m: in_polygon(m[1], m[2], np.fromstring(m[3], sep=",")),
        sql,
    )
    with duckdb.connect() as connection:
        connection.register("table_", table)
        return connection.sql(sql).to_arrow_table()


def in_polygon(ra: str, dec: str, corners: np.ndarray) -> str:
    """Return SQL that says whether a place is on the inner side of each edge."""
    lon, lat = np.radians(corners.reshape(-1, 2)).T
    at = np.stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], 1
    )
    normals = np.cross(at, np.roll(at, -1, axis=0))
    sign = np.sign(normals @ at.mean(0))
    x = f"cos(radians({dec})) * cos(radians({ra}))"
    y = f"cos(radians({dec})) * sin(radians({ra}))"
    sides = [
        f"({float(n[0])} * {x} + {float(n[1])} * {y}"
        f" + {float(n[2])} * sin(radians({dec})) >= 0)"
        for n in normals * sign[:, None]
    ]
    return " AND ".join(sides)


def votable(table: pa.Table, *, overflow: bool) -> bytes:
    """Return a table as a service writes it, its status after the rows."""
    columns = []
    for name in table.column_names:
        column = table[name].combine_chunks()
        mask = column.is_null().to_numpy(zero_copy_only=False)
        empty = "" if pa.types.is_string(column.type) else 0
        given = [empty if v is None else v for v in column.to_pylist()]
        is_text = pa.types.is_string(column.type)
        values = np.array(given, "U" if is_text else column.type.to_pandas_dtype())
        columns.append(MaskedColumn(values, name=name, mask=mask))
    whole = from_table(Table(columns))
    whole.resources[0].type = "results"
    text = io.BytesIO()
    whole.to_xml(text, tabledata_format="binary2")
    status = b"OVERFLOW" if overflow else b"OK"
    info = b'</TABLE><INFO name="QUERY_STATUS" value="' + status + b'"/>'
    return text.getvalue().replace(b"</TABLE>", info, 1)


ERROR = (
    '<VOTABLE version="1.3"><RESOURCE type="results"><INFO name="QUERY_STATUS" '
    'value="ERROR">{}</INFO></RESOURCE></VOTABLE>'
)
CAPABILITIES = """<?xml version="1.0"?>
<vosi:capabilities xmlns:vosi="http://www.ivoa.net/xml/VOSICapabilities/v1.0"
  xmlns:tr="http://www.ivoa.net/xml/TAPRegExt/v1.0"
  xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<capability standardID="ivo://ivoa.net/std/TAP" xsi:type="tr:TableAccess">
  <interface role="std" xsi:type="vs:ParamHTTP">
    <accessURL use="base">{url}</accessURL></interface>
  <language><name>ADQL</name><version ivo-id="ivo://ivoa.net/std/ADQL#v2.0">2.0</version>
  </language>
  <outputLimit><default unit="row">{sync}</default><hard unit="row">{job}</hard>
  </outputLimit>
</capability></vosi:capabilities>"""
JOB = """<?xml version="1.0"?>
<uws:job xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0"
  xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1">
<uws:jobId>{name}</uws:jobId><uws:phase>{phase}</uws:phase>
<uws:results><uws:result id="result" xlink:href="{url}/async/{name}/results/result"/>
</uws:results>{error}</uws:job>"""
JOB_ERROR = (
    '<uws:errorSummary type="fatal" hasDetail="false"><uws:message>{}</uws:message>'
    "</uws:errorSummary>"
)


class Handler(BaseHTTPRequestHandler):
    """Answers requests for the service that the server holds."""

    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet: no waiting for one another

    @property
    def tap(self) -> Tap:
        return self.server.tap  # type: ignore[attr-defined]

    def log_message(self, *given: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path.endswith("/capabilities"):
            tap = self.tap
            text = CAPABILITIES.format(
                url=tap.url, sync=tap.sync_limit, job=tap.job_limit
            )
            self._send(text.encode())
        elif parts.path.endswith("/sync"):
            self._sync(parse_qs(parts.query))
        elif parts.path.endswith("/results/result"):
            job = self.tap.jobs.get(parts.path.split("/")[-3], {})
            self._spoilt(self.tap.answer(job["query"], self.tap.job_limit))
        elif parts.path.split("/")[-1] in self.tap.jobs:
            self._job(parts.path.split("/")[-1])
        else:
            self._send(b"not here", 404)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        said = parse_qs(self.rfile.read(length).decode())
        path = urlsplit(self.path).path
        if path.endswith("/sync"):
            self._sync(said)
        elif path.endswith("/phase"):
            name = path.split("/")[-2]
            job = self.tap.jobs[name]
            late = self.tap.faults and self.tap.faults[0] == "late"
            job["phase"] = "ERROR" if late else "EXECUTING"
            job["polls"] = self.tap.polls + 1  # the answer to this is the first
            if late:
                self.tap.faults.pop(0)
                job["error"] = "the query was longer than the time limit"
            self._job(name)
        else:
            name = f"j{len(self.tap.jobs) + 1}"
            self.tap.jobs[name] = {"query": said["QUERY"][0], "phase": "PENDING"}
            self.send_response(303)
            self.send_header("Location", f"{self.tap.url}/async/{name}")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_DELETE(self) -> None:
        self.tap.jobs[self.path.split("/")[-1]]["phase"] = "DELETED"
        self._send(b"")

    def _job(self, name: str) -> None:
        job = self.tap.jobs[name]
        error = JOB_ERROR.format(job["error"]) if "error" in job else ""
        if job["phase"] == "DELETED":
            self._send(b"gone", 404)
            return
        if job["phase"] == "EXECUTING":
            job["polls"] -= 1
            job["phase"] = "EXECUTING" if job["polls"] > 0 else "COMPLETED"
        text = JOB.format(name=name, phase=job["phase"], url=self.tap.url, error=error)
        self._send(text.encode())

    def _sync(self, said: dict[str, list[str]]) -> None:
        try:
            body = self.tap.answer(said["QUERY"][0], self.tap.sync_limit)
        except duckdb.Error as error:
            first = str(error).splitlines()[0].replace('"', "").replace("&", "")
            self._send(ERROR.format(first).encode(), 400)
            return
        if "TAP_SCHEMA" in said["QUERY"][0]:
            self._send(body)
        else:
            self._spoilt(body)

    def _spoilt(self, body: bytes) -> None:
        fault = self.tap.faults.pop(0) if self.tap.faults else ""
        if fault == "503":
            self._send(b"busy", 503)
        elif fault == "drop":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        elif fault == "cut":
            self._send(body[: len(body) // 2])
        else:
            self._send(body)

    def _send(self, body: bytes, code: int = 200) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    """A server that takes no notice of clients that go away."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are part of the tests."""


@contextmanager
def tap_service(table: pa.Table) -> Iterator[Tap]:
    """Give a service on a free port of this machine."""
    server = Server(("127.0.0.1", 0), Handler)
    tap = Tap(table, url=f"http://127.0.0.1:{server.server_address[1]}/tap")
    server.tap = tap  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield tap
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
