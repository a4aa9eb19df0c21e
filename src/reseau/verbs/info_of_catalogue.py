"""What a catalogue of many plates is, for `reseau info`."""

import numpy as np

from reseau.datasets.catalogues import CatalogueTables
from reseau.motions.overview import number_rows

ALL, POSITION, NOTHING = "gaia", "position", "none"
PRIORS = {
    ALL: "all that references say of their stars",
    POSITION: "positions of references at their own epochs",
    NOTHING: "nothing of the references",
}
"""What counts, in words, by the option of `combine`."""


def catalogue_facts(files: CatalogueTables) -> list[tuple[str, str]]:
    """Return names and values of a catalogue, for people.

    Parameters
    ----------
    files
        What its directory holds.
    """
    found = files.summary
    epochs = files.plates["epoch"].to_numpy()
    inputs = found.get("input", [])
    prior = str(found["prior"])
    return [
        ("input", ", ".join(str(i) for i in inputs) or "unknown"),
        *number_rows(found),
        ("positions only", f"{found['n_positions_only']:,}"),
        ("epochs of plates", f"{np.min(epochs):.6f} to {np.max(epochs):.6f}"),
        ("prior", PRIORS.get(prior, prior)),
        ("positions on plates", _rows(files, "epochs")),
        ("datum", _rows(files, "datum")),
    ]


def _rows(files: CatalogueTables, name: str) -> str:
    table = getattr(files, name)
    if table is not None:
        return f"{table.num_rows:,} rows in {name}.parquet"
    return "not kept: combine with --epochs" if name == "epochs" else "not computed"


__all__ = ["catalogue_facts"]
