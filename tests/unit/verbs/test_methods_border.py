"""Methods and their results at the border: options, chains, draws, comparisons."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray
from typer.testing import CliRunner

import reseau
from reseau import SolveOptions, compare, posterior, simulate, solve
from reseau.cli import app
from reseau.datasets import read_summary
from reseau.diagnostics import Comparison, SolutionComparison
from reseau.errors import ConfigError, FileFormatError, ReseauError, Result
from reseau.exchange import write_draws
from reseau.exchange.posteriors import CHAINS, read_posterior
from reseau.flags import decode_flags, flag_value, has_flags
from reseau.plates import answers as methods
from reseau.solvers import Draws, Solution
from reseau.solvers.chains.nuts import FEWEST_DRAWS, Sampled, credible_number
from reseau.solvers.chains.result import solution_of_chains
from reseau.verbs.simulate import Simulated
from reseau.verbs.solution import Solved

pytestmark = [pytest.mark.unchecked, pytest.mark.usefixtures("typed")]

CHAIN, DRAW = 2, 60

MOST_NAMES = 40
"""Of the package; what is rarer is in its rooms."""


def message(caught: pytest.ExceptionInfo[ReseauError]) -> str:
    """Return the text of an error, which has its four parts."""
    text = str(caught.value)
    assert all(part in text for part in ("wanted:", "where:", "to do:"))
    return text


# --- options


def assert_refused(options: dict, words: tuple[str, ...]) -> None:
    """Assert that the options are refused with these words."""
    with pytest.raises(ConfigError) as caught:
        SolveOptions(**options)
    text = message(caught)
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"guide": "arrow"},
            ("--guide arrow with --method gauss-newton", "add --meth"),
        ),
        ({"guide": "seed"}, ("--method svi, which --guide belongs to",)),
        ({"resume": True}, ("--resume with", "--method svi")),
        ({"max_steps": 3}, ("--max-steps 3", "--method svi")),
        ({"draws": 10}, ("--draws 10", "--method nuts")),
        ({"method": "svi", "chains": 2}, ("--method svi", "--method nuts")),
        ({"method": "svi", "tolerance": 0.1}, ("--tolerance", "gauss-newton")),
        ({"method": "nuts", "fit_noise": "scale"}, ("--fit-noise", "gauss-newton")),
        ({"method": "svi", "rank": 3}, ("--guide seed", "--guide lowrank, which")),
        (
            {"method": "svi", "guide": "arrow", "checkpoint": "f"},
            ("--guide arrow", "seed or meanfield or lowrank"),
        ),
        ({"method": "svi", "resume": True}, ("--resume without --checkpoint",)),
    ],
    ids=str,
)
def test_options_of_another_method_are_refused(
    options: dict, words: tuple[str, ...]
) -> None:
    assert_refused(options, words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"likelihood": "bogus"}, ("'bogus'", "mixture", "--likelihood")),
        ({"reference_prior": "studnet"}, ("did you mean 'student'",)),
        ({"method": "svi", "guide": "arow"}, ("did you mean 'arrow'", "--guide")),
        ({"method": "svi", "init": "maps"}, ("did you mean 'map'", "--init")),
        ({"method": "newton"}, ("gauss-newton", "--method")),
        ({"scale": "detector"}, ("exposure-axis", "--scale")),
        ({"degree": 2.5}, ("degree = 2.5", "an integer", "--degree")),
        ({"degree": True}, ("an integer",)),
        ({"degree": "automatic"}, ("did you mean 'auto'", "a number")),
        ({"method": "svi", "time_limit": -1.0}, ("greater than 0", "--time-limit")),
        ({"seed": -5}, ("seed = -5", "0 or more")),
        ({"seed": 0.5}, ("an integer",)),
        ({"method": "nuts", "draws": 3}, ("draws = 3", "4 or more", "--draws")),
        ({"error": 0.0}, ("greater than 0", "--error")),
        ({"free": ("skw",)}, ("did you mean 'skew'", "--free")),
    ],
    ids=str,
)
def test_names_and_ranges_are_checked_at_construction(
    options: dict, words: tuple[str, ...]
) -> None:
    assert_refused(options, words)


def test_one_block_may_be_named_alone() -> None:
    assert SolveOptions(free="skew", fix=["scale"]).free == ("skew",)
    assert SolveOptions(fix=["scale"]).fix == ("scale",)


def test_options_of_the_method_itself_are_taken() -> None:
    chosen = SolveOptions(method="svi", guide="lowrank", rank=3, max_steps=10)
    assert chosen.given("guide", "rank", "init") == {"guide": "lowrank", "rank": 3}


def test_the_command_and_the_solver_agree_on_the_fewest_draws() -> None:
    words = ["solve", "nowhere", "-o", "none", "--method", "nuts", "--draws"]
    told = [
        CliRunner().invoke(app, [*words, str(n)]).output
        for n in (FEWEST_DRAWS - 1, FEWEST_DRAWS)
    ]
    assert "--draws" in told[0]
    assert ["nowhere does not exist" in text for text in told] == [False, True]


# --- chains


@pytest.fixture(scope="module")
def plate() -> Simulated:
    return simulate(small=True, seed=1)


@pytest.fixture(scope="module")
def solved(plate: Simulated) -> Solved:
    return solve(plate.dataset)


def chains_from(solution: Solution) -> Sampled:
    """Return what a sampler that needs no steps would: independent draws, shifted."""
    drawn = solution.sample(CHAIN * DRAW, seed=5)
    rng = np.random.default_rng(6)
    shape = CHAIN, DRAW
    size = np.sqrt(solution.source_covariance[:, 0, 0])[:, None]
    draws = replace(
        drawn,
        offset=drawn.offset.reshape(*shape, -1, 2) + size,
        shared=drawn.shared.reshape(*shape, -1),
        statistics={
            "lp": rng.normal(size=shape),
            "diverging": np.zeros(shape, dtype=bool),
        },
    )
    return Sampled(draws, solution, 1.001, 1000.0, 0, 0.9, 3.0, 1.0)


@pytest.fixture(scope="module")
def chains(solved: Solved) -> Sampled:
    return chains_from(solved.solution)


@pytest.fixture(scope="module")
def by_chains(plate: Simulated, chains: Sampled) -> Solved:
    """Return what the verb makes of chains; the sampler is for tests/twin."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(methods, "solve_nuts", lambda *_, **__: chains)
        return solve(plate.dataset, options=SolveOptions(method="nuts"))


