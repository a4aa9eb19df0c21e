"""Surveys of a made-up field towards the Galactic centre, with the truth in their ids.

Stars have places, motions, magnitudes and reddening; each survey sees those that are
bright enough, at its epoch, with its errors, and some that are none. The number of a
star is the identifier's last twelve digits.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

GAIA, VIRAC = 4_069_000_000_000_000_000, 7_130_000_000_000_000_000
STARS = 10**12
MADE_UP = 5 * 10**11
"""Numbers from here on are of sources that are no stars."""


@dataclass(frozen=True)
class Box:
    """Where stars are: right ascensions and declinations [deg]."""

    ra: tuple[float, float] = (266.3, 266.36)
    dec: tuple[float, float] = (-29.03, -28.98)


@dataclass(frozen=True, eq=False)
class Stars:
    """Stars as they are, at 2014.0."""

    number: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    pmra: np.ndarray
    pmdec: np.ndarray
    parallax: np.ndarray
    magnitudes: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.ra)

    def at(self, epoch: float) -> tuple[np.ndarray, np.ndarray]:
        """Return positions at an epoch [deg]."""
        years = epoch - 2014.0
        dec = self.dec + self.pmdec * years / 3.6e6
        ra = self.ra + self.pmra * years / 3.6e6 / np.cos(np.radians(self.dec))
        return ra, dec


def make_stars(
    rng: np.random.Generator, count: int, box: Box = Box(), first: int = 0
) -> Stars:
    """Return stars, evenly spread, as the surveys of the Galactic centre have them."""
    ks = 18.2 + np.log10(rng.uniform(1e-4, 1.0, count)) / 0.28
    excess = np.where(
        rng.uniform(size=count) < 0.12,
        rng.gamma(2.0, 0.2, count),
        rng.gamma(8.0, 0.32, count),
    )
    j = ks + 0.75 + 1.04 * excess + rng.normal(0, 0.08, count)
    h = ks + 0.15 + 0.36 * excess + rng.normal(0, 0.05, count)
    g = j + 1.9 + 3.0 * excess + rng.normal(0, 0.3, count)
    return Stars(
        np.arange(first, first + count),
        rng.uniform(*box.ra, count),
        rng.uniform(*box.dec, count),
        rng.normal(-3.0, 3.5, count),
        rng.normal(-5.0, 3.5, count),
        rng.gamma(2.0, 0.08, count),
        {"J": j, "H": h, "Ks": ks, "G": g},
    )


@dataclass(frozen=True, eq=False)
class Seen:
    """What a survey has: the stars' places in `Stars`, positions and magnitudes."""

    number: np.ndarray
    star: np.ndarray
    ra: np.ndarray
    dec: np.ndarray
    magnitudes: dict[str, np.ndarray]
    errors: dict[str, np.ndarray]


def see(
    rng: np.random.Generator,
    stars: Stars,
    *,
    epoch: float,
    error_mas: np.ndarray | float,
    limits: dict[str, float],
    floor: float = 0.02,
    spurious: float = 0.02,
    box: Box = Box(),
) -> Seen:
    """Observe stars: those are seen that are bright enough in the first band.

    The share that is seen falls from nearly all to few within a magnitude.
    """
    band = next(iter(limits))
    softness = (stars.magnitudes[band] - limits[band]) / 0.25
    star = np.flatnonzero(rng.uniform(size=len(stars)) < 0.97 / (1 + np.exp(softness)))
    made_up = int(spurious * len(star))
    error = np.broadcast_to(error_mas, len(stars))[star]
    ra, dec = (position[star] for position in stars.at(epoch))
    dec = dec + rng.normal(0, 1, len(star)) * error / 3.6e6
    cosine = np.cos(np.radians(dec))
    ra = ra + rng.normal(0, 1, len(star)) * error / 3.6e6 / cosine
    ra = np.concatenate([ra, rng.uniform(*box.ra, made_up)])
    dec = np.concatenate([dec, rng.uniform(*box.dec, made_up)])
    like = np.concatenate([star, rng.choice(star, made_up)])
    magnitudes, errors = {}, {}
    for name, limit in limits.items():
        true = stars.magnitudes[name][like]
        size = np.hypot(floor, 0.15 * 10 ** (0.4 * (true - limit)))
        seen = (true < limit + 0.5) | (name == band)
        size = np.minimum(size, 0.5)
        value = true + rng.normal(0, 1, len(true)) * size
        magnitudes[name] = np.where(seen, value, np.nan)
        errors[name] = np.where(seen, size, np.nan)
    base = int(stars.number[0]) if len(stars) else 0
    others = MADE_UP + base + np.arange(made_up)
    number = np.concatenate([stars.number[star], others])
    place = np.concatenate([star, np.full(made_up, -1)])
    order = rng.permutation(len(number))
    return Seen(
        number[order],
        place[order],
        ra[order],
        dec[order],
        {name: values[order] for name, values in magnitudes.items()},
        {name: values[order] for name, values in errors.items()},
    )


