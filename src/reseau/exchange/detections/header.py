"""What the header of a table of detections says of all its rows, as columns.

The exposure, the detector and the epoch, each where no column says it.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from reseau.errors import CatalogueError, ReseauWarning, explain, some, warn
from reseau.instrument import Instrument
from reseau.synonyms import called, plain
from reseau.tables import Choice
from reseau.tables.header_keywords import DETECTORS, EXPOSURES, Keywords, kept_keywords
from reseau.tables.naming.column_names import GROUPS
from reseau.tables.times.header_epochs import epoch_in_header, unread_times

ONE_EXPOSURE = ("exposure_id", "field", *GROUPS)


def with_header(
    table: pa.Table,
    choices: Mapping[str, Choice],
    instrument: Instrument,
    where: str | Path,
    *,
    epoch_given: bool,
) -> pa.Table:
    """Return a table of detections with columns of what its header says.

    Parameters
    ----------
    table
        As read.
    choices
        What the user chose; a keyword may be chosen as a column is.
    instrument
        Whose detectors may be named.
    where
        For messages.
    epoch_given
        Whether the epoch is said elsewhere.

    Raises
    ------
    CatalogueError
        Keywords contradict each other.

    Warns
    -----
    ReseauWarning
        What was taken from the header.
    """
    keywords = kept_keywords(table)
    if not keywords:
        return table
    table, told = _chosen(table, choices, keywords), []
    if not _is_said("exposure_id", ONE_EXPOSURE, table, choices):
        key = _exposure(keywords, where)
        if key:
            table = _append(table, "exposure_id", keywords[key])
            told.append(f"exposure_id {keywords[key]} ({key})")
    several = len(instrument.detectors.ids) > 1
    if several and not _is_said("detector_id", ("detector_id",), table, choices):
        key, number = _detector(keywords, instrument, where)
        if key:
            table = _append(table, "detector_id", number)
            told.append(f"detector_id {keywords[key]} ({key})")
    said = epoch_given or _is_said("epoch", ("epoch",), table, choices)
    if not said and not _has_several(table, choices):
        found = epoch_in_header(keywords, where)
        if found is not None:
            table = _append(table, "epoch", found.value, found.unit)
            told.append(f"epoch {found.value} ({found.of_what})")
        else:
            _tell_of_times(keywords, where)
    if told:
        warn(
            f"{where}: no column says so, but its header does, of all rows: "
            f"{', '.join(told)}; choose otherwise with --columns",
            ReseauWarning,
        )
    return table


def _tell_of_times(keywords: Keywords, where: str | Path) -> None:
    """Say so where a header seems to hold a time that is not read."""
    unread = unread_times(keywords)
    if unread:
        said = some([f"{key} = {keywords[key]}" for key in unread])
        warn(
            f"{where}: its header says {said}, which is not taken for the time of the "
            "exposure (EPOCH in FITS is an equinox, and not every date can be read); "
            f'if it is, say --columns "{next(iter(unread.values()))}"',
            ReseauWarning,
        )


def _chosen(
    table: pa.Table, choices: Mapping[str, Choice], keywords: Keywords
) -> pa.Table:
    # Keywords that the user named as if they were columns become columns.
    for name in dict.fromkeys(c.column for c in choices.values()):
        if name in keywords and name not in table.column_names:
            table = _append(table, name, keywords[name])
    return table


def _append(table: pa.Table, name: str, value: str | float, unit: str = "") -> pa.Table:
    values = pa.array([value]).take(pa.array(np.zeros(table.num_rows, int)))
    field = pa.field(name, values.type, metadata={"unit": unit} if unit else None)
    return table.append_column(field, pa.chunked_array([values]))


def _is_said(
    name: str,
    columns: Collection[str],
    table: pa.Table,
    choices: Mapping[str, Choice],
) -> bool:
    """Return whether columns say it, or look as if they did."""
    present = table.column_names
    if any(c in present or c in choices for c in columns):
        return True
    return any(_varies(table, c) for c in called(name, present))


def _varies(table: pa.Table, name: str) -> bool:
    if table.column_names.count(name) != 1:
        return True
    return len(table[name].combine_chunks().unique()) > 1


def _has_several(table: pa.Table, choices: Mapping[str, Choice]) -> bool:
    """Return whether rows are of several exposures, which one epoch cannot be of."""
    chosen = {n: c.column for n, c in choices.items() if n in ONE_EXPOSURE}
    names = {chosen.get(n, n) for n in ONE_EXPOSURE} & {*table.column_names}
    return any(_varies(table, name) for name in names)


def _exposure(keywords: Keywords, where: str | Path) -> str:
    """Return the keyword that names the exposure; empty: there is none."""
    for group in EXPOSURES:
        found = {
            key: value
            for key, value in keywords.items()
            # A number with a fraction is a duration.
            if plain(key) in group and not isinstance(value, float)
        }
        if len({str(v) for v in found.values()}) > 1:
            raise _contradiction(found, "exposure_id", "one exposure", where)
        if found:
            return next(iter(found))
    return ""


def _detector(
    keywords: Keywords, instrument: Instrument, where: str | Path
) -> tuple[str, int]:
    """Return the keyword that names a detector of the instrument, and its number."""
    ids = instrument.detectors.ids
    names = {
        n.lower(): i for n, i in zip(instrument.detectors.names, ids, strict=False) if n
    }
    numbers = {str(i): i for i in ids}
    found = {}
    for key, value in keywords.items():
        text = str(value).lower()
        number = names.get(text, numbers.get(text))
        if plain(key) in DETECTORS and number is not None:
            found[key] = number
    if len(set(found.values())) > 1:
        given = {key: keywords[key] for key in found}
        raise _contradiction(given, "detector_id", "one detector", where)
    return next(iter(found.items()), ("", 0))


def _contradiction(
    found: Keywords, name: str, wanted: str, where: str | Path
) -> CatalogueError:
    said = some([f"{key} = {value}" for key, value in found.items()])
    choice = " or ".join(f"--columns {name}={key}" for key in list(found)[:2])
    return CatalogueError(
        explain(
            given=f"no column {name}, and the header says {said}",
            wanted=wanted,
            where=f"{where}, header",
            todo=f"say which: {choice}",
        )
    )


__all__ = ["with_header"]
