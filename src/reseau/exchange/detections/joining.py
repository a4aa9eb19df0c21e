"""References in a table of their own, joined to detections by `source_id`."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.datasets import Dataset, digests
from reseau.datasets.dataset import check_reference
from reseau.errors import CatalogueError, ReseauWarning, explain, some, warn
from reseau.tables import is_path, place_of, table_from, validate
from reseau.tables.belonging import check_halves
from reseau.tables.columns import TableSchema
from reseau.tables.identifiers import read_identifiers, release_of
from reseau.tables.ids import ABSENT, Index
from reseau.tables.interpret import interpreted
from reseau.tables.layouts import REFERENCE
from reseau.tables.naming.column_names import Choices, as_choices

from .one_place import angle, separations
from .precision import judge_places

OPTION = "--reference-columns"
SHOWN = 3
FAR = 10.0 / 3600.0
"""Further than this, a position beside the reference's is of another star [deg]."""


def joined(
    dataset: Dataset,
    source: Any,
    *,
    columns: Choices = None,
    own: pa.Table | None = None,
) -> Dataset:
    """Return the dataset with the references of another table, joined by `source_id`.

    Parameters
    ----------
    dataset
        Its own reference, if it has one, is replaced.
    source
        A file, a table in memory or a `Catalogue`. Without `is_reference` all rows are
        references; without errors their positions are held fixed.
    columns
        Names and units of its columns.
    own
        The detections, where they have `ra` and `dec` of their own; these serve to
        check the identification.

    Raises
    ------
    ReseauError
        The table is no reference, or has no source of the detections.
    """
    where = place_of(source, "the table of references")
    raw = table_from(source, what="the table of references")
    table = interpreted(
        raw,
        where,
        choices=as_choices(columns, REFERENCE.names, OPTION),
        known=REFERENCE.names,
        option=OPTION,
        by_synonyms=True,
    )
    reference, texts = _reference(table, where)
    measured = np.unique(dataset.measurements["source_id"].to_numpy())
    found = reference["source_id"].to_numpy()
    used = np.isin(found, measured)
    names = dict(dataset.names.get("source", {}))
    if not used.any():
        raise _nothing_common(measured, found, names, dict(texts), where)
    _check_releases(names, texts, where)
    kept = reference.filter(pa.array(used))
    if 2 * int(used.sum()) < min(len(measured), len(found)):
        _warn_of_few(int(used.sum()), len(measured), len(found), where)
    judge_places(table, kept, dataset, where)
    if own is not None:
        _compare(dataset, own, kept, where)
    n_targets = len(measured) - int(used.sum())
    note = (
        f"{where}: {int(used.sum()):,} of {len(found):,} rows are joined by source_id; "
        f"{n_targets:,} of {len(measured):,} sources have no row there"
    )
    merged = {
        **{k: v for k, v in texts.items() if k in set(measured.tolist())},
        **names,
    }
    new_names = {**dataset.names, **({"source": merged} if merged else {})}
    return replace(
        dataset,
        reference=kept,
        names=new_names,
        notes=(*dataset.notes, note),
        digests={**dataset.digests, **digests([source] if is_path(source) else [])},
    )


def _reference(table: pa.Table, where: str | Path) -> tuple[pa.Table, dict[int, str]]:
    # With our columns, all of them: what a reference may lack is filled in.
    check_halves(table.column_names, where, columns=REFERENCE.names)
    needed = TableSchema(
        "reference", tuple(REFERENCE[n] for n in ("source_id", "ra", "dec"))
    )
    texts: dict[int, str] = {}
    if "source_id" in table.column_names:
        found = read_identifiers(table["source_id"], "source_id", where)
        texts = dict(found.texts)
        table = table.set_column(
            table.schema.get_field_index("source_id"), "source_id", found.values
        )
    validate(table, needed, where=where)  # says what is missing, with hints
    n = table.num_rows
    has_errors = "ra_error" in table.column_names
    filled = {
        "ra_error": np.full(n, np.nan),
        "dec_error": np.full(n, np.nan),
        "is_reference": np.ones(n, bool),
        "fixed": np.full(n, not has_errors),
    }
    if "ref_epoch" not in table.column_names:
        if has_errors:
            raise CatalogueError(
                explain(
                    given="the table of references lacks the column ref_epoch",
                    wanted="the epoch at which its positions hold, as Julian year",
                    where=f"{where}; found {some(table.column_names, 30)}",
                    todo=f"say {OPTION} ref_epoch=2016.0 (of Gaia DR3; 1991.25 of "
                    "Hipparcos, 2000.0 of Tycho-2's RAmdeg), or which column "
                    "it is: ref_epoch=NAME[mjd]",
                )
            )
        filled["ref_epoch"] = np.full(n, np.nan)
    for name, values in filled.items():
        if name not in table.column_names:
            table = table.append_column(name, pa.array(values))
    known = [name for name in REFERENCE.names if name in table.column_names]
    return check_reference(table.select(known), where=where), texts


