"""Each flaw of a survey's camera: with its remedy at the bound, without it not."""

import pytest

from reseau.survey.remedies import FLAWS
from reseau.verbs.budget import budget

pytestmark = pytest.mark.recovery

SILENT = {"distortion by plate", "focus"}
"""What the usual calibration takes in."""


@pytest.fixture(scope="module")
def rows():
    return {row.flaw: row for row in budget("mini").rows}


def test_without_flaws_at_the_bound(rows):
    assert abs(rows["none"].usual.pull_std - 1.0) <= rows["none"].usual.tolerance
    assert not rows["none"].noticed


@pytest.mark.parametrize("name", FLAWS)
def test_with_the_remedy_at_the_bound(rows, name):
    found = rows[name].remedied
    assert abs(found.pull_std - 1.0) <= found.tolerance
    # Errors are unequal, so that the ratio to the bound scatters twice as much.
    assert abs(found.crb_ratio - 1.0) <= 2.0 * found.tolerance


@pytest.mark.parametrize("name", [n for n in FLAWS if n not in SILENT])
def test_without_it_the_verdict_notices(rows, name):
    assert rows[name].noticed
