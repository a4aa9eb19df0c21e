"""False matches are as many as expected, over several fields, also by probability."""

import itertools
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import reseau
from synthetic_surveys import Box, numbers_of, write_all

pytestmark = pytest.mark.recovery

IDS = ("twomass_id", "sirius_id", "virac2_id", "gaia_source_id")
EDGES = (0.5, 0.8, 0.95, 0.99, 1.001)


def test_expected_false_matches_are_there(tmp_path: Path) -> None:
    """Within Poisson noise and a tenth, in all and by class of probability."""
    false = np.zeros((3, len(EDGES) - 1))
    expected = np.zeros_like(false)
    box = Box((266.3, 266.4), (-29.1, -28.96))
    for seed in range(4):
        folder = tmp_path / str(seed)
        folder.mkdir()
        files = list(write_all(folder, seed, 100_000, box).values())
        found = reseau.merge(files, folder / "merged.parquet")
        table = pq.read_table(found.files["merged"])
        number = numbers_of(table)
        for place, name in enumerate(IDS[1:], 1):
            before = np.stack([number[n] for n in IDS[:place]])
            paired = (before >= 0).any(axis=0) & (number[name] >= 0)
            wrong = paired & ~(before == number[name]).any(axis=0)
            label = name.removesuffix("_id").removesuffix("_source")
            likely = table[f"{label}_probability"].to_numpy()
            for k, (low, high) in enumerate(itertools.pairwise(EDGES)):
                of = paired & (likely >= low) & (likely < high)
                false[place - 1, k] += (wrong & of).sum()
                expected[place - 1, k] += (1 - likely[of]).sum()
    whole = expected.sum(axis=1)
    # Gaia's G agrees with a star's J and colour: few matches are in doubt.
    assert whole[:2].min() > 20
    assert whole[2] > 1
    off = np.abs(false.sum(axis=1) - whole)
    assert (off <= 3 * np.sqrt(whole) + 0.1 * whole).all()
    off = np.abs(false - expected)
    assert (off <= 4 * np.sqrt(expected + 1) + 0.1 * expected).all()
