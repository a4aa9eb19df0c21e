"""Flaws one by one: each can be had alone, and has terms that an instrument takes."""

import dataclasses

import numpy as np
import pytest

from reseau.errors import ConfigError
from reseau.survey import jasmine_instrument
from reseau.survey.remedies import (
    FLAWS,
    flaws_of,
    is_on,
    with_flaw,
    with_terms,
    without_flaws,
)
from reseau.survey.survey_config import read_survey


@pytest.fixture(scope="module")
def mini():
    return read_survey("mini").config


def test_mini_has_no_flaw(mini):
    assert flaws_of(mini) == ()
    assert without_flaws(mini) == mini


@pytest.mark.parametrize("name", FLAWS)
def test_each_flaw_can_be_had_alone(mini, name):
    flawed = with_flaw(mini, name)
    assert flaws_of(flawed) == (name,)
    assert without_flaws(flawed) == mini


def test_a_survey_s_own_sizes_are_kept(mini):
    own = dataclasses.replace(
        mini,
        chromatic=dataclasses.replace(mini.chromatic, size=0.7),
        transfer=dataclasses.replace(mini.transfer, size=0.3),
    )
    assert set(flaws_of(own)) == {"colour", "charge transfer"}
    alone = with_flaw(own, "colour")
    assert alone.chromatic.size == 0.7
    assert not is_on(alone, FLAWS["charge transfer"])


def test_an_unknown_flaw_is_answered_with_the_nearest(mini):
    with pytest.raises(ConfigError, match="colour"):
        with_flaw(mini, "color")


@pytest.mark.parametrize("name", FLAWS)
def test_each_has_a_remedy(mini, name):
    flaw = FLAWS[name]
    assert flaw.absorbed or flaw.terms or flaw.options
    nominal = jasmine_instrument()
    declared = with_terms(mini, name, nominal)
    assert len(declared.terms) == len(nominal.terms) + len(flaw.terms)
    names = [term.name for term in declared.terms]
    assert len(set(names)) == len(names)
    for term in declared.terms:
        assert np.all(np.asarray(term.values) == 0)
