"""Small plates with gross errors of every kind, as single tables, and their truth."""

import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from reseau.constants import DEGREE
from reseau.datasets import read_instrument
from reseau.errors import ReseauError
from reseau.exchange import read_detections
from reseau.model import Problem
from reseau.plates import SolveOptions, prepare
from reseau.verbs.solve import solve

CAMERA = """
name = "camera"
[optics]
focal_length_mm = {focal!r}
focal_sigma_mm = 10.0
projection = "gnomonic"
parity = {parity}
[distortion]
basis = "none"
[[detector]]
id = 1
naxis1 = 2048
naxis2 = 2048
pixel_um = 9.0
x_um = 0.0
y_um = 0.0
theta_deg = 0.0
"""
FOCAL = 1000.0
PIXEL = 9e-6
NOISE = 0.02
SIZES = (1, 2, 3, 4, 5, 6, 8, 16, 30)
LIKELIHOODS = ("normal", "student", "mixture")


class Spoilt(NamedTuple):
    """A table with errors, its camera, and the attitudes that made it.

    Attributes
    ----------
    columns
        Of the table.
    focal, parity
        That the instrument claims.
    axes
        True camera axes of each exposure.
    wrong
        Which rows were given another star.
    spoils
        What was done.
    likelihood
        What to solve it with.
    """

    columns: dict[str, np.ndarray]
    focal: float
    parity: int
    axes: np.ndarray
    wrong: np.ndarray
    spoils: tuple[str, ...]
    likelihood: str

    @property
    def n(self) -> int:
        """Return the number of stars of an exposure."""
        return self.wrong.size // len(self.axes)

    @property
    def has_truth(self) -> bool:
        """Return whether the axes are true still.

        A mirror and x and y exchanged are a turn together, and a field that was shrunk
        about one of its stars is another field.
        """
        a_turn = {"parity", "x and y exchanged"} <= set(self.spoils)
        return not a_turn and "coincident stars" not in self.spoils


def spoilt_plate(
    seed: int,
    sizes: tuple[int, ...] = SIZES,
    exposures: tuple[int, ...] = (1, 3),
    likelihoods: tuple[str, ...] = LIKELIHOODS,
    clean: bool = False,
) -> Spoilt:
    """Return a small plate with some gross errors, or with none.

    Parameters
    ----------
    seed
        Of everything.
    sizes, exposures
        Numbers of stars and of exposures to choose from.
    likelihoods
        To choose from.
    clean
        Whether nothing is spoilt.
    """
    rng = np.random.default_rng(seed)
    n, m = int(rng.choice(sizes)), int(rng.choice(exposures))
    centre = np.array([rng.uniform(0, 360), np.degrees(np.arcsin(rng.uniform(-1, 1)))])
    place = rng.uniform(-0.45, 0.45, (n, 2)) * DEGREE
    star = _towards(place) @ _axes(*(centre * DEGREE), 0.0)
    axes = np.empty((m, 3, 3))
    pixel = np.empty((m, n, 2))
    for i in range(m):
        aim = _towards(rng.normal(0, 0.03, (1, 2)) * DEGREE) @ _axes(
            *(centre * DEGREE), 0.0
        )
        ra, dec = _angles(aim)
        axes[i] = _axes(ra[0], dec[0], rng.uniform(0, 2 * np.pi))
        seen = star @ axes[i].T
        pixel[i] = seen[:, :2] / seen[:, 2:] * [-1, 1] * FOCAL * 1e-3 / PIXEL + 1023.5
    ra, dec = (np.degrees(a) for a in _angles(star))
    pixel += rng.normal(0, NOISE, pixel.shape)
    columns = {
        "exposure_id": np.repeat(np.arange(m), n),
        "source_id": np.tile(np.arange(n) + 3_017_360_000_000_000_000, m),
        "x": pixel[..., 0].ravel(),
        "y": pixel[..., 1].ravel(),
        "x_error": np.full(n * m, NOISE),
        "y_error": np.full(n * m, NOISE),
        "ra": np.tile(ra % 360.0, m),
        "dec": np.tile(dec, m),
    }
    plate = Spoilt(
        columns,
        FOCAL,
        -1,
        axes,
        np.zeros(n * m, dtype=bool),
        (),
        str(rng.choice(likelihoods)),
    )
    spoils = rng.choice(list(SPOILS), size=int(rng.choice([0, 1, 1, 1, 2])))
    spoils = spoils[:0] if clean else spoils
    for name in spoils:
        plate = SPOILS[name](plate, rng)
        plate = plate._replace(spoils=(*plate.spoils, str(name)))
    return plate


