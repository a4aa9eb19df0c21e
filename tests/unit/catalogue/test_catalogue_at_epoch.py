"""Catalogues at other epochs: against pygaia, with everything that tables lack."""

import warnings
from typing import Any

import astropy.units as u
import erfa
import jax
import numpy as np
import pytest
from astropy.table import MaskedColumn, QTable
from astropy.time import Time
from astropy.utils.masked import Masked
from numpy import ndarray
from pygaia.astrometry.coordinates import EpochPropagation
from pygaia.utils import construct_covariance_matrix

from reseau.catalogue import PARAMETERS, Catalogue, WidePrior
from reseau.catalogue.parameters import CORRELATIONS
from reseau.constants import MILLIARCSECOND
from reseau.errors import (
    CatalogueError,
    ConfigError,
    MissingAstrometryWarning,
    UnitError,
)

BIG = 4057480204110713985
UNITS = dict(
    zip(PARAMETERS, ("deg", "deg", "mas", "mas/yr", "mas/yr", "km/s"), strict=True)
)
FIVE = PARAMETERS[:5]
GAIA_ORDER = [f"{p}_error" for p in FIVE] + [
    c for c in CORRELATIONS if "radial" not in c
]


def table(n: int = 40, seed: int = 1, **changes: Any) -> QTable:
    """Return a table as Gaia's: a pole, the RA wrap and a negative parallax in it."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    values = [ra, dec, rng.lognormal(0, 1.5, n), *rng.normal(0, 60, (2, n))]
    found = QTable({"source_id": BIG + np.arange(n)})
    found["ref_epoch"] = np.where(np.arange(n) % 3, 2016.0, 2015.5) * u.yr
    values.append(rng.normal(0, 50, n))
    if n >= 4:
        dec[0], ra[1], values[2][2] = 90.0, 360.0 - 1e-9, -0.4
        values[3][1] = 500.0
    for name, column in zip(PARAMETERS, values, strict=True):
        found[name] = column * u.Unit(UNITS[name])
        width = "mas" if name in ("ra", "dec") else UNITS[name]
        found[f"{name}_error"] = rng.uniform(0.05, 0.5, n) * u.Unit(width)
    roots = rng.normal(size=(n, 5, 9))
    covariance = roots @ np.swapaxes(roots, 1, 2)
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    ratio = covariance / sigma[:, :, None] / sigma[:, None, :]
    pairs = zip(*np.triu_indices(5, k=1), strict=True)
    for (i, j), name in zip(pairs, GAIA_ORDER[5:], strict=True):
        found[name] = ratio[:, i, j]
    found["phot_g_mean_mag"] = rng.uniform(8, 20, n) * u.mag
    found["designation"] = [f"star {i}" for i in range(n)]
    for name, column in changes.items():
        found[name] = column
    return found


def plain(t: QTable, names: Any) -> ndarray:
    return np.stack([np.asarray(getattr(t[c], "value", t[c])) for c in names])


def pygaias(t: QTable, epoch: float) -> tuple[ndarray, ndarray]:
    """Return means (the last is the radial motion) and covariances by pygaia [mas]."""
    means = plain(t, PARAMETERS)
    means[:2] = np.radians(means[:2])
    columns = plain(t, GAIA_ORDER).T
    error = t["radial_velocity_error"].value
    matrix = construct_covariance_matrix(columns, means[2], means[5], error)
    move = EpochPropagation().propagate_astrometry_and_covariance_matrix
    return move(means, matrix, t["ref_epoch"].value, np.full(len(t), epoch))


def vectors(t: QTable) -> ndarray:
    return erfa.s2c(t["ra"].to_value("rad"), t["dec"].to_value("rad"))


def test_it_is_pygaias():
    """Per-row epochs, pole, RA wrap, negative parallax; all errors and correlations."""
    given = table()
    moved = Catalogue(given).at_epoch(2030.25).table
    means, covariance = pygaias(given, 2030.25)
    apart = np.linalg.norm(vectors(moved) - erfa.s2c(means[0], means[1]), axis=1)
    assert apart.max() < 1e-5 * MILLIARCSECOND
    # On the pole pygaia's East is that of rounded angles.
    np.testing.assert_allclose(
        plain(moved, FIVE[2:])[:, 1:], means[2:5, 1:], rtol=1e-9, atol=1e-9
    )
    sigma = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    found = plain(moved, GAIA_ORDER)
    np.testing.assert_allclose(found[:5, 1:], sigma[1:, :5].T, rtol=1e-9)
    ratio = covariance / sigma[:, :, None] / sigma[:, None, :]
    wanted = np.stack(
        [ratio[:, i, j] for i, j in zip(*np.triu_indices(5, 1), strict=True)]
    )
    np.testing.assert_allclose(found[5:, 1:], wanted[:, 1:], atol=1e-9)
    assert moved["ra"][1] < 1 * u.deg
    assert np.all(found[:5] > 0)
    np.testing.assert_array_equal(moved["ref_epoch"].value, 2030.25)


def test_what_is_not_moved_stays():
    given = table()
    before = given.copy()
    moved = Catalogue(given, name="gaia").at_epoch(2030.0)
    assert moved.name == "gaia"
    for name in ("source_id", "phot_g_mean_mag", "designation"):
        np.testing.assert_array_equal(moved.table[name], given[name])
    assert moved.table.colnames[: len(given.colnames)] == given.colnames
    for name in before.colnames:
        np.testing.assert_array_equal(given[name], before[name])
        assert getattr(moved.table[name], "unit", None) == getattr(
            given[name], "unit", None
        )
    facts = moved.table.meta["at_epoch"]
    assert facts["from"] == [2015.5, 2016.0]
    assert facts["to"] == 2030.0
    assert not facts["light_time"]
    assert not any(facts["missing"].values())
    assert "at_epoch" not in given.meta


def test_units_and_descriptions_are_the_tables_own():
    given = table()
    other = given.copy()
    other["ra"] = given["ra"].to(u.rad)
    other["pmra"] = given["pmra"].to(u.arcsec / u.yr)
    other["ra_error"] = given["ra_error"].to(u.uas)
    other["parallax"] = MaskedColumn(given["parallax"].value, mask=False)
    other["parallax"].description = "one over the distance"
    wanted = Catalogue(given).at_epoch(2030.0).table
    found = Catalogue(other).at_epoch(2030.0).table
    assert found["ra"].unit == u.rad
    assert found["ra_error"].unit == u.uas
    assert isinstance(found["parallax"], MaskedColumn)
    assert found["parallax"].info.description == "one over the distance"
    for name in ("ra", "pmra", "ra_error"):
        change = (found[name] - wanted[name]).to_value(wanted[name].unit)
        np.testing.assert_allclose(change, 0.0, atol=1e-11)
    np.testing.assert_allclose(found["parallax"], wanted["parallax"].value, rtol=1e-13)
    other["ra_error"] = given["ra_error"].value * u.km
    with pytest.raises(UnitError, match="ra_error"):
        Catalogue(other).at_epoch(2030.0)


@pytest.mark.parametrize("light_time", [False, True])
def test_it_is_undone(light_time):
    """There and back, correlations with the radial velocity included."""
    given = table()[1:]
    there = Catalogue(given).at_epoch(2046.0, light_time=light_time)
    for epoch in (2015.5, 2016.0):
        rows = given["ref_epoch"].value == epoch
        back = Catalogue(there.table[rows]).at_epoch(epoch, light_time=light_time).table
        start = given[rows]
        assert np.abs(vectors(back) - vectors(start)).max() < 1e-14
        for name in GAIA_ORDER + list(PARAMETERS[2:]):
            np.testing.assert_allclose(
                plain(back, [name]), plain(start, [name]), rtol=1e-6, atol=1e-6
            )


def test_nothing_happens_at_the_same_epoch():
    given = table()[1:]
    given = given[given["ref_epoch"].value == 2016.0]
    time = Time(2016.0, format="jyear", scale="tcb")
    moved = Catalogue(given).at_epoch(time).table
    for name in (*PARAMETERS, *GAIA_ORDER):
        np.testing.assert_allclose(
            plain(moved, [name]), plain(given, [name]), rtol=1e-12, atol=1e-12
        )


def test_times_of_all_scales_are_one():
    time = Time("2026-03-01T12:00:00", scale="utc")
    expected = time.tcb.jyear
    for given in (time, time.tdb, Time(time.jd, format="jd", scale="utc"), expected):
        moved = Catalogue(table(3)).at_epoch(given).table
        assert moved["ref_epoch"][0].value == pytest.approx(expected, abs=1e-9)


def test_light_time_is_an_option():
    barnard = table(1, ra=[269.44850252543836] * u.deg, dec=[4.739420051112412] * u.deg)
    barnard["parallax"] = [546.9759] * u.mas
    barnard["pmra"], barnard["pmdec"] = (
        [v] * u.mas / u.yr for v in (-801.551, 10362.394)
    )
    barnard["radial_velocity"] = [-110.47] * u.km / u.s
    start = Catalogue(barnard)
    epoch = float(barnard["ref_epoch"][0].value) + 10
    without = vectors(start.at_epoch(epoch).table)
    moved = start.at_epoch(epoch, light_time=True).table
    apart = np.linalg.norm(vectors(moved) - without) / MILLIARCSECOND * 1000
    assert 11.5 < apart < 12.5
    assert moved.meta["at_epoch"]["light_time"] is True


@pytest.mark.unchecked
def test_missing_parameters_count_as_wide_and_stay_missing():
    given = table(4)
    given["pmra"] = Masked(given["pmra"], mask=[False, True, False, False])
    given["parallax"][2] = np.nan
    del given["radial_velocity"], given["radial_velocity_error"]
    with pytest.warns(MissingAstrometryWarning) as caught:
        found = Catalogue(given, name="mine").at_epoch(2026.0)
    (text,) = (str(w.message) for w in caught)
    assert "mine: of 4 sources 1 lack a parallax, 1 a proper motion and 4 a rad" in text
    assert caught[0].filename == __file__
    moved = found.table
    assert moved.meta["at_epoch"]["missing"] == {
        "parallax": 1,
        "proper_motion": 1,
        "radial_velocity": 4,
        "errors": 0,
    }
    # It moves by the component that is known; for the other, the error grows.
    shift = (moved["ra"][1] - given["ra"][1]).to_value("mas")
    assert abs(shift) < 1e-3 * abs(moved["dec"][1] - given["dec"][1]).to_value("mas")
    years = 2026.0 - given["ref_epoch"][1].value
    wanted = np.hypot(given["ra_error"][1].value, 10 * years)
    assert moved["ra_error"][1].value == pytest.approx(wanted, rel=1e-9)
    assert moved["pmra"].mask.tolist() == [False, True, False, False]
    assert np.isfinite(moved["pmdec"][1])
    assert np.isfinite(moved["pmdec_error"][1])
    assert np.isnan(moved["ra_pmra_corr"][1])
    assert np.isfinite(moved["ra_pmdec_corr"][1])
    assert np.isfinite(moved["ra_dec_corr"]).all()
    assert np.isnan(moved["parallax"][2])
    assert np.isnan(moved["ra_parallax_corr"][2])
    assert np.isfinite(moved["pmra"][2])
    assert "radial_velocity" not in moved.colnames
    assert "ra_radial_velocity_corr" not in moved.colnames


def test_wide_priors_can_be_chosen():
    given = table(2)
    del given["pmra"], given["pmdec"], given["pmra_error"], given["pmdec_error"]
    with pytest.warns(MissingAstrometryWarning, match=r"0 ± 2 mas/yr"):
        found = (
            Catalogue(given).at_epoch(2026.0, wide=WidePrior(proper_motion=2.0)).table
        )
    years = 2026.0 - given["ref_epoch"].value
    wanted = np.hypot(given["dec_error"].value, 2 * years)
    # The radial velocity makes distances, and with them the spread, differ by 1e-6.
    np.testing.assert_allclose(found["dec_error"].value, wanted, rtol=5e-6)
    assert found.meta["at_epoch"]["wide_prior"]["proper_motion"] == 2.0


def test_missing_radial_velocity_of_a_near_star_widens_its_place():
    """σ_v ϖ/A μ t² of Barnard's star is 58 mas after ten years: not zero."""
    near = table(1, parallax=[546.9759] * u.mas, pmdec=[10362.394] * u.mas / u.yr)
    del near["radial_velocity"], near["radial_velocity_error"]
    near["pmdec_error"] = [0.001] * u.mas / u.yr
    with pytest.warns(MissingAstrometryWarning, match="1 a radial velocity"):
        found = Catalogue(near).at_epoch(near["ref_epoch"][0].value + 10).table
    zeta = 100.0 * 546.9759 / 4.740470463533349 * MILLIARCSECOND
    wanted = zeta * 10362.394 * 100.0
    assert found["dec_error"][0].value == pytest.approx(wanted, rel=0.01)
    assert wanted > 50.0


