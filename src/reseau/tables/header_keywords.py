"""What a table's header says of all its rows: the keywords that may mean something.

Keywords of FITS, `meta` of ECSV and of astropy's tables, PARAM and INFO of a VOTable,
`attrs` of pandas and the metadata of Arrow count where no column says the same. Two of
them that contradict each other are asked about.
"""

import json
from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from reseau.synonyms import plain
from reseau.tables.times.header_epochs import EPOCHS

KEYWORDS = b"reseau_keywords"
"""Where the schema of an Arrow table keeps them."""

Keywords = Mapping[str, str | int | float]

EXPOSURES = (
    ("exposureid",),
    ("expname", "rootname"),
    ("expnum", "expid", "expno", "exposurenumber"),
    ("obsid", "visitid"),
    ("frame", "frameid", "arcfile", "filename"),
    ("exposure",),
)
"""Keywords that name an exposure, each group before the next; plain spelling."""

DETECTORS = (
    *("detectorid", "detector", "det", "detnum", "detname", "detpos"),
    *("ccdnam", "ccdname", "ccdnum", "ccdchip", "ccd", "ccdid"),
    *("chip", "chipid", "chipnum", "sca", "extname"),
)
"""Keywords that name a detector, if the instrument has one of that name or number."""

SYSTEMS = (
    *("radesys", "radecsys", "equinox"),
    *("mjdref", "mjdrefi", "mjdreff", "jdref", "jdrefi", "jdreff"),
)
"""Keywords that name the frame of positions and the day that times count from."""


def keywords_of(meta: object) -> dict[str, str | int | float]:
    """Return those entries of a table's metadata that may say something here.

    Parameters
    ----------
    meta
        A mapping; entries that are no text and no number are passed over.
    """
    known = {name for group in EXPOSURES for name in group} | {*DETECTORS, *EPOCHS}
    known |= {*SYSTEMS}
    found: dict[str, str | int | float] = {}
    for key, given in (meta if isinstance(meta, Mapping) else {}).items():
        value = given.item() if isinstance(given, np.generic) else given
        if plain(str(key)) not in known or isinstance(value, bool):
            continue
        if isinstance(value, str) and value.strip():
            found[str(key)] = value.strip()
        elif isinstance(value, (int, float)) and np.isfinite(value):
            found[str(key)] = value
    return found


def with_keywords(table: pa.Table, found: Keywords) -> pa.Table:
    """Return the table with keywords kept in its schema.

    Parameters
    ----------
    table
        Of Arrow.
    found
        As of `keywords_of`.
    """
    if not found:
        return table
    kept = {**(table.schema.metadata or {}), KEYWORDS: json.dumps(dict(found)).encode()}
    return table.replace_schema_metadata(kept)


def kept_keywords(table: pa.Table) -> dict[str, str | int | float]:
    """Return the keywords that a table's schema keeps.

    Parameters
    ----------
    table
        As read; what another program wrote into the schema itself counts, too.
    """
    own = {
        k.decode("utf-8", "replace"): v.decode("utf-8", "replace")
        for k, v in (table.schema.metadata or {}).items()
        if k != KEYWORDS
    }
    ours = (table.schema.metadata or {}).get(KEYWORDS)
    return {**keywords_of(own), **(json.loads(ours) if ours else {})}


__all__ = [
    "DETECTORS",
    "EXPOSURES",
    "SYSTEMS",
    "Keywords",
    "kept_keywords",
    "keywords_of",
    "with_keywords",
]
