"""Refraction against NIST, Ciddor, PAL, ERFA, Pulkovo's tables and the lecture."""

import erfa
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from accuracy import Accuracy
from quick import quick_jit
from reseau.constants import ARCSECOND, DEGREE, MILLIARCSECOND
from reseau.errors import CatalogueError
from reseau.records import Air
from reseau.sky import (
    Atmosphere,
    average_refraction,
    check_air,
    check_zenith_distance,
    differential_colour_refraction,
    effective_wavelength,
    fitted_constants,
    laplace_constants,
    refract,
    refraction_integral,
    refraction_laplace,
    refraction_tangent,
    refraction_through,
    refractivity,
    unrefract,
    zenith_distance,
)
from reseau.sky.refraction.air import saturation_pressure

MICROARCSECOND = MILLIARCSECOND / 1000
SECTION = "Refraction"
STANDARD = (1013.25, 15.0, 0.0, 0.59)  # hPa, °C, humidity, µm

# Engineering Metrology Toolbox of NIST (Stone & Zimmerman), Ciddor's equation, 450 ppm:
# °C, kPa, per cent, nm, n.
NIST = np.array(
    [
        (20, 101.325, 0, 633, 1.000271800),
        (20, 60, 0, 633, 1.000160924),
        (20, 120, 0, 633, 1.000321916),
        (50, 100, 0, 633, 1.000243285),
        (5, 100, 0, 633, 1.000282756),
        (-40, 100, 0, 633, 1.000337580),
        (50, 120, 100, 633, 1.000287924),
        (40, 120, 75, 633, 1.000299418),
        (20, 100, 100, 633, 1.000267394),
        (40, 110, 100, 1700, 1.000270247),
        (20, 101.325, 0, 1700, 1.000268479),
        (40, 110, 100, 300, 1.000289000),
        (20, 101.325, 0, 300, 1.000286581),
        (-40, 120, 0, 300, 1.000427233),
    ]
)

# Ciddor 1996, tables 1 and 2, 633 nm: °C, Pa, vapour pressure Pa, CO₂ ppm, 1e8 (n - 1).
CIDDOR = np.array(
    [
        (20, 80000, 0, 450, 21458.0),
        (20, 100000, 0, 450, 26824.4),
        (20, 120000, 0, 450, 32191.6),
        (10, 100000, 0, 450, 27774.7),
        (30, 100000, 0, 450, 25937.2),
        (19.526, 102094.8, 1065, 510, 27392.9),
        (19.517, 102096.8, 1065, 510, 27394.0),
        (19.173, 102993.0, 641, 450, 27682.4),
        (19.173, 103006.0, 642, 440, 27685.8),
        (19.188, 102918.8, 706, 450, 27658.7),
        (19.189, 102927.8, 708, 440, 27660.8),
        (19.532, 103603.2, 986, 600, 27802.0),
        (19.534, 103596.2, 962, 600, 27800.8),
        (19.534, 103599.2, 951, 610, 27802.2),
    ]
)

# palRefro of PAL, the successor of SLALIB (palpy 1.8.4, EPS = 1e-13): zenith distance
# [°] and the refraction ["] in each of three airs.
PAL_Z, *PAL = np.array(
    [
        (10.0, 10.067488, 10.2690321, 7.8323621),
        (30.0, 32.9523773, 33.6124424, 25.6368545),
        (45.0, 57.030398, 58.1742169, 44.370913),
        (60.0, 98.5487354, 100.532673, 76.680444),
        (70.0, 155.5075429, 158.6639061, 121.0257676),
        (80.0, 312.6017604, 319.1928559, 243.545979),
        (89.0, 1408.9324512, 1453.1170235, 1118.0293748),
    ]
).T
# Height m, °C, hPa, humidity, µm, latitude °, lapse K/m.
PAL_AIR = (
    (0.0, 15.0, 1013.25, 0.0, 0.59, 45.0, 0.0065),
    (0.0, 7.0, 1005.0, 0.8, 0.574, 50.0, 0.0065),
    (2500.0, -3.0, 750.0, 0.5, 1.6, 25.0, 0.0055),
)

