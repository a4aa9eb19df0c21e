"""The demonstration's main job: a small survey, from simulation to motions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reseau._compiled import computing
from reseau.diagnostics.motion_validation import MotionValidation
from reseau.engine import number_of_workers
from reseau.survey.survey_config import SurveyConfig, read_survey, survey_presets

from .combine import read_motions
from .simulate_survey import write_opened
from .solve_plates import solve_plates
from .survey_input import open_described
from .validate import sky_page
from .validated_motions import CATALOGUE, motion_pages, validated_motions
from .validation_folder import Clock, draw_pages

SIZE = {"orbits": 16, "exposures": 12, "count": 3000, "artificial": 100}
"""A sixth of the mini survey's plates and stars, and half of a plate's exposures."""

SMALL = {"orbits": 4, "exposures": 4, "count": 500, "artificial": 12}
"""What is solved in a moment."""


@dataclass(frozen=True)
class SurveyDemonstration:
    """What the demonstration made.

    Attributes
    ----------
    output
        Its directory, with ``dataset``, ``solution``, ``catalogue`` and ``figures``.
    figures
        The pictures, by name.
    verdict
        What the catalogue is worth, in sentences.
    validation
        The catalogue against truth.
    seconds
        Time spent, by stage.
    failed
        Plates that have no solution.
    """

    output: Path
    figures: Mapping[str, Path]
    verdict: list[str]
    validation: MotionValidation
    seconds: Mapping[str, float]
    failed: tuple[int, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 0 where all plates are solved and errors are as promised, else 3."""
        return 0 if self.validation.consistent and not self.failed else 3

    def lines(self) -> list[str]:
        """Return what to tell at the end."""
        spent = ", ".join(f"{name} {s:.1f} s" for name, s in self.seconds.items())
        lines = [*self.verdict, "", *self.validation.lines()]
        if self.failed:
            lines += ["", f"NOT solved: plates {', '.join(map(str, self.failed))}"]
        return [
            *lines,
            "",
            f"{spent}; together {sum(self.seconds.values()):.1f} s",
            f"dataset, solution and catalogue are in {self.output}; the pictures are:",
            *(f"  {path}" for path in self.figures.values()),
        ]


def demo_config(*, small: bool = False, seed: int = 0) -> SurveyConfig:
    """Return the description of the demonstration's survey.

    Parameters
    ----------
    small
        Whether it is to be solved in a moment.
    seed
        Of all random numbers.
    """
    # By its file: a folder of that name may lie where the command is run.
    mini, size = read_survey(survey_presets()["mini"]).config, SMALL if small else SIZE
    return replace(
        mini,
        name="demo",
        description="a small part of the mini survey of the Plate Analysis",
        seed=seed,
        stars=replace(mini.stars, count=size["count"], artificial=size["artificial"]),
        schedule=replace(
            mini.schedule, orbits=size["orbits"], exposures=size["exposures"]
        ),
    )


@computing()
def demo_survey(
    output: Path,
    *,
    small: bool = False,
    seed: int = 0,
    workers: int | None = None,
    overwrite: bool = False,
    say: Callable[[str], None] = lambda _: None,
    told: Callable[[int, int], None] | None = None,
) -> SurveyDemonstration:
    """Simulate a survey, solve its plates, join them, compare with truth, draw.

    Parameters
    ----------
    output
        Directory to make.
    small
        Whether it is to be solved in a moment.
    seed
        Of all random numbers.
    workers
        Plates at once; absent: one for each core.
    overwrite
        Whether dataset, solution, catalogue and figures there may be replaced.
    say
        Called with what is about to be done.
    told
        Called with how many plates are done, and of how many.
    """
    tell = told or (lambda *_: None)
    clock = Clock()
    opened = open_described(demo_config(small=small, seed=seed))
    made = opened.survey
    number = len(made)
    say(
        f"simulating {number} plates in {made.config.schedule.years:g} years, of "
        f"{len(made.stars):,} stars, with a catalogue like Gaia's of "
        f"{len(made.references.row):,} of them"
    )
    write_opened(opened, output / "dataset", workers=workers, overwrite=overwrite)
    clock.ends("simulation")
    count = number_of_workers(workers, number)
    say(f"solving the plates, {count} at once: calibration and positions of each")
    solution = solve_plates(
        output / "dataset",
        output / "solution",
        workers=workers,
        overwrite=overwrite,
        report=lambda plate: tell(plate.done, plate.total),
    )
    clock.ends("solution")
    found = validated_motions(output, made, told=say)
    clock.ends("catalogue")
    say("drawing")
    pages = {"sky": sky_page(output, solution.solved[0])} | motion_pages(found)
    figures = draw_pages(output, pages)
    clock.ends("figures")
    return SurveyDemonstration(
        output=output,
        figures=figures,
        verdict=read_motions(output / CATALOGUE).verdict,
        validation=found,
        seconds=clock.seconds,
        failed=tuple(solution.failed),
    )


__all__ = ["SurveyDemonstration", "demo_config", "demo_survey"]
