"""When and from where a table was observed, where options say what it does not."""

from dataclasses import replace

import astropy.units as u
import numpy as np
import pyarrow as pa
from astropy.time import Time

from reseau.datasets import Dataset
from reseau.datasets.dataset import read_states
from reseau.errors import ConfigError, explain
from reseau.observers import FileChoice, chosen_observer, names_of, one_tcb_year
from reseau.tables import columns_of, is_table

from .options import SolveOptions
from .surroundings import POSITION, VELOCITY

FIRST_YEAR, LAST_YEAR = 1700.0, 2300.0
"""Numbers between these are Julian years; others are days or slips."""


_STATES = "states.parquet"
"""Where the states of an observer are kept that were given as a table in memory."""


def with_viewpoint(dataset: Dataset, options: SolveOptions) -> Dataset:
    """Return the dataset with the epoch, observer and effects that options name.

    Parameters
    ----------
    dataset
        As read. What it says itself is not said again.
    options
        Of these `epoch`, `observer` and `effects` count.

    Raises
    ------
    ConfigError
        The dataset says it itself, or an observer is named but no epoch is known.
    """
    if options.epoch is not None:
        dataset = _at_epoch(dataset, parse_epoch(options.epoch))
    if options.observer is not None:
        dataset = _seen_by(dataset, options.observer)
    if options.effects:
        if dataset.effects:
            raise _said_twice("effects", dataset, f"effects {sorted(dataset.effects)}")
        effects = names_of(tuple(options.effects), what="effects")
        dataset = replace(dataset, effects=frozenset(effects))
    return dataset


def parse_epoch(epoch: object) -> float:
    """Return the Julian year of TCB that a number, a date or a `Time` says.

    Parameters
    ----------
    epoch
        A Julian year, TCB, ``2026.2`` or ``J2026.2``; a date ``2026-03-15T04:30`` of
        UTC; or an astropy `Time`.

    Raises
    ------
    ConfigError
        It is none of these.

    Examples
    --------
    >>> from reseau.plates.viewpoint import parse_epoch
    >>> parse_epoch("J2026.2")
    2026.2
    """
    if isinstance(epoch, Time):
        return one_tcb_year(epoch)
    if isinstance(epoch, u.Quantity):
        if np.ndim(epoch) or not epoch.unit.is_equivalent(u.yr):
            raise _no_epoch(f"{epoch!r:.60}")
        epoch = epoch.to_value(u.yr)
    text = str(epoch).strip()
    try:
        year = float(text.removeprefix("J"))
    except ValueError:
        return _of_date(text)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        days = "a Julian date" if 2.3e6 < year < 2.6e6 else "a modified Julian date"
        looks = f", which looks like {days}" if year > 15_000 else ""
        raise _no_epoch(f"{text}{looks}")
    return year


def _of_date(text: str) -> float:
    try:
        return one_tcb_year(Time(text.removesuffix("Z"), scale="utc"))
    except ValueError:
        raise _no_epoch(repr(text)) from None


def _no_epoch(given: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"epoch = {given}",
            wanted="a Julian year (TCB) such as 2026.2, or a date (UTC) such as "
            "2026-03-15 or 2026-03-15T04:30:00",
            where="--epoch",
            todo="write it so",
        )
    )


def _at_epoch(dataset: Dataset, year: float) -> Dataset:
    epoch = columns_of(dataset.exposures)["epoch"]
    if np.isfinite(epoch).any():
        raise _said_twice("epoch", dataset, "epochs of its exposures")
    return replace(
        dataset,
        exposures=_with_column(
            dataset.exposures, "epoch", np.full(epoch.size, year, dtype=float)
        ),
    )


def _with_column(table: pa.Table, name: str, values: np.ndarray) -> pa.Table:
    index = table.schema.get_field_index(name)
    return table.set_column(index, table.schema.field(index), pa.array(values))


def _seen_by(dataset: Dataset, observer: object) -> Dataset:
    """Return the dataset with an observer, whose states are read if he is a file."""
    names = dataset.exposures.column_names
    if dataset.observer is not None:
        raise _said_twice("observer", dataset, f"observer {dataset.observer}")
    if any(name in names for name in (*POSITION, *VELOCITY)):
        raise _said_twice("observer", dataset, "columns obs_*")
    epoch = columns_of(dataset.exposures)["epoch"]
    if not np.isfinite(epoch).all():
        raise ConfigError(
            explain(
                given=f"--observer {observer} and exposures without an epoch",
                wanted="when he observed: he moves by 30 km/s",
                where=str(dataset.source or dataset.name),
                todo="say it, e.g. --epoch 2026-03-15T04:30, or leave --observer out",
            )
        )
    if is_table(observer):
        return replace(dataset, observer=_STATES, states=read_states(observer))
    choice = chosen_observer(observer)
    states = read_states(choice.path) if isinstance(choice, FileChoice) else None
    return replace(dataset, observer=str(choice), states=states)


def _said_twice(option: str, dataset: Dataset, given: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"--{option}, and the input has {given}",
            wanted="one of them",
            where=str(dataset.source or dataset.name),
            todo=f"leave out --{option}",
        )
    )


__all__ = ["parse_epoch", "with_viewpoint"]
