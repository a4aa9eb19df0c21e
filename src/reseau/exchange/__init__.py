"""What other programs write and read: lists of detections, draws for ArviZ."""

from .arviz import to_arviz, write_draws
from .detections.joining import joined
from .detections.table import read_detections
from .posteriors import PosteriorNames

__all__ = [
    "PosteriorNames",
    "joined",
    "read_detections",
    "to_arviz",
    "write_draws",
]
