"""How a plate is solved: settings that belong to a method, frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from reseau.settings import default_of


@dataclass(frozen=True)
class Robust:
    """Heavy tails: what measurements and references may be besides Normal.

    Attributes
    ----------
    measurements
        Likelihood of the measurements: "mixture", "student" or "normal".
    references
        Prior of the references' positions, of the same names; None: as measurements.
    """

    measurements: str = "mixture"
    references: str | None = None

    def options(self) -> dict[str, Any]:
        """Return what `SolveOptions` calls these settings."""
        references = self.measurements if self.references is None else self.references
        return {"likelihood": self.measurements, "reference_prior": references}


@dataclass(frozen=True)
class GaussNewton:
    """Gauss-Newton to the maximum, with the exact Gaussian posterior there.

    Attributes
    ----------
    tolerance
        Largest step at the end [σ].
    max_iterations
        Number of iterations at most.
    robust
        Heavy tails; None: Normal errors and priors.
    fit_noise
        What of the measurement errors is fitted: "scale", "floor" or "both".
    information
        Whether what the plate says about its sources is kept, for `combine`; None: of
        `solve_plates` only.
    information_epsilon
        Share of it below which a mode of the calibration is left out; 0: none.
    """

    tolerance: float = default_of("tolerance")
    max_iterations: int = default_of("max_iterations")
    robust: Robust | None = None
    fit_noise: str | None = None
    information: bool | None = None
    information_epsilon: float = default_of("information_epsilon")

    def options(self) -> dict[str, Any]:
        """Return what `SolveOptions` calls these settings."""
        return {"method": "gauss-newton"} | _changed(self)


@dataclass(frozen=True)
class Variational:
    """Variational inference: a family of distributions fitted to the posterior.

    Attributes
    ----------
    guide
        Family: "seed", "meanfield", "lowrank" or "arrow".
    init
        Where it starts: "none", or "map" for the maximum by Gauss-Newton.
    rank
        Columns of W, of "lowrank".
    max_steps, time_limit
        Where to stop in any case, in steps and in seconds.
    checkpoint, resume
        File for the state, and whether to go on from it.
    robust
        Heavy tails; None: Normal errors and priors.
    seed
        Of the random numbers.
    """

    guide: str = default_of("guide")
    init: str = default_of("init")
    rank: int | None = None
    max_steps: int | None = None
    time_limit: float | None = None
    checkpoint: str | None = None
    resume: bool = False
    robust: Robust | None = None
    seed: int = default_of("seed")

    def options(self) -> dict[str, Any]:
        """Return what `SolveOptions` calls these settings."""
        return {"method": "svi", "guide": self.guide} | _changed(self)


@dataclass(frozen=True)
class Nuts:
    """The No-U-Turn sampler, for small plates.

    Attributes
    ----------
    draws
        Of each chain.
    chains
        Number of chains.
    robust
        Heavy tails; None: Normal errors and priors.
    seed
        Of the random numbers.
    """

    draws: int = default_of("draws")
    chains: int = default_of("chains")
    robust: Robust | None = None
    seed: int = default_of("seed")

    def options(self) -> dict[str, Any]:
        """Return what `SolveOptions` calls these settings."""
        return {"method": "nuts"} | _changed(self)


Method = GaussNewton | Variational | Nuts


def _changed(method: Any) -> dict[str, Any]:
    """Return settings that differ from the defaults, heavy tails by their own names."""
    given = {f.name: getattr(method, f.name) for f in fields(method)}
    defaults: Mapping[str, Any] = {f.name: f.default for f in fields(method)}
    robust = given.pop("robust")
    changed = {name: v for name, v in given.items() if v != defaults[name]}
    return changed | ({} if robust is None else robust.options())


__all__ = ["GaussNewton", "Method", "Nuts", "Robust", "Variational"]