@pytest.fixture(scope="module")
def folder(by_chains: Solved, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("chains") / "solution"
    reseau.verbs.solve.write_solved(by_chains, place)
    return place


def test_means_and_covariances_are_those_of_the_draws(
    chains: Sampled, by_chains: Solved
) -> None:
    found, start = by_chains.solution, chains.solution
    offset = chains.draws.offset.reshape(CHAIN * DRAW, -1, 2)
    np.testing.assert_allclose(
        found.parameters.offset, start.parameters.offset + offset.mean(axis=0)
    )
    for i in (0, 7):
        np.testing.assert_allclose(
            found.source_covariance[i], np.cov(offset[:, i].T), rtol=1e-9
        )
    shared = chains.draws.shared.reshape(CHAIN * DRAW, -1)
    np.testing.assert_allclose(
        found.shared_covariance, np.cov(shared.T), rtol=1e-6, atol=1e-30
    )
    assert found.result is Result.SUCCESSFUL


def test_shifts_from_the_priors_are_those_of_the_means(
    chains: Sampled, by_chains: Solved
) -> None:
    found, start = by_chains.solution, chains.solution
    prior = np.asarray(found.problem.prior.information)
    offset = np.asarray(found.parameters.offset)
    known = np.any(prior != 0, axis=(1, 2))
    wanted = np.sqrt([d @ m @ d for d, m in zip(offset, prior, strict=True)])
    np.testing.assert_allclose(found.prior_pull[known], wanted[known], rtol=1e-9)
    assert np.all(found.prior_pull[known] != start.prior_pull[known])
    part = found.problem.layout.distortion
    width = np.asarray(found.problem.instrument.coefficient_sigma)
    step = chains.draws.shared.mean(axis=(0, 1))[part] / width
    moved = found.calibration_pull[part] - start.calibration_pull[part]
    np.testing.assert_allclose(moved, step, rtol=1e-5, atol=1e-12)
    assert np.all(step != 0)


def test_outliers_count_as_in_the_degrees_of_freedom(chains: Sampled) -> None:
    class Judged:
        outlier_probability = np.zeros(chains.solution.residuals.pull.shape[0])

    plain = solution_of_chains(chains)
    square = np.sum(plain.residuals.pull**2, axis=1)
    worst = int(np.argmax(square))
    Judged.outlier_probability[worst] = 1.0
    heavy = replace(chains.solution, reliability=Judged)
    found = solution_of_chains(chains._replace(solution=heavy))
    assert plain.chi2 == pytest.approx(square.sum())
    assert found.chi2 == pytest.approx(square.sum() - square[worst])


def test_samples_are_some_of_the_draws(chains: Sampled, by_chains: Solved) -> None:
    few = by_chains.solution.sample(10, seed=3)
    ra, _ = few.source_angles()
    every, _ = chains.draws.source_angles()
    every = every.reshape(-1, every.shape[-1])
    apart = np.abs(every[:, None] - ra[0][None]).max(axis=2)
    nearest = apart.argmin(axis=0)
    assert np.unique(nearest).size == 10
    np.testing.assert_allclose(apart.min(axis=0), 0.0, atol=1e-14)
    again = by_chains.solution.sample(10, seed=3)
    np.testing.assert_array_equal(few.offset, again.offset)
    with pytest.raises(ConfigError, match=f"1 to {CHAIN * DRAW}, those of 2 chains"):
        by_chains.solution.sample(CHAIN * DRAW + 1)


@pytest.mark.parametrize("arguments", [(10, -1), (10.5,), (10, 0.5), (True,), ("3",)])
def test_impossible_samples_are_explained(
    solved: Solved, by_chains: Solved, arguments: tuple
) -> None:
    for solution in (solved.solution, by_chains.solution):
        with pytest.raises(ConfigError) as caught:
            solution.sample(*arguments)
        assert "an integer" in message(caught)


def test_a_method_without_draws_names_those_that_have_them(solved: Solved) -> None:
    with pytest.raises(ConfigError) as caught:
        replace(solved.solution, factor=None).sample(3)
    text = message(caught)
    assert all(word in text for word in ("gauss-newton", "arrow", "nuts"))


def test_chains_are_kept_in_the_files(folder: Path, by_chains: Solved) -> None:
    assert (folder / CHAINS).is_file()
    saved = read_posterior(folder)
    assert isinstance(saved.source, Draws)
    kept = by_chains.solution.draws
    np.testing.assert_array_equal(saved.source.offset, kept.offset)
    np.testing.assert_array_equal(saved.source.shared, kept.shared)
    np.testing.assert_array_equal(saved.source.statistics["lp"], kept.statistics["lp"])
    assert read_summary(folder)["method"] == "nuts"


def test_chains_are_exported_whole(
    folder: Path, by_chains: Solved, tmp_path: Path
) -> None:
    file = tmp_path / "draws.nc"
    found = posterior(folder, file)
    assert (found.chains, found.draws) == (CHAIN, DRAW)
    assert f"{CHAIN} chains of {DRAW} draws" in found.lines()[0]
    lp = by_chains.solution.draws.statistics["lp"]
    with xarray.open_datatree(file, engine="h5netcdf") as tree:
        assert dict(tree["posterior"].sizes)["chain"] == CHAIN
        np.testing.assert_array_equal(tree["sample_stats"]["lp"], lp)
        assert not tree["sample_stats"]["diverging"].any()
        assert tree["posterior"].attrs["method"] == "nuts"
        east = tree["posterior"]["east"].mean(("chain", "draw")).to_numpy()
    # Offsets are from the solution's own positions, which are the means.
    np.testing.assert_allclose(east, 0.0, atol=1e-9)
    whole = by_chains.to_arviz()
    np.testing.assert_array_equal(whole["sample_stats"]["lp"], lp)


def test_fewer_draws_than_the_chains_hold(folder: Path, tmp_path: Path) -> None:
    found = posterior(folder, tmp_path / "few.nc", draws=7)
    assert (found.chains, found.draws) == (1, 7)
    with pytest.raises(ConfigError, match="those of 2 chains"):
        posterior(folder, tmp_path / "many.nc", draws=CHAIN * DRAW + 1)
    assert not (tmp_path / "many.nc").exists()


def test_a_solution_in_memory_goes_to_arviz(solved: Solved, tmp_path: Path) -> None:
    tree = solved.to_arviz(20, seed=4)
    same = solved.to_arviz(solved.solution.sample(20, seed=4))
    np.testing.assert_array_equal(tree["posterior"]["ra"], same["posterior"]["ra"])
    assert "sample_stats" not in tree.children
    write_draws(tree, tmp_path / "draws.nc")
    assert (tmp_path / "draws.nc").stat().st_size > 0
    with pytest.raises(FileFormatError, match="to_arviz"):
        posterior(solved, tmp_path / "other.nc")


@pytest.mark.parametrize("name", ["d.csv", "draws", "d.nc.gz"])
def test_draws_are_written_as_netcdf_only(
    folder: Path, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        posterior(folder, tmp_path / name)
    assert ".nc" in message(caught)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("effective", [-1894.0, 0.0, float("nan")])
def test_too_few_draws_to_tell(chains: Sampled, effective: float) -> None:
    number = credible_number(effective, 8)
    assert np.isnan(number)
    told = methods._chains_in_words(chains._replace(effective=number))
    assert "too few draws to tell" in told
    assert "nan" not in told
    assert not chains._replace(effective=number).converged


def test_no_more_effective_draws_than_theory_allows() -> None:
    assert credible_number(5000.0, 10) == pytest.approx(10.0)
    assert credible_number(500.0, 1000) == 500.0


# --- comparisons


def test_compare_takes_truth_and_solutions(
    plate: Simulated, solved: Solved, folder: Path
) -> None:
    assert isinstance(compare(solved, plate.truth), Comparison)
    same = compare(solved, solved)
    assert isinstance(same, SolutionComparison)
    assert same.sources["all"].rms == 0.0
    of_files = compare(str(folder), folder)
    assert isinstance(of_files, SolutionComparison)


def test_what_cannot_be_compared_is_explained(solved: Solved, tmp_path: Path) -> None:
    for pair in ((solved, 5), (solved.solution, solved), (solved, solved.solution)):
        with pytest.raises(FileFormatError) as caught:
            compare(*pair)
        assert "solve returned" in message(caught)
    with pytest.raises(FileFormatError) as caught:
        compare(solved, tmp_path)
    text = message(caught)
    assert "another solution" in text
    assert "truth" in text


def test_public_names() -> None:
    from reseau.verbs.posterior import posterior as verb

    assert verb is posterior
    from reseau import solve as verb_too
    from reseau.solvers import Solution as found

    assert verb_too is solve
    assert found is Solution
    assert {"posterior", "SolveOptions"} <= {*reseau.__all__}
    assert len(reseau.__all__) <= MOST_NAMES


# --- flags


def test_columns_of_flags_are_decoded() -> None:
    column = np.array([0, 5, 1], dtype=np.int32)
    first = ["wrong_reference"]
    assert decode_flags(column) == [[], [*first, "outliers"], first]
    assert decode_flags([]) == []
    assert decode_flags(np.int32(5)) == [*first, "outliers"]
    twice = decode_flags([1, 1])
    twice[0].append("changed")
    assert twice[1] == first


@pytest.mark.parametrize("bad", [-1, 5.7, 5.0, [1.0], [1, -2], [[1]], True, "1", None])
def test_what_is_no_flag_is_refused(bad: object) -> None:
    with pytest.raises(ConfigError) as caught:
        decode_flags(bad)  # type: ignore[call-overload]
    assert "integers, 0 or more" in message(caught)


def test_names_of_flags_in_one_way_everywhere() -> None:
    column = np.array([0, 4, 128], dtype=np.int32)
    for names in (("outliers", "held"), (["outliers", "held"],)):
        assert flag_value(*names) == 4 + 128
        np.testing.assert_array_equal(has_flags(column, *names), [False, True, True])
    np.testing.assert_array_equal(has_flags(column, "outliers"), [False, True, False])
    with pytest.raises(ConfigError, match="did you mean 'outliers'"):
        has_flags(column, "outlier")
