"""When a table's header says that its exposure was taken."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from astropy.time import Time
from erfa import ErfaWarning

from reseau.errors import CatalogueError, explain, some
from reseau.synonyms import plain

from .epoch_numbers import MJD_RANGE, SCALES

MIDDLE = ("mjdavg", "mjdmid", "mjdmean", "expmid", "dateavg", "datemid")
BEGIN = ("mjdobs", "mjdbeg", "expstart", "mjdstart", "dateobs", "datebeg")
END = ("mjdend", "expend")
_ENDS = {"mjdbeg": "mjdend", "expstart": "expend"}
JULIAN = ("jd", "hjd", "bjd", "juldate", "jdmid")
EPOCHS = ("epoch", "timesys", "timeobs", *MIDDLE, *BEGIN, *END, *JULIAN)
"""Keywords that say when; plain spelling."""

ALIKE = 1.0
"""Times further apart contradict each other [d]."""


class HeaderEpoch(NamedTuple):
    """An epoch, as `epochs.read_epochs` reads it.

    Attributes
    ----------
    value, unit
        A number or a text, and what it is: "mjd utc", "iso utc", or empty.
    of_what
        The keyword, and what of the exposure it is.
    """

    value: float | str
    unit: str
    of_what: str


def epoch_in_header(
    keywords: Mapping[str, str | float], where: str | Path
) -> HeaderEpoch | None:
    """Return when an exposure was taken, the middle if it is known; None: unknown.

    Parameters
    ----------
    keywords
        Of the header.
    where
        For messages.

    Raises
    ------
    CatalogueError
        Two keywords are more than a day apart.
    """
    # EPOCH in capitals is FITS's old name of the equinox.
    if "epoch" in keywords:
        return HeaderEpoch(keywords["epoch"], "", "epoch")
    names = {plain(key): key for key in keywords}
    scale = str(keywords.get(names.get("timesys", ""), "utc")).lower()
    scale = scale if scale in SCALES else "utc"
    days = {}
    for name in (*MIDDLE, *BEGIN, *END):
        if name in names:
            day = _day(name, names, keywords)
            if day is not None:
                days[name] = day
    ordered = [n for n in (*MIDDLE, *BEGIN) if n in days]
    if not ordered:
        return None
    if max(days[n] for n in ordered) - min(days[n] for n in ordered) > ALIKE:
        raise _contradiction({names[n]: keywords[names[n]] for n in ordered}, where)
    for begin, end in _ENDS.items():
        if ordered[0] not in MIDDLE and begin in days and end in days:
            middle = 0.5 * (days[begin] + days[end])
            what = f"MJD, between {names[begin]} and {names[end]}, {scale.upper()}"
            return HeaderEpoch(middle, f"mjd {scale}", what)
    best = ordered[0]
    when = "middle" if best in MIDDLE else "begin"
    what = f"MJD, {names[best]}, {scale.upper()}, {when} of the exposure"
    return HeaderEpoch(days[best], f"mjd {scale}", what)


EQUINOXES = (1900.0, 1950.0, 1991.25, 2000.0)
"""What EPOCH in capitals says of coordinates, and hardly of exposures."""


def unread_times(keywords: Mapping[str, str | float]) -> dict[str, str]:
    """Return keywords that look like a time and are not read, and how to say it.

    Parameters
    ----------
    keywords
        Of a header of which `epoch_in_header` found nothing.
    """
    found = {}
    for key, value in keywords.items():
        name = plain(key)
        if name in JULIAN and _is_number(value):
            found[key] = f"epoch={key}[jd]"
        elif name == "epoch" and value not in EQUINOXES and _is_number(value):
            found[key] = f"epoch={value}"
        elif name in (*MIDDLE, *BEGIN) and value not in (0, "0", ""):
            found[key] = "epoch=2020-05-31T12:00"
    return found


def _is_number(value: str | float) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _day(
    name: str, names: Mapping[str, str], keywords: Mapping[str, str | float]
) -> float | None:
    # As MJD; None: it is no time.
    value = keywords[names[name]]
    if name.startswith("date"):
        text = str(value).strip().removesuffix("Z")
        clock = str(keywords.get(names.get("timeobs", ""), "")).strip()
        if name == "dateobs" and clock and "T" not in text:
            text = f"{text}T{clock}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ErfaWarning)
            try:
                return float(Time(text, scale="utc").mjd)
            except ValueError:
                return None
    try:
        day = float(value)
    except ValueError:
        return None
    return day if MJD_RANGE[0] <= day <= MJD_RANGE[1] else None


def _contradiction(
    found: Mapping[str, str | float], where: str | Path
) -> CatalogueError:
    return CatalogueError(
        explain(
            given="no column epoch, and the header says "
            + some([f"{k} = {v}" for k, v in found.items()]),
            wanted="times of one exposure",
            where=f"{where}, header",
            todo="say the right one: --epoch 2020-05-31T12:00",
        )
    )


__all__ = ["EPOCHS", "HeaderEpoch", "epoch_in_header", "unread_times"]
