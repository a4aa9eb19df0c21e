"""`reseau merge` as a function: surveys become one table of sources."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from reseau._windows import Window, window_of
from reseau._writing import temporary_directory
from reseau.errors import ConfigError, explain
from reseau.exchange.archives.postgres.address import is_address
from reseau.galaxy.merging import (
    Input,
    MergeOptions,
    Summary,
    Targets,
    merge_surveys,
    read_options,
)
from reseau.galaxy.merging.report import as_dict, lines_of
from reseau.tables import check_output, is_path, new_file, parquet_output

from .databases import through_files, uses_database

Told = Callable[[int, int], None]
_END = 2**20
"""Bytes at either end of a file that its digest is of."""


@dataclass(frozen=True)
class Merged:
    """What a merge of surveys gave; ``print`` it.

    Attributes
    ----------
    summary
        Counts, matches, completeness.
    files
        "merged" is the table of sources, "completeness" that of completeness.
    """

    summary: Summary = field(repr=False)
    files: dict[str, Path | str] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return how many sources there are."""
        return self.summary.sources

    def lines(self) -> list[str]:
        """Return tables for people, of at most 80 columns."""
        return lines_of(self.summary)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        files = {kind: str(path) for kind, path in self.files.items()}
        return {**as_dict(self.summary), "files": files}

    def __str__(self) -> str:
        """Return the tables as text."""
        return "\n".join(self.lines())


def merge(
    inputs: Any,
    output: str | Path,
    *,
    config: str | Path | MergeOptions | None = None,
    window: str | Window | None = None,
    overwrite: bool = False,
    told: Told | None = None,
) -> Merged:
    """Merge near-infrared surveys and Gaia into one table, one row a source.

    Rows are matched one to one by position, proper motion and magnitude, each match
    with the probability that it is right. Rows without a partner are kept. The best
    magnitude of each band is in 2MASS' system.

    Parameters
    ----------
    inputs
        Files, or tables in memory, of 2MASS, SIRIUS, GALACTICNUCLEUS, VVV, VIRAC,
        VIRAC2 and Gaia DR3, recognised by their columns, in any order;
        ``"sirius=FILE"`` says of which survey a file is. Several may be of one survey.
        ``postgresql://user@host/database?table=schema.name`` is a table of PostgreSQL.
    output
        Parquet file of the sources; beside it ``*_completeness.parquet`` is written. Or
        such an address: then the sources only.
    config
        TOML file of options and of surveys of one's own, or the options themselves.
    window
        "jasmine", or "l,b,dl,db" [deg]: outside of it nothing is read.
    overwrite
        Whether files of the same names may be replaced.
    told
        Called after each piece of work, with how many are done, and of how many.

    Raises
    ------
    ReseauError
        A file is damaged, of no known survey, in other units, or an output is there.

    Examples
    --------
    >>> import reseau
    >>> found = reseau.merge(  # doctest: +SKIP
    ...     ["2mass.parquet", "gaia.parquet"], "merged.parquet", window="jasmine"
    ... )
    """
    options = config if isinstance(config, MergeOptions) else read_options(config)
    box = None if window is None else window_of(window)
    if uses_database(inputs, output):
        return _of_databases(inputs, output, options, box, overwrite, told)
    given = [_input(one, options) for one in _listed(inputs)]
    target = parquet_output(output)
    beside = target.with_name(f"{target.stem}_completeness.parquet")
    for path in (target, beside):
        _check_not_read(path, given)
        check_output(path, kind="file", overwrite=overwrite)
    provenance = _provenance(given, options, box)
    with (
        new_file(target, overwrite=overwrite) as merged,
        new_file(beside, overwrite=overwrite) as completeness,
        temporary_directory(merged.with_name("scratch")) as scratch,
    ):
        summary = merge_surveys(
            given,
            Targets(merged, completeness, scratch),
            options,
            window=box,
            provenance=provenance,
            told=told,
        )
    return Merged(summary, {"merged": target, "completeness": beside})


def _of_databases(
    inputs: Any,
    output: str | Path,
    options: MergeOptions,
    window: Window | None,
    overwrite: bool,
    told: Told | None,
) -> Merged:
    """Merge tables of PostgreSQL among others, or into one."""
    into_table = is_address(output)

    def work(given: list[Any], target: Path) -> Merged:
        return merge(
            given,
            target,
            config=options,
            window=window,
            overwrite=overwrite or into_table,
            told=told,
        )

    found, table = through_files(
        work, inputs, output, window=window, overwrite=overwrite
    )
    return found if table is None else replace(found, files={"merged": table})


def _listed(inputs: Any) -> list[Any]:
    if isinstance(inputs, (str, Path)) or not isinstance(inputs, Sequence):
        inputs = [inputs]
    if not inputs:
        raise ConfigError(
            explain(
                given="no file",
                wanted="one table of a survey, or more",
                where="FILES",
                todo="name them",
            )
        )
    return list(inputs)


def _input(one: Any, options: MergeOptions) -> Input:
    """Return an input; of ``key=FILE``, what is before the sign names the survey."""
    if isinstance(one, str):
        key, sign, file = one.partition("=")
        if sign and key in options.known:
            return Input(file, key)
    return Input(one)


def _check_not_read(path: Path, given: Sequence[Input]) -> None:
    """Raise where an output would replace a file that is merged."""
    read = (Path(one.source) for one in given if is_path(one.source))
    if not any(one.exists() and path.exists() and one.samefile(path) for one in read):
        return
    raise ConfigError(
        explain(
            given=f"the output {path} is one of the files to merge",
            wanted="a file that is not read: inputs are never replaced",
            where="-o",
            todo="give another name",
        )
    )


def _provenance(
    given: Sequence[Input], options: MergeOptions, window: Window | None
) -> dict[str, Any]:
    digest = hashlib.sha256(repr(options).encode()).hexdigest()
    try:
        own = version("reseau")
    except PackageNotFoundError:  # a source tree that was not installed
        own = "unknown"
    return {
        "version": own,
        "options_sha256": digest,
        "window": None if window is None else vars(window),
        "inputs": sorted(
            (_described(one.source) for one in given), key=lambda d: str(d["name"])
        ),
    }


def _described(source: Any) -> dict[str, Any]:
    """Return a file's name, size, and a digest of its two ends."""
    if not is_path(source) or not Path(source).is_file():
        return {"name": "in memory" if not is_path(source) else Path(source).name}
    path = Path(source)
    size, digest = path.stat().st_size, hashlib.sha256()
    with path.open("rb") as content:
        digest.update(content.read(_END))
        content.seek(max(size - _END, 0))
        digest.update(content.read(_END))
    return {"name": path.name, "bytes": size, "ends_sha256": digest.hexdigest()}


__all__ = ["Merged", "merge"]
