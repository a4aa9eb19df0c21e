"""The class of all verbs: an option that is given twice is never half forgotten."""

from collections.abc import Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand

LIST = ",..."
"""What stands in the metavar of an option that takes a list separated by commas."""


class Verb(TyperCommand):
    """A verb that joins lists given in pieces and refuses other repetitions."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse arguments of which no option stands twice.

        Parameters
        ----------
        ctx
            Context of the verb.
        args
            What was typed after the verb.

        Raises
        ------
        typer.BadParameter
            An option that takes one value was given two.
        """
        options = {
            name: parameter
            for parameter in self.get_params(ctx)
            if parameter.param_type_name == "option"
            and not getattr(parameter, "is_flag", False)
            for name in parameter.opts
        }
        return super().parse_args(ctx, _each_once(args, options, ctx))


def _each_once(args: Sequence[str], options: dict[str, Any], ctx: Any) -> list[str]:
    """Return the arguments with lists joined where an option was given in pieces."""
    found: list[str] = []
    at: dict[str, tuple[int, str]] = {}
    for name, value in _pairs(args, options):
        if name is None or options[name].multiple:
            found += [value] if name is None else [name, value]
            continue
        option = options[name]
        if option.name not in at:
            at[option.name] = (len(found) + 1, value)
            found += [name, value]
            continue
        row, earlier = at[option.name]
        if LIST in str(option.metavar or ""):
            found[row] = f"{found[row]},{value}"
        elif value != earlier:
            raise typer.BadParameter(
                f"given twice, {earlier!r} and {value!r}: say one of them",
                ctx=ctx,
                param=option,
            )
    return found


def _pairs(
    args: Sequence[str], options: dict[str, Any]
) -> Iterator[tuple[str | None, str]]:
    """Yield each option that takes a value with it, and all else alone."""
    rest = iter(args)
    for arg in rest:
        name, equals, value = arg.partition("=")
        if arg == "--":
            yield None, arg
            for left in rest:
                yield None, left
        elif arg in options:
            following = next(rest, None)
            if following is None:
                yield None, arg  # the parser says that a value is missing
            else:
                yield arg, following
        elif equals and name in options:
            yield name, value
        elif arg[:2] in options and not arg.startswith("--"):
            yield arg[:2], arg[2:]
        else:
            yield None, arg


__all__ = ["Verb"]
