"""A catalogue made from the truth: what it holds, and that its errors are true."""

from itertools import combinations

import erfa
import numpy as np
import pytest
from scipy import stats as statistics

from alarm import RATE, normal_bound, share_bounds
from reseau.errors import ConfigError
from reseau.survey.population import (
    ACCELERATED,
    BINARY,
    LENSED,
    SINGLE,
    population,
)
from reseau.survey.reference_errors import five_parameter_share
from reseau.survey.references import PARAMETERS
from reseau.survey.sky_floor import smooth_fields
from reseau.survey.star_config import ReferenceConfig, StarsConfig
from reseau.survey.survey_references import (
    MISMATCH,
    RIGHT,
    UNKNOWN_BINARY,
    survey_references,
)

MAS = np.radians(1e-3 / 3600.0)


@pytest.fixture(scope="module")
def stars():
    return population(StarsConfig(count=4000, artificial=30), None, rng(1))


def rng(seed=2):
    return np.random.default_rng(seed)


def covariance(columns):
    """Return the stated covariance [mas, mas/yr]."""
    n = len(columns["ra"])
    matrix = np.zeros((n, 5, 5))
    for i, name in enumerate(PARAMETERS):
        matrix[:, i, i] = columns[f"{name}_error"] ** 2
    for i, j in combinations(range(5), 2):
        one, other = PARAMETERS[i], PARAMETERS[j]
        value = columns[f"{one}_{other}_corr"]
        value = value * columns[f"{one}_error"] * columns[f"{other}_error"]
        matrix[:, i, j] = matrix[:, j, i] = value
    return matrix


def deviation(columns, stars, row):
    """Return catalogue minus truth at the same epoch [mas, mas/yr]."""
    a, d = np.radians(stars.ra[row]), np.radians(stars.dec[row])
    found = erfa.s2c(np.radians(columns["ra"]), np.radians(columns["dec"]))
    east = np.stack([-np.sin(a), np.cos(a), 0.0 * a], axis=-1)
    north = np.cross(erfa.s2c(a, d), east)
    offset = [np.sum(found * axis, axis=-1) / MAS for axis in (east, north)]
    others = [columns[name] - getattr(stars, name)[row] for name in PARAMETERS[2:]]
    return np.stack([*offset, *others], axis=-1)


def whitened(matrix, values):
    return np.linalg.solve(np.linalg.cholesky(matrix), values[..., None])[..., 0]


def test_deviations_are_of_the_stated_covariance(stars):
    found = survey_references(ReferenceConfig(), stars, rng())
    pulls = whitened(
        covariance(found.columns), deviation(found.columns, stars, found.row)
    )
    for i in range(5):
        assert statistics.kstest(pulls[:, i], "norm").pvalue > RATE / 15
    # Six-parameter stars apart, and all against each other.
    six = found.columns["astrometric_params_solved"] == 95
    assert 0.05 < six.mean() < 0.3
    for part in (pulls[six], pulls[~six]):
        assert statistics.kstest(part.ravel(), "norm").pvalue > RATE / 15
    bound = normal_bound(10) / np.sqrt(len(pulls))
    assert np.abs(np.corrcoef(pulls.T) - np.eye(5)).max() < bound
    # Correlations are there to be felt.
    errors = np.sqrt(np.diagonal(covariance(found.columns), axis1=1, axis2=2))
    plain = deviation(found.columns, stars, found.row) / errors
    assert np.abs(found.columns["pmra_pmdec_corr"]).mean() > 0.1
    assert statistics.kstest(plain[:, 0], "norm").pvalue > RATE / 15


@pytest.mark.parametrize("kind", ["stated", "hidden"])
def test_a_floor_is_in_the_errors_or_hidden(stars, kind):
    # So small a scale that stars are independent.
    config = ReferenceConfig(
        floor=kind, floor_mas=0.3, floor_mas_per_yr=0.2, floor_scale_deg=1e-4
    )
    found = survey_references(config, stars, rng())
    plain = survey_references(ReferenceConfig(), stars, rng())
    matrix = covariance(found.columns)
    if kind == "stated":
        grown = matrix - covariance(plain.columns)
        wanted = np.diag([0.09, 0.09, 0.09, 0.04, 0.04])
        np.testing.assert_allclose(
            grown, np.broadcast_to(wanted, grown.shape), atol=1e-9
        )
    else:
        np.testing.assert_allclose(matrix, covariance(plain.columns))
    off = deviation(found.columns, stars, found.row)
    np.testing.assert_allclose(
        off - deviation(plain.columns, stars, plain.row), found.floor, atol=1e-5
    )
    pulls = whitened(matrix, off).ravel()
    fits = statistics.kstest(pulls, "norm").pvalue > RATE
    assert fits == (kind == "stated")


