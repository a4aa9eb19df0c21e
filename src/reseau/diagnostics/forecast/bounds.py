"""Cramér-Rao bounds of each star of a survey."""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from reseau._precision import in_double
from reseau.catalogue import Astrometry, astrometry
from reseau.constants import MILLIARCSECOND
from reseau.datasets.information import Information
from reseau.errors import DegeneracyError, explain
from reseau.motions.members import Errors, member_errors
from reseau.motions.repeated import Expected, expected_of
from reseau.motions.stars import FIVE, Stars, stars_of
from reseau.motions.undetermined import with_positions_alone
from reseau.survey.survey import Survey

from .plates import Plates, in_order

MICROARCSECOND = MILLIARCSECOND / 1000

OPEN = 1e3 * MILLIARCSECOND
"""Width of the prior of a star without an entry: an arcsecond, next to nothing, so that
covariances are finite where plates do not determine all."""


class Sigmas(NamedTuple):
    """1σ of ra·cos dec, dec, parallax [µas], pmra, pmdec [µas/yr].

    Attributes
    ----------
    whole, held
        With calibration's share, and with calibration held.
    """

    whole: Float[np.ndarray, "n 5"]
    held: Float[np.ndarray, "n 5"]


@dataclass(frozen=True)
class Bounds:
    """What a survey will know of each star that it sees.

    Attributes
    ----------
    row
        Of the stars in the survey's list.
    source_id
        Of the stars.
    epoch
        Reference epoch, the mean of the plates', Julian year TCB.
    is_reference
        Which are in the catalogue of references.
    is_solved
        Whose parallaxes and motions are determined; of the others only a position is.
    sigmas
        Of the stars.
    """

    row: Int[np.ndarray, "n"]
    source_id: Int[np.ndarray, "n"]
    epoch: float
    is_reference: Bool[np.ndarray, "n"]
    is_solved: Bool[np.ndarray, "n"]
    sigmas: Sigmas
    _model: "_Model" = field(repr=False)

    @in_double
    def at(
        self,
        some: Int[np.ndarray, "m"],
        fainter: Float[np.ndarray, "m"],
        *,
        listed: bool = True,
    ) -> Sigmas:
        """Return errors as some stars would have them with other errors of centroids.

        Parameters
        ----------
        some
            Rows of these bounds.
        fainter
            The error of a centroid over the star's own.
        listed
            Whether they have their own entries in the catalogue of references; else the
            survey alone tells of them, with what other stars tell of calibration.
        """
        model = self._model
        prior = model.prior[some]
        if not listed:
            prior = np.broadcast_to(np.eye(5) * OPEN**-2.0, prior.shape)
        errors = member_errors(
            model.expected,
            model.which[some],
            model.part[some] * fainter**-2.0,
            prior,
        )
        return _sigmas(errors)


@dataclass(frozen=True)
class _Model:
    """What errors of stars are computed from, see `member_errors`."""

    expected: Expected
    which: Int[np.ndarray, "n"]
    part: Float[np.ndarray, "n"]
    prior: Float[np.ndarray, "n 5 5"]


@in_double
def bounds_of(survey: Survey, plates: Plates) -> Bounds:
    """Return what a survey will know of each star.

    Parameters
    ----------
    survey
        As described.
    plates
        What its plates will say.

    Raises
    ------
    DegeneracyError
        No reference is seen, or too few to say where everything is.
    """
    repeated = in_order(plates)
    bare = [said for one in repeated for said in one.bare()]
    reference = astrometry(survey.references.columns)
    kept = stars_of(bare, reference, epoch=plates.epoch)
    _check_any(survey, kept.source_id[kept.is_reference])
    solved = with_positions_alone(bare, kept)
    member = _members(survey, plates, kept.source_id)
    which = np.searchsorted(
        kept.source_id, survey.stars.source_id[plates.which[member]]
    )
    own = _own_stars(survey, member, reference, plates.epoch)
    prior = own.prior + (solved.prior - kept.prior)[which]
    together = np.zeros_like(kept.prior)
    np.add.at(together, which, prior)
    expected = expected_of(repeated, replace(solved, prior=together))
    if expected.factor.null.size:
        few = int(kept.is_reference.sum())
        raise _no_datum(survey, f"{few:,} references leave the datum open")
    model = _Model(expected, which, plates.part[member], prior)
    errors = member_errors(expected, which, model.part, prior)
    return Bounds(
        row=member,
        source_id=survey.stars.source_id[member],
        epoch=plates.epoch,
        is_reference=own.is_reference,
        is_solved=solved.solved_for[which] == FIVE,
        sigmas=_sigmas(errors),
        _model=model,
    )


def _members(
    survey: Survey, plates: Plates, seen: Int[np.ndarray, "g"]
) -> Int[np.ndarray, "n"]:
    """Return the rows of stars that are seen, themselves or who stands for them."""
    ids = survey.stars.source_id[np.maximum(plates.which, 0)]
    found: np.ndarray = np.flatnonzero(np.isin(ids, seen) & (plates.which >= 0))
    return found


def _own_stars(
    survey: Survey, row: np.ndarray, reference: Astrometry, epoch: float
) -> Stars:
    """Return stars with their own priors, in the order of their rows."""
    n = row.size
    alone = Information(
        plate_id=0,
        epoch=epoch,
        observer=np.zeros(3),
        source_id=survey.stars.source_id[row],
        direction=survey.directions[row],
        gradient=np.zeros((n, 2)),
        blocks=np.zeros((n, 2, 2)),
        columns=np.zeros((n, 2, 0)),
        share=np.zeros(0),
        left_out=0.0,
        epsilon=0.0,
        chi2=np.zeros(n),
        n_measurements=np.zeros(n),
        digest="",
        reference=np.zeros(n, dtype=np.int64),
    )
    return stars_of([alone], reference, epoch=epoch)


def _sigmas(errors: Errors) -> Sigmas:
    whole, held = (
        np.sqrt(np.diagonal(one, axis1=1, axis2=2)) / MICROARCSECOND
        for one in (errors.whole, errors.held)
    )
    return Sigmas(whole, held)


def check_references(survey: Survey) -> None:
    """Refuse a survey of which no star is a reference.

    Parameters
    ----------
    survey
        As opened.

    Raises
    ------
    DegeneracyError
        There is none.
    """
    ids = survey.references.columns["source_id"]
    _check_any(survey, np.intersect1d(ids, survey.stars.source_id))


def _check_any(survey: Survey, references: Int[np.ndarray, "r"]) -> None:
    if not references.size:
        raise _no_datum(survey, "none of the stars that are seen is a reference")


def _no_datum(survey: Survey, given: str) -> DegeneracyError:
    return DegeneracyError(
        explain(
            given=f"{given}: the zero points of positions, parallaxes and proper "
            "motions, and the orientation and scale of the field, are not determined",
            wanted="references over the fields, which alone tell these",
            where=f"the survey {survey.config.name}, table [reference]",
            todo="raise faintest_g_mag, or give stars with a G magnitude",
        )
    )


__all__ = ["Bounds", "Sigmas", "bounds_of", "check_references"]
