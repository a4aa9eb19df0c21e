"""Tables of the page on files, made from the code that reads and writes them.

Four directives: ``reseau-columns`` shows a table of `reseau.tables.layouts`,
``reseau-keys`` the keys of a TOML file from the records that read it,
``reseau-preset`` an instrument that comes with the package, ``reseau-flags`` the
registry of `reseau.flags`.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from reseau.datasets import presets
from reseau.datasets.dataset_config import DatasetConfig
from reseau.datasets.instrument_config import InstrumentConfig
from reseau.flags import flags_table
from reseau.survey.survey_config import SurveyConfig
from reseau.tables import catalogue_layouts, layouts, solution_layouts
from reseau.tables.columns import TableSchema

RECORDS = {
    "dataset": DatasetConfig,
    "instrument": InstrumentConfig,
    "survey": SurveyConfig,
}


def column_rows(table: TableSchema) -> list[str]:
    """Return a Markdown table of a schema's columns; optional ones in italics."""
    rows = ["| column | unit | type | meaning |", "|---|---|---|---|"]
    for column in table.columns:
        name = f"`{column.name}`" if column.required else f"*{column.name}*"
        null = "; may be null" if column.required and column.nullable else ""
        rows.append(
            f"| {name} | {column.unit or '–'} | {column.dtype} "
            f"| {_escaped(column.description)}{null} |"
        )
    return rows


def key_rows(record: type) -> list[str]:
    """Return a Markdown table of the keys that a record declares."""
    keys = list(_keys(record, ""))
    rows = ["| in table | key | type | unless given |", "|---|---|---|---|"]
    for place, field in keys:
        key = field.metadata["key"]
        rows.append(f"| {place} | `{key}` | {_kind(field)} | {_default(field)} |")
    if any(place for place, _ in keys):
        return rows
    return [row[row.index("|", 1) :] for row in rows]


def _keys(record: type, place: str) -> Iterator[tuple[str, Any]]:
    for field in dataclasses.fields(record):
        inner = field.metadata.get("record")
        if inner is None:
            yield place, field
        else:
            brackets = "[[{}]]" if field.metadata["many"] else "[{}]"
            yield from _keys(inner, f"`{brackets.format(field.metadata['key'])}`")


def _kind(field: Any) -> str:
    choices = field.metadata.get("choices")
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    return {"float": "number", "int": "integer", "str": "text", "dict": "table"}.get(
        field.metadata["kind"].__name__, field.metadata["kind"].__name__
    )


def _default(field: Any) -> str:
    if field.default is dataclasses.MISSING:
        return "–" if field.default_factory is not dataclasses.MISSING else "required"
    if field.default is None:
        return "–"
    return f"`{field.default:g}`" if _is_float(field.default) else f"`{field.default}`"


def _is_float(value: object) -> bool:
    return isinstance(value, float)


def _escaped(text: str) -> str:
    return text.replace("|", r"\|").replace("*", r"\*")


class _Made(SphinxDirective):
    """A directive that shows Markdown made from the code."""

    required_arguments = 1
    has_content = False
    option_spec: ClassVar = {}

    def markdown(self, name: str) -> list[str]:
        """Return the lines to show."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the lines where the directive stands."""
        container = nodes.container(classes=["made-from-code"])
        lines = self.markdown(self.arguments[0])
        self.state.nested_parse(
            StringList(lines, source="file_tables"), self.content_offset, container
        )
        return [container]


class Columns(_Made):
    """The columns of a table of `reseau.tables.layouts`, by the constant's name."""

    def markdown(self, name: str) -> list[str]:
        """Return the table of columns."""
        homes = (layouts, solution_layouts, catalogue_layouts)
        home = next((h for h in homes if hasattr(h, name)), layouts)
        return column_rows(getattr(home, name))


class Keys(_Made):
    """The keys of a TOML file, by the name in `RECORDS`."""

    def markdown(self, name: str) -> list[str]:
        """Return the table of keys."""
        return key_rows(RECORDS[name])


class Flags(_Made):
    """The bits of a column, by its name."""

    def markdown(self, name: str) -> list[str]:
        """Return the table of flags."""
        del name
        return flags_table().splitlines()


class Preset(_Made):
    """The file of an instrument that comes with the package."""

    def markdown(self, name: str) -> list[str]:
        """Return the file as a block of code."""
        text = presets()[name].read_text(encoding="utf-8").strip()
        return ["```toml", *text.splitlines(), "```"]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    app.add_directive("reseau-columns", Columns)
    app.add_directive("reseau-keys", Keys)
    app.add_directive("reseau-preset", Preset)
    app.add_directive("reseau-flags", Flags)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
