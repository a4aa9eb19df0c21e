"""Arguments of `solve` that are options: said where they belong."""

from collections.abc import Mapping
from dataclasses import fields

from reseau.errors import WrongKindError, explain, some, suggestion

from .options import SolveOptions


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


__all__ = ["refuse_misplaced"]
