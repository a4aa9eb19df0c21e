"""The command as a process of its own, in which nothing was imported before."""

import json
import subprocess
import sys
from pathlib import Path


def _reseau(*words: str, place: Path) -> subprocess.CompletedProcess[str]:
    program = "import sys; from reseau.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_plate_from_simulation_to_figures(tmp_path: Path) -> None:
    made = _reseau("simulate", "orbit", "--small", "-o", "plate", place=tmp_path)
    assert made.returncode == 0, made.stderr
    solved = _reseau("solve", "plate", "-o", "out", "--json", place=tmp_path)
    assert solved.returncode == 0, solved.stderr
    assert json.loads(solved.stdout)["converged"]
    told = _reseau("info", "out", place=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "solution" in told.stdout
    drawn = _reseau("plot", "out", "-o", "f", "--kind", "footprint", place=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert (tmp_path / "f" / "footprint.png").stat().st_size > 1000


def test_an_error_is_said_in_words(tmp_path: Path) -> None:
    found = _reseau("solve", "nothing", "-o", "out", place=tmp_path)
    assert found.returncode == 2
    assert "does not exist" in found.stderr
    assert "Traceback" not in found.stderr
