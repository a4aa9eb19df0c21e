"""Arguments of `solve` that are options: said where they belong."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from reseau.errors import WrongKindError, explain, some, suggestion
from reseau.instrument import Instrument
from reseau.plates import SolveOptions


def refuse_misplaced(others: Mapping[str, object]) -> None:
    """Raise `WrongKindError` for arguments that `solve` has not.

    Parameters
    ----------
    others
        By name.
    """
    if not others:
        return
    known = [f.name for f in fields(SolveOptions)]
    options = [name for name in others if name in known]
    if options:
        written = ", ".join(f"{n}={others[n]!r:.60}" for n in options)
        todo = f"write solve(..., options=SolveOptions({written}))"
    else:
        names = ["output", "reference", "instrument", "options", "overwrite", *known]
        todo = suggestion(next(iter(others)), names)
    raise WrongKindError(
        explain(
            given=f"solve has no argument {some(list(others))}",
            wanted="source, output, reference, instrument, options, overwrite, report",
            where="solve",
            todo=todo,
        )
    )


_INSTRUMENT = "an Instrument, a TOML file or the name of a preset"


def check_kinds(options: object, instrument: object, output: object) -> None:
    """Raise `WrongKindError` for arguments of `solve` that are something else.

    Parameters
    ----------
    options, instrument, output
        As given.
    """
    kinds: tuple[type, ...]
    for name, value, kinds, what in (
        ("options", options, (SolveOptions,), "SolveOptions, as SolveOptions(error=1)"),
        ("instrument", instrument, (str, Path, Instrument), _INSTRUMENT),
        ("output", output, (str, Path), "the path of a directory"),
    ):
        if value is None or isinstance(value, kinds):
            continue
        raise WrongKindError(
            explain(
                given=f"{name} is a {type(value).__name__}: {value!r:.60}",
                wanted=what,
                where="solve",
                todo="give one, or leave it away",
            )
        )


__all__ = ["check_kinds", "refuse_misplaced"]
