"""Draws from a posterior as ArviZ and xarray know them, in memory and as netCDF.

One group ``posterior`` with the dimensions chain, draw and, by what a variable belongs
to, source_id, exposure_id, coefficient or detector_id, each with its names as
coordinate. Angles are degrees in 64 bits, 10⁻⁷ of a milliarcsecond; offsets from the
solution are given beside them, since differences of large numbers are awkward.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reseau.constants import DEGREE, MILLIARCSECOND
from reseau.errors import ConfigError, explain, some
from reseau.solvers import Draws
from reseau.tables import new_file

from .posteriors import PosteriorNames

if TYPE_CHECKING:
    from xarray import DataTree

SUFFIXES = (".nc", ".nc4", ".netcdf")
"""Of netCDF files."""

MILLIMETRE = 1000.0
"""In micrometres."""

Variable = tuple[np.ndarray, str | None, str, str]
"""Values, the dimension beside chain and draw, unit, description."""


def to_arviz(
    draws: Draws,
    names: PosteriorNames,
    *,
    attributes: Mapping[str, str | int | float] | None = None,
) -> "DataTree":
    """Return draws as a tree of data that ArviZ works on.

    Sources that were held fixed are left out. What a sampler says of its draws is in
    the group ``sample_stats``.

    Parameters
    ----------
    draws
        From `Solution.sample` or a sampler.
    names
        What its rows are called.
    attributes
        To be kept with the group ``posterior``.

    Raises
    ------
    ConfigError
        ArviZ is not installed.
    """
    require_arviz()
    # Not at the top: an extra, and xarray takes a second that others need not wait for.
    import arviz_base
    import xarray

    variables = _variables(draws, names)
    coordinates = {
        "source_id": names.source_id[draws.solved],
        "exposure_id": names.exposure_id,
        "coefficient": np.array(names.coefficients, dtype=object),
        "detector_id": names.detector_id,
        "term": np.array(names.terms, dtype=object),
    }
    groups = {
        "posterior": arviz_base.dict_to_dataset(
            {name: v[0] for name, v in variables.items()},
            coords={k: v for k, v in coordinates.items() if len(v)},
            dims={name: [v[1]] for name, v in variables.items() if v[1]},
            attrs={"inference_library": "reseau", **(attributes or {})},
        )
    }
    for name, (_, _, unit, description) in variables.items():
        groups["posterior"][name].attrs = {"units": unit, "description": description}
    if draws.statistics is not None:
        groups["sample_stats"] = arviz_base.dict_to_dataset(
            {name: np.asarray(v) for name, v in draws.statistics.items()},
            attrs={"inference_library": "reseau"},
        )
    return xarray.DataTree.from_dict(groups)


def _variables(draws: Draws, names: PosteriorNames) -> dict[str, Variable]:
    """Return all variables that have something in them."""
    found = {
        **_of_sources(draws),
        **_of_exposures(draws),
        **_of_distortion(draws, names),
        **_of_detectors(draws),
    }
    return {name: v for name, v in found.items() if v[0].size}


def _of_sources(draws: Draws) -> dict[str, Variable]:
    ra, dec = draws.source_angles()
    kept, offset = draws.solved, draws.offset / MILLIARCSECOND
    near = "tangent-plane offset from the solution's position, towards"
    where = "source_id"
    return {
        "ra": (ra[..., kept] / DEGREE, where, "deg", "right ascension, ICRS"),
        "dec": (dec[..., kept] / DEGREE, where, "deg", "declination, ICRS"),
        "east": (offset[..., kept, 0], where, "mas", f"{near} East"),
        "north": (offset[..., kept, 1], where, "mas", f"{near} North"),
    }


def _of_exposures(draws: Draws) -> dict[str, Variable]:
    attitude, focal = draws.attitudes() / DEGREE, draws.focal() / MILLIMETRE
    where, of_axis = "exposure_id", "of the optical axis, as the observer sees the sky"
    return {
        "pointing_ra": (attitude[..., 0], where, "deg", f"right ascension {of_axis}"),
        "pointing_dec": (attitude[..., 1], where, "deg", f"declination {of_axis}"),
        "pa": (attitude[..., 2], where, "deg", "position angle of the +Y axis"),
        "focal_x": (focal[..., 0], where, "mm", "focal length along X"),
        "focal_y": (focal[..., 1], where, "mm", "focal length along Y"),
    }


def _of_distortion(draws: Draws, names: PosteriorNames) -> dict[str, Variable]:
    units = sorted(set(names.units)) or [""]
    unit = units[0] if len(units) == 1 else ", ".join(names.units)
    values = draws.coefficients()
    return {
        "distortion": (values, "coefficient", unit, "distortion coefficients"),
        "skew": (draws.skew(), None, "", "common skew of the focal plane"),
        "terms": (draws.terms(), "term", "", "declared calibration terms"),
    }


def _of_detectors(draws: Draws) -> dict[str, Variable]:
    values = draws.detectors()
    where = "detector_id"
    theta = values[..., 2] / DEGREE
    return {
        "detector_x": (values[..., 0], where, "um", "centre along X"),
        "detector_y": (values[..., 1], where, "um", "centre along Y"),
        "detector_theta": (theta, where, "deg", "rotation in the focal plane"),
        "detector_pitch_x": (values[..., 3], where, "um", "pixel pitch along x"),
        "detector_pitch_y": (values[..., 4], where, "um", "pixel pitch along y"),
    }


def require_arviz() -> None:
    """Raise if what `to_arviz` and `write_draws` need is not installed.

    Raises
    ------
    ConfigError
        A package is missing.
    """
    try:
        # Not at the top: extras.
        import arviz_base  # noqa: F401
        import h5netcdf  # noqa: F401
        import h5py  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            explain(
                given=f"the package {error.name} is not installed",
                wanted="arviz-base, h5netcdf and h5py, for draws in files",
                where="draws from a posterior",
                todo="pip install 'reseau[arviz]'",
            )
        ) from error


def check_netcdf(path: str | Path) -> None:
    """Raise unless a file's name says that it is netCDF.

    Raises
    ------
    ConfigError
        It has another suffix, or none.
    """
    suffix = Path(path).suffix
    if suffix.lower() in SUFFIXES:
        return
    raise ConfigError(
        explain(
            given=f"a file {Path(path).name!r} for draws, which are written as netCDF",
            wanted=f"a name that ends in {some(SUFFIXES)}",
            where=str(path),
            todo=f"name it {Path(path).stem or 'draws'}{SUFFIXES[0]}",
        )
    )


def write_draws(tree: "DataTree", path: str | Path, *, overwrite: bool = False) -> None:
    """Write draws as netCDF, whole or not at all.

    Parameters
    ----------
    tree
        As `to_arviz` made it.
    path
        The file.
    overwrite
        Whether a file of that name may be replaced.

    Raises
    ------
    ConfigError
        The file's name has another suffix than those of netCDF.
    OutputExistsError
        Something is there that may not be replaced.
    """
    check_netcdf(path)
    with new_file(path, overwrite=overwrite) as temporary:
        options: dict[str, Any] = {"engine": "h5netcdf"}
        tree.to_netcdf(temporary, **options)


__all__ = ["check_netcdf", "require_arviz", "to_arviz", "write_draws"]
