"""Densities of the preset against its formulas written out, one star at a time."""

import math

import numpy as np
import pytest

from reseau.galaxy.model import read_galaxy

THIN = {
    # number at the Sun, scale length, scale height
    "thin1": (0.0139, 5000.0, 61.47),
    "thin2": (0.0153, 2600.0, 141.84),
    "thin3": (0.0127, 2600.0, 224.26),
    "thin4": (0.0111, 2600.0, 292.36),
    "thin5": (0.0212, 2600.0, 372.85),
    "thin6": (0.0235, 2600.0, 440.71),
    "thin7": (0.0492, 2600.0, 445.37),
}
BAR = (930.623147, 370.784387, 239.547516, 1.20012, 4.09327, 2631.785)
X = (278.027, 176.319, 286.792, 1.308713, 2.217453, 1301.638)


def _boxy(x: float, y: float, z: float, radius: float, law: tuple[float, ...]) -> float:
    x0, y0, z0, c1, c2, cutoff = law
    plane = (abs(x / x0) ** c1 + abs(y / y0) ** c1) ** (1.0 / c1)
    r = (plane**c2 + abs(z / z0) ** c2) ** (1.0 / c2)
    end = math.exp(-0.5 * ((radius - cutoff) / 500.0) ** 2) if radius > cutoff else 1.0
    return math.exp(-r) * end


def _bar(x: float, y: float, z: float) -> float:
    """With x towards the Sun, as the paper has it."""
    cos, sin = math.cos(math.radians(27.0)), math.sin(math.radians(27.0))
    along, across, radius = x * cos + y * sin, -x * sin + y * cos, math.hypot(x, y)
    shifted = [along - 1.377748 * z, along + 1.377748 * z]
    arms = sum(_boxy(a, across, z, radius, X) for a in shifted)
    return 11.9712 * (_boxy(along, across, z, radius, BAR) + 1.439757 * arms)


def _disc(name: str, radius: float, z: float) -> float:
    number, length, height = THIN[name]
    radial = math.exp((8160.0 - max(radius, 5300.0)) / length)
    return number * radial / math.cosh(z / height) ** 2


def _cluster(radius: float, z: float) -> float:
    a = math.hypot(radius, z / 0.73)
    mass = 2.29 * 6.1e7 * 5.9 / (4.0 * math.pi * 0.73 * a**0.71 * (a + 5.9) ** 3.29)
    return mass if a < 1000.0 else 0.0


def test_formulas_written_out() -> None:
    galaxy = read_galaxy("koshimoto2021")
    rng = np.random.default_rng(11)
    position = rng.normal(0.0, 1.0, (60, 3)) * 10.0 ** rng.uniform(0.0, 4.0, (60, 1))
    position[:, 2] *= 0.3
    found = dict(zip(galaxy.names, galaxy.number_density(position), strict=True))
    nsc = galaxy.component("nsc")
    for i, (x, y, z) in enumerate(position.tolist()):
        radius = math.hypot(x, y)
        expected = {name: _disc(name, radius, z) for name in THIN}
        radial = math.exp((8160.0 - max(radius, 5300.0)) / 2200.0)
        expected["thick"] = 0.00804 * radial * math.exp(-abs(z) / 903.12)
        expected["bar"] = _bar(-x, y, z)
        expected["nsc"] = _cluster(radius, z) / nsc.mass_per_star
        for name, number in expected.items():
            assert found[name][i] == pytest.approx(number, rel=1e-9, abs=1e-18)
