"""Each verb on a tiny survey: what it prints, writes and returns."""

import errno
import json
import subprocess
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from parquet_edit import change

from alarm import spread_bounds
from reseau.errors import DroppedWarning

Run = Callable[..., object]

VERBS = {
    ("solve",): (
        "--output --instrument --pointing --columns --distortion --degree "
        "--degree-kind --minimum-degree --scale --focal-prior --free --fix "
        "--no-reference --error --plate --minimum-measurements --keep-flags "
        "--tolerance --max-iterations --method --likelihood --reference-prior "
        "--fit-noise --guide --init --rank --max-steps --time-limit --checkpoint "
        "--resume --draws --chains --seed --reference --reference-columns "
        "--unmatched --first-pixel --allow-outside --epoch --observer --effects "
        "--overwrite --json --verbose --quiet --debug INPUT"
    ),
    ("simulate", "orbit"): (
        "--output --sources --exposures --seed --small --artificial "
        "--measurement-error --effects --deflectors --wrong-fraction --observer "
        "--ephemeris --overwrite --json --debug"
    ),
    ("effects",): (
        "--ra --dec --epoch --observer --fov --parallax --ephemeris --bodies "
        "--pressure --temperature --humidity --wavelength --plot --json --debug"
    ),
    ("compare",): "--truth --json --debug SOLUTION OTHER",
    ("info",): "--json --debug PATH",
    ("demo",): (
        "--output --plate --small --seed --workers --overwrite --quiet --debug"
    ),
}


@pytest.mark.parametrize("verb", VERBS)
def test_help_lists_the_options(run: Run, verb: tuple[str, ...]) -> None:
    result = run(*verb, "--help")
    assert result.exit_code == 0
    words = result.stdout.replace(",", " ").split()
    missing = [option for option in VERBS[verb].split() if option not in words]
    assert not missing
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_help_lists_the_verbs(run: Run) -> None:
    result = run("--help")
    for verb in ("solve", "simulate", "compare", "effects", "info", "demo"):
        assert verb in result.stdout
    assert "--version" in result.stdout


def test_version(run: Run) -> None:
    from reseau import __version__

    assert run("--version").stdout == f"reseau {__version__}\n"


