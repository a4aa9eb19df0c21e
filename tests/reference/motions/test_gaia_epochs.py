"""Epoch astrometry of Gaia against what its own solution and its collaboration found.

Gaia BH3: Gaia Collaboration, Panuzzo et al. 2024, A&A 686, L2, and the notebook beside
its data. The others: what AGIS itself gave for ten sources (ESA's gaia-supdate), whose
own tests allow 2e-4 mas.
"""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from scipy.optimize import brentq, newton

from alarm import chi2_bounds
from reseau.exchange.epoch_astrometry.reading import read_epoch_astrometry
from reseau.exchange.epoch_astrometry.velocities import read_velocities
from reseau.motions.epoch_astrometry import EpochAstrometry
from reseau.motions.source_models.basis import FIVE, model_columns
from reseau.motions.source_models.choice import choose_models
from reseau.motions.source_models.linear_fit import LinearFit, fit_linear
from reseau.motions.source_models.options import SourceOptions
from reseau.motions.source_models.robust import fit_robustly
from reseau.motions.source_models.shared_orbit import SharedOrbitFit
from reseau.motions.source_models.solution import SourceSolution, solution_of
from reseau.motions.source_models.whitening import whitening
from reseau.verbs.sources import sources

pytestmark = pytest.mark.data

ERRORS = (
    "alphaStarError",
    "deltaError",
    "varpiError",
    "muAlphaStarError",
    "muDeltaError",
)


@pytest.fixture(scope="module")
def folder(data: Path) -> Path:
    """Return the folder of epochs, or skip."""
    path = data / "epochs"
    if not path.is_dir():
        pytest.skip(f"no epochs at hand: {path} does not exist")
    return path


@pytest.fixture(scope="module")
def black_hole(folder: Path) -> EpochAstrometry:
    """Return the epochs of Gaia BH3."""
    return read_epoch_astrometry(folder / "gaia_bh3" / "epochast.dat")


@pytest.fixture(scope="module")
def orbit(black_hole: EpochAstrometry) -> SourceSolution:
    """Return the model that is chosen for Gaia BH3."""
    return solution_of(choose_models(black_hole), 0)


def fitted(
    astrometry: EpochAstrometry,
    names: tuple[str, ...] = FIVE,
    floor: np.ndarray | float = 0.0,
    prior: np.ndarray | None = None,
) -> LinearFit:
    """Return a linear fit."""
    columns = model_columns(astrometry, names)
    white = whitening(astrometry, floor=floor)
    return fit_linear(astrometry, columns, names, white, prior=prior)


def test_five_parameters_of_a_black_hole_have_all_printed_digits(
    black_hole: EpochAstrometry,
) -> None:
    fit = fitted(black_hole)
    printed = [1.50624, -0.03341, 0.71520, -30.29679, -148.62246]
    errors = [0.00708, 0.00674, 0.00871, 0.00477, 0.00427]
    np.testing.assert_array_equal(np.round(fit.value[0], 5) + 0.0, printed)
    np.testing.assert_array_equal(np.round(fit.error[0], 5), errors)
    assert round(fit.chi2[0]) == 1_835_661
    assert int(black_hole.n_used[0]) == 599


def test_the_orbit_of_a_black_hole_is_that_of_the_collaboration(
    orbit: SourceSolution,
) -> None:
    """To the digits that are printed; the last one may differ by one."""
    assert orbit.kind == "Orbital"
    printed = {
        "parallax": (1.68081, 0.00894, 1e-5),
        "pmra": (-28.3284, 0.0736, 1e-4),
        "pmdec": (-155.201, 0.123, 1e-3),
        "period": (4236.0, 109.0, 1.0),
        "eccentricity": (0.72823, 0.00527, 1e-5),
        "a_thiele_innes": (2.3471, None, 1e-4),
        "b_thiele_innes": (10.752, None, 1e-3),
        "f_thiele_innes": (20.669, None, 1e-3),
        "g_thiele_innes": (-17.011, None, 1e-3),
        "semi_major_axis": (27.303, 0.544, 1e-3),
        "inclination": (110.589, None, 1e-3),
        "arg_periastron": (77.853, None, 1e-3),
        "nodeangle": (136.216, None, 1e-3),
    }
    for name, (value, error, unit) in printed.items():
        assert abs(orbit[name] - value) <= unit, name
        if error is not None:
            # Printed to three digits; the notebook's are those of the curvature, second
            # derivatives included, half a per cent smaller here.
            digit = 10.0 ** np.floor(np.log10(error) - 2.0)
            apart = abs(orbit.error_of(name) - error)
            assert apart < 0.5 * digit + 0.005 * error, name
    assert orbit.chi2 == pytest.approx(538.8, abs=0.05)
    assert orbit.degrees == 599 - 12


