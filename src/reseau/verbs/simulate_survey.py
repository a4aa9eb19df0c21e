"""`reseau simulate survey` as a function: a survey, plate by plate, and its truth."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reseau._compiled import computing
from reseau.datasets import digests
from reseau.datasets.room import check_room
from reseau.datasets.survey_writer import (
    bytes_of,
    exposure_tables,
    measurements_piece,
    write_end,
    write_plate,
    write_shared,
    written,
)
from reseau.engine import Outcome, each, number_of_workers
from reseau.errors import ReseauError
from reseau.survey.simulated import SimulatedPlate
from reseau.survey.survey import Survey
from reseau.tables import DATASET_MARKS, resumable_directory
from reseau.tables.layouts import MEASUREMENTS, REFERENCE, TRUTH_SOURCES

from .simulate import Simulated, as_dataset
from .survey_input import Described, open_described

Told = Callable[[int, int], None]


@dataclass(frozen=True)
class SurveySize:
    """What a survey takes.

    Attributes
    ----------
    name
        Of the survey.
    plates, exposures, sources, references
        How many.
    measurements, size, seconds
        Rows, bytes and time; estimates unless it was written.
    estimated
        Whether they are.
    left_out
        Stars of the list that are not taken, by reason.
    """

    name: str
    plates: int
    exposures: int
    sources: int
    references: int
    measurements: int
    size: int
    seconds: float
    estimated: bool
    left_out: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for people."""
        about = "about " if self.estimated else ""
        lost = [f"{n:,} {why.replace('_', ' ')}" for why, n in self.left_out.items()]
        rate = self.measurements / max(self.seconds, 1e-9)
        return [
            ("survey", self.name),
            ("plates", f"{self.plates:,}"),
            ("exposures", f"{self.exposures:,}"),
            ("true sources", f"{self.sources:,}"),
            ("left out", ", ".join(lost) or "none"),
            ("references", f"{self.references:,}"),
            ("measurements", f"{about}{self.measurements:,}"),
            ("on disk", f"{about}{self.size / 1e9:.3g} GB"),
            (
                "time",
                f"{about}{self.seconds:.3g} s ({rate / 1e6:.2g} million a second)",
            ),
        ]


@dataclass(frozen=True)
class SimulatedSurvey:
    """A survey, of which plates are made when they are asked for.

    Attributes
    ----------
    survey
        What the plates share.
    folder
        Where it was written; None: nowhere.
    size
        What it took; None: it was not written.
    """

    survey: Survey
    folder: Path | None = None
    size: SurveySize | None = None

    def __len__(self) -> int:
        """Return how many plates there are."""
        return len(self.survey)

    def __iter__(self) -> Iterator[Simulated]:
        """Make one plate after the other."""
        for number in range(len(self)):
            yield self.plate(number)

    def plate(self, number: int) -> Simulated:
        """Make one plate, by its number from 0.

        Parameters
        ----------
        number
            Of the plate.
        """
        return as_dataset(self.survey.plate(number))


