"""Products of derivatives by way of features, against products of the derivatives."""

from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest

from reseau.equations.moments import (
    Columns,
    Products,
    added,
    column_kinds,
    combined,
    products,
    sums_of,
    weights,
)
from reseau.equations.objective import LeastSquares, Objective, Terms
from reseau.equations.plan import Batch, Blocks
from reseau.model import PER_DETECTOR, PER_EXPOSURE, Layout, OnDetector
from reseau.model.arrangement import whitening_factors
from reseau.model.derivatives import Combined

B, S, N, F = 5, 2, 3, 4
"""Blocks, slots, sources and features."""

LAYOUT = Layout(n_exposures=3, n_coefficients=2 * (F - 3), n_detectors=2)
PLAIN = 1
KINDS = Combined(linear=LAYOUT.n_coefficients, terms=0, own=PER_DETECTOR)
J = LAYOUT.n_coefficients + PER_DETECTOR


def _blocks(rng, covariance=None):
    """Return blocks of measurements with their covariances; one place is empty."""
    if covariance is None:
        half = rng.normal(size=(B * S * N, 2, 2))
        covariance = half @ half.transpose(0, 2, 1) + np.eye(2)
    whitening = whitening_factors(covariance).reshape(3, B, S, N)
    whitening[:, 2, 1, 0] = 0.0
    return Blocks(
        source=np.tile(np.arange(N), (B, 1)),
        free=np.ones((B, N)),
        exposure=rng.integers(0, LAYOUT.n_exposures, (B, S)),
        detector=np.array([0, 1, 1, 0, 1]),
        pixel_x=rng.normal(size=(B, S, N)),
        pixel_y=rng.normal(size=(B, S, N)),
        whitening=whitening,
    )


@pytest.mark.parametrize(
    "layout", [LAYOUT, Layout(2, 0, 1), Layout(1, 6, 3)], ids=["two", "none", "three"]
)
@pytest.mark.parametrize("linear", [True, False])
def test_every_column_is_of_one_kind(layout, linear):
    n = layout.n_coefficients if linear else 0
    private, features = column_kinds(
        layout, Combined(linear=n, terms=0, own=PER_DETECTOR)
    )
    each = [private[i, :PER_EXPOSURE] for i in range(layout.n_exposures)]
    plain = private[0, PER_EXPOSURE:]
    assert np.all(private[:, PER_EXPOSURE:] == plain)
    assert np.all(features[:, :n] == features[0, :n])
    every = [*each, plain, features[0, :n], features[:, n:].ravel()]
    np.testing.assert_array_equal(
        np.sort(np.concatenate(every)), np.arange(layout.size)
    )
    # The skew is private always, coefficients where the distortion is not linear.
    assert plain[-1] == layout.skew
    assert plain.size == 1 + layout.n_coefficients - n


class _Curved(Objective):
    """Terms with an off-diagonal curvature and a gradient that is not the residual."""

    def terms(self, residual, full):
        x, y = residual[:, 0], residual[:, 1]
        one = full.astype(x.dtype)
        curvature = jnp.stack([2.0 * one + x**2, 0.3 * x * y, one + y**2])
        return Terms(curvature, jnp.stack([x + y**3, y - 0.5 * x]), x**4)

    def priors(self, information, offset):
        raise NotImplementedError


def _seen_at(x, y):
    """Return predicted pixels of which nothing else is known."""
    none = (x, y), (x, y)
    return OnDetector((x, y), none, none, jnp.zeros((F, *x.shape)), ((), ()), none)


@pytest.mark.parametrize("objective", [LeastSquares(), _Curved()])
def test_terms_in_pixels(objective):
    """With r = LΔ: the curvature is LᵀWL, the gradient Lᵀρ', in pixels."""
    rng = np.random.default_rng(0)
    blocks = _blocks(rng)
    predicted = rng.normal(size=(2, B * S, N))
    at = _seen_at(*(jnp.asarray(p) for p in predicted))
    found = weights(blocks, at, objective)
    measured = np.stack([blocks.pixel_x, blocks.pixel_y]).reshape(2, B * S, N)
    left = np.moveaxis(measured - predicted, 0, -1)
    root = np.zeros((B * S, N, 2, 2))
    flat = blocks.whitening.reshape(3, B * S, N)
    root[..., 0, 0], root[..., 1, 0], root[..., 1, 1] = flat
    residual = np.einsum("knij,knj->kni", root, left)
    full = flat[0] > 0
    terms = objective.terms(
        jnp.asarray(np.moveaxis(residual, -1, 1)), jnp.asarray(full)
    )
    (xx, xy, yy), slope = (np.asarray(v) for v in terms[:2])
    inner = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
    wanted = np.swapaxes(root, -1, -2) @ inner @ root
    gradient = np.einsum("knji,jkn->ikn", root, slope)
    # Sums of two products: some units of rounding of numbers up to a hundred.
    for i, (a, b) in enumerate(((0, 0), (0, 1), (1, 1))):
        np.testing.assert_allclose(
            found.curvature[i], wanted[..., a, b], rtol=1e-12, atol=1e-12
        )
    np.testing.assert_allclose(found.gradient, gradient, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found.loss, terms.loss)
    assert not np.any(np.asarray(found.gradient)[:, ~full])
    assert not np.any(np.asarray(found.curvature)[:, ~full])


