"""Help in groups, completion, and what is said while JAX compiles."""

from collections.abc import Callable

import pytest

Run = Callable[..., object]


def test_options_of_solve_stand_in_groups_in_their_order(run: Run) -> None:
    text = run("solve", "--help").stdout
    heads = [
        line
        for line in text.splitlines()
        if line[:1] not in ("", " ") and line.endswith(":")
    ]
    wanted = ["Arguments:", "Input:", "Model:", "Bad data:", "Methods:"]
    wanted += ["Many plates:", "Output:"]
    assert heads == [*wanted, "Other:"]
    inside = {h: text.split(h)[1].split("\n\n")[0] for h in wanted}
    assert "--columns" in inside["Input:"]
    assert "--free" in inside["Model:"]
    assert "--likelihood" in inside["Bad data:"]
    assert "--method" in inside["Methods:"]
    assert "--workers" in inside["Many plates:"]
    assert "--json" in inside["Output:"]


def test_every_option_of_solve_but_help_has_a_group(run: Run) -> None:
    rest = run("solve", "--help").stdout.split("Other:")[1]
    assert [line.split()[0] for line in rest.splitlines() if "--" in line] == ["-h,"]


def test_kinds_of_mock_are_told_in_whole_lines(run: Run) -> None:
    text = run("mock", "--help").stdout
    assert "Measure the reddening of a catalogue by its giants." in text
    shown = run("mock", "reddening", "--help").stdout
    given = [line.split()[0] for line in shown.splitlines() if line.startswith("  --")]
    assert given == [
        *("--window", "--cell", "--colour", "--limits", "--least", "--largest"),
        *("--giants", "--galaxy", "--isochrones", "--extinction-law"),
        *("--dust-profile", "--overwrite", "--json", "--debug"),
    ]


@pytest.mark.parametrize("option", ["--install-completion", "--show-completion"])
def test_completion_of_the_shell_is_offered(run: Run, option: str) -> None:
    assert option in run("--help").stdout
