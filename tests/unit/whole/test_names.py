"""No function reads a name that its module lacks.

Linters cannot tell: the axes of shapes, ``Float[Array, "n 3"]``, look like such names.
"""

import builtins
import dis
import importlib
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import reseau

ROOT = Path(reseau.__file__).parent
MODULES = sorted(
    ".".join(("reseau", *p.relative_to(ROOT).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    for p in ROOT.rglob("*.py")
    if p.name != "__main__.py"
)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            yield from codes(inner)


def globals_read(code: types.CodeType) -> set[str]:
    return {
        str(i.argval)
        for c in codes(code)
        for i in dis.get_instructions(c)
        if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }


@pytest.mark.parametrize("room", sorted({n.split(".")[1] for n in MODULES if "." in n}))
def test_every_name_is_there(room: str) -> None:
    for name in MODULES:
        if not name.startswith((f"reseau.{room}.", f"reseau.{room}")):
            continue
        module = importlib.import_module(name)
        assert module.__file__ is not None
        source = Path(module.__file__).read_text(encoding="utf-8")
        read = globals_read(compile(source, module.__file__, "exec"))
        # The last are of classes' own bodies.
        known = {*vars(module), *vars(builtins), "__annotations__", "__module__"}
        stored = {
            str(i.argval)
            for c in codes(compile(source, name, "exec"))
            for i in dis.get_instructions(c)
            if i.opname in ("STORE_NAME", "STORE_GLOBAL")
        }
        missing = read - known - stored
        assert not missing, (name, missing)
