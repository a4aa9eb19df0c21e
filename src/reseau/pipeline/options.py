"""What can be chosen about a solution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reseau.errors import ConfigError, explain, some, suggestion
from reseau.solve import Settings

from .prepare import MINIMUM_MEASUREMENTS

METHODS = ("gauss-newton", "svi", "nuts")
"""How a plate can be solved."""

AUTO = "auto"
"""Degree of a distortion that the evidence is to choose."""


@dataclass(frozen=True)
class SolveOptions:
    """What can be chosen about a solution.

    Attributes
    ----------
    instrument
        File or preset; of a dataset, its own unless given. A single table needs one.
    pointing
        Table of estimated attitudes, for single tables.
    columns
        Names and units of a single table's columns, ``x=XWIN[pix],y=YWIN[pix]``.
    error
        1σ of positions without errors, in their own unit.
    distortion, degree, degree_kind, minimum_degree
        Another distortion model than the instrument's; degree "auto": chosen by the
        evidence, see `choosing`.
    scale
        What shares one focal length, of `instrument.SCALES`.
    focal_prior
        "gamma" or "normal".
    free, fix
        Blocks to free and to fix beside the default.
    reference
        False: a free network.
    plate
        Which plate of a dataset.
    minimum_measurements
        Sources without a prior and with fewer are left out.
    tolerance, max_iterations
        When to stop: largest step in σ, number of iterations.
    method
        Of `METHODS`: "gauss-newton", "svi" or "nuts".
    likelihood, reference_prior
        Of measurements and of reference positions: "normal", "student" or "mixture".
    fit_noise
        What of the measurement errors is fitted: "scale", "floor" or "both".
    guide, init, rank
        Of "svi": "seed", "meanfield", "lowrank" or "arrow"; start from "none" or "map";
        columns of W of "lowrank".
    max_steps, time_limit, checkpoint, resume
        Of "svi": where to stop in any case, in steps and seconds; a file for the state,
        and whether to go on from it.
    draws, chains
        Of "nuts".
    seed
        Of random numbers: "svi", "nuts", degree "auto".
    """

    instrument: str | None = None
    pointing: str | None = None
    columns: str | None = None
    error: float | None = None
    distortion: str | None = None
    degree: int | str | None = None
    degree_kind: str | None = None
    minimum_degree: int | None = None
    scale: str | None = None
    focal_prior: str | None = None
    free: tuple[str, ...] = ()
    fix: tuple[str, ...] = ()
    reference: bool = True
    plate: int | None = None
    minimum_measurements: int = MINIMUM_MEASUREMENTS
    tolerance: float = Settings().tolerance
    max_iterations: int = Settings().max_iterations
    method: str = METHODS[0]
    likelihood: str = "normal"
    reference_prior: str = "normal"
    fit_noise: str | None = None
    guide: str = "seed"
    init: str = "none"
    rank: int = 10
    max_steps: int | None = None
    time_limit: float | None = None
    checkpoint: str | None = None
    resume: bool = False
    draws: int = 1000
    chains: int = 2
    seed: int = 0

    @property
    def chooses_degree(self) -> bool:
        """Return whether the distortion's degree is to be chosen."""
        return self.degree == AUTO

    def __post_init__(self) -> None:
        _check_choice("method", self.method, METHODS)
        if self.fit_noise is not None:
            _check_choice("fit-noise", self.fit_noise, ("scale", "floor", "both"))
        if isinstance(self.degree, str):
            _check_choice("degree", self.degree, (AUTO,))
        for name, least in (
            ("tolerance", 0.0),
            ("max_iterations", 1),
            ("minimum_measurements", 1),
        ):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= least) or value == 0:
                raise ConfigError(
                    explain(
                        given=f"{name} = {value}",
                        wanted=f"{least} or more" if least else "more than 0",
                        where=f"--{name.replace('_', '-')}",
                        todo="correct the option",
                    )
                )


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value in known:
        return
    option = f"--{name}"
    raise ConfigError(
        explain(
            given=f"{name} = {value!r}",
            wanted=f"one of {some(known)}"
            if len(known) > 1
            else f"a number or {known[0]}",
            where=option,
            todo=suggestion(value, known),
        )
    )


__all__ = ["AUTO", "METHODS", "SolveOptions"]
