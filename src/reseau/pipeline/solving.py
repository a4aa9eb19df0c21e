"""`reseau solve` as a function: read, prepare, solve, judge, write."""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reseau._compiled import computing
from reseau.diagnostics import is_absurd, is_crowd, verdict
from reseau.diagnostics.foreseen import foreseen_sentences, foreseen_summary
from reseau.errors import (
    ConfigError,
    LeftOutWarning,
    ReseauError,
    Result,
    explain,
    some,
)
from reseau.instrument import Instrument, InverseSIP, basis_name, make_distortion
from reseau.io import (
    SOLUTION_MARKS,
    Dataset,
    check_output,
    read_instrument,
    write_solution,
)
from reseau.model import DEFAULT_FREE, check_blocks
from reseau.solve import Draws, Solution
from reseau.solve.gauss_newton import Report

from .assumed import fitted_guess, judged_error, say_what_is_assumed
from .choice_models import DEFAULT_SIGMA, usual_normalisation
from .collective import collective_pulls
from .columns import (
    calibration_columns,
    exposure_columns,
    fitted_instrument,
    in_scatter,
    judged_pulls,
    peak_memory,
    residual_columns,
    source_columns,
    summary_of,
    versions,
    without_part_in_datum,
)
from .flagged import parse_mask
from .methods import Answer, believed_scales, solve_prepared
from .misplaced import check_kinds, refuse_misplaced
from .naming import with_names
from .options import SolveOptions
from .overview import overview
from .own_errors import exposure_sentences
from .posterior import arviz_of, described, saved_posterior
from .prepare import Prepared, prepare
from .reading import read_input, refuse_own_input
from .straying import stray_sentences, stray_summary
from .unmodelled import pattern_sentences
from .viewpoint import with_viewpoint

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True)
class Solved:
    """A solution with everything that its files hold.

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
    """

    prepared: Prepared
    solution: Solution
    summary: dict[str, Any]
    sentences: list[str]
    instrument: Instrument
    table: tuple[str, ...] = ()
    strays: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 0 where the solution can be used, else 3."""
        return 0 if self.solution.result is Result.SUCCESSFUL else 3

    def to_arviz(
        self, draws: int | Draws | None = None, *, seed: int = 0
    ) -> "DataTree":
        """Return draws from the posterior as a tree of data that ArviZ works on.

        Parameters
        ----------
        draws
            How many, or draws that `Solution.sample` returned. Absent: 1000, of nuts
            all, chain by chain with the sampler's statistics.
        seed
            Of the random numbers.

        Raises
        ------
        ConfigError
            ArviZ is not installed, the method gives no draws or not as many.
        """
        about = described(self.summary, seed)
        return arviz_of(self.prepared, self.solution, draws, seed, about)


@computing()
def solve(
    source: Any,
    output: str | Path | None = None,
    *,
    reference: Any = None,
    instrument: str | Path | Instrument | None = None,
    options: SolveOptions | None = None,
    overwrite: bool = False,
    report: Report | None = None,
    **others: Any,
) -> Solved:
    """Solve one plate and write the solution.

    Parameters
    ----------
    source
        Dataset directory, single table of detections (a file, or an astropy, pandas or
        pyarrow table), or a dataset in memory.
    output
        Directory of the solution; absent: nothing is written.
    reference
        Table of references (a file, a `Catalogue` or a table in memory), joined by
        `source_id`; of a dataset, instead of its own.
    instrument
        File, preset, or an instrument in memory; as the option of that name.
    options
        What differs from the defaults.
    overwrite
        Whether an earlier solution at `output` may be replaced.
    report
        Called after each iteration with its figures.
    others
        None: what belongs into `options` is said to.

    Raises
    ------
    ReseauError
        Bad input, as one of its children (see `reseau.errors`). A solution that did
        not converge or is degenerate is returned and written, not raised.

    Examples
    --------
    >>> from reseau import simulate, solve
    >>> plate = simulate(small=True, seed=1)
    >>> solved = solve(plate.dataset)
    >>> solved.summary["result"]
    'successful'
    """
    refuse_misplaced(others)
    check_kinds(options, instrument, output)
    options = options or SolveOptions()
    if output is not None:
        check_output(
            output, kind="directory", overwrite=overwrite, marks=SOLUTION_MARKS
        )
        refuse_own_input(source, options, output, reference, instrument)
    began = time.perf_counter()
    with _told_in_any_case() as caught:
        dataset = read_input(
            source, options, reference=reference, instrument=instrument
        )
        dataset = with_options(dataset, options, instrument)
        dataset = with_viewpoint(dataset, options)
        prepared = prepare(
            dataset,
            plate=options.plate,
            free=free_blocks(options, dataset.instrument),
            use_reference=options.reference,
            minimum_measurements=options.minimum_measurements,
            keep_flags=parse_mask(options.keep_flags),
        )
        # Not before: what cannot be solved needs no word about its errors.
        say_what_is_assumed(dataset)
    read = time.perf_counter()
    answer = solve_prepared(prepared, options, report)
    solved = _judge(answer, dataset, caught, options)
    seconds = {"read": read - began, **answer.solution.seconds}
    rest = time.perf_counter() - began - sum(seconds.values())
    solved.summary["seconds"] = seconds | {"other": max(rest, 0.0)}
    if output is not None:
        write_solved(solved, output, overwrite=overwrite)
    return solved


def with_options(
    dataset: Dataset,
    options: SolveOptions,
    instrument: str | Path | Instrument | None = None,
) -> Dataset:
    """Return the dataset with the instrument that the options ask for."""
    chosen = options.instrument if instrument is None else instrument
    if chosen is None:
        chosen = dataset.instrument
    instrument = chosen if isinstance(chosen, Instrument) else read_instrument(chosen)
    degree = None if options.chooses_degree else options.degree
    model = (options.distortion, degree, options.degree_kind, options.minimum_degree)
    if any(o is not None for o in model):
        instrument = _with_distortion(instrument, options)
    changes = {
        name: getattr(options, name)
        for name in ("scale", "focal_prior")
        if getattr(options, name) is not None
    }
    if changes:
        instrument = replace(instrument, **changes)
    return replace(dataset, instrument=instrument)


def _with_distortion(instrument: Instrument, options: SolveOptions) -> Instrument:
    """Return the instrument with another distortion model, from its default start."""
    old = instrument.distortion
    name = options.distortion or basis_name(old)
    given = {
        "degree": None if options.chooses_degree else options.degree,
        "degree_kind": options.degree_kind,
        "minimum_degree": options.minimum_degree,
    }
    chosen: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    if name == "sip" and isinstance(old, InverseSIP):
        chosen["centre"] = old.centre
    if name != "none":
        chosen["normalisation"] = usual_normalisation(instrument)
    distortion = make_distortion(name, **chosen)
    sigma = np.max(np.asarray(instrument.coefficient_sigma), initial=0.0)
    width = float(sigma) if old.is_linear and sigma > 0 else DEFAULT_SIGMA
    return replace(
        instrument,
        distortion=distortion,
        coefficients=distortion.default(),
        coefficient_sigma=distortion.widths(width),
    )


def free_blocks(options: SolveOptions, instrument: Instrument) -> tuple[str, ...]:
    """Return the free blocks: the default ones, those freed, less those fixed."""
    freed = check_blocks(tuple(options.free), "--free")
    fixed = check_blocks(tuple(options.fix), "--fix")
    both = sorted(set(freed) & set(fixed))
    if both:
        raise ConfigError(
            explain(
                given=f"{both[0]!r} is both freed and fixed",
                wanted="each block in one list",
                where="--free and --fix",
                todo="take it out of one of them",
            )
        )
    if "scale" in freed and instrument.distortion.carries_scale:
        raise ConfigError(
            explain(
                given="scale freed beside a distortion that has a scale of its own",
                wanted="one of them: they cannot be told apart",
                where="--free",
                todo="leave scale out, or choose another distortion",
            )
        )
    wanted = [*DEFAULT_FREE, *freed]
    return tuple(dict.fromkeys(b for b in wanted if b not in fixed))


@contextmanager
def _told_in_any_case() -> Iterator[list[warnings.WarningMessage]]:
    """Record warnings, and give them again to whoever listens, also after an error.

    What was taken for what is the likeliest reason of the error.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        error: ReseauError | None = None
        try:
            yield caught
        except ReseauError as raised:
            error = raised
    for item in caught:
        if error is None:
            warnings.warn(item.message, stacklevel=4)
        else:
            # Where warnings are errors, this one is not to hide the other.
            with suppress(Warning):
                warnings.warn(item.message, stacklevel=4)
    if error is not None:
        raise error


