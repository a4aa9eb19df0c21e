"""Surveys merged into one table: read, matched, and the best of each taken."""

from .layout import FLAGS
from .merger import Input, Summary, Targets, merge_surveys
from .options import MergeOptions, read_options
from .surveys import Survey, known_surveys

__all__ = [
    "FLAGS",
    "Input",
    "MergeOptions",
    "Summary",
    "Survey",
    "Targets",
    "known_surveys",
    "merge_surveys",
    "read_options",
]
