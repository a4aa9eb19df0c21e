"""`reseau solve`: detections and references to positions and a calibration."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._compiled import keep_compiled
from ._completion import BLOCKS, DISTORTIONS, EFFECTS, GUIDES, OBSERVERS, one_of
from ._groups import INPUT, METHOD, MODEL, OUTPUT, ROBUST
from ._guard import (
    AllowOutside,
    Debug,
    Json,
    Overwrite,
    complain,
    given_path,
    guarded,
    names,
)
from ._screen import is_watched, print_json, print_table, progress, say

if TYPE_CHECKING:
    from reseau.verbs.solution import Solved

COLUMNS = (
    "x, y, x_error, y_error, xy_corr, exposure_id, detector_id, source_id, "
    "catalog_id, field, field_id, block_id, plate_id, epoch, mag, colour, flag, "
    "ref_epoch, ra, dec, parallax, pmra, pmdec, radial_velocity, ra_error, dec_error, "
    "parallax_error, pmra_error, pmdec_error, radial_velocity_error, ra_dec_corr, "
    "ra_parallax_corr, ra_pmra_corr, ra_pmdec_corr, dec_parallax_corr, dec_pmra_corr, "
    "dec_pmdec_corr, parallax_pmra_corr, parallax_pmdec_corr, pmra_pmdec_corr, "
    "phot_g_mean_mag, phot_hw_mag, bp_rp, ruwe, is_reference, fixed"
)
"""Names that --columns takes: `KNOWN` of `tables.naming.column_names`, which the help
need not import."""

WORST = 3
"""How many of the largest residuals are named in a warning."""

NAMED = 10
"""How many undetermined parameters are named on the screen; the summary has all."""


class DegreeKind(StrEnum):
    """How the degree of a polynomial of two variables is counted."""

    TOTAL = "total"
    PER_AXIS = "per-axis"


class Scale(StrEnum):
    """What shares one focal length."""

    EXPOSURE_AXIS = "exposure-axis"
    EXPOSURE = "exposure"
    PLATE_AXIS = "plate-axis"
    PLATE = "plate"


class Method(StrEnum):
    """How a plate is solved."""

    GAUSS_NEWTON = "gauss-newton"
    SVI = "svi"
    NUTS = "nuts"


class Noise(StrEnum):
    """What of the measurement errors is fitted."""

    SCALE = "scale"
    FLOOR = "floor"
    BOTH = "both"


class Density(StrEnum):
    """How far data may lie from what is expected."""

    NORMAL = "normal"
    STUDENT = "student"
    MIXTURE = "mixture"


class FocalPrior(StrEnum):
    """Family of the prior of the focal lengths."""

    GAMMA = "gamma"
    NORMAL = "normal"


@guarded
def solve(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="INPUT",
            help="Directory of a dataset, or a table of detections (Parquet, FITS, "
            "ECSV, VOTable, CSV, IPAC).",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Directory to write.",
            rich_help_panel=OUTPUT,
        ),
    ],
    instrument: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|PRESET",
            help="Instead of the dataset's.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    pointing: Annotated[
        str | None,
        typer.Option(
            metavar="TABLE",
            help="Estimated attitudes, for a table of detections.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            metavar="x=NAME[unit],...",
            help="Which column of the table is which, and its unit; NAME#2: the "
            "second of that name; a number or a date: all rows have it. An epoch may "
            "be in [mjd], [jd], [iso], [byear], with a scale, as [mjd tai]. One of "
            f"{COLUMNS}.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    reference_table: Annotated[
        str | None,
        typer.Option(
            "--reference",
            metavar="TABLE",
            help="References, joined to the detections by source_id; of a dataset, "
            "instead of its own. Names of Gaia, VizieR and others are known.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    reference_columns: Annotated[
        str | None,
        typer.Option(
            metavar="ra=NAME[unit],...",
            help="Which column of --reference is which; ref_epoch=2016.0: all rows "
            "have it.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    unmatched: Annotated[
        str | None,
        typer.Option(
            metavar="ID,...",
            help="Identifiers that mean 'not identified', as -1,null: leave their rows "
            "out.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    first_pixel: Annotated[
        int,
        typer.Option(
            min=0,
            max=1,
            help="What the table calls the centre of the first pixel: 1 as FITS and "
            "SExtractor do.",
            rich_help_panel=INPUT,
        ),
    ] = 0,
    error: Annotated[
        float | None,
        typer.Option(
            help="1σ of positions without errors, in their unit. [default: 0.01 pixel "
            "or um]",
            rich_help_panel=INPUT,
        ),
    ] = None,
    allow_outside: AllowOutside = False,
    epoch: Annotated[
        str | None,
        typer.Option(
            metavar="YEAR|DATE",
            help="When a table without epochs was observed: Julian year (TCB), or date "
            "(UTC).",
            rich_help_panel=INPUT,
        ),
    ] = None,
    observer: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|TABLE",
            autocompletion=one_of(*OBSERVERS),
            help="From where, if the input does not say it: geocentre, orbit, "
            "site:LAT,LON,HEIGHT, or a table of states. Then parallaxes count.",
            rich_help_panel=INPUT,
        ),
    ] = None,
    effects: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,...",
            autocompletion=one_of(*EFFECTS),
            help="What displaced the directions, if the input does not say it: "
            "aberration, deflection. [default: none]",
            rich_help_panel=INPUT,
        ),
    ] = None,
    no_reference: Annotated[
        bool,
        typer.Option(
            "--no-reference",
            help="Ignore the reference: a free network of exposures.",
            rich_help_panel=INPUT,
        ),
    ] = False,
    plate: Annotated[
        int | None,
        typer.Option(
            metavar="ID", help="Which plate of a dataset.", rich_help_panel=INPUT
        ),
    ] = None,
    minimum_measurements: Annotated[
        int,
        typer.Option(
            min=1,
            help="Sources without a prior and with fewer are left out.",
            rich_help_panel=INPUT,
        ),
    ] = 2,
    keep_flags: Annotated[
        str,
        typer.Option(
            metavar="MASK",
            help="Bits of the column flag that do no harm, as 3 or 1,2, or all; "
            "measurements with any other are left out. [default: none]",
            show_default=False,
            rich_help_panel=INPUT,
        ),
    ] = "0",
    distortion: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=one_of(*DISTORTIONS),
            help="legendre, powers, sip, brown-conrady, radial, none. "
            "[default: the instrument's]",
            rich_help_panel=MODEL,
        ),
    ] = None,
    degree: Annotated[
        str | None,
        typer.Option(
            metavar="N|auto",
            help="Of a polynomial; auto: chosen by the evidence.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    degree_kind: Annotated[
        DegreeKind | None,
        typer.Option(help="How degrees are counted.", rich_help_panel=MODEL),
    ] = None,
    minimum_degree: Annotated[
        int | None,
        typer.Option(
            help="Lowest degree of a polynomial. [default: 2]", rich_help_panel=MODEL
        ),
    ] = None,
    scale: Annotated[
        Scale | None,
        typer.Option(help="What shares one focal length.", rich_help_panel=MODEL),
    ] = None,
    focal_prior: Annotated[
        FocalPrior | None,
        typer.Option(help="Prior of the focal lengths.", rich_help_panel=MODEL),
    ] = None,
    free: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BLOCK,...",
            autocompletion=one_of(*BLOCKS),
            help="Free these besides: sources, attitude, scale, distortion, skew, "
            "detectors. [default: all but skew]",
            rich_help_panel=MODEL,
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="BLOCK,...",
            help="Hold these at their nominal values.",
            autocompletion=one_of(*BLOCKS),
            rich_help_panel=MODEL,
        ),
    ] = None,
    fit_noise: Annotated[
        Noise | None,
        typer.Option(
            help="Of gauss-newton: what of the measurement errors to fit.",
            rich_help_panel=MODEL,
        ),
    ] = None,
    likelihood: Annotated[
        Density, typer.Option(help="Of the measurements.", rich_help_panel=ROBUST)
    ] = Density.NORMAL,
    reference_prior: Annotated[
        Density,
        typer.Option(help="Of the reference positions.", rich_help_panel=ROBUST),
    ] = Density.NORMAL,
    method: Annotated[
        Method, typer.Option(help="How to solve.", rich_help_panel=METHOD)
    ] = Method.GAUSS_NEWTON,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Of gauss-newton: largest step in σ at which it ends. [default: 0.01]",
            rich_help_panel=METHOD,
        ),
    ] = None,
    max_iterations: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Of gauss-newton: iterations at most. [default: 50]",
            rich_help_panel=METHOD,
        ),
    ] = None,
    guide: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=one_of(*GUIDES),
            help="Of svi: seed, meanfield, lowrank, arrow. [default: seed]",
            rich_help_panel=METHOD,
        ),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="none|map",
            autocompletion=one_of("none", "map"),
            help="Of svi: where it starts. [default: none]",
            rich_help_panel=METHOD,
        ),
    ] = None,
    rank: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Of svi with lowrank: columns of W. [default: 10]",
            rich_help_panel=METHOD,
        ),
    ] = None,
    max_steps: Annotated[
        int | None,
        typer.Option(min=1, help="Of svi: steps at most.", rich_help_panel=METHOD),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(help="Of svi: seconds at most.", rich_help_panel=METHOD),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Of svi: where its state is kept.",
            rich_help_panel=METHOD,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Of svi: go on from the checkpoint.",
            rich_help_panel=METHOD,
        ),
    ] = False,
    draws: Annotated[
        int | None,
        typer.Option(
            min=4,
            help="Of nuts: draws of each chain. [default: 1000]",
            rich_help_panel=METHOD,
        ),
    ] = None,
    chains: Annotated[
        int | None,
        typer.Option(min=1, help="Of nuts. [default: 2]", rich_help_panel=METHOD),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="Of random numbers, where used.", rich_help_panel=METHOD
        ),
    ] = 0,
    overwrite: Overwrite = False,
    json: Json = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Show progress even without a terminal.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="Print nothing but bad news.", rich_help_panel=OUTPUT
        ),
    ] = False,
    debug: Debug = False,
) -> int:
    """Find positions and calibration of one plate.

    Exit code 0: converged; read the verdict. 2: bad input or options. 3: the fit did
    not converge, or the data do not determine all parameters.
    """
    del context, debug
    place, target = given_path(source, "INPUT"), given_path(output, "--output")
    # Not at the top: JAX and astropy take seconds that the help need not wait for.
    from reseau.plates import SolveOptions
    from reseau.verbs.solve import solve as run

    keep_compiled()
    options = SolveOptions(
        instrument=instrument,
        pointing=pointing,
        columns=columns,
        reference_table=reference_table,
        reference_columns=reference_columns,
        unmatched=unmatched,
        first_pixel=first_pixel,
        allow_outside=allow_outside,
        error=error,
        epoch=epoch,
        observer=observer,
        effects=names(*(effects or ())),
        distortion=distortion,
        degree=_degree(degree),
        degree_kind=_text(degree_kind),
        minimum_degree=minimum_degree,
        scale=_text(scale),
        focal_prior=_text(focal_prior),
        free=names(*(free or ())),
        fix=names(*(fix or ())),
        reference=not no_reference,
        plate=plate,
        minimum_measurements=minimum_measurements,
        keep_flags=keep_flags,
        tolerance=tolerance,
        max_iterations=max_iterations,
        method=method.value,
        likelihood=likelihood.value,
        reference_prior=reference_prior.value,
        fit_noise=_text(fit_noise),
        guide=guide,
        init=init,
        rank=rank,
        max_steps=max_steps,
        time_limit=time_limit,
        checkpoint=checkpoint,
        resume=resume,
        draws=draws,
        chains=chains,
        seed=seed,
    )
    watched = is_watched(quiet=quiet, json_wanted=json, verbose=verbose)
    with progress(f"solving {place}", wanted=watched) as report:
        solved = run(place, target, options=options, overwrite=overwrite, report=report)
    show_solved(solved, target, json=json, quiet=quiet, verbose=verbose)
    return solved.exit_code


def _degree(given: str | None) -> int | str | None:
    """Return a number where it is one; other texts are judged with the options."""
    if given is None or not given.strip().lstrip("+-").isdigit():
        return given
    return int(given)


def _text(choice: StrEnum | None) -> str | None:
    return None if choice is None else choice.value


def show_solved(
    solved: "Solved", output: Path, *, json: bool, quiet: bool, verbose: bool
) -> None:
    """Print what a solution is worth; bad news always, on stderr.

    Parameters
    ----------
    solved
        The solution.
    output
        Where it was written.
    json, quiet, verbose
        As chosen.
    """
    # Not at the top: it brings JAX, which the help does not need.
    from reseau.plates.judgement.unit_weight import sigma0_text

    if json:
        print_json(solved.summary)
    elif not quiet:
        for line in [*solved.table, ""] if solved.table else []:
            typer.echo(line)
        for sentence in solved.sentences:
            say(sentence)
        typer.echo()
        print_table(_numbers(solved, output, verbose))
    found = solved.summary
    if found["converged"] and not found["describes_data"]:
        told = sigma0_text(found["sigma0"])
        complain(f"warning: the fit does not describe the data (sigma0 = {told})")
    elif (quiet or json) and (found["assumed_error"] or {}).get("fits") is False:
        complain(f"warning: {_guess(found['assumed_error'])}")
    # The message of a fit that did not converge names them itself.
    if (quiet or json) and found["converged"]:
        for sentence in solved.strays or _worst(found):
            complain(f"warning: {sentence}")
    if solved.exit_code:
        complain(f"error: {unusable(solved)}")


def _worst(found: dict[str, Any]) -> list[str]:
    """Name the worst measurements of a fit that does not describe the data."""
    worst = found["outliers"]["measurements"]["worst"][:WORST]
    if found["describes_data"] or not worst:
        return []
    names = ", ".join(f"{w['name']} ({w['pull']:.3g}σ)" for w in worst)
    return [f"largest residuals: {names}"]


def _guess(found: dict[str, Any]) -> str:
    """Say in short that an assumed error is not what residuals show."""
    # Not at the top: it brings JAX, which the help does not need.
    from reseau.plates import quantity

    assumed, shown = (quantity(found[n], found["unit"]) for n in ("size", "scatter"))
    return (
        f"an error of {assumed} was assumed, and residuals scatter by {shown}: errors "
        "of the results are wrong by as much, see the verdict"
    )


def _numbers(solved: "Solved", output: Path, verbose: bool) -> list[tuple[str, str]]:
    # Not at the top: it brings JAX, which the help does not need.
    from reseau.plates.overview import number_rows

    rows = number_rows(solved.summary, in_detail=verbose)
    return [*rows, ("written to", str(output))]


def unusable(solved: "Solved") -> str:
    """Return why a solution cannot be used, with the parameters by name.

    Parameters
    ----------
    solved
        A solution that did not end well.
    """
    found = solved.summary
    lines = [str(found["message"])]
    names = found["undetermined"]
    if names:
        more = len(names) - NAMED
        tail = f" and {more} more, see summary.json" if more > 0 else ""
        lines.append(f"  not determined: {', '.join(names[:NAMED])}{tail}")
    if found["still_moving"]:
        size = found["history"][-1]["largest_step"]
        lines.append(f"  still moving: {found['still_moving']}, by {size:.3g} σ")
    lines += [f"  null direction: {text}" for text in found["null_directions"][:NAMED]]
    return "\n".join(lines)


__all__ = ["show_solved", "solve", "unusable"]