def test_values_without_errors_are_used():
    given = table(3)
    given["pmra_error"] = Masked(given["pmra_error"], mask=[True, False, False])
    with pytest.warns(MissingAstrometryWarning, match="1 values without errors"):
        moved = Catalogue(given).at_epoch(2026.0).table
    positions = Catalogue(given).at_epoch(2026.0, covariance=False).table
    np.testing.assert_array_equal(moved["ra"], positions["ra"])
    assert moved["ra"][0] != given["ra"][0]
    assert moved["ra_error"][0] > 100 * u.mas
    assert np.isfinite(moved["pmra"]).all()
    assert moved["pmra_error"].mask.tolist() == [True, False, False]


def test_positions_without_errors_move_without():
    given = table(3)
    given["ra_error"][1] = np.nan
    moved = Catalogue(given).at_epoch(2026.0).table
    assert np.isnan(moved["ra_error"]).tolist() == [False, True, False]
    assert np.isnan(moved["ra_pmra_corr"]).tolist() == [False, True, False]
    assert moved["ra"][1] != given["ra"][1]
    assert np.isfinite(moved["pmra_error"]).all()


def test_only_positions_are_needed():
    given = table(5)[["ref_epoch", "ra", "dec"]]
    with pytest.warns(MissingAstrometryWarning, match="5 a proper motion"):
        moved = Catalogue(given).at_epoch(2026.0).table
    assert moved.colnames == ["ref_epoch", "ra", "dec"]
    np.testing.assert_allclose(vectors(moved), vectors(given), atol=1e-15)