# NIST's calculator again: n at 20 °C, 1 atm and half saturated, against µm.
COLOURS = np.array([0.321456, 0.5, 0.6001234, 0.633, 0.7, 1.000987, 1.5008])
COLOURED = 1e-9 * np.array([283543, 273781, 271818, 271373, 270657, 269038, 268190])


def test_refractivity_is_nists(accuracy: Accuracy):
    """Half of what is left is the rounding of n, half the saturation pressure."""
    celsius, kilopascal, percent, nanometre, index = NIST.T
    found = refractivity(10 * kilopascal, celsius, percent / 100, nanometre / 1000)
    accuracy.record(
        section=SECTION,
        term="refractivity of air, -40 to 50 °C, dry to saturated, 0.3 to 1.7 µm",
        authority="NIST Engineering Metrology Toolbox (Ciddor's equation)",
        measured=float(np.abs(found - (index - 1)).max()) * 1e8,
        asked=0.1,
        unit="1e-8",
        note="uncertainty of the formula: 2 to 5",
    )


def test_refractivity_agrees_with_measurements(accuracy: Accuracy):
    """The refractivities with which Ciddor compares his equation."""
    worst = 0.0
    for celsius, pascal, vapour, carbon_dioxide, wanted in CIDDOR:
        # Ciddor's vapour pressures are partial pressures; ours carry the enhancement.
        enhancement = 1.00062 + 3.14e-8 * pascal + 5.6e-7 * celsius**2
        humidity = vapour / (100 * saturation_pressure(celsius)) / enhancement
        found = refractivity(
            pascal / 100, celsius, humidity, 0.633, carbon_dioxide=carbon_dioxide
        )
        worst = max(worst, abs(float(found) * 1e8 - wanted))
    accuracy.record(
        section=SECTION,
        term="refractivity of air, 633 nm",
        authority="Ciddor 1996, tables 1 and 2",
        measured=worst,
        asked=1.0,
        unit="1e-8",
    )


def _pal_atmosphere(
    height: float,
    celsius: float,
    pressure: float,
    humidity: float,
    wavelength: float,
    latitude: float,
    lapse: float,
) -> Atmosphere:
    """Return the layers with PAL's refractivity (IAG 1999) and vapour (Gill 1982)."""
    kelvin = celsius + 273.15
    group = 287.6155 + 1.62887 / wavelength**2 + 0.0136 / wavelength**4
    specific = group * 273.15e-6 / 1013.25
    gravity = 9.784 * (1 - 0.0026 * np.cos(2 * latitude * DEGREE) - 2.8e-7 * height)
    stiffness = 28.9644 * gravity / 8314.32
    gamma = stiffness / lapse
    saturated = 10 ** ((0.7859 + 0.03477 * celsius) / (1 + 0.00412 * celsius))
    saturated *= 1 + pressure * (4.5e-6 + 6e-10 * celsius**2)
    vapour = humidity * saturated / (1 - (1 - humidity) * saturated / pressure)
    surplus = vapour * (1 - 18.0152 / 28.9644) * gamma / (18.36 - gamma)
    values = (
        6_378_120.0 + height,
        kelvin,
        lapse,
        11_000.0 - height,
        specific * (pressure + surplus) / kelvin,
        (specific * surplus + 11.2684e-6 * vapour) / kelvin,
        stiffness,
    )
    return Atmosphere(*(jnp.asarray(value) for value in values))


def test_integral_is_pals(accuracy: Accuracy):
    """The same layers, cut at the same 80 km: only the quadrature differs."""
    worst = 0.0
    for conditions, wanted in zip(PAL_AIR, PAL, strict=True):
        air = _pal_atmosphere(*conditions)
        found = (
            refraction_through(jnp.asarray(PAL_Z * DEGREE), air, top=80_000.0)
            / ARCSECOND
        )
        worst = max(worst, float(np.abs(found - wanted).max()))
    accuracy.record(
        section=SECTION,
        term="integral over layers, 10° to 89°, same refractivity",
        authority="PAL `refro` (Hohenkerk & Sinclair 1985)",
        measured=worst * 1e6,
        asked=0.2,
        note="printed to 0.1 µas",
    )


