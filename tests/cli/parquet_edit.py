"""Change the tables of a dataset, to spoil them."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def change(
    file: Path, edit: Callable[[dict[str, pa.ChunkedArray]], dict[str, pa.ChunkedArray]]
) -> None:
    """Rewrite a Parquet file; fields keep their units."""
    table = pq.read_table(file)
    fields = {f.name: f for f in table.schema}
    columns = edit({name: table[name] for name in table.column_names})
    arrays = {n: c if hasattr(c, "type") else pa.array(c) for n, c in columns.items()}
    schema = pa.schema(
        [
            fields[n].with_type(a.type) if n in fields else pa.field(n, a.type)
            for n, a in arrays.items()
        ]
    )
    pq.write_table(pa.Table.from_arrays(list(arrays.values()), schema=schema), file)
