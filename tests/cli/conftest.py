"""A tiny survey that all tests of the command share, and a way to run the command."""

import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import pytest
from typer.testing import CliRunner

from reseau.cli import app

Run = Callable[..., "Result"]


class Result:
    """What a run of the command left: exit code, stdout and stderr."""

    def __init__(self, exit_code: int, stdout: str, stderr: str) -> None:
        self.exit_code, self.stdout, self.stderr = exit_code, stdout, stderr

    def __repr__(self) -> str:
        return f"exit {self.exit_code}\n{self.stdout}\n--- stderr\n{self.stderr}"


def run_command(*arguments: object) -> Result:
    """Run the command as a user would, to whom JAX computes in 32 bits."""
    with jax.enable_x64(False):
        found = CliRunner().invoke(app, [str(a) for a in arguments])
    return Result(found.exit_code, found.stdout, found.stderr)


@pytest.fixture(autouse=True)
def _wide_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have messages in one line each, so that tests find words side by side."""
    monkeypatch.setenv("COLUMNS", "1000")


@pytest.fixture(scope="session")
def run() -> Run:
    """Return the function that runs the command."""
    return run_command


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a simulated dataset; not to be changed."""
    place = tmp_path_factory.mktemp("survey") / "dataset"
    result = run_command(
        *("simulate", "orbit", "-o", place, "--small", "--sources", 150),
        *("--exposures", 8, "--artificial", 6, "--seed", 3),
    )
    assert result.exit_code == 0, result
    return place


@pytest.fixture(scope="session")
def solved(dataset: Path) -> Result:
    """Return how `solve` ended; the solution is beside the dataset."""
    return run_command("solve", dataset, "-o", dataset.parent / "solution")


@pytest.fixture(scope="session")
def solution(dataset: Path, solved: Result) -> Path:
    """Return the directory of the solution; not to be changed."""
    assert solved.exit_code == 0, solved
    return dataset.parent / "solution"


@pytest.fixture
def copy(dataset: Path, tmp_path: Path) -> Path:
    """Return a copy of the dataset to be spoilt."""
    return Path(shutil.copytree(dataset, tmp_path / "copy"))