def test_the_orbit_is_a_minimum_of_another_model(
    black_hole: EpochAstrometry, orbit: SourceSolution
) -> None:
    """χ² by SciPy's solution of Kepler's equation: no gradient, and its curvature."""
    used = black_hole.is_used
    epoch, value, error = (
        each[used] for each in (black_hole.epoch, black_hole.value, black_hole.error)
    )
    east, north = black_hole.direction[used].T

    def left(p: np.ndarray) -> np.ndarray:
        a, b, f, g, period, e, start = p[5:]
        mean = 2.0 * np.pi * (365.25 * epoch - start) / period
        anomaly = newton(
            lambda x: x - e * np.sin(x) - mean,
            mean + e * np.sin(mean),
            fprime=lambda x: 1.0 - e * np.cos(x),
            tol=1e-15,
            maxiter=100,
        )
        x, y = np.cos(anomaly) - e, np.sqrt(1.0 - e**2) * np.sin(anomaly)
        straight = east * (p[0] + p[3] * epoch) + north * (p[1] + p[4] * epoch)
        parallax = p[2] * black_hole.parallax_factor[used]
        turned = north * (a * x + f * y) + east * (b * x + g * y)
        return (value - straight - parallax - turned) / error

    widths = np.diag(1e-3 * orbit.error)
    slopes = np.stack(
        [
            (left(orbit.value + w) - left(orbit.value - w)) / (2.0 * w.sum())
            for w in widths
        ],
        axis=1,
    )
    rest = left(orbit.value)
    assert rest @ rest == pytest.approx(orbit.chi2, rel=1e-10)
    step = np.linalg.lstsq(slopes, rest, rcond=None)[0]
    assert np.abs(step / orbit.error).max() < 1e-4
    covariance = np.linalg.inv(slopes.T @ slopes)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), orbit.error, rtol=1e-4)


def test_velocities_agree_with_the_orbit_of_a_dark_companion(folder: Path) -> None:
    """The orbit on the sky foretells K; both give the black hole's published mass.

    32.70 ± 0.82 solar masses beside a star of 0.76 ± 0.05, period 11.6 years (Panuzzo
    et al. 2024).
    """
    given = folder / "gaia_bh3"
    velocities = read_velocities(given / "epochrv.dat")
    assert len(velocities.epoch) == 17
    found = sources(given / "epochast.dat", radial_velocities=given / "epochrv.dat")[0]
    assert found.kind == "AstroSpectroSB1"
    assert found.goodness < 2.0
    assert found["period"] / 365.25 == pytest.approx(11.6, abs=0.1)
    assert found.curved is not None
    shared = found.curved.fit
    assert isinstance(shared, SharedOrbitFit)
    apart = found["semi_amplitude_primary"] - shared.dark_speed
    speed_error = found.error_of("semi_amplitude_primary")
    assert abs(apart) < 2.0 * np.hypot(speed_error, shared.dark_speed_error)
    pulls = shared.velocity_residual / velocities.error
    low, high = chi2_bounds(17 - 4)
    assert low < pulls @ pulls < high
    # Kepler's third law, of the star's orbit about the centre of mass.
    size = found["semi_major_axis"] / found["parallax"]
    function = size**3 / (found["period"] / 365.25) ** 2
    mass = brentq(lambda m: m**3 / (m + 0.76) ** 2 - function, 1.0, 100.0)
    assert abs(mass - 32.70) < 2.0 * 0.82


