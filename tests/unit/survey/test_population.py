"""Populations: whose stars they are, what is drawn, and what is left out."""

import pickle

import numpy as np
import pytest

from alarm import normal_bound, share_bounds
from reseau.errors import CatalogueError, ConfigError
from reseau.survey import load_starfield
from reseau.survey.artificial import new_ids
from reseau.survey.filling import OPTIONAL
from reseau.survey.population import (
    ACCELERATED,
    BINARY,
    BODY,
    COLUMNS,
    LENSED,
    SINGLE,
    population,
)
from reseau.survey.selection import REASONS, blended, unit_vectors
from reseau.survey.star_config import StarsConfig
from reseau.survey.starfield import star_ids
from reseau.survey.stars import ARTIFICIAL_IDS


def rng(seed=5):
    return np.random.default_rng(seed)


def bare(n=3000, seed=8):
    """Return a list with positions and magnitudes only."""
    draw = rng(seed)
    return {
        "source_id": draw.permutation(n).astype(np.int64) + 2**60,
        "ra": 266.0 + draw.uniform(0.0, 1.0, n),
        "dec": -29.5 + draw.uniform(0.0, 1.0, n),
        "phot_hw_mag": draw.uniform(8.0, 15.5, n).astype(np.float32),
    }


def same(one, other, names=COLUMNS):
    for name in names:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_embedded_stars_are_the_field():
    field, stars = load_starfield(), population(StarsConfig(), None, rng())
    rows = np.searchsorted(np.sort(field["source_id"]), stars.source_id)
    order = np.argsort(field["source_id"])[rows]
    for name in ("source_id", "ra", "dec", "parallax", "pmra", "bp_rp"):
        np.testing.assert_array_equal(getattr(stars, name), field[name][order])
    assert stars.ref_epoch == 2016.0
    assert np.all(stars.kind == SINGLE)


def test_the_same_seed_gives_the_same_stars():
    config = StarsConfig(count=500, artificial=20, binary_fraction=0.2)
    one, other = (population(config, bare(), rng()) for _ in range(2))
    same(one, other)
    np.testing.assert_array_equal(one.orbits.constants, other.orbits.constants)
    third = population(config, bare(), rng(6))
    assert not np.array_equal(one.source_id, third.source_id)


def test_more_of_one_kind_leaves_the_rest_as_it_is():
    plain = population(StarsConfig(artificial=20), bare(), rng())
    mixed = population(
        StarsConfig(artificial=20, binary_fraction=0.3, bodies=["moon"]), bare(), rng()
    )
    stars = mixed.taken(np.flatnonzero(mixed.kind != BODY))
    same(plain, stars, [name for name in COLUMNS if name != "kind"])


def test_what_the_list_says_is_kept_and_the_rest_drawn():
    listed = bare()
    n = len(listed["ra"])
    listed["pmra"] = np.where(np.arange(n) % 2, 7.5, np.nan)
    listed["colour"] = np.linspace(0.0, 1.0, n)
    listed["ref_epoch"] = np.full(n, 2010.5)
    stars = population(StarsConfig(brightest_mag=0.0, faintest_mag=20.0), listed, rng())
    assert stars.ref_epoch == 2010.5
    assert len(stars) == n
    order = np.argsort(listed["source_id"])
    np.testing.assert_array_equal(stars.source_id, listed["source_id"][order])
    np.testing.assert_array_equal(stars.phot_hw_mag, listed["phot_hw_mag"][order])
    np.testing.assert_array_equal(stars.colour, listed["colour"][order])
    given = np.isfinite(listed["pmra"][order])
    assert np.all(stars.pmra[given] == 7.5)
    assert not np.any(stars.pmra[~given] == 7.5)
    for name in OPTIONAL:
        assert np.isfinite(getattr(stars, name)).all()


def test_drawn_values_are_distributed_as_those_of_the_embedded_field():
    # The field has only stars brighter than G = 20.7; at Hw < 12 that is nearly all.
    field = load_starfield()
    listed = {n: field[n] for n in ("source_id", "ra", "dec", "phot_hw_mag")}
    config = StarsConfig(brightest_mag=10.0, faintest_mag=12.0)
    drawn, true = (population(config, c, rng()) for c in (listed, field))
    for name in ("parallax", "pmra", "pmdec", "bp_rp"):
        a, b = getattr(drawn, name), getattr(true, name)
        error = np.hypot(a.std(), b.std()) / np.sqrt(len(a))
        # Ten per cent of the width is left to the limit in G.
        assert abs(a.mean() - b.mean()) < normal_bound(4) * error + 0.1 * b.std()


def test_a_known_parallax_scales_the_drawn_motion():
    listed = bare()
    near = dict(listed, parallax=np.full(len(listed["ra"]), 1.0))
    nearer = dict(listed, parallax=np.full(len(listed["ra"]), 2.0))
    config = StarsConfig()
    one, two = (population(config, c, rng()) for c in (near, nearer))
    np.testing.assert_allclose(two.pmra, 2.0 * one.pmra)
    np.testing.assert_allclose(two.pmdec, 2.0 * one.pmdec)


