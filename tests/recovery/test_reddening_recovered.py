"""Maps of the reddening recovered from stars behind them, within the errors stated."""

import numpy as np
import pytest

from reddened_giants import Field
from reseau.galaxy.extinction import ReddeningSettings, reddening_of_catalogue

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
        found = reddening_of_catalogue(field.catalogue(seed), settings=settings)
        pulls.append(field.pulls(found))
    every = np.concatenate(pulls)
    assert len(every) > 100
    assert every.std() == pytest.approx(1.0, abs=0.1)
    assert np.abs(every.mean()) < 0.5
