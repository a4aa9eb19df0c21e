"""The solution of a plate with its summary and its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from reseau._spoken import spoken
from reseau.datasets import Dataset
from reseau.datasets.information import Information, content_digest
from reseau.errors import LeftOutWarning, Result, some
from reseau.instrument import Instrument
from reseau.plates.judgement.assumed_error import AssumedError
from reseau.plates.judgement.collective import Collective
from reseau.plates.judgement.collective_pulls import collective_pulls
from reseau.plates.judgement.dependence import Dependence
from reseau.plates.judgement.foreseen import foreseen_sentences, foreseen_summary
from reseau.plates.judgement.guessed_errors import fitted_guess, judged_error
from reseau.plates.judgement.lacking_terms import (
    dependence_sentences,
    dependences,
    untold_terms,
)
from reseau.plates.judgement.own_errors import exposure_sentences
from reseau.plates.judgement.strays import stray_sentences, stray_summary
from reseau.plates.judgement.unit_weight import is_absurd
from reseau.plates.judgement.unmodelled import pattern_sentences
from reseau.plates.judgement.verdict import WorstPulls, is_crowd, verdict
from reseau.solvers import Solution

from .answers import Answer, believed_scales
from .calibration import fitted_instrument
from .information import information_of
from .options import SolveOptions
from .overview import overview
from .preparation import Prepared
from .result import (
    in_scatter,
    judged_pulls,
    peak_memory,
    summary_of,
    versions,
    without_part_in_datum,
)


@dataclass(frozen=True)
class SolvedPlate:
    """The solution of a plate with everything that its files hold.

    Attributes
    ----------
    prepared
        The problem and its ids.
    solution
        What the solver returned.
    summary
        What ``summary.json`` holds.
    sentences
        The verdict in words.
    table
        Lines on what was compared on the way; none unless asked for.
    instrument
        The fitted instrument.
    strays
        Those of the sentences that name what does not belong where it was measured.
    information
        What the plate says about its sources; None: not asked for.
    """

    prepared: Prepared
    solution: Solution
    summary: dict[str, Any]
    sentences: list[str]
    instrument: Instrument
    table: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()
    information: Information | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 where the solution can be used, else 3."""
        return 0 if self.solution.result is Result.SUCCESSFUL else 3


class _Findings(NamedTuple):
    """What residuals and pulls show, before it is put into words.

    Attributes
    ----------
    common
        Priors that are off all together.
    pulls
        The largest of each kind.
    assumed
        The error of all measurements, where nobody knew it.
    pattern
        Sentences on what the model lacks: a distortion, or else declared terms.
    depends
        On what residuals depend that is not declared.
    """

    common: list[Collective]
    pulls: list[WorstPulls]
    assumed: AssumedError | None
    pattern: list[str]
    depends: list[Dependence]

    @property
    def priors_off(self) -> bool:
        """Return whether the priors are the matter, not the errors."""
        return bool(self.common) or any(is_crowd(p) for p in self.pulls)


def judge(
    answer: Answer,
    dataset: Dataset,
    caught: Sequence[Warning],
    options: SolveOptions,
) -> SolvedPlate:
    """Put the summary and the verdict together."""
    prepared, solution = answer.prepared, answer.solution
    fitted = options.fit_noise is not None
    found = _find(prepared, solution, dataset, fitted=fitted)
    robust = options.likelihood != "normal"
    strays = stray_sentences(prepared, solution, robust=robust)
    foreseen = foreseen_sentences(
        solution, lambda row: f"source {prepared.source_id[row]}"
    )
    # What the model lacks makes right references look wrong.
    sentences = _of_the_fit(answer, found, caught)
    sentences += [*strays, *exposure_sentences(prepared, solution)]
    sentences += [*([] if found.pattern else foreseen), *answer.sentences]
    sentences += fitted_guess(dataset, fitted=fitted)
    # What is to be done about an assumed error has been said with it.
    advice = () if found.priors_off or found.assumed is not None else answer.advice
    sentences = [spoken(text) for text in [*sentences, *advice, *dataset.notes]]
    strays = [spoken(text) for text in strays]
    summary = _summary(answer, found, strays)
    summary["plate_id"], summary["epoch"] = prepared.plate_id, prepared.epoch
    summary["verdict"] = sentences
    summary["warnings"] = [str(w).splitlines()[0] for w in caught]
    summary["input"] = str(dataset.source) if dataset.source else dataset.name
    summary["digests"] = dict(dataset.digests)
    summary["seed"] = options.seed
    summary["versions"] = versions()
    summary["peak_memory"] = peak_memory()
    said = information_of(prepared, solution, dataset)
    summary["information"] = None if said is None else _described(said)
    return SolvedPlate(
        prepared=prepared,
        solution=solution,
        summary=summary,
        sentences=sentences,
        table=answer.table,
        instrument=fitted_instrument(prepared, solution),
        strays=tuple(strays),
        information=said,
    )


