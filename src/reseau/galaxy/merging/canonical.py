"""What each survey says, in one form: the columns of every survey after reading.

Positions are in degrees, ICRS, at the row's epoch; errors of positions and motions in
mas and mas/yr, magnitudes Vega's in the survey's own system. What a survey writes for
"missing" is null: NaN, magnitudes of 90 and more, of exactly 0 and of -9 and less
(99.9, -9.99, -9.99995e8), errors that are not greater than 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reseau.errors import CatalogueError, UnitError, explain
from reseau.tables.unit_names import unit_of_name

from .database import name, text
from .opened import Opened
from .recognition import Recognised
from .surveys import BANDS, Rule

UNITS: Mapping[str, str] = {
    **dict.fromkeys(("ra", "dec", "error_angle"), "deg"),
    **dict.fromkeys(("ra_error", "dec_error", "error_major", "error_minor"), "mas"),
    **dict.fromkeys(("pmra", "pmdec", "pmra_error", "pmdec_error"), "mas/yr"),
    **dict.fromkeys(("parallax", "parallax_error"), "mas"),
    **dict.fromkeys(("radial_velocity", "radial_velocity_error"), "km/s"),
    **dict.fromkeys((*BANDS, "BP", "RP"), "mag"),
    **{f"{band}_error": "mag" for band in BANDS},
    **{f"{band}_spread": "mag" for band in BANDS},
    "epoch_jd": "d",
    "epoch_year": "yr",
}
"""Units in which quantities are kept."""

SATURATED = {band: 1 << i for i, band in enumerate(BANDS)}
REJECTED = {band: 1 << (4 + i) for i, band in enumerate(BANDS)}
REPEATED = 1 << 8
"""Bits of the column `marks`: magnitude saturated, magnitude left out by a rule, and
identifier that stands more than once."""

_LARGEST_MOTION = 2e4
"""[mas/yr]; Barnard's star moves by half of it."""


@dataclass(frozen=True)
class Canonical:
    """A survey's table as expressions of the database.

    Attributes
    ----------
    columns
        Expression of each column, by name.
    position
        Condition that a row has a position.
    rules
        Condition that a row falls under each rule that applies, by the rule's name.
    inapplicable
        Names of rules whose column is not in the table.
    dropped
        Condition that a row is spurious as a whole.
    needed
        Columns of the table that are read.
    judged
        Expression of each quantity by which units are judged: what stands there, but
        for what is known to mean that it is missing.
    """

    columns: Mapping[str, str]
    position: str
    rules: Mapping[str, str]
    inapplicable: tuple[str, ...]
    dropped: str
    needed: tuple[str, ...]
    judged: Mapping[str, str]


class _Terms:
    """Expressions of quantities of one table."""

    def __init__(self, found: Recognised, opened: Opened) -> None:
        self.found, self.opened = found, opened

    def has(self, quantity: str) -> bool:
        return quantity in self.found.columns

    def number(self, quantity: str) -> str:
        """Return a number in the unit in which it is kept; anything else is null."""
        column, usual = self.found.columns[quantity]
        factor = _factor(quantity, column, usual, self.opened)
        typed = self.opened.types.get(column, "DOUBLE")
        cast = "TRY_CAST" if typed == "VARCHAR" else "CAST"
        value = f"{cast}({name(column)} AS DOUBLE)"
        if typed in ("FLOAT", "DOUBLE", "VARCHAR"):
            # To the database a NaN is the largest number, and what Parquet says of the
            # largest leaves it out: comparisons alone do not remove it.
            value = f"CASE WHEN isfinite({value}) THEN {value} END"
        return value if factor == 1.0 else f"({value} * {factor!r})"

    def between(self, quantity: str, low: float, high: float) -> str:
        """Return the same where it lies between two numbers, else null."""
        value = self.number(quantity)
        return f"CASE WHEN {value} > {low!r} AND {value} < {high!r} THEN {value} END"


def _factor(quantity: str, column: str, usual: str, opened: Opened) -> float:
    """Return by what a column is multiplied to have the unit in which it is kept."""
    # Not at the top: astropy takes a second.
    import astropy.units as u

    wanted = UNITS.get(quantity, "")
    given = opened.units.get(column, "") or usual
    if not given or not wanted:
        return 1.0
    unit = unit_of_name(given)
    if unit is None or unit == u.dimensionless_unscaled:
        return 1.0
    try:
        return float(unit.to(u.Unit(wanted)))
    except u.UnitConversionError as error:
        raise UnitError(
            explain(
                given=f"the column {column} is in {given}",
                wanted=f"{quantity} in a unit that is converted to {wanted}",
                where=opened.where,
                todo=f"convert it to {wanted}, or name another column",
            )
        ) from error


