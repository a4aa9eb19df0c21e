"""Files of every format, broken at random: what a reader must refuse or read right.

``python tests/mutated_tables.py FORMAT N [SEED]`` breaks one file N times and prints
how often it was read, refused, or read with rows that nobody wrote.
"""

import bz2
import gzip
import io
import json
import lzma
import re
import resource
import signal
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.table import Table

from reseau.errors import ReseauError
from reseau.tables import read_table
from reseau.tables.files import write_parquet

N_ROWS = 40
SECONDS = 20
"""A read that takes longer counts as one that never ends."""

MEMORY = 6 * 2**30
"""Address space that a reader may have more than before."""

FIRST_ID = 4057480204110713985
NAMES = ("source_id", "x", "y", "band", "ra")


def stars() -> Table:
    """Return the rows that every file holds."""
    ids = FIRST_ID + 7919 * np.arange(N_ROWS)
    x = np.round(1000 * np.modf(ids / 7919 * 0.618)[0] + 10 * np.arange(N_ROWS), 4)
    table = Table({"source_id": ids, "x": x, "y": x + 0.25})
    table["band"] = [f"F{i % 7}" for i in range(N_ROWS)]
    table["ra"] = 83 + np.arange(N_ROWS) / 128
    table["x"].unit, table["ra"].unit = "pix", "deg"
    return table


ROWS = {(int(r["source_id"]), float(r["x"]), float(r["y"])) for r in stars()}
IDS = {row[0] for row in ROWS}


