"""One orbit for positions and velocities of the same body.

Period, eccentricity, periastron and ω are shared. K is free, or follows from the size
of the astrometric orbit and the parallax: that holds where the companion is dark, so
that the photocentre is the star itself. Velocities also tell which node is the
ascending one.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float
from scipy.optimize import least_squares

from reseau.errors import ConfigError, explain

from .campbell import campbell
from .orbit import DAYS_PER_YEAR, ORBIT, OrbitFit, inverse_normal, orbit_design
from .orbit_refinement import OrbitShape, shape_of, steps_of
from .single_source import SingleSource
from .velocities import RadialVelocities, orbital_speed, velocity_columns

VELOCITY = ("center_of_mass_velocity", "semi_amplitude_primary")


@dataclass(frozen=True, eq=False)
class SharedOrbitFit(OrbitFit):
    """An orbit of positions and velocities.

    Attributes
    ----------
    velocity_residual
        Of the velocities [km/s].
    dark_speed, dark_speed_error
        K that a dark companion gives with the size of the orbit and the parallax
        [km/s].
    """

    velocity_residual: Float[np.ndarray, "m"]
    dark_speed: float
    dark_speed_error: float


def fit_shared_orbit(
    source: SingleSource, orbit: OrbitFit, *, dark: bool = False
) -> SharedOrbitFit:
    """Fit positions and velocities together.

    Parameters
    ----------
    source
        With velocities.
    orbit
        Where to begin, as `fit_orbit` found it from the same source.
    dark
        Whether K follows from the size of the orbit and the parallax.

    Notes
    -----
    All parameters are free at once; errors are those of the linearised problem at its
    end, with derivatives by central differences.
    """
    _velocities(source, dark=dark)
    problem = _Shared(source, len(source.names), dark)
    return problem.result(problem.solve(orbit), orbit)


def _velocities(source: SingleSource, *, dark: bool = False) -> RadialVelocities:
    """Return the velocities of a source, or say that there can be no shared orbit."""
    sees = bool(source.astrometry.sees_parallax[0])
    if source.velocities is not None and (sees or not dark):
        return source.velocities
    raise ConfigError(
        explain(
            given="a source without radial velocities"
            if source.velocities is None
            else "a dark companion of a source whose data hold no parallax",
            wanted="velocities, and for a dark companion a parallax",
            where=source.astrometry.origin,
            todo="fit the orbit of the positions alone, or let K be free",
        )
    )


@dataclass(frozen=True, eq=False)
class _Shared:
    """The residuals of all data as a function of all parameters.

    Parameters are those of the linear model, A, B, F, G, ln P, ρ cos φ, ρ sin φ as
    `refine` has them, γ, and K or, with a dark companion, nothing.
    """

    source: SingleSource
    linear: int
    dark: bool

    def shape(self, steps: Float[np.ndarray, "q"]) -> OrbitShape:
        at = self.linear + 4
        return shape_of(steps[at : at + 3])

    def speed(self, steps: Float[np.ndarray, "q"], sign: float) -> float:
        if not self.dark:
            return float(steps[self.linear + 8])
        return sign * self.dark_speed(steps)

    def dark_speed(self, steps: Float[np.ndarray, "q"]) -> float:
        shape = self.shape(steps)
        elements = campbell(steps[self.linear : self.linear + 4]).value
        parallax = float(steps[self.source.names.index("parallax")])
        return orbital_speed(
            float(elements[0]) / parallax,
            float(elements[1]),
            shape.period,
            shape.eccentricity,
        )

    def speeds(
        self, shape: OrbitShape, constants: Float[np.ndarray, "4"]
    ) -> Float[np.ndarray, "m"]:
        """Return the velocities for K = 1."""
        time = self.source.velocity_epoch - self.source.middle
        anomaly = 2.0 * np.pi * time[:, None] / shape.period + shape.phase
        columns = velocity_columns(anomaly, np.array([shape.eccentricity]))[:, 0]
        # ω is not turned by half a turn to have Ω below 180°, as elements are: that
        # would jump where Ω passes zero.
        a, b, f, g = constants
        plus, minus = np.arctan2(b - f, a + g), np.arctan2(-b - f, a - g)
        periastron = 0.5 * (plus + minus)
        return columns @ np.array([np.cos(periastron), np.sin(periastron)])

    def velocity(
        self, steps: Float[np.ndarray, "q"], sign: float
    ) -> Float[np.ndarray, "m"]:
        towards = self.speeds(self.shape(steps), steps[self.linear : self.linear + 4])
        return steps[self.linear + 7] + self.speed(steps, sign) * towards

    def left(
        self, steps: Float[np.ndarray, "q"], sign: float
    ) -> Float[np.ndarray, "n"]:
        given = _velocities(self.source)
        shape = self.shape(steps)
        model = orbit_design(self.source, shape) @ steps[: self.linear + 4]
        rest = self.source.white.apply(self.source.astrometry.value - model)
        speed = (given.value - self.velocity(steps, sign)) / given.error
        return np.concatenate([rest, speed])

    def solve(self, orbit: OrbitFit) -> "_Solved":
        given = _velocities(self.source)
        shape, constants = orbit.shape, orbit.value[self.linear : self.linear + 4]
        towards = self.speeds(shape, constants)
        # Centre and K of the velocities alone; the sign tells the ascending node.
        design = np.stack([np.ones_like(towards), towards], axis=1)
        scale = 1.0 / given.error
        centre, speed = np.linalg.lstsq(
            design * scale[:, None], given.value * scale, rcond=None
        )[0]
        begin = np.array(
            [
                *orbit.value[: self.linear + 4],
                *steps_of(shape),
                centre,
                *([] if self.dark else [speed]),
            ]
        )
        sign = 1.0 if speed >= 0.0 else -1.0
        found = least_squares(
            self.left, begin, x_scale="jac", args=(sign,), max_nfev=200, xtol=1e-10
        )
        jacobian = _differences(partial(self.left, sign=sign), found.x)
        return _Solved(found.x, 2.0 * float(found.cost), jacobian, sign)

    def result(self, found: "_Solved", orbit: OrbitFit) -> SharedOrbitFit:
        given = _velocities(self.source)
        shape = self.shape(found.steps)
        value = self.physical(found.steps, found.sign)
        slopes = _differences(partial(self.physical, sign=found.sign), found.steps)
        inverse = inverse_normal(found.jacobian)
        covariance = slopes @ inverse @ slopes.T
        dark = _differences(lambda s: np.array([self.dark_speed(s)]), found.steps)
        dark_error = float(np.sqrt(dark[0] @ inverse @ dark[0]))
        at = slice(self.linear, self.linear + 4)
        columns = orbit_design(self.source, shape)
        elements = campbell(value[at], covariance[at, at])
        if value[-1] < 0.0:
            # The other node is the ascending one.
            value = np.append(value[:-1], -value[-1])
            turned = elements.value + np.array([0.0, 0.0, np.pi, np.pi])
            turned[2] %= 2.0 * np.pi
            elements = replace(elements, value=turned)
        rows = int(self.source.astrometry.n_used[0]) + len(given.value)
        degrees = rows - int(np.count_nonzero(np.diagonal(inverse)))
        return SharedOrbitFit(
            names=(*self.source.names, *ORBIT, *VELOCITY),
            value=value,
            covariance=covariance,
            chi2=found.chi2,
            degrees=degrees,
            gain=self.source.chi2 - found.chi2,
            false_alarm=orbit.false_alarm,
            residual=self.source.astrometry.value
            - columns @ found.steps[: self.linear + 4],
            elements=elements,
            shape=replace(shape, gain=self.source.chi2 - found.chi2),
            grid=orbit.grid,
            velocity_residual=given.value - self.velocity(found.steps, found.sign),
            dark_speed=self.dark_speed(found.steps),
            dark_speed_error=dark_error,
        )

    def physical(
        self, steps: Float[np.ndarray, "q"], sign: float
    ) -> Float[np.ndarray, "p"]:
        shape = self.shape(steps)
        turn = (shape.phase + np.pi) % (2.0 * np.pi) - np.pi
        periastron = self.source.middle - turn * shape.period / (2.0 * np.pi)
        # K of the node that has Ω below 180°.
        node = _raw_node(steps[self.linear : self.linear + 4])
        flip = -1.0 if np.floor(node / np.pi) % 2 else 1.0
        return np.array(
            [
                *steps[: self.linear + 4],
                shape.period * DAYS_PER_YEAR,
                shape.eccentricity,
                periastron * DAYS_PER_YEAR,
                steps[self.linear + 7],
                flip * self.speed(steps, sign),
            ]
        )


@dataclass(frozen=True, eq=False)
class _Solved:
    steps: Float[np.ndarray, "q"]
    chi2: float
    jacobian: Float[np.ndarray, "n q"]
    sign: float


def _raw_node(constants: Float[np.ndarray, "4"]) -> float:
    a, b, f, g = constants
    return float(0.5 * (np.arctan2(b - f, a + g) - np.arctan2(-b - f, a - g)))


def _differences(
    function: Callable[[Float[np.ndarray, "q"]], Float[np.ndarray, "p"]],
    at: Float[np.ndarray, "q"],
) -> Float[np.ndarray, "p q"]:
    """Return derivatives by central differences."""
    width = 1e-6 * np.maximum(np.abs(at), 1e-3)
    return np.stack(
        [
            (function(at + step) - function(at - step)) / (2.0 * h)
            for step, h in zip(np.diag(width), width, strict=True)
        ],
        axis=1,
    )


__all__ = ["VELOCITY", "SharedOrbitFit", "fit_shared_orbit"]
