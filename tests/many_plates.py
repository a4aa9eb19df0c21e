"""Datasets of several small plates, in both layouts, rows in any order."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau import Simulated, simulate, write_dataset
from tiny_survey import TINY


def simulated_plates(number: int, **choices: Any) -> list[Simulated]:
    """Return plates of one survey with stars of their own, each alone in memory."""
    settings = {**TINY, **choices}
    seed = settings.pop("seed")
    return [
        _apart(simulate(**settings, seed=seed + n, plate=n), n) for n in range(number)
    ]


APART = 100_000
"""Sources of a plate are numbered from so many times its number."""


def _apart(plate: Simulated, number: int) -> Simulated:
    """Return a plate whose sources have ids that those of no other plate have."""

    def renumbered(table: pa.Table) -> pa.Table:
        row = table.schema.get_field_index("source_id")
        ids = table["source_id"].to_numpy() + APART * number
        return table.set_column(row, table.schema.field(row), pa.array(ids))

    data, truth = plate.dataset, plate.truth
    assert data.reference is not None
    return Simulated(
        replace(
            data,
            measurements=renumbered(data.measurements),
            reference=renumbered(data.reference),
        ),
        replace(truth, sources=renumbered(truth.sources)),
    )


def write_plates(
    place: Path,
    plates: Sequence[Simulated],
    *,
    single: bool = False,
    rows: int = 100_000,
    shuffled: bool = False,
) -> Path:
    """Write plates as one dataset with its truth.

    Parameters
    ----------
    place
        Directory to make.
    plates
        Of one survey.
    single
        Whether all measurements go into one file; else each plate has its own.
    rows
        Of a group in the one file.
    shuffled
        Whether its rows are in no order.
    """
    write_dataset(plates[0].dataset, place, truth=plates[0].truth)
    tables = [p.dataset.measurements for p in plates]
    for name in ("exposures", "reference"):
        found = _joined([getattr(p.dataset, name) for p in plates])
        pq.write_table(found, place / f"{name}.parquet")
    (place / "measurements.parquet").unlink()
    if single:
        table = _joined(tables)
        if shuffled:
            order = np.random.default_rng(1).permutation(table.num_rows)
            table = table.take(pa.array(order))
        pq.write_table(table, place / "measurements.parquet", row_group_size=rows)
    else:
        for number, table in enumerate(tables):
            folder = place / "measurements" / f"plate_id={number}"
            folder.mkdir(parents=True)
            pq.write_table(table, folder / "0.parquet")
    for name in ("sources", "exposures"):
        found = _joined([getattr(p.truth, name) for p in plates])
        pq.write_table(found, place / "truth" / f"{name}.parquet")
    return place


def _joined(tables: Sequence[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default")