def test_integral_with_own_refractivity_is_near_pals(accuracy: Accuracy):
    worst = 0.0
    for conditions, wanted in zip(PAL_AIR, PAL, strict=True):
        height, celsius, pressure, humidity, wavelength, latitude, lapse = conditions
        found = refraction_integral(
            jnp.asarray(45 * DEGREE),
            pressure,
            celsius,
            humidity,
            wavelength,
            height=height,
            latitude=latitude * DEGREE,
            lapse=lapse,
        )
        worst = max(worst, abs(float(found) / ARCSECOND - wanted[2]))
    assert worst < 0.011
    accuracy.record(
        section=SECTION,
        term="refraction at 45°, air of each its own",
        authority="PAL `refro` (Hohenkerk & Sinclair 1985)",
        measured=worst * 1e3,
        asked=None,
        unit="mas",
        note="PAL scales the refractivity of 0 °C as an ideal gas; real air's "
        "compressibility changes by 2e-4 between 0 and 15 °C",
    )


def test_integral_is_pulkovos(accuracy: Accuracy):
    """57.085″ tan z - 0.0666″ tan³ z represents the tables to 2 mas up to 60°."""
    z = np.linspace(5, 60, 12) * DEGREE
    table = 57.085 * np.tan(z) - 0.0666 * np.tan(z) ** 3
    found = refraction_integral(jnp.asarray(z), *STANDARD) / ARCSECOND
    accuracy.record(
        section=SECTION,
        term="integral over layers, to 60°",
        authority="Pulkovo refraction tables 1985 (Laplace's formula fitted to them)",
        measured=float(np.abs(found - table).max()) * 1e3,
        asked=5.0,
        unit="mas",
        note="the fit holds the tables to 2 mas",
    )


def test_horizontal_refraction_is_pulkovos(accuracy: Accuracy):
    """At 90° the tables have 1977.97″; smooth with their neighbours is 1976.28″."""
    found = float(refraction_integral(jnp.asarray(np.pi / 2), *STANDARD)) / ARCSECOND
    accuracy.record(
        section=SECTION,
        term="integral over layers, at the horizon",
        authority="Pulkovo refraction tables 1985",
        measured=abs(found - 1976.28),
        asked=3.0,
        unit="arcsec",
        note="of 1976″; the stratosphere is simplified here",
    )


def test_seeds_numbers_belong_to_zero_degrees():
    """A = 60.236″ and B = 0.0675″ are said to be of 15 °C, and are of 0 °C."""
    cold = np.array(laplace_constants(1013.25, 0.0, 0.0, 0.59)) / ARCSECOND
    mild = np.array(laplace_constants(1013.25, 15.0, 0.0, 0.59)) / ARCSECOND
    assert cold[0] == pytest.approx(60.236, abs=0.002)
    assert cold[1] == pytest.approx(0.0675, abs=0.0006)
    assert mild[0] == pytest.approx(57.1, abs=0.05)
    assert abs(mild[0] - 60.236) > 3
    assert mild[1] == pytest.approx(0.0675, abs=0.0006)


def test_constants_of_15_degrees_are_pulkovos(accuracy: Accuracy):
    tangent, cube = (float(c) / ARCSECOND for c in laplace_constants(*STANDARD))
    accuracy.record(
        section=SECTION,
        term="Laplace's A at 15 °C",
        authority="57.085″, fitted to the Pulkovo tables 1985",
        measured=abs(tangent - 57.085) * 1e3,
        asked=5.0,
        unit="mas",
    )
    assert cube == pytest.approx(0.0666, abs=0.0015)


