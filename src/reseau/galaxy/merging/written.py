"""The merged table written, and counted as it is."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau.tables.astropy_tables import header_yaml

from .assembly import Assembly
from .completeness import Completeness

Told = Callable[[int, int], None]


@dataclass(eq=False)
class Progress:
    """How much is done, told to whoever wants to know."""

    told: Told | None
    total: int = 0
    done: int = 0

    def step(self) -> None:
        self.done += 1
        if self.told is not None:
            self.told(self.done, self.total)


@dataclass(eq=False)
class Tally:
    """Counts over the merged table."""

    letters: Sequence[str]
    sources: int = 0
    flags: dict[int, int] = field(default_factory=dict)
    members: dict[int, int] = field(default_factory=dict)
    magnitudes: dict[str, int] = field(default_factory=dict)

    def add(self, table: pa.Table, has: np.ndarray) -> None:
        self.sources += len(table)
        codes = (has << np.arange(len(has))[:, None]).sum(axis=0)
        for book, values in (
            (self.flags, table["flags"].to_numpy()),
            (self.members, codes),
        ):
            for value, n in zip(*np.unique(values, return_counts=True), strict=True):
                book[int(value)] = book.get(int(value), 0) + int(n)
        for name in ("phot_j_mag", "phot_h_mag", "phot_ks_mag", "phot_hw_mag"):
            n = len(table) - table[name].null_count
            self.magnitudes[name] = self.magnitudes.get(name, 0) + n

    def flagged(self, flags: Mapping[str, tuple[int, str]]) -> dict[str, int]:
        return {
            name: sum(n for value, n in self.flags.items() if value & bit)
            for name, (bit, _) in flags.items()
        }

    def by_surveys(self) -> dict[str, int]:
        return {
            "".join(c for i, c in enumerate(self.letters) if code >> i & 1): n
            for code, n in sorted(self.members.items())
        }


def write_merged(
    assembly: Assembly,
    path: Path,
    strips: int,
    book: Completeness,
    tally: Tally,
    provenance: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Write the table of merged sources.

    Parameters
    ----------
    assembly
        Which makes it.
    path
        Where to.
    strips
        How many there are.
    book, tally
        What is counted.
    provenance
        For the metadata.
    progress
        What is told after each strip.
    """
    schema = assembly.schema
    told = {
        "reseau": json.dumps(provenance, sort_keys=True, default=str),
        "table_meta_yaml": header_yaml(schema.empty_table(), {}),
    }
    with pq.ParquetWriter(
        path,
        schema.with_metadata(told),
        compression="zstd",
        compression_level=1,
        use_dictionary=[f.name for f in schema if f.name.endswith("_source")],
        write_page_checksum=True,
    ) as writer:
        for block in assembly.blocks(strips):
            writer.write_table(block.table.replace_schema_metadata(told))
            has = np.isfinite(np.array(block.probabilities)).astype(np.int64)
            tally.add(block.table, has)
            book.add(block)
            progress.step()


__all__ = ["Progress", "Tally", "Told", "write_merged"]
