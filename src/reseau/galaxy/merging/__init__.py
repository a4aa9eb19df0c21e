"""Surveys merged into one table: read, matched, and the best of each taken."""

from .layout import FLAGS
from .merger import Input, Summary, Targets, merge_surveys
from .options import MergeOptions, read_options
from .surveys import Survey, known_surveys
from .window import Window, parse_window

__all__ = [
    "FLAGS",
    "Input",
    "MergeOptions",
    "Summary",
    "Survey",
    "Targets",
    "Window",
    "known_surveys",
    "merge_surveys",
    "parse_window",
    "read_options",
]