def test_a_floor_is_shared_by_neighbours():
    # 200 pairs of stars half a scale apart, each pair far from the others, and one
    # field after another: the correlation is exp(-1/8).
    draw = rng(5)
    start = erfa.s2c(draw.uniform(0, 6.28, 200), np.arcsin(draw.uniform(-1, 1, 200)))
    scale = 0.02
    across = np.cross(start, [0.0, 0.0, 1.0])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    near = start + 0.5 * scale * across
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    both = np.concatenate([start, near])
    fields = smooth_fields(draw, both, scale=scale, fields=200)
    one, other = fields[:200].ravel(), fields[200:].ravel()
    # 40,000 products, most of them independent; of the waves, 0.05 / √200.
    assert abs(np.mean(one * other) - np.exp(-0.125)) < 0.03
    assert abs(np.mean(fields**2) - 1.0) < 0.03
    # Another pair of places is not correlated.
    assert abs(np.mean(fields[:100] * fields[100:200])) < 0.03
    assert statistics.kstest(fields[0], "norm").pvalue > RATE


def test_the_same_seed_gives_the_same_catalogue(stars):
    config = ReferenceConfig(wrong_fraction=0.1, wrong="both", floor_mas=0.1)
    one, other = (survey_references(config, stars, rng()) for _ in range(2))
    for name, values in one.columns.items():
        np.testing.assert_array_equal(values, other.columns[name])
    third = survey_references(config, stars, rng(3))
    assert not np.array_equal(one.columns["ra"], third.columns["ra"])


def test_artificial_and_faint_sources_have_no_entry(stars):
    found = survey_references(ReferenceConfig(faintest_g_mag=18.0), stars, rng())
    assert not stars.artificial[found.row].any()
    assert found.columns["phot_g_mean_mag"].max() <= 18.0
    assert found.left_out["no_g_magnitude"] == 30
    assert len(found.row) + sum(found.left_out.values()) == len(stars)
    np.testing.assert_array_equal(
        found.columns["source_id"], stars.source_id[found.row]
    )
    assert found.columns["is_reference"].all()


def test_numbers_of_parameters(stars):
    config = ReferenceConfig(five_parameter_fraction=0.3, two_parameter_fraction=0.2)
    found = survey_references(config, stars, rng())
    solved = found.columns["astrometric_params_solved"]
    for number, share in ((3, 0.2), (31, 0.24), (95, 0.56)):
        low, high = share_bounds(share, len(solved), 3)
        assert low <= np.mean(solved == number) <= high
    two = solved == 3
    for name in ("parallax", "pmra", "pmdec_error", "ra_pmra_corr", "pmra_pmdec_corr"):
        np.testing.assert_array_equal(np.isnan(found.columns[name]), two)
    for name in ("ra", "dec", "ra_error", "dec_error", "ra_dec_corr"):
        assert np.isfinite(found.columns[name]).all()
    # 1 to 4 mas (Gaia EDR3 documentation, 4.5.2).
    assert found.columns["ra_error"][two].min() >= 1.0
    assert found.columns["ra_error"][two].max() < 4.0
    position = deviation(found.columns, stars, found.row)[two, :2]
    pulls = whitened(covariance(found.columns)[two, :2, :2], position)
    assert statistics.kstest(pulls.ravel(), "norm").pvalue > RATE


def test_forty_per_cent_have_five_parameters_in_all_of_gaia():
    g = np.linspace(3.0, 21.0, 10_000)
    weight = 10.0 ** (0.25 * g)
    share = np.sum(five_parameter_share(g) * weight) / weight.sum()
    assert share == pytest.approx(585.4 / (585.4 + 882.3), abs=0.02)


def test_wrong_motions_are_off_and_others_are_not(stars):
    config = ReferenceConfig(wrong_fraction=0.05, wrong_by_sigma=10.0)
    found = survey_references(config, stars, rng())
    right = survey_references(ReferenceConfig(), stars, rng())
    wrong = found.reason == UNKNOWN_BINARY
    assert wrong.sum() == round(0.05 * len(found.row))
    for name, values in found.columns.items():
        same = values == right.columns[name]
        assert np.all(same[~wrong])
        assert np.all(~same[wrong]) or name not in PARAMETERS
    matrix = covariance(found.columns)[wrong]
    motion = whitened(matrix[:, 3:, 3:], found.change[wrong, 3:])
    assert np.linalg.norm(motion, axis=1).min() > 10.0 - 1e-9
    # Position and motion are off together.
    off = deviation(found.columns, stars, found.row) - deviation(
        right.columns, stars, right.row
    )
    np.testing.assert_allclose(off, found.change, atol=1e-5)
    physical = survey_references(
        ReferenceConfig(wrong_fraction=0.05, wrong_by_sigma=0.0), stars, rng()
    )
    size = [np.linalg.norm(f.change[wrong, 3:], axis=1) for f in (found, physical)]
    assert np.all(size[0] >= size[1] - 1e-12)
    assert np.median(size[1]) < 0.2 * np.median(size[0])


