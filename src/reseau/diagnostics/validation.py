"""A survey's solution against its truth, plate by plate and over all plates.

What the Plate Analysis shows of its mini survey: residuals at the level of the
measurements' errors, positions at that of a milliarcsecond, and artificial sources,
which neither move nor have a parallax, by the weighted means of their plates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from reseau.datasets import PlateTables, Truth
from reseau.tables import columns_of

from .comparison.truth import Comparison, compare_with_truth
from .recovery import (
    Recovery,
    decorrelated_pulls,
    recovery_statistics,
    recovery_table,
)

BINS = 81
"""Of the distributions that are kept of each plate."""

WIDEST = 5.0
"""How far they go, in units of the expected error."""


@dataclass(frozen=True)
class PlateCheck:
    """One plate's solution against its truth.

    Attributes
    ----------
    plate
        Its id.
    epoch
        Of the plate, Julian year.
    comparison
        Of its positions.
    residuals
        Counts of the residuals in x and y together, over their stated errors, in `BINS`
        bins of ± `WIDEST`.
    residual_rms
        Of each coordinate [pixel].
    artificial
        Ids of the artificial sources, in the order of their errors.
    """

    plate: int
    epoch: float
    comparison: Comparison
    residuals: Int[np.ndarray, "b"]
    residual_rms: float
    artificial: Int[np.ndarray, "k"]


@dataclass(frozen=True)
class Means:
    """Weighted means of sources over plates, as deviations from the truth.

    Attributes
    ----------
    source_id
        Of the sources.
    deviation
        East and North [mas].
    covariance
        Of plates that were independent [mas²]; the references' errors, which they
        share, do not average.
    plates
        How many plates each was in.
    """

    source_id: Int[np.ndarray, "k"]
    deviation: Float[np.ndarray, "k 2"]
    covariance: Float[np.ndarray, "k 2 2"]
    plates: Int[np.ndarray, "k"]

    @property
    def recovery(self) -> Recovery:
        """Return errors and pulls of the means."""
        return recovery_statistics(self.deviation, self.covariance)


@dataclass(frozen=True)
class Validation:
    """A survey's solution against its truth.

    Attributes
    ----------
    survey
        Its name.
    checks
        Of each plate.
    wrong_priors
        The same plate with wrong references, solved as if all were right and with
        priors that may be wrong: comparisons by the name of the prior.
    """

    survey: str
    checks: tuple[PlateCheck, ...]
    wrong_priors: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def recoveries(self) -> dict[str, Recovery]:
        """Return the recovery of each class over all plates."""
        return {
            name: recovery_statistics(*self.pooled(name))
            for name in self.checks[0].comparison.recoveries
            if len(self.pooled(name)[0])
        }

    def pooled(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return errors and covariances of a class over all plates.

        Parameters
        ----------
        name
            Of the class.
        """
        empty = np.zeros((0, 2)), np.zeros((0, 2, 2))
        parts = [
            (c.comparison.errors[name], c.comparison.covariances[name])
            for c in self.checks
            if name in c.comparison.errors
        ]
        first, second = zip(*(parts or [empty]), strict=True)
        return np.concatenate(first), np.concatenate(second)

    @property
    def pulls(self) -> dict[str, Float[np.ndarray, "n 2"]]:
        """Return decorrelated pulls of each class over all plates."""
        return {
            name: decorrelated_pulls(*self.pooled(name)) for name in self.recoveries
        }

    @property
    def artificial(self) -> Means | None:
        """Return the weighted means of artificial sources; None: there are none."""
        found = [c for c in self.checks if len(c.artificial)]
        if not found:
            return None
        return weighted_means(
            np.concatenate([c.artificial for c in found]),
            np.concatenate([c.comparison.errors["artificial"] for c in found]),
            np.concatenate([c.comparison.covariances["artificial"] for c in found]),
        )

    @property
    def consistent(self) -> bool:
        """Return whether errors are as formal errors promise, of all classes."""
        return all(r.consistent for r in self.recoveries.values())

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        means = self.artificial
        return {
            "survey": self.survey,
            "consistent": self.consistent,
            "recoveries": {n: r.as_dict() for n, r in self.recoveries.items()},
            "artificial_means": None if means is None else means.recovery.as_dict(),
            "residual_rms_pixel": float(
                np.sqrt(np.mean([c.residual_rms**2 for c in self.checks]))
            ),
            "plates": [
                {
                    "plate_id": c.plate,
                    "epoch": c.epoch,
                    "residual_rms_pixel": c.residual_rms,
                    **{n: r.as_dict() for n, r in c.comparison.recoveries.items()},
                }
                for c in self.checks
            ],
            "wrong_priors": {
                name: {n: r.as_dict() for n, r in c.recoveries.items()}
                for name, c in self.wrong_priors.items()
            },
        }

    def lines(self) -> list[str]:
        """Return the validation as lines for a terminal."""
        rms = self.as_dict()["residual_rms_pixel"]
        lines = [
            f"{len(self.checks)} plates of {self.survey}: positions of single plates "
            "against the truth",
            *recovery_table(self.recoveries),
            f"residuals: {rms:.5f} pixel RMS of each coordinate",
        ]
        if means := self.artificial:
            found = means.recovery
            lines += [
                "",
                f"{found.n} artificial sources, weighted means over plates: RMS "
                f"{found.rms_mas:.3f} mas, {found.crb_ratio:.2f} times what plates",
                "that shared nothing would give: they share the references' errors",
            ]
        for name, compared in self.wrong_priors.items():
            lines += ["", f"a plate with wrong references, {name} priors"]
            lines += recovery_table(compared.recoveries)
        return lines

    def __str__(self) -> str:
        """Return the lines."""
        return "\n".join(self.lines())