def test_without_covariance_no_error_is_left():
    given = table()
    moved = Catalogue(given).at_epoch(2030.0, covariance=False).table
    wanted = Catalogue(given).at_epoch(2030.0).table
    assert not [c for c in moved.colnames if c.endswith(("_error", "_corr"))]
    for name in PARAMETERS:
        np.testing.assert_allclose(
            plain(moved, [name]), plain(wanted, [name]), rtol=1e-14, atol=1e-14
        )


@pytest.mark.parametrize("n", [3000, 70_000])
def test_rows_do_not_depend_on_chunks(n):
    """More rows than chunks of either size have, the last chunk filled up."""
    small = table(40)
    many = QTable({c: np.resize(small[c], n) for c in small.colnames[:14]})
    for name in small.colnames[:14]:
        if getattr(small[name], "unit", None) is not None:
            many[name] = np.resize(small[name].value, n) * small[name].unit
    moved = Catalogue(many).at_epoch(2030.0).table
    few = Catalogue(many[-17:]).at_epoch(2030.0).table
    for name in PARAMETERS:
        np.testing.assert_allclose(
            plain(moved[-17:], [name]), plain(few, [name]), rtol=1e-14, atol=1e-13
        )


def test_an_empty_table_stays_empty():
    assert len(Catalogue(table(3)[:0]).at_epoch(2030.0)) == 0


