"""What a catalogue of many plates is worth, in numbers and words."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reseau._words import counted
from reseau.errors import some

from .combined import Combined, Options
from .stars import POSITIONS

_ERRORS = ("ra_error", "dec_error", "parallax_error", "pmra_error", "pmdec_error")
BAD = 5.0
"""F2 from which a star does not follow its parameters."""


def summary_of(found: Combined, options: Options) -> dict[str, Any]:
    """Return the numbers of a catalogue.

    Parameters
    ----------
    found
        The solution.
    options
        How it was made.
    """
    columns, motions = found.catalogue, found.motions
    stars, factor = motions.equations.stars, motions.factor
    with np.errstate(invalid="ignore"):
        bad = columns["gof"] > BAD
    return {
        "converged": motions.converged and not factor.null.shape[2],
        "n_sources": stars.n,
        "n_references": int(stars.is_reference.sum()),
        "n_positions_only": int(np.sum(stars.solved_for == POSITIONS)),
        "n_plates": len(motions.equations.plates),
        "n_measurements": int(columns["n_measurements"].sum()),
        "n_bad": int(bad.sum()),
        "ref_epoch": float(np.median(stars.epoch[stars.solved_for != POSITIONS]))
        if np.any(stars.solved_for != POSITIONS)
        else float(np.median(stars.epoch)),
        "prior": options.prior,
        "parameters": stars.size,
        "epsilon": options.epsilon,
        "shared_modes": int(factor.share.size),
        "undetermined": int(factor.null.shape[2]),
        "iterations": motions.iterations,
        "steps": [list(steps) for steps in motions.steps],
        "chi2": float(columns["chi2"].sum()),
        "dof": float(columns["dof"].sum()),
        "median_errors": {
            kind: {
                name: float(np.nanmedian(columns[name][rows]))
                for name in _ERRORS
                if np.isfinite(columns[name][rows]).any()
            }
            for kind, rows in (
                ("references", stars.is_reference),
                ("others", ~stars.is_reference & (stars.solved_for != POSITIONS)),
            )
            if rows.any()
        },
    }


def overview(found: Combined, left_out: Sequence[str] = ()) -> list[str]:
    """Return what a catalogue is worth, in sentences.

    Parameters
    ----------
    found
        The solution.
    left_out
        What was left out, in sentences without a full stop.
    """
    motions, columns = found.motions, found.catalogue
    stars = motions.equations.stars
    n_plates = len(motions.equations.plates)
    words = [
        f"{counted(stars.n, 'sources')} from {counted(n_plates, 'plates')}, "
        f"{int(stars.is_reference.sum()):,} of them with priors as references."
    ]
    if not motions.converged:
        words.append(
            "The solution did NOT converge: what is still to be gone is "
            f"{motions.left:.3g} σ. It is not to be used."
        )
    words += _undetermined(found)
    if found.robust is not None:
        words += found.robust.sentences
    words += found.datum.sentences
    chi2, dof = columns["chi2"].sum(), columns["dof"].sum()
    if dof > 0:
        factor = float(np.sqrt(chi2 / dof))
        agree = abs(factor - 1.0) < max(0.02, 4.0 / np.sqrt(2.0 * dof))
        words.append(
            f"Plates agree with each other by {factor:.3f} times their errors"
            + (
                "."
                if agree
                else ", which is not 1: errors of the catalogue are off by as much."
            )
        )
    few = np.flatnonzero(stars.solved_for == POSITIONS)
    if few.size:
        words.append(
            f"{counted(few.size, 'sources')} "
            f"{'has' if few.size == 1 else 'have'} a position only (on few plates, and "
            "no reference): "
            f"{some(stars.source_id[few])}."
        )
    with np.errstate(invalid="ignore"):
        bad = np.flatnonzero(columns["gof"] > BAD)
    if bad.size:
        worst = bad[np.argsort(-columns["gof"][bad])]
        words.append(
            f"{counted(bad.size, 'sources')} "
            f"{'does' if bad.size == 1 else 'do'} not follow five parameters "
            f"(F2 > {BAD:.0f}): {some(stars.source_id[worst])}."
        )
    words += _apart(found)
    return words + [f"{text[0].upper()}{text[1:]}." for text in left_out]


def _undetermined(found: Combined) -> list[str]:
    null = found.motions.factor.null
    if not null.shape[2]:
        return []
    names = ("position", "position", "parallax", "motion", "motion", "radial velocity")
    root = found.motions.factor.root
    size = np.abs(np.einsum("nij,nir->njr", root, null))
    weight = np.sum(size**2, axis=0)
    which = {names[int(np.argmax(weight[:, r]))] for r in range(null.shape[2])}
    n = null.shape[2]
    return [
        f"{n} {'combination' if n == 1 else 'combinations'} of the stars' "
        f"{' and '.join(sorted(which))} "
        f"{'is' if n == 1 else 'are'} determined by neither plates nor references, and "
        "held where the stars started; errors are without them. References with errors "
        "would determine them: --prior gaia."
    ]


def _apart(found: Combined) -> list[str]:
    """Say which plates share no source with the others."""
    equations = found.motions.equations
    label = np.arange(len(equations.plates))
    first = np.full(equations.stars.n, -1)
    for number, share in enumerate(equations.plates):
        met = np.unique(first[share.mapped.row])
        met = met[met >= 0]
        joined = np.isin(label, label[met])
        label[joined] = label[number]
        first[share.mapped.row] = number
    groups, counts = np.unique(label, return_counts=True)
    if groups.size < 2:
        return []
    largest = groups[np.argmax(counts)]
    alone = [
        share.information.plate_id
        for share, own in zip(equations.plates, label, strict=True)
        if own != largest
    ]
    return [
        f"{counted(len(alone), 'plates')} "
        f"{'shares' if len(alone) == 1 else 'share'} no source with the others, only "
        f"the references' frame joins them: {some(alone)}."
    ]


def number_rows(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the numbers that one looks at first, in words.

    Parameters
    ----------
    summary
        Of a catalogue.
    """
    rows = [
        ("sources", f"{summary['n_sources']:,}"),
        ("references", f"{summary['n_references']:,}"),
        ("plates", f"{summary['n_plates']:,}"),
        ("measurements", f"{summary['n_measurements']:,}"),
        ("reference epoch", f"{summary['ref_epoch']:.2f}"),
    ]
    for kind, errors in summary["median_errors"].items():
        found = {n: v for n, v in errors.items() if v is not None}
        if len(found) == len(_ERRORS):
            ra, dec, parallax, pmra, pmdec = found.values()
            rows.append(
                (
                    f"errors of {kind}",
                    f"{ra:.3g}, {dec:.3g} mas; parallax {parallax:.3g} mas; motion "
                    f"{pmra:.3g}, {pmdec:.3g} mas/yr (median)",
                )
            )
    rows += [
        ("shared modes", f"{summary['shared_modes']:,}"),
        ("iterations", f"{summary['iterations']}"),
    ]
    return rows


__all__ = ["BAD", "number_rows", "overview", "summary_of"]
