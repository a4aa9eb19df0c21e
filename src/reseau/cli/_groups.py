"""Help whose options stand in groups, as plain text."""

from typing import Any

from reseau.settings import GROUPS

from ._verb import Verb

MANY = "Many plates"
OUTPUT = "Output"
OTHER = "Other"
"""Groups of options besides those of the settings."""


class Grouped(Verb):
    """A verb whose help lists its options by their ``rich_help_panel``."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then the groups in their order, then what is in none.

        Parameters
        ----------
        ctx
            Context of the verb.
        formatter
            What the help is written to.
        """
        first = ("Arguments", *GROUPS, MANY, OUTPUT, OTHER)
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in first}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                is_argument = parameter.param_type_name == "argument"
                panel = getattr(parameter, "rich_help_panel", None) or OTHER
                name = "Arguments" if is_argument else panel
                groups.setdefault(name, []).append(record)
        for name, records in groups.items():
            if not records:
                continue
            with formatter.section(name):
                formatter.write_dl(records)


__all__ = ["MANY", "OTHER", "OUTPUT", "Grouped"]
