"""Maps of the reddening recovered from stars behind them, within the errors stated."""

import numpy as np
import pytest
from astropy.table import Table

from reddened_giants import Field, seen
from reseau.galaxy.extinction import (
    ReddeningSettings,
    read_extinction_map,
    reddening_of_catalogue,
)
from reseau.verbs.mock import mock_forward

pytestmark = pytest.mark.recovery


def _waves(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    return 0.3 * np.sin(9.0 * longitude) * np.cos(11.0 * latitude)


@pytest.mark.parametrize(
    ("mean", "j_limit", "stars"),
    [(0.6, 17.0, 60_000), (1.8, 17.5, 120_000), (3.0, 18.0, 160_000)],
)
def test_pulls_are_of_one(mean: float, j_limit: float, stars: int) -> None:
    pulls = []
    for seed, place in enumerate(((0.3, -0.3), (-0.8, 0.45), (0.0, -0.9))):
        field = Field(
            lambda l, b: mean + _waves(l, b),  # noqa: E741
            place=place,
            size=0.4,
            stars=stars,
            j_limit=j_limit,
            foreground=0.05,
        )
        settings = ReddeningSettings(
            blue_limits=(5.0, j_limit), red_limits=(8.0, 15.0), largest=6.0
        )
        found = reddening_of_catalogue(
            field.catalogue(seed), template=field.template(settings), settings=settings
        )
        pulls.append(field.pulls(found))
    every = np.concatenate(pulls)
    assert len(every) > 100
    assert every.std() == pytest.approx(1.0, abs=0.1)
    assert np.abs(every.mean()) < 0.5


def test_the_map_of_a_forward_mock_is_recovered() -> None:
    smooth = read_extinction_map("smooth")

    def truth(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        found = smooth.at(longitude.ravel(), latitude.ravel())
        return found.excess.reshape(longitude.shape)

    pulls, off = [], []
    for place, j_limit in (
        ((0.3, -0.3), 18.0),
        ((1.0, -2.0), 17.0),
        ((-1.0, 0.8), 17.5),
    ):
        window = f"{place[0]},{place[1]},0.2,0.2"
        mock = mock_forward(window, "Ks=14.5", seed=3, workers=1).catalogue.table
        stars = {
            "l": np.asarray(mock["l"]),
            "b": np.asarray(mock["b"]),
            "J": np.asarray(mock["phot_j_mag"]),
            "Ks": np.asarray(mock["phot_ks_mag"]),
        }
        rng = np.random.default_rng(11)
        settings = ReddeningSettings(
            blue_limits=(3.0, j_limit), red_limits=(8.0, 14.0), largest=8.0, floor=0.0
        )
        catalogue = Table(seen(stars, rng, j_limit=j_limit, ks_limit=14.0))
        found = reddening_of_catalogue(catalogue, settings=settings)
        pulls.append(Field(truth).pulls(found))
        off.append(
            np.nanmean(found.map.excess)
            / smooth.at(*(np.array([x]) for x in place)).excess
        )
    every = np.concatenate(pulls)
    assert len(every) > 150
    assert every.std() == pytest.approx(1.0, abs=0.1)
    assert np.concatenate(off) == pytest.approx(1.0, abs=0.03)