def check_plate(plate: int, solution: PlateTables, truth: Truth) -> PlateCheck:
    """Compare one plate's solution with its truth.

    Parameters
    ----------
    plate
        Its id.
    solution
        Tables of the solution.
    truth
        The truth of the plate.
    """
    compared = compare_with_truth(solution, truth)
    residual = columns_of(solution.residuals)
    both = np.concatenate([residual["pull_x"], residual["pull_y"]])
    shift = np.concatenate([residual["dx"], residual["dy"]])
    count, _ = np.histogram(both, bins=BINS, range=(-WIDEST, WIDEST))
    sources = columns_of(solution.sources)
    known = columns_of(truth.sources)
    artificial = known["source_id"][known.get("artificial", np.zeros(0, bool))]
    # In the order of the comparison, which is that of the solution.
    mask = np.isin(sources["source_id"], artificial)
    return PlateCheck(
        plate=plate,
        epoch=float(sources["epoch"][0]),
        comparison=compared,
        residuals=count,
        residual_rms=float(np.sqrt(np.nanmean(shift**2))),
        artificial=sources["source_id"][mask],
    )


def weighted_means(
    source_id: Int[np.ndarray, "n"],
    error: Float[np.ndarray, "n 2"],
    covariance: Float[np.ndarray, "n 2 2"],
) -> Means:
    """Return means over plates, weighted by the inverse covariances.

    Parameters
    ----------
    source_id
        Of each row.
    error
        Solution minus truth, East and North [mas].
    covariance
        Formal ones [mas²].
    """
    ids, row, count = np.unique(source_id, return_inverse=True, return_counts=True)
    information = np.linalg.inv(covariance)
    total, right = np.zeros((len(ids), 2, 2)), np.zeros((len(ids), 2))
    np.add.at(total, row, information)
    np.add.at(right, row, np.einsum("nij,nj->ni", information, error))
    mean = np.linalg.inv(total)
    return Means(ids, np.einsum("nij,nj->ni", mean, right), mean, count)


def summed_residuals(checks: Sequence[PlateCheck]) -> Int[np.ndarray, "b"]:
    """Return the counts of residuals over all plates."""
    return np.sum([c.residuals for c in checks], axis=0)


__all__ = [
    "BINS",
    "WIDEST",
    "Means",
    "PlateCheck",
    "Validation",
    "check_plate",
    "summed_residuals",
    "weighted_means",
]
