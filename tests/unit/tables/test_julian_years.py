"""Times as Julian years of TCB against ERFA, and damage that is told as such."""

import zipfile

import astropy.units as u
import erfa
import numpy as np
import pytest
from astropy.table import QTable
from astropy.time import Time

from reseau.errors import CatalogueError, ConfigError, FileFormatError
from reseau.tables.damage import damage_told
from reseau.tables.memory import as_arrow
from reseau.tables.times.julian_years import julian_years

DAYS = np.array([2_451_545.0, 2_457_389.0, 2_462_502.5, 2_440_000.25])


def _tcb_of_tt(day):
    """Return TCB of TT by ERFA's chain, TDB − TT from its series at the geocentre."""
    tdb_tt = erfa.dtdb(day, 0.0, 0.0, 0.0, 0.0, 0.0)
    tdb = erfa.tttdb(day, 0.0, tdb_tt)
    return erfa.tdbtcb(*tdb)


def test_years_of_terrestrial_time_against_erfa():
    found = julian_years(Time(DAYS, format="jd", scale="tt"), "epoch")
    day, part = _tcb_of_tt(DAYS)
    wanted = 2000.0 + ((day - 2_451_545.0) + part) / 365.25
    # A float of years resolves 2.3e-13; TDB at the geocentre by less than a µs.
    np.testing.assert_allclose(found, wanted, rtol=0, atol=5e-13)
    # The scales differ by some 10 s in 2000 and 27 s more in 2031: not for nothing.
    plain = 2000.0 + (DAYS - 2_451_545.0) / 365.25
    apart = (found - plain) * 365.25 * 86400.0
    assert 10.0 < apart[0] < 13.0
    assert apart[2] > apart[0] + 10.0


def test_leap_seconds_count():
    """UTC of 2017 is 37 s behind TAI, TT 32.184 s ahead of that."""
    utc = julian_years(Time(2017.5, format="jyear", scale="utc"), "epoch")
    tt = julian_years(Time(2017.5, format="jyear", scale="tt"), "epoch")
    apart = (utc - tt) * 365.25 * 86400.0
    # Floats of years resolve 7 µs.
    assert apart == pytest.approx(37.0 + 32.184, abs=2e-5)


def test_tcb_is_itself():
    years = np.array([1991.25, 2016.0, 2031.123456789])
    found = julian_years(Time(years, format="jyear", scale="tcb"), "epoch")
    np.testing.assert_allclose(found, years, rtol=0, atol=3e-13)


@pytest.mark.parametrize("scale", ["tt", "tai", "tdb", "tcg", "tcb"])
def test_years_to_come_need_no_leap_seconds(scale):
    """Of scales without any, however astropy goes about it: nobody is warned."""
    time = Time(np.array([2031.0, 2045.0, 1950.0]), format="jyear", scale=scale)
    found = julian_years(time, "epoch")
    # Scales of TCB's family drift by 1.5e-8 from 1977 on and start within a minute.
    assert np.abs(found - [2031.0, 2045.0, 1950.0]).max() < 4e-6


def test_utc_of_years_to_come_is_doubtful():
    """By a second or so, which nobody knows yet: astropy's warning is passed on."""
    with pytest.warns(erfa.ErfaWarning):
        time = Time("2040-01-01", scale="utc")
    with pytest.warns(erfa.ErfaWarning, match="dubious year"):
        julian_years(time, "epoch")


@pytest.mark.parametrize("scale", ["tcb", "tt", "utc"])
def test_missing_times_stay_missing(scale):
    time = Time([2016.0, 2017.0, 2018.0], format="jyear", scale=scale)
    whole = julian_years(time, "epoch")
    assert not np.ma.isMaskedArray(whole)
    time[1] = np.ma.masked
    found = julian_years(time, "epoch")
    np.testing.assert_array_equal(np.ma.getmaskarray(found), [False, True, False])
    np.testing.assert_array_equal(found.compressed(), whole[[0, 2]])


def test_a_missing_time_of_a_table_is_no_epoch():
    """What lies under a mask is not what was observed."""
    time = Time([2016.0, 2017.0], format="jyear", scale="tcb")
    time[1] = np.ma.masked
    table = QTable(
        {
            "source_id": [1, 2],
            "ra": [10.0, 20.0] * u.deg,
            "dec": [1.0, 2.0] * u.deg,
            "ra_error": [1.0, 1.0] * u.mas,
            "dec_error": [1.0, 1.0] * u.mas,
            "ref_epoch": time,
        }
    )
    epoch = as_arrow(table)["ref_epoch"]
    assert epoch.to_pylist() == [2016.0, None]


@pytest.mark.parametrize(
    ("where", "place"),
    [("night.csv", "night.csv, column epoch"), ("", "column epoch")],
)
def test_a_scale_that_is_tied_to_none(where, place):
    local = Time(2026.0, format="jyear", scale="local")
    with pytest.raises(CatalogueError) as caught:
        julian_years(local, "epoch", where)
    given, wanted, at, todo = str(caught.value).splitlines()
    assert given == "epoch holds times of the scale 'local'"
    assert wanted.endswith("UTC, TAI, TT, TDB, TCG or TCB")
    assert at == f"  where:  {place}"
    assert todo.endswith('Time(..., scale="utc")')


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bad header\nand more of it"),
        KeyError("arrays"),
        zipfile.BadZipFile("not a zip file"),
        OSError(),
    ],
)
def test_damage_is_told_with_its_reason(error):
    with pytest.raises(FileFormatError) as caught, damage_told("s", "solution", "redo"):
        raise error
    given, wanted, where, todo = str(caught.value).splitlines()
    kind = type(error).__name__
    assert given.startswith(f"the solution is damaged ({kind}: ")
    assert "and more of it" not in given
    assert wanted == "  wanted: a solution as reseau writes it"
    assert where == "  where:  s"
    assert todo == "  to do:  redo"
    assert caught.value.__cause__ is error


def test_long_reasons_are_cut():
    with pytest.raises(FileFormatError) as caught, damage_told("s", "dataset", "redo"):
        raise ValueError(1000 * "x")
    assert len(str(caught.value).splitlines()[0]) < 250


def test_our_own_errors_and_mistakes_of_code_pass():
    ours = ConfigError("of ours")
    with pytest.raises(ConfigError) as caught, damage_told("s", "dataset", "redo"):
        raise ours
    assert caught.value is ours
    with pytest.raises(ZeroDivisionError), damage_told("s", "dataset", "redo"):
        raise ZeroDivisionError
    with damage_told("s", "dataset", "redo"):
        pass
