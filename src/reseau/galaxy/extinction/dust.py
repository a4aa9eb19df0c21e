"""Where the dust is: an exponential disc, and a screen about the Galactic centre.

The density of E(J-Ks) per length is, with R and z about the centre,

``local exp((R0 - max(R, inner)) / length) exp(-|z| / h) + zone exp(-(R - radius)²/(2
width²)) exp(-|z| / zone_height)``, ``h = height exp((R - R0) / flare)``.

The second term is the ring of clouds of the central molecular zone, some 100 to 200 pc
from the centre (Molinari et al. 2011, ApJL 735, L33; Ferrière, Gillard & Jean 2007, A&A
467, 611). Integrated to the red clump's mean distance the density is a smooth map of
the reddening, and its growth along a line of sight is how extinction grows.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.config import Checked, entry

DEGREE = np.pi / 180.0
PC_PER_KPC = 1000.0


@dataclass(frozen=True, kw_only=True)
class DustModel(Checked):
    """Density of dust in the Galaxy, in E(J-Ks) of VVV's bands for each kpc.

    Attributes
    ----------
    name
        By which it is chosen.
    r0, z_sun
        Distance of the centre, height of the Sun [pc].
    centre_l, centre_b
        Galactic coordinates of the centre [deg].
    local
        In the plane at the Sun [mag/kpc].
    length, inner
        Radial scale, and radius within which the disc is as dense as there [pc].
    height, flare
        Scale height at the Sun, and length over which it grows by e [pc].
    zone, zone_radius, zone_width, zone_height
        Central molecular zone: density [mag/kpc], radius, 1σ of it, scale height [pc].
    source
        Where the numbers are from.
    """

    name: str = entry("name", str)
    r0: float = entry("r0_pc", float, default=8160.0, positive=True)
    z_sun: float = entry("z_sun_pc", float, default=25.0)
    centre_l: float = entry("centre_l_deg", float, default=-0.056)
    centre_b: float = entry("centre_b_deg", float, default=-0.046)
    local: float = entry("local_mag_per_kpc", float, positive=True)
    length: float = entry("length_pc", float, positive=True)
    inner: float = entry("inner_pc", float, default=0.0, minimum=0.0)
    height: float = entry("height_pc", float, positive=True)
    flare: float = entry("flare_pc", float, default=1e9, positive=True)
    zone: float = entry("zone_mag_per_kpc", float, default=0.0, minimum=0.0)
    zone_radius: float = entry("zone_radius_pc", float, default=150.0, minimum=0.0)
    zone_width: float = entry("zone_width_pc", float, default=50.0, positive=True)
    zone_height: float = entry("zone_height_pc", float, default=50.0, positive=True)
    source: str = entry("source", str, default="")

    def density(
        self,
        longitude: Float[np.ndarray, "*#n"],
        latitude: Float[np.ndarray, "*#n"],
        distance: Float[np.ndarray, "*#n"],
    ) -> Float[np.ndarray, "*n"]:
        """Return E(J-Ks) per pc [mag/pc].

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [deg].
        distance
            From the Sun [pc].
        """
        lon = (longitude - self.centre_l) * DEGREE
        lat = (latitude - self.centre_b) * DEGREE
        along = distance * np.cos(lat)
        square = self.r0**2 + along**2 - 2.0 * self.r0 * along * np.cos(lon)
        radius = np.sqrt(np.maximum(square, 0.0))
        height = np.abs(
            self.z_sun * (1.0 - distance / self.r0) + distance * np.sin(lat)
        )
        outwards = radius - self.r0
        inside = (self.r0 - np.maximum(radius, self.inner)) / self.length
        thick = self.height * np.exp(np.minimum(outwards, 2e4) / self.flare)
        disc = self.local * np.exp(inside - height / thick)
        shell = 0.5 * ((radius - self.zone_radius) / self.zone_width) ** 2
        zone = self.zone * np.exp(-shell - height / self.zone_height)
        return (disc + zone) / PC_PER_KPC


__all__ = ["DustModel"]