def canonical(found: Recognised, opened: Opened) -> Canonical:
    """Return how a survey's table is read.

    Parameters
    ----------
    found
        Which survey it is, and its columns.
    opened
        The table.

    Raises
    ------
    UnitError
        A column's unit cannot be converted.
    CatalogueError
        Identifiers are kept as floating-point numbers.
    """
    terms = _Terms(found, opened)
    present = list(opened.types)
    rules, inapplicable, used = _rules(found, present)
    columns = {
        "id": _identifier(found, opened),
        "ra": f"CASE WHEN {terms.number('ra')} < 0 THEN {terms.number('ra')} + 360 "
        f"ELSE {terms.number('ra')} END",
        "dec": terms.number("dec"),
        **_errors(terms),
        "epoch": _epoch(terms),
        **_motion(terms),
    }
    magnitudes = _magnitudes(terms, rules, found)
    columns |= {k: v for k, v in magnitudes.items() if k != "lost"}
    by_row = [f"({rules[r.name]})" for r in found.survey.rules if _is_row(r, rules)]
    dropped = " OR ".join([*by_row, magnitudes["lost"]])
    position = (
        f"{terms.number('ra')} BETWEEN -360 AND 360 "
        f"AND {terms.number('dec')} BETWEEN -90 AND 90"
    )
    needed = tuple(sorted({column for column, _ in found.columns.values()} | used))
    judged = {q: _plain(terms.number(q)) for q in found.columns if q in UNITS}
    return Canonical(columns, position, rules, inapplicable, dropped, needed, judged)


def _plain(value: str) -> str:
    """Return a number where it is none of those that stand for a missing one."""
    return (
        f"CASE WHEN {value} > -9 AND {value} <> 0 AND {value} < 1e9 "
        f"AND NOT ({value} BETWEEN 90 AND 100 OR {value} IN (999, 9999)) "
        f"THEN {value} END"
    )


def _is_row(rule: Rule, rules: Mapping[str, str]) -> bool:
    return rule.scope == "row" and rule.name in rules


def _identifier(found: Recognised, opened: Opened) -> str:
    kind = "BIGINT" if found.survey.id_kind == "integer" else "VARCHAR"
    if "id" not in found.columns:
        return f"CAST(NULL AS {kind})"
    column = found.columns["id"][0]
    typed = opened.types.get(column, "")
    if typed in ("DOUBLE", "FLOAT") or typed.startswith("DECIMAL"):
        raise CatalogueError(
            explain(
                given=f"the identifiers {column} are floating-point numbers ({typed}): "
                "digits beyond the 16th are lost",
                wanted="integers of 64 bits, or text",
                where=opened.where,
                todo="get the table again, with the column as integers; of a table "
                "with missing identifiers, leave those empty",
            )
        )
    if typed == "VARCHAR" and kind == "BIGINT":
        # To the database the text 4.07e18 is an integer too, of digits that are lost.
        whole = f"regexp_full_match(trim({name(column)}), '[+-]?[0-9]+')"
        return f"CASE WHEN {whole} THEN TRY_CAST({name(column)} AS BIGINT) END"
    return f"CAST({name(column)} AS {kind})"


def _errors(terms: _Terms) -> dict[str, str]:
    survey = terms.found.survey
    floor, default = survey.floor_mas**2, survey.position_error_mas
    if terms.has("ra_error") and terms.has("dec_error"):
        east, north = (
            f"power({terms.between(q, 0.0, 1e5)}, 2)" for q in ("ra_error", "dec_error")
        )
    elif terms.has("error_major") and terms.has("error_minor"):
        major, minor = (
            f"power({terms.between(q, 0.0, 1e5)}, 2)"
            for q in ("error_major", "error_minor")
        )
        angle = terms.number("error_angle") if terms.has("error_angle") else "0.0"
        sine = f"power(sin(radians(coalesce({angle}, 0.0))), 2)"
        east = f"({major} * {sine} + {minor} * (1 - {sine}))"
        north = f"({major} * (1 - {sine}) + {minor} * {sine})"
    else:
        east = north = "CAST(NULL AS DOUBLE)"
    return {
        label: f"sqrt(coalesce({square}, {default**2!r}) + {floor!r})"
        for label, square in (("ra_error", east), ("dec_error", north))
    }


