# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Surveys as data: their columns, epochs, systems, saturation and rules against noise.

Those that come with reseau stand in ``surveys.toml`` beside this file, each with its
source; a user's own in a TOML file of the same form.
"""

from dataclasses import dataclass, fields, replace
from pathlib import Path

from reseau.config import Checked, RecordError, entry, read_toml, table, tables
from reseau.galaxy.photometry import SYSTEMS

NEAR_INFRARED = ("J", "H", "Ks")
BANDS = ("J", "H", "Ks", "G")
"""Bands that are compared between surveys."""

_TESTS = ("above", "below", "equal", "any of")
_SCOPES = ("row", *BANDS)


@dataclass(frozen=True, kw_only=True)
class Columns(Checked):
    """Names that a survey's quantities have in a table, blanks between alternatives.

    A name may be followed by its unit in brackets, ``err_maj[arcsec]``, where the file
    itself does not tell one. ``_spread`` is the standard deviation of single epochs,
    and ``_epochs`` their number; ``_signal`` the flux over its error.
    """

    id: str = entry("id", str, default="")
    ra: str = entry("ra", str, default="")
    dec: str = entry("dec", str, default="")
    ra_error: str = entry("ra_error", str, default="")
    dec_error: str = entry("dec_error", str, default="")
    error_major: str = entry("error_major", str, default="")
    error_minor: str = entry("error_minor", str, default="")
    error_angle: str = entry("error_angle", str, default="")
    epoch_jd: str = entry("epoch_jd", str, default="")
    epoch_year: str = entry("epoch_year", str, default="")
    pmra: str = entry("pmra", str, default="")
    pmra_error: str = entry("pmra_error", str, default="")
    pmdec: str = entry("pmdec", str, default="")
    pmdec_error: str = entry("pmdec_error", str, default="")
    pmra_pmdec_corr: str = entry("pmra_pmdec_corr", str, default="")
    parallax: str = entry("parallax", str, default="")
    parallax_error: str = entry("parallax_error", str, default="")
    ruwe: str = entry("ruwe", str, default="")
    radial_velocity: str = entry("radial_velocity", str, default="")
    radial_velocity_error: str = entry("radial_velocity_error", str, default="")
    J: str = entry("J", str, default="")
    J_error: str = entry("J_error", str, default="")
    J_spread: str = entry("J_spread", str, default="")
    J_epochs: str = entry("J_epochs", str, default="")
    H: str = entry("H", str, default="")
    H_error: str = entry("H_error", str, default="")
    H_spread: str = entry("H_spread", str, default="")
    H_epochs: str = entry("H_epochs", str, default="")
    Ks: str = entry("Ks", str, default="")
    Ks_error: str = entry("Ks_error", str, default="")
    Ks_spread: str = entry("Ks_spread", str, default="")
    Ks_epochs: str = entry("Ks_epochs", str, default="")
    G: str = entry("G", str, default="")
    G_error: str = entry("G_error", str, default="")
    G_signal: str = entry("G_signal", str, default="")
    BP: str = entry("BP", str, default="")
    RP: str = entry("RP", str, default="")

    def alternatives(self) -> dict[str, list[tuple[str, str]]]:
        """Return for each quantity that is named its (name, unit) pairs, best first."""
        found = {f.name: getattr(self, f.name).split() for f in fields(self)}
        return {
            quantity: [_parted(name) for name in names]
            for quantity, names in found.items()
            if names
        }


def _parted(name: str) -> tuple[str, str]:
    head, _, unit = name.partition("[")
    return head, unit.removesuffix("]")


@dataclass(frozen=True, kw_only=True)
class Layout(Checked):
    """One form in which a survey is published.

    Attributes
    ----------
    name
        Where it is published.
    signature
        Columns that together are found in no other survey, blanks between.
    columns
        Names of its columns.
    """

    name: str = entry("name", str, default="given by the user")
    signature: str = entry("signature", str, default="")
    columns: Columns = table("columns", Columns, optional=True)


@dataclass(frozen=True, kw_only=True)
class Saturation(Checked):
    """Magnitudes brighter than these are saturated [mag]; absent: none known."""

    J: float | None = entry("J", float, default=None)
    H: float | None = entry("H", float, default=None)
    Ks: float | None = entry("Ks", float, default=None)
    G: float | None = entry("G", float, default=None)
    source: str = entry("source", str, default="")


@dataclass(frozen=True, kw_only=True)
class Rule(Checked):
    """What makes a row, or one of its magnitudes, spurious.

    Attributes
    ----------
    name
        As it is counted in the summary.
    column
        Whose value decides; blanks between alternatives. Where none of them is in the
        table, the rule is not applied, and the summary says so.
    test
        "above" or "below" a number, "equal" to it, or "any of" texts with blanks
        between.
    value
        To compare with.
    character
        Of a text, which character, from 1; 0: all of it.
    scope
        "row", or the band whose magnitude is not used.
    source
        Why.
    """

    name: str = entry("name", str)
    column: str = entry("column", str)
    test: str = entry("test", str, choices=_TESTS)
    value: str = entry("value", str)
    character: int = entry("character", int, default=0, minimum=0)
    scope: str = entry("scope", str, default="row", choices=_SCOPES)
    source: str = entry("source", str, default="")


@dataclass(frozen=True, kw_only=True)
class Survey(Checked):
    """A survey that can be merged.

    Attributes
    ----------
    key
        By which it is named in options.
    name
        For people.
    letter
        That says in the merged table which survey a value is from.
    rank
        Order of merging, and of preference where errors are equal: lower is earlier.
    id_column
        Of its identifiers in the merged table.
    id_kind
        "integer" (64 bits) or "text".
    system
        Photometric system of J, H and Ks; empty: it has none of them.
    epoch
        Of positions, where rows do not tell [Julian year].
    position_error_mas
        1σ of each coordinate, where rows do not tell.
    floor_mas
        Systematic part of the position error, added in quadrature.
    source
        Publication.
    files
        Names of files that are of this survey, whatever their columns say; patterns as
        of a shell, blanks between.
    """

    key: str = entry("key", str)
    name: str = entry("name", str, default="")
    letter: str = entry("letter", str, default="")
    rank: int = entry("rank", int, default=50, minimum=0)
    id_column: str = entry("id_column", str, default="")
    id_kind: str = entry("id_kind", str, default="integer", choices=("integer", "text"))
    system: str = entry("system", str, default="2mass")
    epoch: float = entry("epoch", float, default=2000.0, largest=1e4)
    position_error_mas: float = entry(
        "position_error_mas", float, default=100.0, positive=True
    )
    floor_mas: float = entry("floor_mas", float, default=0.0, minimum=0.0)
    source: str = entry("source", str, default="")
    files: str = entry("files", str, default="")
    layouts: tuple[Layout, ...] = tables("layout", Layout)
    rules: tuple[Rule, ...] = tables("rule", Rule)
    saturation: Saturation = table("saturation", Saturation, optional=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.system and self.system not in SYSTEMS:
            raise RecordError.of(
                "Survey",
                "system",
                given=f"system = {self.system!r}",
                wanted=f"one of {', '.join(SYSTEMS)}, or empty",
                todo="take one of them",
            )
        if len(self.letter) > 1:
            raise RecordError.of(
                "Survey",
                "letter",
                given=f"letter = {self.letter!r}",
                wanted="one character",
                todo="shorten it",
            )

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return self.name or self.key

    @property
    def mark(self) -> str:
        """The letter, or the first of the key."""
        return self.letter or self.key[:1].upper()

    @property
    def id_name(self) -> str:
        """Column of its identifiers in the merged table."""
        return self.id_column or f"{self.key}_id"


@dataclass(frozen=True, kw_only=True)
class SurveysFile:
    """A file of surveys."""

    surveys: tuple[Survey, ...] = tables("survey", Survey)


def known_surveys() -> dict[str, Survey]:
    """Return the surveys that come with reseau, by key, in the order of merging."""
    found, _ = read_toml(Path(__file__).with_name("surveys.toml"), SurveysFile)
    return {one.key: one for one in sorted(found.surveys, key=lambda one: one.rank)}


def with_own(known: dict[str, Survey], own: tuple[Survey, ...]) -> dict[str, Survey]:
    """Return surveys with a user's own in place of, or beside, those that are known.

    Parameters
    ----------
    known
        By key.
    own
        The user's: of a key that is known, with its layouts before those that are
        known, and with the known rules, saturation and epoch where it states none.
    """
    found = dict(known)
    for one in own:
        other = found.get(one.key)
        found[one.key] = one if other is None else _joined(one, other)
    return dict(sorted(found.items(), key=lambda item: (item[1].rank, item[0])))


def _joined(own: Survey, known: Survey) -> Survey:
    plain = Survey(key=own.key, layouts=(), rules=())
    stated = {
        f.name: getattr(own, f.name)
        for f in fields(Survey)
        if getattr(own, f.name) != getattr(plain, f.name)
    }
    stated["layouts"] = (*own.layouts, *known.layouts)
    return replace(known, **stated)


__all__ = [
    "BANDS",
    "NEAR_INFRARED",
    "Columns",
    "Layout",
    "Rule",
    "Saturation",
    "Survey",
    "SurveysFile",
    "known_surveys",
    "with_own",
]
