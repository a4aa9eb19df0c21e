"""What every distortion model offers.

A model holds its structure only (degree, normalisation), all of it static; its
coefficients travel beside it as a vector, because they are what a solver changes.
Models act on components, elementwise: x, y and each coefficient broadcast.
"""

import abc
import math
from typing import ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, explain
from reseau.instrument._arrays import Pair, Values

from .newton import Coefficients, invert


class Distortion(eqx.Module):
    """A differentiable map from undistorted to measured focal-plane position.

    Attributes
    ----------
    normalisation
        Length that coordinates are divided by [um], about half the plane's side.
    is_linear
        Whether the displacement is linear in the coefficients; such a model has
        `basis` and its coefficients are those of x, then those of y.
    carries_scale
        Whether the model has a scale of its own, so that the focal length is held.
    """

    normalisation: float = eqx.field(static=True, converter=float)

    is_linear: ClassVar[bool] = False
    carries_scale: ClassVar[bool] = False

    def __check_init__(self) -> None:
        if not (math.isfinite(self.normalisation) and self.normalisation > 0.0):
            raise ConfigError(
                explain(
                    given=f"normalisation is {self.normalisation}",
                    wanted="a positive length in um",
                    where=type(self).__name__,
                    todo="give half the side of the focal plane",
                )
            )

    @property
    @abc.abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients, in their order in the vector."""

    @property
    @abc.abstractmethod
    def units(self) -> tuple[str, ...]:
        """Units of the coefficients: "um" or "", in the same order."""

    @property
    def n_coefficients(self) -> int:
        """How many coefficients there are."""
        return len(self.names)

    def default(self) -> np.ndarray:
        """Return start values: no distortion."""
        return np.zeros(self.n_coefficients)

    @abc.abstractmethod
    def widths(self, sigma: float) -> np.ndarray:
        """Return prior widths, in each coefficient's unit.

        Parameters
        ----------
        sigma
            Expected size of the distortion at a distance `normalisation` from the
            centre [um]; a coefficient that is one width from its start displaces a
            source there by about this.
        """

    def starts(
        self,
        nominal: Float[np.ndarray, "n_coef"],
        sigma: Float[np.ndarray, "n_coef"],
    ) -> Float[np.ndarray, "n_starts n_coef"]:
        """Return where a fit may start: here at the prior's mean alone.

        Parameters
        ----------
        nominal, sigma
            Means and widths of the prior, in each coefficient's unit.
        """
        del sigma
        return np.asarray(nominal, dtype=float)[None]

    @abc.abstractmethod
    def displace(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the measured position of an undistorted one.

        Parameters
        ----------
        x, y
            Undistorted focal-plane position [um].
        coefficients
            One row each, in the order of `names`.
        """

    def restore(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the undistorted position of a measured one.

        Parameters
        ----------
        x, y
            Measured focal-plane position [um].
        coefficients
            One row each, in the order of `names`.

        Notes
        -----
        Newton's method to 1e-12 of the normalisation; NaN where it finds no
        solution. See `newton`.
        """
        return invert(self.displace, x, y, coefficients, length=self.normalisation)


def check_count(model: Distortion, name: str, minimum: int) -> None:
    """Raise `ConfigError` unless a field is a whole number, at least `minimum`."""
    value = getattr(model, name)
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        raise ConfigError(
            explain(
                given=f"{name} is {value!r}",
                wanted=f"a whole number, at least {minimum}",
                where=type(model).__name__,
                todo="correct the option",
            )
        )


class NoDistortion(Distortion):
    """The plane as projected: no coefficients."""

    normalisation: float = eqx.field(static=True, converter=float, default=1.0)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients: none."""
        return ()

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the coefficients: none."""
        return ()

    def widths(self, sigma: float) -> np.ndarray:
        """Return prior widths: none."""
        del sigma
        return np.zeros(0)

    def displace(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the position unchanged."""
        del coefficients
        return x, y

    def restore(self, x: Values, y: Values, coefficients: Coefficients) -> Pair:
        """Return the position unchanged."""
        del coefficients
        return x, y