def _epoch(terms: _Terms) -> str:
    usual = repr(float(terms.found.survey.epoch))
    if terms.has("epoch_jd"):
        days = terms.between("epoch_jd", 2.3e6, 2.6e6)
        return f"coalesce(2000.0 + ({days} - 2451545.0) / 365.25, {usual})"
    if terms.has("epoch_year"):
        return f"coalesce({terms.between('epoch_year', 1800.0, 2200.0)}, {usual})"
    return f"CAST({usual} AS DOUBLE)"


_OTHERS = {
    "pmra": (-_LARGEST_MOTION, _LARGEST_MOTION),
    "pmdec": (-_LARGEST_MOTION, _LARGEST_MOTION),
    "pmra_error": (0.0, 1e4),
    "pmdec_error": (0.0, 1e4),
    "pmra_pmdec_corr": (-1.0000001, 1.0000001),
    "parallax": (-1e4, 1e4),
    "parallax_error": (0.0, 1e4),
    "ruwe": (0.0, 1e6),
    "radial_velocity": (-2e5, 2e5),
    "radial_velocity_error": (0.0, 1e5),
    "BP": (-9.0, 90.0),
    "RP": (-9.0, 90.0),
}
"""Other quantities, and between which numbers they are not missing."""


def _motion(terms: _Terms) -> dict[str, str]:
    return {q: terms.between(q, *r) for q, r in _OTHERS.items() if terms.has(q)}


def _magnitudes(
    terms: _Terms, rules: Mapping[str, str], found: Recognised
) -> dict[str, str]:
    columns, marks, had, left = {}, [], [], []
    for band in BANDS:
        if not terms.has(band):
            continue
        value = terms.number(band)
        valid = f"({value} > -9 AND {value} < 90 AND {value} <> 0)"
        of_band = [
            rules[r.name]
            for r in found.survey.rules
            if r.scope == band and r.name in rules
        ]
        bad = f"({' OR '.join(f'coalesce({c}, false)' for c in of_band) or 'false'})"
        kept = f"({valid} AND NOT {bad})"
        columns[band] = f"CASE WHEN {kept} THEN {value} END"
        columns[f"{band}_error"] = f"CASE WHEN {kept} THEN {_error(terms, band)} END"
        had.append(valid)
        left.append(kept)
        marks.append(f"CASE WHEN {valid} AND {bad} THEN {REJECTED[band]} ELSE 0 END")
        limit = getattr(found.survey.saturation, band)
        if limit is not None:
            bright = f"{kept} AND {value} < {float(limit)!r}"
            marks.append(f"CASE WHEN {bright} THEN {SATURATED[band]} ELSE 0 END")
    columns["marks"] = f"CAST({' + '.join(marks)} AS INTEGER)"
    some_had = " OR ".join(f"coalesce({c}, false)" for c in had)
    some_left = " OR ".join(f"coalesce({c}, false)" for c in left)
    columns["lost"] = f"(({some_had}) AND NOT ({some_left}))"
    return columns


def _error(terms: _Terms, band: str) -> str:
    if terms.has(f"{band}_error"):
        return terms.between(f"{band}_error", 0.0, 9.0)
    if terms.has(f"{band}_spread"):
        spread = terms.between(f"{band}_spread", 0.0, 9.0)
        if terms.has(f"{band}_epochs"):
            epochs = terms.number(f"{band}_epochs")
            return f"({spread}) / sqrt(greatest(coalesce({epochs}, 1), 1))"
        return spread
    if terms.has(f"{band}_signal"):
        return f"1.0857362 / ({terms.between(f'{band}_signal', 0.0, 1e9)})"
    return "CAST(NULL AS DOUBLE)"


def _rules(
    found: Recognised, present: list[str]
) -> tuple[dict[str, str], tuple[str, ...], set[str]]:
    conditions, inapplicable, used = {}, [], set()
    for rule in found.survey.rules:
        column = found.column_of(rule.column, present)
        if column is None or (rule.scope != "row" and rule.scope not in found.columns):
            inapplicable.append(rule.name)
            continue
        conditions[rule.name] = f"coalesce({_condition(rule, column)}, false)"
        used.add(column)
    return conditions, tuple(inapplicable), used


def _condition(rule: Rule, column: str) -> str:
    if rule.test == "any of":
        value = f"CAST({name(column)} AS VARCHAR)"
        if rule.character:
            value = f"substr({value}, {rule.character}, 1)"
        return f"{value} IN ({', '.join(map(text, rule.value.split()))})"
    sign = {"above": ">", "below": "<", "equal": "="}[rule.test]
    return f"TRY_CAST({name(column)} AS DOUBLE) {sign} {float(rule.value)!r}"


__all__ = [
    "REJECTED",
    "REPEATED",
    "SATURATED",
    "UNITS",
    "Canonical",
    "canonical",
]