def _null(values: np.ndarray) -> pa.Array:
    return pa.array(values, mask=np.isnan(values))


def twomass(
    rng: np.random.Generator, stars: Stars, box: Box = Box(), limit: float = 14.6
) -> pa.Table:
    """Return the stars that 2MASS has, with the columns of IRSA."""
    limits = {"Ks": limit, "H": limit + 1.0, "J": limit + 1.8}
    seen = see(rng, stars, epoch=1999.5, error_mas=80.0, limits=limits, box=box)
    quality = np.full(len(seen.ra), "")
    for name in ("J", "H", "Ks"):
        known = np.isfinite(seen.magnitudes[name])
        quality = np.char.add(quality, np.where(known, "A", "U"))
    n = len(seen.ra)
    return pa.table(
        {
            "designation": np.char.add("T", seen.number.astype(str)),
            "ra": seen.ra % 360.0,
            "dec": seen.dec,
            "err_maj": np.full(n, 0.08),
            "err_min": np.full(n, 0.08),
            "err_ang": np.zeros(n),
            **{
                column: _null(values[band])
                for band, label in (("J", "j"), ("H", "h"), ("Ks", "k"))
                for column, values in (
                    (f"{label}_m", seen.magnitudes),
                    (f"{label}_msigcom", seen.errors),
                )
            },
            "ph_qual": quality,
            "cc_flg": np.full(n, "000"),
            "mp_flg": np.zeros(n, np.int32),
            "jdate": np.full(n, 2451545.0 - 0.5 * 365.25),
        }
    )


def sirius(rng: np.random.Generator, stars: Stars, box: Box = Box()) -> pa.Table:
    """Return the stars that SIRIUS has; zeros stand for missing magnitudes."""
    limits = {"Ks": 15.6, "H": 16.6, "J": 17.1}
    seen = see(rng, stars, epoch=2003.5, error_mas=90.0, limits=limits, box=box)
    return pa.table(
        {
            "source_id": seen.number,
            "ra": seen.ra % 360.0,
            "dec": seen.dec,
            **{
                column: np.nan_to_num(values[band])
                for band, label in (("J", "j"), ("H", "h"), ("Ks", "ks"))
                for column, values in (
                    (f"phot_{label}_mag", seen.magnitudes),
                    (f"phot_{label}_mag_error", seen.errors),
                )
            },
            "plate_name": np.full(len(seen.ra), "0000-1"),
        }
    )


def virac(rng: np.random.Generator, stars: Stars, box: Box = Box()) -> pa.Table:
    """Return the stars that VIRAC2 has, with the columns of ESO's archive."""
    error = np.clip(3.0 * 10 ** (0.2 * (stars.magnitudes["Ks"] - 14.0)), 3.0, 40.0)
    limits = {"Ks": 17.4, "H": 18.0, "J": 19.0}
    seen = see(rng, stars, epoch=2014.0, error_mas=error, limits=limits, box=box)
    star = np.where(
        seen.star >= 0, seen.star, rng.integers(0, len(stars), len(seen.ra))
    )
    n, size = len(star), error[star]
    return pa.table(
        {
            "sourceid": VIRAC + seen.number,
            "ra": seen.ra % 360.0,
            "de": seen.dec,
            "ra_error": size,
            "de_error": size,
            "pmra": stars.pmra[star] + rng.normal(0, 0.2, n) * size,
            "pmra_error": 0.2 * size,
            "pmde": stars.pmdec[star] + rng.normal(0, 0.2, n) * size,
            "pmde_error": 0.2 * size,
            **{
                column: _null(values)
                for band, label in (("J", "j"), ("H", "h"), ("Ks", "ks"))
                for column, values in (
                    (f"phot_{label}_mean_mag", seen.magnitudes[band]),
                    (f"phot_{label}_std_mag", 3.0 * seen.errors[band]),
                )
            },
            **{f"phot_{label}_n_epochs": np.full(n, 9) for label in ("j", "h", "ks")},
            "duplicate": np.zeros(n, np.int32),
        }
    )


