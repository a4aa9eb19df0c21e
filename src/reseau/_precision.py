"""64 bits: what a pure function takes, and where an entry point computes.

The rooms that compute know neither units nor 32 bits: an angle in degrees or an array
in float32 goes through every formula without a word and comes out wrong. `border` says
of each argument what it is, refuses what is not that, and hands on JAX arrays. It
looks at types and shapes, never at values, so that under `jax.jit` it costs nothing
once the function is compiled.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any, NamedTuple, ParamSpec, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from reseau.errors import PrecisionError, ShapeError, UnitError, explain

P = ParamSpec("P")
R = TypeVar("R")


class Kind(NamedTuple):
    """What one argument is.

    Attributes
    ----------
    unit
        In words, for messages; empty: a number without unit.
    shape
        Of the last axes; empty: any.
    plain
        How to make plain numbers of a quantity called ``{name}``; empty: by the unit.
    hint
        What to do about last axes of another shape.
    """

    unit: str
    shape: tuple[int, ...] = ()
    plain: str = ""
    hint: str = ""


Record = Mapping[str, Kind]
"""The kinds of a record's fields, those of the records inside it included."""


def in_double(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function compute in 64 bits, whatever JAX does outside.

    Parameters
    ----------
    function
        Takes and returns NumPy arrays: what is 64 bits inside would be 32 to JAX
        outside.
    """

    @functools.wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> R:
        with jax.enable_x64(True):
            return function(*args, **kwargs)

    return computed


def border(**kinds: Kind | Record) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function have 64-bit arrays without units in its named arguments.

    Parameters
    ----------
    kinds
        Of each argument that holds numbers. Numbers, sequences and arrays become JAX
        arrays; the leaves of a record are looked at and left; None is passed on.

    Notes
    -----
    The function raises `UnitError` for what carries a unit, `PrecisionError` for what
    has, or would get, fewer than 64 bits, and `ShapeError` for wrong last axes.
    """

    def guard(function: Callable[P, R]) -> Callable[P, R]:
        names = tuple(inspect.signature(function).parameters)
        where = function.__name__

        def pass_on(name: str | None, value: Any) -> Any:
            if name is None or name not in kinds:
                return value
            return _admitted(where, name, value, kinds[name])

        @functools.wraps(function)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            first = [
                pass_on(name, value)
                for name, value in zip_longest(names[: len(args)], args)
            ]
            rest = {name: pass_on(name, value) for name, value in kwargs.items()}
            # They broadcast as NumPy does, also where the user has forbidden it.
            with jax.numpy_rank_promotion("allow"):
                return function(*first, **rest)

        return guarded

    return guard


def refuse_unit(where: str, name: str, value: Any, kind: Kind) -> None:
    """Raise a `UnitError` if an argument, or something in it, carries a unit.

    Parameters
    ----------
    where, name
        The function and its argument.
    value
        What was given.
    kind
        What is wanted.
    """
    for leaf in [value] if isinstance(value, Array) else jax.tree.leaves(value):
        # Arrays have none, and tracers are slow to say so.
        unit = None if isinstance(leaf, Array) else getattr(leaf, "unit", None)
        if unit is not None:
            plain = kind.plain or f'{{name}}.to_value("{kind.unit}")'
            # The column of a table has a unit but cannot convert.
            quantity = name if hasattr(leaf, "to_value") else f"{name}.quantity"
            wanted = f"in {kind.unit}" if kind.unit else "without a unit"
            raise UnitError(
                explain(
                    given=f"{name} has the unit {str(unit) or 'dimensionless'}",
                    wanted=f"plain numbers {wanted}",
                    where=where,
                    todo=f"write {plain.format(name=quantity)}",
                )
            )


def _admitted(where: str, name: str, value: Any, kind: Kind | Record) -> Any:
    if value is None:
        return None
    if isinstance(kind, Kind):
        return _array(where, name, value, kind)
    for path, leaf in jax.tree.leaves_with_path(value):
        field = str(getattr(path[-1], "name", "")) if path else ""
        if field in kind:
            full = name + jax.tree_util.keystr(path)
            refuse_unit(where, full, leaf, kind[field])
            _require_double(where, full, jnp.result_type(leaf))
    return value


def _array(where: str, name: str, value: Any, kind: Kind) -> Array:
    refuse_unit(where, name, value, kind)
    if isinstance(value, np.ndarray):  # FITS has big-endian columns, JAX has not
        value = value.astype(value.dtype.newbyteorder("="), copy=False)
    array = jnp.asarray(value)
    _require_double(where, name, array.dtype)
    if array.shape[max(array.ndim - len(kind.shape), 0) :] != kind.shape:
        wanted = " by ".join(map(str, kind.shape))
        raise ShapeError(
            explain(
                given=f"{name} has the shape {array.shape}",
                wanted=f"{wanted} numbers along the last axes",
                where=where,
                todo=kind.hint or "transpose it, or take the columns that are meant",
            )
        )
    return array.astype(float) if _is_whole(array.dtype) else array


def _is_whole(dtype: np.dtype[Any]) -> bool:
    return jnp.issubdtype(dtype, jnp.integer) or jnp.issubdtype(dtype, jnp.bool_)


def _require_double(where: str, name: str, dtype: np.dtype[Any]) -> None:
    """Refuse numbers that JAX holds, or would hold, in fewer than 64 bits."""
    # Outside the context JAX computes in 32 bits even with arrays made inside it.
    possible = jnp.result_type(float)
    if possible == jnp.float64 and not _is_whole(dtype):
        possible = dtype
    if possible != jnp.float64:
        raise PrecisionError(
            explain(
                given=f"{name} is {possible} to JAX",
                wanted="float64: 32 bits resolve no better than 0.02 arcsec",
                where=where,
                todo="call inside `with jax.enable_x64(True):` with float64 arrays",
            )
        )


__all__ = ["Kind", "Record", "border", "in_double", "refuse_unit"]