def test_help_waits_for_nothing_heavy() -> None:
    program = (
        "import sys; from reseau.cli import app; sys.argv = ['reseau', '--help']\n"
        "try: app()\n"
        "except SystemExit: pass\n"
        "heavy = {'jax', 'astropy', 'matplotlib', 'scipy', 'pyarrow', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stderr.strip() == "[]"
    assert "Commands:" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("solve", "x", "--degre", "3"), "--degree"),
        (("slve",), "solve"),
        (("solve", "x"), "--output"),
        (("solve", "x", "-o", "y", "--scale", "exposures"), "exposure-axis"),
        (("solve", "x", "-o", "y", "--degree", "three"), "--degree"),
        (("simulate", "moon"), "moon"),
    ],
)
def test_usage_errors(run: Run, arguments: tuple[str, ...], hint: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert hint in result.stderr
    assert result.stdout == ""


def test_simulate_tells_what_it_made(run: Run, tmp_path: Path) -> None:
    small = ("--sources", 40, "--exposures", 4, "--artificial", 2)
    place = tmp_path / "dataset"
    result = run("simulate", "orbit", "-o", place, *small, "--json")
    facts = json.loads(result.stdout)["facts"]
    assert facts["exposures"] == "4"
    assert facts["truth"] == "yes"
    assert result.stderr == ""
    assert run("simulate", "orbit", "-o", place, *small).exit_code == 2
    again = run("simulate", "orbit", "-o", place, *small, "--overwrite")
    assert again.exit_code == 0
    assert str(place) in again.stdout


def test_simulate_options_reach_the_dataset(run: Run, tmp_path: Path) -> None:
    place = tmp_path / "dataset"
    result = run(
        *("simulate", "orbit", "-o", place, "--sources", 40, "--exposures", 4),
        *("--effects", "none", "--observer", "orbit", "--wrong-fraction", 0.1),
        *("--measurement-error", 0.02, "--seed", 5),
    )
    assert "effects           none" in result.stdout
    measurements = pq.read_table(place / "measurements.parquet")
    np.testing.assert_array_equal(measurements["x_error"].to_numpy(), 0.02)
    truth = pq.read_table(place / "truth" / "sources.parquet")
    assert sum(truth["wrong_prior"].to_pylist()) == 4


def test_solve_says_whether_the_fit_is_good(solved: object, solution: Path) -> None:
    assert solved.exit_code == 0
    assert "sigma0 = " in solved.stdout
    assert "are credible" in solved.stdout
    assert "Nothing was dropped." in solved.stdout
    for word in (
        "sources",
        "measurements",
        "residual RMS",
        "pixel",
        "datum",
        "seconds",
    ):
        assert word in solved.stdout
    assert str(solution) in solved.stdout
    assert solved.stderr == ""


def test_solution_in_files_is_as_precise_as_it_says(
    run: Run, solution: Path, dataset: Path
) -> None:
    """Positions written by a program that never heard of 64 bits keep all digits."""
    result = run("compare", solution, "--truth", dataset, "--json")
    found = json.loads(result.stdout)
    truth = pq.read_table(dataset / "truth" / "sources.parquet")
    sources = pq.read_table(solution / "sources.parquet")
    order = {s: i for i, s in enumerate(truth["source_id"].to_pylist())}
    rows = [order[s] for s in sources["source_id"].to_pylist()]
    dec = sources["dec"].to_numpy() - truth["dec"].to_numpy()[rows]
    ra = sources["ra"].to_numpy() - truth["ra"].to_numpy()[rows]
    ra = ra * np.cos(np.deg2rad(truth["dec"].to_numpy()[rows]))
    reference = np.array(sources["is_reference"].to_pylist())
    mas = 3.6e6 * np.concatenate([ra[reference], dec[reference]])
    rms = np.sqrt(np.mean(mas**2))
    assert found["reference"]["rms_mas"] == pytest.approx(rms, rel=1e-6)
    assert found["reference"]["n"] == reference.sum()
    joint = found["calibration"]["joint"]
    for judged, n in (
        (found["reference"], 2 * found["reference"]["n"]),
        (found["artificial"], 2 * found["artificial"]["n"]),
        (joint, joint["n"]),
    ):
        low, high = spread_bounds(n, 3)
        assert low < judged["pull_std"] < high


def test_compare_takes_the_folder_of_truth(
    run: Run, solution: Path, dataset: Path
) -> None:
    whole = run("compare", solution, "--truth", dataset)
    assert whole.exit_code == 0
    assert whole.stdout.splitlines()[0].split()[:2] == ["class", "n"]
    assert "distortion" in whole.stdout
    assert run("compare", solution, "--truth", dataset / "truth").stdout == whole.stdout


def test_compare_without_true_instrument(run: Run, solution: Path, copy: Path) -> None:
    (copy / "truth" / "instrument.toml").unlink()
    result = run("compare", solution, "--truth", copy, "--json")
    assert json.loads(result.stdout)["calibration"] is None


def test_compare_counts_sources_without_truth(
    run: Run, solution: Path, copy: Path
) -> None:
    file = copy / "truth" / "sources.parquet"
    known = pq.read_table(file)
    measured = set(pq.read_table(solution / "sources.parquet")["source_id"].to_pylist())
    ids = known["source_id"].to_pylist()
    lost = next(i for i, s in enumerate(ids) if s in measured)
    pq.write_table(pa.concat_tables([known[:lost], known[lost + 1 :]]), file)
    text = run("compare", solution, "--truth", copy).stdout
    assert f"not in the truth: 1 sources ({ids[lost]})" in text
    found = json.loads(run("compare", solution, "--truth", copy, "--json").stdout)
    assert found["unmatched"] == {"count": 1, "first": [ids[lost]]}


def test_wrong_references_have_their_own_class(
    run: Run, solution: Path, copy: Path
) -> None:
    references = json.loads(run("compare", solution, "--truth", copy, "--json").stdout)[
        "reference"
    ]["n"]
    measured = set(pq.read_table(solution / "sources.parquet")["source_id"].to_pylist())

    def edit(columns: dict) -> dict:
        free = ~columns["artificial"].to_numpy()
        ids = columns["source_id"].to_pylist()
        chosen = [i for i, s in enumerate(ids) if free[i] and s in measured][:7]
        return {**columns, "wrong_prior": np.isin(np.arange(len(ids)), chosen)}

    change(copy / "truth" / "sources.parquet", edit)
    found = json.loads(run("compare", solution, "--truth", copy, "--json").stdout)
    assert found["wrong_prior"]["n"] == 7
    assert found["reference"]["n"] == references - 7


def test_json_is_all_that_is_printed(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run("solve", dataset, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0
    assert result.stderr == ""
    found = json.loads(result.stdout)
    written = json.loads((tmp_path / "out" / "summary.json").read_text())
    written.pop("format")
    assert found == written
    assert found["result"] == "successful"
    assert found["digests"].keys() >= {"dataset.toml", "measurements.parquet"}


def test_quiet_prints_nothing(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run("solve", dataset, "-o", tmp_path / "out", "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_verbose_shows_iterations(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run("solve", dataset, "-o", tmp_path / "out", "-v")
    lines = [x for x in result.stderr.splitlines() if x.startswith("iteration")]
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert len(lines) == summary["n_iterations"]
    assert all("chi2" in x and "largest step" in x and "σ" in x for x in lines)
    assert "peak memory" in result.stdout


@pytest.mark.parametrize("options", [["-q"], ["--json"]])
def test_an_absurd_fit_is_never_silent(
    run: Run, copy: Path, tmp_path: Path, options: list[str]
) -> None:
    """Errors a thousand times too small: the fit ends well, and means nothing."""

    def edit(columns: dict) -> dict:
        small = {n: columns[n].to_numpy() * 1e-3 for n in ("x_error", "y_error")}
        return {**columns, **small}

    change(copy / "measurements.parquet", edit)
    result = run("solve", copy, "-o", tmp_path / "out", *options)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["converged"]
    told = f"(sigma0 = {summary['sigma0']:.4f})"
    assert f"warning: the fit does not describe the data {told}" in result.stderr
    assert summary["verdict"][0].startswith("The fit does NOT describe the data")


def test_overwrite(run: Run, dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    assert run("solve", dataset, "-o", output, "-q").exit_code == 0
    before = (output / "sources.parquet").stat().st_mtime_ns
    refused = run("solve", dataset, "-o", output)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert (output / "sources.parquet").stat().st_mtime_ns == before
    assert run("solve", dataset, "-o", output, "-q", "--overwrite").exit_code == 0
    assert (output / "sources.parquet").stat().st_mtime_ns > before


def test_fit_that_does_not_converge(run: Run, dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    result = run("solve", dataset, "-o", output, "--max-iterations", 1)
    assert result.exit_code == 3
    assert "did NOT converge" in result.stdout
    assert result.stderr.startswith("error: not converged")
    summary = json.loads((output / "summary.json").read_text())
    assert summary["result"] == "not_converged"
    assert summary["converged"] is False
    quiet = run(
        *("solve", dataset, "-o", output, "--max-iterations", 1, "-q", "--overwrite")
    )
    assert quiet.exit_code == 3
    assert quiet.stdout == ""
    assert quiet.stderr.startswith("error: not converged")


def test_degenerate_fit_names_the_parameters(
    run: Run, copy: Path, tmp_path: Path
) -> None:
    """One star does not tell the position angle of an exposure without any prior."""
    output = tmp_path / "out"

    def edit(columns: dict) -> dict:
        last = columns["exposure_id"].to_numpy() == 7
        references = set(
            pq.read_table(copy / "reference.parquet")["source_id"].to_pylist()
        )
        known = np.array([s in references for s in columns["source_id"].to_pylist()])
        kept = ~last
        kept[np.flatnonzero(last & known)[0]] = True
        return {name: c.filter(pa.array(kept)) for name, c in columns.items()}

    def without_prior(columns: dict) -> dict:
        n = len(columns["ra"])
        width = np.where(np.arange(n) == 7, 1e15, 3600.0)
        return {**columns, "ra_error": width, "dec_error": width}

    change(copy / "measurements.parquet", edit)
    change(copy / "exposures.parquet", without_prior)
    result = run("solve", copy, "-o", output)
    assert result.exit_code == 3, result
    assert result.stderr.splitlines()[-1].strip()
    assert "error: degenerate" in result.stderr
    assert "pa of exposure 7" in result.stderr
    summary = json.loads((output / "summary.json").read_text())
    assert summary["result"] == "degenerate"
    assert "pa of exposure 7" in summary["undetermined"]
    assert any("pa of exposure 7" in text for text in summary["null_directions"])
    exposures = pq.read_table(output / "exposures.parquet")
    row = exposures["exposure_id"].to_pylist().index(7)
    assert not np.isfinite(exposures["pa_error"].to_numpy()[row])
    assert run("info", output).exit_code == 0


def test_what_is_left_out_is_a_warning(run: Run, copy: Path, tmp_path: Path) -> None:
    """Shown once each, as one line without file and line number."""
    ids = pq.read_table(copy / "reference.parquet")["source_id"].to_pylist()

    def edit(columns: dict) -> dict:
        exposure = columns["exposure_id"].to_numpy()
        source = columns["source_id"].to_numpy()
        target = ~np.isin(source, ids)
        lonely = source[target][0]
        keep = exposure != 5
        keep[np.flatnonzero(source == lonely)] = False
        keep[np.flatnonzero((source == lonely) & (exposure != 5))[0]] = True
        rows = np.flatnonzero(keep)
        rows = np.concatenate([rows, rows[:1]])
        return {name: c.take(pa.array(rows)) for name, c in columns.items()}

    change(copy / "measurements.parquet", edit)
    result = run("solve", copy, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 0, result
    lines = result.stderr.splitlines()
    assert all(line.startswith("warning: ") for line in lines)
    assert len(lines) == 4, lines
    assert sum("exposure without measurements: 5" in line for line in lines) == 1
    assert sum("fewer than 2 measurements and no prior" in line for line in lines) == 1
    assert sum("measured more than once" in line for line in lines) == 1
    assert sum("left out 1 measurement with" in line for line in lines) == 1
    assert ".py" not in result.stderr
    summary = json.loads(result.stdout)
    assert sum(d["count"] for d in summary["dropped"].values()) == 3
    assert len(summary["warnings"]) == 4


def test_free_and_fix_take_lists(run: Run, dataset: Path, tmp_path: Path) -> None:
    result = run(
        *("solve", dataset, "-o", tmp_path / "out", "--json", "--max-iterations", 1),
        *("--free", "skew", "--fix", "detectors, distortion"),
    )
    assert json.loads(result.stdout)["free"] == ["sources", "attitude", "scale", "skew"]


def test_info_tells_what_things_are(run: Run, dataset: Path, solution: Path) -> None:
    expected = {
        dataset: ("dataset", ["exposures", "8", "aberration", "columns of reference"]),
        solution: ("solution", ["converged", "sigma0 = ", "ra_error", "mas"]),
        dataset / "measurements.parquet": ("table", ["x_error", "pixel", "exposures"]),
        dataset / "instrument.toml": ("instrument", ["legendre", "detector 4", "4860"]),
        dataset / "dataset.toml": ("dataset", ["one orbit"]),
        "challenge": ("preset", ["one plane", "7300"]),
    }
    for path, (kind, words) in expected.items():
        text = run("info", path)
        assert text.exit_code == 0, text
        assert text.stdout.splitlines()[0].endswith(f": {kind}")
        for word in words:
            assert word in text.stdout, (path, word)
        assert json.loads(run("info", path, "--json").stdout)["kind"] == kind


def test_disk_full_leaves_no_half_solution(
    run: Run, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def full(table: pa.Table, path: Path) -> None:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(path)
        pq.write_table(table, path)

    monkeypatch.setattr("reseau.datasets.solutions.write_parquet", full)
    output = tmp_path / "deep" / "out"
    result = run("solve", dataset, "-o", output)
    assert result.exit_code == 2
    assert "No space left on device" in result.stderr
    for label in ("wanted:", "where:", "to do:"):
        assert label in result.stderr
    assert len(written) == 2
    assert list(tmp_path.iterdir()) == []


def test_disk_full_keeps_the_earlier_dataset(
    run: Run, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = failing(OSError(errno.ENOSPC, "No space left on device"))
    before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
    monkeypatch.setattr("reseau.datasets.dataset.write_parquet", full)
    small = ("--sources", 40, "--exposures", 4)
    result = run("simulate", "orbit", "-o", copy, *small, "--overwrite")
    assert result.exit_code == 2
    assert {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()} == before
    assert [p.name for p in copy.parent.iterdir()] == [copy.name]


def failing(error: BaseException) -> Callable[..., None]:
    """Return a function that raises."""

    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_refusal_of_the_system(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/somewhere")
    monkeypatch.setattr("reseau.verbs.info.describe", failing(error))
    result = run("info", "jasmine")
    assert result.exit_code == 2
    for word in ("Permission denied", "/somewhere", "wanted:", "to do:"):
        assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bug_is_called_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reseau.verbs.info.describe", failing(RuntimeError("oh")))
    result = run("info", "jasmine")
    assert result.exit_code == 1
    assert "error: RuntimeError: oh" in result.stderr
    assert "this is a bug in reseau" in result.stderr
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [("--debug", "info"), ("info", "--debug")])
def test_debug_shows_the_traceback(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "nothing-of-this-name")
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "FileFormatError" in result.stderr


def test_an_interrupt_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reseau.verbs.info.describe", failing(KeyboardInterrupt()))
    result = run("info", "jasmine")
    assert result.exit_code == 130
    assert "interrupted" in result.stderr


def test_warnings_are_shown_once_and_plainly(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def warn(*_: object, **__: object) -> None:
        for category in (DroppedWarning, UserWarning):
            warnings.warn(f"look: {category.__name__}", category, stacklevel=1)
            warnings.warn(f"look: {category.__name__}", category, stacklevel=1)
        warnings.warn("for developers", DeprecationWarning, stacklevel=1)
        warnings.warn("invalid value in divide", RuntimeWarning, stacklevel=1)
        raise KeyboardInterrupt

    monkeypatch.setattr("reseau.verbs.info.describe", warn)
    lines = run("info", "jasmine").stderr.splitlines()
    assert lines[:-1] == [
        "warning: look: DroppedWarning",
        "warning: look: UserWarning",
    ]


def test_demo(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import reseau
    from reseau.reports.figures import KINDS
    from reseau.verbs.plot import Figures

    # As small as the survey of the other tests, for which everything is compiled.
    choices = {"sources": 150, "exposures": 8, "artificial": 6, "seed": 3}

    def smaller(output: Path, *, overwrite: bool, **asked: object) -> object:
        assert asked.pop("small")
        assert asked.pop("seed") == 4
        return reseau.simulate(output, overwrite=overwrite, **choices, **asked)

    monkeypatch.setattr("reseau.verbs.demo.simulate", smaller)
    place = tmp_path / "demo"
    options = ("--plate", "--small", "--seed", 4)
    command = partial(run, "demo", "-o", place, *options)
    result = command()
    assert result.exit_code == 0, result
    figures = {p.stem: p for p in (place / "figures").iterdir()}
    assert set(figures) == set(KINDS)
    for path in figures.values():
        assert path.read_bytes().startswith(b"\x89PNG")
        assert str(path) in result.stdout
    assert "both within 1 ± 3/√(2n)" in result.stdout
    assert "class" in result.stdout
    assert (place / "dataset" / "truth").is_dir()
    assert (place / "solution" / "summary.json").is_file()
    compared = run("compare", place / "solution", "--truth", place / "dataset")
    assert compared.stdout in result.stdout
    assert command().exit_code == 2
    # Pictures take longest, and are replaced as the others are.
    drawing = "reseau.verbs.plot.draw_figures"
    monkeypatch.setattr(drawing, lambda *_: Figures())
    again = run("demo", "-o", place, *options, "--overwrite", "--quiet")
    assert (again.exit_code, again.stdout) == (0, "")
