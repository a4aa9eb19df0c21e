"""The table of `reseau effects`: its rows, and how people and programs read it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from reseau.diagnostics.displacement_field import DisplacementField
from reseau.observers import Weather

from .small_angles import MICRO, measure, number_and_unit

HIDDEN = 1e-5
"""A deflection that is smaller everywhere is not printed [mas]."""

STEEP = 75.0
"""Zenith distance beyond which Laplace's formula is not what an accurate user wants."""

NEAR = 30.0
"""Bodies that are nearer to the centre of the field are named [deg]."""

BULGE = 0.12
"""Parallax of a star in the Galactic bulge, at 8.2 kpc [mas]."""

HEADS = ("field", "affine", "quadratic")

LEGEND = (
    "centre: how far the centre of the field is displaced, and where to (position "
    "angle from North through East). field: the most that a star in the field is "
    "displaced relative to the centre. affine, quadratic: the most that is left of "
    "that after a plate model of degree 1 (shift, scales, rotation, skew) and of "
    "degree 2. * is in the positions and proper motions of catalogues already, and not "
    "added."
)

WIDTH = 80
"""Columns of the printed text."""


@dataclass(frozen=True)
class Effect:
    """One term: what it does at the centre of a field, and over the field.

    Attributes
    ----------
    name
        For programs, such as "deflection_sun".
    label
        For people.
    displacement
        Of the centre [mas].
    position_angle
        Of that displacement, from North through East [deg]; NaN where there is none.
    differential
        Largest displacement in the field relative to the centre's [mas].
    after_affine, after_quadratic
        Largest displacement that a plate model of degree 1 and of degree 2 leaves
        [mas].
    in_catalogues
        Whether positions and motions in catalogues contain it already.
    field
        The displacements over the field.
    """

    name: str
    label: str
    displacement: float
    position_angle: float
    differential: float
    after_affine: float
    after_quadratic: float
    in_catalogues: bool
    field: DisplacementField = field(repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as a mapping [mas, deg]."""
        return {
            "name": self.name,
            "label": self.label,
            "displacement_mas": self.displacement,
            "position_angle_deg": self.position_angle,
            "differential_mas": self.differential,
            "after_affine_mas": self.after_affine,
            "after_quadratic_mas": self.after_quadratic,
            "in_catalogues": self.in_catalogues,
        }


@dataclass(frozen=True)
class Effects:
    """Every term that moves a star's image in one field at one epoch.

    Attributes
    ----------
    ra, dec
        Centre of the field, ICRS [deg].
    epoch
        Julian year, TCB.
    observer
        As it was given.
    fov
        Side of the square field [deg].
    parallax
        Of the stars [mas].
    ephemeris
        Where Earth, Sun and planets are from.
    speed, own_speed
        Of the observer, barycentric and relative to the Earth's centre [km/s].
    separations
        From the centre of the field to each body that deflects light [deg].
    radii
        Apparent radius of each of these bodies [deg].
    weather
        On the ground; None elsewhere.
    standard_air
        Which of the weather's values were not given but those of a standard atmosphere.
    zenith_distance
        Of the centre, without refraction [deg]; NaN without a horizon.
    rows
        The terms in the order of the light's way, the last one all of them together.
    """

    ra: float
    dec: float
    epoch: float
    observer: str
    fov: float
    parallax: float
    ephemeris: str
    speed: float
    own_speed: float
    separations: Mapping[str, float]
    radii: Mapping[str, float]
    weather: Weather | None
    standard_air: tuple[str, ...]
    zenith_distance: float
    rows: tuple[Effect, ...]

    def __getitem__(self, name: str) -> Effect:
        """Return the row of a name."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    @property
    def together(self) -> Effect:
        """All terms that act on catalogue positions, composed."""
        return self.rows[-1]

    def as_dict(self) -> dict[str, Any]:
        """Return inputs and numbers, in full digits, as a mapping for JSON."""
        weather = self.weather
        return {
            "ra_deg": self.ra,
            "dec_deg": self.dec,
            "epoch": self.epoch,
            "observer": self.observer,
            "fov_deg": self.fov,
            "parallax_mas": self.parallax,
            "ephemeris": self.ephemeris,
            "speed_km_s": self.speed,
            "own_speed_km_s": self.own_speed,
            "separations_deg": dict(self.separations),
            "zenith_distance_deg": self.zenith_distance,
            "atmosphere": None
            if weather is None
            else {
                "pressure_hpa": weather.pressure,
                "temperature_c": weather.temperature,
                "humidity": weather.humidity,
                "wavelength_um": weather.wavelength,
                "standard": list(self.standard_air),
            },
            "terms": [row.as_dict() for row in self.rows],
        }

    def lines(self) -> list[str]:
        """Return the table and what it means, for people."""
        paragraphs = [LEGEND, *_sentences(self)]
        wrapped = [line for text in paragraphs for line in ("", *wrap(text, WIDTH))]
        return [*_table(self), *wrapped]


def _table(effects: Effects) -> Iterator[str]:
    high = effects.zenith_distance
    above = "" if math.isnan(high) else f", {high:.1f}° from the zenith"
    yield (
        f"field of {effects.fov:g}° × {effects.fov:g}° at ra {effects.ra:.9g}°, "
        f"dec {effects.dec:.9g}°, epoch {effects.epoch:.9g},"
    )
    yield f"seen from {effects.observer}{above} (ephemeris: {effects.ephemeris})"
    yield ""
    heads = "".join(f"{head:>12}" for head in HEADS)
    yield " " * 27 + f"{'centre':>12}{'PA':>5}{heads}"
    for row in shown(effects):
        if row is effects.together:
            yield "  " + "─" * (WIDTH - 2)
        angle = row.position_angle
        yield (
            f"  {_label(effects, row):<25}{_cell(row.displacement)}"
            f"{'–' if math.isnan(angle) else f'{angle:.0f}°':>5}"
            f"{_cell(row.differential)}{_cell(row.after_affine)}"
            f"{_cell(row.after_quadratic)}"
        ).rstrip()


def _cell(value: float) -> str:
    number, unit = number_and_unit(value)
    return f"{number:>8} {unit:<3}"


def _label(effects: Effects, row: Effect) -> str:
    if row.name == "parallax":
        return f"parallax of {effects.parallax:g} mas"
    return row.label


def shown(effects: Effects) -> list[Effect]:
    """Return the rows that are worth a line: all but the least of the deflections.

    Parameters
    ----------
    effects
        The whole table.
    """
    return [row for row in effects.rows if not _is_hidden(row)]


def _is_hidden(row: Effect) -> bool:
    largest = max(row.displacement, row.differential)
    return row.name.startswith("deflection") and largest < HIDDEN


def _sentences(effects: Effects) -> Iterator[str]:
    yield _verdict(effects)
    yield " ".join([*_about_parallax(effects), *_about_observer(effects)])
    yield from _about_air(effects)
    yield from _about_hidden(effects)


def _verdict(effects: Effects) -> str:
    row = effects.together
    above = [
        term.label
        for term in effects.rows[:-1]
        if term.after_quadratic >= MICRO and not term.in_catalogues
    ]
    last = (
        f"More than 1 µas after a quadratic model: {'; '.join(above)}."
        if above
        else "No single term exceeds 1 µas after a quadratic model."
    )
    return (
        f"All together: a pointing leaves {measure(row.differential)} at the worst "
        f"point of the field, an affine plate model {measure(row.after_affine)}, a "
        f"quadratic one {measure(row.after_quadratic)}. {last}"
    )


def _about_parallax(effects: Effects) -> Iterator[str]:
    if effects.parallax > 0.0:
        size = effects["parallax"].displacement * BULGE / effects.parallax
        yield (
            "Parallax differs from star to star, so no plate model takes it up: "
            f"{measure(size)} for one in the Galactic bulge ({BULGE:g} mas)."
        )


def _about_observer(effects: Effects) -> Iterator[str]:
    own = (
        f", {effects.own_speed:.3g} of it about the Earth" if effects.own_speed else ""
    )
    yield f"The observer moves at {effects.speed:.2f} km/s{own}."
    near = [
        f"{name.capitalize()} {_degrees(apart)}"
        for name, apart in effects.separations.items()
        if apart < NEAR or name == "sun"
    ]
    if near:
        yield f"From the centre of the field: {', '.join(near)}."
    for name, apart in effects.separations.items():
        if apart < effects.radii[name]:
            yield (
                f"The centre lies behind {name.capitalize()}: within its disc nothing "
                "is seen, and the deflection is an interpolation."
            )


def _degrees(angle: float) -> str:
    return f"{angle:.1f}°" if angle >= 10.0 else f"{angle:.3f}°"


def _about_air(effects: Effects) -> Iterator[str]:
    air = effects.weather
    if air is None:
        return
    words = [
        f"Air: {air.pressure:.1f} hPa, {air.temperature:.1f} °C, humidity "
        f"{100.0 * air.humidity:g} %; light of {air.wavelength:g} µm."
    ]
    if effects.standard_air:
        words.append(f"Taken as standard: {', '.join(effects.standard_air)}.")
    if effects.zenith_distance > STEEP:
        words.append(
            f"Beyond {STEEP:g}° from the zenith Laplace's formula is off by 0.1″ and "
            "more, and the real air by more still."
        )
    yield " ".join(words)


def _about_hidden(effects: Effects) -> Iterator[str]:
    hidden = [row.name for row in effects.rows if _is_hidden(row)]
    bodies = [name for name in effects.separations if f"deflection_{name}" in hidden]
    oblate = [
        name
        for name in effects.separations
        if f"deflection_{name}_quadrupole" in hidden and name not in bodies
    ]
    names = ", ".join(name.capitalize() for name in bodies)
    if oblate:
        names += " and " if bodies else ""
        names += f"the J₂ of {', '.join(name.capitalize() for name in oblate)}"
    if names:
        yield f"Deflections under 0.01 µas everywhere are not shown: {names}."


__all__ = ["Effect", "Effects", "shown"]
