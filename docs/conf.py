"""Settings of the Sphinx site; nothing here needs a network."""

import sys
from pathlib import Path

import reseau

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "reseau"
author = "The reseau developers"
copyright = "2026, the reseau developers"
release = reseau.__version__
version = release

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "numpydoc",
    "file_tables",
]
exclude_patterns = ["_build", "_generated", "solve-a-plate-tables.md"]

html_theme = "furo"
html_title = f"reseau {release}"
html_theme_options = {"navigation_with_keys": True}
html_static_path: list[str] = []

myst_enable_extensions = ["deflist", "dollarmath", "attrs_inline", "colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
