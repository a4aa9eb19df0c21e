"""`reseau plot` as a function: the figures of a solution as PNG or PDF files."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.datasets import PlateTables
from reseau.diagnostics import compare_with_truth
from reseau.diagnostics.comparison.solution import compared_solution
from reseau.errors import ConfigError, OutputExistsError, explain, some, unknown_name
from reseau.plates.solved import SolvedPlate
from reseau.plots import FORMATS, check_figure, save
from reseau.reports.drawable import Drawable
from reseau.reports.figures import KINDS
from reseau.tables import os_errors

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
    """

    files: dict[str, Path] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what to tell at the end."""
        return [
            *(f"{path}: {KINDS[kind].shows}" for kind, path in self.files.items()),
            *(f"not drawn: {kind}, {why}" for kind, why in self.left_out.items()),
        ]

    def as_dict(self) -> dict[str, dict[str, str]]:
        """Return plain values for a JSON file."""
        files = {kind: str(path) for kind, path in self.files.items()}
        return {"files": files, "left_out": dict(self.left_out)}


def plot(
    solution: str | Path | SolvedPlate,
    output: str | Path,
    *,
    kinds: Sequence[str] = (),
    file_format: str = "png",
    truth: str | Path | None = None,
    overwrite: bool = False,
) -> Figures:
    """Draw the figures of a solution into a directory.

    Parameters
    ----------
    solution
        Directory of a solution, or what `solve` returned.
    output
        Directory to write to; made if it does not exist.
    kinds
        Which figures, names of `KINDS`; none: all that the solution has data for.
    file_format
        "png" or "pdf".
    truth
        Dataset with the truth of a simulation: errors are drawn then, not residuals
        alone.
    overwrite
        Whether figures of the same names may be replaced; nothing else ever is.

    Raises
    ------
    ConfigError
        A kind or the format is unknown, or the solution lacks what a kind that was
        asked for needs.
    OutputExistsError
        A figure is there already.

    Examples
    --------
    >>> import reseau
    >>> reseau.plot("solution", "figures", kinds=["footprint"])  # doctest: +SKIP
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown_name("figure", kind, tuple(KINDS), where="--kind")
    if file_format not in FORMATS:
        raise unknown_name("format", file_format, FORMATS, where="--format")
    wanted = tuple(kinds) or tuple(KINDS)
    paths = {kind: Path(output) / f"{kind}.{file_format}" for kind in wanted}
    check_free(paths.values(), overwrite)
    found = compared_solution(solution)
    comparison = None if truth is None else compare_with_truth(solution, truth)
    drawn = draw_figures(Drawable(found, comparison), paths)
    if kinds and drawn.left_out:
        kind, why = next(iter(drawn.left_out.items()))
        raise ConfigError(
            explain(
                given=f"the figure {kind} cannot be drawn: {why}",
                wanted="a solution that holds what the figure shows",
                where=f"--kind {kind}",
                todo="leave it out",
            )
        )
    return drawn


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


def draw_figures(given: Drawable, paths: dict[str, Path]) -> Figures:
    """Draw figures to files; what cannot be drawn is said, the others are drawn.

    Parameters
    ----------
    given
        The solution.
    paths
        Files of the kinds that are wanted.
    """
    figures = Figures()
    for kind, path in paths.items():
        why = KINDS[kind].lacks(given)
        if why:
            figures.left_out[kind] = why
            continue
        with os_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        drawing = _titled(KINDS[kind].draw(given), KINDS[kind].shows)
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


def drawn_figure(kind: str, given: Drawable) -> Figure:
    """Return a figure of a solution, for which nothing is lacking.

    Parameters
    ----------
    kind
        Name of one of `KINDS`.
    given
        The solution.
    """
    drawing = _titled(KINDS[kind].draw(given), KINDS[kind].shows)
    figure = drawing if isinstance(drawing, Figure) else drawing.get_figure(root=True)
    assert figure is not None
    return figure


def _titled(drawing: Figure | Axes, shows: str) -> Figure | Axes:
    """Say above a figure what it shows, where it does not say so itself."""
    figure = drawing.figure if isinstance(drawing, Axes) else drawing
    if not any(axes.get_title() for axes in figure.axes):
        figure.suptitle(shows[0].upper() + shows[1:], fontsize="medium")
    return drawing


__all__ = [
    "KINDS",
    "Figures",
    "check_free",
    "draw_figures",
    "drawable",
    "drawn_figure",
    "plot",
]
