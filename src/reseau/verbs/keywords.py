"""Functions whose many keywords are declared as a record."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def with_keywords(record: type) -> Callable[[Function], Function]:
    """Return what shows a record's entries as keywords of a function, for `help`.

    Parameters
    ----------
    record
        A typed dictionary; none of its entries is required.
    """

    def shown(function: Function) -> Function:
        own = inspect.signature(function)
        given = list(own.parameters.values())
        rest = [p for p in given if p.kind is p.VAR_KEYWORD]
        kept = [p for p in given if p.kind is not p.VAR_KEYWORD]
        more = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind
            )
            for name, kind in record.__annotations__.items()
        ]
        whole = own.replace(parameters=[*kept, *more, *rest])
        function.__signature__ = whole  # type: ignore[attr-defined]
        return function

    return shown


__all__ = ["with_keywords"]
