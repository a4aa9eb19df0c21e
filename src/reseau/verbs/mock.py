"""`reseau mock forward` as a function: stars drawn from a model of the Galaxy."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from astropy.table import QTable

from reseau._threads import one_blas_thread
from reseau.catalogue import Catalogue
from reseau.datasets.dataset import digests
from reseau.engine import Outcome, each, number_of_workers
from reseau.errors import ReseauError
from reseau.galaxy.forward.catalogue import (
    CATALOGUE,
    counted,
    join_pieces,
    mock_table,
    piece_of,
    write_tile,
)
from reseau.galaxy.forward.opening import open_sky
from reseau.galaxy.forward.settings import MockSettings
from reseau.galaxy.forward.stars import Sky, column_names, tile_columns
from reseau.galaxy.forward.window import Tile
from reseau.plates.result import versions
from reseau.survey.reference_errors import release_widths
from reseau.survey.star_config import ReferenceConfig
from reseau.tables import SOLUTION_MARKS, piece_file, resumable_directory
from reseau.tables.astropy_tables import to_astropy

Told = Callable[[int, int], None]

SUMMARY = "summary.json"
FORMAT = "reseau-mock/1"


@dataclass(frozen=True)
class Mock:
    """A mock catalogue; ``print`` it for what is in it.

    Attributes
    ----------
    settings
        What it was made of.
    counts
        Stars of each component.
    seconds
        What drawing and writing took.
    folder
        Where it was written; None: nowhere.
    table
        Its rows, where it was not written.
    """

    settings: MockSettings
    counts: Mapping[str, int]
    seconds: float
    folder: Path | None = None
    table: pa.Table | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Return how many stars there are."""
        return sum(self.counts.values())

    @cached_property
    def catalogue(self) -> Catalogue:
        """The stars, Gaia's names and units; `*_true` and what made them besides."""
        if self.table is not None:
            return Catalogue(QTable(to_astropy(self.table)), name="the mock")
        return Catalogue.read(self.folder)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            **self.settings.plain(),
            "stars": len(self),
            "counts": dict(self.counts),
            "seconds": self.seconds,
            "output": None if self.folder is None else str(self.folder),
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for people."""
        window = self.settings.rectangle
        shown = [f"{n:,} {name}" for name, n in self.counts.items() if n]
        return [
            ("window", f"l, b = {window.l:g}, {window.b:g} deg, {window.area:.4g} deg²"),
            ("limit", str(self.settings.brightest)),
            ("stars", f"{len(self):,}"),
            ("of", ", ".join(shown) or "no component"),
            ("time", f"{self.seconds:.3g} s"),
        ]

    def __str__(self) -> str:
        """Return the table as text."""
        rows = self.rows()
        widest = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{widest}}  {value}" for name, value in rows)


def mock_forward(
    window: str,
    limit: str = "Hw=16",
    output: str | Path | None = None,
    *,
    workers: int | None = None,
    overwrite: bool = False,
    told: Told | None = None,
    **settings: Any,
) -> Mock:
    """Draw a catalogue of stars from a model of the Galaxy.

    Densities, isochrones, reddening and velocities give every star that is not beyond
    the limit: positions, motions and magnitudes in Gaia's columns, and what made it.

    Parameters
    ----------
    window
        Galactic l, b of the middle and full widths [deg]: ``"0.3,0,0.1,0.1"``.
    limit
        Band, one of Hw, J, H, Ks and G, and apparent magnitude, reddened.
    output
        Directory to write, with ``catalogue.parquet``; what an earlier run has begun
        there is continued. Absent: nothing is written.
    workers
        Tiles that are drawn at once; absent: one for each core. The result does not
        depend on it.
    overwrite
        Whether an earlier mock there may be replaced.
    told
        Called after each tile with how many are done, and of how many.
    **settings
        Entries of `galaxy.forward.settings.MockSettings`: ``galaxy``, ``isochrones``,
        ``extinction_map``, ``extinction_law``, ``dust_profile``, ``hw``, ``epoch``,
        ``seed``, ``binary_fraction``, ``observed``.

    Returns
    -------
    The mock: ``.catalogue`` is a `Catalogue`, ``.counts`` the stars of each component.

    Raises
    ------
    ReseauError
        A setting is wrong, a file damaged, or the output cannot be written.

    Examples
    --------
    >>> from reseau import mock_forward
    >>> mock = mock_forward("1,-3.9,0.02,0.02", "H=14", seed=1)
    >>> sorted(mock.catalogue.table.colnames)[:4]
    ['a_ks', 'age', 'b', 'component']
    """
    began = time.perf_counter()
    chosen = MockSettings(window=window, limit=limit, **settings)
    sky = open_sky(chosen, widths=_widths(chosen))
    tiles = sky.window.tiles()
    count = number_of_workers(workers, len(tiles))
    with one_blas_thread():
        if output is not None:
            counts = _write(sky, chosen, Path(output), (count, overwrite, told))
            table = None
        else:
            table = _in_memory(sky, tiles, (count, told))
            counts = counted(table)
    return Mock(
        settings=chosen,
        counts={name: counts.get(name, 0) for name in sky.model.populations.names},
        seconds=time.perf_counter() - began,
        folder=None if output is None else Path(output),
        table=table,
    )


def _widths(settings: MockSettings) -> Callable[[Any], Any] | None:
    if settings.observed == "none":
        return None
    release = "gaia-dr3" if settings.observed == "gaia" else settings.observed
    return partial(release_widths, ReferenceConfig(errors=release))


def _in_memory(
    sky: Sky, tiles: list[Tile], how: tuple[int, Told | None]
) -> pa.Table:
    count, told = how

    def one(tile: Tile) -> list[pa.Table]:
        names = sky.model.populations.names
        return [mock_table(part, names) for part in tile_columns(sky, tile)]

    found = _each(one, tiles, count, told, len(tiles))
    return pa.concat_tables([t for outcome in found for t in outcome.value])


def _each(
    one: Callable[[Tile], Any],
    tiles: list[Tile],
    count: int,
    told: Told | None,
    total: int,
) -> list[Outcome]:
    def heard(outcome: Outcome, done: int) -> None:
        del outcome
        if told is not None:
            told(total - len(tiles) + done, total)

    found = each(lambda: one, tiles, workers=count, kind="threads", told=heard)
    for outcome in found:
        if outcome.failure is not None:
            raise ReseauError(
                f"tile {outcome.address.number}: {outcome.failure.message}"
            )
    return found


def _write(
    sky: Sky,
    settings: MockSettings,
    output: Path,
    how: tuple[int, bool, Told | None],
) -> Counter[str]:
    """Write a tile after the other, then all of them as one table."""
    count, overwrite, told = how
    tiles = sky.window.tiles()
    components = sky.model.populations.names
    names = column_names(sky)
    with resumable_directory(
        output,
        identity=_identity(sky, settings),
        pieces=[*map(piece_of, tiles), CATALOGUE, SUMMARY],
        overwrite=overwrite,
        marks=SOLUTION_MARKS,
    ) as begun:
        folder = begun.folder

        def one(tile: Tile) -> int:
            parts = tile_columns(sky, tile)
            return write_tile(folder / piece_of(tile), parts, names, components)

        if not begun.is_done(SUMMARY):
            missing = [t for t in tiles if not begun.is_done(piece_of(t))]
            _each(one, missing, count, told, len(tiles))
            pieces = [piece_of(t) for t in tiles]
            counts = join_pieces(folder, pieces, names, {"mock": settings.plain()})
            _write_summary(folder, settings, counts)
        for tile in tiles:
            (folder / piece_of(tile)).unlink(missing_ok=True)
        if (folder / "tiles").is_dir():
            (folder / "tiles").rmdir()
    summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    return Counter(summary["counts"])


def _write_summary(
    folder: Path, settings: MockSettings, counts: Mapping[str, int]
) -> None:
    content = {
        "format": FORMAT,
        "settings": settings.plain(),
        "stars": sum(counts.values()),
        "counts": dict(sorted(counts.items())),
        "versions": versions(),
    }
    with piece_file(folder / SUMMARY) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _identity(sky: Sky, settings: MockSettings) -> dict[str, Any]:
    """Return what makes the content of a mock, as plain values."""
    given = (settings.isochrones, settings.extinction_map, settings.extinction_law)
    files = [Path(name) for name in given if Path(name).is_file()]
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
        "input": digests(files),
    }


__all__ = ["Mock", "mock_forward"]
