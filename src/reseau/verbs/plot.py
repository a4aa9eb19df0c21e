"""`reseau plot` as a function: figures of what reseau made, as files."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.datasets import PlateTables
from reseau.diagnostics.comparison.solution import compared_solution
from reseau.errors import ConfigError, OutputExistsError, explain, some, unknown_name
from reseau.plates.solved import SolvedPlate
from reseau.plots import FORMATS, check_figure, save
from reseau.reports.catalogue_figures import CATALOGUE_KINDS, DrawableCatalogue
from reseau.reports.drawable import Drawable
from reseau.reports.figures import KINDS, Kind
from reseau.reports.galaxy_figures import GALAXY_KINDS
from reseau.reports.merged_figures import MERGED_KINDS
from reseau.reports.mock_figures import MOCK_KINDS
from reseau.reports.reddening_figures import REDDENING_KINDS
from reseau.tables import os_errors

from .figure_subjects import Choices, subject_of

if TYPE_CHECKING:
    from reseau.galaxy.model import Galaxy

    from .combine import Motions
    from .mock import Mock
    from .reddening_map import ReddeningMap

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
    solution: "str | Path | SolvedPlate | Motions | Mock | ReddeningMap | Galaxy",
    output: str | Path,
    *,
    kinds: Sequence[str] = (),
    file_format: str = "png",
    truth: str | Path | None = None,
    source: int | None = None,
    window: str | None = None,
    extinction_map: str | None = None,
    overwrite: bool = False,
) -> Figures:
    """Draw the figures of a solution, a catalogue, a mock or a Galaxy into a directory.

    Parameters
    ----------
    solution
        Directory of a solution, or what `solve` returned; of a catalogue, or what
        `combine` returned; of a mock, or what `mock_forward` returned; the table that
        `merge` wrote; the map that `reseau mock reddening` wrote; or the name of a
        model of the Galaxy, its TOML file, or what `read_galaxy` returned.
    output
        Directory to write to; made if it does not exist.
    kinds
        Which figures, names of `KINDS`, or of `CATALOGUE_KINDS`, `MOCK_KINDS`,
        `MERGED_KINDS`, `REDDENING_KINDS`, `GALAXY_KINDS`; none: all that there are data
        for.
    file_format
        "png" or "pdf".
    truth
        Of a solution: dataset with the truth of a simulation. Errors are drawn then,
        not residuals alone.
    source
        Of a catalogue: identifier of the source whose track is drawn; absent: the
        source whose parallax is clearest.
    window
        Of a Galaxy: l, b of the middle and full widths [deg], of the map of the
        reddening; lines of sight go to the middle. Absent: "0.3,-0.2,2,1.6".
    extinction_map
        Of a Galaxy: "smooth" (absent), "genulens", a file, or E(J-Ks) [mag].
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
    >>> reseau.plot("koshimoto2021", "figures", kinds=["density"])  # doctest: +SKIP
    """
    choices = Choices(truth, source, window, extinction_map, tuple(kinds))
    subject = subject_of(solution, choices)
    for kind in kinds:
        if kind not in subject.kinds:
            raise unknown_name("figure", kind, tuple(subject.kinds), where="--kind")
    if file_format not in FORMATS:
        raise unknown_name("format", file_format, FORMATS, where="--format")
    subject.check()
    wanted = tuple(kinds) or tuple(subject.kinds)
    paths = {kind: Path(output) / f"{kind}.{file_format}" for kind in wanted}
    check_free(paths.values(), overwrite)
    drawn = draw_figures(subject.given(), paths, subject.kinds)
    asked = (*kinds, *(() if source is None else ("track",)))
    for kind in (k for k in asked if k in drawn.left_out):
        raise _not_drawn(kind, drawn.left_out[kind], subject.what)
    return drawn


def _not_drawn(kind: str, why: str, what: str) -> ConfigError:
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
    given: Any,
    paths: dict[str, Path],
    kinds: Mapping[str, Kind[Any]] = KINDS,
) -> Figures:
    """Draw figures to files; what cannot be drawn is said, the others are drawn.

    Parameters
    ----------
    given
        What the kinds are drawn from.
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
    "GALAXY_KINDS",
    "KINDS",
    "MERGED_KINDS",
    "MOCK_KINDS",
    "REDDENING_KINDS",
    "DrawableCatalogue",
    "Figures",
    "check_free",
    "draw_figures",
    "drawable",
    "drawn_figure",
    "plot",
]
