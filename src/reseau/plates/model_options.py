"""The instrument and the free blocks that a user asks for, beside what is given."""

from dataclasses import replace
from pathlib import Path

from reseau.datasets import Dataset, read_instrument
from reseau.errors import ConfigError, explain
from reseau.instrument import Instrument
from reseau.model import DEFAULT_FREE, check_blocks

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
        instrument = instrument.with_distortion(
            options.distortion,
            degree=degree,  # type: ignore[arg-type]
            degree_kind=options.degree_kind,
            minimum_degree=options.minimum_degree,
        )
    changes = {
        name: getattr(options, name)
        for name in ("scale", "focal_prior")
        if getattr(options, name) is not None
    }
    if changes:
        instrument = replace(instrument, **changes)
    return replace(dataset, instrument=instrument)


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
    if "terms" in freed and not instrument.terms:
        raise ConfigError(
            explain(
                given="terms freed, of an instrument that declares none",
                wanted="an instrument with [[term]] tables",
                where="--free",
                todo="declare a term in the instrument, or leave terms out",
            )
        )
    wanted = [*DEFAULT_FREE, *freed]
    return tuple(dict.fromkeys(b for b in wanted if b not in fixed))


__all__ = ["free_blocks", "with_options"]
