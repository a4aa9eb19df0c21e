"""Options of the command from what `reseau.settings` declares."""

import inspect
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from typing import Annotated, Any, TypeVar

import typer

from reseau.settings import SETTINGS, Setting

from ._completion import one_of
from ._guard import names

Verb = TypeVar("Verb", bound=Callable[..., Any])

SINGLE: dict[str, type] = {"text": str, "integer": int, "number": float}


def with_settings(verb: Verb) -> Verb:
    """Give a verb an option for each setting, in place of its ``**chosen``.

    Parameters
    ----------
    verb
        Takes ``**chosen``, the values as they are typed.
    """
    own = inspect.signature(verb)
    kept = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    made = [_parameter(setting) for setting in SETTINGS]
    both = [p.replace(kind=p.KEYWORD_ONLY) for p in [*kept, *made]]
    verb.__signature__ = own.replace(parameters=both)  # type: ignore[attr-defined]
    verb.__annotations__ = {p.name: p.annotation for p in both}
    return verb


def chosen_settings(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by name, of the options' values as they were typed.

    Parameters
    ----------
    typed
        What a verb of `with_settings` was called with.
    """
    return {s.name: _value(s, typed[_name(s)]) for s in SETTINGS}


def _name(setting: Setting) -> str:
    """Return what the option's parameter is called."""
    inverted = setting.kind == "flag" and setting.default
    return f"no_{setting.name}" if inverted else setting.name


def _value(setting: Setting, typed: Any) -> Any:
    if setting.kind == "flag" and setting.default:
        return not typed
    if setting.kind == "names":
        return names(*(typed or ()))
    if setting.name == "degree" and typed is not None:
        # Other texts are judged with the other settings.
        return int(typed) if typed.strip().lstrip("+-").isdigit() else typed
    return typed.value if isinstance(typed, Enum) else typed


def _parameter(setting: Setting) -> inspect.Parameter:
    """Return the parameter that makes typer's option."""
    kind, default = _kind(setting), setting.unless_given
    more: dict[str, Any] = {}
    if setting.kind == "flag":
        default = False
    elif setting.kind == "names":
        kind, default = list[str], None
    elif isinstance(kind, type) and issubclass(kind, StrEnum) and default is not None:
        default = kind(default)
    elif setting.kind == "text" and default is not None:
        default, more["show_default"] = str(default), False
    if setting.kind == "integer":
        more |= {"min": setting.least, "max": setting.most}
    if setting.completes or (setting.names and setting.metavar):
        more["autocompletion"] = one_of(*(setting.completes or setting.names))
    if setting.metavar:
        more["metavar"] = setting.metavar
    option = typer.Option(
        setting.option or setting.typed,
        help=setting.described(),
        rich_help_panel=setting.group,
        **more,
    )
    whole = kind if default is not None else kind | None
    return inspect.Parameter(
        _name(setting),
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[whole, option],
    )


def _kind(setting: Setting) -> Any:
    """Return the type of an option's value: one of few names where typer lists them."""
    if setting.kind in ("flag", "either"):
        return bool
    if setting.names and not setting.metavar:
        members = {n.upper().replace("-", "_"): n for n in setting.names}
        return StrEnum(setting.name, members)
    return SINGLE.get(setting.kind, str)


__all__ = ["chosen_settings", "with_settings"]
