"""Models that were compared, as a table and in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from reseau.model import Problem
from reseau.solvers.posterior.evidence import Evidence

WIDTHS = (0.1, 10.0)
"""Factors on the distortion's prior σ under which the choice is looked at again."""

DECISIVE = 3.0
"""Difference of log probabilities that counts: odds of 20 to 1."""

UNLIKE = 2.0
"""Pull of left-out measurements beyond which a model does not describe the data."""


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

        Log probabilities are given less those of the chosen model. What is free
        besides the distortion stands above the models that share it.
        """
        columns = [self._by_width(factor) for factor in (1.0, *WIDTHS)]
        columns += [self._foresight()]
        columns = [c - c[self.chosen] for c in columns]
        found = [
            f"{'log evidence, prior width':>48}{'left-out measurements':>29}",
            f"  {'model':<8}  {'shared':>6}{'x 1':>10}{'x 0.1':>10}{'x 10':>10}"
            f"{'log p':>11}{f'RMS [{self.unit}]':>12}{'pull':>8}",
        ]
        others = ""
        for i, candidate in enumerate(self.candidates):
            degree, _, rest = candidate.label.partition("; ")
            if rest != others:
                found.append(f"  {rest}:")
                others = rest
            one, narrow, wide, left = (_figure(c[i]) for c in columns)
            mark = ">" if i == self.chosen else " " if candidate.converged else "?"
            found.append(
                f"{mark} {degree:<8}  {candidate.evidence.shared:>6d}"
                f"{one:>10}{narrow:>10}{wide:>10}{left:>11}"
                f"{candidate.rms:>12.4g}{candidate.pull:>8.4g}"
            )
        if not all(c.converged for c in self.candidates):
            found.append("?: did not converge, cannot be chosen")
        return [*found, *self.sentences()]

    def sentences(self) -> list[str]:
        """Return the verdict in words."""
        return [self._told_choice(), self._told_widths(), self._told_left_out()]

    def _told_choice(self) -> str:
        values = np.array([c.evidence.value for c in self.candidates])
        converged = np.array([c.converged for c in self.candidates])
        own = values[self.chosen]
        found = f"chosen: {self.best.label} (log evidence {own:.1f})"
        values[self.chosen] = np.nan
        second = _largest(np.where(converged, values, np.nan))
        if second is not None:
            lead = own - values[second]
            weak = "" if lead > DECISIVE else ": hardly better"
            found += f", {lead:.1f} above {self.candidates[second].label}{weak}"
        failed = _largest(np.where(converged, np.nan, values))
        if failed is not None and values[failed] > own:
            found += (
                f"; {self.candidates[failed].label} did not converge and is "
                f"{values[failed] - own:.4g} above where it ended: the model that the "
                "data want may not be among those tried; try higher degrees"
            )
        return found

    def _told_widths(self) -> str:
        words = []
        converged = np.array([c.converged for c in self.candidates])
        for factor in WIDTHS:
            best = _largest(np.where(converged, self._by_width(factor), np.nan))
            name = "the same choice"
            if best is not None and best != self.chosen:
                name = self.candidates[best].label
            words.append(f"x {factor:g} {name}")
        return f"with the distortion's prior width {'; '.join(words)}"

    def _told_left_out(self) -> str:
        if not self.n_left_out:
            return "no measurements could be left out for a check"
        left = self._foresight()
        if not self.agrees:
            better = self.candidates[int(np.nanargmax(left))].label
            return (
                f"{self.n_left_out} left-out measurements do not agree: {better} "
                f"foresaw them better, log p higher by {-left[self.chosen]:.1f}"
            )
        if self.best.pull > UNLIKE:
            return (
                f"no other model foresaw {self.n_left_out} left-out measurements "
                f"better, but they are {self.best.pull:.3g} of their errors off: no "
                "model that was tried describes the data, or the errors are too small"
            )
        return f"{self.n_left_out} left-out measurements agree with the choice"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a JSON file."""
        return {
            "chosen": self.best.as_dict(),
            "candidates": [c.as_dict() for c in self.candidates],
            "n_left_out": self.n_left_out,
            "left_out_agrees": self.agrees if self.n_left_out else None,
            "verdict": self.sentences(),
        }


def _largest(values: np.ndarray) -> int | None:
    """Return where the largest value is; None where there is none."""
    return None if np.all(np.isnan(values)) else int(np.nanargmax(values))


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