def test_gaias_photometry_replaces_a_missing_hw():
    field = load_starfield()
    listed = {n: v for n, v in field.items() if n != "phot_hw_mag"}
    config = StarsConfig(brightest_mag=0.0, faintest_mag=30.0)
    stars = population(config, listed, rng())
    true = population(config, field, rng())
    assert np.abs(np.median(stars.phot_hw_mag - true.phot_hw_mag)) < 0.2
    assert np.std(stars.phot_hw_mag - true.phot_hw_mag) < 0.4


def test_limits_are_kept_and_counted():
    listed = bare()
    listed["phot_hw_mag"][:7] = np.nan
    hw = listed["phot_hw_mag"]
    stars = population(StarsConfig(count=1000), listed, rng())
    assert stars.phot_hw_mag.min() >= 9.5
    assert stars.phot_hw_mag.max() <= 14.5
    assert list(stars.left_out) == list(REASONS)
    assert stars.left_out["no_magnitude"] == 7
    assert stars.left_out["saturated"] == np.sum(hw < 9.5)
    assert stars.left_out["faint"] == np.sum(hw > 14.5)
    assert len(stars) + sum(stars.left_out.values()) == len(hw)


def test_blends_are_those_of_a_search_of_all_pairs():
    listed = bare(800)
    ra, dec = 266.0 + 0.01 * (listed["ra"] - 266.0), -29.0 + 0.01 * listed["dec"]
    v, mag = unit_vectors(ra, dec), listed["phot_hw_mag"].astype(float)
    separation = np.radians(1.0 / 3600.0)
    found = blended(v, mag, separation=separation, contrast=2.0)
    chord = np.linalg.norm(v[:, None] - v[None], axis=-1)
    apart = 2.0 * np.arcsin(0.5 * chord)
    disturbs = mag[None] <= mag[:, None] + 2.0
    near = (apart <= separation) & disturbs & ~np.eye(len(v), dtype=bool)
    np.testing.assert_array_equal(found, near.any(axis=1))
    assert 0 < found.sum() < len(v)
    assert not blended(v, mag, separation=0.0, contrast=2.0).any()


def test_a_saturated_star_blends_its_neighbour():
    listed = bare(2)
    listed["ra"][:] = 266.0
    listed["dec"][:] = -29.0, -29.0 + 1.0 / 3600.0
    listed["phot_hw_mag"][:] = 5.0, 12.0
    with pytest.raises(ConfigError, match="at most 0"):
        population(StarsConfig(blend_separation_arcsec=2.0), listed, rng())
    assert len(population(StarsConfig(), listed, rng())) == 1


def test_artificial_sources_stand_still_and_keep_clear_of_stars():
    config = StarsConfig(artificial=200, blend_separation_arcsec=20.0)
    listed = bare()
    stars = population(config, listed, rng())
    artificial = stars.artificial
    assert artificial.sum() == 200
    for name in ("parallax", "pmra", "pmdec", "radial_velocity"):
        assert np.all(getattr(stars, name)[artificial] == 0.0)
    assert np.isnan(stars.phot_g_mean_mag[artificial]).all()
    assert np.isfinite(stars.colour).all()
    assert not np.isin(stars.source_id[artificial], listed["source_id"]).any()
    every = unit_vectors(listed["ra"], listed["dec"])
    own = unit_vectors(stars.ra[artificial], stars.dec[artificial])
    apart = np.linalg.norm(own[:, None] - every[None], axis=-1).min(axis=1)
    assert apart.min() > np.radians(20.0 / 3600.0) * (1.0 - 1e-9)


def test_no_free_place_is_explained():
    with pytest.raises(ConfigError, match="no free place"):
        population(
            StarsConfig(artificial=5, blend_separation_arcsec=3600.0),
            {**bare(1), "phot_hw_mag": np.array([12.0])},
            rng(),
        )


def test_ids_do_not_collide_even_with_artificial_ones():
    taken = star_ids(ARTIFICIAL_IDS, 30)
    listed = bare(30)
    listed["source_id"] = taken
    listed["phot_hw_mag"][:] = 12.0
    stars = population(StarsConfig(artificial=40, bodies=["sun"]), listed, rng())
    assert len(np.unique(stars.source_id)) == 71
    assert np.isin(taken, stars.source_id[~stars.artificial]).all()
    assert np.all(np.diff(stars.source_id) > 0)
    ids = new_ids(0, 100, star_ids(0, 500))
    assert len(np.unique(ids)) == 100
    assert not np.isin(ids, star_ids(0, 500)).any()