def test_least_squares_of_whitened_residuals_is_chi2():
    rng = np.random.default_rng(1)
    half = rng.normal(size=(B * S * N, 2, 2))
    covariance = half @ half.transpose(0, 2, 1) + np.eye(2)
    blocks = _blocks(rng, covariance)
    zero = jnp.zeros((B * S, N))
    found = weights(blocks, _seen_at(zero, zero), LeastSquares())
    left = np.stack([blocks.pixel_x.ravel(), blocks.pixel_y.ravel()], axis=1)
    chi2 = np.einsum("mi,mij,mj->m", left, np.linalg.inv(covariance), left)
    chi2[(2 * S + 1) * N] = 0.0  # the empty place
    np.testing.assert_allclose(found.loss.ravel(), chi2, rtol=1e-12)


def _case(rng, curvature):
    """Return columns of a batch, its features, and the derivatives written out.

    Of each measurement two rows (x and y) of derivatives by all shared parameters.
    """
    e = PER_EXPOSURE + PLAIN
    blocks = _blocks(rng)
    private = rng.normal(size=(B, S, e, 2, N))
    features = rng.normal(size=(F, B * S, N))
    slope = rng.normal(size=(B, S, 1, 2, N))
    inner = curvature.transpose(0, 2, 3, 1)[..., [0, 1, 1, 2]].reshape(B, S, N, 2, 2)
    weighted = np.einsum("bsnij,bsejn->bsein", inner, private)
    nothing = np.zeros((B, 1, 2, N))
    columns = Columns(
        private=private,
        weighted=np.concatenate([weighted, slope], axis=2),
        curvature=curvature,
        by_exposure=np.zeros((B, S, PER_EXPOSURE, 2, N)),
        by_plain=nothing,
        by_features=np.zeros((B, 2, F, 2, N)),
        own=np.zeros((B, 3, N)),
        gradient=np.zeros((B, 2, N)),
        loss=rng.uniform(size=B),
    )
    matrix = rng.normal(size=(LAYOUT.n_detectors, 2, J, F))
    kinds = column_kinds(LAYOUT, KINDS)
    psi = features.reshape(F, B, S, N)
    rows = np.zeros((B, S, N, 2, LAYOUT.size))
    for b in range(B):
        detector = blocks.detector[b]
        by_features = np.einsum("ijf,fsn->snij", matrix[detector], psi[:, b])
        rows[b, ..., kinds[1][detector]] += np.moveaxis(by_features, -1, 0)
        for s in range(S):
            at = kinds[0][blocks.exposure[b, s]]
            rows[b, s, ..., at] += private[b, s].transpose(0, 2, 1)
    return SimpleNamespace(
        blocks=blocks,
        columns=columns,
        features=features,
        matrix=matrix,
        rows=rows,
        inner=inner,
        slope=slope[:, :, 0].transpose(0, 1, 3, 2),
    )


def _curvatures():
    rng = np.random.default_rng(7)
    half = rng.normal(size=(B, S, N, 2, 2))
    full = half @ np.swapaxes(half, -1, -2)
    entries = np.stack([full[..., 0, 0], full[..., 0, 1], full[..., 1, 1]], axis=1)
    unequal, equal = entries.copy(), entries.copy()
    unequal[:, 1] = equal[:, 1] = 0.0
    equal[:, 2] = equal[:, 0]
    alike = entries.copy()
    alike[:, 2] = alike[:, 0]
    return {"full": entries, "unequal": unequal, "equal": equal, "alike": alike}


@pytest.mark.parametrize("kind", ["full", "unequal", "equal", "alike"])
@pytest.mark.parametrize("k", [B, 3])
def test_normal_equations_of_features_are_those_of_the_derivatives(kind, k):
    """Also where pixels' errors are alike or independent, and products are spared."""
    case = _case(np.random.default_rng(3), _curvatures()[kind])
    found = products(case.columns, jnp.asarray(case.features), k)
    batch = Batch(case.blocks, np.zeros((B, S, N), int), np.zeros(k, int))
    sums = sums_of(LAYOUT, (batch,), [found])
    corner, right = combined(LAYOUT, sums, case.matrix, KINDS)
    rows, inner = case.rows[:k], case.inner[:k]
    wanted = np.einsum("bsnip,bsnij,bsnjq->pq", rows, inner, rows)
    # Sums of tens of products of order one to a hundred, in another order.
    np.testing.assert_allclose(corner, wanted, rtol=1e-12, atol=1e-11)
    slope = np.einsum("bsnip,bsni->p", rows, case.slope[:k])
    np.testing.assert_allclose(right, slope, rtol=1e-12, atol=1e-12)
    assert sums.loss == pytest.approx(case.columns.loss[:k].sum(), rel=1e-14)


def test_sums_of_parts_are_the_sums_of_all():
    case = _case(np.random.default_rng(4), _curvatures()["full"])
    found = products(case.columns, jnp.asarray(case.features), B)

    def of_some(which):
        batch = Batch(
            case.blocks.taken(which), np.zeros((len(which), S, N), int), which
        )
        part = found._replace(
            private=found.private[which],
            mixed=found.mixed[which],
            features=found.features[which],
            loss=float(case.columns.loss[which].sum()),
        )
        return sums_of(LAYOUT, (batch,), [part])

    parts = added([of_some(np.array(w)) for w in ([0, 4], [1], [2, 3])])
    whole = of_some(np.arange(B))
    for name in Products._fields:
        np.testing.assert_allclose(
            getattr(parts, name), getattr(whole, name), rtol=1e-12, atol=1e-12
        )
