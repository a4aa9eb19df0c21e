# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""What a merge may be told: how to match, what to write, surveys of one's own."""

from dataclasses import dataclass
from pathlib import Path

from reseau.config import Checked, entry, read_toml, table, tables
from reseau.galaxy.photometry import HwFormula, hw_formula

from .surveys import Survey, known_surveys, with_own


@dataclass(frozen=True, kw_only=True)
class MatchOptions(Checked):
    """How rows of two surveys are matched.

    Attributes
    ----------
    radius_sigmas
        Candidates are within so many position errors, unknown motion among them.
    smallest_radius_arcsec, largest_radius_arcsec
        Between which that radius is kept.
    unknown_motion
        1σ of each component of a proper motion that neither survey knows [mas/yr].
    least_probability
        A match is made where it is likelier than this.
    """

    radius_sigmas: float = entry("radius_sigmas", float, default=6.0, positive=True)
    smallest_radius_arcsec: float = entry(
        "smallest_radius_arcsec", float, default=0.3, positive=True
    )
    largest_radius_arcsec: float = entry(
        "largest_radius_arcsec", float, default=1.5, positive=True, largest=30.0
    )
    unknown_motion: float = entry(
        "unknown_motion_mas_per_yr", float, default=4.0, minimum=0.0
    )
    least_probability: float = entry(
        "least_probability", float, default=0.5, minimum=0.0, largest=1.0
    )


@dataclass(frozen=True, kw_only=True)
class OutputOptions(Checked):
    """What is written of merged sources.

    Attributes
    ----------
    hw
        Formula of Hw, of J and H in 2MASS' system.
    cell_deg
        Side of the cells of completeness, in l and b.
    bin_mag
        Width of its bins of magnitude.
    ruwe
        Above this, Gaia's astrometry is flagged.
    """

    hw: str = entry("hw", str, default="2mass")
    cell_deg: float = entry("completeness_cell_deg", float, default=0.25, positive=True)
    bin_mag: float = entry("completeness_bin_mag", float, default=0.5, positive=True)
    ruwe: float = entry("ruwe", float, default=1.4, positive=True)


@dataclass(frozen=True, kw_only=True)
class WorkOptions(Checked):
    """What the work may take.

    Attributes
    ----------
    memory_gib
        Of the database [GiB]; the process takes about twice that.
    threads
        Of the database; 0: as many as there are cores.
    rows_per_strip
        Rows of all surveys that are in memory together: a strip of declination.
    """

    memory_gib: float = entry("memory_gib", float, default=1.5, positive=True)
    threads: int = entry("threads", int, default=0, minimum=0)
    rows_per_strip: int = entry("rows_per_strip", int, default=700_000, minimum=1000)


@dataclass(frozen=True, kw_only=True)
class MergeOptions(Checked):
    """All that a merge may be told; the tables of its TOML file.

    Attributes
    ----------
    match, output, work
        Tables ``[match]``, ``[output]`` and ``[work]``.
    surveys
        Tables ``[[survey]]``: a user's own, or changes to those that are known.
    """

    match: MatchOptions = table("match", MatchOptions, optional=True)
    output: OutputOptions = table("output", OutputOptions, optional=True)
    work: WorkOptions = table("work", WorkOptions, optional=True)
    surveys: tuple[Survey, ...] = tables("survey", Survey)

    @property
    def known(self) -> dict[str, Survey]:
        """Surveys by key, in the order in which they are merged."""
        return with_own(known_surveys(), self.surveys)

    @property
    def formula(self) -> HwFormula:
        """Of Hw."""
        return hw_formula(self.output.hw)


def read_options(path: str | Path | None = None) -> MergeOptions:
    """Return the options of a TOML file; None: the defaults.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ConfigError
        A key is unknown, or a value is out of range.
    """
    if path is None:
        return MergeOptions(surveys=())
    found, _ = read_toml(path, MergeOptions)
    return found


__all__ = [
    "MatchOptions",
    "MergeOptions",
    "OutputOptions",
    "WorkOptions",
    "read_options",
]
