"""Datasets and solutions that somebody has touched: nothing but our errors may come.

``python tests/attack.py 1000`` tries that many, numbered from 0; each number says all.
"""

import json
import shutil
import sys
import time
import tomllib
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from reseau.errors import ReseauError

HUGE = 10**400
STRANGE: tuple[Any, ...] = (
    *(-1, 0, 2**31, 2**63 - 1, 2**64, HUGE, -HUGE, 1e308, -1e308, 5e-324),
    *(float("nan"), float("inf"), None, True, "", "ü\u202e\x00", "../../etc/passwd"),
    *([], {}, [[[]]], {"a": {"b": 1}}, "1e5", [None] * 3, "x" * 10_000),
)
"""Values for the keys of TOML and JSON."""


def attacked(folder: Path, number: int) -> str:
    """Change something in a folder, and return what in words."""
    rng = np.random.default_rng(number)
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    file = files[rng.integers(len(files))]
    by_suffix = {
        ".toml": _toml,
        ".json": _json,
        ".npz": _archive,
        ".parquet": _parquet,
    }
    ways: list[Callable[[Path, np.random.Generator], str]] = [_bytes, _any]
    ways += [by_suffix[file.suffix]] * 5
    way = ways[rng.integers(len(ways))]
    return f"{file.name}: {way(file, rng)}"


def _pick(rng: np.random.Generator) -> Any:
    return STRANGE[rng.integers(len(STRANGE))]


def _bytes(file: Path, rng: np.random.Generator) -> str:
    content = bytearray(file.read_bytes())
    if rng.random() < 0.4:
        size = int(rng.integers(len(content) + 1))
        file.write_bytes(content[:size])
        return f"cut to {size} bytes"
    for at in rng.integers(len(content), size=rng.integers(1, 20)):
        content[at] ^= 1 << rng.integers(8)
    file.write_bytes(content)
    return "bits flipped"


def _any(file: Path, rng: np.random.Generator) -> str:
    what = rng.integers(4)
    if what == 0:
        file.unlink()
        return "missing"
    if what == 1:
        file.write_bytes(b"")
        return "empty"
    if what == 2:
        file.unlink()
        file.mkdir()
        return "a directory"
    (file.parent / "more.parquet").write_bytes(b"PAR1")
    (file.parent / "measurements" / "plate_id=99999999999999").mkdir(parents=True)
    part = file.parent / "measurements" / "plate_id=99999999999999" / "a.parquet"
    part.write_bytes(b"PAR1")
    return "files beside it"


def _spoil(content: Any, rng: np.random.Generator) -> str:
    """Change one value in nested dicts and lists."""
    path = []
    while True:
        keys = list(content) if isinstance(content, dict) else range(len(content))
        key = list(keys)[rng.integers(len(keys))]
        path.append(str(key))
        inner = content[key]
        if not isinstance(inner, (dict, list)) or not inner or rng.random() < 0.2:
            break
        content = inner
    if isinstance(content, dict) and rng.random() < 0.15:
        del content[key]
        return f"{'.'.join(path)} removed"
    content[key] = _pick(rng)
    return f"{'.'.join(path)} = {repr(content[key])[:40]}"


def _json(file: Path, rng: np.random.Generator) -> str:
    if rng.random() < 0.1:
        file.write_text("[" * 100_000)
        return "nested"
    content = json.loads(file.read_text(encoding="utf-8"))
    said = _spoil(content, rng)
    sys.set_int_max_str_digits(0)
    file.write_text(json.dumps(content), encoding="utf-8")
    sys.set_int_max_str_digits(4300)
    return said


def _toml(file: Path, rng: np.random.Generator) -> str:
    text = file.read_text(encoding="utf-8")
    what = rng.random()
    if what < 0.1:
        file.write_text(text + "\nname = " + "[" * 50_000 + "]" * 50_000)
        return "nested"
    if what < 0.2:
        file.write_text("a = {b = " * 3000 + "1" + "}" * 3000 + "\n" + text)
        return "nested tables"
    content = tomllib.loads(text)
    said = _spoil(content, rng)
    file.write_text(_as_toml(content), encoding="utf-8")
    return said


def _as_toml(content: dict[str, Any]) -> str:
    """Return TOML of inline values, which may be anything."""
    lines = [f"{k} = {_inline(v)}" for k, v in content.items()]
    return "\n".join(lines) + "\n"


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}" = {_inline(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return '"none"'
    return json.dumps(value) if isinstance(value, str) else str(value)


