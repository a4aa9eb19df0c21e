"""The whole of a survey in `validate`: its plates joined, and compared with truth."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes

from reseau.datasets import open_plates
from reseau.diagnostics.comparison.estimates import Columns, motion_truth
from reseau.diagnostics.motion_validation import (
    Disturbance,
    MotionValidation,
    compare_ways,
    disturbance_of,
)
from reseau.diagnostics.tracks import Track, telling_stars, track_of
from reseau.errors import ConfigError, collected, explain
from reseau.plots.motion_validation import (
    artificial_motions,
    pulls_by_way,
    star_tracks,
    wrong_reference_changes,
)
from reseau.survey.survey import Survey
from reseau.survey.survey_references import RIGHT
from reseau.tables import columns_of

from .combine import Motions, combine
from .combine_input import combine_input

CATALOGUE = "catalogue"
"""Name of the joint catalogue in the directory of a validation."""


def check_part(references: float) -> None:
    """Refuse a part of the references that is none.

    Parameters
    ----------
    references
        From 0 to 1.
    """
    if not 0.0 < references <= 1.0:
        raise ConfigError(
            explain(
                given=f"references = {references}",
                wanted="a number greater than 0, at most 1",
                where="the option references",
                todo="0.1 lets a tenth of the references count as such",
            )
        )


def part_of_references(
    table: pa.Table | None, part: float, seed: int
) -> pa.Table | None:
    """Return which references count, drawn by chance; None: there are none.

    Parameters
    ----------
    table
        All of them.
    part
        How many, from 0 to 1.
    seed
        Of the survey.
    """
    if table is None or part == 1.0:
        return table
    chosen = np.random.default_rng([seed, 1]).random(table.num_rows) < part
    return table.filter(pa.array(chosen))


def validated_motions(
    folder: Path,
    made: Survey,
    *,
    references: float = 1.0,
    wrong: float = 0.0,
    told: Callable[[str], None] = lambda _: None,
) -> MotionValidation:
    """Join the plates of a validation to a catalogue, and compare it with the truth.

    What plates say holds no prior, so that they are solved once, whichever references
    count.

    Parameters
    ----------
    folder
        With ``dataset`` and ``solution``; gets ``catalogue``.
    made
        The survey.
    references
        Part of the references that count as such.
    wrong
        Part of these that are wrong where it is seen what that does; 0: it is not seen.
    told
        Called with what is about to be done.
    """
    solution, dataset = folder / "solution", folder / "dataset"
    table = open_plates(dataset).shared.reference
    kept = part_of_references(table, references, made.config.seed)
    told("joining plates")
    with collected():
        motions = combine(
            solution, folder / CATALOGUE, reference=kept, epochs=True, overwrite=True
        )
        told("averaging plates, as is done elsewhere")
        plates = combine_input(solution, kept).plates
    truth = motion_truth(
        dataset,
        sorted({plate.plate_id for plate in plates}),
        motions.tables.catalogue["source_id"].to_numpy(),
    )
    known = None if kept is None else columns_of(kept)
    ways = compare_ways(motions.tables, plates, known, truth)
    disturbances: dict[str, Disturbance] = {}
    if wrong > 0.0 and kept is not None:
        told("joining plates with wrong references")
        disturbances = _disturbed(motions, solution, made, wrong, kept, truth)
    return MotionValidation(ways, references, disturbances, _tracks(motions, truth))


def _disturbed(
    motions: Motions,
    solution: Path,
    made: Survey,
    part: float,
    kept: pa.Table,
    truth: Columns,
) -> dict[str, Disturbance]:
    """Return what happens where some of the references that count are wrong."""
    config = made.config
    spoilt = replace(config.reference, wrong_fraction=part)
    changed = made.with_config(replace(config, reference=spoilt)).references
    columns = changed.columns
    counts = np.isin(columns["source_id"], kept["source_id"].to_numpy())
    table = pa.table({name: values[counts] for name, values in columns.items()})
    wrong = columns["source_id"][counts & (changed.reason != RIGHT)]
    flagged = {**truth, "wrong_prior": np.isin(truth["source_id"], wrong)}
    if not np.any(flagged["wrong_prior"]):
        return {}
    found = {}
    for name, robust in (("taken as right", False), ("robust", True)):
        with collected():
            other = combine(solution, reference=table, robust=robust)
        found[name] = disturbance_of(motions.tables, other.tables, flagged)
    return found


def _tracks(motions: Motions, truth: Columns) -> tuple[Track, ...]:
    artificial = truth["source_id"][np.asarray(truth["artificial"], dtype=bool)]
    chosen = telling_stars(motions.tables, artificial.tolist())
    return tuple(track_of(motions.tables, star, kind) for star, kind in chosen)


def motion_pages(found: MotionValidation) -> dict[str, Axes]:
    """Draw the pages of the whole.

    Parameters
    ----------
    found
        The catalogue against the truth.
    """
    pages = {}
    if found.tracks:
        pages["tracks"] = star_tracks(found.tracks)
    if "artificial" in found.joint.errors:
        pages["artificial_motions"] = artificial_motions(found)
    pages["motions"] = pulls_by_way(found, classes=found.shown)
    if found.disturbances:
        pages["wrong_references"] = wrong_reference_changes(found.disturbances)
    return pages


__all__ = [
    "CATALOGUE",
    "check_part",
    "motion_pages",
    "part_of_references",
    "validated_motions",
]
