"""Settings that every test runs under: 64 bits, strict types, no display."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")
# Matrices are small here. Two workers with two threads each wait for one another:
# a least-squares problem of 400 equations then takes 0.3 s instead of 1 ms.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import ctypes
import gc
import resource
from collections.abc import Iterator
from pathlib import Path

import jax
import jaxtyping
import pytest
from hypothesis import settings

from accuracy import Accuracy
from quick import compile_in_a_hurry
from reseau._spoken import as_typed
from reseau.cli._compiled import keep_compiled

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
# Functions of the sky broadcast as NumPy does; see `reseau._precision`.

compile_in_a_hurry()

# What is traced lives long: looking through all of it again and again costs a tenth.
gc.set_threshold(200_000, 50, 100)

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


@pytest.fixture
def typed() -> Iterator[None]:
    """Have messages in the words of the command: those of Python follow from them."""
    with as_typed():
        yield


MOST_MEMORY = 1500
"""Of a process [MiB], after which it forgets what it has compiled."""


@pytest.fixture(autouse=True, scope="module")
def _small_process() -> Iterator[None]:
    """Let go of what was compiled, with its memory maps, before it is too much.

    Of what is freed the C library returns nothing to the system unless it is asked to.
    """
    yield
    if _resident() > MOST_MEMORY:
        jax.clear_caches()
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def _resident() -> float:
    """Return this process's memory [MiB]; where nothing says it, the most it had."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    # In bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@pytest.fixture(autouse=True)
def _unchecked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leave out the checks of types and shapes where wrong ones are given on purpose.

    Users run without them, and it is the functions themselves that refuse.
    """
    wanted = request.node.get_closest_marker("unchecked") is not None
    jaxtyping.config.update("jaxtyping_disable", wanted)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.fixture
def accuracy() -> Accuracy:
    """Return the book of deviations from authorities (see `accuracy.Accuracy`)."""
    return Accuracy()
