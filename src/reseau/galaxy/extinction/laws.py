# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Laws of near-infrared extinction towards the Galactic centre.

Everything is counted per magnitude of the colour excess E(J-Ks) in VVV's bands, which
is what maps of the bulge give. A law is a curve through a few wavelengths, with a power
of the wavelength beyond them, the same everywhere or one in each quadrant about the
Galactic centre. Shortward of 1 µm, where none of the three was measured at the centre,
all have the shape of Wang & Chen (2019).

=================  =============================================================
name               source
=================  =============================================================
wang2019           Wang & Chen 2019, ApJ 877, 116, eqs. 9 and 10
nishiyama2009      Nishiyama et al. 2009, ApJ 696, 1407: 2MASS bands, power 2.0
alonso-garcia2017  Alonso-García et al. 2017, ApJL 849, L13: VVV bands, power 2.47
=================  =============================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from reseau.config import Checked, entry, read_toml, tables
from reseau.errors import ConfigError, explain, unknown_name

from .bands import BANDS, Band, band_of
from .curves import Excess, curves_of

JOIN = 1.0
"""Wavelength [µm] below which the optical curve is joined on."""

_OPTICAL = (1.0, 0.7499, -0.1086, -0.08909, 0.02905, 0.01069, 0.001707, -0.001002)
"""Wang & Chen 2019, eq. 9: powers of 1/λ - 1.82, of A(λ)/A(V)."""

_AT_JOIN = 0.3722
"""Wang & Chen 2019, eq. 10: A/A(V) at 1 µm."""


@dataclass(frozen=True, kw_only=True)
class ExtinctionLaw:
    """Extinction against wavelength, per magnitude of E(J-Ks) in VVV's bands.

    Attributes
    ----------
    name
        By which it is chosen.
    wavelength
        Of the points that the curve goes through [µm], rising. Between them log A is
        linear in log λ.
    extinction
        At those, in any unit: one row, or four, of the quadrants ``l > 0, b > 0``;
        ``l > 0, b < 0``; ``l < 0, b > 0``; ``l < 0, b < 0``.
    power
        A goes as λ to minus this power beyond the points, down to 1 µm.
    source
        Paper and equation.
    """

    name: str
    wavelength: tuple[float, ...]
    extinction: tuple[tuple[float, ...], ...]
    power: float
    source: str = ""

    def __post_init__(self) -> None:
        points = np.asarray(self.wavelength)
        rows = {len(row) for row in self.extinction}
        rising = bool(np.all(np.diff(points) > 0.0)) and len(points) > 0
        positive = all(a > 0.0 for row in self.extinction for a in row)
        if not (
            rising
            and points[0] > 0.0
            and rows == {len(points)}
            and positive
            and len(self.extinction) in (1, 4)
        ):
            raise ConfigError(
                explain(
                    given=f"law {self.name} with {len(points)} wavelengths and rows of "
                    f"extinction of the lengths {sorted(rows)}",
                    wanted="rising wavelengths, one row or four of as many numbers > 0",
                    where=f"law {self.name}",
                    todo="correct wavelength_um or extinction",
                )
            )

    @property
    def quadrants(self) -> int:
        """Number of curves: 1, or 4."""
        return len(self.extinction)

    def curve(self, wavelength: Float[np.ndarray, "k"]) -> Float[np.ndarray, "q k"]:
        """Return A(λ) by quadrant, for E(J-Ks) = 1 of narrow bands.

        Parameters
        ----------
        wavelength
            [µm], from 0.3.
        """
        pair = np.array([BANDS["J_VVV"].wavelength, BANDS["Ks_VVV"].wavelength])
        at_pair = self._unscaled(pair)
        excess = at_pair[:, :1] - at_pair[:, 1:]
        return self._unscaled(np.asarray(wavelength, float)) / excess

    def _unscaled(self, wavelength: np.ndarray) -> np.ndarray:
        infrared = self._infrared(np.maximum(wavelength, JOIN))
        optical = np.polynomial.polynomial.polyval(1.0 / wavelength - 1.82, _OPTICAL)
        return np.where(wavelength < JOIN, infrared * (optical / _AT_JOIN), infrared)

    def _infrared(self, wavelength: np.ndarray) -> np.ndarray:
        points, log = np.log(self.wavelength), np.log(wavelength)
        inside = np.clip(log, points[0], points[-1])
        beyond = np.exp(-self.power * (log - inside))
        rows = [np.interp(inside, points, np.log(row)) for row in self.extinction]
        return np.exp(np.array(rows)) * beyond

    def ratios(
        self, bands: Sequence[str | Band], quadrant: int | None = None
    ) -> Float[np.ndarray, "n_bands"]:
        """Return A/E(J-Ks) of bands taken as narrow, at their wavelengths.

        Parameters
        ----------
        bands
            Names, see `BANDS`, or bands.
        quadrant
            0 to 3, in the order of `extinction`; None: their mean.
        """
        curve = self.curve(np.array([band_of(band).wavelength for band in bands]))
        return curve.mean(axis=0) if quadrant is None else curve[quadrant % len(curve)]

    def quadrant(
        self, longitude: Float[np.ndarray, "n"], latitude: Float[np.ndarray, "n"]
    ) -> Int[np.ndarray, "n"]:
        """Return which curve holds in a direction.

        Parameters
        ----------
        longitude, latitude
            Galactic coordinates [deg]; any longitude, as 359.5 for -0.5.
        """
        if self.quadrants == 1:
            return np.zeros(np.shape(longitude), int)
        west = (np.asarray(longitude) + 180.0) % 360.0 - 180.0 < 0.0
        return 2 * west.astype(int) + (np.asarray(latitude) < 0.0)

    def extinction_of(
        self,
        excess: Float[np.ndarray, "n"],
        bands: Sequence[str | Band],
        *,
        longitude: Float[np.ndarray, "n"] | None = None,
        latitude: Float[np.ndarray, "n"] | None = None,
        width: bool = True,
        temperature: float = 4000.0,
        excess_kind: Excess = "measured",
    ) -> Float[np.ndarray, "n n_bands"]:
        """Return extinctions [mag] of a colour excess E(J-Ks) in VVV's bands.

        Parameters
        ----------
        excess
            E(J-Ks) [mag].
        bands
            Names, see `BANDS`, or bands.
        longitude, latitude
            Galactic coordinates [deg], for laws with quadrants; None: their mean.
        width
            Whether bands are as wide as they are: what passes through them is the
            redder, the more is absorbed, so that A/E falls with E. Otherwise `ratios`.
        temperature
            Of the black body that the star is [K].
        excess_kind
            "measured": what a star of that temperature shows in VVV's bands, which are
            wide themselves. "nominal": what it would show were they narrow.
        """
        excess = np.asarray(excess, float)
        index = None
        if longitude is not None and latitude is not None:
            index = self.quadrant(longitude, latitude)
        if not width:
            curve = self.curve(np.array([band_of(x).wavelength for x in bands]))
            ratio = curve.mean(axis=0) if index is None else curve[index]
            return excess[:, None] * ratio
        curves = curves_of(
            self, tuple(band_of(band) for band in bands), temperature, excess_kind
        )
        return curves.at(excess, index)


