"""Systematic errors that references share with their neighbours, and what follows.

A catalogue's errors are stated star by star; what neighbours share is not in them.
Averaged over many stars it is what is left: a floor. Here it is a smooth random field
in each parameter, independent of the others, Normal with mean zero, a stated width
everywhere and the correlation exp(−θ²/2ℓ²) at a distance θ (chord): what surveys are
simulated with. Position and motion are those at the catalogue's own epoch t₀, so that
at another epoch the position has the error δ + (t − t₀) δμ.

A catalogue of references that is wrong by δ (with weights P₀ as they are) makes the
solution wrong by M⁻¹ P₀ δ, of all stars, those without a prior as well. So the floor's
covariance F Fᵀ becomes T Tᵀ, T = M⁻¹ P₀ F, which adds to M⁻¹: shared columns.
"""

from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.errors import ConfigError, explain, unknown_name
from reseau.linalg import Columns, LowRankFactor, backward_blocks, compress

from .stars import Stars

UNEXPLAINED = 1e-3
"""Part of the floor's variance at a place that its columns may lack."""
MOST = 200
"""Smooth fields that a floor is written as, at most; more is no floor but noise."""
NEGLIGIBLE = 1e-3
"""Part of a star's own variance that columns, taken together, may lack."""


@dataclass(frozen=True)
class ReferenceFloor:
    """Errors that neighbouring references share.

    Gaia DR3's parallaxes have 0.010 to 0.026 mas. Nothing is assumed: what is not given
    is zero.

    Attributes
    ----------
    parallax
        1σ [mas].
    position
        Of each component, at the catalogue's epoch [mas].
    motion
        Of each component [mas/yr].
    scale
        Length of correlation ℓ [deg].
    epoch
        t₀, the catalogue's epoch, Julian year TCB; None: that of the solution, at which
        motions then do nothing to positions.
    """

    parallax: float = 0.0
    position: float = 0.0
    motion: float = 0.0
    scale: float = 1.0
    epoch: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None:
                _check(field.name, value)

    @property
    def widths(self) -> Float[np.ndarray, "5"]:
        """Return 1σ of position, parallax and motion [mas, mas/yr]."""
        return np.array(
            [self.position] * 2 + [self.parallax] + [self.motion] * 2, dtype=float
        )

    def __str__(self) -> str:
        parts = [
            f"{1e3 * value:g} µas{per} of {name}"
            for name, value, per in (
                ("parallax", self.parallax, ""),
                ("position", self.position, ""),
                ("motion", self.motion, "/yr"),
            )
            if value > 0.0
        ]
        return f"{', '.join(parts) or 'none'}, alike over {self.scale:g} deg"


def parse_reference_floor(text: str) -> ReferenceFloor:
    """Return the floor that a text says: ``"parallax=0.02,motion=0.01,scale=1"``.

    Parameters
    ----------
    text
        Names and values with commas; units are those of `ReferenceFloor`.

    Raises
    ------
    ConfigError
        It is no such text.
    """
    names = [field.name for field in fields(ReferenceFloor)]
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in names:
            raise unknown_name("floor", name, names, where="--reference-floor")
        try:
            found[name] = float(value)
        except ValueError:
            raise ConfigError(
                explain(
                    given=f"{name}={value}" if value else name,
                    wanted="a number for each name, as parallax=0.02,scale=1",
                    where="--reference-floor",
                    todo="give mas, mas/yr, and degrees for scale",
                )
            ) from None
    return ReferenceFloor(**found)


def _check(name: str, value: float) -> None:
    positive = name == "scale"
    if np.isfinite(value) and (value > 0.0 if positive else value >= 0.0):
        return
    raise ConfigError(
        explain(
            given=f"{name} = {value}",
            wanted="a finite number" + (" above zero" if positive else ", not below 0"),
            where="the floor of the references (--reference-floor)",
            todo="give mas, mas/yr, and degrees for the length of correlation",
        )
    )


