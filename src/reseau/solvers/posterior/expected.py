"""What a plate will say about its sources, from where it starts, nothing iterated.

Information depends on where stars fall, on errors and on priors, not on the noise that
was drawn: where measurements are as expected, one linearisation says all.
"""

from reseau.equations.plan import plan_tiles
from reseau.model import Problem
from reseau.solvers.start.parameters import find_start

from .source_information import EPSILON, SourceInformation, source_information


def expected_information(
    problem: Problem, epsilon: float = EPSILON
) -> SourceInformation:
    """Return what a plate whose measurements have no errors says about its sources.

    Parameters
    ----------
    problem
        The plate; its covariances are those that errors will have.
    epsilon
        As of `source_information`.
    """
    start = find_start(problem)
    tiles = plan_tiles(start.problem)
    return source_information(start.problem, tiles, start.parameters, epsilon=epsilon)


__all__ = ["expected_information"]
