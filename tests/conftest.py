"""Settings that every test runs under: 64 bits, strict types, no display."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")

from pathlib import Path

import jax
import pytest

from accuracy import Accuracy
from reseau.cli._compiled import keep_compiled

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "standard")

# The workers compile the same functions; let each find what another has compiled.
keep_compiled(Path(__file__).resolve().parents[1] / ".pytest_cache" / "compiled")

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def data() -> Path:
    """Return the folder of real input, or skip where it is not at hand."""
    if not DATA.is_dir():
        pytest.skip(f"no real input at hand: {DATA} does not exist")
    return DATA


@pytest.fixture
def accuracy() -> Accuracy:
    """Return the book of deviations from authorities (see `accuracy.Accuracy`)."""
    return Accuracy()