def _text(delimiter: str, header: Callable[[list[str]], str]) -> bytes:
    rows = [[str(v) for v in row] for row in stars()]
    lines = [header(list(NAMES)), *(delimiter.join(row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _by_astropy(**options: object) -> bytes:
    text = io.StringIO()
    stars().write(text, **options)
    return text.getvalue().encode()


def _votable(kind: str) -> bytes:
    binary = io.BytesIO()
    from_table(stars()).to_xml(binary, tabledata_format=kind)
    return binary.getvalue()


def _fits(names: tuple[str, ...] = ("STARS",), *, checksum: bool = False) -> bytes:
    binary = io.BytesIO()
    units = [fits.PrimaryHDU()]
    for name in names:
        unit = fits.table_to_hdu(stars())
        unit.name = name
        units.append(unit)
    fits.HDUList(units).writeto(binary, checksum=checksum)
    return binary.getvalue()


def _parquet() -> bytes:
    table = stars()
    columns = {n: np.asarray(table[n]) for n in NAMES if n != "band"}
    columns["band"] = [str(v) for v in table["band"]]
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        write_parquet(pa.table(columns), Path(file.name))
        return Path(file.name).read_bytes()


def _zip(content: bytes) -> bytes:
    binary = io.BytesIO()
    with zipfile.ZipFile(binary, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("t.csv", content)
    return binary.getvalue()


def _csv() -> bytes:
    return _text(",", ",".join)


def _vizier(names: list[str]) -> str:
    units, dashes = ["", "pix", "", "", "deg"], ["-" * 9] * 5
    lines = ["#RESOURCE=demo", *("\t".join(row) for row in (names, units, dashes))]
    return "\n".join(lines)


def _sextractor(names: list[str]) -> str:
    return "\n".join(f"#{i + 1:4d} {n} one [pixel]" for i, n in enumerate(names))


FORMATS: dict[str, Callable[[], bytes]] = {
    "csv": _csv,
    "csv with ;": lambda: _text(";", ";".join),
    "tabs": lambda: _text("\t", "\t".join),
    "blanks": lambda: _text("  ", "  ".join),
    "savetxt": lambda: _text(" ", lambda names: "# " + " ".join(names)),
    "VizieR": lambda: _text("\t", _vizier),
    "SExtractor": lambda: _text("  ", _sextractor),
    "ECSV": lambda: _by_astropy(format="ascii.ecsv"),
    "ECSV, commas": lambda: _by_astropy(format="ascii.ecsv", delimiter=","),
    "IPAC": lambda: _by_astropy(format="ascii.ipac"),
    "VOTable, TABLEDATA": lambda: _votable("tabledata"),
    "VOTable, BINARY": lambda: _votable("binary"),
    "VOTable, BINARY2": lambda: _votable("binary2"),
    "FITS": _fits,
    "FITS, checksums": lambda: _fits(checksum=True),
    "FITS, two tables": lambda: _fits(("CCD1", "CCD2")),
    "Parquet": _parquet,
    "csv.gz": lambda: gzip.compress(_csv(), mtime=0),
    "csv.bz2": lambda: bz2.compress(_csv()),
    "csv.xz": lambda: lzma.compress(_csv()),
    "csv.zst": lambda: pa.Codec("zstd").compress(_csv(), asbytes=True),
    "fits.gz": lambda: gzip.compress(_fits(), mtime=0),
    "zip": lambda: _zip(_csv()),
}
CHECKED = {"csv.gz", "csv.bz2", "csv.xz", "fits.gz", "zip"}
"""Formats that notice any byte that is not as it was written."""


def _flip(content: bytearray, rng: np.random.Generator) -> int:
    n = int(rng.integers(1, 9))
    for at in rng.integers(0, len(content), n):
        content[at] ^= int(rng.integers(1, 256))
    return n


def _flip_bit(content: bytearray, rng: np.random.Generator) -> int:
    content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    return 1


def _cut(content: bytearray, rng: np.random.Generator) -> int:
    del content[int(rng.integers(len(content))) :]
    return 0


def _take_out(content: bytearray, rng: np.random.Generator) -> int:
    at = int(rng.integers(len(content)))
    del content[at : at + int(rng.integers(1, 200))]
    return 2


def _put_in(content: bytearray, rng: np.random.Generator) -> int:
    at = int(rng.integers(len(content)))
    content[at:at] = rng.integers(0, 256, int(rng.integers(1, 20)), np.uint8).tobytes()
    return 20


def _without_line(content: bytearray, rng: np.random.Generator) -> int:
    lines = bytes(content).split(b"\n")
    del lines[int(rng.integers(min(len(lines), 30)))]
    content[:] = b"\n".join(lines)
    return 0


def _double_rows(content: bytearray, rng: np.random.Generator) -> int:
    lines = bytes(content).split(b"\n")
    first, last = sorted(int(i) for i in rng.integers(0, len(lines) + 1, 2))
    content[:] = b"\n".join(lines[:last] + lines[first:])
    return 1


def _rename(content: bytearray, rng: np.random.Generator) -> int:
    old = NAMES[int(rng.integers(len(NAMES)))].encode()
    new = (b"x", b"ra", b"", b"1", b"a b", b"source_id", b"\xff\x00")
    content[:] = bytes(content).replace(old, new[int(rng.integers(len(new)))], 1)
    return 0


def _other_type(content: bytearray, rng: np.random.Generator) -> int:
    found = list(re.finditer(rb"[\d.]{2,}", bytes(content)))
    if not found:
        return _flip(content, rng)
    match = found[int(rng.integers(len(found)))]
    new = (
        b"abc",
        b"1e999",
        b"",
        b"nan",
        b"9" * 30,
        b"-1",
        b"0x10",
        b'"',
        b"1,5",
        b"--",
    )
    content[match.start() : match.end()] = new[int(rng.integers(len(new)))]
    return 1


MUTATIONS = (
    *(_flip, _flip_bit, _cut, _take_out, _put_in),
    *(_without_line, _double_rows, _rename, _other_type),
)


def mutated(name: str, n: int, seed: int) -> Iterator[tuple[str, bytes, int]]:
    """Give broken files: how each was broken, its content, how many rows may differ.

    Parameters
    ----------
    name
        One of `FORMATS`.
    n
        How many.
    seed
        Of the random numbers.
    """
    whole = FORMATS[name]()
    rng = np.random.default_rng([seed, *name.encode()])
    for i in range(n):
        content = bytearray(whole)
        how = MUTATIONS[i % len(MUTATIONS)]
        rows = how(content, rng)
        yield how.__name__.strip("_"), bytes(content), rows


class EndlessError(Exception):
    """A read took too long."""


def _endless(*_: object) -> None:
    raise EndlessError


def wrong_rows(table: pa.Table) -> int:
    """Count rows whose id, x and y are none that was written together."""
    if not {"source_id", "x", "y"} <= set(table.column_names):
        return 0
    if any(table.column_names.count(n) > 1 for n in ("source_id", "x", "y")):
        return 0
    ids, x, y = (table[n] for n in ("source_id", "x", "y"))
    if not pa.types.is_integer(ids.type):
        return 0  # refused later: ids are integers
    if not (pa.types.is_floating(x.type) and pa.types.is_floating(y.type)):
        return 0
    rows = zip(ids.to_pylist(), x.to_pylist(), y.to_pylist(), strict=True)
    return sum(None not in row and row not in ROWS for row in rows)


def outcome(path: Path | str) -> tuple[str, int]:
    """Read a file, and say how it ended and how many rows are wrong."""
    signal.signal(signal.SIGALRM, _endless)
    signal.alarm(SECONDS)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = read_table(path)
    except ReseauError as error:
        return ("refused" if "to do:" in str(error) else "without advice"), 0
    # Anything else is what is looked for.
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"[:200], 0
    finally:
        signal.alarm(0)
    return ("read with a note" if caught else "read"), wrong_rows(table)


def counts(name: str, n: int, seed: int, folder: Path) -> Counter[str]:
    """Break a file of a format `n` times, read each, and count how it ended.

    Parameters
    ----------
    name
        One of `FORMATS`.
    n, seed
        How many, and which.
    folder
        For the file.
    """
    found: Counter[str] = Counter()
    path = folder / "t.dat"
    for i, (how, content, rows) in enumerate(mutated(name, n, seed)):
        path.write_bytes(content)
        place = f"{path}[CCD2]" if "two tables" in name else path
        ending, wrong = outcome(place)
        found[ending] += 1
        if wrong and name in CHECKED:
            found["wrong rows though checked"] += 1
        # What a note speaks of is no silent wrong row.
        # A stream may hold a whole number of rows without one of its fields, too.
        by_chance = how == "without_line" and "BINARY" in name
        if wrong > rows and ending == "read" and not by_chance:
            found[f"wrong rows: {wrong}, {how}, number {i}"] += 1
    return found


GOOD = ("refused", "read", "read with a note")


def main() -> None:
    """Count, and print what was found and the largest memory [MiB]."""
    name, n = sys.argv[1], int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        found = counts(name, n, seed, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.stdout.write(json.dumps({"format": name, "peak": peak, **found}) + "\n")


if __name__ == "__main__":
    main()
