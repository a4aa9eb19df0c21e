"""How coarse numbers are as they arrive: in decimals that were printed, or 32 bits.

A position in 32 bits is a multiple of 27 mas at 83°, one with four decimals of 360 mas,
whatever its column of errors says.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reseau.errors import ReseauWarning, warn

from .angles import STEP
from .validation import parse_unit, unit_of_field

FEWEST = 4
"""Different values from which decimals can be told: by chance, one in ten ends in 0."""

_SAMPLE = 2000
_DECIMALS = 12


def step_of(values: pa.ChunkedArray) -> float:
    """Return the step between numbers of a column, in its unit; 0: not seen.

    Parameters
    ----------
    values
        Floating-point numbers as they were read; missing ones do not count.
    """
    plain = np.asarray(values.to_numpy(), float)
    plain = plain[np.isfinite(plain)]
    if not len(plain):
        return 0.0
    chosen = np.linspace(0, len(plain) - 1, min(len(plain), _SAMPLE)).astype(int)
    sample = np.unique(plain[chosen])
    if pa.types.is_float32(values.type):
        return _spacing(sample)
    if len(sample) < FEWEST:
        return 0.0
    single = _spacing(sample) if _is_single(sample) else 0.0
    return max(single, _decimal_step(sample))


def step_in(table: pa.Table, name: str, unit: str, where: str | Path) -> float:
    """Return the step between numbers of a column of a table; 0: not seen.

    Parameters
    ----------
    table
        As read.
    name
        Of the column.
    unit
        Of the result, and of a column that has none.
    where
        For messages.
    """
    field = table.schema.field(name)
    told = (field.metadata or {}).get(STEP)
    column = table[name]
    if told is not None:
        step = float(told)
    elif pa.types.is_floating(column.type):
        step = step_of(column)
    else:
        return 0.0
    own = unit_of_field(field)
    have = parse_unit(own, name, where) if own else None
    if name == "ra" and str(have) == "h":
        have = parse_unit("hourangle", name, where)
    wanted = parse_unit(unit, name, where)
    if have is None or not have.is_equivalent(wanted):
        return step
    return step * float(have.to(wanted))


def warn_of_steps(
    steps: dict[str, float],
    errors: dict[str, float],
    unit: str,
    of_what: str,
    where: str | Path,
) -> None:
    """Say so where numbers arrive coarser than their errors.

    Parameters
    ----------
    steps
        Of each column; 0: not seen.
    errors
        1σ of each in the same unit.
    unit
        For the message.
    of_what
        Whose errors they are.
    where
        For messages.
    """
    coarse = [n for n, step in steps.items() if step > errors[n] > 0]
    if not coarse:
        return
    told = ", ".join(
        f"{n} in steps of {steps[n]:.3g} {unit}, {_times(steps[n] / errors[n])} "
        f"{of_what} ({errors[n]:.3g} {unit})"
        for n in coarse
    )
    worst = max(steps[n] for n in coarse)
    warn(
        f"{where}: the table gives {told}: rounding alone scatters them by "
        f"{worst / np.sqrt(12):.2g} {unit}, which no error says; write more digits, "
        "in 64 bits, or larger errors",
        ReseauWarning,
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2g} times" if ratio < 100 else f"{ratio:,.0f} times"


def _spacing(sample: NDArray) -> float:
    return float(np.spacing(np.abs(sample).max().astype(np.float32)))


def _is_single(sample: NDArray) -> bool:
    with np.errstate(over="ignore"):
        return bool((sample.astype(np.float32).astype(float) == sample).all())


def _decimal_step(sample: NDArray) -> float:
    for decimals in range(_DECIMALS + 1):
        off = np.abs(np.round(sample, decimals) - sample)
        if (off <= 4 * np.spacing(np.abs(sample))).all():
            return float(10.0**-decimals)
    return 0.0


__all__ = ["FEWEST", "step_in", "step_of", "warn_of_steps"]
