"""An option that is given twice is joined or refused, never half forgotten."""

from collections.abc import Sequence
from typing import Any

import pytest
from typer.main import get_command

from reseau.cli import app


def parsed(verb: str, arguments: Sequence[str]) -> dict[str, Any]:
    command = get_command(app).commands[verb]
    with command.make_context(verb, [*arguments]) as context:
        return context.params


@pytest.mark.parametrize(
    "arguments",
    [
        ["--columns", "x=XC", "--columns", "y=YC"],
        ["--columns=x=XC", "--columns=y=YC"],
        ["--columns", "x=XC,y=YC"],
    ],
)
def test_lists_may_come_in_pieces(arguments):
    found = parsed("solve", ["t.csv", *arguments, "-o", "out", "--unmatched", "-1"])
    assert found["columns"] == "x=XC,y=YC"
    assert found["unmatched"] == "-1"
    assert found["output"] == "out"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--instrument", "a.toml", "--instrument", "b.toml"],
        ["--instrument", "a.toml", "--instrument=b.toml"],
        ["-o", "other"],
        ["-oother"],
        ["--output", "other"],
    ],
)
def test_other_options_are_refused(run, arguments):
    found = run("solve", "t.csv", "-o", "out", *arguments)
    assert found.exit_code == 2
    assert "given twice" in found.stderr
    assert "Usage" in found.stderr


def test_the_same_twice_is_no_harm():
    assert parsed("info", ["x", "--json", "--json"])["path"] == "x"
    arguments = ["t.csv", "-o", "out", "-o", "out"]
    assert parsed("solve", arguments)["output"] == "out"


def test_what_stands_after_two_dashes_is_no_option():
    assert parsed("solve", ["-o", "out", "--", "-o"])["source"] == "-o"
