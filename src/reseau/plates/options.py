"""What can be chosen about a solution, and what belongs to which method."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import astropy.units as u
import numpy as np
from astropy.time import Time

from reseau.errors import ConfigError, explain, suggestion, unknown_name
from reseau.model import check_blocks
from reseau.settings import BY_NAME, GUIDES, SETTINGS, Setting, default_of
from reseau.tables.naming.column_names import Choices

from .flagged import parse_mask

AUTO = "auto"
"""Degree of a distortion that the evidence is to choose."""


@dataclass(frozen=True)
class SolveOptions:
    """What can be chosen about a solution.

    Attributes
    ----------
    instrument
        File or preset; of a dataset, its own unless given. A single table needs one.
    pointing
        Table of estimated attitudes, for single tables.
    columns
        Names and units of a single table's columns, ``x=XWIN[pix],y=YWIN[pix]``.
    allow_outside
        Whether a dataset may name files outside its folder, by its keys or by links.
    error
        1σ of positions without errors, in their own unit or with one.
    reference_table, reference_columns
        Table of references, joined by `source_id`, and names and units of its columns;
        of a dataset, instead of its own.
    unmatched
        Identifiers that mean "not identified", ``-1,null``; of a single table, rows
        with one of them are left out.
    first_pixel
        What a single table calls the centre of the first pixel: 0, or 1 as FITS does.
    epoch, observer, effects
        When, from where and through what an input was observed that does not say so:
        a Julian year (TCB), a date (UTC) or astropy's `Time`; "geocentre", "orbit",
        "site:LAT,LON,HEIGHT", astropy's `EarthLocation`, or a table of states; of
        "aberration", "deflection".
    distortion, degree, degree_kind, minimum_degree
        Another distortion model than the instrument's; degree "auto": chosen by the
        evidence, see `choosing`.
    scale
        What shares one focal length, of `instrument.SCALES`.
    focal_prior
        "gamma" or "normal".
    free, fix
        Blocks to free and to fix beside the default; one name or several.
    reference
        False: a free network.
    plate
        Which plate of a dataset.
    minimum_measurements
        Sources without a prior and with fewer are left out.
    keep_flags
        Bits of the measurements' `flag` that do no harm, as 3, "1,2", "0x3" or "all";
        measurements with any other are left out.
    information, information_epsilon
        Of "gauss-newton": whether what a plate says about its sources is written, from
        which `combine` makes motions and parallaxes (absent: where all plates of a
        dataset are solved); and the share of it below which a mode of the calibration
        is left out (1e-3), 0: none.
    tolerance, max_iterations
        Of "gauss-newton", when to stop: largest step in σ (0.01), number of iterations
        (50).
    method
        Of `METHODS`: "gauss-newton", "svi" or "nuts".
    likelihood, reference_prior
        Of measurements and of reference positions: "normal", "student" or "mixture".
    fit_noise
        Of "gauss-newton": what of the measurement errors is fitted, "scale", "floor" or
        "both".
    guide, init, rank
        Of "svi": "seed", "meanfield", "lowrank" or "arrow" ("seed"); start from "none"
        or "map" ("none"); columns of W of "lowrank" (10).
    max_steps, time_limit, checkpoint, resume
        Of "svi": where to stop in any case, in steps and seconds; a file for the state,
        and whether to go on from it.
    draws, chains
        Of "nuts": draws of each chain (1000), number of chains (2).
    seed
        Of random numbers: "svi", "nuts", degree "auto".

    Raises
    ------
    ConfigError
        A name is unknown, a number out of range, or an option of another method than
        the one chosen.
    """

    instrument: str | Path | None = None
    pointing: Any = None
    columns: Choices = None
    allow_outside: bool = False
    error: float | u.Quantity | None = None
    reference_table: Any = None
    reference_columns: Choices = None
    unmatched: str | None = None
    first_pixel: int = 0
    epoch: float | str | Time | u.Quantity | None = None
    observer: Any = None
    effects: Sequence[str] = ()
    distortion: str | None = None
    degree: int | str | None = None
    degree_kind: str | None = None
    minimum_degree: int | None = None
    scale: str | None = None
    focal_prior: str | None = None
    free: Sequence[str] = ()
    fix: Sequence[str] = ()
    reference: bool = True
    plate: int | None = None
    minimum_measurements: int = default_of("minimum_measurements")
    keep_flags: int | str = 0
    information: bool | None = None
    information_epsilon: float | None = None
    tolerance: float | None = None
    max_iterations: int | None = None
    method: str = default_of("method")
    likelihood: str = "normal"
    reference_prior: str = "normal"
    fit_noise: str | None = None
    guide: str | None = None
    init: str | None = None
    rank: int | None = None
    max_steps: int | None = None
    time_limit: float | None = None
    checkpoint: str | None = None
    resume: bool = False
    draws: int | None = None
    chains: int | None = None
    seed: int = 0

    @property
    def chooses_degree(self) -> bool:
        """Return whether the distortion's degree is to be chosen."""
        return self.degree == AUTO

    @property
    def share_left_out(self) -> float | None:
        """Return the share below which modes are left out; None: no information."""
        if not self.information:
            return None
        chosen = self.information_epsilon
        return default_of("information_epsilon") if chosen is None else float(chosen)

    def given(self, *names: str) -> dict[str, Any]:
        """Return those of some options that were chosen, by name."""
        found = {name: getattr(self, name) for name in names}
        return {name: value for name, value in found.items() if value is not None}

    def __post_init__(self) -> None:
        for name in ("free", "fix"):
            # The class is frozen; one name may be given without a tuple around it.
            value = getattr(self, name)
            if not isinstance(value, str | Sequence | set | frozenset):
                raise _out_of_range(name, value, "names of blocks: one or a tuple")
            names = (value,) if isinstance(value, str) else tuple(value)
            object.__setattr__(self, name, check_blocks(names, _option(name)))
        if isinstance(self.effects, str):
            object.__setattr__(self, "effects", (self.effects,))
        parse_mask(self.keep_flags)
        for setting in SETTINGS:
            value = getattr(self, setting.name)
            if value is not None:
                _check_value(setting, value)
        if self.degree is not None and not self.chooses_degree:
            _check_degree(self.degree)
        self._check_together()

    def _check_together(self) -> None:
        """Refuse what the method, or its guide, has no use for."""
        guide = self.guide or GUIDES[0]
        for setting in (s for s in SETTINGS if s.method is not None):
            value = getattr(self, setting.name)
            if value is None or value is False:
                continue
            if setting.method != self.method:
                here, wanted = f"--method {self.method}", f"--method {setting.method}"
                raise _of_another(setting, value, here, wanted)
            if setting.guides and guide not in setting.guides:
                wanted = f"--guide {' or '.join(setting.guides)}"
                raise _of_another(setting, value, f"--guide {guide}", wanted)
        if self.resume and self.checkpoint is None:
            raise ConfigError(
                explain(
                    given="--resume without --checkpoint",
                    wanted="the file that the state is kept in",
                    where="the options of solve",
                    todo="name it: --checkpoint FILE",
                )
            )


