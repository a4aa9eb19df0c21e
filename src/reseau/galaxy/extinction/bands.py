"""Bands of photometry: a wavelength, and how the band responds where it is wide.

Responses are relative, of a detector that counts photons, piecewise linear between
nodes. A top-hat is what is known of a band by its edges alone. Spectra of stars are
black bodies: extinction changes the mean wavelength of a band far more than spectral
lines do.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from reseau.errors import ConfigError, explain, unknown_name

FINE = 801
"""Points of a quadrature over a band."""

HC_OVER_K = 14387.768775
"""Second radiation constant [µm K], CODATA 2018."""


@dataclass(frozen=True)
class Band:
    """A band of photometry.

    Attributes
    ----------
    name
        By which it is chosen.
    wavelength
        At which a narrow band stands for it [µm].
    nodes, response
        Wavelengths [µm] and relative response to photons there; empty: the band is
        narrow. Two nodes are the edges of a top-hat.
    source
        Where those are from.
    """

    name: str
    wavelength: float
    nodes: tuple[float, ...] = ()
    response: tuple[float, ...] = ()
    source: str = ""

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.nodes, self.nodes[1:], strict=False))
        equal = len(self.nodes) == len(self.response)
        if not (rising and equal and self.wavelength > 0.0):
            raise ConfigError(
                explain(
                    given=f"band {self.name} of {len(self.nodes)} nodes, "
                    f"{len(self.response)} responses",
                    wanted="wavelengths > 0 in rising order, one response of each",
                    where=f"band {self.name}",
                    todo="correct the band",
                )
            )


def top_hat(
    name: str, blue: float, red: float, *, wavelength: float | None = None
) -> Band:
    """Return a band of constant response between two edges.

    Parameters
    ----------
    name
        Of the band.
    blue, red
        Edges [µm].
    wavelength
        At which a narrow band stands for it [µm]; None: in the middle.
    """
    middle = 0.5 * (blue + red) if wavelength is None else wavelength
    return Band(name, middle, (blue, red), (1.0, 1.0), "a top-hat")


def spectrum(
    band: Band, temperature: float
) -> tuple[Float[np.ndarray, "k"], Float[np.ndarray, "k"]]:
    """Return wavelengths [µm] in a band, and the share of photons counted at each.

    Parameters
    ----------
    band
        A narrow one has a single wavelength.
    temperature
        Of the black body [K].
    """
    if not band.nodes:
        return np.array([band.wavelength]), np.ones(1)
    wavelength = np.linspace(band.nodes[0], band.nodes[-1], FINE)
    response = np.interp(wavelength, band.nodes, band.response)
    # Photons go as B/(hν), so as λ⁻⁴ in place of λ⁻⁵.
    photons = wavelength**-4 / np.expm1(HC_OVER_K / (wavelength * temperature))
    share = photons * response
    share[[0, -1]] *= 0.5  # trapezoids
    return wavelength, share / share.sum()


def _sampled(
    first: float, step: float, response: tuple[float, ...]
) -> dict[str, tuple]:
    nodes = tuple(round(first + i * step, 4) for i in range(len(response)))
    return {"nodes": nodes, "response": response}


_COHEN = "Cohen, Wheaton & Megeath 2003, AJ 126, 1090, means of 20 or 25 nm"
_NISHIYAMA = "wavelength of Nishiyama et al. 2009, ApJ 696, 1407, Table 1"
_VISTA = "top-hat of the centre and width in the VISTA/VIRCAM user manual"

BANDS: dict[str, Band] = {
    band.name: band
    for band in (
        Band(
            "J",
            1.240,
            source=f"{_COHEN}; {_NISHIYAMA}",
            **_sampled(
                1.06,
                0.02,
                (
                    0.00,
                    0.02,
                    0.17,
                    0.32,
                    0.39,
                    0.44,
                    0.85,
                    0.79,
                    0.78,
                    1.00,
                    0.88,
                    0.70,
                    0.78,
                    0.94,
                    0.67,
                    0.03,
                    0.01,
                    0.02,
                    0.00,
                ),
            ),
        ),
        Band(
            "H",
            1.664,
            source=f"{_COHEN}; {_NISHIYAMA}",
            **_sampled(
                1.46,
                0.02,
                (
                    0.00,
                    0.02,
                    0.17,
                    0.54,
                    0.83,
                    0.93,
                    0.89,
                    0.93,
                    0.94,
                    0.95,
                    1.00,
                    0.99,
                    0.95,
                    1.00,
                    1.00,
                    0.89,
                    0.51,
                    0.18,
                    0.01,
                    0.00,
                ),
            ),
        ),
        Band(
            "Ks",
            2.164,
            source=f"{_COHEN}; {_NISHIYAMA}",
            **_sampled(
                1.93,
                0.025,
                (
                    0.00,
                    0.01,
                    0.14,
                    0.30,
                    0.62,
                    0.70,
                    0.78,
                    0.87,
                    0.93,
                    0.94,
                    0.91,
                    0.99,
                    1.00,
                    1.00,
                    0.94,
                    0.48,
                    0.10,
                    0.01,
                    0.00,
                ),
            ),
        ),
        Band("J_VVV", 1.254, (1.166, 1.338), (1.0, 1.0), _VISTA),
        Band("H_VVV", 1.646, (1.500, 1.790), (1.0, 1.0), _VISTA),
        Band("Ks_VVV", 2.149, (1.9925, 2.3015), (1.0, 1.0), _VISTA),
        Band("Hw", 1.332, (1.0, 1.6), (1.0, 1.0), "JASMINE's present band"),
        Band("Hw_1.1", 1.332, (1.1, 1.6), (1.0, 1.0), "JASMINE's former band"),
        Band(
            "G",
            0.622,
            (
                0.328,
                0.348,
                0.379,
                0.412,
                0.449,
                0.511,
                0.596,
                0.726,
                0.793,
                0.971,
                1.030,
                1.100,
            ),
            (0.00, 0.12, 0.16, 0.61, 0.80, 0.95, 1.00, 0.89, 0.72, 0.13, 0.04, 0.00),
            "Gaia's G, to 0.03: Maíz Apellániz & Weiler 2018, A&A 619, A180",
        ),
        Band("V", 0.549056),
        Band("I", 0.805988),
        Band("Z087", 0.867590, source="Roman's F087"),
        Band("W146", 1.367793, (0.927, 2.000), (1.0, 1.0), "Roman's F146"),
        Band("F213", 2.112465, source="Roman's F213"),
    )
}
"""Bands by name. J, H, Ks are 2MASS'."""


def band_of(band: str | Band) -> Band:
    """Return a band, given itself or its name, or raise `ConfigError`."""
    if isinstance(band, Band):
        return band
    if band not in BANDS:
        raise unknown_name("band", band, list(BANDS), where="bands")
    return BANDS[band]


__all__ = ["BANDS", "Band", "band_of", "spectrum", "top_hat"]