def test_ten_sources_have_the_errors_and_parallaxes_of_agis(folder: Path) -> None:
    place = folder / "gaia_supdate" / "tests" / "test_data" / "heaviside_weighting"
    astrometry = read_epoch_astrometry(place / "epoch_astrometry.parquet")
    table = pq.read_table(place / "agis_source_update_results.parquet")
    columns = {name: table[name].to_numpy() for name in table.column_names}
    order = np.argsort(columns["sourceId"])
    agis = {name: values[order] for name, values in columns.items()}
    np.testing.assert_array_equal(astrometry.source_id, agis["sourceId"])
    np.testing.assert_array_equal(astrometry.n_used, agis["nObsAl"])
    fit = fitted(astrometry, floor=agis["excessNoise_mas"])
    errors = np.stack([agis[name] for name in ERRORS], axis=1)
    np.testing.assert_allclose(fit.error, errors, rtol=1.4e-5)
    faint = agis["gMag"] > 7.0
    for column, name in ((2, "varpi"), (3, "muAlphaStar"), (4, "muDelta")):
        apart = np.abs(fit.value[:, column] - agis[name])
        assert apart[faint].max() < 2e-4, name
    # One bright star of 6.9 arcsec/yr: terms beyond the linear model are left out.
    assert np.abs(fit.value[:, 2] - agis["varpi"]).max() < 0.01


def test_a_constrained_colour_is_the_sixth_parameter_of_agis(folder: Path) -> None:
    place = folder / "gaia_supdate" / "tests" / "test_data" / "constrained_colour"
    table = pq.read_table(place / "2_agis_source_update_results.parquet")
    agis = {name: table[name].to_numpy()[0] for name in table.column_names}
    found = sources(
        place / "2_epoch_astrometry.parquet",
        model="5",
        noise_floor="stated",
        colour_prior=0.085e-3,
    )[0]
    assert found["parallax"] == pytest.approx(agis["varpi"], abs=2e-4)
    assert found["pmra"] == pytest.approx(agis["muAlphaStar"], abs=2e-4)
    assert found["pmdec"] == pytest.approx(agis["muDelta"], abs=2e-4)
    assert found["pseudocolour"] == pytest.approx(agis["pseudoColor"], rel=0.01)
    wanted = [agis[name] for name in ERRORS]
    np.testing.assert_allclose(found.error[:5], wanted, rtol=2e-6)
    # Of the prior, which makes it smaller by 1e-4, two digits are known.
    assert found.error[5] == pytest.approx(agis["pseudoColorError"], rel=5e-6)


def test_robust_weights_and_excess_noise_are_those_of_esa(folder: Path) -> None:
    """Five numbers that ESA's own test of the two together expects, to their digits."""
    place = folder / "gaia_supdate" / "tests" / "test_data"
    all_sources = read_epoch_astrometry(place / "epoch_astrometry_sample.parquet")
    astrometry = all_sources.one(0)
    wanted = [-3.65476422e-03, -3.68525745e-04, 1.28540208, 0.365254875, -4.66684150]
    fit, weight, noise = fit_robustly(
        astrometry, model_columns(astrometry, FIVE), FIVE, with_floor=True
    )
    np.testing.assert_allclose(fit.value[0], wanted, rtol=1e-6, atol=2e-8)
    assert np.sum(weight < 0.2) == 1
    assert noise is not None
    assert fit.chi2[0] == pytest.approx(fit.degrees[0], rel=1e-8)


def test_lists_in_texts_are_read_as_lists(folder: Path) -> None:
    """The archive's table has texts; its solution is known, too."""
    place = folder / "gaia_supdate" / "tests" / "test_data" / "constrained_colour"
    table = pq.read_table(place / "1_archive_source_update_results.parquet")
    agis = {name: table[name].to_numpy()[0] for name in table.column_names}
    astrometry = read_epoch_astrometry(place / "1_archive_epoch_astro.parquet")
    assert int(astrometry.n_used[0]) == agis["nObsAl"]
    names = (*FIVE, "pseudocolour")
    prior = np.array([np.inf] * 5 + [0.085e-3])
    fit = fitted(astrometry, names, floor=astrometry.stated_floor, prior=prior)
    np.testing.assert_allclose(fit.value[0, 2], agis["varpi"], atol=2e-4)
    np.testing.assert_allclose(fit.error[0, 2], agis["varpiError"], rtol=1e-5)


def test_options_of_a_single_model_are_kept(black_hole: EpochAstrometry) -> None:
    found = choose_models(black_hole, SourceOptions(model="9", floor="fit"))
    one = solution_of(found, 0)
    assert one.kind == "Acceleration9"
    assert one.chi2 == pytest.approx(one.degrees, rel=1e-8)
