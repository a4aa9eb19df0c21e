"""What a solution is relative to: the fields that references alone decide.

Each field is reported with its formal error, a stated floor of what references share,
and the part of its variance that is the references': 1 where the plates say nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau._precision import in_double
from reseau.constants import MILLIARCSECOND
from reseau.linalg import LowRankFactor

from .datum_amplitudes import Amplitudes, amplitudes, products, shared_fields
from .datum_fields import (
    FIRST,
    KINDS,
    MOTION,
    PARALLAX,
    Field,
    fields_of_stars,
    frame_of,
    named_fields,
)
from .datum_maps import DatumMaps, datum_maps
from .datum_text import datum_sentences
from .reference_floor import ReferenceFloor, floor_columns, floor_root
from .solving import Motions

DEGREE_OF_FIELDS = 2
"""Of the polynomials over the sky."""
SHARED = 6
"""How many modes without a name are reported."""


ALIKE = 1e-12
"""Squares of sums of named fields that count as none, relative to the largest."""


@dataclass(frozen=True)
class Datum:
    """What references alone decide.

    Attributes
    ----------
    table
        Columns, a row a field:

        - ``name``, ``parameter`` ("position", "parallax" or "motion"; of modes without
          a name that in which they are strongest), ``degree`` of the polynomial (−1:
          without a name), ``unit``;
        - ``value``, ``value_error``: amplitude of catalogue minus reference, and 1σ of
          it, at most, if both are right; zero where references alone decide, NaN
          where there are none;
        - ``formal_error``, ``floor``, ``error``: 1σ of the amplitude in the
          catalogue's errors, what references share beyond that, and both;
        - ``share_of_references``: the part of the formal variance that is by their
          errors; ``plates_alone``: what the formal error would be without them;
        - ``named``: the part of the field that is a sum of the named ones.

        The amplitude of a mode without a name is its root mean square over the stars,
        in the parameter in which it is strongest.
    maps
        The named fields on the sky, with their errors.
    floor
        Of the references, as stated; None: none was.
    sentences
        The same in words.
    shared
        What the floor adds to the covariance of the stars, see `columns`.
    """

    table: dict[str, np.ndarray]
    maps: DatumMaps
    floor: ReferenceFloor | None
    sentences: tuple[str, ...]
    shared: Float[np.ndarray, "n k r"] | None

    def columns(self) -> Float[np.ndarray, "n k r"] | None:
        """Return T; the floor adds T_a T_bᵀ to the covariance of stars a and b.

        In the parameters of the solution [rad, rad/yr]; None where no floor was stated.
        """
        return self.shared


@in_double
def datum_of(
    motions: Motions,
    *,
    floor: ReferenceFloor | None = None,
    degree: int = DEGREE_OF_FIELDS,
    number: int = SHARED,
) -> Datum:
    """Return what references alone decide in a solution.

    Parameters
    ----------
    motions
        The solution.
    floor
        Errors that references share and do not state.
    degree
        Of the polynomials over the sky that have names.
    number
        How many modes are reported that have none: those of which plates leave least.

    Raises
    ------
    ConfigError
        The floor's length of correlation is too short.
    """
    stars, factor = motions.equations.stars, motions.factor
    root = floor_root(floor or ReferenceFloor(), stars)
    frame = frame_of(stars, degree)
    named = fields_of_stars(stars, frame)
    kinds, others = _others(factor, number)
    every = np.concatenate([named, others], axis=2)
    sums = products(every, motions.equations, factor, root)
    count = named.shape[2]
    found = amplitudes(sums.of(slice(count)))
    parts = [_rows(named_fields(degree), found, np.ones(count))]
    explained = _explained(others, named, factor)
    for i, kind in enumerate(kinds):
        alone = amplitudes(sums.of(slice(count + i, count + i + 1)))
        unit = "mas/yr" if kind == MOTION else "mas"
        field = Field(f"shared {i + 1}", kind, -1, unit)
        parts.append(_rows([field], alone, explained[i, None]))
    table = {key: np.concatenate([p[key] for p in parts]) for key in parts[0]}
    return Datum(
        table=table,
        maps=datum_maps(frame, stars, found),
        floor=floor,
        sentences=datum_sentences(table, floor),
        shared=None if floor is None else floor_columns(root, stars, factor),
    )


def _rows(
    fields: Sequence[Field], found: Amplitudes, named: Float[np.ndarray, "m"]
) -> dict[str, np.ndarray]:
    error, floor, share = found.error, found.floor, found.share_of_references
    with np.errstate(divide="ignore"):
        alone = error / np.sqrt(1.0 - share)
    return {
        "name": np.array([field.name for field in fields]),
        "parameter": np.array([field.kind for field in fields]),
        "degree": np.array([field.degree for field in fields], dtype=np.int32),
        "unit": np.array([field.unit for field in fields]),
        "value": found.value,
        "value_error": found.value_error,
        "formal_error": error,
        "floor": floor,
        "error": np.hypot(error, floor),
        "plates_alone": alone,
        "share_of_references": share,
        "named": np.clip(named, 0.0, 1.0),
    }


def _others(
    factor: LowRankFactor, number: int
) -> tuple[list[str], Float[np.ndarray, "n k q"]]:
    """Return modes without a name, and in which parameter each is strongest."""
    fields = shared_fields(factor, number)
    found = [_normalised(fields[:, :, i], factor) for i in range(fields.shape[2])]
    if not found:
        return [], fields
    return [kind for kind, _ in found], np.stack([f for _, f in found], axis=2)


def _normalised(
    field: Float[np.ndarray, "n k"], factor: LowRankFactor
) -> tuple[str, Float[np.ndarray, "n k"]]:
    """Return in which parameter a field is strongest, and the field of 1 mas there."""
    # Squares in units of errors with the calibration and other parameters held.
    square = np.sum(factor.root**2, axis=2) * field**2
    places = {k: slice(FIRST[k], FIRST[k] + (1 if k == PARALLAX else 2)) for k in KINDS}
    kind = max(KINDS, key=lambda k: float(np.sum(square[:, places[k]])))
    size = np.sqrt(np.mean(np.sum(field[:, places[kind]] ** 2, axis=1)))
    return kind, field * (MILLIARCSECOND / size)


def _explained(
    fields: Float[np.ndarray, "n k q"],
    named: Float[np.ndarray, "n k m"],
    factor: LowRankFactor,
) -> Float[np.ndarray, "q"]:
    """Return the part of each field that is a sum of named ones, in units of errors."""
    upper = factor.root.transpose(0, 2, 1)
    rows = fields.shape[0] * fields.shape[1]
    white, basis = ((upper @ f).reshape(rows, f.shape[2]) for f in (fields, named))
    size = np.sqrt(np.sum(basis**2, axis=0))
    basis /= np.where(size > 0.0, size, 1.0)
    values, vectors = np.linalg.eigh(basis.T @ basis)
    kept = values > ALIKE * values[-1]
    along = (vectors[:, kept] / np.sqrt(values[kept])).T @ (basis.T @ white)
    return np.asarray(np.sum(along**2, axis=0) / np.sum(white**2, axis=0))


__all__ = ["Datum", "datum_of"]
