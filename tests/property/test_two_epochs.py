"""The same stars given at two reference epochs are the same references of a plate.

Directions in 64 bits are good to some 2e-16, and a right ascension near 360° in degrees
to 1e-15 rad: 0.2 µas are 1e-12. Covariances that grow with motions for decades and
shrink again lose as many digits as variances differ, (10 mas/yr · 50 yr / 0.1 mas)²
times 1e-16, which is 3e-9: errors are compared to 1e-6 of themselves.
"""

import dataclasses
import warnings

import numpy as np
import pyarrow as pa
import pytest
from astropy.table import QTable
from hypothesis import given
from hypothesis import strategies as st
from pygaia.astrometry.coordinates import EpochPropagation
from pygaia.utils import construct_covariance_matrix

from reseau import Catalogue, SolveOptions, simulate, solve
from reseau.catalogue import PARAMETERS, Astrometry
from reseau.catalogue.parameters import CORRELATIONS
from reseau.constants import AU_PER_YEAR, DEGREE, MILLIARCSECOND
from reseau.datasets import Dataset
from reseau.errors import (
    ConfigError,
    LeftOutWarning,
    MissingAstrometryWarning,
    UnusedEffectWarning,
)
from reseau.plates import prepare
from reseau.plates.carrying import left_out
from reseau.plates.surroundings import Seen
from reseau.plates.viewpoint import parse_epoch, with_viewpoint
from reseau.records import Surroundings
from strategies import examples, seeds

OBSERVERS = (None, "geocentre", "site:-29.26,-70.73,2400", "orbit")
UNITS = ("deg", "deg", "mas", "mas/yr", "mas/yr", "km/s")
ERROR_UNITS = ("mas", "mas", *UNITS[2:])
PLATE = 2031.2
SAME = 1e-12
"""Of directions [rad]: 0.2 µas."""


@pytest.fixture(scope="module")
def plate() -> Dataset:
    """Return a small plate whose table says nothing of the observer."""
    found = simulate(small=True, seed=1).dataset
    named = [n for n in found.exposures.column_names if n.startswith("obs_")]
    bare = found.exposures.drop_columns(named)
    return dataclasses.replace(found, exposures=bare, effects=frozenset())


def stars(plate: Dataset, epoch: float, seed: int, speed: float) -> dict[str, object]:
    """Return Gaia's columns of the plate's references with motions up to a speed."""
    rng = np.random.default_rng(seed)
    known = plate.reference
    n = known.num_rows
    angle, size = rng.uniform(0, 2 * np.pi, n), speed * rng.uniform(0, 1, n)
    size[0] = speed
    mean = {
        # No star crosses the sky at more than some 500 km/s.
        "parallax": rng.uniform(0.5, 700.0, n) + size * AU_PER_YEAR / 500.0,
        "pmra": size * np.cos(angle),
        "pmdec": size * np.sin(angle),
        "radial_velocity": rng.normal(0.0, 50.0, n),
    }
    errors = rng.uniform(0.05, 1.0, (6, n)) * [[1], [1], [1], [0.3], [0.3], [10]]
    columns: dict[str, object] = {
        "source_id": known["source_id"].to_numpy(),
        "ref_epoch": np.full(n, epoch),
        "ra": known["ra"].to_numpy(),
        "dec": known["dec"].to_numpy(),
        **mean,
        **{f"{p}_error": e for p, e in zip(PARAMETERS, errors, strict=True)},
    }
    # A matrix of full rank, far from singular: half of it is the identity.
    factor = rng.normal(size=(n, 5, 5))
    matrix = factor @ factor.transpose(0, 2, 1)
    width = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
    matrix = 0.5 * matrix / width[:, :, None] / width[:, None, :]
    for i, first in enumerate(PARAMETERS[:5]):
        for j in range(i + 1, 5):
            columns[f"{first}_{PARAMETERS[j]}_corr"] = matrix[:, i, j]
    return columns


def without(columns: dict[str, object], *words: str) -> dict[str, object]:
    """Leave out the columns that have one of the words in their names."""
    return {n: v for n, v in columns.items() if not any(w in n for w in words)}


