"""Settings that every test runs under: 64 bits, strict types, no display."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")

from collections.abc import Iterator
from pathlib import Path

import jax
import pytest
from hypothesis import settings

from accuracy import Accuracy
from reseau.cli._compiled import keep_compiled

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "standard")

# The workers compile the same functions; let each find what another has compiled.
keep_compiled(Path(__file__).resolve().parents[1] / ".pytest_cache" / "compiled")

# Tests by drawn examples draw the same ones every time, so that none fails by luck;
# new ones, and ten times as many, are drawn with --hypothesis-profile=random.
settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("random", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("same")

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real input, or skip where it is not at hand."""
    if not DATA.is_dir():
        pytest.skip(f"no real input at hand: {DATA} does not exist")
    return DATA


MOST_MAPS = 30_000
"""Of a process, half of what Linux allows; compiled functions have some each."""


@pytest.fixture(autouse=True, scope="module")
def _few_maps() -> Iterator[None]:
    """Let go of what was compiled before the system refuses to map more memory."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and maps.read_bytes().count(b"\n") > MOST_MAPS:
        jax.clear_caches()


@pytest.fixture
def accuracy() -> Accuracy:
    """Return the book of deviations from authorities (see `accuracy.Accuracy`)."""
    return Accuracy()
