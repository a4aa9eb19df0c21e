"""`reseau compare CATALOGUE --truth SURVEY`: five parameters of stars against truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from reseau._precision import in_double
from reseau.datasets.catalogues import CatalogueTables, SharedModes, read_catalogue
from reseau.diagnostics.motion_recovery import (
    CHANCE,
    INSIDE,
    MotionRecovery,
    motion_recovery,
)
from reseau.errors import some
from reseau.tables import columns_of

from .estimates import (
    Columns,
    Estimates,
    catalogue_estimates,
    matched,
    motion_errors,
    motion_truth,
)

UNMATCHED_SHOWN = 10
DRAWS = 200
"""Joint draws, which give the scatter of statistics to 5 %."""
AT_ONCE = 25
NOT_JUDGED = ("wrong_prior", "positions_only")
"""Classes that are shown, not judged: what they have instead of a prior is no truth."""


@dataclass(frozen=True)
class CatalogueComparison:
    """How far a catalogue is from truth, and how far it says it may be.

    Attributes
    ----------
    recoveries
        Statistics by class: "reference" (good ones only), "target" (all others that
        are not wrong, which contains the artificial ones), "artificial",
        "positions_only", "wrong_prior".
    estimates
        What was compared, by class.
    errors
        Estimates minus truth [mas, mas/yr], by class: five parameters, or two where
        stars have a position only.
    unmatched
        Sources of the catalogue that the truth does not hold.
    """

    recoveries: dict[str, MotionRecovery]
    estimates: dict[str, Estimates] = field(default_factory=dict)
    errors: dict[str, Float[np.ndarray, "n k"]] = field(default_factory=dict)
    unmatched: list[int] = field(default_factory=list)

    @property
    def chance(self) -> float:
        """Return the chance of a false alarm of each statistic that is judged."""
        judged = [r for r in self.recoveries.values() if r.judged]
        return CHANCE / max(sum(len(r.statistics) for r in judged), 1)

    @property
    def consistent(self) -> bool:
        """Return whether errors of all classes that are judged are as promised.

        Chance alone says no in `CHANCE` of the comparisons at most.
        """
        judged = [r for r in self.recoveries.values() if r.judged]
        return bool(judged) and all(r.consistent(self.chance) for r in judged)

    @property
    def targets_are_artificial(self) -> bool:
        """Return whether two classes are the same sources."""
        count = {name: r.n for name, r in self.recoveries.items()}
        return count.get("target", 0) == count.get("artificial", 0)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {
            "consistent": self.consistent,
            "classes": {
                name: {"consistent": r.consistent(self.chance), **r.as_dict()}
                for name, r in self.recoveries.items()
            },
            "unmatched": {
                "count": len(self.unmatched),
                "first": self.unmatched[:UNMATCHED_SHOWN],
            },
        }

    def lines(self) -> list[str]:
        """Return the comparison as lines for a terminal."""
        found = [HEAD]
        for name, recovery in self.recoveries.items():
            if name != "target" or not self.targets_are_artificial:
                found += _lines(name, recovery, self.chance)
        inside = ", ".join(f"{100 * p:.1f}" for p in INSIDE)
        found += [
            "± is what chance allows at 1 σ, errors that stars share included.",
            f"Expected within 1, 2, 3 σ: {inside} %.",
        ]
        if self.unmatched:
            names = some(self.unmatched)
            found.append(f"not in the truth: {len(self.unmatched)} sources ({names})")
        return found

    def __str__(self) -> str:
        """Return the lines."""
        return "\n".join(self.lines())


HEAD = (
    f"{'class':<14} {'n':>6}  {'':<8} {'rms':>8}  {'rms/bound':>15}  "
    f"{'pull std':>15}  {'within 1, 2, 3 σ [%]':>20}"
)


def _lines(name: str, r: MotionRecovery, chance: float) -> list[str]:
    found = []
    for i, parameter in enumerate(r.parameters):
        inside = " ".join(f"{100 * p:.1f}" for p in r.coverage[i].value)
        start = f"{name:<14} {r.n:>6d}" if i == 0 else " " * 21
        found.append(
            f"{start}  {parameter:<8} {r.rms[i]:>8.4g}  "
            f"{r.ratio[i].value:>7.3f} ± {r.ratio[i].scatter:<5.3f}  "
            f"{r.pull[i].value:>7.3f} ± {r.pull[i].scatter:<5.3f}  {inside:>20}"
        )
    verdict = "not judged"
    if r.judged:
        verdict = "as promised" if r.consistent(chance) else "NOT as promised"
    whole = f"{r.chi2.value:.3f} ± {r.chi2.scatter:.3f}"
    found.append(f"{'':21}  √(χ²/{len(r.parameters)} of each) {whole}: {verdict}")
    return found


@in_double
def compare_catalogue(
    catalogue: str | Path | CatalogueTables, truth: str | Path
) -> CatalogueComparison:
    """Compare a catalogue of many plates with the truth of the simulated survey.

    Parameters
    ----------
    catalogue
        Its directory, or its tables.
    truth
        Dataset of the survey, or its folder ``truth``.

    Raises
    ------
    ReseauError
        One is not what it should be, or they have no source in common.
    """
    tables = catalogue
    if not isinstance(tables, CatalogueTables):
        tables = read_catalogue(tables)
    estimates = catalogue_estimates(tables.catalogue)
    plates = np.unique(columns_of(tables.plates)["plate_id"]).tolist()
    known = motion_truth(truth, plates, estimates.source_id)
    return compare_estimates(estimates, known, tables.modes)


@in_double
def compare_estimates(
    estimates: Estimates, truth: Columns, modes: SharedModes | None = None
) -> CatalogueComparison:
    """Compare five parameters of stars with what is true.

    Parameters
    ----------
    estimates
        Of the stars.
    truth
        As of `motion_truth`.
    modes
        The covariance of all stars; None: chance is that of stars that share nothing.
    """
    found, true, unmatched = matched(estimates, truth)
    error = motion_errors(found, true)
    recoveries, chosen, errors = {}, {}, {}
    for name, mask in classes_of(found, true).items():
        if not mask.any():
            continue
        k = 2 if name == "positions_only" else 5
        own = found.rows(mask)
        chosen[name], errors[name] = own, error[mask, :k]
        recoveries[name] = motion_recovery(
            errors[name],
            own.covariance[:, :k, :k],
            None if modes is None else _joint_draws(modes, own.source_id, k),
            judged=name not in NOT_JUDGED,
        )
    return CatalogueComparison(recoveries, chosen, errors, unmatched)


def classes_of(
    estimates: Estimates, truth: Columns
) -> dict[str, Bool[np.ndarray, "n"]]:
    """Return which stars are of each class.

    Parameters
    ----------
    estimates, truth
        Row by row the same star.
    """
    five, reference = ~estimates.positions_only, estimates.is_reference
    none = np.zeros(five.size, dtype=bool)
    artificial = np.asarray(truth.get("artificial", none), dtype=bool)
    wrong = np.asarray(truth.get("wrong_prior", none), dtype=bool)
    return {
        "reference": five & reference & ~wrong,
        "target": five & ~reference,
        "artificial": five & artificial,
        "positions_only": ~five,
        "wrong_prior": reference & wrong,
    }


def _joint_draws(
    modes: SharedModes, source_id: np.ndarray, k: int
) -> Iterator[Float[np.ndarray, "m n k"]]:
    """Yield joint draws of errors; 32 bits do for what all stars share."""
    rows = modes.rows(source_id)
    shared = modes.shared[rows][:, :k].astype(np.float32)
    flat = shared.reshape(-1, shared.shape[2])
    rng = np.random.default_rng(0)
    across = np.linalg.inv(modes.own[rows]).transpose(0, 2, 1)[:, :k]
    for _ in range(DRAWS // AT_ONCE):
        common = rng.standard_normal((flat.shape[1], AT_ONCE), dtype=np.float32)
        alone = rng.standard_normal((AT_ONCE, *modes.own[rows].shape[:2]))
        apart = np.einsum("nij,mnj->mni", across, alone)
        yield apart + (flat @ common).T.reshape(apart.shape)


__all__ = ["CatalogueComparison", "compare_catalogue", "compare_estimates"]
