"""Learning rates, stage by stage.

The Plate Analysis runs Adam with learning rates of 1e-3, 1e-4, ... 1e-10 and does not
say for how many steps. Here a stage has at most `SEED_STEPS`, and ends before when its
ELBO no longer rises (`convergence`), unless steps are fixed. The rates are in the Plate
Analysis' units (`unknowns.UNITS`): 1e-3 moves a star by 3.6 arcsec a step, a detector
by 1e-3 µm and a distortion coefficient by 1 µm; 1e-10 moves a star by 0.4 µas.
Coordinates need 1e-7 to be found to 0.4 mas, while detectors that are 20 µm off need
2e4 steps of the first rate: so many steps a stage has at most.
"""

from typing import NamedTuple

SEED_STEPS = 20_000


class Stage(NamedTuple):
    """Adam from where the last stage ended, its moments from zero.

    Attributes
    ----------
    rate
        Learning rate, in the units of the unknowns.
    steps
        At most.
    """

    rate: float
    steps: int


class Schedule(NamedTuple):
    """Stages one after the other.

    Attributes
    ----------
    stages
        In order.
    early
        Whether a stage ends when the ELBO no longer rises.
    """

    stages: tuple[Stage, ...]
    early: bool = True

    @property
    def steps(self) -> int:
        """Return the largest number of steps."""
        return sum(stage.steps for stage in self.stages)

    def describe(self, units: str) -> str:
        """Return the schedule in words."""
        rates = ", ".join(f"{s.rate:g}" for s in self.stages)
        counts = sorted({s.steps for s in self.stages})
        steps = " or ".join(f"{c:,}" for c in counts)
        end = ", each ends early where the ELBO no longer rises" if self.early else ""
        return f"Adam, learning rates {rates} ({units}), {steps} steps a stage{end}"


def seed_schedule(steps: int = SEED_STEPS, early: bool = True) -> Schedule:
    """Return the Plate Analysis' schedule.

    Parameters
    ----------
    steps
        Of each stage, at most.
    early
        False: that many in any case.
    """
    stages = tuple(Stage(float(f"1e-{k}"), steps) for k in range(3, 11))
    return Schedule(stages, early)


def scaled_schedule(first: float, last: float, steps: int) -> Schedule:
    """Return rates that fall by a factor of √10 from `first` to `last`.

    For unknowns in units of their expected σ. Widths move at `ascent.WIDTH_RATE` at
    most.
    """
    rates = [first]
    while rates[-1] > last * 1.001:
        rates.append(rates[-1] / 10**0.5)
    return Schedule(tuple(Stage(rate, steps) for rate in rates))


FROM_SCRATCH = scaled_schedule(300.0, 1e-3, 4000)
"""For `meanfield` and `lowrank` from nothing: hundreds of σ away."""

FROM_MAP = scaled_schedule(0.03, 1e-3, 4000)
"""For `meanfield` and `lowrank` from the Gauss-Newton solution."""
