"""`reseau effects` as a function: what moves a star's image, term by term."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from reseau.constants import (
    ASTRONOMICAL_UNIT,
    DEGREE,
    MILLIARCSECOND,
    SPEED_OF_LIGHT,
)
from reseau.diagnostics import DisplacementField
from reseau.errors import ConfigError, explain
from reseau.io.datasets import read_states
from reseau.observers import (
    BODIES,
    FileChoice,
    Geocentre,
    Observer,
    ObserverChoice,
    Weather,
    geocentre,
    open_ephemeris,
    parse_observer,
    states_of,
    surroundings,
)
from reseau.records import Air
from reseau.sky import (
    direction_from_angles,
    displaced,
    laplace_constants,
    zenith_distance,
)

from .effect_air import weather_at
from .effect_table import Effect, Effects
from .effect_terms import REDDER, Measured, Scene, Term, measure_term, terms
from .small_angles import SMALLEST
from .surroundings import table_observer

N_SIDE = 21
"""Points along a side of the field."""

WIDEST = 60.0
"""Wider fields have no useful tangent plane [deg]."""

HORIZON = 90.0
"""Zenith distance from which nothing is seen [deg]."""

ON_EARTH = 0.9
"""An observer nearer to the Earth's centre than this part of her radius is in her."""


def effects(
    *,
    ra: float,
    dec: float,
    epoch: float,
    observer: str = "geocentre",
    fov: float = 0.55,
    parallax: float = 1.0,
    ephemeris: str = "builtin",
    bodies: Sequence[str] | None = None,
    pressure: float | None = None,
    temperature: float | None = None,
    humidity: float | None = None,
    wavelength: float | None = None,
) -> Effects:
    """Say what displaces the stars of a field, and what a plate model leaves of it.

    Parameters
    ----------
    ra, dec
        Centre of the field, ICRS [deg].
    epoch
        Julian year, TCB.
    observer
        As in `reseau.observers.parse_observer`, or the name of a table of states.
    fov
        Side of the square field [deg].
    parallax
        Of the stars [mas].
    ephemeris
        "builtin", or "de440" of the extra ``ephemeris``.
    bodies
        Names of the bodies that deflect light; absent: all that the ephemeris has.
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
    EphemerisRangeError
        The epoch is outside of the ephemeris, or of the table of states.

    Notes
    -----
    Each term is the difference of two exact maps of the sky, with it and without it.
    Over the field displacements are those in the tangent plane of the centre, which the
    telescope follows: no shift is in them.

    Examples
    --------
    >>> from reseau.pipeline import effects
    >>> found = effects(ra=266.4, dec=-29.0, epoch=2031.2)
    >>> found["aberration_earth"].displacement < 20_600
    True
    """
    _check(ra=ra, dec=dec, epoch=epoch, fov=fov, parallax=parallax)
    choice = parse_observer(observer)
    weather, standard = weather_at(
        choice,
        pressure=pressure,
        temperature=temperature,
        humidity=humidity,
        wavelength=wavelength,
    )
    with jax.enable_x64(True):
        state, earth = _states(choice, np.array([float(epoch)]), ephemeris)
        names = _bodies(bodies, choice, state, earth, ephemeris)
        scene = _scene(state, earth, epoch, parallax, names, ephemeris, weather)
        centre, offset = _field(ra, dec, fov)
        height = _zenith_distance(scene, centre, offset)
        rows = tuple(
            _row(term, measure_term(term, centre, offset), offset)
            for term in terms(scene)
        )
    separations, radii = _apart(scene, centre)
    return Effects(
        ra=float(ra),
        dec=float(dec),
        epoch=float(epoch),
        observer=observer,
        fov=float(fov),
        parallax=float(parallax),
        ephemeris=ephemeris,
        speed=_speed(state.velocity),
        own_speed=_speed(state.velocity - earth.velocity),
        separations=separations,
        radii=radii,
        weather=weather,
        standard_air=standard,
        zenith_distance=height,
        rows=rows,
    )


def _check(**values: float) -> None:
    """Refuse numbers that cannot be; the epoch's range is the ephemeris's affair."""
    limits = {
        "ra": (-720.0, 720.0, "deg", "0 to 360 are usual"),
        "dec": (-90.0, 90.0, "deg", "declinations end at the poles"),
        "epoch": (-np.inf, np.inf, "yr", "a Julian year such as 2031.2"),
        "fov": (0.0, WIDEST, "deg", "the side of the square field"),
        "parallax": (-1e4, 1e4, "mas", "the greatest of a star is 769"),
    }
    for name, value in values.items():
        low, high, unit, hint = limits[name]
        if not (low <= value <= high) or (name == "fov" and value == 0.0):
            wanted = f"from {low:g} to {high:g} {unit}"
            if name == "fov":
                wanted = f"more than 0, at most {high:g} {unit}"
            raise ConfigError(
                explain(
                    given=f"{name} = {value:g}",
                    wanted="a number" if np.isinf(high) else wanted,
                    where=f"the option {name}",
                    todo=f"correct it ({hint})",
                )
            )


def _states(
    choice: ObserverChoice, epoch: np.ndarray, ephemeris: str
) -> tuple[Observer, Observer]:
    """Return the states of the observer and of the Earth's centre."""
    earth = geocentre(epoch, ephemeris=ephemeris)
    if isinstance(choice, FileChoice):
        return table_observer(read_states(choice.path)).states(epoch), earth
    return states_of(choice, epoch, ephemeris=ephemeris), earth


def _bodies(
    names: Sequence[str] | None,
    choice: ObserverChoice,
    state: Observer,
    earth: Observer,
    ephemeris: str,
) -> tuple[str, ...]:
    """Return the names of the bodies: those given, or all but one that he is inside."""
    if names is not None:
        return tuple(name.lower() for name in names)
    away = np.linalg.norm(state.position - earth.position) * ASTRONOMICAL_UNIT
    inside = isinstance(choice, Geocentre) or away < ON_EARTH * BODIES["earth"].radius
    known = open_ephemeris(ephemeris).bodies
    return tuple(name for name in known if name != "earth" or not inside)


def _scene(
    state: Observer,
    earth: Observer,
    epoch: float,
    parallax: float,
    names: tuple[str, ...],
    ephemeris: str,
    weather: Weather | None,
) -> Scene:
    acting = {"deflection": bool(names), "refraction": weather is not None}
    around = surroundings(
        ["aberration", *(effect for effect, acts in acting.items() if acts)],
        state,
        np.array([float(epoch)]),
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
    tangent, cube = laplace_constants(
        weather.pressure,
        weather.temperature,
        weather.humidity,
        weather.wavelength + REDDER,
    )
    return Air(zenith=air.zenith, tangent=np.asarray(tangent), cube=np.asarray(cube))


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
