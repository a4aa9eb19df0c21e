"""A table of Arrow from names, columns, units and descriptions."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from reseau.tables.astropy_tables import field_metadata


def table_from(
    names: Sequence[str],
    columns: Sequence[pa.ChunkedArray],
    units: Mapping[str, str],
    descriptions: Mapping[str, str],
) -> pa.Table:
    """Return the table, with units and descriptions in the fields' metadata.

    Parameters
    ----------
    names, columns
        In their order; names may repeat.
    units, descriptions
        By name, as far as known.
    """
    fields = [
        pa.field(
            name,
            column.type,
            metadata=field_metadata(units.get(name), descriptions.get(name), {}),
        )
        for name, column in zip(names, columns, strict=True)
    ]
    return pa.Table.from_arrays(list(columns), schema=pa.schema(fields))


__all__ = ["table_from"]
