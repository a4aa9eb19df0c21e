"""The task of a process that solves plates: their addresses come in, files go out."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import jax

from reseau._compiled import computing
from reseau._spoken import as_typed, is_typed
from reseau.datasets import Dataset, PlateByPlate, PlateIndex, digests, open_plates
from reseau.datasets.survey_solutions import plate_piece
from reseau.exchange import joined
from reseau.instrument import Instrument
from reseau.plates import SolveOptions
from reseau.tables import is_path, piece_directory, table_from

from .one_plate import solve_one

_PROGRAMS = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)
"""Settings of JAX that say where compiled programs are kept."""


def programs() -> dict[str, Any]:
    """Return where this process keeps what it compiles, for another one."""
    return {name: getattr(jax.config, name) for name in _PROGRAMS}


@dataclass(frozen=True)
class PlateTask:
    """What is the same for all plates; picklable, and small.

    Attributes
    ----------
    source, output
        Directories of the dataset and of the survey's solution.
    options
        Of `solve`.
    index
        Where the measurements of the plates are.
    reference
        Table of references instead of the dataset's; None: these.
    instrument
        Instead of the dataset's.
    typed
        Whether messages are the command's.
    programs
        Where what is compiled is kept.
    """

    source: Path
    output: Path
    options: SolveOptions
    index: PlateIndex
    reference: Any = None
    instrument: Instrument | None = None
    typed: bool = field(default_factory=is_typed)
    programs: Mapping[str, Any] = field(default_factory=programs)

    def begin(self) -> Callable[[int], None]:
        """Read once what all plates share, and return what solves one of them."""
        for name, value in self.programs.items():
            jax.config.update(name, value)
        with self._words():
            outside = self.options.allow_outside
            return self.begun(
                open_plates(self.source, allow_outside=outside, index=self.index)
            )

    def begun(self, opened: PlateByPlate) -> Callable[[int], None]:
        """Return the same of a dataset that is open already."""
        table = None
        if self.reference is not None:
            table = table_from(self.reference, what="the table of references")
        return partial(self._solve, opened, table)

    def _solve(self, opened: PlateByPlate, reference: Any, plate: int) -> None:
        with self._words(), computing():
            solved = solve_one(
                partial(self._read, opened, reference, plate),
                self.options,
                instrument=self.instrument,
                plate=plate,
                quietly=True,
            )
            with piece_directory(self.output / plate_piece(plate)) as folder:
                solved.write_files(folder)

    def _read(self, opened: PlateByPlate, reference: Any, plate: int) -> Dataset:
        dataset = opened.read(plate)
        if reference is None:
            return dataset
        found = joined(dataset, reference, columns=self.options.reference_columns)
        files = [self.reference] if is_path(self.reference) else []
        return replace(found, digests={**found.digests, **digests(files)})

    def _words(self) -> Any:
        return as_typed() if self.typed else nullcontext()


__all__ = ["PlateTask", "programs"]
