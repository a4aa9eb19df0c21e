"""Parts of the merge against slow twins and outside authorities."""

import itertools
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.time import Time

from reseau._windows import WINDOWS, Window
from reseau.galaxy.merging.assembly import identifiers_of
from reseau.galaxy.merging.best import Member, differs, magnitude
from reseau.galaxy.merging.candidates import candidate_pairs, common_epoch
from reseau.galaxy.merging.canonical import SATURATED
from reseau.galaxy.merging.database import database
from reseau.galaxy.merging.density import density_of
from reseau.galaxy.merging.objects import COMPARED, joined
from reseau.galaxy.merging.options import MatchOptions, WorkOptions
from reseau.galaxy.merging.resolution import components, one_to_one, probabilities
from reseau.galaxy.merging.strips import Strips, strips_of
from reseau.galaxy.merging.surveys import known_surveys
from reseau.galaxy.merging.window import galactic, galactic_sql, inside_sql

WORK = WorkOptions(memory_gib=0.5, threads=1)


def rows(ra: np.ndarray, dec: np.ndarray, **others: float) -> dict[str, np.ndarray]:
    """Return rows with positions; what is not given is not known."""
    n = len(ra)
    found = {name: np.full(n, np.nan) for name in COMPARED}
    known = {"ra_error": 50.0, "dec_error": 50.0, "epoch": 2010.0, **others}
    found |= {name: np.full(n, float(value)) for name, value in known.items()}
    return {**found, "ra": ra, "dec": dec}


