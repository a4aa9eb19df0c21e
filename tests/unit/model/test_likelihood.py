"""Heavy-tailed densities against SciPy, quadrature and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from alarm import normal_bound
from reseau.errors import ConfigError
from reseau.model.likelihood import (
    LIKELIHOODS,
    Normal,
    information_scale,
    likelihood_named,
    mixture,
    prior_named,
    student,
    student_prior,
)

pytestmark = pytest.mark.usefixtures("typed")

CASES = {
    "normal": Normal(),
    "student": student(),
    "student 3": student(3.0),
    "student prior": student_prior(),
    "mixture": mixture(),
    "half bad": mixture(0.4, 7.0),
}
SQUARES = np.concatenate([[0.0], np.geomspace(1e-3, 1e6, 40)])


@pytest.fixture(params=CASES)
def likelihood(request):
    return CASES[request.param]


def _scipy_density(name, square):
    """Return the density in the plane as SciPy has it."""
    point = np.stack([np.sqrt(square), np.zeros_like(square)], axis=-1)
    case = CASES[name]
    if name.startswith("student"):
        scale = float(case.scale) ** 2 * np.eye(2)
        return stats.multivariate_t(np.zeros(2), scale, df=float(case.nu)).logpdf(point)
    good = stats.multivariate_normal(np.zeros(2), np.eye(2)).logpdf(point)
    if name == "normal":
        return good
    wide = float(case.width) ** 2 * np.eye(2)
    bad = stats.multivariate_normal(np.zeros(2), wide).logpdf(point)
    part = float(case.fraction)
    return np.logaddexp(np.log1p(-part) + good, np.log(part) + bad)


@pytest.mark.parametrize("name", CASES)
def test_loss_is_the_density(name):
    wanted = -2.0 * _scipy_density(name, SQUARES) - 2.0 * np.log(2.0 * np.pi)
    np.testing.assert_allclose(
        CASES[name].loss(jnp.asarray(SQUARES)), wanted, rtol=1e-12, atol=1e-12
    )


@pytest.mark.parametrize("name", CASES)
def test_density_integrates_to_one(name):
    def ring(log_square):
        square = np.exp(log_square)
        return 0.5 * square * np.exp(-0.5 * float(CASES[name].loss(square)))

    total, _ = integrate.quad(ring, -30.0, 40.0, points=[0.0, 6.0], limit=400)
    assert total == pytest.approx(1.0, abs=1e-7)


def test_weight_and_curvature_are_derivatives(likelihood):
    square = jnp.asarray(SQUARES[1:])
    slope = jax.vmap(jax.grad(likelihood.loss))(square)
    bend = jax.vmap(jax.grad(likelihood.weight))(square)
    np.testing.assert_allclose(likelihood.weight(square), slope, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(
        likelihood.curvature(square), bend, rtol=1e-7, atol=1e-15
    )


def test_loss_is_concave_in_the_square(likelihood):
    """What makes reweighted steps monotone."""
    assert np.all(np.asarray(likelihood.curvature(jnp.asarray(SQUARES))) <= 0)
    assert np.all(np.asarray(likelihood.weight(jnp.asarray(SQUARES))) > 0)


@pytest.mark.parametrize("nu", [2.0, 4.0, 8.0, 50.0])
def test_student_is_calibrated_on_normal_data(nu):
    """Sandwich and curvature agree: Monte Carlo over Normal residuals."""
    case = student(nu)
    residual = np.random.default_rng(5).normal(size=(400_000, 2))
    square = jnp.asarray(np.sum(residual**2, axis=1))
    weight, bend = case.weight(square), case.curvature(square)
    score = np.asarray(weight**2 * square) / 2.0
    slope = np.asarray(weight + bend * square)
    error = np.hypot(score.std(), slope.std()) / np.sqrt(square.size)
    assert abs(score.mean() - slope.mean()) < normal_bound() * error


def test_efficiency_stated():
    """ν = 8 keeps 95 per cent of the information of Normal data, ν = 4 ninety."""
    for nu, wanted in ((8.0, 0.955), (4.0, 0.904)):
        case = student(nu)

        def kept(square, case=case):
            slope = case.weight(square) + case.curvature(square) * square
            return 0.5 * np.exp(-0.5 * square) * float(slope)

        found, _ = integrate.quad(kept, 0.0, 200.0)
        assert found == pytest.approx(wanted, abs=0.001)


def test_the_prior_s_peak_has_the_stated_width():
    assert float(student_prior().weight(0.0)) == pytest.approx(1.0)


def test_scale_tends_to_one():
    assert information_scale(1e6) == pytest.approx(1.0, abs=1e-5)


def test_odds_of_the_mixture():
    case = mixture(0.1, 10.0)
    square = np.array([0.0, 3.0, 20.0, 1e5])
    good = 0.9 * stats.norm.pdf(np.sqrt(square)) * stats.norm.pdf(0.0)
    bad = 0.1 * stats.norm.pdf(np.sqrt(square), scale=10) * stats.norm.pdf(0, scale=10)
    np.testing.assert_allclose(case.broad(square), bad / (good + bad), rtol=1e-10)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_names(name):
    assert (likelihood_named(name) is None) == (name == "normal")
    assert (prior_named(name) is None) == (name == "normal")


def test_bad_input():
    with pytest.raises(ConfigError, match="did you mean 'mixture'"):
        likelihood_named("mixtur")
    with pytest.raises(ConfigError, match="--reference-prior"):
        prior_named("cauchy")
    with pytest.raises(ConfigError, match="fraction"):
        mixture(1.0)
    with pytest.raises(ConfigError, match="width"):
        mixture(0.1, 1.0)
    with pytest.raises(ConfigError, match="freedom"):
        student(0.5)
