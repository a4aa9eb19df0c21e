"""The registry of flags: unique bits, decoding, counting, the table for the docs."""

import numpy as np
import pytest

from reseau.errors import ConfigError
from reseau.flags import (
    FLAGS,
    count_flags,
    decode_flags,
    flag_value,
    flags_table,
    has_flags,
)


def test_bits_and_names_are_unique_and_in_order():
    assert [f.bit for f in FLAGS] == list(range(len(FLAGS)))
    assert len({f.name for f in FLAGS}) == len(FLAGS)
    assert max(f.value for f in FLAGS) < 2**31, "the column is int32"


@pytest.mark.parametrize("flag", FLAGS, ids=lambda f: f.name)
def test_round_trip(flag):
    assert flag_value(flag.name) == 2**flag.bit
    assert decode_flags(flag.value) == [flag.name]


def test_a_name_given_twice_counts_once():
    assert flag_value("held", "held") == flag_value("held")


def test_bits_of_later_versions_are_named_by_number():
    assert decode_flags(1 << 30 | 1) == ["wrong_reference", "bit_30"]
    assert decode_flags(0) == []


def test_counting():
    values = np.array([0, 1, 5, 4, 1 << 7], dtype=np.int32)
    assert count_flags(values) == {"wrong_reference": 2, "outliers": 2, "held": 1}
    found = has_flags(values, ["outliers", "held"])
    np.testing.assert_array_equal(found, [False, False, True, True, True])


def test_unknown_name_offers_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'outliers'"):
        flag_value("outlier")


def test_table_has_a_row_for_each():
    rows = flags_table().splitlines()
    assert len(rows) == len(FLAGS) + 2
    for flag, row in zip(FLAGS, rows[2:], strict=True):
        assert row.startswith(f"| {flag.bit} | {flag.value} | `{flag.name}` |")
