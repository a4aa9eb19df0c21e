"""The map that `reseau mock reddening` measured, for people and programs."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reseau._words import counted
from reseau.galaxy.extinction import MeasuredReddening, ReddeningSettings

LEFT_OUT = ("without place or magnitudes", "outside the window")
"""Counts of stars that were not used, as `reddening_of_catalogue` notes them."""


@dataclass(frozen=True)
class ReddeningMap:
    """A map of the reddening, measured of a catalogue; ``print`` it.

    Attributes
    ----------
    catalogue
        What the stars are of.
    measured
        The map, with errors.
    settings
        How it was measured.
    file
        Where it was written; None: nowhere.
    """

    catalogue: str
    measured: MeasuredReddening = field(repr=False)
    settings: ReddeningSettings
    file: Path | None = None

    def __len__(self) -> int:
        """Return how many cells have a value."""
        return int(np.count_nonzero(self.measured.block >= 0))

    @cached_property
    def counts(self) -> dict[str, int]:
        """Cells and stars by what became of them."""
        found, notes = self.measured, self.measured.notes
        known = found.block >= 0
        few = known & (found.stars < self.settings.least)
        return {
            "stars": notes["stars"],
            **{name: notes[name] for name in LEFT_OUT if name in notes},
            "used": notes["used"],
            "cells": known.size,
            "with a value": len(self),
            "without a value": known.size - len(self),
            "blocks": int(np.unique(found.block[known]).size),
            "of fewer stars": int(np.count_nonzero(few)),
            "not bounded": int(np.count_nonzero(known & ~found.bounded)),
        }

    @cached_property
    def figures(self) -> dict[str, float]:
        """Medians over cells with a value [mag]: of E(J-Ks), its error and scatter."""
        found = self.measured
        known = found.block >= 0
        low, middle, high = np.percentile(found.map.excess[known], (5.0, 50.0, 95.0))
        return {
            "ejks": float(middle),
            "ejks_5_percent": float(low),
            "ejks_95_percent": float(high),
            "ejks_error": float(np.median(found.error[known])),
            "scatter": float(np.median(found.map.scatter[known])),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "catalogue": self.catalogue,
            **self.provenance(),
            "output": None if self.file is None else str(self.file),
        }

    def provenance(self) -> dict[str, Any]:
        """Return counts, medians, limits and the grid, as plain values."""
        found = self.measured
        return {
            "counts": self.counts,
            "median": self.figures,
            "limits": self.limits,
            "grid": {
                "first": list(found.map.first),
                "step": list(found.map.step),
                "shape": list(found.map.excess.shape),
            },
        }

    @property
    def limits(self) -> dict[str, list[float]]:
        """Magnitudes between which all stars were taken to be there, by band."""
        limits = self.measured.limits
        if limits is None:
            return {}
        pairs = zip(self.settings.bands, (limits.blue, limits.red), strict=True)
        return {band: [round(v, 3) for v in pair] for band, pair in pairs}

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for people, of at most 80 columns."""
        counts, figures = self.counts, self.figures
        step, shape = self.measured.map.step, self.measured.map.excess.shape
        rows = [
            ("stars", f"{counts['stars']:,}"),
            *(
                (f"  {name}", f"{counts[name]:,}")
                for name in LEFT_OUT
                if name in counts
            ),
            ("  giants used", f"{counts['used']:,}, {self._limits()}"),
            (
                "cells",
                f"{shape[0]:,} x {shape[1]:,} of {step[0]:g} x {step[1]:g} deg",
            ),
            ("  with a value", f"{counts['with a value']:,}"),
            ("  without giants", f"{counts['without a value']:,}: no value"),
            (
                "blocks",
                f"{counts['blocks']:,}, of cells joined to have "
                f"{counted(self.settings.least, 'giants')}",
            ),
            ("  of fewer giants", f"{counts['of fewer stars']:,} cells"),
            ("  lower limits", f"{counts['not bounded']:,} cells, bounded is false"),
            (
                "E(J-Ks)",
                f"median {figures['ejks']:.3f} mag; 90 % in "
                f"{figures['ejks_5_percent']:.2f} to {figures['ejks_95_percent']:.2f}",
            ),
            ("  error", f"median {figures['ejks_error']:.3f} mag"),
            ("  inside cells", f"1σ of stars {figures['scatter']:.3f} mag"),
        ]
        unsaid = {"  without giants": "without a value"}
        unsaid |= {
            "  of fewer giants": "of fewer stars",
            "  lower limits": "not bounded",
        }
        return [(n, v) for n, v in rows if n not in unsaid or counts[unsaid[n]]]

    def _limits(self) -> str:
        return ", ".join(
            f"{band} {low:.4g} to {high:.4g}"
            for band, (low, high) in self.limits.items()
        )

    def __str__(self) -> str:
        """Return the table as text."""
        rows = self.rows()
        widest = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{widest}}  {value}" for name, value in rows)


__all__ = ["ReddeningMap"]
