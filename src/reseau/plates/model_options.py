"""The instrument and the free blocks that a user asks for, beside what is given."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reseau.datasets import Dataset, read_instrument
from reseau.errors import ConfigError, explain
from reseau.instrument import Instrument, InverseSIP, basis_name, make_distortion
from reseau.model import DEFAULT_FREE, check_blocks
from reseau.solvers.model_choice.cases import DEFAULT_SIGMA, usual_normalisation

from .options import SolveOptions


def with_options(
    dataset: Dataset,
    options: SolveOptions,
    instrument: str | Path | Instrument | None = None,
) -> Dataset:
    """Return the dataset with the instrument that the options ask for."""
    chosen = options.instrument if instrument is None else instrument
    if chosen is None:
        chosen = dataset.instrument
    instrument = chosen if isinstance(chosen, Instrument) else read_instrument(chosen)
    degree = None if options.chooses_degree else options.degree
    model = (options.distortion, degree, options.degree_kind, options.minimum_degree)
    if any(o is not None for o in model):
        instrument = _with_distortion(instrument, options)
    changes = {
        name: getattr(options, name)
        for name in ("scale", "focal_prior")
        if getattr(options, name) is not None
    }
    if changes:
        instrument = replace(instrument, **changes)
    return replace(dataset, instrument=instrument)


def _with_distortion(instrument: Instrument, options: SolveOptions) -> Instrument:
    """Return the instrument with another distortion model, from its default start."""
    old = instrument.distortion
    name = options.distortion or basis_name(old)
    given = {
        "degree": None if options.chooses_degree else options.degree,
        "degree_kind": options.degree_kind,
        "minimum_degree": options.minimum_degree,
    }
    chosen: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    if name == "sip" and isinstance(old, InverseSIP):
        chosen["centre"] = old.centre
    if name != "none":
        chosen["normalisation"] = usual_normalisation(instrument)
    distortion = make_distortion(name, **chosen)
    sigma = np.max(np.asarray(instrument.coefficient_sigma), initial=0.0)
    width = float(sigma) if old.is_linear and sigma > 0 else DEFAULT_SIGMA
    return replace(
        instrument,
        distortion=distortion,
        coefficients=distortion.default(),
        coefficient_sigma=distortion.widths(width),
    )


def free_blocks(options: SolveOptions, instrument: Instrument) -> tuple[str, ...]:
    """Return the free blocks: the default ones, those freed, less those fixed."""
    freed = check_blocks(tuple(options.free), "--free")
    fixed = check_blocks(tuple(options.fix), "--fix")
    both = sorted(set(freed) & set(fixed))
    if both:
        raise ConfigError(
            explain(
                given=f"{both[0]!r} is both freed and fixed",
                wanted="each block in one list",
                where="--free and --fix",
                todo="take it out of one of them",
            )
        )
    if "scale" in freed and instrument.distortion.carries_scale:
        raise ConfigError(
            explain(
                given="scale freed beside a distortion that has a scale of its own",
                wanted="one of them: they cannot be told apart",
                where="--free",
                todo="leave scale out, or choose another distortion",
            )
        )
    wanted = [*DEFAULT_FREE, *freed]
    return tuple(dict.fromkeys(b for b in wanted if b not in fixed))


__all__ = ["free_blocks", "with_options"]
