"""Tables with columns renamed, retyped, emptied or doubled: read, or refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reseau.catalogue import Catalogue
from reseau.datasets import read_instrument
from reseau.errors import ReseauError
from reseau.exchange import read_detections
from reseau.synonyms import SYNONYMS
from reseau.tables.naming.column_names import KNOWN

N = 8
NAMES = [*KNOWN, *(s.name for s in SYNONYMS), "", "ra "]
UNITS = ("pix", "um", "deg", "'deg'", "h", "MAS/YR", "mjd", "d", "iso", "Mas", "[", "")
MUTATIONS: tuple[Callable[[list], Any], ...] = (
    lambda v: [str(a) for a in v],
    lambda v: [None, *v[1:]],
    lambda v: [None] * len(v),
    lambda v: [""] * len(v),
    lambda v: [np.inf] * len(v),
    lambda v: np.arange(len(v), dtype=np.float32),
    lambda v: [f"{i + 20}:35:{i}.5" for i in range(len(v))],
    lambda v: [-1] * len(v),
    lambda v: [f"Gaia DR3 {i}" for i in range(len(v))],
    lambda v: np.full(len(v), "2020-01-01", "datetime64[s]"),
    lambda v: [{"a": 1}] * len(v),
    lambda v: [[1, 2]] * len(v),
    lambda v: [b"a"] * len(v),
    lambda v: pa.array([str(i % 3) for i in range(len(v))]).dictionary_encode(),
    lambda v: np.full(len(v), 2**64 - 1, np.uint64),
    lambda v: [57388.0] * len(v),
    lambda v: [True] * len(v),
)


def mutated(rng: np.random.Generator) -> pa.Table:
    """Return a good table of detections with references, spoilt in up to three ways."""
    half = N // 2
    columns: dict[str, Any] = {
        "source_id": [*range(half), *range(half)],
        "exposure_id": [1] * half + [2] * half,
        "ra": [*rng.uniform(0, 360, half)] * 2,
        "dec": [*rng.uniform(-90, 90, half)] * 2,
        "x": [*rng.normal(size=N)],
        "y": [*rng.normal(size=N)],
    }
    columns |= {n: [0.01] * N for n in ("x_error", "y_error", "ra_error", "dec_error")}
    columns |= {n: [1.0] * N for n in ("pmra", "pmdec")}
    columns |= {"ref_epoch": [2016.0] * N, "epoch": [2020.0] * N}
    for _ in range(rng.integers(1, 4)):
        name = rng.choice(list(columns))
        values = columns[name]
        kind = rng.integers(4)
        if kind == 0:
            del columns[name]
        if kind in (1, 2):
            columns[name] = MUTATIONS[rng.integers(len(MUTATIONS))]([*range(N)])
        if kind in (2, 3):
            columns[str(rng.choice(NAMES))] = columns.pop(name, values)
    arrays = [pa.array(v) for v in columns.values()]
    fields = []
    for name, array in zip(columns, arrays, strict=True):
        unit = "um" if name in ("x", "y") else ""
        unit = str(rng.choice(UNITS)) if rng.random() < 0.1 else unit
        fields.append(pa.field(name, array.type, metadata={"unit": unit}))
    if rng.random() < 0.2:
        arrays, fields = [*arrays, arrays[0]], [*fields, fields[0]]
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    return table.slice(0, rng.integers(0, 3)) if rng.random() < 0.1 else table


@pytest.mark.filterwarnings("ignore::reseau.errors.ReseauWarning")
@pytest.mark.parametrize("seed", range(5))
def test_no_other_error_than_ours(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plane = read_instrument("challenge")
    places = {"source_id": [0, 1, 2, 3], "x": [1.5, 2.5, 3.5, 4.25], "y": [1.0] * 4}
    good, said = 0, []
    for i in range(20):
        table = mutated(rng)
        try:
            match i % 3:
                case 0:
                    read_detections(table, instrument=plane)
                case 1:
                    Catalogue.read(table.slice(0, N // 2)).astrometry()
                case _:
                    read_detections(
                        places,
                        instrument=plane,
                        columns="x=x[um],y=y[um]",
                        reference=table.slice(0, N // 2),
                    )
            good += 1
        except ReseauError as error:
            said.append(str(error))
    assert good > 0
    assert all("to do:" in text for text in said)
