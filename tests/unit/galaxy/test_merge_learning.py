"""What the merge learns of true and chance pairs, from made-up pairs."""

from dataclasses import replace

import numpy as np

from reseau.galaxy.merging.candidates import Pairs
from reseau.galaxy.merging.density import Density
from reseau.galaxy.merging.features import Features, features_of, magnitude_class
from reseau.galaxy.merging.learning import Sample, learned
from reseau.galaxy.merging.likelihood import HalfModels, MatchModel, odds
from reseau.galaxy.merging.objects import COMPARED

COUNT = 4000


def rows(**known: np.ndarray) -> dict[str, np.ndarray]:
    """Return rows spread over a tenth of a degree; what is not given is not known."""
    rng = np.random.default_rng(5)
    found = {name: np.full(COUNT, np.nan) for name in COMPARED}
    place = {"ra": rng.uniform(10.0, 10.1, COUNT), "dec": rng.uniform(0.0, 0.1, COUNT)}
    return {**found, **place, **known}


def field() -> tuple[Features, np.ndarray, np.ndarray]:
    """Return candidates, which are of blue stars, and which pairs are true ones.

    Half of the stars are blue, and have a partner; red ones have a chance neighbour.
    """
    rng = np.random.default_rng(6)
    blue = np.arange(COUNT) % 2 == 0
    ks = rng.uniform(14.0, 16.0, COUNT)
    one = rows(Ks=ks, J=ks + np.where(blue, 1.1, 4.1))
    neighbour = rng.uniform(12.0, 22.0, COUNT)
    other = rows(G=np.where(blue, ks + rng.normal(4.0, 0.3, COUNT), neighbour))
    normal, even = rng.normal(0, 0.1, (2, COUNT)), rng.uniform(-1, 1, (2, COUNT))
    east, north = np.where(blue, normal, even)
    size = np.full(COUNT, 0.1**2)
    pairs = Pairs(np.arange(COUNT), np.arange(COUNT), east, north, size, size)
    log_density = np.full((1, 4, 70), np.log(0.05))
    one_cell = Density(90.0, np.array([4294967296]), *np.ones((2, 1)), log_density)
    return features_of(pairs, one, other, one_cell), blue, magnitude_class(one)


def test_a_red_star_is_less_likely_to_be_in_gaia() -> None:
    features, blue, _ = field()
    n = len(MatchModel().share_one)
    place = features.half * n
    counts = [
        np.bincount(place + c, minlength=2 * n).reshape(2, -1).astype(float)
        for c in (features.class_one, features.class_other)
    ]
    models = learned(Sample(features, *counts))
    near = np.hypot(features.pairs.east, features.pairs.north) < 0.1
    worth = models.odds(features)
    assert np.median(worth[near & blue]) > 1e3 * np.median(worth[near & ~blue])
    for model, half in zip(models.halves, (0, 1), strict=True):
        mine = features.half == half
        assert model.share_one[features.class_one[mine & blue]].min() > 0.9
        assert model.share_one[features.class_one[mine & ~blue]].mean() < 0.5


def test_a_pair_is_judged_by_the_other_half() -> None:
    features, _, _ = field()
    low, high = MatchModel(), replace(MatchModel(), east=0.05)
    found = HalfModels((low, high)).odds(features)
    first = features.half == 0
    assert 0.3 < first.mean() < 0.7
    assert (found[first] == odds(high, features)[first]).all()
    assert (found[~first] == odds(low, features)[~first]).all()
    assert (odds(low, features) != odds(high, features)).all()


def test_colour_and_motion_part_classes_of_equal_magnitude() -> None:
    ks = np.full(COUNT, 15.0)
    plain = magnitude_class(rows(Ks=ks))[0]
    red = magnitude_class(rows(Ks=ks, J=ks + 4.0))[0]
    blue = magnitude_class(rows(Ks=ks, J=ks + 1.0))[0]
    moving = magnitude_class(rows(Ks=ks, J=ks + 1.0, pmra=ks))[0]
    assert len({plain, red, blue, moving}) == 4
