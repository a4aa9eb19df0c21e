"""The similarity that most pairs of star and detection agree on, wrong ones or not.

Two pairs determine rotation and scale of a camera in closed form. Of many such
hypotheses, in both parities, the one is taken whose agreement is least likely by
chance: among n pairs, k fall within a distance r of where it puts them with a number
of false alarms of ::

    NFA = (n − 2) C(n, k) C(k, 2) (π r² / A)^(k−2)

A the area of the field, at the best k; a priori tolerance there is none, so that a
distortion nobody knows of widens r and wrong pairs do not. Where stars are too few to
decide, the priors of scale and attitude do.

Tangent coordinates of the nominal camera are u, those of the stars v; with the scale k
in units of the nominal one, u = k v.

References
----------
Fischler & Bolles 1981, CACM 24, 381 (consensus); Moisan & Stival 2004, IJCV 57, 201
(its false alarms); Wahba 1965, SIAM Review 7, 409 (rotation).
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy import special

Vectors = Float[np.ndarray, "n 3"]

MOST_STARS = 128
"""Pairs that hypotheses are scored with; a random choice where there are more."""

MOST_PAIRS = 300
"""Hypotheses of a parity. With half of the stars wrong a quarter of them are right."""

REFINED = 8
"""Best hypotheses that are fitted to all who agree with them."""

NOISE = 3.0
"""Stars agree that are within so many σ."""

BEYOND = 3.0
"""Stars disagree that are farther away than so many times the farthest that agrees."""

CERTAIN = 7.0
"""Surprise, −log of the number of false alarms, that is beyond doubt: 1 in 1000."""

LOWEST = 0.02
"""Smallest component along the axis of a direction that is used: 89 degrees off."""


class Matches(NamedTuple):
    """Stars of one exposure, each with the detection that is said to be it.

    Attributes
    ----------
    camera
        Directions by the nominal instrument, camera frame; its axes x̂, ŷ, â.
    star
        Apparent directions, ICRS.
    sigma
        Error of their distance, a coordinate [rad].
    """

    camera: Vectors
    star: Vectors
    sigma: Float[np.ndarray, "n"]


class Expected(NamedTuple):
    """What is known before looking.

    Attributes
    ----------
    axes
        Estimated attitude, rows x̂, ŷ, â; NaN where there is none.
    attitude_sigma
        Of the direction of the axis, and of the roll [rad]; infinite: not known.
    scale_sigma
        Relative, of the scale.
    """

    axes: Float[np.ndarray, "3 3"]
    attitude_sigma: tuple[float, float]
    scale_sigma: float


class Consensus(NamedTuple):
    """What most pairs of one exposure agree on.

    Attributes
    ----------
    axes
        Attitude, rows x̂, ŷ, â.
    scale
        In units of the nominal one.
    surprise
        −log of the number of false alarms: how far from chance the agreement is; 0
        and less: it is chance.
    agrees
        Whether a pair agrees.
    strays
        Whether a pair disagrees; between both it is not decided.
    distance
        Of stars and detections [rad of the nominal camera].
    within
        How far the farthest that agrees is away [rad].
    radius
        Of the field [rad].
    cost
        What hypotheses are ranked by, priors included.
    """

    axes: Float[np.ndarray, "3 3"]
    scale: float
    surprise: float
    agrees: Bool[np.ndarray, "n"]
    strays: Bool[np.ndarray, "n"]
    distance: Float[np.ndarray, "n"]
    within: float
    radius: float
    cost: float


class _Pairs(NamedTuple):
    """Tangent coordinates of the detections, and the stars that they are said to be."""

    u: Float[np.ndarray, "n 2"]
    star: Vectors
    loose: Float[np.ndarray, "n"]
    least: float
    area: float


class _Hypotheses(NamedTuple):
    axes: Float[np.ndarray, "h 3 3"]
    scale: Float[np.ndarray, "h"]


def find_consensus(
    matches: Matches, expected: Expected, *, mirrored: bool = False
) -> Consensus | None:
    """Return what most pairs agree on; None where no two of them are apart.

    Parameters
    ----------
    matches
        Pairs of one exposure, two at least.
    expected
        What is known before looking.
    mirrored
        Whether the camera is taken to be the mirror image of the nominal one.
    """
    pairs = _pairs_of(matches, mirrored)
    n = len(pairs.star)
    some = np.arange(n)
    rng = np.random.default_rng(0)
    if n > MOST_STARS:
        some = np.sort(rng.choice(n, MOST_STARS, replace=False))
    part = pairs._replace(
        u=pairs.u[some], star=pairs.star[some], loose=pairs.loose[some]
    )
    with np.errstate(all="ignore"):
        tried = _from_two(part, *_two_of(part, rng))
        if not tried.scale.size:
            return None
        cost, farthest, _ = _costs(part, tried, expected)
        best = np.argsort(cost, kind="stable")[:REFINED]
        chosen = _Hypotheses(tried.axes[best], tried.scale[best])
        # Twice to those who agree so far, once more to those of all stars.
        for over in (part, part, pairs):
            cost, farthest, _ = _costs(over, chosen, expected)
            near = _distances(over, chosen) <= farthest[:, None]
            refined = _fitted(over, chosen, near)
            again, _, _ = _costs(over, refined, expected)
            better = (again < cost)[:, None, None]
            chosen = _Hypotheses(
                np.where(better, refined.axes, chosen.axes),
                np.where(better[:, 0, 0], refined.scale, chosen.scale),
            )
        cost, farthest, surprise = _costs(pairs, chosen, expected)
        first = int(np.argmin(cost))
        one = _Hypotheses(chosen.axes[first][None], chosen.scale[first][None])
        distance = _distances(pairs, one)[0]
    return _judged(pairs, one, distance, float(farthest[first]), surprise[first], cost)


def _judged(
    pairs: _Pairs,
    one: _Hypotheses,
    distance: np.ndarray,
    farthest: float,
    surprise: float,
    cost: np.ndarray,
) -> Consensus:
    agrees = distance <= farthest
    return Consensus(
        axes=one.axes[0],
        scale=float(one.scale[0]),
        surprise=float(surprise),
        agrees=agrees,
        strays=~(distance <= BEYOND * farthest),
        distance=distance * pairs.loose,
        within=float(np.max(distance * pairs.loose, where=agrees, initial=0.0)),
        radius=float(np.sqrt(pairs.area / np.pi)),
        cost=float(np.min(cost)),
    )


def _pairs_of(matches: Matches, mirrored: bool) -> _Pairs:
    """Return tangent coordinates and scales of distances."""
    z = matches.camera[:, 2]
    ahead = z > LOWEST
    u = matches.camera[:, :2] / np.where(ahead, z, np.nan)[:, None]
    if mirrored:
        u = u * np.array([-1.0, 1.0])
    usual = float(np.median(matches.sigma))
    usual = usual if usual > 0 else 1.0
    radius = float(np.sqrt(np.nanmax(np.sum((u - np.nanmedian(u, 0)) ** 2, 1))))
    return _Pairs(
        u=u,
        star=matches.star,
        # A star that is known less well than usual may be farther away.
        loose=np.maximum(matches.sigma / usual, 1.0),
        least=NOISE * float(np.median(matches.sigma)),
        area=np.pi * max(radius, 1e-300) ** 2,
    )


def _two_of(
    pairs: _Pairs, rng: np.random.Generator
) -> tuple[Int[np.ndarray, "h"], Int[np.ndarray, "h"]]:
    """Return pairs of pairs: all, or many of those that are far apart."""
    n = len(pairs.star)
    if n * (n - 1) // 2 <= MOST_PAIRS:
        first, second = np.triu_indices(n, 1)
    else:
        first = rng.integers(0, n, 4 * MOST_PAIRS)
        second = (first + rng.integers(1, n, first.size)) % n
    apart = np.sum((pairs.u[first] - pairs.u[second]) ** 2, axis=1)
    on_sky = np.sum((pairs.star[first] - pairs.star[second]) ** 2, axis=1)
    usable = (apart > (0.3 * pairs.least) ** 2) & (on_sky > 1e-28) & (apart > 1e-28)
    usable &= np.sum((pairs.star[first] + pairs.star[second]) ** 2, axis=1) > 0.01
    kept = np.flatnonzero(usable)
    kept = kept[np.argsort(-apart[kept], kind="stable")[:MOST_PAIRS]]
    return first[kept], second[kept]


def _from_two(pairs: _Pairs, first: np.ndarray, second: np.ndarray) -> _Hypotheses:
    """Return the similarities that carry two stars onto two detections exactly."""
    a, b = pairs.star[first], pairs.star[second]
    on_sky = np.linalg.norm(a - b, axis=1)
    scale = np.ones(first.size)
    for _ in range(4):
        c, d = (_ahead(pairs.u[i] / scale[:, None]) for i in (first, second))
        scale = scale * np.linalg.norm(c - d, axis=1) / on_sky
    c, d = (_ahead(pairs.u[i] / scale[:, None]) for i in (first, second))
    axes = np.einsum("hki,hkj->hij", _triads(c, d), _triads(a, b))
    return _usable(_Hypotheses(axes, scale))


def _usable(tried: _Hypotheses) -> _Hypotheses:
    good = np.isfinite(tried.scale) & np.all(np.isfinite(tried.axes), axis=(1, 2))
    return _Hypotheses(tried.axes[good], tried.scale[good])


def _ahead(u: np.ndarray) -> np.ndarray:
    """Return the unit vectors of tangent coordinates."""
    c = np.concatenate([u, np.ones((*u.shape[:-1], 1))], axis=-1)
    return c / np.linalg.norm(c, axis=-1, keepdims=True)


def _triads(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return right-handed triads that two directions span, in rows."""
    middle, along = a + b, b - a
    middle = middle / np.linalg.norm(middle, axis=1, keepdims=True)
    along = along / np.linalg.norm(along, axis=1, keepdims=True)
    return np.stack([middle, along, np.cross(middle, along)], axis=1)


