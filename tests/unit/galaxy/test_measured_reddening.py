"""The reddening of a catalogue's giants: values, errors, and bad input."""

import erfa
import numpy as np
import pytest
from astropy.table import Table

from reddened_giants import Field
from reseau.errors import (
    AssumedErrorWarning,
    CatalogueError,
    ConfigError,
    DegeneracyError,
)
from reseau.galaxy.extinction import (
    GridMap,
    ReddeningSettings,
    read_extinction_map,
    reddening_of_catalogue,
)
from reseau.galaxy.extinction.blocks import TILE, joined
from reseau.galaxy.extinction.candidates import candidates_of

SETTINGS = ReddeningSettings(
    blue_limits=(5.0, 17.5), red_limits=(8.0, 15.0), largest=4.0, floor=0.0
)


def _sloping(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    return 1.8 + 1.5 * (longitude - 0.3) + 2.0 * (latitude + 0.3)


def test_a_known_map_is_recovered_within_its_errors() -> None:
    field = Field(_sloping, foreground=0.05)
    stars = field.catalogue(1)
    # What is no star, has no magnitude or is a saturated one does no harm.
    spoilt = {
        name: np.append(values, [0.3, 0.3, np.nan] if name == "l" else [-0.3] * 3)
        for name, values in stars.items()
    }
    spoilt["J"][-3:] = [99.9, np.nan, 14.0]
    template = field.template(SETTINGS)
    found = reddening_of_catalogue(spoilt, template=template, settings=SETTINGS)
    pulls = field.pulls(found)
    assert len(pulls) > 50
    assert np.abs(pulls.mean()) < 0.5
    assert pulls.std() == pytest.approx(1.0, abs=0.2)
    assert found.notes["without place or magnitudes"] == 3
    assert np.median(found.error) < 0.05
    assert found.bounded.all()
    at = found.map.at(np.array([0.3, 0.6]), np.array([-0.3, -0.3]))
    assert at.excess[0] == pytest.approx(1.8, abs=0.15)
    assert at.inside.tolist() == [True, False]
    again = read_extinction_map(Table(found.columns()))
    assert isinstance(again, GridMap)
    assert again.excess == pytest.approx(found.map.excess, nan_ok=True)
    assert again.first == pytest.approx(found.map.first)


def test_stars_that_are_too_faint_to_be_seen_do_not_bias() -> None:
    # J = 16 leaves the nearer half of the red clump at this reddening: a median of the
    # colours that are seen is 0.2 mag too blue.
    field = Field(lambda l, b: 2.2 + 0.0 * l, size=0.1, j_limit=16.2)  # noqa: ARG005, E741
    deep = Field(field.reddening, size=0.1, j_limit=30.0)
    stars, all_stars = field.catalogue(2), deep.catalogue(2)
    lost = np.median(stars["J"] - stars["Ks"]) - np.median(
        all_stars["J"] - all_stars["Ks"]
    )
    assert lost < -0.15
    settings = ReddeningSettings(
        blue_limits=(5.0, 16.2), red_limits=(8.0, 15.0), largest=4.0, step=(0.1, 0.1)
    )
    found = reddening_of_catalogue(
        stars, template=field.template(settings), settings=settings
    )
    middle = found.map.at(np.array([0.3]), np.array([-0.3]))
    assert middle.excess[0] == pytest.approx(2.2, abs=0.07)


def test_equatorial_places_are_as_good() -> None:
    stars = Field(_sloping, stars=500, size=0.05).catalogue(3)
    ra, dec = erfa.g2icrs(np.radians(stars["l"]), np.radians(stars["b"]))
    table = Table({k: v for k, v in stars.items() if k not in ("l", "b")})
    table["ra"], table["dec"] = np.degrees(ra), np.degrees(dec)
    one, other = (candidates_of(t, SETTINGS)[0] for t in (stars, table))
    assert other.longitude == pytest.approx(one.longitude, abs=1e-9)
    assert other.latitude == pytest.approx(one.latitude, abs=1e-9)
    assert (other.blue == one.blue).all()


def test_without_errors_some_are_assumed_and_said() -> None:
    stars = Field(_sloping, stars=500, size=0.05).catalogue(4)
    bare = {k: v for k, v in stars.items() if not k.endswith("_error")}
    with pytest.warns(AssumedErrorWarning, match=r"0\.05 mag"):
        found, _ = candidates_of(bare, SETTINGS)
    assert (found.red_error == 0.05).all()


def test_bad_catalogues_are_refused() -> None:
    stars = Field(_sloping, stars=2_000, size=0.05).catalogue(5)
    with pytest.raises(CatalogueError, match="column Ks"):
        reddening_of_catalogue({k: v for k, v in stars.items() if k != "Ks"})
    with pytest.raises(CatalogueError, match="columns l, b"):
        reddening_of_catalogue({k: v for k, v in stars.items() if k not in ("l", "b")})
    with pytest.raises(CatalogueError, match="none with a place"):
        reddening_of_catalogue({**stars, "J": np.full(len(stars["J"]), 99.9)})
    faint = {**stars, "J": stars["J"] + 9.0, "Ks": stars["Ks"] + 9.0}
    with pytest.raises(DegeneracyError, match="none of them a giant"):
        reddening_of_catalogue(
            faint, template=Field(_sloping).template(SETTINGS), settings=SETTINGS
        )
    with pytest.raises(ConfigError, match="least = 0"):
        ReddeningSettings(least=0)


def test_blocks_have_stars_enough_and_are_as_small_as_may_be() -> None:
    rng = np.random.default_rng(6)
    stars = rng.poisson(np.geomspace(1, 200, TILE)[:, None] * np.ones(TILE))
    blocks = joined(stars, 60)
    assert (np.bincount(blocks.number.ravel()) == 4**blocks.level).all()
    assert blocks.stars.sum() == stars.sum()
    assert set(blocks.level) >= {0, 2}
    small = blocks.level < blocks.level.max()
    assert (blocks.stars[small] >= 60).all()
    # What could be divided in four with stars enough is.
    for number in np.flatnonzero(blocks.level > 0):
        i, j = np.nonzero(blocks.number == number)
        half = 1 << (blocks.level[number] - 1)
        quarter = (i - i.min()) // half * 2 + (j - j.min()) // half
        assert np.bincount(quarter, stars[i, j]).min() < 60


def test_a_tile_at_the_edge_of_the_field_is_divided_as_any() -> None:
    blocks = joined(np.full((3, 5), 100), 50)
    assert (blocks.level == 0).all()
    assert len(blocks.stars) == 15