def exactly(columns: dict[str, object]) -> dict[str, object]:
    """Leave out the errors of positions."""
    return {n: v for n, v in columns.items() if n not in ("ra_error", "dec_error")}


def table_of(columns: dict[str, object]) -> QTable:
    """Give columns their units."""
    units = dict(zip(PARAMETERS, UNITS, strict=True)) | {"ref_epoch": "yr"}
    units |= {f"{p}_error": u for p, u in zip(PARAMETERS, ERROR_UNITS, strict=True)}
    return QTable(
        dict(columns),
        units={n: u for n, u in units.items() if n in columns},
    )


def moved(columns: dict[str, object], epoch: float) -> dict[str, object]:
    """Return the stars at another reference epoch, all that is known in columns."""
    found = Catalogue(table_of(columns)).at_epoch(epoch, fill=True).table
    names = ["source_id", "ref_epoch", *PARAMETERS, *CORRELATIONS]
    names += [f"{p}_error" for p in PARAMETERS]
    return {
        n: np.array(getattr(found[n], "value", found[n]))
        for n in names
        if n in found.colnames
    }


def with_reference(
    plate: Dataset, columns: dict[str, object], **more: object
) -> Dataset:
    """Return the plate with these references."""
    table = pa.table({n: pa.array(v) for n, v in {**columns, **more}.items()})
    return dataclasses.replace(plate, reference=table)


def seen(dataset: Dataset, observer: str | None) -> Dataset:
    """Return the dataset with an observer, or with none."""
    return with_viewpoint(dataset, SolveOptions(observer=observer))


