"""`reseau effects` as a function: what moves a star's image, term by term."""

from collections.abc import Sequence
from typing import TypeAlias

import astropy.units as u
import jax
import jax.numpy as jnp
import numpy as np
from astropy.time import Time
from jaxtyping import Float

from reseau._precision import in_double
from reseau.constants import ASTRONOMICAL_UNIT, DEGREE, MILLIARCSECOND, SPEED_OF_LIGHT
from reseau.datasets.dataset import read_states
from reseau.diagnostics.displacement_field import DisplacementField
from reseau.errors import ConfigError, explain
from reseau.observers import (
    BODIES,
    AnyObserver,
    Ephemeris,
    FileChoice,
    Geocentre,
    Observer,
    ObserverChoice,
    TableObserver,
    Weather,
    air_above,
    chosen_observer,
    geocentre,
    names_of,
    one_tcb_year,
    open_ephemeris,
    states_of,
    surroundings,
)
from reseau.plates.surroundings import table_observer
from reseau.records import Air
from reseau.sky import direction_from_angles, displaced, zenith_distance

from .air import weather_at
from .limits import within_limits
from .small_angles import SMALLEST
from .table import Effect, Effects
from .terms import REDDER, Measured, Scene, Term, measure_term, terms

Number: TypeAlias = float | u.Quantity
"""A number in the unit that is named, or a quantity that can be converted to it."""

N_SIDE = 21
"""Points along a side of the field."""

HORIZON = 90.0
"""Zenith distance from which nothing is seen [deg]."""

ON_EARTH = 0.9
"""An observer nearer to the Earth's centre than this part of her radius is in her."""


@in_double
def effects(
    *,
    ra: Number,
    dec: Number,
    epoch: Time | float,
    observer: AnyObserver = "geocentre",
    fov: Number = 0.55,
    parallax: Number = 1.0,
    ephemeris: str | Ephemeris = "builtin",
    bodies: str | Sequence[str] | None = None,
    pressure: Number | None = None,
    temperature: Number | None = None,
    humidity: Number | None = None,
    wavelength: Number | None = None,
) -> Effects:
    """Say what displaces the stars of a field, and what a plate model leaves of it.

    Parameters
    ----------
    ra, dec
        Centre of the field, ICRS [deg]; like all numbers here they may be quantities.
    epoch
        One instant: astropy's `Time`, or a Julian year, TCB.
    observer
        As in `reseau.observers.parse_observer`, or the name of a table of states; or
        what `reseau.observers.chosen_observer` returns.
    fov
        Side of the square field [deg].
    parallax
        Of the stars [mas].
    ephemeris
        "builtin", or "de440" of the extra ``ephemeris``.
    bodies
        Names of the bodies that deflect light, one or several, "none" for none; absent:
        all that the ephemeris has.
    pressure, temperature, humidity
        Of the air at a site [hPa, °C, 0 to 1]; absent: of a standard atmosphere at the
        site's height, with a humidity of one half.
    wavelength
        Of the light, in vacuum, where there is air [µm]; absent: 0.59.

    Returns
    -------
    The table, with the displacements over the field.

    Raises
    ------
    ConfigError
        A value is impossible, an observer or a body unknown.
    UnitError
        A quantity is of another kind.
    EphemerisRangeError
        The epoch is outside of the ephemeris, or of the table of states.

    Notes
    -----
    Each term is the difference of two exact maps of the sky, with it and without it.
    Over the field displacements are those in the tangent plane of the centre, which the
    telescope follows: no shift is in them.

    Examples
    --------
    >>> from reseau.diagnostics import effects
    >>> found = effects(ra=266.4, dec=-29.0, epoch=2031.2, bodies="sun")
    >>> found["aberration_earth"].displacement < 20_600
    True
    """
    year = within_limits("epoch", one_tcb_year(epoch))
    ra, dec = within_limits("ra", ra), within_limits("dec", dec)
    fov, parallax = within_limits("fov", fov), within_limits("parallax", parallax)
    choice = chosen_observer(observer)
    source = open_ephemeris(ephemeris)
    weather, standard = weather_at(
        choice,
        pressure=pressure,
        temperature=temperature,
        humidity=humidity,
        wavelength=wavelength,
    )
    state, earth = _states(choice, year, source)
    names = _bodies(bodies, choice, state, earth, source)
    scene = _scene(state, earth, year, parallax, names, source, weather)
    centre, offset = _field(ra, dec, fov)
    height = _zenith_distance(scene, centre, offset)
    rows = tuple(
        _row(term, measure_term(term, centre, offset), offset) for term in terms(scene)
    )
    separations, radii = _apart(scene, centre)
    return Effects(
        ra=ra,
        dec=dec,
        epoch=year,
        observer=str(observer),
        fov=fov,
        parallax=parallax,
        ephemeris=source.name,
        speed=_speed(state.velocity),
        own_speed=_speed(state.velocity - earth.velocity),
        separations=separations,
        radii=radii,
        weather=weather,
        standard_air=standard,
        zenith_distance=height,
        rows=rows,
    )


def _states(
    choice: ObserverChoice | TableObserver, epoch: float, ephemeris: Ephemeris
) -> tuple[Observer, Observer]:
    """Return the states of the observer and of the Earth's centre."""
    earth = geocentre(epoch, ephemeris=ephemeris)
    if isinstance(choice, FileChoice):
        return table_observer(read_states(choice.path)).states(epoch), earth
    return states_of(choice, epoch, ephemeris=ephemeris), earth


