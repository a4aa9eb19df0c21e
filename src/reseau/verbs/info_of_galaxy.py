"""What a model of the Galaxy, a mock and a merged catalogue are, for `reseau info`."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau.galaxy.forward.window import read_window
from reseau.galaxy.merging.layout import FLAGS
from reseau.galaxy.model import Galaxy

Facts = list[tuple[str, str]]

_THIN = re.compile(r"^thin\d+$")
"""Names of components that are counted together."""

BANDS = {
    "phot_j_mag": "J",
    "phot_h_mag": "H",
    "phot_ks_mag": "Ks",
    "phot_hw_mag": "Hw",
    "phot_g_mean_mag": "G",
    "parallax": "parallax",
    "pmra": "proper motion",
}
"""Columns of a merged catalogue whose known values are counted."""


def galaxy_facts(galaxy: Galaxy) -> Facts:
    """Return names and values of a model of the Galaxy, for people.

    Parameters
    ----------
    galaxy
        The model.
    """
    frame = galaxy.frame
    u, v, w = frame.sun_velocity
    l, b = frame.centre  # noqa: E741
    sun = galaxy.mass_density(np.array([[-frame.r0, 0.0, 0.0]]))[:, 0]
    own = []
    for component, density in zip(galaxy.components, sun, strict=True):
        here = f", {density:.3g} M☉/pc³ at the Sun" if density > 0.0 else ""
        text = f"{component.kind}, {component.age:.3g} Gyr{here}"
        own.append((component.name, text))
    return [
        ("name", f"{galaxy.name}, version {galaxy.version}"),
        ("digest", galaxy.digest[:16]),
        ("centre", f"Sgr A* at l, b = {l:.6f}, {b:.6f} deg, {frame.r0:g} pc away"),
        ("Sun", f"{frame.z_sun:g} pc above the plane, {u:.1f}, {v:.1f}, {w:.2f} km/s"),
        ("components", f"{len(galaxy.components)}; densities are with remnants"),
        *own,
    ]


def mock_facts(folder: Path) -> Facts:
    """Return names and values of a mock catalogue, for people.

    Parameters
    ----------
    folder
        Its directory.
    """
    found = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    settings: dict[str, Any] = found["settings"]
    window = read_window(settings["window"])
    counts: Counter[str] = Counter()
    for name, n in sorted(found["counts"].items()):
        counts[_THIN.sub("thin disc", name)] += n
    return [
        (
            "window",
            f"l, b = {window.l:g}, {window.b:g} deg, {window.dl:g} x {window.db:g} deg",
        ),
        ("limit", str(settings["limit"])),
        ("stars", f"{found['stars']:,}"),
        ("of", ", ".join(f"{n:,} {name}" for name, n in counts.items() if n)),
        ("Galaxy", str(settings["galaxy"])),
        ("isochrones", str(settings["isochrones"])),
        (
            "extinction",
            f"map {settings['extinction_map']}, law {settings['extinction_law']}, "
            f"profile {settings['dust_profile']}",
        ),
        ("errors", _errors(str(settings["observed"]))),
        ("binaries", f"{100 * settings['binary_fraction']:g} %"),
        ("seed", str(settings["seed"])),
    ]


def _errors(observed: str) -> str:
    if observed == "none":
        return "none: all columns are true"
    return f"{observed}; true values in columns *_true"


def merged_facts(path: Path, table: pa.Table) -> Facts:
    """Return names and values of a merged catalogue, for people.

    Parameters
    ----------
    path
        Its file, whose header says what was merged.
    table
        What is in it.
    """
    header = pq.read_schema(path).metadata
    told = json.loads(header[b"reseau"])
    files = [str(one.get("name")) for one in told.get("inputs", [])]
    positions = Counter(table["position_source"].to_pylist())
    flags = table["flags"].to_numpy()
    raised = {
        name: int(np.count_nonzero(flags & bit)) for name, (bit, _) in FLAGS.items()
    }
    known = [
        f"{label} {table.num_rows - table[name].null_count:,}"
        for name, label in BANDS.items()
        if name in table.column_names
    ]
    return [
        ("input", ", ".join(files) or "unknown"),
        ("window", _window(told.get("window"))),
        ("sources", f"{table.num_rows:,}"),
        ("known", ", ".join(known)),
        (
            "positions of",
            ", ".join(f"{mark} {n:,}" for mark, n in positions.most_common()),
        ),
        ("flags", ", ".join(f"{k} {n:,}" for k, n in raised.items() if n) or "none"),
    ]


def _window(told: dict[str, float] | None) -> str:
    if not told:
        return "all that the files hold"
    return ", ".join(f"{name} {value:g}" for name, value in told.items())


__all__ = ["galaxy_facts", "merged_facts", "mock_facts"]