def _judge(
    answer: Answer,
    dataset: Dataset,
    caught: Sequence[warnings.WarningMessage],
    options: SolveOptions,
) -> Solved:
    """Put the summary and the verdict together."""
    prepared, solution = answer.prepared, answer.solution
    common = collective_pulls(solution) if solution.converged else []
    pulls = judged_pulls(prepared, solution, common)
    assumed = judged_error(dataset, solution, fitted=options.fit_noise is not None)
    pattern, told = pattern_sentences(prepared, solution), solution.redundancy
    sentences = verdict(
        chi2=solution.chi2,
        dof=solution.dof if np.isfinite(solution.dof) else 0.0,
        of_errors=None if told is None else told.of_errors,
        scales=None if pattern else believed_scales(solution),
        converged=solution.converged,
        reason=answer.reason or solution.result.value,
        pulls=in_scatter(pulls, solution) if assumed is not None else pulls,
        dropped={name: len(ids) for name, ids in prepared.dropped.items()},
        common=[group.sentence for group in common],
        assumed=assumed,
    )
    # After what is said of the noise, which a shift of all stars does not change.
    sentences[1:1] = [*pattern, *_left_out(caught)]
    if solution.converged:
        names = prepared.labels.detectors
        left_out = [names[d] for d in without_part_in_datum(solution)]
        sentences += _about_detectors(left_out)
    priors_off = bool(common) or any(is_crowd(p) for p in pulls)
    robust = options.likelihood != "normal"
    strays = stray_sentences(prepared, solution, robust=robust)
    foreseen = foreseen_sentences(
        solution, lambda row: f"source {prepared.source_id[row]}"
    )
    # What the model lacks makes right references look wrong.
    sentences += [*strays, *exposure_sentences(prepared, solution)]
    sentences += [*([] if pattern else foreseen), *answer.sentences]
    sentences += fitted_guess(dataset, fitted=options.fit_noise is not None)
    # What is to be done about an assumed error has been said with it.
    advice = () if priors_off or assumed is not None else answer.advice
    sentences += [*advice, *dataset.notes]
    summary = summary_of(prepared, solution, pulls, common) | answer.summary
    summary |= overview(prepared, solution)
    absurd = (
        is_absurd(solution.chi2, solution.dof) if assumed is None else assumed.absurd
    )
    summary["describes_data"] = solution.converged and not absurd
    summary["assumed_error"] = None if assumed is None else assumed.as_dict()
    summary |= stray_summary(prepared, solution) | foreseen_summary(solution)
    if answer.reason is not None and not solution.converged:
        summary["message"] = answer.reason
    if not solution.converged:
        summary["message"] = "\n  ".join([summary["message"], *strays])
    summary["verdict"] = sentences
    summary["warnings"] = [str(w.message).splitlines()[0] for w in caught]
    summary["input"] = str(dataset.source) if dataset.source else dataset.name
    summary["digests"] = dict(dataset.digests)
    summary["seed"] = options.seed
    summary["versions"] = versions()
    summary["peak_memory"] = peak_memory()
    return Solved(
        prepared=prepared,
        solution=solution,
        summary=summary,
        sentences=sentences,
        table=answer.table,
        instrument=fitted_instrument(prepared, solution),
        strays=tuple(strays),
    )


def _left_out(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    """Say that what was known and not applied is in no error."""
    found = [str(w.message) for w in caught if issubclass(w.category, LeftOutWarning)]
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


def write_solved(
    solved: Solved, output: str | Path, *, overwrite: bool = False
) -> None:
    """Write a solution's directory, whole or not at all."""
    prepared, solution = solved.prepared, solved.solution
    names = prepared.names
    calibration, covariance = calibration_columns(prepared, solution)
    write_solution(
        output,
        sources=with_names(source_columns(prepared, solution), names),
        exposures=with_names(exposure_columns(prepared, solution), names),
        calibration=with_names(calibration, names),
        covariance=covariance,
        residuals=with_names(residual_columns(prepared, solution), names),
        instrument=solved.instrument,
        summary=solved.summary,
        unit=prepared.unit,
        posterior=saved_posterior(prepared, solution),
        overwrite=overwrite,
    )


__all__ = [
    "SolveOptions",
    "Solved",
    "free_blocks",
    "solve",
    "with_options",
    "write_solved",
]
