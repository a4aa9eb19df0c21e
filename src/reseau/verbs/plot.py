"""`reseau plot` as a function: figures of a solution or a catalogue, as files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.datasets import PlateTables
from reseau.diagnostics import compare_with_truth
from reseau.diagnostics.comparison.solution import compared_solution
from reseau.errors import ConfigError, OutputExistsError, explain, some, unknown_name
from reseau.plates.solved import SolvedPlate
from reseau.plots import FORMATS, check_figure, save
from reseau.reports.catalogue_figures import CATALOGUE_KINDS, DrawableCatalogue
from reseau.reports.drawable import Drawable
from reseau.reports.figures import KINDS, Kind
from reseau.tables import os_errors

from .catalogue_figures import check_choices, drawable_catalogue, tables_of_catalogue

if TYPE_CHECKING:
    from .combine import Motions

DOTS_PER_INCH = 110


@dataclass(frozen=True)
class Figures:
    """The figures that were drawn.

    Attributes
    ----------
    files
        Their files, by kind.
    left_out
        Why the others were not, by kind.
    kinds
        All that there are of what was drawn.
    """

    files: dict[str, Path] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    kinds: Mapping[str, Kind[Any]] = field(default_factory=lambda: KINDS, repr=False)

    def lines(self) -> list[str]:
        """Return what to tell at the end."""
        return [
            *(f"{path}: {self.kinds[kind].shows}" for kind, path in self.files.items()),
            *(f"not drawn: {kind}, {why}" for kind, why in self.left_out.items()),
        ]

    def as_dict(self) -> dict[str, dict[str, str]]:
        """Return plain values for a JSON file."""
        files = {kind: str(path) for kind, path in self.files.items()}
        return {"files": files, "left_out": dict(self.left_out)}


def plot(
    solution: "str | Path | SolvedPlate | Motions",
    output: str | Path,
    *,
    kinds: Sequence[str] = (),
    file_format: str = "png",
    truth: str | Path | None = None,
    source: int | None = None,
    overwrite: bool = False,
) -> Figures:
    """Draw the figures of a solution, or of a catalogue, into a directory.

    Parameters
    ----------
    solution
        Directory of a solution, or what `solve` returned; or of a catalogue, or what
        `combine` returned.
    output
        Directory to write to; made if it does not exist.
    kinds
        Which figures, names of `KINDS` or, of a catalogue, of `CATALOGUE_KINDS`; none:
        all that there are data for.
    file_format
        "png" or "pdf".
    truth
        Of a solution: dataset with the truth of a simulation. Errors are drawn then,
        not residuals alone.
    source
        Of a catalogue: identifier of the source whose track is drawn; absent: the
        source whose parallax is clearest.
    overwrite
        Whether figures of the same names may be replaced; nothing else ever is.

    Raises
    ------
    ConfigError
        A kind or the format is unknown, or the solution lacks what a kind that was
        asked for needs.
    CatalogueError
        The catalogue lacks the source.
    OutputExistsError
        A figure is there already.

    Examples
    --------
    >>> import reseau
    >>> reseau.plot("solution", "figures", kinds=["footprint"])  # doctest: +SKIP
    """
    tables = tables_of_catalogue(solution)
    known: Mapping[str, Kind[Any]] = KINDS if tables is None else CATALOGUE_KINDS
    for kind in kinds:
        if kind not in known:
            raise unknown_name("figure", kind, tuple(known), where="--kind")
    if file_format not in FORMATS:
        raise unknown_name("format", file_format, FORMATS, where="--format")
    check_choices(
        of_catalogue=tables is not None, truth=truth, source=source, kinds=kinds
    )
    wanted = tuple(kinds) or tuple(known)
    paths = {kind: Path(output) / f"{kind}.{file_format}" for kind in wanted}
    check_free(paths.values(), overwrite)
    if tables is None:
        drawn = draw_figures(_drawable_solution(solution, truth), paths)
    else:
        given = drawable_catalogue(tables, source)
        drawn = draw_figures(given, paths, CATALOGUE_KINDS)
    asked = (*kinds, *(() if source is None else ("track",)))
    for kind in (k for k in asked if k in drawn.left_out):
        raise _not_drawn(kind, drawn.left_out[kind], tables is not None)
    return drawn


def _drawable_solution(solution: Any, truth: str | Path | None) -> Drawable:
    comparison = None if truth is None else compare_with_truth(solution, truth)
    return Drawable(compared_solution(solution), comparison)


def _not_drawn(kind: str, why: str, of_catalogue: bool) -> ConfigError:
    what = "catalogue" if of_catalogue else "solution"
    return ConfigError(
        explain(
            given=f"the figure {kind} cannot be drawn: {why}",
            wanted=f"a {what} that holds what the figure shows",
            where=f"--kind {kind}",
            todo="leave it out",
        )
    )


def check_free(paths: Collection[Path], overwrite: bool) -> None:
    """Refuse names of figures that are taken.

    Parameters
    ----------
    paths
        Files to be written.
    overwrite
        Whether an older figure may be replaced.

    Raises
    ------
    OutputExistsError
        A file is there that may not be replaced.
    """
    taken = [p for p in paths if p.exists() and not (overwrite and p.is_file())]
    if taken:
        raise OutputExistsError(
            explain(
                given=f"{some([p.name for p in taken])} in {taken[0].parent} already",
                wanted="names of figures that are free",
                where="-o",
                todo="give another directory or --overwrite",
            )
        )
    for path in paths:
        check_figure(path)


def draw_figures(
    given: Drawable | DrawableCatalogue,
    paths: dict[str, Path],
    kinds: Mapping[str, Kind[Any]] = KINDS,
) -> Figures:
    """Draw figures to files; what cannot be drawn is said, the others are drawn.

    Parameters
    ----------
    given
        The solution, or the catalogue.
    paths
        Files of the kinds that are wanted.
    kinds
        All that there are of it.
    """
    figures = Figures(kinds=kinds)
    for kind, path in paths.items():
        why = kinds[kind].lacks(given)
        if why:
            figures.left_out[kind] = why
            continue
        with os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        drawing = _titled(kinds[kind].draw(given), kinds[kind].shows)
        figures.files[kind] = save(drawing, path, dots_per_inch=DOTS_PER_INCH)
    return figures


def drawable(solution: SolvedPlate | PlateTables) -> Drawable:
    """Return a solution as its figures need it.

    Parameters
    ----------
    solution
        What `solve` returned, or the tables of files.
    """
    return Drawable(compared_solution(solution))


def drawn_figure(kind: Kind[Any], given: Drawable | DrawableCatalogue) -> Figure:
    """Return a figure, for which nothing is lacking.

    Parameters
    ----------
    kind
        One of `KINDS` or `CATALOGUE_KINDS`.
    given
        The solution, or the catalogue.
    """
    drawing = _titled(kind.draw(given), kind.shows)
    figure = drawing if isinstance(drawing, Figure) else drawing.get_figure(root=True)
    assert figure is not None
    return figure


def _titled(drawing: Figure | Axes, shows: str) -> Figure | Axes:
    """Say above a figure what it shows, where it does not say so itself."""
    figure = drawing.figure if isinstance(drawing, Axes) else drawing
    if figure.get_suptitle():
        return drawing
    if not any(axes.get_title() for axes in figure.axes):
        figure.suptitle(shows[0].upper() + shows[1:], fontsize="medium")
    return drawing


__all__ = [
    "CATALOGUE_KINDS",
    "KINDS",
    "DrawableCatalogue",
    "Figures",
    "check_free",
    "draw_figures",
    "drawable",
    "drawn_figure",
    "plot",
]
