# The calls in the class bodies declare fields, as dataclasses.field does.
# ruff: noqa: RUF009
"""Near-infrared magnitudes: JASMINE's Hw of J and H, and 2MASS, VVV and SIRIUS as one.

All magnitudes are Vega's. Hw is ``a J + b H - g (J - H)²``, of the magnitudes as they
are observed, reddening included: the band is so wide that no fixed ratio of extinctions
holds. Two definitions are in use, which differ by up to 0.12 mag; each says which band
it describes. Photometric systems are related to that of 2MASS by colour terms, linear
in 2MASS' colours, so that the way back is the inverse of a matrix.

Colour terms are measured with stars, most of them little reddened. A colour term ``k``
moves a star with the colour excess E by ``k E``, whereas the bands of the law of
extinction may ask for another shift: between VVV and 2MASS the two differ by some
0.01 mag in J and H for each magnitude of E(J-Ks).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from reseau.config import Checked, entry, read_toml, table, tables
from reseau.errors import unknown_name

from .hw_formulas import HW_FORMULAS, HwFormula, hw_formula

BANDS = ("J", "H", "Ks")
"""Order of the bands wherever the three make an axis."""


@dataclass(frozen=True, kw_only=True)
class ColourTerm(Checked):
    """What a system's magnitude is more than 2MASS' of the same band.

    Attributes
    ----------
    constant
        At zero colour [mag].
    j_h, h_ks, j_ks
        Factors of 2MASS' colours J-H, H-Ks and J-Ks.
    """

    constant: float = entry("constant", float, default=0.0, largest=5.0)
    j_h: float = entry("J-H", float, default=0.0, largest=0.5)
    h_ks: float = entry("H-Ks", float, default=0.0, largest=0.5)
    j_ks: float = entry("J-Ks", float, default=0.0, largest=0.5)


@dataclass(frozen=True, kw_only=True)
class PhotometricSystem(Checked):
    """Magnitudes of a survey as functions of 2MASS', and back.

    Attributes
    ----------
    name
        By which it is chosen.
    J, H, Ks
        Colour terms of the bands.
    scatter
        1σ of stars about the terms [mag], a term of the errors of a transformation.
    source
        Where the terms are from, and how sure they are.
    assumed_j_h, assumed_h_ks
        2MASS' colours that a star is given for the terms where a band is missing.
    assumed_scatter
        1σ of either of those colours [mag].
    """

    name: str = entry("name", str)
    J: ColourTerm = table("J", ColourTerm, optional=True)
    H: ColourTerm = table("H", ColourTerm, optional=True)
    Ks: ColourTerm = table("Ks", ColourTerm, optional=True)
    scatter: float = entry("scatter", float, default=0.0, minimum=0.0, largest=1.0)
    source: str = entry("source", str, default="")
    assumed_j_h: float = entry("assumed_J-H", float, default=1.6, largest=10.0)
    assumed_h_ks: float = entry("assumed_H-Ks", float, default=0.8, largest=10.0)
    assumed_scatter: float = entry(
        "assumed_scatter", float, default=0.8, minimum=0.0, largest=10.0
    )

    @property
    def matrix(self) -> Float[np.ndarray, "3 3"]:
        """What 2MASS' J, H, Ks are multiplied with; each row sums to 1."""
        colours = {"j_h": (1, -1, 0), "h_ks": (0, 1, -1), "j_ks": (1, 0, -1)}
        rows = [
            sum(getattr(term, key) * np.array(c) for key, c in colours.items())
            for term in (self.J, self.H, self.Ks)
        ]
        return np.eye(3) + np.array(rows, float)

    @property
    def constant(self) -> Float[np.ndarray, "3"]:
        """What is added to those [mag]."""
        return np.array([self.J.constant, self.H.constant, self.Ks.constant])

    def from_2mass(
        self,
        magnitudes: Float[np.ndarray, "n 3"],
        errors: Float[np.ndarray, "n 3"] | None = None,
    ) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Return magnitudes of this system, and their errors, of 2MASS' [mag].

        Parameters
        ----------
        magnitudes
            2MASS' J, H, Ks; NaN is missing, and stays so.
        errors
            Of those, independent; None: none. Beside them stand the system's scatter
            and, where a band is missing, what is not known of the colour.
        """
        return self._transformed(self.matrix, self.constant, magnitudes, errors)

    def to_2mass(
        self,
        magnitudes: Float[np.ndarray, "n 3"],
        errors: Float[np.ndarray, "n 3"] | None = None,
    ) -> tuple[Float[np.ndarray, "n 3"], Float[np.ndarray, "n 3"]]:
        """Return 2MASS' magnitudes, and their errors, of this system's [mag].

        Parameters
        ----------
        magnitudes, errors
            As of `from_2mass`, of which this is the exact inverse where all three
            bands are there.
        """
        back = np.linalg.inv(self.matrix)
        return self._transformed(back, -back @ self.constant, magnitudes, errors)

    def _transformed(
        self,
        matrix: np.ndarray,
        constant: np.ndarray,
        magnitudes: np.ndarray,
        errors: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        if errors is None:
            errors = np.zeros_like(magnitudes)
        filled, spread = self._filled(magnitudes)
        shift = filled @ (matrix - np.eye(3)).T + constant
        variance = (spread**2 + np.nan_to_num(errors) ** 2) @ (matrix**2).T
        own = 0.0 if np.array_equal(matrix, np.eye(3)) else self.scatter
        error = np.sqrt(variance + own**2)
        missing = np.isnan(magnitudes)
        error[missing | np.isnan(errors)] = np.nan
        return magnitudes + shift, error

    def _filled(self, magnitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return magnitudes with the missing ones assumed, and 1σ of the assumption."""
        place = -np.cumsum([0.0, self.assumed_j_h, self.assumed_h_ks])
        known = np.isfinite(magnitudes)
        filled = np.where(known, magnitudes, 0.0)
        away = np.where(known, 0, 9)
        # From the nearest band that is there: one step away, then two.
        for step in (1, 2):
            for to in range(3):
                for of in (to - step, to + step):
                    if 0 <= of < 3:
                        take = (away[:, to] == 9) & known[:, of]
                        value = magnitudes[:, of] + place[to] - place[of]
                        filled[:, to] = np.where(take, value, filled[:, to])
                        away[take, to] = step
        spread = self.assumed_scatter * np.sqrt(np.where(away == 9, 0, away))
        return filled, spread


