"""Units as people spell them: ``pixels``, ``'deg'``, ``MAS/YR``, ``mas.yr-1``."""

import re

import astropy.units as u

_SPELLINGS = {
    "pixel": "pixel pixels pix px",
    "deg": "deg degree degrees degs ° decdeg",
    "arcsec": "arcsec arcsecs arcsecond arcseconds asec \" ″ ''",
    "arcmin": "arcmin arcmins arcminute arcminutes amin ' ′",
    "mas": "mas milliarcsec milliarcsecond milliarcseconds",
    "uas": "uas μas µas microarcsec microarcsecond microarcseconds",
    "um": "um μm µm micron microns micrometer micrometers micrometre micrometres",
    "mm": "mm millimeter millimeters millimetre millimetres",
    "hourangle": "hourangle hourangles hms hours",
    "rad": "rad radian radians",
    "yr": "yr year years julianyear julianyears jyr a",
    "mag": "mag mags magnitude magnitudes",
    "km/s": "km/s kms km.s-1 kms-1",
    "": "none unitless dimensionless -",
}
_KNOWN = {word: unit for unit, words in _SPELLINGS.items() for word in words.split()}
_QUOTED = re.compile(r"""^(['"])(.+)\1$""")


def unit_of_name(text: str) -> u.UnitBase | None:
    """Return astropy's unit of a name as people spell it; None: not known.

    Parameters
    ----------
    text
        Quotes, plurals and capitals do not count where nothing else is meant: `Mas`
        stays what it is, a million of astropy's `as`, and is not milliarcseconds.

    Examples
    --------
    >>> unit_of_name("MAS/YR")
    Unit("mas / yr")
    """
    text = text.strip()
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        text = quoted[2].strip()
    for spelling in _candidates(text):
        unit = _parsed(spelling)
        if unit is not None:
            return unit
    return None


def _candidates(text: str) -> list[str]:
    lower = text.lower()
    found = [text]
    word = lower.replace(" ", "")
    if text in _KNOWN or (word in _KNOWN and _is_plain(text)):
        found.insert(0, _KNOWN[text if text in _KNOWN else word])
    if _is_plain(text):
        parts = re.split(r"(\s*/\s*|\s+per\s+)", lower)
        if len(parts) == 3:
            top, _, bottom = (_KNOWN.get(p.strip(), p.strip()) for p in parts)
            found.append(f"{top}/{bottom}")
        found.append(lower)
    return found


def _is_plain(text: str) -> bool:
    # All capitals, all small, or Titled words longer than a prefix and a unit.
    words = re.findall(r"[^\W\d_]+", text)
    return all(w.isupper() or w.islower() or len(w) > 3 for w in words)


def _parsed(text: str) -> u.UnitBase | None:
    for form in (None, "vounit", "cds", "fits"):
        try:
            return u.Unit(text, format=form)
        except (ValueError, TypeError):
            continue
    return None


__all__ = ["unit_of_name"]