def _bodies(
    names: str | Sequence[str] | None,
    choice: ObserverChoice | TableObserver,
    state: Observer,
    earth: Observer,
    ephemeris: Ephemeris,
) -> tuple[str, ...]:
    """Return the names of the bodies: those given, or all but one that he is inside."""
    if names is not None:
        return names_of(names, what="bodies")
    away = np.linalg.norm(state.position - earth.position) * ASTRONOMICAL_UNIT
    inside = isinstance(choice, Geocentre) or away < ON_EARTH * BODIES["earth"].radius
    return tuple(name for name in ephemeris.bodies if name != "earth" or not inside)


def _scene(
    state: Observer,
    earth: Observer,
    epoch: float,
    parallax: float,
    names: tuple[str, ...],
    ephemeris: Ephemeris,
    weather: Weather | None,
) -> Scene:
    acting = {"deflection": bool(names), "refraction": weather is not None}
    around = surroundings(
        ["aberration", *(effect for effect, acts in acting.items() if acts)],
        state,
        epoch,
        deflectors=names,
        ephemeris=ephemeris,
        weather=weather,
    )
    around = jax.tree.map(lambda leaf: np.asarray(leaf)[0], around)
    own = state.velocity[0] - earth.velocity[0]
    return Scene(
        parallax=np.asarray(parallax * MILLIARCSECOND),
        position=state.position[0],
        orbital=earth.velocity[0],
        own=own if own.any() else None,
        surroundings=around,
        redder=None if weather is None else _redder(around.air, weather),
        names=names,
        oblate=tuple(n for n in names if BODIES[n].oblateness > 0.0),
    )


def _redder(air: Air, weather: Weather) -> Air:
    zenith = np.asarray(air.zenith)
    return air_above(zenith, weather, wavelength=weather.wavelength + REDDER)


def _field(
    ra: float, dec: float, fov: float
) -> tuple[Float[np.ndarray, "3"], Float[np.ndarray, "n 2"]]:
    """Return the centre of the field and the standard coordinates of its points."""
    centre = np.asarray(
        direction_from_angles(np.asarray(ra * DEGREE), np.asarray(dec * DEGREE))
    )
    side = np.tan(0.5 * fov * DEGREE) * np.linspace(-1.0, 1.0, N_SIDE)
    return centre, np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def _zenith_distance(
    scene: Scene, centre: Float[np.ndarray, "3"], offset: Float[np.ndarray, "n 2"]
) -> float:
    """Return that of the centre [deg], or refuse a field that is not all above."""
    air = scene.surroundings.air
    if air is None:
        return float("nan")
    seen = np.degrees(
        np.append(
            zenith_distance(centre, air.zenith),
            zenith_distance(displaced(centre, jnp.asarray(offset)), air.zenith),
        )
    )
    if not seen.max() < HORIZON:
        below = not seen[0] < HORIZON
        what = "the centre" if below else "the lowest corner of the field"
        worst = seen[0] if below else seen.max()
        raise ConfigError(
            explain(
                given=f"zenith distance {worst:.2f}° of {what}",
                wanted=f"a field at less than {HORIZON:g}°, above the horizon",
                where="the site at this epoch",
                todo="choose another epoch (0.00273 yr are a day) or a smaller field; "
                "longitudes are positive towards East",
            )
        )
    return float(seen[0])


def _row(term: Term, measured: Measured, offset: Float[np.ndarray, "n 2"]) -> Effect:
    size = float(np.hypot(*measured.shift)) / MILLIARCSECOND
    angle = float(np.degrees(np.arctan2(*measured.shift))) % 360.0
    quadratic = np.linalg.norm(measured.after_quadratic, axis=1).max()
    field = DisplacementField(
        name=term.label,
        offset=offset / DEGREE,
        displacement=np.asarray(measured.field) / MILLIARCSECOND,
        residual=np.asarray(measured.after_affine) / MILLIARCSECOND,
        after_quadratic=float(quadratic) / MILLIARCSECOND,
    )
    return Effect(
        name=term.name,
        label=term.label,
        displacement=size,
        position_angle=angle if size >= SMALLEST else float("nan"),
        differential=field.largest,
        after_affine=field.after_affine,
        after_quadratic=field.after_quadratic,
        in_catalogues=term.in_catalogues,
        field=field,
    )


def _apart(
    scene: Scene, centre: Float[np.ndarray, "3"]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return angle from the centre and apparent radius of each body [deg]."""
    bodies = scene.surroundings.bodies
    if bodies is None:
        return {}, {}
    distance = np.linalg.norm(bodies.position, axis=-1)
    across = np.linalg.norm(np.cross(bodies.position, centre), axis=-1)
    apart = np.degrees(np.arctan2(across, bodies.position @ centre))
    radius = np.degrees(np.arcsin(np.minimum(bodies.radius / distance, 1.0)))
    pairs = zip(scene.names, apart.tolist(), radius.tolist(), strict=True)
    found = list(pairs)
    return {n: a for n, a, _ in found}, {n: r for n, _, r in found}


def _speed(velocity: Float[np.ndarray, "1 3"]) -> float:
    return float(np.linalg.norm(velocity)) * SPEED_OF_LIGHT


__all__ = ["effects"]