def _check_releases(
    names: Mapping[int, str], texts: Mapping[int, str], where: str | Path
) -> None:
    """Refuse to join names of two releases of Gaia by their digits."""
    ours = {release_of(t) for t in names.values()} - {""}
    theirs = {release_of(t) for t in texts.values()} - {""}
    if not ours or not theirs or ours & theirs:
        return
    one, other = (
        some([t.title().replace("Dr", "DR") for t in r]) for r in (ours, theirs)
    )
    raise CatalogueError(
        explain(
            given=f"the detections are identified in {one}, the references in {other}",
            wanted="identifiers of one release: each numbers the stars anew, so that "
            "one number may be two stars",
            where=f"{where}, column source_id",
            todo="translate one of them with the archive's table of neighbours "
            "(dr2_neighbourhood), or, if the names are wrong and the numbers right, "
            "leave the name of the release away",
        )
    )


def _warn_of_few(used: int, measured: int, found: int, where: str | Path) -> None:
    warn(
        f"{where}: only {used:,} of {measured:,} sources have a row among {found:,} "
        "references: are the identifiers of both tables of one catalogue and release? "
        "The others have no position of their own",
        ReseauWarning,
    )


def _nothing_common(
    measured: NDArray,
    found: NDArray,
    names: dict[int, str],
    texts: dict[int, str],
    where: str | Path,
) -> CatalogueError:
    ours = [names.get(int(i), str(i)) for i in measured[:SHOWN]]
    theirs = [texts.get(int(i), str(i)) for i in found[:SHOWN]]
    return CatalogueError(
        explain(
            given=f"none of {len(measured)} identifiers of the detections "
            f"({', '.join(ours)}, ...) is among the {len(found)} of the references "
            f"({', '.join(theirs)}, ...)",
            wanted="the same source_id in both tables",
            where=f"{where}, column source_id",
            todo=_cause(measured, found, names, texts),
        )
    )


def _cause(
    measured: NDArray, found: NDArray, names: dict[int, str], texts: dict[int, str]
) -> str:
    if bool(names) != bool(texts):
        return (
            "one table has text and the other numbers: choose the columns that hold "
            f"the same, with --columns source_id=... or {OPTION} source_id=..."
        )
    large = min(np.abs(measured).max(), np.abs(found).max()) > 2**53
    if large and np.isin(measured.astype(float), found.astype(float)).any():
        return (
            "the numbers agree to 16 digits: one of the tables went through "
            "floating-point numbers and lost the rest; make it again with integers"
        )
    if np.abs(measured).max() < 10**7 < np.abs(found).max():
        return (
            "the detections seem to be numbered by their rows: match them with the "
            "references first, or choose the column that identifies with --columns "
            "source_id=..."
        )
    return (
        "choose the columns that hold the same identifiers, with --columns "
        f"source_id=... or {OPTION} source_id=...; releases of Gaia number stars anew"
    )


def _compare(
    dataset: Dataset, own: pa.Table, reference: pa.Table, where: str | Path
) -> None:
    # Positions that detections carry: said that they are not used, and checked.
    ids = dataset.measurements["source_id"].to_numpy()
    schema = TableSchema("detections", (REFERENCE["ra"], REFERENCE["dec"]))
    both = validate(
        own.select(["ra", "dec"]), schema, where=where, allow_missing=("ra", "dec")
    )
    ra, dec = (both[n].to_numpy() for n in ("ra", "dec"))
    place = Index(reference["source_id"].to_numpy(), "source").rows_of(ids)
    same = (place != ABSENT) & np.isfinite(ra) & np.isfinite(dec)
    if not same.any():
        return
    ra0, dec0 = (reference[n].to_numpy()[place[same]] for n in ("ra", "dec"))
    east, north = separations(ra[same], dec[same], ra0, dec0)
    far = np.hypot(east * np.cos(np.deg2rad(dec0)), north)
    other = np.unique(ids[same][far > FAR])
    told = (
        f"; {len(other)} sources are more than {angle(FAR)} off: are they identified "
        f"rightly? source_id {some(other)}"
        if len(other)
        else ""
    )
    warn(
        f"ra and dec of the detections are not used, {where} has them; they differ by "
        f"{angle(float(np.median(far)))} in the median and {angle(float(far.max()))} "
        f"at most{told}",
        ReseauWarning,
    )


__all__ = ["joined"]
