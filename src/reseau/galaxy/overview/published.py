"""Figures that others published of the Galaxy, to lay the model beside.

None of them is used by the model. Those of Sormani et al. 2022 are of the table of
their self-consistent model; those of the cluster's dispersion are of a spherical,
isotropic estimate with a black hole of 4.3 million solar masses.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """Numbers of one publication along one axis.

    Attributes
    ----------
    source
        Who published them.
    at
        Where: a radius [pc].
    value
        The numbers, in the unit of what they are compared with.
    """

    source: str
    at: tuple[float, ...]
    value: tuple[float, ...]


BLAND_HAWTHORN = "Bland-Hawthorn & Gerhard 2016"
CHATZOPOULOS = "Chatzopoulos et al. 2015"
KOSHIMOTO = "Koshimoto et al. 2021"
SORMANI = "Sormani et al. 2022"

ROTATION_CURVE = Published(
    BLAND_HAWTHORN,
    (100.0, 500.0, 1e3, 2e3, 3e3, 4e3, 5e3, 8160.0, 1e4, 1.5e4, 2.5e4),
    (27.4, 108.0, 163.0, 191.0, 206.0, 220.0, 234.0, 239.0, 231.0, 217.0, 210.0),
)
"""Circular speed in the plane [km/s]."""

CLUSTER_DENSITY = Published(
    CHATZOPOULOS, (1.0, 5.0, 10.0, 50.0, 100.0), (1.6e5, 1.1e4, 2.0e3, 10.0, 0.74)
)
"""Mass density of the nuclear cluster in the plane [Msun/pc³]."""

CLUSTER_MASS = Published(CHATZOPOULOS, (10.0,), (2.1e7,))
"""Mass of the nuclear cluster within a sphere [Msun]."""

NUCLEAR_DENSITY = Published(
    SORMANI, (20.0, 50.0, 100.0, 200.0, 300.0), (288.0, 140.0, 87.6, 25.0, 6.0)
)
"""Mass density of the nuclear disc in the plane [Msun/pc³]."""

NUCLEAR_DENSITY_ABOVE = Published(
    SORMANI, NUCLEAR_DENSITY.at, (49.0, 41.0, 25.0, 6.9, 2.0)
)
"""The same 50 pc above the plane."""

NUCLEAR_MASS = Published(SORMANI, (1000.0,), (9.71e8,))
"""Mass of the nuclear disc [Msun]."""

NUCLEAR_RADII = (20.0, 50.0, 100.0, 200.0, 300.0, 500.0)
NUCLEAR_ROTATION = Published(
    SORMANI, NUCLEAR_RADII, (47.4, 80.1, 101.5, 91.5, 67.6, 32.8)
)
"""Mean azimuthal velocity of the nuclear disc in the plane [km/s]."""

NUCLEAR_DISPERSIONS = {
    "R": Published(SORMANI, NUCLEAR_RADII, (86.3, 77.8, 72.9, 63.9, 54.3, 39.6)),
    "φ": Published(SORMANI, NUCLEAR_RADII, (85.2, 70.9, 56.0, 38.7, 31.5, 24.4)),
    "z": Published(SORMANI, NUCLEAR_RADII, (88.7, 68.5, 53.7, 31.6, 18.8, 8.4)),
}
"""Dispersions of the nuclear disc in the plane [km/s]."""

CLUSTER_DISPERSION = Published(
    "spherical isotropic estimate",
    (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0),
    (142.0, 106.0, 85.0, 70.0, 61.0, 57.0, 63.0, 67.0),
)
"""Dispersion of the nuclear cluster along one axis [km/s]."""

LOCAL_DISPERSIONS = {
    "thin1": (9.1, 0.62),
    "thin7": (40.1, 21.8),
    "thick": (75.0, 49.2),
}
"""Of Koshimoto et al. 2021 at the Sun, outwards and upwards [km/s]."""

BAR_CENTRE = (215.8, 153.8, 153.2)
"""Dispersions along, across, up in the bar's centre, Koshimoto et al. 2021 [km/s]."""

CLUMP_NEAR_THE_SUN = ("Ruiz-Dern et al. 2018", -1.606)
"""Mode of the red clump's M_Ks in the solar neighbourhood."""

__all__ = [
    "BAR_CENTRE",
    "BLAND_HAWTHORN",
    "CHATZOPOULOS",
    "CLUMP_NEAR_THE_SUN",
    "CLUSTER_DENSITY",
    "CLUSTER_DISPERSION",
    "CLUSTER_MASS",
    "KOSHIMOTO",
    "LOCAL_DISPERSIONS",
    "NUCLEAR_DENSITY",
    "NUCLEAR_DENSITY_ABOVE",
    "NUCLEAR_DISPERSIONS",
    "NUCLEAR_MASS",
    "NUCLEAR_RADII",
    "NUCLEAR_ROTATION",
    "ROTATION_CURVE",
    "SORMANI",
    "Published",
]