@pytest.mark.parametrize(
    ("degrees", "allowed"),
    [(10, 0.05), (30, 0.2), (45, 1), (60, 6), (70, 45), (75, 180), (80, 1300)],
)
def test_laplace_is_the_series_of_the_integral(
    accuracy: Accuracy, degrees: float, allowed: float
):
    z = jnp.asarray(degrees * DEGREE)
    exact = refraction_integral(z, *STANDARD)
    laplace = refraction_laplace(z, *laplace_constants(*STANDARD))
    accuracy.record(
        section=SECTION,
        term=f"Laplace's formula at {degrees:.0f}°",
        authority="integral over layers",
        measured=abs(float(laplace - exact)) / MILLIARCSECOND,
        asked=allowed,
        unit="mas",
        note="what is left is of second order in β",
    )


def test_first_order_lacks_the_curvature():
    """The flat Earth's (n₀ - 1) tan z₀ is too long by about β, as the seed has it."""
    z = jnp.asarray(45 * DEGREE)
    flat = refraction_tangent(z, refractivity(*STANDARD))
    exact = refraction_integral(z, *STANDARD)
    assert float(flat / exact - 1) == pytest.approx(1.3e-3 + 1.2e-3, rel=0.1)


def test_fitted_constants_are_pals(accuracy: Accuracy):
    """PAL `refco` at 15 °C: 57.0944858″ and -0.0640878″, of its own refractivity."""
    found = np.array([float(c) / ARCSECOND for c in fitted_constants(*STANDARD)])
    scale = 57.0944858 / found[0]
    assert scale == pytest.approx(1, abs=2e-4)
    accuracy.record(
        section=SECTION,
        term="constants fitted at 45° and 76°, scaled to the same A: B",
        authority="PAL `refco`",
        measured=abs(found[1] * scale - 0.0640878) * 1e3,
        asked=0.05,
        unit="mas",
    )
    z = jnp.linspace(0.0, 76.0, 77) * DEGREE
    left = refraction_laplace(z, *(found * ARCSECOND)) - refraction_integral(
        z, *STANDARD
    )
    assert float(jnp.abs(left).max()) < 35 * MILLIARCSECOND


def _constants(*air: float) -> tuple[float, float]:
    tangent, cube = laplace_constants(*air)
    return float(tangent), float(cube)


def _implied(tangent: float, cube: float) -> tuple[float, float]:
    """Return the α and β of which A = α (1 - β), B = α (β - α/2)."""
    alpha = 1 - np.sqrt(1 - 2 * (tangent + cube))
    return alpha, 1 - tangent / alpha


def _laplace(z: float, alpha: float, beta: float) -> float:
    t = np.tan(z)
    return alpha * (1 - beta) * t - alpha * (beta - alpha / 2) * t**3


@pytest.mark.parametrize("degrees", [10, 30, 45, 60, 70])
def test_difference_from_refco_is_explained(accuracy: Accuracy, degrees: float):
    """ERFA's β is lowered on purpose, and its air is an ideal gas."""
    z = degrees * DEGREE
    tangent, minus_cube = erfa.refco(*STANDARD)
    theirs = _implied(tangent, -minus_cube)
    ours = _implied(*_constants(*STANDARD))
    difference = _laplace(z, *theirs) - _laplace(z, *ours)
    by_air = _laplace(z, theirs[0], ours[1]) - _laplace(z, *ours)
    by_beta = _laplace(z, ours[0], theirs[1]) - _laplace(z, *ours)
    assert abs(difference - by_air - by_beta) < 0.02 * MILLIARCSECOND
    assert by_air / _laplace(z, *ours) == pytest.approx(1.8e-4, rel=0.1)
    accuracy.record(
        section=SECTION,
        term=f"Laplace's formula at {degrees}°",
        authority="ERFA `refco`",
        measured=abs(difference) / MILLIARCSECOND,
        asked=None,
        unit="mas",
        note=f"{by_air / MILLIARCSECOND:.1f} mas: ideal gas from 0 °C instead of real "
        f"air; {by_beta / MILLIARCSECOND:.1f} mas: β lowered by 3 % to stand in for "
        "tan⁵ z₀",
    )