def prior_of(dataset: Dataset):
    """Return the directions and the weights that the solver gets."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return prepare(dataset).problem.prior


def not_carried_back(columns, speed: float, years: float) -> float:
    """Return a variance [mas²] that Gaia's convention adds in each move.

    It is that of the product of the errors of parallax and radial velocity, which six
    parameters cannot carry back.
    """
    n = len(columns["ra"])
    wide = {
        "parallax_error": np.full(n, 1.0),
        "radial_velocity_error": np.full(n, 100.0),
    }
    wide |= {name: columns[name] for name in wide if name in columns}
    product = np.max(wide["parallax_error"]) * np.max(wide["radial_velocity_error"])
    zeta = product * MILLIARCSECOND / AU_PER_YEAR
    # It moves the star along its way, and is in its parallax.
    largest = np.max(np.abs(columns.get("parallax", 0.0)))
    return float((zeta * years * (speed * years + largest)) ** 2)


@given(
    seed=seeds,
    observer=st.sampled_from(OBSERVERS),
    epoch=st.floats(1981.2, PLATE),
    years=st.floats(-50.0, 50.0),
    speed=st.sampled_from([0.0, 30.0, 10_000.0]),
    missing=st.sampled_from([(), ("radial",), ("pm", "radial"), ("parallax",)]),
)
@examples(25)
def test_references_of_two_epochs_are_the_same(
    plate, seed, observer, epoch, years, speed, missing
) -> None:
    """Over observers and none, 0 to 50 years, up to 10 arcsec a year."""
    if "parallax" in missing:
        # The speed of recession that a fast star gains needs its distance.
        speed = min(speed, 30.0)
    columns = without(stars(plate, epoch, seed, speed), *missing)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingAstrometryWarning)
        again = moved(columns, epoch + years)
    one = prior_of(seen(with_reference(plate, columns), observer))
    two = prior_of(seen(with_reference(plate, again), observer))
    assert np.abs(one.direction - two.direction).max() < SAME
    informed = one.information.any(axis=(1, 2))
    inverse = np.linalg.inv(np.linalg.cholesky(one.information[informed]))
    ratio = inverse @ two.information[informed] @ inverse.transpose(0, 2, 1)
    error = np.abs(ratio - np.eye(2)).max(axis=(1, 2))
    kept = not_carried_back(columns, speed, abs(years) + abs(PLATE - epoch - years))
    tightest = np.linalg.eigvalsh(one.information[informed])[:, 1] * MILLIARCSECOND**2
    assert np.all(error < 2e-6 + 4 * kept * tightest)


@given(
    seed=seeds,
    observer=st.sampled_from(OBSERVERS),
    epoch=st.floats(1981.2, PLATE),
    years=st.floats(-50.0, 50.0),
    speed=st.sampled_from([0.0, 30.0, 10_000.0]),
)
@examples(10)
def test_exact_positions_of_two_epochs_are_the_same(
    plate, seed, observer, epoch, years, speed
) -> None:
    """They have the errors of what moved them, so of two epochs the same place only."""
    columns = stars(plate, epoch, seed, speed)
    fixed = np.ones(len(columns["ra"]), bool)
    again = moved(columns, epoch + years)
    places = [
        prior_of(
            seen(with_reference(plate, exactly(c), fixed=fixed), observer)
        ).direction
        for c in (columns, again)
    ]
    assert np.abs(places[0] - places[1]).max() < SAME


def test_without_an_observer_motion_is_that_of_pygaia(plate) -> None:
    """Directions and errors, at 36.5 years and up to 3 arcsec a year."""
    columns = stars(plate, 1994.7, 5, 3000.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LeftOutWarning)
        prepared = prepare(with_reference(plate, columns))
    names = [f"{p}_error" for p in PARAMETERS[:5]]
    names += [c for c in CORRELATIONS if "radial" not in c]
    entries = np.stack([columns[n] for n in names], axis=1)
    six = np.stack([columns[p] for p in PARAMETERS])
    six[:2] *= DEGREE
    error = columns["radial_velocity_error"]
    covariance = construct_covariance_matrix(entries, six[2], six[5], error)
    move = EpochPropagation().propagate_astrometry_and_covariance_matrix
    (ra, dec, *_), covariance = move(six, covariance, 1994.7, prepared.epoch)
    wanted = [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)]
    order = np.argsort(columns["source_id"])
    has = np.isin(prepared.source_id, columns["source_id"])
    row = order[np.searchsorted(columns["source_id"][order], prepared.source_id[has])]
    prior = prepared.problem.prior
    assert np.abs(prior.direction[has] - np.stack(wanted, axis=1)[row]).max() < SAME
    found = np.linalg.inv(prior.information[has]) / MILLIARCSECOND**2
    # pygaia adds the product of the errors of parallax and radial velocity.
    np.testing.assert_allclose(found, covariance[row, :2, :2], rtol=1e-5, atol=1e-4)


def test_exact_positions_have_the_error_of_what_moved_them(plate) -> None:
    """A motion's error, or its wide prior of 10 mas/yr, times the years."""
    columns = without(stars(plate, 2021.2, 3, 30.0), "_corr", "parallax", "radial")
    exact = exactly(columns)
    for known, width in ((exact, exact["pmra_error"]), (without(exact, "pm"), 10.0)):
        fixed = np.ones(len(columns["ra"]), bool)
        dataset = with_reference(plate, known, fixed=fixed)
        with pytest.warns(MissingAstrometryWarning, match="without errors are exact"):
            prepared = prepare(dataset)
        has = np.isin(prepared.source_id, columns["source_id"])
        assert not prepared.problem.prior.fixed.any()
        information = prepared.problem.prior.information[has]
        found = np.sqrt(np.linalg.inv(information)[:, 0, 0]) / MILLIARCSECOND
        order = np.argsort(columns["source_id"])
        ids = prepared.source_id[has]
        row = order[np.searchsorted(columns["source_id"][order], ids)]
        wanted = np.broadcast_to(width, len(columns["ra"]))[row]
        np.testing.assert_allclose(found, wanted * (prepared.epoch - 2021.2), rtol=1e-3)
        here = np.full(len(columns["ra"]), prepared.epoch)
        same = prior_of(with_reference(plate, known | {"ref_epoch": here}, fixed=fixed))
        np.testing.assert_array_equal(same.fixed, has)


