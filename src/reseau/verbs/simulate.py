"""`reseau simulate` as a function: a simulated plate as a dataset with its truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reseau._compiled import computing
from reseau.datasets import Dataset, Truth, write_dataset
from reseau.survey import OrbitSettings, simulate_orbit
from reseau.survey.simulated import SimulatedPlate
from reseau.tables import table_of
from reseau.tables.columns import TableSchema
from reseau.tables.layouts import (
    EXPOSURES,
    MEASUREMENTS,
    REFERENCE,
    TRUTH_EXPOSURES,
    TRUTH_SOURCES,
)


@dataclass(frozen=True)
class Simulated:
    """A simulated dataset and what made it.

    Attributes
    ----------
    dataset
        What a solver may see.
    truth
        What it may not.
    """

    dataset: Dataset
    truth: Truth


@computing()
def simulate(
    output: str | Path | None = None, *, overwrite: bool = False, **choices: Any
) -> Simulated:
    """Simulate one orbit of the mini survey and write it as a dataset.

    Parameters
    ----------
    output
        Directory of the dataset; absent: nothing is written.
    overwrite
        Whether an earlier dataset there may be replaced.
    **choices
        As in `reseau.survey.OrbitSettings`: sources, exposures, seed, small, ...

    Returns
    -------
    The dataset and its truth, in memory.
    """
    made = as_dataset(simulate_orbit(OrbitSettings(**choices)))
    if output is not None:
        write_dataset(made.dataset, output, truth=made.truth, overwrite=overwrite)
    return made


def as_dataset(plate: SimulatedPlate) -> Simulated:
    """Return a simulated plate as a dataset and its truth.

    Parameters
    ----------
    plate
        As simulated.
    """
    dataset = Dataset(
        name=plate.name,
        instrument=plate.instrument,
        exposures=_table(plate.exposures, EXPOSURES),
        measurements=_table(plate.measurements, MEASUREMENTS),
        reference=_table(plate.reference, REFERENCE),
        effects=frozenset(plate.effects),
        deflectors=plate.deflectors,
        ephemeris=plate.ephemeris,
    )
    truth = Truth(
        sources=_table(plate.truth_sources, TRUTH_SOURCES),
        exposures=_table(plate.truth_exposures, TRUTH_EXPOSURES),
        instrument=plate.truth_instrument,
    )
    return Simulated(dataset, truth)


def _table(columns: Mapping[str, np.ndarray], schema: TableSchema) -> Any:
    return table_of(columns, schema, where=f"simulation, {schema.name}")


__all__ = ["Simulated", "as_dataset", "simulate"]