def test_kinds_are_as_many_as_asked():
    config = StarsConfig(
        artificial=10,
        binary_fraction=0.2,
        accelerated_fraction=0.1,
        lensed_fraction=0.05,
        bodies=["moon", "sun"],
    )
    stars = population(config, bare(), rng())
    n = len(stars) - 12
    wanted = {BINARY: 0.2, ACCELERATED: 0.1, LENSED: 0.05}
    for kind, part in wanted.items():
        assert abs(np.sum(stars.kind == kind) - part * n) <= 1.0
    assert np.sum(stars.kind == BODY) == 2
    assert np.all(stars.kind[stars.artificial] == SINGLE)
    np.testing.assert_array_equal(stars.orbits.row, np.flatnonzero(stars.kind == 1))
    assert set(stars.bodies.names) == {"moon", "sun"}
    assert np.isnan(stars.ra[stars.bodies.row]).all()


def test_parts_of_a_population_keep_their_kinds():
    config = StarsConfig(
        binary_fraction=0.3, lensed_fraction=0.3, bodies=["moon", "sun", "earth"]
    )
    stars = population(config, bare(), rng())
    rows = rng().permutation(len(stars))[:1000]
    rows = np.unique(np.append(rows, stars.bodies.row[[0, 2]]))[::-1]
    part = stars.taken(rows)
    same_rows = {name: getattr(stars, name)[rows] for name in COLUMNS}
    for name, values in same_rows.items():
        np.testing.assert_array_equal(getattr(part, name), values)
    for of_part, of_all in ((part.orbits, stars.orbits), (part.lenses, stars.lenses)):
        ids = part.source_id[of_part.row]
        place = {i: k for k, i in enumerate(stars.source_id[of_all.row])}
        at = [place[i] for i in ids]
        np.testing.assert_array_equal(of_part[1], of_all[1][at])
    np.testing.assert_array_equal(
        np.sort(part.orbits.row), np.flatnonzero(part.kind == BINARY)
    )
    names = dict(
        zip(stars.source_id[stars.bodies.row], stars.bodies.names, strict=True)
    )
    for row, name in zip(part.bodies.row, part.bodies.names, strict=True):
        assert names[part.source_id[row]] == name
    assert np.all(part.kind[part.bodies.row] == BODY)


def test_a_population_goes_to_another_process():
    config = StarsConfig(binary_fraction=0.3, lensed_fraction=0.3, bodies=["moon"])
    stars = population(config, bare(), rng())
    again = pickle.loads(pickle.dumps(stars))
    same(stars, again)
    np.testing.assert_array_equal(stars.orbits.constants, again.orbits.constants)
    assert again.bodies.names == ("moon",)
    assert again.left_out == stars.left_out


def test_a_population_may_be_empty():
    stars = population(StarsConfig(binary_fraction=0.5), bare(), rng())
    none = stars.taken(np.zeros(0, dtype=int))
    assert len(none) == 0
    assert len(none.orbits.row) == 0


def test_counts_are_drawn_at_random():
    listed = bare()
    low, high = share_bounds(0.5, 1000)
    stars = population(StarsConfig(count=1000), listed, rng())
    share = np.mean(stars.ra < 266.5)
    assert low < share < high


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"ra": None}, "lacks the column ra"),
        ({"source_id": np.zeros(3000, dtype=np.int64)}, "each source_id once"),
        ({"source_id": np.arange(3000.0)}, "write the ids as integers"),
        ({"dec": np.full(3000, np.nan)}, "3000 of 3000 stars without a position"),
        ({"ref_epoch": np.linspace(2000.0, 2001.0, 3000)}, "one epoch"),
        ({"phot_hw_mag": None}, "phot_hw_mag"),
    ],
)
def test_a_bad_list_is_explained(change, wanted):
    listed = {n: v for n, v in {**bare(), **change}.items() if v is not None}
    with pytest.raises(CatalogueError) as caught:
        population(StarsConfig(), listed, rng())
    assert wanted in str(caught.value)


def test_impossible_wishes_are_explained():
    with pytest.raises(ConfigError, match="lower the count"):
        population(StarsConfig(count=10**6), bare(), rng())
    with pytest.raises(ConfigError, match="unknown bodies"):
        population(StarsConfig(bodies=["vulcan"]), bare(), rng())
    with pytest.raises(ConfigError, match="given twice"):
        population(StarsConfig(bodies=["moon", "moon"]), bare(), rng())
    with pytest.raises(ConfigError, match="read the table first"):
        population(StarsConfig(source="stars.parquet"), None, rng())


def test_a_real_list_of_the_survey(data):
    path = data / "jasmine_field_hw.parquet"
    if not path.exists():
        pytest.skip(f"no list of stars at hand: {path} does not exist")
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    listed = {name: table[name].to_numpy() for name in table.column_names}
    config = StarsConfig(source=path.name, blend_separation_arcsec=1.0)
    stars = population(config, listed, rng())
    assert len(stars) + sum(stars.left_out.values()) == 314_461
    assert 0.9 < len(stars) / 314_461 < 1.0
    # The bulge moves as Sgr A* does in the mean: -3.15, -5.59 mas/yr (Reid &
    # Brunthaler 2004, ApJ 616, 872); with the disc in front it is a little less.
    far = stars.parallax < 0.16
    mean = stars.pmra[far].mean(), stars.pmdec[far].mean()
    np.testing.assert_allclose(mean, (-3.15, -5.59), atol=0.3)