def gaia(
    rng: np.random.Generator, stars: Stars, box: Box = Box(), limit: float = 20.7
) -> pa.Table:
    """Return the stars that Gaia has, with the columns of its archive."""
    error = np.clip(0.05 * 10 ** (0.3 * (stars.magnitudes["G"] - 15.0)), 0.02, 2.0)
    seen = see(
        rng,
        stars,
        epoch=2016.0,
        error_mas=error,
        limits={"G": limit},
        floor=0.003,
        spurious=0.005,
        box=box,
    )
    star = np.where(
        seen.star >= 0, seen.star, rng.integers(0, len(stars), len(seen.ra))
    )
    n, size = len(star), error[star]
    return pa.table(
        {
            "source_id": GAIA + seen.number,
            "ref_epoch": np.full(n, 2016.0),
            "ra": seen.ra % 360.0,
            "dec": seen.dec,
            "ra_error": size,
            "dec_error": size,
            "pmra": stars.pmra[star] + rng.normal(0, 1, n) * size,
            "pmra_error": size,
            "pmdec": stars.pmdec[star] + rng.normal(0, 1, n) * size,
            "pmdec_error": size,
            "pmra_pmdec_corr": np.zeros(n),
            "parallax": stars.parallax[star] + rng.normal(0, 1, n) * size,
            "parallax_error": size,
            "ruwe": np.where(rng.uniform(size=n) < 0.05, 2.0, 1.0),
            "radial_velocity": pa.nulls(n, pa.float64()),
            "radial_velocity_error": pa.nulls(n, pa.float64()),
            "phot_g_mean_mag": seen.magnitudes["G"],
            "phot_g_mean_flux_over_error": 1.0857362 / seen.errors["G"],
            "phot_bp_mean_mag": seen.magnitudes["G"] + 1.0,
            "phot_rp_mean_mag": seen.magnitudes["G"] - 1.0,
        }
    )


def numbers_of(merged: pa.Table) -> dict[str, np.ndarray]:
    """Return the stars' numbers in a merged table's ids; -1 where there is none."""
    found = {}
    for name, base in (
        ("gaia_source_id", GAIA),
        ("virac2_id", VIRAC),
        ("sirius_id", 0),
        ("twomass_id", 0),
    ):
        if name not in merged.column_names:
            continue
        values = merged[name].to_pylist()
        if name == "twomass_id":
            values = [None if v is None else int(v[1:]) for v in values]
        found[name] = np.array([-1 if v is None else v - base for v in values])
    return found


def write_all(folder: Path, seed: int, count: int, box: Box = Box()) -> dict[str, Path]:
    """Write four surveys of a field, each in a format of its own; return the files."""
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    stars = make_stars(rng, count, box)
    tables = {
        "2mass.parquet": twomass(rng, stars, box),
        "sirius.csv": sirius(rng, stars, box),
        "virac.fits": virac(rng, stars, box),
        "gaia.parquet": gaia(rng, stars, box),
    }
    for name, table in tables.items():
        write(table, folder / name)
    return {name: folder / name for name in tables}


def write(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet, CSV or FITS, by the name."""
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".csv":
        import pyarrow.csv as pc

        pc.write_csv(table, path)
    else:
        from astropy.table import Table

        columns = {
            n: table[n].to_numpy(zero_copy_only=False) for n in table.column_names
        }
        plain = {
            name: values.astype(str) if values.dtype == object else values
            for name, values in columns.items()
        }
        Table(plain).write(path, overwrite=True)
