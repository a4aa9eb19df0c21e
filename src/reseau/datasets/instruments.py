"""Instruments in files: ``instrument.toml`` and the presets shipped with reseau.

A prior width of 0 means: held fixed. Writing and reading an instrument gives the same
bits.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from reseau.config import Source, read_toml, shown, to_number
from reseau.errors import ConfigError, explain, some, suggestion
from reseau.instrument import (
    DISTORTIONS,
    Detectors,
    Distortion,
    Instrument,
    identity_plane,
    make_distortion,
)

from .instrument_config import (
    CENTRE_SIGMA,
    PITCH_SIGMA,
    THETA_SIGMA,
    DetectorConfig,
    DistortionConfig,
    InstrumentConfig,
    OpticsConfig,
)
from .instrument_terms import read_terms
from .missing_keys import (
    missing_in_detector,
    no_focal_length,
    no_normalisation,
    no_pixel_size,
)


def presets() -> dict[str, Path]:
    """Return the files of the instruments that come with reseau, by name."""
    folder = resources.files("reseau") / "presets"
    files = (Path(str(f)) for f in folder.iterdir())
    return {f.stem: f for f in sorted(files) if f.suffix == ".toml"}


def read_instrument(source: str | Path) -> Instrument:
    """Read an instrument from a TOML file, or take a preset by its name.

    Parameters
    ----------
    source
        Path of a TOML file, or a name in `presets`.

    Raises
    ------
    ConfigError
        A key is unknown, missing or out of range, or the preset is unknown.
    FileFormatError
        The file is absent or not TOML.

    Examples
    --------
    >>> from reseau.datasets import read_instrument
    >>> read_instrument("jasmine").detectors.ids
    (1, 2, 3, 4)
    """
    known = presets()
    is_name = not Path(source).exists() and Path(source).suffix == ""
    if is_name and str(source) not in known:
        raise ConfigError(
            explain(
                given=f"the instrument {source} is unknown",
                wanted=f"a TOML file or one of the presets {some(known)}",
                where="the instrument",
                todo=suggestion(str(source), known, otherwise="correct the name"),
            )
        )
    config, place = read_toml(
        known[str(source)] if is_name else source, InstrumentConfig
    )
    return _instrument(config, place)


def _instrument(config: InstrumentConfig, source: Source) -> Instrument:
    optics = config.optics
    place = source.below("distortion")
    if _lacks_normalisation(config.distortion):
        basis = config.distortion.basis
        raise no_normalisation(config.detectors, place, basis)
    distortion = _distortion(config.distortion, place)
    coefficients, widths = _coefficients(config.distortion, distortion, place)
    instrument = Instrument(
        name=config.name,
        projection=optics.projection,
        parity=optics.parity,
        focal=_focal(optics, source.below("optics")),
        focal_sigma=np.asarray(optics.focal_sigma),
        focal_prior=optics.focal_prior,
        scale=optics.scale,
        distortion=distortion,
        coefficients=coefficients,
        coefficient_sigma=widths,
        skew=np.asarray(config.distortion.skew),
        skew_sigma=np.asarray(config.distortion.skew_sigma),
        detectors=_detectors(config.detectors, source),
    )
    if not config.terms:
        return instrument
    terms = read_terms(config.terms, instrument, source)
    return dataclasses.replace(instrument, terms=terms)


def _focal(optics: OpticsConfig, source: Source) -> np.ndarray:
    both = optics.focal_length, optics.focal_length
    apart = optics.focal_length_x, optics.focal_length_y
    found = [pair for pair in (both, apart) if any(v is not None for v in pair)]
    if len(found) != 1 or None in found[0]:
        raise no_focal_length(optics, source)
    return np.array(found[0])


def _lacks_normalisation(config: DistortionConfig) -> bool:
    fields = dataclasses.fields(DISTORTIONS[config.basis])
    own = next(f for f in fields if f.name == "normalisation")
    return config.normalisation is None and own.default is dataclasses.MISSING


def _distortion(config: DistortionConfig, source: Source) -> Distortion:
    options: dict[str, Any] = {
        name: value
        for name in ("degree", "degree_kind", "minimum_degree", "n_radial", "n_tilt")
        if (value := getattr(config, name)) is not None
    }
    if config.normalisation is not None:
        options["normalisation"] = config.normalisation
    if config.centre is not None:
        if len(config.centre) != 2:
            raise source.complain(
                "centre_um", "centre_um is not a pair", "[x, y] in um", "correct it"
            )
        options["centre"] = tuple(
            to_number(v, "um", source, "centre_um") for v in config.centre
        )
    known = {f.name for f in dataclasses.fields(DISTORTIONS[config.basis])}
    for name in options:
        if name not in known:
            key = {"normalisation": "normalisation_um", "centre": "centre_um"}.get(
                name, name
            )
            raise source.complain(
                key,
                f"{key} means nothing to the basis {config.basis!r}",
                f"its own options {some(sorted(known))}",
                "remove the key, or choose another basis",
            )
    try:
        return make_distortion(config.basis, **options)
    except ConfigError as error:
        raise ConfigError(f"{error}\n  file:   {source.place()}") from error


def _coefficients(
    config: DistortionConfig, distortion: Distortion, source: Source
) -> tuple[np.ndarray, np.ndarray]:
    values = np.array(distortion.default(), dtype=float)
    widths = np.array(distortion.widths(config.sigma), dtype=float)
    row = {name: i for i, name in enumerate(distortion.names)}
    given = [
        *_listed(config.a, "a", source),
        *_listed(config.b, "b", source),
        *(("parameters", n, v) for n, v in config.parameters.items()),
    ]
    for key, name, value in given:
        values[_row_of(name, row, key, source)] = value
    for name, width in config.sigmas.items():
        i = _row_of(name, row, "sigmas", source)
        if width < 0:
            raise source.below("sigmas").complain(
                name, f"{name} = {width}", "0 or more", "correct the width"
            )
        widths[i] = width
    return values, widths


def _listed(
    terms: list | None, key: str, source: Source
) -> Iterator[tuple[str, str, float]]:
    for term in terms or []:
        is_term = isinstance(term, list) and len(term) == 3
        if not is_term or not all(type(v) is int and v >= 0 for v in term[:2]):
            raise source.complain(
                key,
                f"{key} holds {shown(term)}",
                "terms [k, l, um]",
                "correct the list",
            )
        k, m = term[:2]
        name = f"{key.upper()}_{k}_{m}" if max(k, m) > 9 else f"{key.upper()}_{k}{m}"
        yield key, name, to_number(term[2], "um", source, key)


def _row_of(name: str, row: Mapping[str, int], key: str, source: Source) -> int:
    if name not in row:
        raise source.complain(
            key,
            f"the distortion has no coefficient {name}",
            f"one of {some(row, 50) or 'none: there is no distortion'}",
            suggestion(name, row, otherwise="correct the degree or the basis"),
        )
    return row[name]


def _detectors(configs: tuple[DetectorConfig, ...], source: Source) -> Detectors:
    if not configs:
        return identity_plane()
    if any(c.plane for c in configs):
        return _plane(configs, source)
    rows = [_detector(c, source.below("detector", i)) for i, c in enumerate(configs)]
    ids = tuple(c.id for c in configs)
    for i, number in enumerate(ids):
        if number in ids[:i]:
            raise source.below("detector", i).complain(
                "id", f"two detectors have the id {number}", "different ids", "renumber"
            )
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return Detectors(ids=ids, names=_names(configs, source), **columns)


def _names(configs: tuple[DetectorConfig, ...], source: Source) -> tuple[str, ...]:
    names = tuple((c.name or "").strip() for c in configs)
    if not any(names):
        return ()
    for i, name in enumerate(names):
        if not name or name.lower() in (n.lower() for n in names[:i]):
            raise source.below("detector", i).complain(
                "name" if name else None,
                f"two detectors have the name {name}"
                if name
                else "a detector has no name, others have one",
                "a name of its own for each detector, or for none",
                "correct the names",
            )
    return names


def _plane(configs: tuple[DetectorConfig, ...], source: Source) -> Detectors:
    given = [
        f.metadata["key"]
        for f in dataclasses.fields(DetectorConfig)
        if f.name not in ("id", "name", "plane")
        and getattr(configs[0], f.name) is not None
    ]
    if len(configs) > 1 or given:
        raise source.below("detector", 0).complain(
            "plane",
            "plane = true stands beside other detectors or keys",
            "one [[detector]] with plane = true and nothing else but an id: "
            "positions in um in one plane, without pixels",
            f"remove {some(given) or 'the other detectors'}",
        )
    return dataclasses.replace(
        identity_plane(), ids=(configs[0].id,), names=_names(configs, source)
    )


def _detector(config: DetectorConfig, source: Source) -> dict[str, Any]:
    missing = missing_in_detector(config, source)
    if missing is not None:
        raise missing
    return {
        "centre": (config.x, config.y),
        "theta": config.theta or 0.0,
        "pitch": _pitch(config, source),
        "naxis": (float(config.naxis1 or 0), float(config.naxis2 or 0)),
        "sigma_centre": _given(config.sigma_xy, CENTRE_SIGMA),
        "sigma_theta": _given(config.sigma_theta, THETA_SIGMA),
        "sigma_pitch": _given(config.sigma_pitch, PITCH_SIGMA),
    }


def _given(value: float | None, default: float) -> float:
    return default if value is None else value


def _pitch(config: DetectorConfig, source: Source) -> tuple[float, float]:
    both, apart = (config.pixel, config.pixel), (config.pitch_x, config.pitch_y)
    found = [p for p in (both, apart) if any(v is not None for v in p)]
    if len(found) == 1:
        x, y = found[0]
        if x is not None and y is not None:
            return x, y
    raise no_pixel_size(source)


__all__ = ["presets", "read_instrument"]