def solve_spoilt(
    plate: Spoilt, folder: Path, *, write: bool = False, **choices: Any
) -> dict[str, Any]:
    """Solve a plate as the command does.

    Parameters
    ----------
    plate
        As `spoilt_plate` made it.
    folder
        For its files.
    write
        Whether the solution is written as well.
    **choices
        More options.

    Returns
    -------
    Exit code, message or sentences, and `off`: χ² of three degrees of freedom of each
    exposure's attitude against the truth.
    """
    table, camera = _write(plate, folder)
    options = SolveOptions(
        instrument=str(camera),
        columns="x=x[pix],y=y[pix]",
        likelihood=plate.likelihood,
        **choices,
    )
    try:
        with warnings.catch_warnings():
            # Coincident stars are said, and solved.
            warnings.filterwarnings(
                "ignore", message=".*identifiers in source_id stand"
            )
            solved = solve(
                table,
                folder / "out" if write else None,
                options=options,
                overwrite=True,
            )
    except ReseauError as error:
        return {"exit": error.exit_code, "said": str(error)}
    json.dumps(solved.summary)
    out: dict[str, Any] = {
        "exit": solved.exit_code,
        "said": "\n".join([*solved.sentences, solved.summary["message"]]),
    }
    if solved.exit_code == 0:
        layout = solved.prepared.problem.layout
        own = np.arange(layout.n_exposures)[:, None] * 5 + np.arange(3)
        covariance = solved.solution.shared_covariance[own[:, :, None], own[:, None, :]]
        off = _steps(np.asarray(solved.solution.parameters.axes), plate.axes)
        out["off"] = np.einsum(
            "mi,mi->m", off, np.linalg.solve(covariance, off[..., None])[..., 0]
        )
        strays = solved.summary.get("strays", {"measurements": []})["measurements"]
        out["named"] = [s["source_id"] for s in strays if s["certain"]]
    return out


def credible(said: str) -> bool:
    """Return whether a verdict finds nothing wrong."""
    bad = ("does NOT", "underestimated", "far from where", "do not fit together")
    bad += ("no degrees of freedom", "too few degrees", "beyond", "overestimated")
    bad += ("far smaller", "did NOT", "find the cause before using")
    bad += ("the nominal focal length is off",)
    return not any(word in said for word in bad)


def plate_of_pairs(n: int, *, seed: int) -> tuple[Problem, np.ndarray]:
    """Return one exposure of `n` fixed references, none wrong, and its axes."""
    plate = spoilt_plate(seed, sizes=(n,), exposures=(1,), clean=True)
    columns = plate.columns
    with TemporaryDirectory() as folder:
        table, camera = _write(plate, Path(folder))
        options = SolveOptions(instrument=str(camera), columns="x=x[pix],y=y[pix]")
        dataset = read_detections(
            table,
            instrument=read_instrument(options.instrument),
            columns=options.columns,
        )
    prepared = prepare(dataset)
    assert np.array_equal(prepared.source_id, columns["source_id"])
    return prepared.problem, plate.axes


def _write(plate: Spoilt, folder: Path) -> tuple[Path, Path]:
    """Write the table and the camera of a plate."""
    names = list(plate.columns)
    rows = zip(*(plate.columns[name].tolist() for name in names), strict=True)
    lines = [",".join(names), *(",".join(repr(v) for v in row) for row in rows)]
    table, camera = folder / "stars.csv", folder / "camera.toml"
    table.write_text("\n".join(lines) + "\n")
    camera.write_text(CAMERA.format(focal=plate.focal, parity=plate.parity))
    return table, camera


