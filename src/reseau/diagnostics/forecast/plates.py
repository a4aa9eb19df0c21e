"""The plates of a survey as information: each of them, or what repeats once."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from reseau.datasets import Dataset
from reseau.datasets.information import Information
from reseau.errors import DroppedWarning
from reseau.motions.merging import EPSILON
from reseau.motions.repeated import Repeated
from reseau.plates import prepare
from reseau.plates.expected import expected_plate
from reseau.plates.preparation import MINIMUM_MEASUREMENTS
from reseau.survey.coverage import coverage
from reseau.survey.expected import (
    Groups,
    few_exposures,
    group_stars,
    ideal,
    kinds_of_orbits,
)
from reseau.survey.simulated import SimulatedPlate
from reseau.survey.survey import Survey, field_side, observer_of
from reseau.survey.time_nodes import stretches, time_nodes

DatasetOf = Callable[[SimulatedPlate], Dataset]
"""How a simulated plate becomes the dataset that a solver is given."""

Told = Callable[[int, int], None]

CELLS = 12
"""Cells along a side of the field, in which stars of about one magnitude are one."""

CLASS = 1.0
"""Width of a class of magnitudes."""

UNSEEN = 1e-6
"""Exposures of a star that none sees, for a weight."""


class Plates(NamedTuple):
    """What plates will say.

    Attributes
    ----------
    repeated
        Of each kind of plate.
    which
        Row of the star of the survey that stands for each one, or −1: for a body of the
        solar system.
    part
        What part of the information there is its own.
    epoch
        Mean epoch of the plates, Julian year TCB.
    """

    repeated: list[Repeated]
    which: Int[np.ndarray, "n"]
    part: Float[np.ndarray, "n"]
    epoch: float


def every_plate(
    survey: Survey, dataset_of: DatasetOf, told: Told | None = None
) -> Plates:
    """Return what each plate will say.

    Parameters
    ----------
    survey
        As described.
    dataset_of
        How plates become datasets.
    told
        Called after each plate with how many are done, and of how many.
    """
    expected, found = ideal(survey), []
    for number in range(len(survey)):
        plate = expected.expected(number)
        found.append(_once(_said(plate, dataset_of, MINIMUM_MEASUREMENTS)))
        if told is not None:
            told(number + 1, len(survey))
    n = len(survey.stars)
    epoch = float(np.mean([one.epoch[0] for one in found]))
    return Plates(found, _standing(survey, np.arange(n)), np.ones(n), epoch)


def _once(said: Information) -> Repeated:
    return Repeated(
        said, np.array([said.epoch]), np.array([said.observer]), np.array([1.0])
    )


def _said(plate: SimulatedPlate, dataset_of: DatasetOf, least: int) -> Information:
    with warnings.catch_warnings():
        # Sources on the edge that are measured once; the solver says so in its time.
        warnings.simplefilter("ignore", DroppedWarning)
        prepared = prepare(dataset_of(plate), minimum_measurements=least)
    return expected_plate(prepared, EPSILON)


def _standing(survey: Survey, row: np.ndarray) -> np.ndarray:
    """Return the rows of stars that stand for others, none for moving bodies."""
    fixed = np.all(np.isfinite(survey.directions), axis=1)
    found: np.ndarray = np.where(fixed, row, -1)
    return found


def repeated_plates(
    survey: Survey,
    error: Float[np.ndarray, "n"],
    dataset_of: DatasetOf,
    told: Told | None = None,
) -> Plates:
    """Return what plates will say, with what repeats counted instead of done again.

    Plates of the same fields are one, visited at the nodes of a quadrature over the
    epochs of each season; exposures of a field are four; stars of a class of magnitudes
    in a cell of a twelfth of the field are one, with the information of all. What is
    each one's part of that goes by its errors and the exposures that see it.

    Parameters
    ----------
    survey
        As described.
    error
        Of each star on an exposure; only ratios count.
    dataset_of, told
        As of `every_plate`; told after each kind of plate.
    """
    groups, weight, part = _grouped(survey, error)
    expected = _with_few_stars(ideal(survey), groups.row)
    plan = survey.plan
    orbits = kinds_of_orbits(plan)
    few = [few_exposures(plan, int(plate)) for plate in orbits.middle]
    made = [
        expected.expected(int(plate), one.taken)
        for plate, one in zip(orbits.middle, few, strict=True)
    ]
    number = np.bincount(orbits.which) * np.array([one.number for one in few])
    smaller = _strengths(expected, made, number, weight)
    stretch, found = stretches(plan), []
    for kind, (plate, one) in enumerate(zip(made, few, strict=True)):
        strong = _strengthened(expected, plate, smaller * one.number**-0.5)
        own = orbits.which == kind
        visits = [
            time_nodes(plan.middle[own & (stretch == some)])
            for some in np.unique(stretch[own])
        ]
        epoch = np.concatenate([nodes.epoch for nodes in visits])
        found.append(
            Repeated(
                _said(strong, dataset_of, 1),
                epoch,
                observer_of(survey.config, epoch).position,
                np.concatenate([nodes.number for nodes in visits]),
            )
        )
        if told is not None:
            told(kind + 1, len(made))
    which = _standing(survey, groups.row[groups.which])
    return Plates(found, which, part, float(np.mean(plan.middle)))


def _grouped(
    survey: Survey, error: np.ndarray
) -> tuple[Groups, Float[np.ndarray, "g"], Float[np.ndarray, "n"]]:
    """Return groups of stars, their weights, and each star's part of its group's.

    A weight is what all exposures tell together of a coordinate, in units of one
    exposure of the star that stands for the group; groups are in the order of these.
    """
    stars = survey.stars
    fixed = np.flatnonzero(_standing(survey, np.zeros(len(stars), dtype=int)) == 0)
    known = np.isin(stars.source_id, survey.references.columns["source_id"])
    kind = 2 * np.floor(stars.phot_hw_mag / CLASS).astype(int) + known
    seen = coverage(survey.plan, survey.instrument, survey.directions[fixed])
    weight = np.zeros(len(stars))
    weight[fixed] = np.maximum(seen.exposures, UNSEEN) * error[fixed] ** -2.0
    some = group_stars(
        survey.directions[fixed],
        kind[fixed],
        weight[fixed],
        field_side(survey.instrument) / CELLS,
    )
    order = np.argsort(some.row)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    which = np.zeros(len(stars), dtype=int)
    which[fixed] = place[some.which]
    total = np.bincount(which[fixed], weight[fixed])
    groups = Groups(fixed[some.row[order]], which)
    return groups, total / error[groups.row] ** -2.0, weight / total[which]


def _strengths(
    survey: Survey,
    plates: Sequence[SimulatedPlate],
    number: Float[np.ndarray, "k"],
    weight: Float[np.ndarray, "g"],
) -> Float[np.ndarray, "g"]:
    """Return how much smaller errors of stars are that stand for others.

    So that with the exposures that these plates have of each, of which each counts as
    often as `number` says, it has the weight of its group, which is in units of one of
    its own exposures.
    """
    seen = np.zeros(len(survey.stars))
    for plate, count in zip(plates, number, strict=True):
        row = np.searchsorted(survey.stars.source_id, plate.measurements["source_id"])
        seen += count * np.bincount(row, minlength=seen.size)
    found: np.ndarray = np.sqrt(np.maximum(seen, UNSEEN) / weight)
    return found


def _with_few_stars(survey: Survey, row: Int[np.ndarray, "g"]) -> Survey:
    """Return a survey of some of its stars, their rows rising, and their references."""
    stars, references = survey.stars.taken(row), survey.references
    kept = np.isin(references.columns["source_id"], stars.source_id)
    few = replace(
        references,
        wrong=references.wrong[row],
        columns={name: values[kept] for name, values in references.columns.items()},
    )
    return replace(survey, stars=stars, references=few)


def _strengthened(
    survey: Survey, plate: SimulatedPlate, smaller: Float[np.ndarray, "g"]
) -> SimulatedPlate:
    """Return a plate whose stars have errors so much smaller."""
    measured = plate.measurements
    row = np.searchsorted(survey.stars.source_id, measured["source_id"])
    errors = {name: smaller[row] * measured[name] for name in ("x_error", "y_error")}
    return replace(plate, measurements={**measured, **errors})


def in_order(plates: Plates) -> list[Repeated]:
    """Return plates so that neighbours saw about the same.

    Parameters
    ----------
    plates
        In any order.
    """

    def key(one: Repeated) -> tuple[float, ...]:
        centre = np.round(one.information.direction.mean(axis=0), 3)
        return tuple(np.append(centre, one.epoch[0]).tolist())

    return sorted(plates.repeated, key=key)


__all__ = ["DatasetOf", "Plates", "Told", "every_plate", "in_order", "repeated_plates"]