def test_refractivity_at_zero_degrees_is_refcos(accuracy: Accuracy):
    """At 0 °C and 1 atm, where the IAG's formula is anchored, both are the same."""
    tangent, minus_cube = erfa.refco(1013.25, 0.0, 0.0, 0.59)
    alpha, beta = _implied(tangent, -minus_cube)
    ours, ours_beta = _implied(*_constants(1013.25, 0.0, 0.0, 0.59))
    assert beta / ours_beta == pytest.approx(0.967, abs=0.002)
    accuracy.record(
        section=SECTION,
        term="n₀ - 1 at 0 °C and 1 atm",
        authority="ERFA `refco` (IAG 1999)",
        measured=abs(alpha / ours - 1) * 1e6,
        asked=5.0,
        unit="1e-6 of it",
    )


def test_directions_are_atioqs(accuracy: Accuracy):
    """ERFA `atioq` with the same A and B, its diurnal aberration off."""
    latitude = 0.6
    tangent, cube = laplace_constants(900.0, 5.0, 0.3, 0.6)
    star = erfa.apio(
        0.0, 0.0, 0.0, latitude, 500.0, 0.0, 0.0, float(tangent), -float(cube)
    )
    star["diurab"] = 0.0
    zenith = np.array([np.cos(latitude), 0.0, np.sin(latitude)])
    rng = np.random.default_rng(0)
    n = 500
    z = np.arccos(rng.uniform(np.cos(70 * DEGREE), 1, n))
    az = rng.uniform(0, 2 * np.pi, n)
    north = np.array([-np.sin(latitude), 0.0, np.cos(latitude)])
    east = np.array([0.0, 1.0, 0.0])
    level = np.cos(az)[:, None] * north + np.sin(az)[:, None] * east
    true = np.cos(z)[:, None] * zenith + np.sin(z)[:, None] * level
    ra, dec = erfa.c2s(true)
    az_observed, z_observed, *_ = erfa.atioq(ra, dec, star)
    found = refract(true, Air(zenith, tangent, cube))
    level = np.cos(az_observed)[:, None] * north + np.sin(az_observed)[:, None] * east
    wanted = np.cos(z_observed)[:, None] * zenith + np.sin(z_observed)[:, None] * level
    off = np.linalg.norm(np.asarray(found) - wanted, axis=1)
    near = z < 45 * DEGREE
    accuracy.record(
        section=SECTION,
        term="observed directions to 45°, same A and B",
        authority="ERFA `atioq`",
        measured=float(off[near].max()) / MICROARCSECOND,
        asked=50.0,
        note="ERFA makes one step of Newton's method",
    )
    accuracy.record(
        section=SECTION,
        term="observed directions to 70°, same A and B",
        authority="ERFA `atioq`",
        measured=float(off.max()) / MILLIARCSECOND,
        asked=None,
        unit="mas",
        note="ERFA makes one step of Newton's method; the formula itself is held by "
        "the next line",
    )
    back = zenith_distance(found, zenith)
    miss = z - back - refraction_laplace(back, tangent, cube)
    accuracy.record(
        section=SECTION,
        term="z - z₀ = A tan z₀ - B tan³ z₀, to 70°",
        authority="the formula",
        measured=float(jnp.abs(miss).max()) / MICROARCSECOND,
        asked=1e-3,
    )


def _sky(z: np.ndarray, seed: int = 0) -> np.ndarray:
    az = np.random.default_rng(seed).uniform(0, 2 * np.pi, z.size)
    return np.stack([np.sin(z) * np.cos(az), np.sin(z) * np.sin(az), np.cos(z)], 1)


UP = np.array([0.0, 0.0, 1.0])


