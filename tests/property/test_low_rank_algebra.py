"""What holds of every matrix that is block diagonal minus low rank."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reseau.linalg import factorise_low_rank
from strategies import examples, seeds
from twin.low_rank import random_case

shapes = st.tuples(
    st.integers(1, 6), st.integers(1, 6), st.lists(st.integers(0, 4), max_size=3)
)


@given(shapes, seeds, st.floats(0.0, 0.999))
@examples(60)
def test_solving_undoes_multiplying(shape, seed, strongest):
    n, b, ranks = shape
    rng = np.random.default_rng(seed)
    case = random_case(rng, n, b, tuple(ranks), strongest=strongest)
    factor = factorise_low_rank(case.matrix)
    x = rng.normal(size=(n, b)) * np.sqrt(np.diagonal(factor.own(), axis1=1, axis2=2))
    back = factor.solve(case.matrix.matvec(x))
    error = np.einsum("nij,ni->nj", factor.root, back - x)
    assert np.max(np.abs(error)) < 1e-8


@given(shapes, seeds)
@examples(40)
def test_maps_follow_one_another(shape, seed):
    """(E F)ᵀ M (E F) is Fᵀ (Eᵀ M E) F, and what is summed is mapped."""
    n, b, ranks = shape
    rng = np.random.default_rng(seed)
    one = random_case(rng, n, b, tuple(ranks)).matrix
    other = random_case(rng, n, b, (1,)).matrix
    first, second = rng.normal(size=(n, b, 3)), rng.normal(size=(n + 2, 3, 2))
    rows, later = rng.permutation(n + 2)[:n], rng.permutation(n + 3)[: n + 2]
    twice = one.plus(other).mapped(first, rows, n + 2).mapped(second, later, n + 3)
    joint = first @ second[rows]
    once = one.mapped(joint, later[rows], n + 3).plus(
        other.mapped(joint, later[rows], n + 3)
    )
    scale = np.max(np.abs(once.blocks))
    assert np.max(np.abs(twice.to_dense() - once.to_dense())) < 1e-12 * scale