def floor_root(floor: ReferenceFloor, stars: Stars) -> Float[np.ndarray, "n k r"]:
    """Return F: errors of references that are shared, their covariance is F Fᵀ.

    Parameters
    ----------
    floor
        How large they are.
    stars
        Those that are no references have zeros.

    Returns
    -------
    Columns [rad, rad/yr].

    Raises
    ------
    ConfigError
        The length of correlation is so short that the floor has more than `MOST`
        independent fields over the stars.
    """
    held = np.flatnonzero(stars.is_reference)
    active = np.flatnonzero(floor.widths)
    if not held.size or not active.size:
        return np.zeros((stars.n, stars.size, 0))
    smooth = smooth_root(stars.direction[held], floor.scale * DEGREE)
    count = smooth.shape[1]
    width = floor.widths * MILLIARCSECOND
    epoch = stars.epoch[held]
    since = epoch - (epoch if floor.epoch is None else floor.epoch)
    out = np.zeros((stars.n, stars.size, active.size * count))
    for number, parameter in enumerate(active):
        some = slice(number * count, (number + 1) * count)
        own = width[parameter] * smooth
        out[held, parameter, some] = own
        if parameter >= 3:
            out[held, parameter - 3, some] = since[:, None] * own
    return out


def smooth_root(
    direction: Float[np.ndarray, "n 3"], scale: float
) -> Float[np.ndarray, "n q"]:
    """Return B with B Bᵀ the correlation exp(−θ²/2ℓ²) of places, nearly.

    Parameters
    ----------
    direction
        Unit vectors.
    scale
        ℓ [rad].

    Returns
    -------
    Columns; the variance at each place is 1 but for less than `UNEXPLAINED`.

    References
    ----------
    Pivoted incomplete Cholesky: Harbrecht, Peters & Schneider 2012, Appl. Numer. Math.
    62, 428.
    """
    n = len(direction)
    columns = np.zeros((n, min(n, MOST)))
    left = np.ones(n)
    for count in range(columns.shape[1] + 1):
        pivot = int(np.argmax(left))
        if left[pivot] < UNEXPLAINED:
            return np.ascontiguousarray(columns[:, :count])
        if count == columns.shape[1]:
            break
        square = np.sum((direction - direction[pivot]) ** 2, axis=1)
        column = np.exp(-0.5 * square / scale**2)
        column -= columns[:, :count] @ columns[pivot, :count]
        columns[:, count] = column / np.sqrt(left[pivot])
        left = np.maximum(left - columns[:, count] ** 2, 0.0)
        left[pivot] = 0.0
    if n <= MOST:
        return columns
    raise ConfigError(
        explain(
            given=f"a length of correlation of {scale / DEGREE:g} deg",
            wanted=f"so long that the field has at most {MOST} independent parts",
            where="the floor of the references (--reference-floor)",
            todo="give a longer one; errors that hardly any neighbours share belong "
            "into the catalogue's own errors",
        )
    )


def reference_prior(stars: Stars) -> Float[np.ndarray, "n k k"]:
    """Return P₀ of the references, zero for others, whose priors are of no catalogue.

    Parameters
    ----------
    stars
        With their priors.
    """
    return np.where(stars.is_reference[:, None, None], stars.prior, 0.0)


def floor_columns(
    root: Float[np.ndarray, "n k r"], stars: Stars, factor: LowRankFactor
) -> Float[np.ndarray, "n k q"]:
    """Return T: what a floor of the references adds to all stars, covariance T Tᵀ.

    Parameters
    ----------
    root
        F, of `floor_root`.
    stars
        Of the solution.
    factor
        Its covariance.

    Returns
    -------
    Few columns. T Tᵀ lacks less than `NEGLIGIBLE` of what each star's covariance would
    be with the calibration held.
    """
    found = factor.solve(reference_prior(stars) @ root)
    white = factor.root.transpose(0, 2, 1) @ found
    modes = compress(Columns(np.arange(stars.n), white), NEGLIGIBLE)
    return backward_blocks(factor.root, modes.columns.values)


__all__ = [
    "ReferenceFloor",
    "floor_columns",
    "floor_root",
    "reference_prior",
    "smooth_root",
]
