"""Apparent directions of a million sources for one exposure."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from reseau.observers import circular_orbit, surroundings
from reseau.sky import apparent_direction, direction_at, direction_from_angles

SOURCES = 1_000_000
YEAR = 2031.2


@jax.jit
def _apparent(direction, astrometry, elapsed, position, around):
    seen = direction_at(direction, astrometry, elapsed, position)
    return apparent_direction(seen, around)


@pytest.mark.parametrize(
    "effects", [(), ("aberration",), ("aberration", "deflection")], ids="+".join
)
def bench_apparent_directions(benchmark, effects):
    """Motion and parallax, then what `effects` name."""
    rng = np.random.default_rng(0)
    ra, dec = rng.uniform(0, 6.28, SOURCES), np.arcsin(rng.uniform(-1, 1, SOURCES))
    direction = direction_from_angles(jnp.asarray(ra), jnp.asarray(dec))
    astrometry = jnp.asarray(rng.normal(0, 1e-8, (SOURCES, 6)))
    epoch = np.array([YEAR])
    observer = circular_orbit(epoch)
    around = jax.tree.map(
        lambda leaf: jnp.asarray(leaf[0]), surroundings(effects, observer, epoch)
    )
    position = jnp.asarray(observer.position[0])

    def run():
        found = _apparent(direction, astrometry, YEAR - 2016.0, position, around)
        found.block_until_ready()

    benchmark.pedantic(run, rounds=7, warmup_rounds=1)
