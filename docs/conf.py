"""Settings of the Sphinx site; nothing here needs a network."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

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
    "numpydoc",
    "file_tables",
]
exclude_patterns = [
    "_build",
    "_generated",
    "accuracy-sky.md",
    "methods-table.md",
    "settings-table.md",
    "solve-a-plate-tables.md",
]

html_theme = "furo"
html_title = f"reseau {release}"
html_theme_options = {"navigation_with_keys": True}
html_static_path = ["_static"]
html_css_files = ["reseau.css"]

# No formulas by MathJax: it would be fetched from the network.
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False


def readable_defaults(
    app: Sphinx, what: str, name: str, obj: object, options: object, *parts: str | None
) -> tuple[str | None, ...]:
    """Write a dataclass's default factory so that the signature can be parsed."""
    del app, what, name, obj, options
    return tuple(p and p.replace("<factory>", "...") for p in parts)


def setup(app: Sphinx) -> None:
    """Connect what the settings cannot say."""
    app.connect("autodoc-process-signature", readable_defaults)