@pytest.mark.parametrize("observer", [None, "orbit"])
def test_solutions_of_two_epochs_are_the_same(plate, observer) -> None:
    """References of 1991.25 or 2031.2, from the tables to the errors of the results."""
    columns = stars(plate, 1991.25, 8, 10_000.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, two = (
            solve(
                seen(with_reference(plate, c), observer),
                options=SolveOptions(max_iterations=3),
            ).solution
            for c in (columns, moved(columns, 2031.2))
        )
    assert np.abs(one.direction - two.direction).max() < SAME


@pytest.mark.usefixtures("typed")
def test_epochs_that_are_missing_are_told_with_their_size(plate) -> None:
    """Of motions that nobody can apply, and of parallaxes without an observer."""
    columns = stars(plate, 2016.0, 2, 300.0)
    unknown = np.full(plate.exposures.num_rows, np.nan)
    i = plate.exposures.schema.get_field_index("epoch")
    exposures = plate.exposures.set_column(i, "epoch", pa.array(unknown))
    undated = dataclasses.replace(with_reference(plate, columns), exposures=exposures)
    with pytest.warns(LeftOutWarning) as caught:
        prepare(undated)
    told = [str(w.message) for w in caught]
    assert any("at most 300 mas/yr" in t and "a year leaves out" in t for t in told)
    assert any("ref_epoch 2016 " in t and "--epoch" in t for t in told)
    assert any("parallaxes" in t and "--observer" in t for t in told)
    dated = with_viewpoint(undated, SolveOptions(epoch="2026-03-15", observer="orbit"))
    with warnings.catch_warnings():
        warnings.simplefilter("error", LeftOutWarning)
        warnings.simplefilter("ignore", UnusedEffectWarning)
        assert prepare(dated).epoch == pytest.approx(2026.2, abs=2e-3)
    spread = np.linspace(2020.0, 2030.0, unknown.size)
    exposures = plate.exposures.set_column(i, "epoch", pa.array(spread))
    spread_out = dataclasses.replace(undated, exposures=exposures)
    with pytest.warns(LeftOutWarning) as caught:
        prepare(spread_out)
    told = [str(w.message) for w in caught]
    assert any("10 years apart" in t and "at most 300 mas/yr" in t for t in told)


@pytest.mark.usefixtures("typed")
def test_options_say_only_what_an_input_does_not(plate) -> None:
    """When, from where and through what, each once."""
    for option, value in (("epoch", 2026.0), ("observer", "orbit")):
        given_twice = dataclasses.replace(plate, observer="geocentre")
        with pytest.raises(ConfigError, match=f"--{option}, and the input has"):
            with_viewpoint(given_twice, SolveOptions(**{option: value}))
    for slip in ("57000.5", "2457389.0", "spring"):
        with pytest.raises(ConfigError, match="a Julian year"):
            parse_epoch(slip)


@pytest.mark.parametrize(
    ("mean", "span", "place", "words"),
    [
        # Half a year apart the parallax's two ends are seen, whoever looks.
        ((20.0, 0.0, 0.0), 0.5, None, "parallaxes (median 20, at most 20 mas)"),
        ((20.0, 0.0, 0.0), 0.5, 1.0, "leave out up to 20 mas"),
        ((60.0, 100.0, 0.0), 0.018, 0.05, "leave out up to 3.9 mas"),
        ((0.0, 0.0, 0.0), 10.0, None, "2 of 2 references have no proper motion"),
        ((0.1, 1.0, 1.0), 1e-4, 1e-4, ""),
    ],
)
def test_what_stars_move_between_exposures_is_told(mean, span, place, words) -> None:
    """Motions, parallaxes over what the observer moved, and motions nobody knows."""
    parameters = np.zeros((2, 6))
    parameters[:, 2:5] = mean
    found = Astrometry(
        source_id=np.arange(2),
        epoch=np.full(2, 2016.0),
        mean=parameters,
        covariance=np.tile(np.eye(6), (2, 1, 1)),
        has_position=np.ones(2, dtype=bool),
        fixed=np.zeros(2, dtype=bool),
        missing={},
    )
    positions = np.zeros((2, 3))
    positions[:, 0] = 0.0 if place is None else [-place, place]
    observer = Seen(place is not None, positions, Surroundings())
    told = left_out(found, np.arange(2), 2026.0 + np.array([0.0, span]), observer)
    between = [t for t in told if "apart" in t]
    assert bool(between) == bool(words)
    assert all(words in t for t in between)