def _archive(file: Path, rng: np.random.Generator) -> str:
    with np.load(file) as archive:
        arrays = dict(archive)
    name = list(arrays)[rng.integers(len(arrays))]
    array = arrays[name]
    what = rng.integers(6)
    if what == 0:
        del arrays[name]
    elif what == 1:
        arrays[name] = array.astype(str)
    elif what == 2:
        arrays[name] = np.zeros((3, *array.shape))
    elif what == 3:
        arrays[name] = array.reshape(-1)[: array.size // 2]
    elif what == 4:
        arrays["surplus"] = np.zeros(3)
    np.savez(file, **arrays)
    if what == 5:
        content = file.read_bytes()
        shape = str(array.shape).encode()
        wanted = b"(10000000000000,)"
        at = content.find(shape + b", }")
        end = content.find(b"\n", at)
        if at > 0 and len(shape) + end - at > len(wanted) + 3:
            new = wanted + b", }"
            content = content[:at] + new.ljust(end - at) + content[end:]
            file.write_bytes(content)
    return f"{name}, way {what}"


def _parquet(file: Path, rng: np.random.Generator) -> str:
    table = pq.read_table(file)
    at = int(rng.integers(table.num_columns))
    name = table.column_names[at]
    n = table.num_rows
    what = int(rng.integers(8))
    new: dict[int, Any] = {
        0: lambda: table.remove_column(at),
        1: lambda: table.set_column(at, name, pa.array(["ü"] * n)),
        2: lambda: table.set_column(at, name, pa.array([2**63 - 1] * n)),
        3: lambda: table.set_column(at, name, pa.array([-1e308] * n)),
        4: lambda: table.set_column(at, name, pa.array([None] * n, pa.float64())),
        5: lambda: table.slice(0, int(rng.integers(n + 1)) // 2),
        6: lambda: table.rename_columns([f"{c} ü" for c in table.column_names]),
        7: lambda: pa.concat_tables([table, table]),
    }
    pq.write_table(new[what](), file)
    return f"{name}, way {what}"


def tried(folder: Path) -> None:
    """Read all that can be read of a dataset or a solution."""
    from reseau.datasets import read_dataset, read_truth
    from reseau.diagnostics import compare_solutions
    from reseau.diagnostics.comparison.solution import compared_solution
    from reseau.exchange.posteriors import read_posterior
    from reseau.plates import prepare
    from reseau.verbs.info import describe

    if folder.name == "solution":
        for each in (compared_solution, read_posterior, describe):
            _ours(each, folder)
        _ours(compare_solutions, folder, folder)
        return
    _ours(describe, folder)
    _ours(read_truth, folder)
    _ours(lambda path: prepare(read_dataset(path)), folder)


def _ours(function: Callable[..., Any], *arguments: Any) -> None:
    try:
        function(*arguments)
    except ReseauError as error:
        if "to do:" not in str(error):
            raise AssertionError(str(error)) from error


def run(numbers: range, sources: tuple[Path, Path]) -> list[str]:
    """Attack copies of a dataset and a solution, and return what went wrong."""
    wrong = []
    for number in numbers:
        source = sources[number % 2]
        with TemporaryDirectory() as place, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            folder = Path(place) / ("solution" if number % 2 else "dataset")
            shutil.copytree(source, folder)
            said = attacked(folder, number)
            began = time.perf_counter()
            try:
                tried(folder)
            except Exception:  # noqa: BLE001
                wrong.append(f"{number} {said}\n{traceback.format_exc()}")
            if time.perf_counter() - began > 60:
                wrong.append(f"{number} {said}: endless")
    return wrong


def main() -> None:
    """Attack as often as asked."""
    from reseau.verbs.simulate import simulate
    from reseau.verbs.solve import solve

    warnings.simplefilter("ignore")
    first, last = (int(a) for a in sys.argv[1:3])
    with TemporaryDirectory() as place:
        sources = Path(place) / "dataset", Path(place) / "solution"
        simulate(sources[0], small=True, seed=0, sources=120)
        solve(sources[0], sources[1])
        for start in range(first, last, 20):
            for text in run(range(start, min(start + 20, last)), sources):
                print(text, flush=True)  # noqa: T201
            print(start + 20, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
