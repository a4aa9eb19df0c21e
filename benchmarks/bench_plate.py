"""One plate: an iteration, the whole solution, and the parts of both."""

import importlib

import jax
import pytest

from reseau.model import nominal_parameters

solve = importlib.import_module("reseau.solvers")
plan = importlib.import_module("reseau.equations.plan")
start = importlib.import_module("reseau.solvers.start.parameters")
newton = importlib.import_module("reseau.solvers.gauss_newton")


@pytest.fixture(scope="module")
def ready(orbit):
    with jax.enable_x64(True):
        begun = start.find_start(orbit.problem)
        tiles = jax.device_put(plan.plan_tiles(begun.problem))
    return begun.problem, tiles, begun.parameters


def bench_start(benchmark, orbit):
    benchmark(start.find_start, orbit.problem)


def bench_plan(benchmark, orbit):
    benchmark(plan.plan_tiles, orbit.problem)


def bench_iteration(benchmark, ready):
    problem, tiles, parameters = ready

    def iterate():
        equations = newton.equations_at(problem, tiles, parameters, 0.0)
        return jax.block_until_ready(equations.system.tiles[-1].border)

    benchmark(iterate)


def bench_solution_with_covariances(benchmark, orbit):
    solution = benchmark(solve.solve_plate, orbit.problem)
    assert solution.converged


def bench_nominal(benchmark, orbit):
    benchmark(nominal_parameters, orbit.problem)
