"""Choosing a degree: on plates whose truth is known, and what the table says."""

from dataclasses import replace

import numpy as np
import pytest

from plates import make_plate, two_detectors
from reseau.equations.plan import plan_tiles
from reseau.errors import ConfigError, ConvergenceError
from reseau.instrument import NoDistortion, make_distortion
from reseau.solvers import Choice, Settings, choose_degree
from reseau.solvers.gauss_newton import gauss_newton
from reseau.solvers.model_choice.candidates import Candidate
from reseau.solvers.model_choice.search import left_out
from reseau.solvers.posterior.evidence import Evidence, Widened, laplace_evidence
from reseau.solvers.start.parameters import find_start

pytestmark = pytest.mark.usefixtures("typed")

WIDTH = 80
SIZE = {"sources": 200, "exposures": 8}


def _choose(truth, *, seed=5, scatter=300.0, scale="exposure-axis", **options):
    """Choose for a plate that distorts by a polynomial of degree `truth`; 0: none."""
    instrument = two_detectors(degree=max(truth, 2))
    if truth == 0:
        instrument = replace(
            instrument,
            distortion=NoDistortion(),
            coefficients=np.zeros(0),
            coefficient_sigma=np.zeros(0),
        )
    plate = make_plate(seed=seed, instrument=instrument, focal_scatter=scatter, **SIZE)
    given = replace(plate.problem.instrument, scale=scale)
    return choose_degree(replace(plate.problem, instrument=given), **options)


@pytest.fixture(scope="module")
def cubic():
    return _choose(3, degrees=(2, 3, 4, 5), extras=())


def test_the_true_degree_is_chosen(cubic):
    assert cubic.best.degree == 3
    assert cubic.best.converged
    assert cubic.agrees
    assert cubic.problem.instrument.distortion.degree == 3
    # Errors of the fit come on top of those of the measurements.
    assert 0.9 < cubic.best.pull < 1.4


def test_a_degree_too_high_costs_more_than_noise(cubic):
    """Each needless coefficient costs about log(prior width / error)."""
    by_degree = {c.degree: c for c in cubic.candidates}
    for degree, terms in ((4, 10), (5, 22)):
        loss = cubic.best.evidence.value - by_degree[degree].evidence.value
        assert 3 * terms < loss < 15 * terms
        # Narrower priors cost less, wider ones more, log 10 a coefficient.
        narrow, wide = (
            cubic.best.evidence.with_widths(f)
            - by_degree[degree].evidence.with_widths(f)
            for f in (0.1, 10.0)
        )
        assert narrow < loss < wide
        assert wide - loss == pytest.approx(terms * np.log(10), rel=0.01)
    assert by_degree[2].pull > 3


def test_evidence_is_that_of_the_chosen_problem_fitted_alone(cubic):
    """Of its own size, from its own start, by the solver's own iteration."""
    start = find_start(cubic.problem)
    tiles = plan_tiles(start.problem)
    optimum = gauss_newton(start.problem, tiles, start.parameters, Settings(1e-3))
    alone = laplace_evidence(start.problem, tiles, optimum)
    # The common modes of detectors and focal lengths, which nearly nothing but their
    # priors determines, are followed to a few hundredths only.
    assert cubic.best.evidence.value == pytest.approx(alone.value, abs=0.1)
    assert cubic.best.evidence.dimension == alone.dimension
    assert cubic.best.evidence.shared == alone.shared


def test_no_distortion_needs_the_lowest_degree():
    choice = _choose(0, degrees=(2, 3), extras=())
    assert choice.best.degree == 2
    assert choice.agrees


@pytest.mark.parametrize(
    ("scatter", "given", "wanted"),
    [(300.0, "plate", "exposure-axis"), (0.0, "exposure-axis", "plate")],
)
def test_extras_are_switched_until_none_helps(scatter, given, wanted):
    """Focal lengths of each exposure and axis, needed or not; a skew never is."""
    choice = _choose(3, scatter=scatter, scale=given, degrees=(3,))
    assert choice.best.scale == wanted
    assert choice.problem.instrument.scale == wanted
    assert "skew" not in choice.best.free
    assert "detectors" in choice.best.free
    labels = [c.label for c in choice.candidates]
    assert len(set(labels)) == len(labels)


def test_free_network_is_judged_by_degree_alone():
    plate = make_plate(
        seed=5,
        instrument=two_detectors(degree=3),
        references=0.0,
        free_network=True,
        **SIZE,
    )
    choice = choose_degree(plate.problem, degrees=(2, 3))
    assert choice.best.degree == 3
    assert {c.scale for c in choice.candidates} == {"exposure-axis"}


def test_left_out_measurements_leave_two_of_each_source():
    measurements = make_plate(seed=1, **SIZE).problem.measurements
    chosen = left_out(measurements, 0.1, 0)
    assert chosen.sum() == round(0.1 * chosen.size)
    before = np.bincount(measurements.source)
    after = np.bincount(measurements.source[~chosen], minlength=before.size)
    assert np.all(after >= np.minimum(before, 2))
    assert np.array_equal(chosen, left_out(measurements, 0.1, 0))
    assert not np.array_equal(chosen, left_out(measurements, 0.1, 1))
    most = left_out(measurements, 1.0, 0)
    kept = np.bincount(measurements.source[~most], minlength=before.size)
    np.testing.assert_array_equal(kept, np.minimum(before, 2))