_OVER_E = (0.497, 0.534, 0.494, 0.587)
_OVER_EH = (0.80005, 0.88075, 0.82778, 0.94713)
_VVV_OVER_E = (0.390, 0.464, 0.384, 0.415)
_VVV_OVER_EHK = (1.02, 1.30, 0.97, 1.21)


def _of_ratios(over_e: float, h: float) -> tuple[float, float, float]:
    """Return A of J, H, Ks for E(J-Ks) = 1."""
    return 1.0 + over_e, h, over_e


LAWS: dict[str, ExtinctionLaw] = {
    law.name: law
    for law in (
        ExtinctionLaw(
            name="wang2019",
            wavelength=(1.0,),
            extinction=((_AT_JOIN,),),
            power=2.07,
            source="Wang & Chen 2019, ApJ 877, 116, eqs. 9 and 10",
        ),
        ExtinctionLaw(
            name="nishiyama2009",
            wavelength=(1.240, 1.664, 2.164),
            extinction=tuple(map(_of_ratios, _OVER_E, _OVER_EH)),
            power=2.0,
            source="Nishiyama et al. 2009, ApJ 696, 1407: A_Ks/E(J-Ks) and A_H/E(J-Ks) "
            "of 2MASS, as Koshimoto et al.'s genulens has them for the quadrants",
        ),
        ExtinctionLaw(
            name="alonso-garcia2017",
            wavelength=(1.254, 1.646, 2.149),
            extinction=tuple(
                _of_ratios(k, k * (1.0 + 1.0 / hk))
                for k, hk in zip(_VVV_OVER_E, _VVV_OVER_EHK, strict=True)
            ),
            power=2.47,
            source="Alonso-García et al. 2017, ApJL 849, L13: A_Ks/E(J-Ks) and "
            "A_Ks/E(H-Ks) of VVV, as Koshimoto et al.'s genulens has them",
        ),
    )
}
"""Laws by name; see the module."""


@dataclass(frozen=True, kw_only=True)
class LawConfig(Checked):
    """Table ``[[law]]`` of a file.

    Attributes
    ----------
    name, source, power
        As of `ExtinctionLaw`.
    wavelength, extinction
        ``wavelength_um`` and ``extinction``, lists; four lists in a list by quadrant.
    """

    name: str = entry("name", str)
    wavelength: list = entry("wavelength_um", list)
    extinction: list = entry("extinction", list)
    power: float = entry("power", float, default=2.0, minimum=0.0, largest=10.0)
    source: str = entry("source", str, default="")

    def law(self) -> ExtinctionLaw:
        """Return the law."""
        nested = bool(self.extinction) and isinstance(self.extinction[0], list)
        rows = self.extinction if nested else [self.extinction]
        return ExtinctionLaw(
            name=self.name,
            wavelength=tuple(float(w) for w in self.wavelength),
            extinction=tuple(tuple(float(a) for a in row) for row in rows),
            power=self.power,
            source=self.source,
        )


@dataclass(frozen=True, kw_only=True)
class LawsConfig:
    """A file of laws.

    Attributes
    ----------
    laws
        Tables ``[[law]]``.
    """

    laws: tuple[LawConfig, ...] = tables("law", LawConfig)


def read_law(name: str | Path = "wang2019") -> ExtinctionLaw:
    """Return a law that is built in, or the first of a TOML file.

    Parameters
    ----------
    name
        One of `LAWS`, or a path that ends in .toml, see `LawConfig`.

    Raises
    ------
    ConfigError
        The name is unknown, or the file holds no law, or an impossible one.
    """
    if isinstance(name, str) and not name.endswith(".toml"):
        if name not in LAWS:
            raise unknown_name("law of extinction", name, list(LAWS), where="law")
        return LAWS[name]
    config, source = read_toml(name, LawsConfig)
    if not config.laws:
        raise source.complain(
            None, "the file holds no law", "a table [[law]]", "add the law"
        )
    return config.laws[0].law()


__all__ = ["LAWS", "ExtinctionLaw", "LawConfig", "LawsConfig", "read_law"]