def test_x64_is_its_own_affair():
    with jax.enable_x64(False):
        found = Catalogue(table()).at_epoch(2030.0).table
        assert not jax.config.jax_enable_x64
    np.testing.assert_array_equal(
        found["ra"], Catalogue(table()).at_epoch(2030.0).table["ra"]
    )


IMPOSSIBLE = [
    ("dec", 91.5, "91.5"),
    ("dec", np.nan, "nan"),
    ("ra", np.nan, "nan"),
    ("ref_epoch", np.nan, "nan"),
    ("ref_epoch", 2457389.0, "2457389"),
    ("parallax", np.inf, "inf"),
    ("pmra", -np.inf, "inf"),
    ("pmdec", 1e7, "10000000"),
    ("radial_velocity", -3e5, "-300000"),
    ("parallax_error", -0.1, "-0.1"),
    ("ra_dec_corr", 1.5, "1.5"),
]


@pytest.mark.parametrize(("name", "value", "shown"), IMPOSSIBLE)
def test_impossible_values_name_row_and_value(name, value, shown):
    given = table(5)
    unit = getattr(given[name], "unit", None)
    given[name][3] = value * unit if unit else value
    pattern = rf"(?s){name}.*row 3 \(source_id {BIG + 3}\) has .*{shown}.*where:  mine"
    with pytest.raises(CatalogueError, match=pattern):
        Catalogue(given, name="mine").at_epoch(2026.0)


def test_absent_columns_are_named_with_near_misses():
    given = table(2)
    given.rename_column("ref_epoch", "epoch")
    with pytest.raises(CatalogueError, match="lacks the column ref_epoch"):
        Catalogue(given).at_epoch(2026.0)
    given.rename_columns(given.colnames, [name.upper() for name in given.colnames])
    with pytest.raises(CatalogueError, match="ra: is it RA"):
        Catalogue(given).at_epoch(2026.0)


