"""A mock drawn tile by tile: into memory, or into a directory that can be continued."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from reseau._threads import one_blas_thread
from reseau.engine import Outcome, each
from reseau.errors import ReseauError
from reseau.tables import SOLUTION_MARKS, Resumable, piece_file, resumable_directory

from .catalogue import CATALOGUE, join_pieces, mock_table, piece_of, write_tile
from .settings import MockSettings
from .stars import Sky, column_names, tile_columns
from .window import Tile

Told = Callable[[int, int], None]

SUMMARY = "summary.json"
FORMAT = "reseau-mock/1"


def draw_table(sky: Sky, *, workers: int = 1, told: Told | None = None) -> pa.Table:
    """Draw a mock into memory.

    Parameters
    ----------
    sky
        What is drawn from.
    workers
        Tiles at once.
    told
        Called after each tile with how many are done, and of how many.
    """
    tiles = sky.window.tiles()
    names = sky.model.populations.names

    def one(tile: Tile) -> list[pa.Table]:
        return [mock_table(part, names) for part in tile_columns(sky, tile)]

    found = _each(one, tiles, workers, told, len(tiles))
    return pa.concat_tables([table for outcome in found for table in outcome.value])


def write_mock(
    sky: Sky,
    settings: MockSettings,
    output: Path,
    *,
    workers: int = 1,
    overwrite: bool = False,
    told: Told | None = None,
    meta: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
) -> Counter[str]:
    """Draw a mock into a directory, or what an earlier run has left to be drawn.

    Parameters
    ----------
    sky, settings
        What is drawn from, and its names.
    output
        The directory.
    workers, told
        As of `draw_table`.
    overwrite
        Whether an earlier mock there may be replaced.
    meta
        More of what the summary says.
    files
        Digests of the files that were read.

    Returns
    -------
    Stars of each component.
    """
    tiles = sky.window.tiles()
    with resumable_directory(
        output,
        identity=_identity(sky, settings, files or {}),
        pieces=[*map(piece_of, tiles), CATALOGUE, SUMMARY],
        overwrite=overwrite,
        marks=SOLUTION_MARKS,
    ) as begun:
        if not begun.is_done(SUMMARY):
            counts = _draw_pieces(sky, begun, tiles, (settings, workers, told))
            _write_summary(begun.folder, settings, counts, meta or {})
        for tile in tiles:
            (begun.folder / piece_of(tile)).unlink(missing_ok=True)
        if (begun.folder / "tiles").is_dir():
            (begun.folder / "tiles").rmdir()
    summary = json.loads((output / SUMMARY).read_text(encoding="utf-8"))
    return Counter(summary["counts"])


def _draw_pieces(
    sky: Sky,
    begun: Resumable,
    tiles: list[Tile],
    how: tuple[MockSettings, int, Told | None],
) -> Counter[str]:
    """Write a piece for each tile, then all of them as one table."""
    settings, workers, told = how
    folder, names = begun.folder, column_names(sky)
    components = sky.model.populations.names

    def one(tile: Tile) -> int:
        parts = tile_columns(sky, tile)
        return write_tile(folder / piece_of(tile), parts, names, components)

    missing = [tile for tile in tiles if not begun.is_done(piece_of(tile))]
    _each(one, missing, workers, told, len(tiles))
    pieces = [piece_of(tile) for tile in tiles]
    return join_pieces(folder, pieces, names, {"mock": settings.plain()})


def _each(
    one: Callable[[Tile], Any],
    tiles: list[Tile],
    workers: int,
    told: Told | None,
    total: int,
) -> list[Outcome]:
    def heard(outcome: Outcome, done: int) -> None:
        del outcome
        if told is not None:
            told(total - len(tiles) + done, total)

    # Threads: what takes time is NumPy's, which lets others run meanwhile. Its products
    # are of three rows: more threads for these would only wait for one another.
    with one_blas_thread():
        found = each(lambda: one, tiles, workers=workers, kind="threads", told=heard)
    for outcome in found:
        if outcome.failure is not None:
            number = outcome.address.number
            raise ReseauError(f"tile {number}: {outcome.failure.message}")
    return found


def _write_summary(
    folder: Path,
    settings: MockSettings,
    counts: Mapping[str, int],
    meta: Mapping[str, Any],
) -> None:
    content = {
        "format": FORMAT,
        "settings": settings.plain(),
        "stars": sum(counts.values()),
        "counts": dict(sorted(counts.items())),
        **meta,
    }
    with piece_file(folder / SUMMARY) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _identity(
    sky: Sky, settings: MockSettings, files: Mapping[str, str]
) -> dict[str, Any]:
    """Return what makes the content of a mock, as plain values."""
    segments = hashlib.sha256()
    populations = sky.model.populations
    for values in (populations.weight, populations.magnitudes, populations.mass):
        segments.update(values.tobytes())
    return {
        "verb": "mock forward",
        "settings": settings.plain(),
        "galaxy": sky.model.galaxy.digest,
        "segments": segments.hexdigest(),
        "reddening": sky.model.dust.reddening.name,
        "input": dict(files),
    }


__all__ = ["FORMAT", "SUMMARY", "draw_table", "write_mock"]
