"""The embedded star field: what it covers, and that its file is what the code makes."""

from importlib import resources

import numpy as np
import pytest

from reseau.survey import load_starfield
from reseau.survey.starfield import FILE, QUANTA, star_columns, star_ids, to_bytes
from reseau.survey.synthesis import make_starfield


@pytest.fixture(scope="module")
def made() -> dict[str, np.ndarray]:
    return make_starfield()


def test_file_is_small():
    assert len((resources.files("reseau.survey") / "data" / FILE).read_bytes()) < 3e5


def test_file_holds_what_the_code_makes(made):
    # One unit of the last digit is left to other processors' rounding.
    embedded = load_starfield()
    again = star_columns(made)
    assert embedded.keys() == again.keys()
    np.testing.assert_array_equal(embedded["source_id"], again["source_id"])
    for name, step in (("phot_hw_mag", 0.01), ("parallax", 0.01), ("bp_rp", 0.01)):
        assert np.abs(embedded[name] - again[name]).max() < 1.5 * step
    assert np.abs(embedded["dec"] - again["dec"]).max() * 3.6e6 < 50.0


def test_bytes_are_put_back(made):
    for name, (kind, _) in QUANTA.items():
        rows = to_bytes(made[name])
        assert rows.shape == (np.dtype(kind).itemsize, len(made[name]))
        back = sum(rows[i].astype(np.int64) << (8 * i) for i in range(len(rows)))
        bits = 8 * len(rows)
        signed = np.where(back >= 1 << (bits - 1), back - (1 << bits), back)
        np.testing.assert_array_equal(signed, made[name])


def test_ids_are_unique_19_digits_and_no_float_holds_them():
    ids = load_starfield()["source_id"]
    assert ids.dtype == np.int64
    assert len(np.unique(ids)) == len(ids)
    assert len(str(ids.min())) == len(str(ids.max())) == 19
    assert np.mean(ids.astype(float).astype(np.int64) != ids) > 0.99


def test_ids_of_different_ranges_do_not_meet():
    ids = np.concatenate([star_ids(0, 200_000), star_ids(2**40, 1000)])
    assert len(np.unique(ids)) == len(ids)


def test_magnitudes_grow_in_number_towards_the_faint_end():
    field = load_starfield()
    hw = field["phot_hw_mag"]
    assert 8.0 <= hw.min() < 8.2
    assert 14.4 < hw.max() <= 14.5
    counts, _ = np.histogram(hw, [8, 9, 10, 11, 12, 13, 14])
    assert np.all(np.diff(counts) > 0)
    assert field["phot_g_mean_mag"].max() <= 20.7
    assert field["parallax"].min() > 0


def test_dust_makes_the_field_patchy():
    # Against a uniform field, whose counts in cells vary as a Poisson variable.
    field = load_starfield()
    x = (field["ra"] - field["ra"].mean()) * np.cos(np.radians(field["dec"]))
    y = field["dec"] - field["dec"].mean()
    inside = (np.abs(x) < 0.42) & (np.abs(y) < 0.42)
    counts, *_ = np.histogram2d(x[inside], y[inside], bins=10)
    assert counts.var() > 2.0 * counts.mean()


def test_bulge_and_foreground_move_differently():
    field = load_starfield()
    near = field["parallax"] > 0.5
    speed = np.hypot(field["pmra"], field["pmdec"])
    bulge = (field["parallax"] < 0.15) & (speed < 20.0)
    mean = field["pmra"][bulge].mean(), field["pmdec"][bulge].mean()
    # Sgr A*: -3.15, -5.59 mas/yr (Reid & Brunthaler 2004, ApJ 616, 872).
    np.testing.assert_allclose(mean, (-3.15, -5.59), atol=0.3)
    assert np.median(field["pmdec"][near]) > mean[1] + 2.0
