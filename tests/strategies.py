"""What the property tests draw from: numbers of physical sizes, and how many.

Between zero and the smallest size that means anything lie 300 powers of ten, and a
search for counterexamples ends there: in products that underflow, whose relative
errors say nothing about a formula. So a number is either zero or of a size that
occurs.
"""

import math

from hypothesis import settings
from hypothesis import strategies as st

NOTHING = 1e-9
"""What is smaller than this, relative to the natural scale, is zero."""

seeds = st.integers(0, 2**32 - 1)


def examples(number: int) -> settings:
    """Return settings for some number of examples, and for more where more are wanted.

    A number given to a test has precedence over the profile's; so the profile's, 100
    unless it wants more, is taken as per cent.
    """
    return settings(max_examples=number * settings.default.max_examples // 100)


def numbers(
    least: float, most: float, *, scale: float | None = None
) -> st.SearchStrategy[float]:
    """Draw numbers from a range, those that are next to nothing as zero.

    Parameters
    ----------
    least, most
        The range, ends included.
    scale
        Natural size; the larger end of the range if not given.
    """
    smallest = NOTHING * (scale or max(abs(least), abs(most)))
    return st.floats(least, most).map(lambda x: x if abs(x) >= smallest else 0.0)


def nothing_or(least: float, most: float) -> st.SearchStrategy[float]:
    """Draw zero, or a size from a range, even in the logarithm, of either sign."""
    sizes = st.floats(math.log10(least), math.log10(most)).map(lambda x: 10.0**x)
    return st.just(0.0) | sizes | sizes.map(lambda size: -size)