def test_text_is_refused():
    given = table(2, parallax=["3.1", "n/a"])
    with pytest.raises(CatalogueError, match=r"(?s)parallax holds.*numbers"):
        Catalogue(given).at_epoch(2026.0)


def test_contradicting_correlations_are_refused():
    given = table(3)
    for name, value in zip(
        ("ra_dec_corr", "ra_parallax_corr", "dec_parallax_corr"),
        (0.9, 0.9, -0.9),
        strict=True,
    ):
        given[name][1] = value
    with pytest.raises(CatalogueError, match=rf"(?s)contradict.*rows 1.*{BIG + 1}"):
        Catalogue(given).at_epoch(2026.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Catalogue(given).at_epoch(2026.0, covariance=False)


def test_faster_than_light_is_refused_where_light_takes_time():
    given = table(3)
    given["parallax"][1] = 0.001 * u.mas
    given["parallax_error"][1] = 1e-5 * u.mas
    given["pmra"][1] = 1000 * u.mas / u.yr
    Catalogue(given).at_epoch(2026.0)
    with pytest.raises(CatalogueError, match=r"(?s)speed.*row 1 .*km/s"):
        Catalogue(given).at_epoch(2026.0, light_time=True)
    # A parallax that says nothing is no reason.
    given["parallax_error"][1] = 0.5 * u.mas
    moved = Catalogue(given).at_epoch(2026.0, light_time=True).table
    assert np.isfinite(plain(moved, PARAMETERS)).all()


@pytest.mark.unchecked
@pytest.mark.parametrize(
    "time",
    [
        "2026",
        np.nan,
        2457389.0,
        2026 * u.s,
        [2026.0],
        Time([2026.0, 2027.0], format="jyear", scale="tcb"),
        Time(2026.0, format="jyear", scale="local"),
    ],
)
def test_other_times_are_refused(time):
    with pytest.raises(ConfigError, match=r"(?s)time is.*Julian year TCB"):
        Catalogue(table(2)).at_epoch(time)


def test_the_epoch_may_have_its_unit():
    given = table(2)
    found = Catalogue(given).at_epoch(2026 * u.yr).table
    assert found["ra"][1] == Catalogue(given).at_epoch(2026.0).table["ra"][1]


def _without_motion():
    return Catalogue(table(3)[["ref_epoch", "ra", "dec", "ra_error", "dec_error"]])


def test_gaps_filled_with_their_priors_lose_nothing():
    """Ten steps, or there and back, give the errors of one step."""
    start = _without_motion()
    with pytest.warns(MissingAstrometryWarning, match="3 a proper motion"):
        once = start.at_epoch(2026.0).table
    with pytest.warns(MissingAstrometryWarning, match="3 a proper motion"):
        back = start.at_epoch(2026.0, fill=True)
    there = start.table["ref_epoch"][0]
    with pytest.warns(MissingAstrometryWarning, match="3 a proper motion"):
        steps = start.at_epoch(there + 1 * u.yr, fill=True)
    for year in range(2, 11):
        steps = steps.at_epoch(there + year * u.yr, fill=True)
    with pytest.warns(MissingAstrometryWarning):
        wanted = start.at_epoch(there + 10 * u.yr).table
    np.testing.assert_allclose(
        steps.table["dec_error"][0].value, wanted["dec_error"][0].value, rtol=1e-9
    )
    assert back.table["dec_error"][0] == once["dec_error"][0]
    back = back.at_epoch(there)
    np.testing.assert_allclose(
        back.table["dec_error"][0].value,
        start.table["dec_error"][0].value,
        rtol=1e-6,
    )


def test_moving_on_with_gaps_is_said():
    with pytest.warns(MissingAstrometryWarning):
        first = _without_motion().at_epoch(2020.0)
    with pytest.warns(MissingAstrometryWarning) as caught:
        first.at_epoch(2026.0)
    assert "moved before, to 2020" in str(caught[1].message)


def test_epochs_may_be_times():
    given = table(3)
    wanted = Catalogue(given).at_epoch(2026.0).table
    given["ref_epoch"] = Time(given["ref_epoch"].value, format="jyear", scale="tcb")
    found = Catalogue(given).at_epoch(2026.0).table
    np.testing.assert_allclose(found["ra"].value, wanted["ra"].value, rtol=1e-14)
    assert found["ref_epoch"][0].tcb.jyear == pytest.approx(2026.0)
