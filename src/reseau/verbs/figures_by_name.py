"""Figures as methods: each by the name of its kind, listed by `dir`."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from reseau.errors import ConfigError, explain, unknown_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class FiguresByName:
    """The figures of one result, each by a method of the name of its kind.

    Parameters
    ----------
    where
        What it is called in messages.
    wanted
        What a figure that cannot be drawn would need.
    also
        Other names of kinds.
    """

    def __init__(
        self, where: str, wanted: str, also: Mapping[str, str] | None = None
    ) -> None:
        self._where, self._wanted, self._also = where, wanted, dict(also or {})

    def _kinds(self) -> Mapping[str, Any]:
        """Return the kinds that there are."""
        raise NotImplementedError

    def _given(self, **choices: Any) -> Any:
        """Return what figures are drawn from."""
        raise NotImplementedError

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._also, *self._kinds()})

    def __getattr__(self, name: str) -> Callable[..., "Figure"]:
        if name.startswith("_"):
            raise AttributeError(name)
        kinds, kind = self._kinds(), self._also.get(name, name)
        if kind not in kinds:
            raise AttributeError(
                str(unknown_name("figure", name, tuple(kinds), where=self._where))
            )
        return partial(self._draw, kind)

    def _draw(self, kind: str, **choices: Any) -> "Figure":
        given, chosen = self._given(**choices), self._kinds()[kind]
        why = chosen.lacks(given)
        if why:
            raise ConfigError(
                explain(
                    given=f"the figure {kind} cannot be drawn: {why}",
                    wanted=self._wanted,
                    where=self._where,
                    todo="draw another one",
                )
            )
        drawn: Figure = drawing().drawn_figure(chosen, given)
        return drawn


def drawing() -> Any:
    """Return the room that draws, when it is first needed: matplotlib is slow."""
    return import_module("reseau.verbs.plot")


__all__ = ["FiguresByName", "drawing"]
