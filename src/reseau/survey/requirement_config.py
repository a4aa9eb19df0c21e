"""Keys of a survey's file about what it has to reach."""

from dataclasses import dataclass

from reseau.config import entry

from .star_config import FAINTEST, Checked


@dataclass(frozen=True, kw_only=True)
class RequirementConfig(Checked):
    """Table ``[requirement]``: what `reseau plan` compares the random limit with.

    Attributes
    ----------
    parallax_uas, parallax_mag
        Error of a parallax [µas], and Hw of the faintest stars that are to have it.
    motion_uas_per_yr, motion_mag
        Error of a proper motion in each coordinate [µas/yr], and the faintest Hw.
    """

    parallax_uas: float | None = entry(
        "parallax_uas", float, default=None, positive=True, largest=1e9
    )
    parallax_mag: float = entry("parallax_mag", float, default=12.5, largest=FAINTEST)
    motion_uas_per_yr: float | None = entry(
        "motion_uas_per_yr", float, default=None, positive=True, largest=1e9
    )
    motion_mag: float = entry("motion_mag", float, default=14.5, largest=FAINTEST)


__all__ = ["RequirementConfig"]
