"""Write an instrument as TOML so that reading it gives the same bits."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from reseau.config import write_toml
from reseau.instrument import Detectors, Instrument, basis_name, identity_plane
from reseau.tables import new_file

from .instrument_config import (
    DISTORTION_SIGMA,
    DetectorConfig,
    DistortionConfig,
    InstrumentConfig,
    OpticsConfig,
)
from .instrument_terms import term_config

_COEFFICIENT = re.compile(r"([AB])_(?:(\d)(\d)|(\d+)_(\d+))")


def write_instrument(
    instrument: Instrument, path: str | Path, *, overwrite: bool = False
) -> None:
    """Write an instrument as TOML; reading it gives the same instrument.

    Parameters
    ----------
    instrument
        Nominal or fitted.
    path
        Where to.
    overwrite
        Whether a file of that name may be replaced.
    """
    with new_file(path, overwrite=overwrite) as temporary:
        write_toml(_config(instrument), temporary)


def _config(instrument: Instrument) -> InstrumentConfig:
    x, y = (float(f) for f in np.asarray(instrument.focal))
    focal = (
        {"focal_length": x} if x == y else {"focal_length_x": x, "focal_length_y": y}
    )
    return InstrumentConfig(
        name=instrument.name,
        optics=OpticsConfig(
            **focal,
            focal_sigma=float(instrument.focal_sigma),
            focal_prior=instrument.focal_prior,
            scale=instrument.scale,
            projection=instrument.projection,
            parity=instrument.parity,
        ),
        distortion=_distortion_config(instrument),
        detectors=tuple(_detector_configs(instrument.detectors)),
        terms=tuple(term_config(term) for term in instrument.terms),
    )


def _distortion_config(instrument: Instrument) -> DistortionConfig:
    model = instrument.distortion
    options = {f.name: getattr(model, f.name) for f in dataclasses.fields(model)}
    if "centre" in options:
        options["centre"] = [float(v) for v in options["centre"]]
    basis = basis_name(model)
    if basis == "none":
        options.pop("normalisation")
    default = np.asarray(model.default())
    named = zip(model.names, np.asarray(instrument.coefficients), default, strict=True)
    values = {name: float(v) for name, v, start in named if v != start}
    sigma, sigmas = _widths(instrument)
    return DistortionConfig(
        basis=basis,
        **options,
        sigma=sigma,
        sigmas=sigmas,
        skew=float(instrument.skew),
        skew_sigma=float(instrument.skew_sigma),
        a=_terms(values, "A"),
        b=_terms(values, "B"),
        parameters={n: v for n, v in values.items() if not _COEFFICIENT.fullmatch(n)},
    )


def _terms(values: Mapping[str, float], letter: str) -> list | None:
    matches = ((_COEFFICIENT.fullmatch(name), value) for name, value in values.items())
    terms = [
        [int(m[2] or m[4]), int(m[3] or m[5]), value]
        for m, value in matches
        if m and m[1] == letter
    ]
    return terms or None


def _widths(instrument: Instrument) -> tuple[float, dict[str, float]]:
    # One sigma_um that explains most widths; the others are named one by one.
    model, widths = instrument.distortion, np.asarray(instrument.coefficient_sigma)
    per_um = np.asarray(model.widths(1.0))
    candidates = [
        DISTORTION_SIGMA,
        *(widths / np.where(per_um > 0, per_um, 1.0)),
    ]
    fits = [int(np.sum(np.asarray(model.widths(c)) == widths)) for c in candidates]
    sigma = float(candidates[int(np.argmax(fits))])
    named = zip(model.names, widths, np.asarray(model.widths(sigma)), strict=True)
    return sigma, {name: float(w) for name, w, common in named if w != common}


def is_plane(instrument: Instrument) -> bool:
    """Say whether positions are in um in one plane, without pixels."""
    return _is_identity(instrument.detectors)


def _is_identity(detectors: Detectors) -> bool:
    plane = identity_plane()
    same = (
        np.array_equal(getattr(detectors, f.name), getattr(plane, f.name))
        for f in dataclasses.fields(plane)
        if f.name != "ids"
    )
    return all(same)


def _detector_configs(detectors: Detectors) -> Iterator[DetectorConfig]:
    if _is_identity(detectors):
        name = detectors.names[0] if detectors.names else None
        yield DetectorConfig(id=detectors.ids[0], name=name, plane=True)
        return
    for i, number in enumerate(detectors.ids):
        x, y = (float(p) for p in detectors.pitch[i])
        yield DetectorConfig(
            id=number,
            name=detectors.names[i] if detectors.names else None,
            naxis1=int(detectors.naxis[i, 0]),
            naxis2=int(detectors.naxis[i, 1]),
            pixel=x if x == y else None,
            pitch_x=None if x == y else x,
            pitch_y=None if x == y else y,
            x=float(detectors.centre[i, 0]),
            y=float(detectors.centre[i, 1]),
            theta=float(detectors.theta[i]),
            sigma_xy=float(detectors.sigma_centre[i]),
            sigma_theta=float(detectors.sigma_theta[i]),
            sigma_pitch=float(detectors.sigma_pitch[i]),
        )


__all__ = ["is_plane", "write_instrument"]
