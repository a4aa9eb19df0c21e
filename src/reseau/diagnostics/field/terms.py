"""What displaces a star's image, one term after the other, as maps of directions.

Each term is the difference of two exact maps of the sphere, one without and one with
it: the classical aberration and nothing, the relativistic and the classical one, a
planet with and without its oblateness. No formula for a difference is written by hand.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.tree_util import Partial
from jaxtyping import Array, Float
from numpy import ndarray

from reseau._compiled import quick_jit
from reseau.records import Air, Bodies, Surroundings
from reseau.sky import (
    GALACTIC_ACCELERATION,
    GALACTIC_VELOCITY,
    aberrate,
    aberrate_first_order,
    apparent_direction,
    deflect,
    differential,
    displace_by_parallax,
    displaced,
    plate_residual,
    tangent_offset,
)

AnyArray = Array | ndarray

REDDER = 0.1
"""By how much more wavelength the second star of the colour term has [µm]."""

SPAN = 10.0
"""Years over which the change of the Galactic aberration is given."""


class Scene(eqx.Module):
    """An observer and what is around him, at one epoch.

    Attributes
    ----------
    parallax
        Of the stars [rad].
    position
        Of the observer, barycentric, ICRS axes [au].
    orbital
        Velocity of the Earth [c].
    own
        Velocity of the observer relative to the Earth [c]; None at her centre.
    surroundings
        As `observers.surroundings` makes them, with bodies and velocity.
    redder
        The air for light of `REDDER` more wavelength; None without air.
    names
        Of the bodies.
    oblate
        Those of them that are not spheres.
    """

    parallax: Float[AnyArray, ""]
    position: Float[AnyArray, "3"]
    orbital: Float[AnyArray, "3"]
    own: Float[AnyArray, "3"] | None
    surroundings: Surroundings
    redder: Air | None
    names: tuple[str, ...] = eqx.field(static=True)
    oblate: tuple[str, ...] = eqx.field(static=True)


@dataclass(frozen=True)
class Term:
    """One row of the table.

    Attributes
    ----------
    name
        For programs.
    label
        For people.
    before, after
        Maps of directions without and with the term. They are pytrees, so that terms of
        one kind, such as the bodies, are compiled once.
    in_catalogues
        Whether catalogues contain it, so that it is not part of the whole.
    """

    name: str
    label: str
    before: Partial
    after: Partial
    in_catalogues: bool = False


class Measured(eqx.Module):
    """A term in numbers [rad].

    Attributes
    ----------
    shift
        Displacement of the centre, towards East and North.
    field
        Displacements of the points relative to the centre's.
    after_affine, after_quadratic
        What plate models of degree 1 and 2 leave of those.
    """

    shift: Float[Array, "2"]
    field: Float[Array, "n 2"]
    after_affine: Float[Array, "n 2"]
    after_quadratic: Float[Array, "n 2"]


def terms(scene: Scene) -> list[Term]:
    """Return the terms in the order of the light's way, the whole at the end.

    Parameters
    ----------
    scene
        Observer and surroundings.
    """
    return [
        Term("parallax", "parallax", _SAME, _parallax(scene)),
        *_deflections(scene),
        *_aberrations(scene),
        *_galactic(),
        *_refractions(scene),
        Term("together", "all together", _SAME, _whole(scene, scene.surroundings)),
    ]


def measure_term(
    term: Term, centre: Float[AnyArray, "3"], offset: Float[AnyArray, "n 2"]
) -> Measured:
    """Return what a term does at the centre of a field and over it.

    Parameters
    ----------
    term
        Of `terms`.
    centre
        Unit vector towards the centre of the field.
    offset
        Standard coordinates of the points of the field [rad].
    """
    points = displaced(centre, jnp.concatenate([jnp.zeros((1, 2)), offset]))
    before, after = (_apply(m, points) for m in (term.before, term.after))
    return _measured(before, after, centre, offset)


@quick_jit
def _apply(function: Partial, points: Array) -> Array:
    return function(points)


@quick_jit
def _measured(before: Array, after: Array, centre: Array, offset: Array) -> Measured:
    field = _relative(after, centre, offset) - _relative(before, centre, offset)
    affine, quadratic = (plate_residual(offset, field, degree) for degree in (1, 2))
    shift = _angles(tangent_offset(after[0], before[0]))
    return Measured(shift, field, affine, quadratic)


def _relative(moved: Array, centre: Array, offset: Array) -> Array:
    """Return displacements relative to the centre's, whose place is the first.

    The maps are known at these points only, so that each is compiled once and without
    what all have in common.
    """
    return differential(
        lambda n: moved[0] if n.ndim == 1 else moved[1:], centre, offset
    )


def _angles(offset: Array) -> Array:
    """Return standard coordinates as an angle towards East and North."""
    tangent = jnp.hypot(offset[0], offset[1])
    safe = jnp.where(tangent > 0.0, tangent, 1.0)
    return offset * jnp.arctan(tangent) / safe


def _same(direction: Array) -> Array:
    return direction


def _displaced(parallax: Array, position: Array, direction: Array) -> Array:
    return displace_by_parallax(direction, parallax, position)


def _deflected(bodies: Bodies, direction: Array) -> Array:
    return deflect(direction, bodies)


def _classical(velocity: Array, direction: Array) -> Array:
    return aberrate_first_order(direction, velocity)


def _relativistic(velocity: Array, direction: Array) -> Array:
    return aberrate(direction, velocity)


def _seen(
    parallax: Array, position: Array, surroundings: Surroundings, direction: Array
) -> Array:
    geometric = displace_by_parallax(direction, parallax, position)
    return apparent_direction(geometric, surroundings)


_SAME = Partial(_same)


def _parallax(scene: Scene) -> Partial:
    return Partial(_displaced, scene.parallax, scene.position)


def _whole(scene: Scene, surroundings: Surroundings) -> Partial:
    return Partial(_seen, scene.parallax, scene.position, surroundings)


def _deflections(scene: Scene) -> Iterator[Term]:
    bodies = scene.surroundings.bodies
    for k, name in enumerate(scene.names):
        one = jax.tree.map(lambda leaf, k=k: leaf[k : k + 1], bodies)
        sphere = eqx.tree_at(lambda b: b.oblateness, one, np.zeros_like(one.oblateness))
        label, before = f"deflection, {name.capitalize()}", Partial(_deflected, sphere)
        yield Term(f"deflection_{name}", label, _SAME, before)
        if name in scene.oblate:
            after = Partial(_deflected, one)
            yield Term(f"deflection_{name}_quadrupole", f"{label}'s J₂", before, after)


def _aberrations(scene: Scene) -> Iterator[Term]:
    total, effective = scene.orbital, scene.surroundings.velocity
    earth = Partial(_classical, scene.orbital)
    yield Term("aberration_earth", "aberration, Earth's orbit", _SAME, earth)
    if scene.own is not None:
        total = scene.orbital + scene.own
        own = Partial(_classical, scene.own)
        yield Term("aberration_own", "aberration, own velocity", _SAME, own)
    exact = Partial(_relativistic, total)
    yield Term(
        "aberration_higher_orders",
        "aberration, higher orders",
        Partial(_classical, total),
        exact,
    )
    yield Term(
        "aberration_potential",
        "aberration, potential",
        exact,
        Partial(_relativistic, effective),
    )


def _galactic() -> Iterator[Term]:
    # Catalogues have what the Sun of today sees: before it comes what rests in the
    # Galaxy, after it what the Sun sees when she has another velocity.
    resting = Partial(_relativistic, -GALACTIC_VELOCITY)
    later = Partial(_relativistic, SPAN * GALACTIC_ACCELERATION)
    yield Term("galactic_aberration", "Galactic aberration *", resting, _SAME, True)
    label = f"its change in {SPAN:.0f} years *"
    yield Term("galactic_aberration_change", label, _SAME, later, True)


def _refractions(scene: Scene) -> Iterator[Term]:
    around = scene.surroundings
    if around.air is None:
        return
    vacuum = Surroundings(around.bodies, around.velocity)
    redder = Surroundings(around.bodies, around.velocity, scene.redder)
    seen = _whole(scene, around)
    yield Term("refraction", "refraction", _whole(scene, vacuum), seen)
    label = f"refraction, {REDDER} µm redder"
    yield Term("refraction_colour", label, seen, _whole(scene, redder))


__all__ = ["REDDER", "SPAN", "Measured", "Scene", "Term", "measure_term", "terms"]
