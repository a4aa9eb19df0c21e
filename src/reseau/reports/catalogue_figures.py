"""Every figure of a catalogue of many plates, by name: what it shows and needs."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reseau.diagnostics.joined.columns import BAD, JoinedColumns
from reseau.diagnostics.joined.common_errors import common_errors
from reseau.diagnostics.joined.epoch_residuals import epoch_pulls, usable
from reseau.diagnostics.joined.error_shares import error_shares
from reseau.diagnostics.joined.plate_agreement import plate_agreement
from reseau.diagnostics.joined.source_path import clearest_source, source_path
from reseau.plates.photometry import MAGNITUDES, best_known
from reseau.plots.common_error_maps import common_error_maps
from reseau.plots.error_shares import error_shares as drawn_errors
from reseau.plots.goodness import goodness
from reseau.plots.plate_agreement import plate_agreement as drawn_agreement
from reseau.plots.pull_histogram import pull_histogram
from reseau.plots.source_path import source_path as drawn_path
from reseau.plots.vector_points import vector_points

from .figures import Kind


@dataclass(frozen=True)
class DrawableCatalogue:
    """What figures of a catalogue are drawn from.

    Attributes
    ----------
    joined
        Its columns.
    source
        Whose track is drawn; None: the source whose parallax is clearest.
    """

    joined: JoinedColumns
    source: int | None = None


def draw_track(given: DrawableCatalogue) -> Figure:
    """Draw the way of a source over the sky, with the plates' positions."""
    source = given.source
    if source is None:
        source = clearest_source(given.joined)
    return drawn_path(source_path(given.joined, source))


def draw_vector_points(given: DrawableCatalogue) -> Axes:
    """Draw proper motions with their error ellipses."""
    columns = given.joined.catalogue
    motion = np.stack([columns["pmra"], columns["pmdec"]], axis=1)
    sigma = np.stack([columns["pmra_error"], columns["pmdec_error"]], axis=1)
    covariance = sigma[:, :, None] * sigma[:, None, :]
    covariance[:, 0, 1] *= columns["pmra_pmdec_corr"]
    covariance[:, 1, 0] *= columns["pmra_pmdec_corr"]
    return vector_points(motion, covariance, is_reference=given.joined.is_reference)


def draw_error_magnitude(given: DrawableCatalogue) -> Figure:
    """Draw errors against magnitude, and what of them is shared."""
    name = best_known(given.joined.catalogue, MAGNITUDES)
    figure = drawn_errors(error_shares(given.joined, name), label=MAGNITUDES[name])
    known = np.isfinite(np.asarray(given.joined.catalogue[name], dtype=float))
    dark = int(np.sum(given.joined.moving & ~known))
    words = f" ({dark:,} have no magnitude and are not shown)" if dark else ""
    title = f"Errors against magnitude, with calibration free and held{words}"
    figure.suptitle(title, fontsize="medium")
    return figure


def draw_zero_points(given: DrawableCatalogue) -> Figure:
    """Draw errors of the zero points of parallax and motion over the field."""
    return common_error_maps(
        common_errors(given.joined), title="1σ of what sources of a cell have in common"
    )


def draw_goodness(given: DrawableCatalogue) -> Figure:
    """Draw the distributions of F2 and RUWE."""
    columns = given.joined.catalogue
    name = best_known(columns, MAGNITUDES)
    none = np.full(columns["gof"].size, np.nan)
    return goodness(
        columns["gof"],
        columns["ruwe"],
        np.asarray(columns[name], dtype=float) if name else none,
        is_reference=given.joined.is_reference,
        bad=BAD,
        label=MAGNITUDES.get(name, "magnitude, of which none is known"),
    )


def draw_plate_agreement(given: DrawableCatalogue) -> Axes:
    """Draw how well plates agree with all of them together, over time."""
    return drawn_agreement(plate_agreement(given.joined.plates))


def draw_epoch_pulls(given: DrawableCatalogue) -> Axes:
    """Draw residuals of positions on plates over their expected size."""
    pulls = epoch_pulls(given.joined)
    label = "residual / its σ, that of the plate's position less what the model takes"
    shown = {"α cos δ": pulls[:, 0], "δ": pulls[:, 1]}
    return pull_histogram(shown, label=label, logarithmic=True)


def _lacks_epochs(given: DrawableCatalogue) -> str:
    if given.joined.epochs is None:
        return "it has no positions on plates: combine with --epochs"
    if not usable(given.joined).any():
        return "no source has a parallax and positions on plates"
    return ""


def _lacks_motions(given: DrawableCatalogue) -> str:
    return "" if given.joined.moving.any() else "no source has a parallax and a motion"


def _lacks_magnitudes(given: DrawableCatalogue) -> str:
    if not best_known(given.joined.catalogue, MAGNITUDES):
        return "no source has a magnitude"
    return _lacks_motions(given)


def _lacks_goodness(given: DrawableCatalogue) -> str:
    known = np.isfinite(given.joined.catalogue["gof"]).any()
    return "" if known else "no source has been seen often enough"


def _lacks_freedom(given: DrawableCatalogue) -> str:
    known = bool(np.any(given.joined.plates["dof"] > 0))
    return "" if known else "no plate has positions that could disagree"


CATALOGUE_KINDS: dict[str, Kind[DrawableCatalogue]] = {
    "track": Kind(
        "the way of a source over the sky, with plates' positions",
        draw_track,
        _lacks_epochs,
    ),
    "vector_points": Kind(
        "proper motions with their error ellipses", draw_vector_points, _lacks_motions
    ),
    "error_magnitude": Kind(
        "errors against magnitude, with calibration free and held",
        draw_error_magnitude,
        _lacks_magnitudes,
    ),
    "zero_points": Kind(
        "errors of parallax and motion that neighbours have in common",
        draw_zero_points,
        _lacks_motions,
    ),
    "goodness": Kind(
        "how well sources follow their parameters", draw_goodness, _lacks_goodness
    ),
    "plate_agreement": Kind(
        "how well plates agree with all plates together",
        draw_plate_agreement,
        _lacks_freedom,
    ),
    "epoch_pulls": Kind(
        "residuals of positions on plates over their expected size",
        draw_epoch_pulls,
        _lacks_epochs,
    ),
}
"""The figures of a catalogue, in the order in which they are drawn."""


__all__ = ["CATALOGUE_KINDS", "DrawableCatalogue"]
