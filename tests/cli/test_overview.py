"""What is looked at first, in summary and on screen, is what the files hold."""

import json
from collections.abc import Callable
from pathlib import Path

import astropy.units as u
import jax
import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord

from reseau.datasets import read_instrument
from reseau.instrument import pixel_to_direction

Run = Callable[..., object]


def columns(path: Path) -> dict[str, np.ndarray]:
    table = pq.read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def test_the_summary_tells_errors_residual_scale_and_angle(solution: Path) -> None:
    summary = json.loads((solution / "summary.json").read_text())
    sources = columns(solution / "sources.parquet")
    for name, chosen in (
        ("reference", sources["is_reference"]),
        ("target", ~sources["is_reference"]),
    ):
        found = summary["median_error_mas"][name]
        for axis in ("ra", "dec"):
            wanted = np.median(sources[f"{axis}_error"][chosen])
            assert found[axis] == pytest.approx(wanted, rel=1e-12)
    residuals = columns(solution / "residuals.parquet")
    both = np.concatenate([residuals["dxi"], residuals["deta"]])
    assert summary["residual_rms_mas"] == pytest.approx(np.sqrt(np.mean(both**2)))
    exposures = columns(solution / "exposures.parquet")
    turn = exposures["pa"] - summary["position_angle_deg"]
    turn = (turn + 180.0) % 360.0 - 180.0
    assert np.mean(turn) == pytest.approx(0.0, abs=1e-3)
    assert summary["position_angle_spread_deg"] == pytest.approx(np.abs(turn).max())
    instrument = read_instrument(solution / "instrument.toml")
    detectors = instrument.detectors
    for i in range(2):
        step = 10.0 * np.eye(2)[i]
        with jax.enable_x64(True):
            ends = [
                pixel_to_direction(
                    instrument,
                    np.tile([1.0, 0.5, 2.0], (len(detectors.ids), 1)),
                    np.asarray(detectors.origin) + side * step,
                    np.arange(len(detectors.ids)),
                )
                for side in (1.0, -1.0)
            ]
        one, other = (
            SkyCoord(*np.asarray(e).T, representation_type="cartesian") for e in ends
        )
        apart = np.mean(one.separation(other).to_value(u.arcsec)) / 20.0
        assert summary["scale"][i] == pytest.approx(apart, rel=1e-9)
    assert summary["scale_unit"] == "arcsec/pixel"


def test_the_screen_shows_them(solved: object) -> None:
    text = solved.stdout
    for name in ("median error, references", "residual on the sky", "position angle"):
        assert name in text
    assert "arcsec/pixel" in text