@computing()
def survey_size(
    survey: Any,
    *,
    scale: float = 1.0,
    seed: int | None = None,
    workers: int | None = None,
) -> SurveySize:
    """Estimate how large a survey will be, from a plate in its middle.

    Parameters
    ----------
    survey, scale, seed, workers
        As of `simulate_survey`.

    Raises
    ------
    ReseauError
        The description is wrong.
    """
    made = open_described(survey, scale=scale, seed=seed).survey
    n = len(made)
    made.plate(n // 2)  # compiles
    began = time.perf_counter()
    plate = made.plate(n // 2)
    size = _plate_bytes(plate)
    seconds = time.perf_counter() - began
    count = number_of_workers(workers, n)
    return _size(
        made,
        len(plate.measurements["x"]) * n,
        size * n + _shared_bytes(made),
        seconds * n / count,
        estimated=True,
    )


def _plate_bytes(plate: SimulatedPlate) -> int:
    """Return how many bytes a plate takes."""
    # Exposures are in one file with all others: their numbers do not compress.
    exposures = (*plate.exposures.values(), *plate.truth_exposures.values())
    own = [(plate.measurements, MEASUREMENTS), (plate.truth_sources, TRUTH_SOURCES)]
    return bytes_of(own) + sum(column.nbytes for column in exposures)


def _shared_bytes(made: Survey) -> int:
    """Return how many bytes the plates' reference catalogue takes."""
    return bytes_of([(made.references.columns, REFERENCE)])


def _size(
    made: Survey, measurements: int, size: int, seconds: float, *, estimated: bool
) -> SurveySize:
    return SurveySize(
        name=made.config.name,
        plates=len(made),
        exposures=len(made) * made.plan.field.shape[1] * made.plan.exposures,
        sources=len(made.stars),
        references=len(made.references.columns["source_id"]),
        measurements=measurements,
        size=size,
        seconds=seconds,
        estimated=estimated,
        left_out={k: int(v) for k, v in made.stars.left_out.items() if v},
    )


@computing()
def simulate_survey(
    survey: Any,
    output: str | Path | None = None,
    *,
    scale: float = 1.0,
    seed: int | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    told: Told | None = None,
) -> SimulatedSurvey:
    """Simulate a survey, and write it as a dataset of many plates.

    Parameters
    ----------
    survey
        Description of the survey: a TOML file, the name of a preset ("mini",
        "mission"), or a `SurveyConfig`.
    output
        Directory of the dataset; absent: nothing is written, and plates are made when
        they are asked for. What an earlier run has begun there is continued.
    scale
        Part of the survey's orbits that are simulated, evenly spread.
    seed
        Of all random numbers, instead of the description's.
    workers
        Plates that are made at once; absent: one for each core. The result does not
        depend on it.
    overwrite
        Whether an earlier dataset there may be replaced.
    told
        Called after each plate with how many are done, and of how many.

    Returns
    -------
    The survey, an iterator of its plates.

    Raises
    ------
    ReseauError
        The description is wrong, or the output cannot be written.

    Examples
    --------
    >>> from reseau import simulate_survey
    >>> mini = simulate_survey("mini", scale=0.03)
    >>> len(mini), mini.plate(0).dataset.exposures.num_rows
    (3, 96)
    """
    opened = open_described(survey, scale=scale, seed=seed)
    if output is None:
        return SimulatedSurvey(opened.survey)
    size = write_opened(opened, output, workers=workers, overwrite=overwrite, told=told)
    return SimulatedSurvey(opened.survey, Path(output), size)


@computing()
def write_survey(survey: Any, output: str | Path, **choices: Any) -> SurveySize:
    """Simulate a survey into a dataset, and return what it took.

    Parameters
    ----------
    survey, output
        As of `simulate_survey`.
    **choices
        Its other arguments.
    """
    size = simulate_survey(survey, output, **choices).size
    assert size is not None
    return size


def survey_identity(opened: Described) -> dict[str, Any]:
    """Return what makes the content of a survey's dataset, as plain values.

    Parameters
    ----------
    opened
        The survey.
    """
    found = {
        "survey": asdict(opened.survey.config),
        "input": digests(opened.files),
    }
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def write_opened(
    opened: Described,
    output: str | Path,
    *,
    workers: int | None = None,
    overwrite: bool = False,
    told: Told | None = None,
) -> SurveySize:
    """Write a survey that was opened, or what an earlier run has left to be written.

    Parameters
    ----------
    opened
        The survey.
    output, workers, overwrite, told
        As of `simulate_survey`.
    """
    began = time.perf_counter()
    made = opened.survey
    plates = list(range(len(made)))
    pieces = [measurements_piece(n) for n in plates]
    done = 0

    def one(number: int) -> int:
        plate = made.plate(number)
        return write_plate(
            folder,
            number,
            measurements=plate.measurements,
            sources=plate.truth_sources,
            instrument=plate.truth_instrument if made.is_changing else None,
        )

    def heard(outcome: Outcome, count: int) -> None:
        del outcome
        if told is not None:
            told(done + count, len(plates))

    # Before anything is there: who has no room may want a part of it instead.
    missing = [n for n in plates if not (Path(output) / pieces[n]).exists()]
    if missing:
        size = _plate_bytes(made.plate(missing[0])) * len(missing)
        check_room(Path(output), size + _shared_bytes(made))
    with resumable_directory(
        output,
        identity=survey_identity(opened),
        pieces=pieces,
        overwrite=overwrite,
        marks=DATASET_MARKS,
    ) as begun:
        folder = begun.folder
        missing = [n for n in plates if not begun.is_done(pieces[n])]
        done = len(plates) - len(missing)
        write_shared(
            folder,
            instrument=made.instrument,
            built=made.patterns.instrument,
            reference=made.references.columns,
        )
        found = each(
            lambda: one,
            missing,
            workers=number_of_workers(workers, len(missing)),
            kind="threads",
            told=heard,
        )
        for outcome in found:
            if outcome.failure is not None:
                raise ReseauError(f"plate {outcome.address}: {outcome.failure.message}")
        exposures, truth = exposure_tables(made.exposures(n) for n in plates)
        write_end(
            folder,
            config=made.config,
            exposures=exposures,
            truth=truth,
        )
    seconds = time.perf_counter() - began
    rows, size = written(folder)
    return _size(made, rows, size, seconds, estimated=False)


__all__ = [
    "SimulatedSurvey",
    "SurveySize",
    "simulate_survey",
    "survey_identity",
    "survey_size",
    "write_opened",
    "write_survey",
]
