"""A window of a published table, fetched tile by tile and joined to one file.

Each tile is a query; its rows are cut to the tile from their own positions, so that no
source is lost or doubled at an edge, whatever bounds the service worked with. A tile
of which the service leaves rows out is asked for in four quarters. A run that was
interrupted goes on with the first tile that is not there.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reseau._windows import Window
from reseau.errors import (
    CatalogueError,
    ServiceError,
    TableWarning,
    explain,
    missing_columns_error,
    some,
    warn,
)
from reseau.tables import (
    Resumable,
    check_output,
    new_file,
    parquet_output,
    piece_file,
    resumable_directory,
)
from reseau.tables.owned import PIECES

from .adql import name_of, query_of, source_of
from .pieces import MARKS, folder_of, joined, remove, said_of, write_piece
from .services import Service
from .summary import Fetched, limits_of
from .tap import Answer, Client, TooLargeError
from .tiles import Tile, galactic, tiles_of

TILE_ROWS = 200_000
"""Rows that a tile may be expected to have."""
SMALLEST = 1e-3
"""Side of a tile that is not split any more [deg]."""

Told = Callable[[int, int], None]


def fetched(
    service: Service,
    window: Window,
    output: str | Path,
    *,
    overwrite: bool = False,
    tile_rows: int = TILE_ROWS,
    client: Client | None = None,
    told: Told | None = None,
) -> Fetched:
    """Fetch all sources of a window into a Parquet file, and write the ADQL beside it.

    Parameters
    ----------
    service
        What is asked, and for which columns.
    window
        The part of the sky.
    output
        The table; the queries are written beside it, with the suffix ``.adql``.
    overwrite
        Whether files of these names may be replaced, and to begin anew what another
        run has begun.
    tile_rows
        Rows that a tile may be expected to have.
    client
        What asks; absent: one with its usual patience.
    told
        Called after each tile with how many are done, and of how many.

    Raises
    ------
    ServiceError
        The service cannot be reached or refuses; what is done stays.
    ConfigError
        The name does not end in .parquet.
    OutputExistsError
        A file is there already.
    """
    target = parquet_output(output)
    beside = target.with_suffix(".adql")
    for path in (target, beside):
        check_output(path, kind="file", overwrite=overwrite)
    tiles = tiles_of(window, math.sqrt(tile_rows / service.density))
    with closing(client or Client(service)) as asked:
        columns = asked.columns()
        left_out = tuple(c for c in service.columns if c not in columns)
        _check_columns(service, columns, left_out)
        run = _Run(service, window, columns, asked, folder_of(target))
        found, rows = run.all(tiles, target, beside, overwrite, told)
    remove(run.folder)
    files = {"table": target, "adql": beside}
    return Fetched(service, window, rows, len(found), _split(found), left_out, files)


def _split(found: list[Path]) -> int:
    """Return how many tiles pieces are quarters of, quarters of quarters too."""
    names = [piece.stem.split("-")[1:] for piece in found]
    return len({tuple(name[:n]) for name in names for n in range(1, len(name))})


def _check_columns(
    service: Service, columns: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    there = {name_of(column) for column in columns}
    needed = [c for c in (service.ra, service.dec) if c not in there]
    if needed:
        raise missing_columns_error(
            needed, columns, f"the table {service.table}", service.url
        )
    if left_out:
        lacking = some(map(source_of, left_out), 10)
        warn(
            f"{service.table} at {service.url} lacks {lacking}: "
            "the table is written without",
            TableWarning,
        )


def _name(tile: Tile, suffix: str = "parquet") -> str:
    return f"piece-{tile.name}.{suffix}"


@dataclass(frozen=True)
class _Run:
    """One fetch: what is asked, of whom, and where its pieces are."""

    service: Service
    window: Window
    columns: tuple[str, ...]
    client: Client
    folder: Path

    def identity(self) -> dict[str, Any]:
        """Return what makes the content."""
        return {
            "service": self.service.url,
            "table": self.service.table,
            "window": limits_of(self.window),
            "columns": list(self.columns),
        }

    def all(
        self,
        tiles: list[Tile],
        target: Path,
        beside: Path,
        overwrite: bool,
        told: Told | None,
    ) -> tuple[list[Path], int]:
        """Fetch and join all tiles; return the pieces and the rows."""
        with resumable_directory(
            self.folder,
            identity=self.identity(),
            pieces=[_name(tile) for tile in tiles],
            overwrite=overwrite,
            marks=MARKS,
        ) as pieces:
            found = list(self._all_pieces(tiles, pieces, told))
            rows = self._write(found, target, beside, overwrite)
        return found, rows

    def _all_pieces(
        self, tiles: list[Tile], pieces: Resumable, told: Told | None
    ) -> Iterator[Path]:
        """Give the pieces of all tiles, in their order, fetched where not there."""
        for done, tile in enumerate(tiles, start=1):
            yield from self._pieces_of(tile, pieces.folder)
            if told is not None:
                told(done, len(tiles))

    def _pieces_of(self, tile: Tile, folder: Path) -> Iterator[Path]:
        piece, split = folder / _name(tile), folder / _name(tile, "split")
        if not piece.exists() and not split.exists():
            query = query_of(self.service, tile, self.columns)
            answer, how = self._ask(query, tile, folder / _name(tile, "job"))
            if answer is not None and answer.whole:
                table = self._cut(answer.table, tile)
                write_piece(piece, table, _said(query, how, table.num_rows))
            else:
                rows = 0 if answer is None else answer.table.num_rows
                self._mark_split(split, tile, query, rows)
        if piece.exists():
            yield piece
            return
        for quarter in tile.split():
            yield from self._pieces_of(quarter, folder)

    def _ask(self, query: str, tile: Tile, note: Path) -> tuple[Answer | None, str]:
        """Return the answer, None where the service gave up, and how it was got."""
        expected = tile.box.area * self.service.density
        try:
            if expected <= self.service.sync_rows and not note.exists():
                answer = self.client.ask(query)
                if answer.whole:
                    return answer, "at once"
            return self.client.ask_by_job(query, note), "as a job"
        except TooLargeError:
            return None, "given up"

    def _mark_split(self, path: Path, tile: Tile, query: str, rows: int) -> None:
        """Note that a tile has more rows than the service gives."""
        if max(tile.l_max - tile.l_min, tile.b_max - tile.b_min) <= SMALLEST:
            raise ServiceError(
                explain(
                    given=f"the service leaves rows out of {tile.box}: it gives {rows}",
                    wanted="all sources of a tile of that size",
                    where=self.service.url,
                    todo="name another --service with a higher limit of rows",
                )
            )
        content = {"format": f"{PIECES.format}1", **_said(query, "overflow", rows)}
        with piece_file(path) as temporary:
            temporary.write_text(json.dumps(content), encoding="utf-8")

    def _cut(self, table: pa.Table, tile: Tile) -> pa.Table:
        """Return the rows of a tile, in the order of their identifiers."""
        ra, dec = (self._numbers(table, c) for c in (self.service.ra, self.service.dec))
        longitude, latitude = galactic(ra, dec)
        inside = tile.contains(self.window.longitude(longitude), latitude)
        kept = table.filter(pa.array(inside))
        by = [c for c in kept.column_names if c.lower() == self.service.id.lower()]
        return (
            kept.take(pc.sort_indices(kept, [(c, "ascending") for c in by]))
            if (by)
            else kept
        )

    def _numbers(self, table: pa.Table, name: str) -> np.ndarray:
        found = [c for c in table.column_names if c.lower() == name.lower()]
        if not found:
            raise missing_columns_error(
                [name], table.column_names, "the answer", self.service.url
            )
        column = table[found[0]]
        if not pa.types.is_floating(column.type):
            raise CatalogueError(
                explain(
                    given=f"the column {found[0]} holds {column.type}",
                    wanted="degrees, as floating-point numbers",
                    where=self.service.url,
                    todo="name another --service, or the --table with such a column",
                )
            )
        return column.to_numpy().astype(float)

    def _write(
        self, found: list[Path], target: Path, beside: Path, overwrite: bool
    ) -> int:
        """Write the table and the queries beside it, and return its rows."""
        meta = {
            "service": self.service.url,
            "table": self.service.table,
            "window": str(self.window),
            "credit": self.service.credit,
        }
        with new_file(beside, overwrite=overwrite) as temporary:
            temporary.write_text(self._queries(found, target), encoding="utf-8")
        rows = joined(found, target, meta=meta, overwrite=overwrite)
        mark = json.dumps({"format": f"{PIECES.format}1", **meta})
        with piece_file(self.folder / PIECES.mark) as temporary:
            temporary.write_text(mark, encoding="utf-8")
        return rows

    def _queries(self, found: list[Path], target: Path) -> str:
        """Return the queries that were run, with what came of each."""
        text = [
            f"-- Queries for {target.name}, by reseau fetch",
            f"-- service: {self.service.url}",
            f"-- table:   {self.service.table}",
            f"-- window:  {self.window}",
            "-- Bounds are a little wider than tiles. Rows were cut to their tile.",
        ]
        for piece in found:
            said = said_of(piece)
            name = piece.stem.removeprefix("piece-")
            text += [
                "",
                f"-- tile {name}: {int(said['rows']):,} rows, "
                f"{said['how']}, {said['when']}",
                f"{said['adql']};",
            ]
        return "\n".join(text) + "\n"


def _said(query: str, how: str, rows: int) -> dict[str, str]:
    when = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"adql": query, "how": how, "rows": str(rows), "when": when}


__all__ = ["fetched"]
