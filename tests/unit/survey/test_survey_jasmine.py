"""The nominal JASMINE: the record and the preset in files say the same."""

import equinox as eqx
import numpy as np

from reseau.datasets import read_instrument
from reseau.survey import jasmine_instrument
from reseau.survey.jasmine import FIELD_SIDE


def test_record_and_preset_agree():
    record, preset = jasmine_instrument(), read_instrument("jasmine")
    numbers, structure = eqx.partition(record, eqx.is_array)
    others, same_structure = eqx.partition(preset, eqx.is_array)
    assert eqx.tree_equal(structure, same_structure)
    assert eqx.tree_equal(numbers, others, rtol=1e-15, atol=0.0)


def test_field_of_view_holds_all_detectors():
    detectors = jasmine_instrument().detectors
    reach = np.abs(detectors.centre) + 0.5 * detectors.pitch * detectors.naxis
    assert reach.max() == 0.5 * FIELD_SIDE * 4_860_000.0
