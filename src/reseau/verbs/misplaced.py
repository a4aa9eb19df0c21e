"""Arguments of `solve` that are options: said where they belong."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

from reseau.errors import WrongKindError, explain, some, suggestion
from reseau.instrument import Instrument
from reseau.plates import SolveOptions
from reseau.plates.methods import GaussNewton, Nuts, Variational


def refuse_misplaced(others: Mapping[str, object]) -> None:
    """Raise `WrongKindError` for arguments that `solve` has not.

    Parameters
    ----------
    others
        By name.
    """
    if not others:
        return
    name = next(iter(others))
    value = f"{others[name]!r:.60}"
    homes = {
        **{n: f"method={m.__name__}({n}={value})" for n, m in _of_methods().items()},
        "likelihood": f"method=GaussNewton(robust=Robust({value}))",
        "reference_prior": f"method=GaussNewton(robust=Robust(references={value}))",
        "method": "method=GaussNewton(), Variational() or Nuts()",
        "distortion": f"instrument=instrument.with_distortion({value})",
        **{
            n: f"instrument=instrument.with_distortion({n}={value})"
            for n in ("degree", "degree_kind", "minimum_degree")
        },
        **{
            n: f"instrument=dataclasses.replace(instrument, {n}={value})"
            for n in ("scale", "focal_prior")
        },
        "reference_table": "reference=...",
        "seed": f"method=Variational(seed={value}) or Nuts(seed={value})",
    }
    known = [*homes, *(f.name for f in fields(SolveOptions)), "output", "overwrite"]
    todo = suggestion(name, known)
    if name in homes:
        todo = f"write solve(..., {homes[name]})"
    raise WrongKindError(
        explain(
            given=f"solve has no argument {some(list(others))}",
            wanted="settings of a method with the method, those of the instrument with "
            "the instrument",
            where="solve",
            todo=todo,
        )
    )


def _of_methods() -> dict[str, type]:
    """Return which method each setting belongs to, the first that has it."""
    found: dict[str, type] = {}
    for method in (GaussNewton, Variational, Nuts):
        for field in fields(method):
            found.setdefault(field.name, method)
    return found


_METHODS = (GaussNewton, Variational, Nuts)
_INSTRUMENT = "an Instrument, a TOML file or the name of a preset"


def check_kinds(
    options: object, instrument: object, output: object, method: object
) -> None:
    """Raise `WrongKindError` for arguments of `solve` that are something else.

    Parameters
    ----------
    options, instrument, output, method
        As given.
    """
    kinds: tuple[type, ...]
    for name, value, kinds, what in (
        ("options", options, (SolveOptions,), "SolveOptions, as SolveOptions(error=1)"),
        ("instrument", instrument, (str, Path, Instrument), _INSTRUMENT),
        ("output", output, (str, Path), "the path of a directory"),
        ("method", method, _METHODS, "GaussNewton(), Variational() or Nuts()"),
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
