"""Write the shipped tables of the nuclear disc's and the nuclear cluster's moments.

Run from the root of the project: ``python examples/make_nuclear_moments.py``. It takes
some two minutes on one core.
"""

from pathlib import Path

import numpy as np

from reseau.galaxy.kinematics.nuclear_model import (
    cluster_moments,
    self_consistent_disc,
)

FILE = Path(__file__).parents[1] / "src/reseau/galaxy/data/nuclear_moments.npz"

RADIUS = np.concatenate(
    [
        [0, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 90, 105, 120],
        [140, 160, 180, 200, 225, 250, 275, 300, 350, 400, 450, 500],
        [550, 600, 700, 800, 900, 1000],
    ]
).astype(float)
HEIGHT = np.concatenate(
    [
        [0, 2, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150],
        [180, 220, 260, 300, 350, 400],
    ]
).astype(float)
"""Knots of the disc's table [pc]."""

DISTANCE = np.geomspace(0.01, 300.0, 56)
SINE = np.linspace(0.0, 1.0, 9)
"""Knots of the cluster's table [pc]."""

BLACK_HOLE_MASS = 4.3e6
"""Of Sgr A* [Msun] (GRAVITY Collaboration 2022, A&A 657, L12)."""

ITERATIONS = 8


def main() -> None:
    """Make both tables and write them."""
    disc = self_consistent_disc(ITERATIONS)
    r, z = np.meshgrid(RADIUS, HEIGHT, indexing="ij")
    moments = [
        [disc.at(a, b) for a, b in zip(*row, strict=True)]
        for row in zip(r, z, strict=True)
    ]

    def table(name: str) -> np.ndarray:
        return np.array([[getattr(m, name) for m in row] for row in moments])

    log_density = np.log(disc.density(r, z))
    stored = {
        "disc_radius": RADIUS,
        "disc_height": HEIGHT,
        "disc_log_density": np.round(log_density, 4),
        "black_hole_mass": BLACK_HOLE_MASS,
    }
    for name in ("rotation", "sigma_r", "sigma_phi", "sigma_z"):
        stored[f"disc_{name}"] = np.round(table(name), 2)
    stored["disc_correlation"] = np.round(table("correlation"), 4)
    stored["disc_rotation"][0] = 0.0  # on the axis
    stored["disc_correlation"][0] = stored["disc_correlation"][:, 0] = 0.0

    distance, sine = np.meshgrid(DISTANCE, SINE, indexing="ij")
    found = cluster_moments(
        disc.density,
        BLACK_HOLE_MASS,
        (distance * np.sqrt(1.0 - sine**2)).ravel(),
        (distance * sine).ravel(),
    )
    stored["cluster_distance"], stored["cluster_sine"] = DISTANCE, SINE
    for name, values in zip(("meridional", "azimuthal"), found, strict=True):
        shaped = np.log(values).reshape(distance.shape)
        stored[f"cluster_log_{name}"] = np.round(shaped, 5)
    small = {k: np.asarray(v, np.float32) for k, v in stored.items()}
    np.savez_compressed(FILE, **small)


if __name__ == "__main__":
    main()
