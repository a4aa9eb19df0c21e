"""Messages in the words of whoever reads them: options of the command, or Python's.

Messages are written with the command's options, ``--first-pixel 1``. Raised from Python
they say the argument, ``first_pixel=1``; raised by the command they stay as they are.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .settings import GAUSS_NEWTON, NUTS, SETTINGS, SVI

_typed: ContextVar[bool] = ContextVar("typed", default=False)

CLASSES = {GAUSS_NEWTON: "GaussNewton", SVI: "Variational", NUTS: "Nuts"}
"""What a method is called in Python."""

_BY_OPTION = {s.typed: s for s in SETTINGS}
_OF_INSTRUMENT = ("degree", "degree_kind", "minimum_degree")
_OF_CAMERA = ("scale", "focal_prior")
_FLAGS = ("--overwrite", "--allow-outside", "--resume", "--json", "--small")

_VALUES = sorted(
    {n for s in SETTINGS for n in (*s.names, *s.completes)} | {"auto", "null"}
)
_OPTION = re.compile(
    r"(--[a-z][a-z]*(?:-[a-z]+)*)"
    r"(?:[ ]("
    r"\"[^\"]*\""  # a quoted value
    r"|\w+=[^\s;]*[^\s;,.]"  # name=value
    r"|[A-Z][A-Z|,]+\b"  # what stands for a value
    r"|-?\d[\w.,]*\b"  # a number
    rf"|(?:{'|'.join(map(re.escape, _VALUES))})(?![\w:-])"
    r"))?"
)


@contextmanager
def as_typed() -> Iterator[None]:
    """Leave messages as the command's, whose user types options."""
    token = _typed.set(True)
    try:
        yield
    finally:
        _typed.reset(token)


def is_typed() -> bool:
    """Return whether messages are the command's."""
    return _typed.get()


def spoken(text: str) -> str:
    """Return a message with its options in Python's words, unless they are typed.

    Parameters
    ----------
    text
        With options as they are typed.
    """
    if _typed.get():
        return text
    return _OPTION.sub(_argument, _BOTH_TAILS.sub(_both_tails, text))


_BOTH_TAILS = re.compile(r"--likelihood (\w+)(?: and)? --reference-prior (\w+)")


def _both_tails(found: re.Match[str]) -> str:
    of_data, of_references = found.groups()
    inside = f'"{of_data}"'
    if of_data != of_references:
        inside = f'{inside}, references="{of_references}"'
    return f"method=GaussNewton(robust=Robust({inside}))"


def _argument(found: re.Match[str]) -> str:
    option, value = found.group(1), found.group(2)
    setting = _BY_OPTION.get(option)
    if setting is None:
        name = option[2:].replace("-", "_")
        return _with(name, "True" if option in _FLAGS else value)
    own = _OF_THEIR_OWN.get((setting.name, value)) or _OF_THEIR_OWN.get(setting.name)
    if own is not None:
        return own.format(_written(value) or "")
    shown = "True" if setting.kind == "flag" else _written(value)
    inside = _with(setting.name, shown)
    if setting.name in _OF_INSTRUMENT:
        return f"instrument.with_distortion({inside})"
    if setting.name in _OF_CAMERA:
        return f"the instrument's {inside}"
    if setting.method is not None:
        return f"{CLASSES[setting.method]}({inside})"
    return inside


_OF_THEIR_OWN: dict[object, str] = {
    "reference": "reference=False",
    **{("method", name): f"method={kind}()" for name, kind in CLASSES.items()},
    "method": "method",
    ("reference_table", None): "reference",
    "reference_table": "reference={}",
    "likelihood": "method=GaussNewton(robust=Robust({}))",
    ("reference_prior", None): "method=GaussNewton(robust=Robust(references))",
    "reference_prior": "method=GaussNewton(robust=Robust(references={}))",
    ("degree", "auto"): "choose_degree=True",
    ("distortion", None): "instrument.with_distortion()",
    "distortion": "instrument.with_distortion({})",
}
"""What is said otherwise than as an argument of the same name, with a value or without.
"""


def _with(name: str, value: str | None) -> str:
    return name if value is None else f"{name}={value}"


def _written(value: str | None) -> str | None:
    """Return a value as Python writes it; what stands for one, as an ellipsis."""
    if value is None or value[0] == '"':
        return value
    if re.fullmatch(r"[A-Z][A-Z|,]+", value):
        return "..."
    return value if re.fullmatch(r"-?\d+(\.\d*)?", value) else f'"{value}"'


__all__ = ["as_typed", "is_typed", "spoken"]