def test_mismatches_have_the_entry_of_another(stars):
    config = ReferenceConfig(
        wrong_fraction=0.05, wrong="mismatches", mismatch_arcsec=0.4
    )
    found = survey_references(config, stars, rng())
    right = survey_references(ReferenceConfig(), stars, rng())
    wrong = np.flatnonzero(found.reason == MISMATCH)
    assert len(wrong) == round(0.05 * len(found.row))
    of = {m: k for k, m in enumerate(right.columns["pmra"])}
    other = np.array([of[m] for m in found.columns["pmra"][wrong]])
    assert np.all(other != wrong)
    for name in ("parallax", "pmdec_error", "ra_dec_corr", "phot_g_mean_mag", "bp_rp"):
        np.testing.assert_array_equal(
            found.columns[name][wrong], right.columns[name][other]
        )
    for name in ("source_id", "phot_hw_mag"):
        np.testing.assert_array_equal(found.columns[name], right.columns[name])
    apart = np.hypot(*deviation(found.columns, stars, found.row)[wrong, :2].T) / 1000.0
    assert apart.max() < 0.4
    # Uniform in the disc.
    assert statistics.kstest((apart / 0.4) ** 2, "uniform").pvalue > RATE


def test_both_kinds_share_what_is_wrong(stars):
    config = ReferenceConfig(wrong_fraction=0.02, wrong="both")
    found = survey_references(config, stars, rng())
    counts = np.bincount(found.reason, minlength=3)
    assert abs(counts[UNKNOWN_BINARY] - counts[MISMATCH]) <= 1
    assert counts[RIGHT] == len(found.row) - round(0.02 * len(found.row))
    np.testing.assert_array_equal(found.wrong[found.row], found.reason != RIGHT)
    assert found.wrong.sum() == counts[1:].sum()


def test_another_epoch_is_uniform_motion(stars):
    at = {
        epoch: survey_references(
            ReferenceConfig(error_factor=1e-9, epoch=epoch), stars, rng()
        ).columns
        for epoch in (2016.0, 2020.0)
    }
    a, d = np.radians(at[2016.0]["ra"]), np.radians(at[2016.0]["dec"])
    mas = np.radians(1e-3 / 3600.0)
    # ERFA wants pmra without cos dec, and counts light time: nanoarcseconds here.
    moved = erfa.pmsafe(
        a,
        d,
        at[2016.0]["pmra"] * mas / np.cos(d),
        at[2016.0]["pmdec"] * mas,
        at[2016.0]["parallax"] * 1e-3,
        stars.radial_velocity[~stars.artificial],
        2_457_389.0,
        0.0,
        2_457_389.0,
        4.0 * 365.25,
    )
    apart = np.linalg.norm(
        erfa.s2c(moved[0], moved[1])
        - erfa.s2c(np.radians(at[2020.0]["ra"]), np.radians(at[2020.0]["dec"])),
        axis=-1,
    )
    assert apart.max() < 1e-4 * mas
    assert np.all(at[2020.0]["ref_epoch"] == 2020.0)


def test_what_orbits_left_in_the_catalogue_is_told():
    config = StarsConfig(
        count=1000,
        binary_fraction=0.4,
        accelerated_fraction=0.2,
        lensed_fraction=0.2,
    )
    stars = population(config, None, rng(4))
    found = survey_references(ReferenceConfig(), stars, rng())
    kind = stars.kind[found.row]
    assert np.all(found.change[kind == SINGLE] == 0.0)
    for number in (BINARY, ACCELERATED, LENSED):
        assert np.all(np.any(found.change[kind == number] != 0.0, axis=1))
    assert np.all(found.reason == RIGHT)
    off = deviation(found.columns, stars, found.row) - found.change
    pulls = whitened(covariance(found.columns), off)
    assert statistics.kstest(pulls.ravel(), "norm").pvalue > RATE


def test_no_other_star_to_take_is_explained():
    stars = population(StarsConfig(count=1), None, rng())
    config = ReferenceConfig(wrong_fraction=1.0, wrong="mismatches")
    with pytest.raises(ConfigError, match="entries of other stars"):
        survey_references(config, stars, rng())


def test_a_catalogue_may_be_empty(stars):
    found = survey_references(ReferenceConfig(faintest_g_mag=-5.0), stars, rng())
    assert len(found.row) == 0
    assert all(len(values) == 0 for values in found.columns.values())
    assert not found.wrong.any()


def test_a_wrong_entry_has_a_motion(stars):
    config = ReferenceConfig(two_parameter_fraction=0.5, wrong_fraction=0.1)
    found = survey_references(config, stars, rng())
    wrong = found.reason != RIGHT
    assert wrong.sum() == round(0.1 * len(found.row))
    assert np.isfinite(found.columns["pmra"][wrong]).all()
