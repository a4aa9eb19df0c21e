"""In which frame a table says that its positions are: ICRS, or it is asked about.

Headers name it with RADESYS and EQUINOX, a VOTable with COOSYS. Positions are taken as
they stand, so a table in any other frame is refused; FK5 of J2000 is said of so many
catalogues in ICRS that it is taken with a word.
"""

import re
from pathlib import Path

import pyarrow as pa

from reseau.errors import CatalogueError, ReseauWarning, explain, warn
from reseau.synonyms import plain

from .header_keywords import kept_keywords

FRAME, EPOCH = "frame", "frame_epoch"
"""Keys of a field's metadata: the frame of the column, and when its positions hold."""

_YEAR = re.compile(r"([JB]?)\s*(\d{4}(?:\.\d*)?)", re.IGNORECASE)
_ICRS = ("", "icrs", "icrf", "icrf1", "icrf2", "icrf3", "gaiacrf", "gaiacrf3")
_OTHERS = {
    "fk5": "FK5",
    "fk4": "FK4",
    "fk4noe": "FK4 without E-terms",
    "gappt": "geocentric apparent places",
    "eclfk4": "the ecliptic of FK4",
    "eclfk5": "the ecliptic of FK5",
    "ecliptic": "the ecliptic",
    "galactic": "galactic coordinates",
    "galacticii": "galactic coordinates",
    "supergalactic": "supergalactic coordinates",
    "azel": "azimuth and elevation",
}
_SAID = ("radesys", "radecsys")


def check_frame(table: pa.Table, where: str | Path) -> None:
    """Refuse positions that are said to be in another frame than ICRS.

    Parameters
    ----------
    table
        With our names; what its header says is in the metadata.
    where
        For messages.

    Raises
    ------
    CatalogueError
        They are of FK4, of another equinox than J2000, galactic, ...

    Warns
    -----
    ReseauWarning
        They are said to be of FK5, or of a frame that is not known.
    """
    if "ra" not in table.column_names:
        return
    system, equinox, said = _stated(table)
    name = plain(system).removeprefix("eq")
    year = _YEAR.fullmatch(equinox.strip())
    is_2000 = not year or (float(year[2]) == 2000.0 and year[1].upper() != "B")
    known = _OTHERS.get(name, f"the frame {system}")
    if name in _ICRS:
        if is_2000 or name:
            return  # ICRS has no equinox
        known = "equatorial coordinates"
    if name in ("fk5", *_ICRS) or name not in _OTHERS:
        if not is_2000:
            raise _refusal(f"{known} of equinox {equinox}", said, where)
        _tell(known, said, where, is_known=name == "fk5")
        return
    raise _refusal(known + (f" of equinox {equinox}" if year else ""), said, where)


def _stated(table: pa.Table) -> tuple[str, str, str]:
    # The system and the equinox, and who says so.
    own = (table.schema.field("ra").metadata or {}).get(FRAME.encode(), b"").decode()
    if own.strip():
        system, _, equinox = own.partition(" ")
        return system, equinox, f"COOSYS {own}"
    found = {plain(k): (k, str(v)) for k, v in kept_keywords(table).items()}
    system_key = next((n for n in _SAID if n in found), "")
    # FITS's old name of the equinox; of a table in memory it may be anything.
    equinox_key = next((n for n in ("equinox",) if n in found), "")
    if "epoch" in found and not equinox_key and found["epoch"][0] == "EPOCH":
        old = _YEAR.fullmatch(found["epoch"][1])
        if old and float(old[2]) in (1900.0, 1950.0):
            equinox_key = "epoch"
    told = [f"{found[k][0]} = {found[k][1]}" for k in (system_key, equinox_key) if k]
    system = found[system_key][1] if system_key else ""
    equinox = found[equinox_key][1] if equinox_key else ""
    return system, equinox, ", ".join(told)


def _refusal(given: str, said: str, where: str | Path) -> CatalogueError:
    return CatalogueError(
        explain(
            given=f"ra and dec are said to be {given} ({said})",
            wanted="positions and motions in ICRS",
            where=f"{where}, header",
            todo="turn them and write them anew: "
            "astropy.coordinates.SkyCoord(..., frame=...).icrs; if the header is wrong "
            "and they are ICRS, correct it",
        )
    )


def _tell(known: str, said: str, where: str | Path, *, is_known: bool) -> None:
    size = (
        "FK5 of J2000 is turned off ICRS by up to 32 mas and 1 mas/yr, and is said of "
        "many catalogues that are in ICRS"
        if is_known
        else "which is not known here"
    )
    warn(
        f"{where}: ra and dec are said to be {known} ({said}) and are taken as ICRS: "
        f"{size}; if they are not, turn them with astropy's SkyCoord(...).icrs first",
        ReseauWarning,
    )


def with_stated_epoch(table: pa.Table, where: str | Path) -> pa.Table:
    """Return the table with `ref_epoch` where only the frame's declaration says it.

    Parameters
    ----------
    table
        With our names.
    where
        For messages.

    Warns
    -----
    ReseauWarning
        It was taken from there.
    """
    names = table.column_names
    if "ra" not in names or "ref_epoch" in names:
        return table
    text = (table.schema.field("ra").metadata or {}).get(EPOCH.encode(), b"").decode()
    year = _YEAR.fullmatch(text.strip())
    if not year or year[1].upper() == "B":
        return table
    warn(
        f"{where}: no column says when the positions hold, but the COOSYS of ra does: "
        f"ref_epoch = {text}",
        ReseauWarning,
    )
    field = pa.field("ref_epoch", pa.float64(), metadata={"unit": "yr"})
    values = pa.array([float(year[2])] * table.num_rows, pa.float64())
    return table.append_column(field, values)


__all__ = ["EPOCH", "FRAME", "check_frame", "with_stated_epoch"]
