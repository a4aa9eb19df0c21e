"""A survey's catalogue against its truth, beside what averages over plates give.

What the Plate Analysis shows of its mini survey: tracks of single stars, and artificial
sources, which neither move nor have a parallax. Averages of plates' positions put these
outside of their errors; the joint solution must not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.catalogue import astrometry
from reseau.datasets.catalogues import CatalogueTables
from reseau.datasets.information import Information
from reseau.motions.averages import KINDS, averaged
from reseau.motions.stars import stars_of
from reseau.motions.undetermined import with_positions_alone

from .comparison.catalogue import CatalogueComparison, compare_estimates
from .comparison.estimates import (
    Columns,
    averaged_estimates,
    catalogue_estimates,
    matched,
    motion_errors,
)
from .motion_recovery import PARAMETERS
from .tracks import Track

JOINT = "joint"
WAYS = {
    JOINT: "joint solution",
    KINDS[0]: "posteriors averaged",
    KINDS[1]: "own 2×2 blocks only",
}
"""How plates are joined, and what to call it."""

SHOWN = ("reference", "target", "artificial")
"""Classes of which the ways are compared."""


@dataclass(frozen=True)
class Disturbance:
    """What wrong references do to the joint solution.

    Attributes
    ----------
    wrong
        How many of the stars have one.
    found
        How many of these do not count as references any more.
    change
        By how much parameters of all other stars change, in units of the errors that
        they have then.
    error
        How far the stars with wrong references are from the truth, in the same.
    """

    wrong: int
    found: int
    change: Float[np.ndarray, "n 5"]
    error: Float[np.ndarray, "k 5"]

    @property
    def rms(self) -> Float[np.ndarray, "5"]:
        """Return root mean squares of the changes."""
        found: np.ndarray = np.sqrt(np.mean(self.change**2, axis=0))
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "wrong": self.wrong,
            "found": self.found,
            "rms_change_in_sigma": dict(zip(PARAMETERS, self.rms, strict=True)),
        }


@dataclass(frozen=True)
class MotionValidation:
    """A survey's catalogue against its truth.

    Attributes
    ----------
    ways
        Comparisons by the way in which plates were joined, of `WAYS`.
    references
        Part of the survey's references that counted as such.
    disturbances
        What wrong references do, by how they are taken: "taken as right", "robust".
    tracks
        Of some stars.
    """

    ways: Mapping[str, CatalogueComparison]
    references: float = 1.0
    disturbances: Mapping[str, Disturbance] = field(default_factory=dict)
    tracks: tuple[Track, ...] = field(default=())

    @property
    def joint(self) -> CatalogueComparison:
        """Return the comparison of the catalogue itself."""
        return self.ways[JOINT]

    @property
    def shown(self) -> list[str]:
        """Return the classes of which the ways are compared, each source once."""
        found = [name for name in SHOWN if name in self.joint.recoveries]
        if self.joint.targets_are_artificial and "target" in found:
            found.remove("target")
        return found

    @property
    def consistent(self) -> bool:
        """Return whether errors of the catalogue are as promised."""
        return self.joint.consistent

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "references": self.references,
            "consistent": self.consistent,
            "ways": {name: found.as_dict() for name, found in self.ways.items()},
            "wrong_references": {
                name: found.as_dict() for name, found in self.disturbances.items()
            },
        }

    def lines(self) -> list[str]:
        """Return the validation as lines for a terminal."""
        part = "" if self.references == 1 else f", {100 * self.references:g} % of the "
        part += "references counting as such" if part else ""
        lines = [
            f"all plates together{part}: five parameters against the truth",
            *self.joint.lines(),
        ]
        if len(self.ways) > 1:
            lines += ["", *self._beside()]
        if self.disturbances:
            lines += ["", *self._disturbed()]
        return lines

    def _disturbed(self) -> list[str]:
        """Say what wrong references do."""
        number = next(iter(self.disturbances.values())).wrong
        lines = [
            f"{number} references with wrong motions, by 10 σ or more, change other "
            "stars by",
            "(RMS, in units of their errors)",
            f"{'':<26}" + "".join(f"{name:>10}" for name in PARAMETERS),
        ]
        for name, one in self.disturbances.items():
            words = f"{name}, {one.found} found"
            lines.append(f"{words:<26}" + "".join(f"{v:>10.3f}" for v in one.rms))
        return lines

    def _beside(self) -> list[str]:
        """Say what else plates are joined by gives."""
        lines = [
            "standard deviation of errors / stated errors, which should be 1",
            f"{'':<33}" + "".join(f"{name:>10}" for name in PARAMETERS),
        ]
        for name in self.shown:
            for way, words in WAYS.items():
                recovery = way in self.ways and self.ways[way].recoveries.get(name)
                if recovery:
                    values = "".join(f"{p.value:>10.2f}" for p in recovery.pull)
                    lines.append(f"{name:<12} {words:<20}{values}")
        if beyond := self.beyond():
            said = ", ".join(f"{WAYS[way]} {n}" for way, n in beyond.items())
            lines += [
                "artificial sources whose motion or parallax is not 0 within 3 σ:",
                f"  {said}",
            ]
        return lines

    def beyond(self) -> dict[str, int]:
        """Return how many artificial sources seem to move, by way.

        Those whose parallax or a component of whose motion is beyond 3 σ: with the
        right errors 0.8 % of them.
        """
        found = {}
        for way, compared in self.ways.items():
            if "artificial" in compared.errors:
                own = compared.estimates["artificial"].covariance
                sigma = np.sqrt(np.diagonal(own, axis1=1, axis2=2))
                pulls = np.abs(compared.errors["artificial"] / sigma)[:, 2:]
                found[way] = int(np.sum(np.any(pulls > 3.0, axis=1)))
        return found

    def __str__(self) -> str:
        """Return the lines."""
        return "\n".join(self.lines())


@in_double
def compare_ways(
    joint: CatalogueTables,
    plates: Sequence[Information],
    reference: Columns | None,
    truth: Columns,
) -> dict[str, CatalogueComparison]:
    """Compare the catalogue, and averages over its plates, with the truth.

    Parameters
    ----------
    joint
        Tables of the catalogue.
    plates
        What its plates say.
    reference
        Columns of its references; None: it has none.
    truth
        As of `motion_truth`.
    """
    found = {
        JOINT: compare_estimates(
            catalogue_estimates(joint.catalogue), truth, joint.modes
        )
    }
    known = None if reference is None else astrometry(reference)
    epoch = float(joint.summary["ref_epoch"])
    stars = with_positions_alone(plates, stars_of(plates, known, epoch=epoch))
    for kind in KINDS:
        estimates = averaged_estimates(stars, averaged(plates, stars, kind))
        found[kind] = compare_estimates(estimates, truth)
    return found


@in_double
def disturbance_of(
    right: CatalogueTables, wrong: CatalogueTables, truth: Columns
) -> Disturbance:
    """Return what wrong references do.

    Parameters
    ----------
    right
        The catalogue with right references.
    wrong
        The same where some are wrong.
    truth
        As of `motion_truth`; `wrong_prior` says which are.
    """
    before, true, _ = matched(catalogue_estimates(right.catalogue), truth)
    after, _, _ = matched(catalogue_estimates(wrong.catalogue), truth)
    # A reference that does not count any more states larger errors, rightly.
    sigma = np.sqrt(np.diagonal(after.covariance, axis1=1, axis2=2))
    error = motion_errors(after, true)
    change = (error - motion_errors(before, true)) / sigma
    five = ~before.positions_only & ~after.positions_only
    spoilt = np.asarray(true["wrong_prior"], dtype=bool) & before.is_reference
    return Disturbance(
        wrong=int(spoilt.sum()),
        found=int(np.sum(spoilt & ~after.is_reference)),
        change=change[five & ~spoilt],
        error=(error / sigma)[five & spoilt],
    )


__all__ = [
    "JOINT",
    "SHOWN",
    "WAYS",
    "Disturbance",
    "MotionValidation",
    "compare_ways",
    "disturbance_of",
]