def test_refraction_is_undone(accuracy: Accuracy):
    air = Air(UP, *laplace_constants(1050.0, -20.0, 0.5, 0.35))
    true = _sky(np.linspace(0, 80, 5001) * DEGREE)
    back = unrefract(refract(true, air), air)
    accuracy.record(
        section=SECTION,
        term="refracted and put back, to 80°",
        authority="round trip",
        measured=float(jnp.linalg.norm(back - true, axis=1).max()) / MICROARCSECOND,
        asked=1e-3,
    )


def test_everything_is_finite_to_the_nadir():
    """At and below the horizon refraction is held, invertible, and never lowers."""
    air = Air(UP, *laplace_constants(*STANDARD))
    z = np.concatenate([np.linspace(80, 180, 1001), [90.0, 180.0, 0.0]]) * DEGREE
    true = _sky(z)
    seen = refract(true, air)
    np.testing.assert_allclose(jnp.linalg.norm(seen, axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(unrefract(seen, air), true, atol=1e-15)
    lifted = z - np.asarray(zenith_distance(seen, UP))
    assert np.all(lifted > -1e-15)
    assert np.all(lifted < 600 * ARCSECOND)
    slopes = quick_jit(jax.vmap(jax.jacrev(lambda d: refract(d, air))))(true)
    assert bool(jnp.all(jnp.isfinite(slopes)))


def test_without_air_nothing_happens():
    air = Air(UP, *laplace_constants(0.0, 15.0, 0.0, 0.59))
    true = _sky(np.linspace(0, 180, 50) * DEGREE)
    np.testing.assert_array_equal(refract(true, air), true)
    slope = jax.grad(lambda p: laplace_constants(p, 15.0, 0.0, 0.59)[0])(0.0)
    assert float(slope) * 1013.25 / ARCSECOND == pytest.approx(57.1, rel=2e-3)


def test_exposures_broadcast():
    """Each exposure has its own air, as `Exposures.surroundings` carries it."""
    pressures = np.array([700.0, 1000.0])
    tangent, cube = laplace_constants(pressures, np.zeros(2), np.zeros(2), np.ones(2))
    air = Air(np.stack([UP, UP]), tangent, cube)
    true = _sky(np.full(2, 1.0))
    found = refract(true, air)
    for i in range(2):
        one = Air(UP, tangent[i], cube[i])
        np.testing.assert_allclose(found[i], refract(true[i], one), atol=1e-16)


def test_colour_refraction_is_nists(accuracy: Accuracy):
    """With Laplace's formula, of the refractivities that NIST gives for each colour."""
    z, beta = 45 * DEGREE, _implied(*_constants(1013.25, 20.0, 0.5, 0.5))[1]
    found = differential_colour_refraction(
        z, COLOURS, 0.5, pressure=1013.25, temperature=20.0, humidity=0.5
    )
    wanted = _laplace(z, COLOURED, beta) - _laplace(z, COLOURED[1], beta)
    assert np.all(np.diff(np.asarray(found)) < 0)
    accuracy.record(
        section=SECTION,
        term="differential colour refraction from 0.5 µm, 0.32 to 1.5 µm, at 45°",
        authority="NIST Engineering Metrology Toolbox (refractivity)",
        measured=float(np.abs(found - wanted).max()) / MILLIARCSECOND,
        asked=0.5,
        unit="mas",
        note=f"of up to {np.abs(wanted).max() / ARCSECOND:.1f}″; n printed to 0.2 mas",
    )


@pytest.mark.parametrize(("colour", "allowed"), [(0.35, 15), (0.4, 5), (0.8, 5)])
def test_colour_refraction_is_near_refcos(
    accuracy: Accuracy, colour: float, allowed: float
):
    weather = (1013.25, 0.0, 0.0)
    found = differential_colour_refraction(
        45 * DEGREE,
        colour,
        0.5,
        pressure=weather[0],
        temperature=weather[1],
        humidity=weather[2],
    )
    wanted = sum(erfa.refco(*weather, colour)) - sum(erfa.refco(*weather, 0.5))
    off = abs(float(found) - wanted) / MILLIARCSECOND
    assert off < allowed
    accuracy.record(
        section=SECTION,
        term=f"differential colour refraction from 0.5 to {colour} µm, at 45°",
        authority="ERFA `refco`",
        measured=off,
        asked=None,
        unit="mas",
        note=f"of {abs(wanted) / ARCSECOND:.2f}″; the IAG's three terms of dispersion "
        "are an approximation, worst in the ultraviolet",
    )


def test_effective_wavelength_is_the_mean():
    grid = np.linspace(0.5, 0.7, 401)
    band = np.exp(-0.5 * ((grid - 0.6) / 0.02) ** 2)
    flat = effective_wavelength(grid, np.ones_like(grid), band)
    assert float(flat) == pytest.approx(0.6, abs=1e-6)
    # Through a Gaussian filter a slope moves the mean by slope times variance.
    steep = effective_wavelength(grid, 1 + 2 * (grid - 0.6), band)
    assert float(steep) == pytest.approx(0.6 + 2 * 0.02**2, abs=1e-6)


def test_effective_wavelength_stands_for_the_spectrum():
    """What it leaves out is half the curvature of R(λ) times the variance."""
    z, weather = 1.0, {"pressure": 780.0, "temperature": 7.0, "humidity": 0.4}
    grid, width = np.linspace(0.4, 0.6, 801), 0.02
    band = np.exp(-0.5 * ((grid - 0.5) / width) ** 2)
    photons = np.ones_like(grid)
    average = average_refraction(z, grid, photons, band, **weather)

    def at(colour: jax.Array) -> jax.Array:
        constants = laplace_constants(*weather.values(), colour)
        return refraction_laplace(z, *constants)

    effective = effective_wavelength(grid, photons, band)
    left = float(average - at(effective))
    second = float(quick_jit(jax.grad(jax.grad(at)))(effective))
    assert left == pytest.approx(0.5 * second * width**2, rel=0.05)
    assert 1 * MILLIARCSECOND < left < 30 * MILLIARCSECOND


def test_stars_that_are_not_up_are_named():
    with pytest.raises(CatalogueError, match=r"95° \(row 1\), nan° \(row 3\)") as found:
        check_zenith_distance(np.array([0.1, 95 * DEGREE, 1.5, np.nan]))
    assert "wanted" in str(found.value)
    with pytest.raises(CatalogueError, match=r"90° \(row 0\)"):
        check_zenith_distance(np.pi / 2)
    check_zenith_distance(np.array([0.0, 89.999]) * DEGREE)


@pytest.mark.parametrize(
    ("air", "words"),
    [
        ((101325.0, 15.0, 0.5, 0.6), "101325 hPa .*Pa: divide by 100"),
        ((1013.0, 288.15, 0.5, 0.6), "288.15 °C .*kelvin: subtract 273.15"),
        ((1013.0, 15.0, 50.0, 0.6), "humidity 50 .*per cent: divide by 100"),
        ((1013.0, 15.0, 0.5, 600.0), "600 µm .*nm: divide by 1000"),
        ((1013.0, 15.0, 0.5, 6000.0), "ångström: divide by 10000"),
        ((1013.0, 15.0, 0.5, 6e-7), "metres: multiply by 1e6"),
        ((-1.0, 15.0, 0.5, 0.6), "pressure -1 hPa"),
        ((2000.0, 15.0, 0.5, 0.6), "1 Torr"),
        ((1013.0, np.nan, 0.5, 0.6), "temperature nan °C .*no default"),
        ((1013.0, 15.0, np.array([0.1, -0.1]), 0.6), r"humidity -0.1 .*row 1"),
    ],
)
def test_impossible_air_is_refused(air: tuple[float, ...], words: str):
    with pytest.raises(CatalogueError, match=f"(?s){words}"):
        check_air(*air)


def test_possible_air_passes():
    check_air(np.array([0.0, 1050.0]), np.array([-70.0, 50.0]), 1.0, 2.2)