@pytest.mark.parametrize(
    ("ra", "dec"), [(266.4, -29.0), (0.0, 10.0), (120.0, 89.9995), (10.0, -90.0)]
)
def test_candidates_are_those_within_the_radius(
    ra: float, dec: float, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    centre = SkyCoord(ra, dec, unit="deg")

    def some(n: int) -> SkyCoord:
        angle = rng.uniform(0, 360, n) * u.deg
        return centre.directional_offset_by(angle, 20 * u.arcsec * rng.uniform(size=n))

    one, other = some(300), some(500)
    options = MatchOptions(smallest_radius_arcsec=1.2, largest_radius_arcsec=1.2)
    with database(tmp_path, WORK) as connection:
        found = candidate_pairs(
            connection,
            rows(one.ra.deg, one.dec.deg),
            rows(other.ra.deg, other.dec.deg),
            2010.0,
            options,
        )
    # astropy's separations, of all pairs.
    apart = one[:, None].separation(other[None, :]).arcsec
    # The distance in a tangent plane is shorter by less than 1e-10 of it.
    wanted = np.argwhere(apart <= 1.2)
    assert len(wanted) > 100
    assert {*zip(found.one, found.other, strict=True)} == {*map(tuple, wanted.tolist())}
    distance = np.hypot(found.east, found.north)
    assert distance == pytest.approx(apart[found.one, found.other], abs=1e-7)
    angle = one[found.one].position_angle(other[found.other])
    assert found.east == pytest.approx(distance * np.sin(angle).value, abs=1e-6)


def test_motion_is_applied_and_what_is_unknown_widens(tmp_path: Path) -> None:
    moving = rows(
        np.array([266.4]),
        np.array([-29.0]),
        epoch=2016.0,
        pmra=700.0,
        pmdec=-800.0,
        pmra_error=0.1,
        pmdec_error=0.2,
    )
    star = SkyCoord(
        266.4 * u.deg,
        -29.0 * u.deg,
        pm_ra_cosdec=700 * u.mas / u.yr,
        pm_dec=-800 * u.mas / u.yr,
        distance=100 * u.pc,
        obstime=Time(2016.0, format="jyear"),
    ).apply_space_motion(new_obstime=Time(2000.0, format="jyear"))
    early = rows(np.array([star.ra.deg]), np.array([star.dec.deg]), epoch=2000.0)
    still = rows(np.array([266.4]), np.array([-29.0]), epoch=2016.0)
    options = MatchOptions(unknown_motion=5.0)
    assert common_epoch(early, moving) == 2000.0
    assert common_epoch(moving, early) == 2000.0
    with database(tmp_path, WORK) as connection:
        found = candidate_pairs(connection, early, moving, 2000.0, options)
        none = candidate_pairs(connection, early, still, 2000.0, options)
        near = candidate_pairs(connection, moving, still, 2016.0, options)
    assert len(found) == 1
    assert np.hypot(found.east, found.north)[0] < 2e-3
    assert found.east_variance[0] == pytest.approx(
        (50**2 + 50**2 + (0.1 * 16) ** 2) * 1e-6
    )
    assert len(none) == 0
    assert near.north_variance[0] == pytest.approx((50**2 + 50**2) * 1e-6)
    with_unknown = rows(np.array([266.4]), np.array([-29.0]), epoch=2004.0)
    (tmp_path / "again").mkdir()
    with database(tmp_path / "again", WORK) as connection:
        pair = candidate_pairs(connection, still, with_unknown, 2010.0, options)
    assert pair.east_variance[0] == pytest.approx((5000 + (5.0 * 12) ** 2) * 1e-6)


def exact(odds: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return probabilities of pairs, all sets of matches gone through."""
    total, each = 0.0, np.zeros(len(odds))
    for n in range(len(odds) + 1):
        for chosen in itertools.combinations(range(len(odds)), n):
            pick = list(chosen)
            if len({*one[pick]}) < n or len({*other[pick]}) < n:
                continue
            weight = odds[pick].prod()
            total += weight
            each[pick] += weight
    return each / total


def test_probabilities_are_exact_where_pairs_make_no_ring() -> None:
    rng = np.random.default_rng(1)
    one = np.array([0, 0, 1, 1, 2, 2, 2])
    other = np.array([0, 1, 1, 2, 2, 3, 4])
    for _ in range(5):
        odds = 10.0 ** rng.uniform(-3, 4, len(one))
        found = probabilities(odds, one, other)
        assert found == pytest.approx(exact(odds, one, other), abs=1e-9)


def test_probabilities_are_near_in_a_ring() -> None:
    odds = np.array([30.0, 1.0, 0.5, 20.0])
    one, other = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    found = probabilities(odds, one, other)
    assert found == pytest.approx(exact(odds, one, other), abs=0.01)


def test_a_lone_pair_follows_the_sum_rule() -> None:
    """Sutherland & Saunders 1992, eq. 5: L / (sum of L + 1 - Q), here over 1 - Q."""
    odds = np.array([8.0, 1.0])
    found = probabilities(odds, np.array([0, 0]), np.array([0, 1]))
    assert found == pytest.approx(odds / (odds.sum() + 1))


def test_the_choice_is_that_of_a_greedy_loop() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.integers(0, 40, 300), rng.integers(0, 50, 300)
    pairs = np.unique(np.stack([one, other], -1), axis=0)
    one, other = pairs.T
    likely = np.round(rng.uniform(size=len(one)), 1)  # many are equally likely
    wanted, used_one, used_other = [], set(), set()
    for i in sorted(range(len(one)), key=lambda i: (-likely[i], one[i], other[i])):
        if likely[i] > 0.25 and one[i] not in used_one and other[i] not in used_other:
            wanted.append(i)
            used_one.add(one[i])
            used_other.add(other[i])
    assert one_to_one(likely, one, other, 0.25).tolist() == sorted(wanted)


def test_components_hang_together() -> None:
    group = components(np.array([0, 0, 1, 5]), np.array([0, 1, 1, 7]))
    assert len({*group[:3]}) == 1
    assert group[3] != group[0]


def test_density_is_what_was_put_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    n = 40_000
    low = np.array([266.0, -29.25])
    ra, dec = rng.uniform(low[0], 266.5, n), rng.uniform(low[1], -29.0, n)
    ks = 10.0 + 6.0 * np.sqrt(rng.uniform(size=n))
    known = np.where(rng.uniform(size=n) < 0.8, ks, np.nan)
    table = pa.table(
        {"ra": ra, "dec": dec, "Ks": pa.array(known, mask=np.isnan(known))}
    )
    pq.write_table(table, tmp_path / "strip-0.parquet")
    with database(tmp_path, WORK) as connection:
        found = density_of(connection, str(tmp_path / "strip-*.parquet"), ("Ks",))
    square = 0.5 * np.cos(np.radians(-29.125)) * 0.25 * 3600.0**2
    inside = np.array([266.25]), np.array([-29.12])
    cell = found.cell(*inside)
    assert found.total(cell) == pytest.approx(n / square, rel=0.1)
    at = found.at(cell, np.array([2]), np.array([15.25]))
    # The density of Ks is (Ks - 10) / 18 per mag, of eight in ten.
    assert at == pytest.approx(0.8 * n / square * 5.25 / 18, rel=0.2)
    # An edge is not taken for a hole: the mean over all rows is as it is inside.
    mean = found.total(found.cell(ra, dec)).mean()
    assert mean == pytest.approx(n / square, rel=0.05)
    assert found.covers(*inside).all()
    assert not found.covers(np.array([267.5]), np.array([-29.12])).any()


def test_galactic_coordinates_are_astropys(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    ra, dec = rng.uniform(0, 360, 200), np.degrees(np.arcsin(rng.uniform(-1, 1, 200)))
    found = SkyCoord(*galactic(ra, dec), unit="deg", frame="galactic")
    apart = SkyCoord(ra, dec, unit="deg").galactic.separation(found).arcsec
    assert apart.max() < 0.05
    with database(tmp_path, WORK) as connection:
        connection.register("places", pa.table({"ra": ra, "dec": dec}))
        sql = connection.execute(
            f"SELECT {', '.join(galactic_sql('ra', 'dec'))} FROM places"
        ).fetchnumpy()
    for one, other in zip(sql.values(), galactic(ra, dec), strict=True):
        assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.parametrize("window", [WINDOWS["jasmine"], Window(179.0, 181.5, -2, 3)])
def test_a_window_in_sql_is_the_window(window: Window, tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    middle, half = (window.l_min + window.l_max) / 2, window.l_max - window.l_min
    l = rng.uniform(middle - half, middle + half, 500)  # noqa: E741
    b = rng.uniform(2 * window.b_min, 2 * window.b_max, 500)
    places = SkyCoord(l, b, unit="deg", frame="galactic").icrs
    with database(tmp_path, WORK) as connection:
        connection.register(
            "places",
            pa.table({"n": range(500), "ra": places.ra.deg, "dec": places.dec.deg}),
        )
        condition = inside_sql(window, "ra", "dec")
        rows = connection.execute(f"SELECT n, {condition} FROM places").fetchall()
    found = np.array([inside for _, inside in sorted(rows)])
    assert 50 < found.sum() < 450
    assert found.tolist() == window.contains(l, b).tolist()


def test_strips_have_about_as_many_rows() -> None:
    counts = np.zeros(18001, np.int64)
    counts[6000:6400] = np.random.default_rng(0).poisson(1000, 400)
    strips = strips_of(counts, 20_000)
    held = np.add.reduceat(counts, strips.edges[:-1])
    assert held.sum() == counts.sum()
    assert held.min() > 10_000
    assert held.max() < 30_000
    assert strips.bounds(0)[0] == -90.0


def test_strips_in_sql(tmp_path: Path) -> None:
    strips = Strips(np.array([0, 6000, 6010, 6020, 6045, 18001]))
    dec = np.linspace(-30.2, -29.4, 400)
    with database(tmp_path, WORK) as connection:
        connection.register("places", pa.table({"dec": dec}))
        sql = f"SELECT {strips.sql('dec')} AS strip FROM places"
        found = connection.execute(sql).fetchnumpy()["strip"]
    zone = np.floor((dec + 90.0) / 0.01)
    assert found.tolist() == (np.searchsorted(strips.edges, zone, "right") - 1).tolist()


def member(key: str, **columns: list[float | None]) -> Member:
    """Return what a survey says of sources."""
    count = len(next(iter(columns.values())))
    table = pa.table({name: pa.array(v, pa.float64()) for name, v in columns.items()})
    if "marks" in columns:
        marks = pa.array([int(m or 0) for m in columns["marks"]], pa.int32())
        table = table.drop_columns("marks").append_column("marks", marks)
    else:
        table = table.append_column("marks", pa.array(np.zeros(count, np.int32)))
    return Member(known_surveys()[key], table, np.arange(count), count)


def test_the_best_magnitude() -> None:
    """Equal errors give the earlier survey's, no error comes last, saturation later."""
    bright = float(SATURATED["J"])
    one = member(
        "2mass",
        J=[12.0, 12.0, 12.0, None, 12.0, None],
        J_error=[0.03, 0.03, None, None, 0.03, None],
    )
    other = member(
        "virac2",
        J=[12.1, 12.1, 12.1, 12.1, 12.1, None],
        J_error=[0.03, 0.01, 0.5, None, 0.01, None],
        marks=[0.0, 0.0, 0.0, 0.0, bright, 0.0],
    )
    found = magnitude([one, other], "J")
    assert found.letters([one, other]).tolist() == ["2", "R", "R", "R", "2", ""]
    assert found.values["J"][:5].tolist() == [12.0, 12.1, 12.1, 12.1, 12.0]
    assert np.isnan(found.values["J"][5])


def test_magnitudes_that_differ() -> None:
    one = member("2mass", J=[12.0, 12.0, 12.0], J_error=[0.02, 0.2, 0.02])
    other = member("virac2", J=[12.4, 12.4, 12.2], J_error=[0.02, 0.2, 0.02])
    assert differs([one, other], "J").tolist() == [True, False, False]


def test_joined_takes_the_better_of_each() -> None:
    ra, dec = np.array([10.0]), np.array([5.0])
    one = rows(ra, dec, ra_error=50, J=12.0, J_error=0.02)
    other = rows(ra + 1e-5, dec, ra_error=50, pmra=3.0, pmra_error=1.0, pmdec=1.0,
                 pmdec_error=1.0, J=12.1, J_error=0.01, H=11.0)  # fmt: skip
    found = joined(one, other)
    assert found["ra"][0] == 10.0  # equal errors: the earlier survey
    assert (found["pmra"][0], found["J"][0], found["H"][0]) == (3.0, 12.1, 11.0)


def test_identifiers_follow_from_the_position_alone() -> None:
    ra, dec = np.array([266.4, 266.4 + 2e-7, 0.0]), np.array([-29.0, -29.0, 90.0])
    found = identifiers_of(ra, dec)
    assert len(np.unique(found)) == 3
    assert (found > 0).all()
    assert identifiers_of(ra[::-1], dec[::-1]).tolist() == found[::-1].tolist()
