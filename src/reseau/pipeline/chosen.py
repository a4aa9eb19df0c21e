"""Models that were compared, as a table and in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reseau.model import Problem
from reseau.solve.evidence import Evidence

WIDTHS = (0.1, 10.0)
"""Factors on the distortion's prior σ under which the choice is looked at again."""

DECISIVE = 3.0
"""Difference of log probabilities that counts: odds of 20 to 1."""


@dataclass(frozen=True)
class Candidate:
    """One model and what speaks for it.

    Attributes
    ----------
    label
        In words.
    degree, scale, free
        The distortion's degree, what shares a focal length, the free blocks.
    evidence
        Of all measurements; not a number where they leave parameters open.
    seen
        Of the measurements that were not left out.
    converged
        Whether the fit to all ended well; if not, it cannot be chosen.
    rms, pull
        Root mean square residual of a coordinate of those left out, under the fit to
        the others: in the unit of the positions, and over the measurement's σ (a
        little above 1: the fit has errors, too). Without convergence, under the fit to
        all.
    """

    label: str
    degree: int
    scale: str
    free: tuple[str, ...]
    evidence: Evidence
    seen: Evidence
    converged: bool
    rms: float
    pull: float

    @property
    def foresight(self) -> float:
        """Return the log probability of the left-out measurements, given the others.

        The difference of the two evidences; the priors' widths nearly cancel in it.
        """
        return self.evidence.value - self.seen.value

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {
            "model": self.label,
            "degree": self.degree,
            "scale": self.scale,
            "free": list(self.free),
            "converged": self.converged,
            "shared_parameters": self.evidence.shared,
            "log_evidence": self.evidence.value,
            "log_evidence_by_width": {
                f"{factor:g}": self.evidence.with_widths(factor) for factor in WIDTHS
            },
            "left_out": {
                "log_probability": self.foresight,
                "rms": self.rms,
                "pull": self.pull,
            },
        }


@dataclass(frozen=True)
class Choice:
    """All models that were tried, and the one to use.

    Attributes
    ----------
    candidates
        By degree, then in the order in which they were tried.
    chosen
        Which has the largest evidence.
    problem
        The plate with that model, ready to be solved.
    n_left_out
        Number of measurements that were left out for the check.
    unit
        Unit of the measured positions.
    """

    candidates: tuple[Candidate, ...]
    chosen: int
    problem: Problem
    n_left_out: int
    unit: str

    @property
    def best(self) -> Candidate:
        """Return the chosen model."""
        return self.candidates[self.chosen]

    @property
    def agrees(self) -> bool:
        """Return whether no other model foresaw the left-out measurements better."""
        return bool(self._foresight()[self.chosen] >= -DECISIVE)

    def _foresight(self) -> np.ndarray:
        return _below_best([c.foresight for c in self.candidates])

    def _by_width(self, factor: float) -> np.ndarray:
        return _below_best([c.evidence.with_widths(factor) for c in self.candidates])

    def lines(self) -> list[str]:
        """Return the table and the verdict as lines for a terminal.

        Log probabilities are given less those of the chosen model.
        """
        columns = [self._by_width(factor) for factor in (1.0, *WIDTHS)]
        columns += [self._foresight()]
        columns = [c - c[self.chosen] for c in columns]
        width = max(len(c.label) for c in self.candidates)
        found = [
            f"  {'':<{width}}  {'':>6}  {'log evidence, prior width':^33}  "
            f"{'left-out measurements':^32}",
            f"  {'model':<{width}}  {'shared':>6}  {'x 1':>11}{'x 0.1':>11}{'x 10':>11}"
            f"  {'log p':>11}{f'RMS [{self.unit}]':>12}{'pull':>9}",
        ]
        for i, candidate in enumerate(self.candidates):
            one, narrow, wide, left = (_figure(c[i]) for c in columns)
            mark = ">" if i == self.chosen else " " if candidate.converged else "?"
            found.append(
                f"{mark} {candidate.label:<{width}}  {candidate.evidence.shared:>6d}  "
                f"{one:>11}{narrow:>11}{wide:>11}  {left:>11}"
                f"{candidate.rms:>12.4g}{candidate.pull:>9.4g}"
            )
        if not all(c.converged for c in self.candidates):
            found.append("?: did not converge, cannot be chosen")
        return [*found, *self.sentences()]

    def sentences(self) -> list[str]:
        """Return the verdict in words."""
        return [self._told_choice(), self._told_widths(), self._told_left_out()]

    def _told_choice(self) -> str:
        values = np.array([c.evidence.value for c in self.candidates])
        found = f"chosen: {self.best.label} (log evidence {values[self.chosen]:.1f})"
        values[self.chosen] = np.nan
        if np.all(np.isnan(values)):
            return found
        second = int(np.nanargmax(values))
        lead = self.best.evidence.value - values[second]
        weak = "" if lead > DECISIVE else ": hardly better"
        return f"{found}, {lead:.1f} above {self.candidates[second].label}{weak}"

    def _told_widths(self) -> str:
        words = []
        for factor in WIDTHS:
            best = int(np.nanargmax(self._by_width(factor)))
            same = best == self.chosen
            name = "the same choice" if same else self.candidates[best].label
            words.append(f"x {factor:g} {name}")
        return f"with the distortion's prior width {'; '.join(words)}"

    def _told_left_out(self) -> str:
        if not self.n_left_out:
            return "no measurements could be left out for a check"
        left = self._foresight()
        if self.agrees:
            return f"{self.n_left_out} left-out measurements agree with the choice"
        better = self.candidates[int(np.nanargmax(left))].label
        return (
            f"{self.n_left_out} left-out measurements do not agree: {better} foresaw "
            f"them better, log p higher by {-left[self.chosen]:.1f}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {
            "chosen": self.best.as_dict(),
            "candidates": [c.as_dict() for c in self.candidates],
            "n_left_out": self.n_left_out,
            "left_out_agrees": self.agrees if self.n_left_out else None,
            "verdict": self.sentences(),
        }


def _below_best(values: list[float]) -> np.ndarray:
    """Return values less the largest; NaN stays."""
    found = np.array(values)
    return found - np.nanmax(found) if np.any(np.isfinite(found)) else found


def _figure(value: float) -> str:
    """Return a difference of log probabilities: short where it is beyond doubt."""
    if np.isnan(value):
        return "none"
    return f"{value:.1f}" if abs(value) < 1e4 else f"{value:.1e}"


__all__ = ["DECISIVE", "WIDTHS", "Candidate", "Choice"]
