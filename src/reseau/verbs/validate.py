"""`reseau validate` as a function: simulate a survey, solve it, compare with truth."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from reseau._compiled import computing
from reseau.constants import DEGREE
from reseau.datasets import read_dataset, read_truth
from reseau.diagnostics import Comparison, compare_with_truth, detector_outlines
from reseau.diagnostics.motion_validation import MotionValidation
from reseau.diagnostics.validation import (
    WIDEST,
    Validation,
    check_plate,
    summed_residuals,
)
from reseau.plates import SolveOptions
from reseau.plots import footprint
from reseau.plots.validation import (
    artificial_means,
    position_errors,
    residual_distribution,
    wrong_priors,
)
from reseau.survey.survey import Survey
from reseau.tables import columns_of

from .simulate import as_dataset
from .simulate_survey import survey_identity, write_opened
from .solve import solve
from .solve_plates import solve_plates
from .survey_input import open_described
from .survey_solution import read_survey_solution
from .validated_motions import check_part, motion_pages, validated_motions
from .validation_folder import Clock, begin, draw_pages, write_result

Told = Callable[[str, int, int], None]

WRONG = 0.005
"""Part of the references that are wrong on the plate that shows what these do."""

PRIORS = ("normal", "mixture")


@dataclass(frozen=True)
class Validated:
    """What a validation made.

    Attributes
    ----------
    output
        Its directory, with ``dataset``, ``solution``, ``catalogue`` and ``figures``.
    validation
        Solutions of single plates against truth.
    motions
        All plates together against truth; None: fewer than two are solved.
    figures
        The pictures, by name.
    seconds
        Time spent, by stage.
    failed
        Plates that have no solution.
    """

    output: Path
    validation: Validation
    motions: MotionValidation | None
    figures: Mapping[str, Path]
    seconds: Mapping[str, float]
    failed: tuple[int, ...]

    @property
    def exit_code(self) -> int:
        """Return 0 where all plates are solved and errors are as promised, else 3."""
        right = [self.validation.consistent]
        if self.motions is not None:
            right.append(self.motions.consistent)
        return 0 if all(right) and not self.failed else 3

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, as ``validation.json`` holds them."""
        motions = None if self.motions is None else self.motions.as_dict()
        return self.validation.as_dict() | {"motions": motions}

    def lines(self) -> list[str]:
        """Return what to tell at the end."""
        spent = ", ".join(f"{name} {s:.1f} s" for name, s in self.seconds.items())
        lines = self.validation.lines()
        if self.motions is not None:
            lines += ["", *self.motions.lines()]
        if self.failed:
            lines += ["", f"NOT solved: plates {', '.join(map(str, self.failed))}"]
        return [
            *lines,
            "",
            f"{spent}; together {sum(self.seconds.values()):.1f} s",
            "the pictures are:",
            *(f"  {path}" for path in self.figures.values()),
        ]


