"""What a shell completes."""

import os
import subprocess
import sys

import pytest

from reseau.cli._completion import one_of


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["legendre", "powers"]),
        ("p", ["powers"]),
        ("x", []),
        ("legendre,", ["legendre,powers"]),
        ("legendre,l", []),
    ],
)
def test_the_last_name_is_completed(typed: str, found: list[str]) -> None:
    assert one_of("legendre", "powers")(typed) == found


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("reseau solve a --distortion br", "brown-conrady"),
        ("reseau solve a --method n", "nuts"),
        ("reseau solve a --free skew,de", "skew,detectors"),
    ],
)
def test_the_program_completes_values(typed: str, expected: str) -> None:
    """Asked as bash asks."""
    asked = {
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
        "_RESEAU_COMPLETE": "complete_bash",
    }
    program = "from reseau.cli import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.argv = ['reseau']; {program}"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.split() == [expected], found.stderr
