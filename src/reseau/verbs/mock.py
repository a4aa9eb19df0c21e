"""`reseau mock forward` as a function: stars drawn from a model of the Galaxy."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from astropy.table import QTable

from reseau._threads import one_blas_thread
from reseau.catalogue import Catalogue
from reseau.datasets.dataset import digests
from reseau.engine import number_of_workers
from reseau.errors import ReseauWarning, warn
from reseau.galaxy.forward.catalogue import CATALOGUE, counted
from reseau.galaxy.forward.opening import open_sky
from reseau.galaxy.forward.run import draw_table, write_mock
from reseau.galaxy.forward.settings import MockSettings
from reseau.plates.result import versions
from reseau.plots import save
from reseau.survey.reference_errors import release_widths
from reseau.survey.star_config import ReferenceConfig
from reseau.tables.astropy_tables import to_astropy

from .mock_figures import mock_figures

Told = Callable[[int, int], None]


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
    off_map
        Stars where the map of reddening has no value; their `on_map` is false.
    folder
        Where it was written; None: nowhere.
    table
        Its rows, where it was not written.
    """

    settings: MockSettings
    counts: Mapping[str, int]
    seconds: float
    off_map: int = 0
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
            "off_map": self.off_map,
            "seconds": self.seconds,
            "output": None if self.folder is None else str(self.folder),
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for people."""
        window = self.settings.rectangle
        shown = [f"{n:,} {name}" for name, n in self.counts.items() if n]
        return [
            (
                "window",
                f"l, b = {window.l:g}, {window.b:g} deg, {window.area:.4g} deg²",
            ),
            ("limit", str(self.settings.brightest)),
            ("stars", f"{len(self):,}"),
            ("of", ", ".join(shown) or "no component"),
            *([("off map", f"{self.off_map:,}")] if self.off_map else []),
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
    figures: bool = False,
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
    figures
        Whether pictures are drawn into the directory: colours and magnitudes, counts
        on the sky, and motions. Of no stars there are none.
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
    count = number_of_workers(workers, len(sky.window.tiles()))
    table, counts = None, Counter[str]()
    with one_blas_thread():
        if output is None:
            table = draw_table(sky, workers=count, told=told)
            counts = counted(table)
        else:
            counts = write_mock(
                sky,
                chosen,
                Path(output),
                workers=count,
                overwrite=overwrite,
                told=told,
                meta={"versions": versions()},
                files=digests(chosen.files),
            )
    mock = Mock(
        settings=chosen,
        counts={name: counts[name] for name in sky.model.populations.names},
        seconds=time.perf_counter() - began,
        off_map=_off_map(table, output),
        folder=None if output is None else Path(output),
        table=table,
    )
    if figures and output is not None and len(mock):
        for name, axes in mock_figures(mock.catalogue).items():
            save(axes, Path(output) / f"{name}.png")
    return mock


def _off_map(table: pa.Table | None, output: str | Path | None) -> int:
    """Return how many stars the map of reddening has no value for, and warn."""
    if table is None:
        table = pq.read_table(Path(output or "") / CATALOGUE, columns=["on_map"])
    stars = len(table)
    found = stars - int(pc.sum(table["on_map"].cast(pa.int64())).as_py() or 0)
    if found:
        warn(
            f"{found:,} of {stars:,} stars lie where the map of reddening has no "
            "value: their reddening is that of the smooth model, and their on_map is "
            "false; take another --extinction-map or --window where it matters",
            ReseauWarning,
        )
    return found


def _widths(settings: MockSettings) -> Callable[[Any], Any] | None:
    if settings.observed == "none":
        return None
    release = "gaia-dr3" if settings.observed == "gaia" else settings.observed
    return partial(release_widths, ReferenceConfig(errors=release))


__all__ = ["Mock", "mock_forward"]