def _option(name: str) -> str:
    return BY_NAME[name].typed


def _of_another(
    setting: Setting, value: object, given: str, wanted: str
) -> ConfigError:
    option = setting.typed
    as_typed = option if value is True else f"{option} {value}"
    return ConfigError(
        explain(
            given=f"{as_typed} with {given}",
            wanted=f"{wanted}, which {option} belongs to",
            where="the options of solve",
            todo=f"add {wanted}, or leave {option} out",
        )
    )


def _check_value(setting: Setting, value: object) -> None:
    if setting.names and value not in setting.names:
        kind = setting.name.replace("_", " ")
        raise unknown_name(kind, str(value), setting.names, where=setting.typed)
    if setting.kind == "integer" and setting.least is not None:
        _check_integer(setting.name, value, setting.least)
    if setting.positive:
        _check_positive(setting.name, value)
    if setting.name == "information_epsilon":
        _check_share(setting.name, value)


def _check_degree(value: object) -> None:
    if not isinstance(value, str):
        _check_integer("degree", value, 0)
        return
    raise ConfigError(
        explain(
            given=f"degree = {value!r}",
            wanted=f"a number or {AUTO}",
            where="--degree",
            todo=suggestion(value, (AUTO,), otherwise="give a number"),
        )
    )


def _check_integer(name: str, value: object, least: int) -> None:
    is_integer = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not is_integer or value < least:  # type: ignore[operator]
        raise _out_of_range(name, value, f"an integer, {least} or more")


def _check_positive(name: str, value: object) -> None:
    if isinstance(value, u.Quantity) and not np.ndim(value):
        value = value.value
    is_number = isinstance(value, (int, float, np.number))
    if not is_number or not 0 < value < math.inf:  # type: ignore[operator]
        raise _out_of_range(name, value, "a number greater than 0")


def _check_share(name: str, value: object) -> None:
    is_number = isinstance(value, (int, float, np.number))
    if not is_number or not 0 <= value < 1:  # type: ignore[operator]
        raise _out_of_range(name, value, "a number from 0 to below 1")


def _out_of_range(name: str, value: object, wanted: str) -> ConfigError:
    return ConfigError(
        explain(
            given=f"{name} = {value!r}",
            wanted=wanted,
            where=_option(name),
            todo="correct the option",
        )
    )


__all__ = ["AUTO", "SolveOptions"]
