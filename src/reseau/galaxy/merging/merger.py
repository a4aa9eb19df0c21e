"""Surveys merged into one table: all steps, from files to files."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.parquet as pq

from reseau._windows import Window
from reseau.errors import CatalogueError, ReseauWarning, explain, warn

from .assembly import Assembly
from .checks import check_overlap
from .completeness import Completeness
from .database import database
from .density import Density, density_of
from .linking import merge_matched
from .matching import Step, match
from .objects import Objects, of_survey
from .opened import open_table
from .options import MergeOptions
from .recognition import Recognised, recognised
from .staging import Staged, stage
from .strips import Strips, strips_of
from .survey_files import Counts, Part, read_part
from .surveys import Survey
from .two_tables import Matcher, reach_of
from .written import Progress, Tally, Told, write_merged

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Input:
    """One input of a merge.

    Attributes
    ----------
    source
        A file, or a table in memory.
    survey
        Key of its survey, where the user says it; None: it is recognised.
    """

    source: Any
    survey: str | None = None


@dataclass(frozen=True, eq=False)
class Summary:
    """What became of a merge.

    Attributes
    ----------
    surveys
        In the order of merging.
    counts
        Of each, by key.
    steps
        How each but the first was matched.
    sources
        Rows of the merged table.
    flagged
        Rows with each flag.
    by_surveys
        Rows by the surveys that have them, their letters together.
    magnitudes
        Rows with each magnitude.
    completeness
        See `Completeness.summary`.
    """

    surveys: tuple[Survey, ...]
    counts: Mapping[str, Counts]
    steps: tuple[Step, ...]
    sources: int
    flagged: Mapping[str, int]
    by_surveys: Mapping[str, int]
    magnitudes: Mapping[str, int]
    completeness: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Targets:
    """Where a merge writes.

    Attributes
    ----------
    merged, completeness
        Files to make.
    scratch
        Folder for what is needed on the way; whoever made it removes it.
    """

    merged: Path
    completeness: Path
    scratch: Path


def merge_surveys(
    inputs: Sequence[Input],
    targets: Targets,
    options: MergeOptions,
    *,
    window: Window | None = None,
    provenance: Mapping[str, Any] | None = None,
    told: Told | None = None,
) -> Summary:
    """Merge surveys.

    Parameters
    ----------
    inputs
        Files and tables, in any order; several may be of one survey.
    targets
        Where to.
    options
        How.
    window
        Outside of which nothing is read; None: all is.
    provenance
        For the metadata of the table.
    told
        Called after each piece of work, with how many are done, and of how many.

    Raises
    ------
    ReseauError
        A file is damaged, of no known survey, in other units, or holds no row.
    """
    from .layout import FLAGS

    options.formula  # noqa: B018  a formula that is unknown is told before the work
    with database(targets.scratch, options.work) as connection:
        files = _read(connection, inputs, options, window)
        counts = {key: found.counts for key, found in files.items()}
        strips = _strips(files, options)
        staged = _staged(connection, files, strips, window, targets.scratch)
        progress = Progress(told, len(strips) * (2 * len(staged)))
        objects, steps = _merged(
            connection, staged, strips, options, targets.scratch, progress
        )
        densities = [_density(connection, one) for one in staged]
        surveys = tuple(one.survey for one in staged)
        book = Completeness(
            surveys, densities, options.output.cell_deg, options.output.bin_mag
        )
        assembly = Assembly(objects, staged, options.formula, options.output)
        tally = Tally([survey.mark for survey in surveys])
        told_of = {
            **(provenance or {}),
            "files": {key: c.files for key, c in counts.items()},
        }
        write_merged(
            assembly, targets.merged, len(strips), book, tally, told_of, progress
        )
        pq.write_table(book.table(), targets.completeness, compression="zstd")
    return Summary(
        surveys,
        counts,
        tuple(steps),
        tally.sources,
        tally.flagged(FLAGS),
        tally.by_surveys(),
        tally.magnitudes,
        book.summary(),
    )


@dataclass(eq=False)
class _Files:
    survey: Survey
    parts: list[Part]
    counts: Counts


def _read(
    connection: "DuckDBPyConnection",
    inputs: Sequence[Input],
    options: MergeOptions,
    window: Window | None,
) -> dict[str, _Files]:
    """Return the files of each survey, in the order of merging."""
    known = options.known
    found: list[tuple[Recognised, Any, str]] = []
    for one in inputs:
        opened = open_table(connection, one.source)
        what = recognised(list(opened.types), known, opened.where, one.survey)
        found.append((what, opened, opened.where))
    files: dict[str, _Files] = {}
    # By survey, then by name: whatever the order in which they are given.
    for what, opened, _ in sorted(found, key=lambda f: (f[0].survey.rank, f[2])):
        key = what.survey.key
        own = files.setdefault(key, _Files(what.survey, [], Counts()))
        own.parts.append(read_part(connection, what, opened, window, own.counts))
    every = [part for own in files.values() for part in own.parts]
    check_overlap([part.extent for part in every if part.extent is not None])
    if not sum(int(part.zones.sum()) for part in every):
        raise CatalogueError(
            explain(
                given="no row is left of all files",
                wanted="sources with positions"
                + (" in the window" if window is not None else ""),
                where=", ".join(f for own in files.values() for f in own.counts.files),
                todo="choose another window, or other files"
                if window is not None
                else "look into the files",
            )
        )
    for own in files.values():
        _warn_of_loss(own)
    return dict(sorted(files.items(), key=lambda item: (item[1].survey.rank, item[0])))


def _warn_of_loss(own: _Files) -> None:
    kept = sum(int(part.zones.sum()) for part in own.parts)
    if own.counts.rows and not kept:
        warn(f"no row is left of {own.survey.title}", ReseauWarning)


def _strips(files: Mapping[str, _Files], options: MergeOptions) -> Strips:
    zones = sum(part.zones for own in files.values() for part in own.parts)
    reach = reach_of(options.match, len(files))
    return strips_of(np.asarray(zones), options.work.rows_per_strip, 8 * reach)


def _staged(
    connection: "DuckDBPyConnection",
    files: Mapping[str, _Files],
    strips: Strips,
    window: Window | None,
    scratch: Path,
) -> list[Staged]:
    staged = [
        stage(
            connection,
            own.survey,
            own.parts,
            strips,
            window,
            scratch / f"survey-{i}",
            own.counts,
        )
        for i, own in enumerate(files.values())
        if sum(int(part.zones.sum()) for part in own.parts)
    ]
    for own in files.values():
        if own.counts.repeated:
            warn(
                f"{own.counts.repeated:,} rows of {own.survey.title} have an "
                "identifier that another row has too, and were left out",
                ReseauWarning,
            )
    return staged


def _merged(
    connection: "DuckDBPyConnection",
    staged: Sequence[Staged],
    strips: Strips,
    options: MergeOptions,
    scratch: Path,
    progress: Progress,
) -> tuple[Objects, list[Step]]:
    """Return the sources of all surveys, and how each was matched."""
    objects = _objects(scratch, 0, len(staged))
    for strip in range(len(strips)):
        objects.write(strip, of_survey(staged[0], 0, strip))
        progress.step()
    steps: list[Step] = []
    reach = reach_of(options.match, len(staged))
    for place in range(1, len(staged)):
        matcher = Matcher(
            connection, objects, staged[place], strips, reach, options.match
        )
        links, step = match(matcher, progress.step)
        before = tuple(one.survey.title for one in staged[:place])
        steps.append(replace(step, with_surveys=before))
        log.info("%s: %d matches", step.survey, step.matches)
        after = _objects(scratch, place, len(staged))
        merge_matched(matcher, links, place, after)
        objects.clear(len(strips))
        objects = after
        for _ in range(len(strips)):
            progress.step()
    return objects, steps


def _objects(scratch: Path, place: int, count: int) -> Objects:
    folder = scratch / f"sources-{place}"
    folder.mkdir()
    return Objects(folder, tuple(range(place + 1)), place + 1 == count)


def _density(connection: "DuckDBPyConnection", staged: Staged) -> Density:
    return density_of(connection, str(staged.folder / "strip-*.parquet"), ())


__all__ = ["Input", "Summary", "Targets", "merge_surveys"]