def _described(said: Information) -> dict[str, Any]:
    """Return what the summary holds of what a plate says about its sources."""
    return {
        "columns": said.share.size,
        "epsilon": said.epsilon,
        "left_out": said.left_out,
        "digest": content_digest(said),
        "measurements": said.digest,
    }


def _find(
    prepared: Prepared, solution: Solution, dataset: Dataset, *, fitted: bool
) -> _Findings:
    """Return what residuals and pulls show; `fitted`: errors were fitted too."""
    common = collective_pulls(solution) if solution.converged else []
    pattern = pattern_sentences(prepared, solution)
    # Where the place alone explains residuals, all else that goes with it seems to.
    depends = [] if pattern else dependences(prepared, solution)
    return _Findings(
        common=common,
        pulls=judged_pulls(prepared, solution, common),
        assumed=judged_error(dataset, solution, fitted=fitted),
        pattern=[*pattern, *dependence_sentences(prepared, depends)],
        depends=depends,
    )


def _of_the_fit(
    answer: Answer, found: _Findings, caught: Sequence[Warning]
) -> list[str]:
    """Say whether the fit is good, and what it rests on."""
    prepared, solution = answer.prepared, answer.solution
    pulls, told = found.pulls, solution.redundancy
    sentences = verdict(
        chi2=solution.chi2,
        dof=solution.dof if np.isfinite(solution.dof) else 0.0,
        of_errors=None if told is None else told.of_errors,
        scales=None if found.pattern else believed_scales(solution),
        converged=solution.converged,
        reason=answer.reason or solution.result.value,
        pulls=pulls if found.assumed is None else in_scatter(pulls, solution),
        dropped={name: len(ids) for name, ids in prepared.dropped.items()},
        common=[group.sentence for group in found.common],
        assumed=found.assumed,
    )
    # After what is said of the noise, which a shift of all stars does not change.
    sentences[1:1] = [*found.pattern, *_left_out(caught)]
    if solution.converged:
        names = prepared.labels.detectors
        left_out = [names[d] for d in without_part_in_datum(solution)]
        sentences += _about_detectors(left_out)
        sentences += untold_terms(prepared, solution)
    return sentences


def _summary(answer: Answer, found: _Findings, strays: Sequence[str]) -> dict[str, Any]:
    """Return the numbers of ``summary.json``, and why there are none to be used."""
    prepared, solution, assumed = answer.prepared, answer.solution, found.assumed
    summary = summary_of(prepared, solution, found.pulls, found.common)
    summary |= answer.summary
    summary |= overview(prepared, solution)
    absurd = (
        is_absurd(solution.chi2, solution.dof) if assumed is None else assumed.absurd
    )
    summary["describes_data"] = solution.converged and not absurd
    summary["residuals_depend_on"] = {
        d.covariate: {"size": d.size, "frame": d.frame, "sigmas": d.sigmas}
        for d in found.depends
    }
    summary["assumed_error"] = None if assumed is None else assumed.as_dict()
    summary |= stray_summary(prepared, solution) | foreseen_summary(solution)
    if answer.reason is not None and not solution.converged:
        summary["message"] = answer.reason
    if not solution.converged:
        summary["message"] = "\n  ".join([summary["message"], *strays])
    return summary


def _left_out(caught: Sequence[Warning]) -> list[str]:
    """Say that what was known and not applied is in no error."""
    found = [str(w) for w in caught if isinstance(w, LeftOutWarning)]
    return [
        f"This is in no error of positions and pointings: {text}."
        for text in dict.fromkeys(found)
    ]


def _about_detectors(names: Sequence[str]) -> list[str]:
    """Say which detectors the datum does not rest on."""
    if not names:
        return []
    one = len(names) == 1
    return [
        f"{'Detector' if one else 'Detectors'} {some(names)}: nothing was measured "
        f"there, or too little to place {'it; it takes' if one else 'them; they take'} "
        f"no part in the datum and {'keeps its' if one else 'keep their'} nominal "
        "values as far as the priors hold them."
    ]


__all__ = ["SolvedPlate", "judge"]
