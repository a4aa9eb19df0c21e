"""Two stars that were taken for one another, among other strays."""

from types import SimpleNamespace

import numpy as np
import pytest

from reseau.plates.judgement.exchanged import exchanged
from reseau.solvers.start.trusted import Strays


def prepared(place: np.ndarray, exposure: list[int], detector: list[int]) -> object:
    n = len(place)
    measurements = SimpleNamespace(
        pixel=place,
        source=np.tile(np.arange(n // 2), 2),
        exposure=np.array(exposure),
        detector=np.array(detector),
    )
    detectors = SimpleNamespace(ids=(1, 2))
    instrument = SimpleNamespace(detectors=detectors)
    problem = SimpleNamespace(measurements=measurements, instrument=instrument)
    return SimpleNamespace(problem=problem)


def strays(away: np.ndarray, certain: np.ndarray | None = None) -> Strays:
    n = len(away)
    sure = np.ones(n, bool) if certain is None else certain
    none = np.zeros(0, int)
    return Strays(np.arange(n), away, sure, none, none, none)


@pytest.mark.unchecked
def test_pairs_are_found_by_exposure_and_detector() -> None:
    """Of five stars on two exposures 0 and 1 are exchanged on both, 2 and 3 on one."""
    rng = np.random.default_rng(2)
    belongs = np.tile(rng.uniform(0, 2000, (5, 2)), (2, 1))
    order = np.array([1, 0, 3, 2, 4, 6, 5, 7, 8, 9])
    seen = belongs[order] + rng.normal(0, 0.02, (10, 2))
    away = seen - belongs
    away[4] = 300.0  # somewhere else
    away[7] = np.inf  # behind the camera
    away[8] = 1.0
    found = exchanged(
        prepared(belongs + away, [0] * 5 + [1] * 5, [0] * 10), strays(away)
    )
    assert [(p.first, p.second, p.exposures) for p in found] == [
        (0, 1, (0, 1)),
        (2, 3, (0,)),
    ]
    # The same places on other detectors are other places.
    apart = prepared(belongs + away, [0] * 5 + [1] * 5, [0, 1, 0, 1, 0] * 2)
    assert exchanged(apart, strays(away)) == []
    unsure = strays(away, certain=np.arange(10) > 4)
    assert [p.exposures for p in exchanged(apart, unsure)] == []
    assert exchanged(apart, strays(away[:0])) == []


@pytest.mark.unchecked
def test_a_cycle_of_three_is_no_exchange() -> None:
    belongs = np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0]] * 2)
    seen = belongs[[1, 2, 0, 4, 5, 3]]
    found = exchanged(
        prepared(seen, [0] * 3 + [1] * 3, [0] * 6), strays(seen - belongs)
    )
    assert found == []