@computing()
def validate(
    survey: Any,
    output: str | Path,
    *,
    scale: float = 1.0,
    seed: int | None = None,
    references: float = 1.0,
    workers: int | None = None,
    overwrite: bool = False,
    told: Told | None = None,
) -> Validated:
    """Simulate a survey, solve its plates, join them, and compare with the truth.

    The pages of the Plate Analysis on its mini survey: the data on the sky, residuals,
    positions against truth, artificial sources by their weighted means, and what wrong
    references do; then motions and parallaxes of all plates together, tracks of single
    stars, and beside them what averages over plates give. What an earlier run has begun
    at `output` is continued; plates are joined anew.

    Parameters
    ----------
    survey, scale, seed, workers, overwrite
        As of `simulate_survey`.
    output
        Directory to make, with ``dataset``, ``solution``, ``catalogue``, ``figures``
        and ``validation.json``.
    references
        Part of the references that count as such where plates are joined; each plate
        alone takes all.
    told
        Called with a stage's name, how much of it is done, and of how much.

    Raises
    ------
    ReseauError
        The description is wrong, or the output cannot be written.
    """
    folder, clock = Path(output), Clock()
    tell = told or (lambda *_: None)
    check_part(references)
    made = open_described(survey, scale=scale, seed=seed)
    begin(folder, survey_identity(made), overwrite=overwrite)
    if not (folder / "dataset" / "dataset.toml").exists():
        write_opened(
            made,
            folder / "dataset",
            workers=workers,
            told=lambda done, of: tell("simulating plates", done, of),
        )
    clock.ends("simulation")
    if not (folder / "solution" / "summary.json").exists():
        solve_plates(
            folder / "dataset",
            folder / "solution",
            workers=workers,
            report=lambda plate: tell("solving plates", plate.done, plate.total),
        )
    solution = read_survey_solution(folder / "solution")
    clock.ends("solution")
    solved = solution.solved
    checks = tuple(
        check_plate(
            plate,
            solution.tables.solution(plate),
            read_truth(folder / "dataset", plate=plate),
        )
        for plate in solved
    )
    tell("wrong references", 0, 1)
    validation = Validation(
        made.survey.config.name, checks, _with_wrong_priors(made.survey, solved[0])
    )
    clock.ends("comparison")
    pages = page_axes(folder, validation, solved[0])
    motions = None
    if len(solved) > 1:
        motions = validated_motions(
            folder,
            made.survey,
            references=references,
            wrong=WRONG,
            told=lambda what: tell(what, 0, 1),
        )
        clock.ends("catalogue")
        pages |= motion_pages(motions)
    figures = draw_pages(folder, pages)
    clock.ends("figures")
    failed = tuple(solution.failed)
    found = Validated(folder, validation, motions, figures, clock.seconds, failed)
    write_result(folder / "validation.json", found.as_dict())
    return found


def _with_wrong_priors(made: Survey, plate: int) -> dict[str, Comparison]:
    """Return a plate with some wrong references against truth, by the prior taken."""
    config = made.config
    wrong = replace(config.reference, wrong_fraction=WRONG)
    changed = made.with_config(replace(config, reference=wrong))
    simulated = as_dataset(changed.plate(plate))
    return {
        prior: compare_with_truth(
            solve(simulated.dataset, options=SolveOptions(reference_prior=prior)),
            simulated.truth,
        )
        for prior in PRIORS
    }


def page_axes(folder: Path, found: Validation, plate: int) -> dict[str, Axes]:
    """Draw the pages of single plates.

    Parameters
    ----------
    folder
        Of the validation.
    found
        Solutions against truth.
    plate
        Of which the sky is shown.
    """
    errors = {name: found.pooled(name)[0] for name in found.recoveries}
    if len(errors.get("target", ())) == len(errors.get("artificial", ())):
        errors.pop("target", None)  # the same sources
    rms = float(np.sqrt(np.mean([c.residual_rms**2 for c in found.checks])))
    pages: dict[str, Axes] = {
        "sky": sky_page(folder, plate),
        "residuals": residual_distribution(
            summed_residuals(found.checks), widest=WIDEST, rms=rms
        ),
        "positions": position_errors(errors),
    }
    if means := found.artificial:
        pages["artificial_sources"] = artificial_means(
            means.deviation,
            np.sqrt(np.diagonal(means.covariance, axis1=1, axis2=2)),
            errors["artificial"],
            plates=len(found.checks),
        )
    if found.wrong_priors:
        pages["wrong_priors"] = wrong_priors(
            {name: compared.pulls for name, compared in found.wrong_priors.items()}
        )
    return pages


def sky_page(folder: Path, plate: int) -> Axes:
    """Draw one plate's exposures, references and artificial sources.

    Parameters
    ----------
    folder
        With ``dataset``.
    plate
        Which.
    """
    dataset = read_dataset(folder / "dataset", plate=plate)
    truth = columns_of(read_truth(folder / "dataset", plate=plate).sources)
    exposures = columns_of(dataset.exposures)
    here = exposures["plate_id"] == plate
    attitude = np.stack([exposures[n][here] * DEGREE for n in ("ra", "dec", "pa")], -1)
    place = np.stack([truth["ra"], truth["dec"]], axis=-1)
    return footprint(
        detector_outlines(dataset.instrument, attitude),
        reference=place[~truth["artificial"]],
        target=place[truth["artificial"]],
        field=exposures["field_id"][here],
    )


__all__ = ["Validated", "validate"]