def test_nothing_left_out():
    choice = _choose(3, degrees=(3,), extras=(), held_out=0.0)
    assert choice.n_left_out == 0
    assert "no measurements could be left out" in choice.lines()[-1]
    assert choice.as_dict()["left_out_agrees"] is None


def _brown_conrady():
    model = make_distortion("brown-conrady", normalisation=20_000.0)
    return two_detectors(
        distortion=model,
        coefficients=model.default(),
        coefficient_sigma=model.widths(100.0),
    )


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"degrees": ()}, "degrees to try: none"),
        ({"degrees": (1, 3)}, "none below 2"),
        ({"extras": ("detector",)}, "detectors"),
        ({"held_out": 0.9}, "0 to 0.5"),
    ],
)
def test_bad_options(options, hint):
    problem = make_plate(sources=20, exposures=2).problem
    with pytest.raises(ConfigError, match=hint) as caught:
        choose_degree(problem, **options)
    for part in ("wanted:", "where:", "to do:"):
        assert part in str(caught.value)


def test_distortion_without_a_degree():
    problem = make_plate(sources=20, exposures=2, instrument=_brown_conrady()).problem
    with pytest.raises(ConfigError, match="--distortion legendre"):
        choose_degree(problem)


def test_fixed_distortion():
    problem = make_plate(sources=20, exposures=2).problem
    with pytest.raises(ConfigError, match="--fix"):
        choose_degree(replace(problem, free=("sources", "attitude")))


def test_nothing_that_fits():
    problem = make_plate(seed=5, **SIZE).problem
    # One detector of two is never met, and nothing is known of it.
    detectors = replace(problem.instrument.detectors, sigma_centre=np.full(2, np.inf))
    instrument = replace(problem.instrument, detectors=detectors)
    kept = problem.measurements.detector == 0
    measurements = replace(
        problem.measurements,
        **{n: v[kept] for n, v in vars(problem.measurements).items() if v is not None},
    )
    open_ = replace(problem, instrument=instrument, measurements=measurements)
    with pytest.raises(ConvergenceError, match="none of 1 models"):
        choose_degree(open_, degrees=(2,), extras=())


def _candidate(degree, value, seen, *, spread=0.0, converged=True):
    """Return a candidate with an evidence made up."""
    widened = Widened(np.full(1, spread), np.full((1, 1), 1e-6))
    found = Evidence(value, 0.0, 0.0, 10, 5, 0, widened)
    rest = Evidence(seen, 0.0, 0.0, 10, 5, 0, widened)
    return Candidate(
        f"degree {degree}", degree, "plate", (), found, rest, converged, 0.01, 1.0
    )


def _choice(*candidates, chosen=0):
    problem = make_plate(sources=10, exposures=2).problem
    return Choice(candidates, chosen, problem, 7, "pixel")


def test_table_says_what_speaks_against_the_choice():
    choice = _choice(
        _candidate(2, 100.0, 80.0),
        _candidate(3, 99.0, 70.0),
        _candidate(4, 120.0, 90.0, converged=False),
    )
    assert not choice.agrees
    text = "\n".join(choice.lines())
    assert "1.0 above degree 3: hardly better; degree 4 did not converge" in text
    assert "20 above where it ended" in text
    assert "do not agree: degree" in text
    assert "> degree 2" in text
    assert "? degree 4" in text
    assert "did not converge" in text


def test_left_out_measurements_far_off_do_not_agree():
    poor = replace(_candidate(2, 100.0, 80.0), pull=69.6)
    choice = _choice(poor, _candidate(3, 90.0, 80.0))
    assert choice.agrees
    assert "69.6 of their errors off: no model" in choice.lines()[-1]


def test_table_fits_a_terminal_and_says_once_what_models_share():
    shared = "F_x, F_y of each exposure, skew, detectors"
    models = [
        replace(c, label=f"degree {c.degree}; {words}", rms=1.234567e-5, pull=123.4567)
        for words in (shared, "F of each exposure, skew, detectors")
        for c in (_candidate(2, -1.5e8, 80.0), _candidate(8, 100.0, -70_000.0))
    ]
    lines = _choice(*models, chosen=1).lines()[:-3]
    assert max(map(len, lines)) <= WIDTH
    assert sum(shared in line for line in lines) == 1
    assert [line[:10] for line in lines if line[:1] == ">"] == ["> degree 8"]


def test_table_says_what_other_widths_would_choose():
    """A coefficient three prior widths off wants a wider prior."""
    choice = _choice(_candidate(2, 100.0, 80.0), _candidate(3, 99.0, 79.0, spread=3.0))
    text = "\n".join(choice.sentences())
    assert "1.0 above degree 3: hardly better" in text
    assert "x 0.1 the same choice; x 10 degree 3" in text
    found = choice.as_dict()
    assert found["left_out_agrees"] is True
    assert [c["degree"] for c in found["candidates"]] == [2, 3]
