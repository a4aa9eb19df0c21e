"""Write a figure to a PNG or PDF file, whole or not at all."""

import io
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reseau._writing import temporary_file
from reseau.errors import OutputExistsError, ReseauError, explain

DOTS_PER_INCH = 150

FORMATS = ("png", "pdf")
"""Formats of figures; the first where the suffix is none of them."""


def save(
    figure: Figure | Axes, path: str | Path, *, dots_per_inch: float = DOTS_PER_INCH
) -> Path:
    """Write a figure to a PNG or PDF file; an older one is replaced in one stroke.

    Parameters
    ----------
    figure
        The figure, or any axes in it.
    path
        Name of the file, whose suffix says the format; its folder exists.
    dots_per_inch
        Resolution.

    Raises
    ------
    OutputExistsError
        What is there is no figure.
    ReseauError
        The file cannot be written; nothing is left behind.
    """
    target = Path(path)
    suffix = target.suffix.lower().removeprefix(".")
    file_format = suffix if suffix in FORMATS else FORMATS[0]
    content = render(figure, dots_per_inch=dots_per_inch, file_format=file_format)
    try:
        _replace(target, content)
    except OSError as error:
        raise ReseauError(
            explain(
                given=f"the figure could not be written: {error.strerror or error}",
                wanted="a folder that exists, can be written and has room",
                where=str(target),
                todo="make some room or choose another folder",
            )
        ) from error
    return target


def render(
    figure: Figure | Axes,
    *,
    dots_per_inch: float = DOTS_PER_INCH,
    file_format: str = FORMATS[0],
) -> bytes:
    """Return a figure as the bytes of an image, with nothing clipped.

    Parameters
    ----------
    figure
        The figure, or any axes in it.
    dots_per_inch
        Resolution.
    file_format
        One of `FORMATS`.
    """
    whole = figure.get_figure(root=True) if isinstance(figure, Axes) else figure
    if not isinstance(whole, Figure):
        raise ReseauError("these axes belong to no figure")
    buffer = io.BytesIO()
    if whole.canvas.__class__.__name__ == "FigureCanvasBase":
        FigureCanvasAgg(whole)
    whole.savefig(buffer, format=file_format, dpi=dots_per_inch, bbox_inches="tight")
    return buffer.getvalue()


def check_figure(target: Path) -> None:
    """Raise `OutputExistsError` where what is there is no figure, but another file.

    Parameters
    ----------
    target
        Where a figure is to go.
    """
    if not target.exists():
        return
    starts = (b"\x89PNG\r\n\x1a\n", b"%PDF-")
    if target.is_file():
        with target.open("rb") as file:
            start = file.read(8)
        if not start or start.startswith(starts):
            return
    raise OutputExistsError(
        explain(
            given=f"{target.name} is there already and is no PNG or PDF file",
            wanted="a free name, or that of an older figure",
            where=str(target),
            todo="give another name",
        )
    )


def _replace(target: Path, content: bytes) -> None:
    check_figure(target)
    with temporary_file(target) as temporary:
        temporary.write_bytes(content)
        temporary.replace(target)


__all__ = ["DOTS_PER_INCH", "FORMATS", "check_figure", "render", "save"]