def _offsets(pairs: _Pairs, tried: _Hypotheses) -> np.ndarray:
    """Return where stars are seen less where they were detected, (h, n, 2)."""
    seen = np.einsum("hij,nj->hni", tried.axes, pairs.star)
    z = seen[..., 2]
    v = seen[..., :2] / np.where(z > LOWEST, z, np.nan)[..., None]
    return np.asarray(tried.scale[:, None, None] * v - pairs.u)


def _distances(pairs: _Pairs, tried: _Hypotheses) -> Float[np.ndarray, "h n"]:
    """Return distances of stars and detections, for those known well; or infinite."""
    distance = np.linalg.norm(_offsets(pairs, tried), axis=-1) / pairs.loose
    return np.where(np.isfinite(distance), distance, np.inf)


def _costs(
    pairs: _Pairs, tried: _Hypotheses, expected: Expected
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return costs of hypotheses, how far those who agree reach, and the surprise."""
    ranked = np.sort(_distances(pairs, tried), axis=1)
    ranked = np.maximum(ranked, max(pairs.least, 1e-300))
    n = ranked.shape[1]
    k = np.arange(2, n + 1)
    chance = np.minimum(np.log(np.pi * ranked[:, 1:] ** 2 / pairs.area), 0.0)
    ways = np.log(max(n - 2, 1)) + _log_choose(n, k) + _log_choose(k, 2)
    false = np.where(k > 2, ways + np.where(k > 2, k - 2, 0) * chance, 0.0)
    # What is not beyond doubt is worth no more than two stars, which fit always.
    false = np.where(false < -CERTAIN, false, np.where(k > 2, np.inf, 0.0))
    false = np.where(np.isfinite(ranked[:, 1:]), false, np.inf)
    at = np.argmin(false, axis=1)
    rows = np.arange(len(ranked))
    lowest, farthest = false[rows, at], ranked[rows, at + 1]
    return lowest + _doubt(tried, expected), farthest, -lowest


def _log_choose(n: int | np.ndarray, k: int | np.ndarray) -> np.ndarray:
    n, k = np.asarray(n, dtype=float), np.asarray(k, dtype=float)
    log = special.gammaln
    return np.asarray(log(n + 1) - log(k + 1) - log(n - k + 1))


def _doubt(tried: _Hypotheses, expected: Expected) -> np.ndarray:
    """Return how far from what was expected hypotheses are: −log of heavy tails."""
    cost = _tail(np.log(np.abs(tried.scale)), expected.scale_sigma)
    if not np.all(np.isfinite(expected.axes)):
        return cost
    sky, roll = expected.attitude_sigma
    between = np.einsum("hij,kj->hik", tried.axes, expected.axes)
    off = np.linalg.norm(tried.axes[:, 2] - expected.axes[2], axis=1)
    turn = np.arctan2(between[:, 0, 1] - between[:, 1, 0], between[:, 0, 0])
    return cost + _tail(off, sky) + _tail(turn, roll)


def _tail(value: np.ndarray, sigma: float) -> np.ndarray:
    """Return −log of a Cauchy density, relative to its peak; 0 where σ is none."""
    if not np.isfinite(sigma):
        return np.zeros_like(value)
    return np.log1p((value / max(sigma, 1e-4)) ** 2)


def _fitted(pairs: _Pairs, tried: _Hypotheses, near: np.ndarray) -> _Hypotheses:
    """Return the similarities that fit those who agree best, by least squares."""
    weight = (near / pairs.loose**2)[..., None]
    u = np.where(np.isfinite(pairs.u), pairs.u, 0.0)
    scale, axes = tried.scale, tried.axes
    for _ in range(3):
        c = _ahead(u[None] / scale[:, None, None])
        moment = np.einsum("hni,nj->hij", weight * c, pairs.star)
        moment = np.where(np.isfinite(moment), moment, 0.0)
        left, _, right = np.linalg.svd(moment)
        left[:, :, 2] *= np.linalg.det(left @ right)[:, None]
        axes = left @ right
        seen = np.einsum("hij,nj->hni", axes, pairs.star)
        v = (
            seen[..., :2]
            / np.where(seen[..., 2] > LOWEST, seen[..., 2], np.inf)[..., None]
        )
        total = np.sum(weight, axis=1, keepdims=True)
        mv = np.sum(weight * v, axis=1, keepdims=True) / total
        mu = np.sum(weight * u, axis=1, keepdims=True) / total
        along = np.sum(weight * (u - mu) * (v - mv), axis=(1, 2))
        scale = along / np.sum(weight * (v - mv) ** 2, axis=(1, 2))
    good = np.isfinite(scale) & (scale > 0)
    return _Hypotheses(
        np.where(good[:, None, None], axes, tried.axes),
        np.where(good, scale, tried.scale),
    )


__all__ = ["BEYOND", "CERTAIN", "Consensus", "Expected", "Matches", "find_consensus"]
