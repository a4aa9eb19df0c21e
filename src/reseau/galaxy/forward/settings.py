# The calls in the class body declare fields, as dataclasses.field does.
"""What a forward mock is made of: names of models, maps and laws, limits and seeds."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reseau.config import Checked, entry
from reseau.galaxy.photometry import HW_FORMULAS

from .limit import MagnitudeLimit, read_limit
from .stars import REFERENCE_EPOCH
from .window import Window, read_window

LARGEST_SEED = 2**63 - 1
OBSERVED = ("none", "gaia", "gaia-dr3", "gaia-dr4", "gaia-dr5")


@dataclass(frozen=True, kw_only=True)
class MockSettings(Checked):
    """Options of a forward mock.

    Attributes
    ----------
    window
        Galactic l, b of the middle and full widths [deg], as ``"0.3,0,0.1,0.1"``.
    limit
        Band and magnitude, as ``"Hw=16"``: Hw, J, H, Ks or G, reddened.
    galaxy
        Name or file of the model of the Galaxy.
    isochrones
        "shipped", "genulens", or a file.
    extinction_map
        "smooth", a model of the dust; "genulens", the map in that package; a file; or a
        number, E(J-Ks) [mag] that is the same everywhere.
    extinction_law
        Name or file of the law of extinction.
    dust_profile
        How reddening grows along the line of sight: "central-zone", "disc" or
        "exponential".
    hw
        Formula of Hw of J and H: "2mass", "sirius", "vvv" or "imagesim".
    epoch
        Of positions, Julian year.
    seed
        Of all random numbers.
    binary_fraction
        Part of the stars with an unresolved companion.
    observed
        "none": all columns are true; else whose errors the astrometry has, "gaia-dr3"
        (or "gaia"), "gaia-dr4" or "gaia-dr5"; J, H, Ks have those of 2MASS.
    """

    window: str = entry("window", str)
    limit: str = entry("limit", str, default="Hw=16")
    galaxy: str = entry("galaxy", str, default="koshimoto2021")
    isochrones: str = entry("isochrones", str, default="shipped")
    extinction_map: str = entry("extinction_map", str, default="smooth")
    extinction_law: str = entry("extinction_law", str, default="wang2019")
    dust_profile: str = entry("dust_profile", str, default="central-zone")
    hw: str = entry("hw", str, default="2mass", choices=tuple(HW_FORMULAS))
    epoch: float = entry(
        "epoch", float, default=REFERENCE_EPOCH, minimum=1900.0, largest=2100.0
    )
    seed: int = entry("seed", int, default=0, minimum=0, largest=LARGEST_SEED)
    binary_fraction: float = entry(
        "binary_fraction", float, default=0.0, minimum=0.0, largest=1.0
    )
    observed: str = entry("observed", str, default="none", choices=OBSERVED)

    @property
    def rectangle(self) -> Window:
        """The window."""
        return read_window(self.window)

    @property
    def brightest(self) -> MagnitudeLimit:
        """The limit, with the formula of Hw."""
        return read_limit(self.limit, HW_FORMULAS[self.hw])

    @property
    def files(self) -> list[Path]:
        """Files of isochrones, maps and laws, as far as they are files."""
        named = (
            self.isochrones,
            self.extinction_map,
            self.extinction_law,
            self.dust_profile,
        )
        return [Path(name) for name in named if Path(name).is_file()]

    def plain(self) -> dict[str, Any]:
        """Return the options as values of JSON."""
        return asdict(self)


__all__ = ["MockSettings"]
