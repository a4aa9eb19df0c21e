"""`reseau demo` as a function: simulate, solve, compare with truth, draw.

Its main job is a small survey, from plates to proper motions and parallaxes
(`demo_survey`); with `plate` it is one orbit.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from reseau.diagnostics import Comparison, compare_with_truth
from reseau.diagnostics.comparison.solution import compared_solution
from reseau.solvers.gauss_newton import Report
from reseau.tables import check_output, columns_of
from reseau.tables.ids import Index

from .simulate import simulate
from .solve import Solved, solve

if TYPE_CHECKING:
    from .demo_survey import SurveyDemonstration

OUTPUT = "reseau-demo"


@dataclass(frozen=True)
class Demonstration:
    """What the demonstration made.

    Attributes
    ----------
    output
        Its directory, with ``dataset``, ``solution`` and ``figures``.
    figures
        The pictures, by name.
    solved
        The solution.
    comparison
        Solution against truth.
    seconds
        Time spent, by stage.
    """

    output: Path
    figures: dict[str, Path]
    solved: Solved
    comparison: Comparison
    seconds: dict[str, float] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what to tell at the end."""
        spent = ", ".join(f"{name} {s:.1f} s" for name, s in self.seconds.items())
        return [
            *self.solved.sentences,
            "",
            *self.comparison.lines(),
            "",
            *judgement(self.comparison),
            "",
            f"{spent}; together {sum(self.seconds.values()):.1f} s",
            f"dataset and solution are in {self.output}; the pictures are:",
            *(f"  {path}" for path in self.figures.values()),
        ]


def judgement(comparison: Comparison) -> list[str]:
    """Say in sentences whether errors and pulls are what the solution promises.

    Parameters
    ----------
    comparison
        Solution against truth.
    """
    found = []
    for name in ("reference", "artificial"):
        recovery = comparison.recoveries.get(name)
        if recovery is None:
            continue
        n = 2 * recovery.n
        inside = "both within" if recovery.consistent else "NOT both within"
        found.append(
            f"{name}: RMS / Cramér-Rao bound {recovery.crb_ratio:.4f} and standard "
            f"deviation of the pulls {recovery.pull_std:.4f}, {inside} 1 ± 3/√(2n) = "
            f"1 ± {recovery.tolerance:.4f} for n = {n:,} coordinates."
        )
    return found


@overload
def demo(
    output: str | Path = OUTPUT,
    *,
    plate: Literal[True],
    small: bool = False,
    seed: int = 0,
    workers: int | None = None,
    overwrite: bool = False,
    say: Callable[[str], None] | None = None,
    told: Callable[[int, int], None] | None = None,
    report: Report | None = None,
) -> Demonstration: ...


@overload
def demo(
    output: str | Path = OUTPUT,
    *,
    plate: Literal[False] = False,
    small: bool = False,
    seed: int = 0,
    workers: int | None = None,
    overwrite: bool = False,
    say: Callable[[str], None] | None = None,
    told: Callable[[int, int], None] | None = None,
    report: Report | None = None,
) -> "SurveyDemonstration": ...


def demo(
    output: str | Path = OUTPUT,
    *,
    plate: bool = False,
    small: bool = False,
    seed: int = 0,
    workers: int | None = None,
    overwrite: bool = False,
    say: Callable[[str], None] | None = None,
    told: Callable[[int, int], None] | None = None,
    report: Report | None = None,
) -> "Demonstration | SurveyDemonstration":
    """Simulate a small survey, solve and join its plates, compare with truth, draw.

    Proper motions and parallaxes of some thousand stars from the plates of three years,
    in a minute or two.

    Parameters
    ----------
    output
        Directory to make, with ``dataset``, ``solution``, ``catalogue`` and
        ``figures``.
    plate
        Whether one orbit is solved instead, of ten thousand sources and with its
        camera's distortion: what a single plate gives. There is no ``catalogue`` then.
    small
        Some hundred sources.
    seed
        Of all random numbers.
    workers
        Plates that are solved at once; absent: one for each core.
    overwrite
        Whether dataset, solution, catalogue and figures that are there may be replaced.
    say
        Called with what is about to be done.
    told
        Called with how many plates are solved, and of how many.
    report
        Called after each iteration of the one plate with its figures.

    Raises
    ------
    ReseauError
        The output exists, or cannot be written; no half file is left behind.
    """
    place = Path(output)
    if not (overwrite and place.is_dir()):
        check_output(place, kind="directory")
    if plate:
        return _demo_plate(
            place, small=small, seed=seed, overwrite=overwrite, report=report
        )
    # Not at the top: matplotlib is slow to import and nothing else needs it.
    from .demo_survey import demo_survey

    return demo_survey(
        place,
        small=small,
        seed=seed,
        workers=workers,
        overwrite=overwrite,
        say=say or (lambda _: None),
        told=told,
    )


def _demo_plate(
    place: Path, *, small: bool, seed: int, overwrite: bool, report: Report | None
) -> Demonstration:
    """Simulate one orbit of the mini survey, solve it, compare with truth, draw.

    The telescope is on a satellite, whose motion aberrates; the Sun deflects.
    """
    # Not at the top: matplotlib is slow to import and nothing else needs it.
    from reseau.reports.drawable import Drawable
    from reseau.reports.figures import KINDS

    from .plot import draw_figures

    clock = [time.perf_counter()]
    simulated = simulate(
        place / "dataset",
        overwrite=overwrite,
        small=small,
        seed=seed,
        observer="orbit",
        effects=("aberration", "deflection"),
    )
    clock.append(time.perf_counter())
    solved = solve(
        place / "dataset", place / "solution", overwrite=overwrite, report=report
    )
    clock.append(time.perf_counter())
    comparison = compare_with_truth(solved, simulated.truth)
    clock.append(time.perf_counter())
    given = columns_of(simulated.dataset.exposures)
    rows = Index(given["exposure_id"], "exposure").require(solved.prepared.exposure_id)
    drawn = draw_figures(
        Drawable(compared_solution(solved), comparison, given["field_id"][rows]),
        {kind: place / "figures" / f"{kind}.png" for kind in KINDS},
    )
    clock.append(time.perf_counter())
    stages = ("simulation", "solution", "comparison", "figures")
    spent = [after - before for before, after in pairwise(clock)]
    return Demonstration(
        output=place,
        figures=drawn.files,
        solved=solved,
        comparison=comparison,
        seconds=dict(zip(stages, spent, strict=True)),
    )


__all__ = ["OUTPUT", "Demonstration", "demo", "judgement"]
