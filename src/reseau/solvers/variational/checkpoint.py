"""The state of an ascent on disk: to go on later, to the bit.

One NumPy archive without pickled objects, written under a temporary name and renamed.
"""

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from reseau._archives import UNREADABLE, read_arrays
from reseau._writing import sweep, temporary_file
from reseau.errors import FileFormatError, OutputExistsError, explain
from reseau.model import Problem

from .ascent import State
from .schedule import Schedule

FORMAT = "reseau-variational/1"


class Trace(NamedTuple):
    """What was recorded on the way.

    Attributes
    ----------
    elbo, step
        Mean ELBO of each chunk, and the number of steps up to its end.
    stage
        Number of the stage.
    in_stage
        Steps taken in it.
    window_elbo, window_mean, window_gradient
        The chunks of the window that is open.
    before
        Mean over the window before; without entries in a stage's first.
    judged
        The last window's `Judgement`; without entries before the first.
    seconds
        Spent so far.
    """

    elbo: list[float]
    step: list[int]
    stage: int
    in_stage: int
    window_elbo: list[float]
    window_mean: list[np.ndarray]
    window_gradient: list[np.ndarray]
    before: np.ndarray
    judged: np.ndarray
    seconds: float


def identity(problem: Problem, guide: str, seed: int, schedule: Schedule) -> str:
    """Return a digest of what must not change between runs that are joined."""
    measurements = problem.measurements
    digest = hashlib.sha256(
        repr((guide, seed, tuple(schedule), problem.free, problem.layout)).encode()
    )
    for array in (
        measurements.pixel,
        measurements.covariance,
        measurements.source,
        measurements.exposure,
        problem.prior.direction,
        problem.prior.information,
        problem.exposures.attitude,
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def save(path: str | Path, state: State, trace: Trace, digest: str) -> None:
    """Write a state and what was recorded."""
    path = Path(path)
    leaves = {f"state_{i}": np.asarray(v) for i, v in enumerate(jax.tree.leaves(state))}
    recorded = {f"trace_{k}": np.asarray(v) for k, v in trace._asdict().items()}
    check_checkpoint(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_file(path) as temporary:
        with temporary.open("wb") as file:
            np.savez(
                file,
                format=np.array(FORMAT),
                digest=np.array(digest),
                **leaves,  # type: ignore[arg-type]
                **recorded,  # type: ignore[arg-type]
            )
        temporary.replace(path)


def check_checkpoint(path: str | Path) -> None:
    """Raise `OutputExistsError` where another file than a checkpoint would be replaced.

    Parameters
    ----------
    path
        Where the state is to be kept.
    """
    path = Path(path)
    sweep(path.parent)
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return
    with suppress(*UNREADABLE):
        # Older than the run that is to be kept there, so of any digest.
        if str(read_arrays(path, ("format",))["format"]) == FORMAT:
            return
    raise OutputExistsError(
        explain(
            given=f"{path} is there already and is no checkpoint",
            wanted="a free name, or that of an older checkpoint",
            where=str(path),
            todo="name another file",
        )
    )


def load(path: str | Path, like: State, digest: str) -> tuple[State, Trace]:
    """Read a state.

    Parameters
    ----------
    like
        A state of the same shapes.
    digest
        Of this run; a checkpoint of another is refused.

    Raises
    ------
    FileFormatError
        If it is no checkpoint, or one of another run.
    """
    try:
        found = read_arrays(Path(path))
    except UNREADABLE as error:
        raise _refused(path, f"{path} is no checkpoint: {error}") from error
    if str(found.get("format")) != FORMAT:
        raise _refused(path, f"{path} is no checkpoint of format {FORMAT}")
    if str(found.get("digest")) != digest:
        raise _refused(path, f"{path} is the checkpoint of another run")
    try:
        return _state(found, like), _trace(found)
    except UNREADABLE as error:
        raise _refused(path, f"{path} is damaged: {error}") from error


def _state(found: dict[str, np.ndarray], like: State) -> State:
    """Return the state among the arrays of a checkpoint."""
    leaves, structure = jax.tree.flatten(like)
    read = [found[f"state_{i}"] for i in range(len(leaves))]
    for number, (leaf, value) in enumerate(zip(leaves, read, strict=True)):
        expected = np.shape(leaf), np.asarray(leaf).dtype
        if (value.shape, value.dtype) != expected:
            raise ValueError(f"state_{number} is {value.dtype}{list(value.shape)}")
    return jax.tree.unflatten(structure, jax.device_put(read))


def _trace(found: dict[str, np.ndarray]) -> Trace:
    """Return what was recorded among the arrays of a checkpoint."""
    values = {k: found[f"trace_{k}"] for k in Trace._fields}
    lists = {
        k: list(values.pop(k))
        for k in ("elbo", "step", "window_elbo", "window_mean", "window_gradient")
    }
    return Trace(
        **lists,
        before=values["before"],
        judged=values["judged"],
        stage=int(values["stage"]),
        in_stage=int(values["in_stage"]),
        seconds=float(values["seconds"]),
    )


def _refused(path: str | Path, given: str) -> FileFormatError:
    return FileFormatError(
        explain(
            given=given,
            wanted="one of the same data, guide, schedule and seed",
            where=str(path),
            todo="name another file, or start anew without resuming",
        )
    )