_CASU = (
    "VISTA's photometric calibration by CASU, version 1.5: González-Fernández et al. "
    "2018, MNRAS 474, 5459, for little reddened stars; taken as commonly quoted, the "
    "paper was not at hand"
)
_CASU_1_3 = (
    "VISTA's photometric calibration by CASU before version 1.4, as in ESO's answer to "
    "'Are there any colour transformations available for the VIRCAM filters'"
)
_IRSF = (
    "IRSF/SIRIUS of 2MASS, size and sign as commonly quoted of Kato et al. 2007, PASJ "
    "59, 615; the paper was not at hand: take each factor as uncertain by 0.02"
)

SYSTEMS: Mapping[str, PhotometricSystem] = {
    system.name: system
    for system in (
        PhotometricSystem(
            name="2mass",
            J=ColourTerm(),
            H=ColourTerm(),
            Ks=ColourTerm(),
            source="Skrutskie et al. 2006, AJ 131, 1163",
        ),
        PhotometricSystem(
            name="vvv",
            J=ColourTerm(j_ks=-0.031),
            H=ColourTerm(j_ks=0.015),
            Ks=ColourTerm(j_ks=-0.006),
            scatter=0.02,
            source=_CASU,
        ),
        PhotometricSystem(
            name="vvv-1.3",
            J=ColourTerm(j_h=-0.077),
            H=ColourTerm(j_h=0.032),
            Ks=ColourTerm(j_ks=0.010),
            scatter=0.02,
            source=_CASU_1_3,
        ),
        PhotometricSystem(
            name="sirius",
            J=ColourTerm(j_h=-0.045),
            H=ColourTerm(j_h=0.027),
            Ks=ColourTerm(j_ks=0.015),
            scatter=0.03,
            source=_IRSF,
        ),
    )
}
"""Photometric systems by name: "2mass", "vvv" (versions 1.4 and later of VISTA's
calibration, as VVV's later releases and VIRAC2 have it), "vvv-1.3" (earlier ones) and
"sirius" (IRSF/SIRIUS; GALACTICNUCLEUS and others tied to 2MASS are "2mass")."""


@dataclass(frozen=True, kw_only=True)
class PhotometryConfig:
    """A file of systems and formulas beside, or in place of, those built in.

    Attributes
    ----------
    systems
        Tables ``[[system]]`` with ``[system.J]`` and so on.
    formulas
        Tables ``[[hw]]``.
    """

    systems: tuple[PhotometricSystem, ...] = tables("system", PhotometricSystem)
    formulas: tuple[HwFormula, ...] = tables("hw", HwFormula)


def read_photometry(
    path: str | Path,
) -> tuple[dict[str, PhotometricSystem], dict[str, HwFormula]]:
    """Return systems and Hw formulas by name, a file's own beside those built in.

    Parameters
    ----------
    path
        A TOML file, see `PhotometryConfig`. A name that is built in is replaced.

    Raises
    ------
    ConfigError
        A key is unknown, missing or out of range.
    """
    config, _ = read_toml(path, PhotometryConfig)
    systems = {**SYSTEMS, **{system.name: system for system in config.systems}}
    formulas = {**HW_FORMULAS, **{hw.name: hw for hw in config.formulas}}
    return systems, formulas


def photometric_system(name: str) -> PhotometricSystem:
    """Return a built-in photometric system, or raise `ConfigError`."""
    if name not in SYSTEMS:
        raise unknown_name("photometric system", name, list(SYSTEMS), where="system")
    return SYSTEMS[name]


def to_2mass(
    system: str | PhotometricSystem,
    J: Float[np.ndarray, "n"],
    H: Float[np.ndarray, "n"],
    Ks: Float[np.ndarray, "n"],
) -> tuple[Float[np.ndarray, "n"], Float[np.ndarray, "n"], Float[np.ndarray, "n"]]:
    """Return 2MASS' J, H, Ks of another system's [mag].

    Parameters
    ----------
    system
        A record, or the name of one that is built in.
    J, H, Ks
        NaN is missing: the star's colour is assumed there, see `PhotometricSystem`.
    """
    record = photometric_system(system) if isinstance(system, str) else system
    found, _ = record.to_2mass(np.stack([J, H, Ks], axis=-1))
    return found[:, 0], found[:, 1], found[:, 2]


__all__ = [
    "BANDS",
    "HW_FORMULAS",
    "SYSTEMS",
    "ColourTerm",
    "HwFormula",
    "PhotometricSystem",
    "PhotometryConfig",
    "hw_formula",
    "photometric_system",
    "read_photometry",
    "to_2mass",
]