def _towards(place: np.ndarray) -> np.ndarray:
    """Return unit vectors of tangent coordinates, along x, y and the axis."""
    c = np.concatenate([place, np.ones((len(place), 1))], axis=1)
    return c / np.linalg.norm(c, axis=1, keepdims=True)


def _axes(ra: float, dec: float, pa: float) -> np.ndarray:
    """Return camera axes, rows x, y, a."""
    a = np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.cross(a, east)
    x = east * np.cos(pa) - north * np.sin(pa)
    return np.stack([x, east * np.sin(pa) + north * np.cos(pa), a])


def _angles(star: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.arctan2(star[:, 1], star[:, 0]), np.arcsin(np.clip(star[:, 2], -1, 1))


def _steps(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Return steps east, north and in roll from found axes to the true ones."""
    axis = found[:, 2]
    east = np.stack([-axis[:, 1], axis[:, 0], np.zeros(len(axis))], axis=1)
    east /= np.linalg.norm(east, axis=1, keepdims=True)
    north = np.cross(axis, east)
    k = 0.5 * np.sum(np.cross(found, true), axis=1)
    return np.stack(
        [np.sum(k * north, 1), -np.sum(k * east, 1), -np.sum(k * axis, 1)], axis=1
    )


def _changed(plate: Spoilt, **columns: np.ndarray) -> Spoilt:
    return plate._replace(columns=plate.columns | columns)


def _renamed(plate: Spoilt, to: np.ndarray, rows: np.ndarray) -> Spoilt:
    """Give rows the ids and positions of other rows."""
    columns = {
        name: np.where(rows, plate.columns[name][to], plate.columns[name])
        for name in ("source_id", "ra", "dec")
    }
    return _changed(plate, **columns)._replace(wrong=plate.wrong | rows)


def _wrong_pairs(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    """Exchange some stars, on all exposures."""
    n = plate.n
    some = rng.choice(n, min(n, int(rng.integers(1, max(2, n // 4 + 1)))), False)
    to = np.arange(n)
    if some.size == 1:
        return _displaced(plate, rng)
    to[some] = np.roll(some, 1)
    m = plate.wrong.size // n
    every = (np.arange(m)[:, None] * n + to).ravel()
    return _renamed(plate, every, np.tile(to != np.arange(n), m))


def _displaced(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    """Give one star another position."""
    n = plate.n
    row = np.arange(plate.wrong.size) % n == rng.integers(n)
    off = rng.normal(0, 10 ** rng.uniform(-4, 1), 2)
    return _changed(
        plate,
        ra=np.where(row, (plate.columns["ra"] + off[0]) % 360.0, plate.columns["ra"]),
        dec=np.where(
            row, np.clip(plate.columns["dec"] + off[1], -90, 90), plate.columns["dec"]
        ),
    )._replace(wrong=plate.wrong | row)


def _outlier(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    """Give one measurement another place."""
    row = np.arange(plate.wrong.size) == rng.integers(plate.wrong.size)
    off = rng.normal(0, 10 ** rng.uniform(-1, 3))
    return _changed(plate, x=plate.columns["x"] + off * row)._replace(
        wrong=plate.wrong | row
    )


def _parity(plate: Spoilt, _rng: np.random.Generator) -> Spoilt:
    return plate._replace(parity=-plate.parity)


def _exchanged_xy(plate: Spoilt, _rng: np.random.Generator) -> Spoilt:
    return _changed(plate, x=plate.columns["y"], y=plate.columns["x"])


def _exchanged_sky(plate: Spoilt, _rng: np.random.Generator) -> Spoilt:
    ra = np.where(plate.columns["ra"] > 180, plate.columns["ra"] - 360, 0)
    return _changed(plate, ra=plate.columns["dec"] % 360, dec=np.clip(ra, -90.0, 90.0))


def _hours(plate: Spoilt, _rng: np.random.Generator) -> Spoilt:
    return _changed(plate, ra=plate.columns["ra"] / 15.0)


def _radians(plate: Spoilt, _rng: np.random.Generator) -> Spoilt:
    return _changed(
        plate,
        ra=np.radians(plate.columns["ra"]),
        dec=np.radians(plate.columns["dec"]),
    )


def _scale(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    return plate._replace(focal=FOCAL * 10 ** rng.uniform(-2, 2))


def _focal(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    return plate._replace(focal=FOCAL * (1 + rng.normal(0, 0.05)))


def _constant(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    name = rng.choice(["x", "y", "ra", "dec"])
    value = plate.columns[name][0]
    return _changed(plate, **{str(name): np.full(plate.wrong.size, value)})


def _coincident(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    """Put all stars, and their images, in one point, or nearly."""
    near = 10 ** rng.uniform(-9, 0) * (rng.uniform() < 0.7)
    columns = {}
    for name in ("x", "y", "ra", "dec"):
        values = plate.columns[name]
        columns[name] = values[0] + near * (values - values[0])
    return _changed(plate, **columns)


def _collinear(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    """Keep stars on a line through detections and sky alike: a great circle."""
    n = plate.n
    columns = dict(plate.columns)
    m = len(plate.axes)
    t = np.linspace(-900.0, 900.0, n) + rng.normal(0, NOISE, n)
    for i in range(m):
        part = slice(i * n, (i + 1) * n)
        columns["x"][part], columns["y"][part] = 1023.5 + t, 1023.5
    place = np.stack([-t * PIXEL / (FOCAL * 1e-3), np.zeros(n)], axis=1)
    ra, dec = _angles(_towards(place) @ plate.axes[0])
    columns["ra"], columns["dec"] = (np.tile(np.degrees(a), m) for a in (ra, dec))
    columns["ra"] = columns["ra"] % 360.0
    axes = np.repeat(plate.axes[:1], m, axis=0)
    return plate._replace(columns=columns, axes=axes)


def _same_pixels(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    some = rng.uniform(size=plate.wrong.size) < rng.uniform()
    x, y = plate.columns["x"], plate.columns["y"]
    return _changed(plate, x=np.where(some, x[0], x), y=np.where(some, y[0], y))


def _huge(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    name = str(rng.choice(["x", "y", "x_error", "y_error"]))
    row = rng.integers(plate.wrong.size)
    values = np.array(plate.columns[name])
    values[row] = 10 ** rng.uniform(3, 300) * rng.choice([-1, 1])
    return _changed(plate, **{name: values})


def _tiny_errors(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    size = np.full(plate.wrong.size, 10 ** rng.uniform(-15, -3))
    return _changed(plate, x_error=size, y_error=size)


def _garbage(plate: Spoilt, rng: np.random.Generator) -> Spoilt:
    size = plate.wrong.size
    return _changed(
        plate, x=rng.uniform(0, 2048, size), y=rng.uniform(0, 2048, size)
    )._replace(wrong=np.ones(size, dtype=bool))


SPOILS = {
    "wrong pairs": _wrong_pairs,
    "one star displaced": _displaced,
    "one outlier": _outlier,
    "parity": _parity,
    "x and y exchanged": _exchanged_xy,
    "ra and dec exchanged": _exchanged_sky,
    "hours": _hours,
    "radians": _radians,
    "scale": _scale,
    "focal length": _focal,
    "constant column": _constant,
    "coincident stars": _coincident,
    "stars in a line": _collinear,
    "identical pixels": _same_pixels,
    "huge value": _huge,
    "tiny errors": _tiny_errors,
    "garbage": _garbage,
}

__all__ = [
    "SPOILS",
    "Spoilt",
    "credible",
    "plate_of_pairs",
    "solve_spoilt",
    "spoilt_plate",
]
