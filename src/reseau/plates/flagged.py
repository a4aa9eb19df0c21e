"""Measurements that their maker flagged: left out, but for bits that do no harm."""

from collections.abc import Mapping

import numpy as np

from reseau.errors import CatalogueError, ConfigError, explain

ALL = -1
"""Mask in which every bit is harmless."""


def parse_mask(given: int | str) -> int:
    """Return the bits that are harmless: of 3, "3", "1,2", "0x3" or "all".

    Parameters
    ----------
    given
        Numbers whose bits are joined.

    Raises
    ------
    ConfigError
        It is none of these.

    Examples
    --------
    >>> parse_mask("1,2")
    3
    """
    mask = 0
    for word in str(given).split(","):
        text = word.strip().lower()
        if text == "all":
            return ALL
        try:
            bits = int(text, 16 if text.startswith("0x") else 10)
        except ValueError:
            raise _no_mask(given) from None
        if bits < 0 or isinstance(given, bool):
            raise _no_mask(given)
        mask |= bits
    return mask


def _no_mask(given: object) -> ConfigError:
    return ConfigError(
        explain(
            given=f"keep_flags = {given!r}",
            wanted="bits of flags as numbers: 3, 1,2 or 0x3 (the same bits), or all",
            where="--keep-flags",
            todo="add up the flags that do no harm, 1 and 2 of SExtractor for instance",
        )
    )


def without_flagged(
    measurements: Mapping[str, np.ndarray], keep: int, place: str
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the measurements without a harmful flag, and what was left out.

    Parameters
    ----------
    measurements
        Columns; without `flag` nothing is left out. A missing flag is none.
    keep
        Mask of bits that are harmless.
    place
        For messages.

    Returns
    -------
    Columns, and the sources of what was left out by the reason in words.

    Raises
    ------
    CatalogueError
        Nothing would be left.
    """
    columns = dict(measurements)
    if "flag" not in columns:
        return columns, {}
    flag = np.nan_to_num(columns["flag"]).astype(np.int64)
    bad = (flag & ~np.int64(keep)) != 0
    if not bad.any():
        return columns, {}
    told = _told(flag[bad])
    if bad.all():
        raise CatalogueError(
            explain(
                given=f"all {bad.size:,} measurements are flagged ({told})",
                wanted="measurements whose flag is 0",
                where=f"{place}, column flag",
                todo="say which bits do no harm, as --keep-flags "
                f"{int(np.bitwise_or.reduce(flag[bad]))}, or all; if 0 is bad there, "
                "choose another column",
            )
        )
    left_out = {f"measurements with a flag ({told})": columns["source_id"][bad]}
    return {name: values[~bad] for name, values in columns.items()}, left_out


def _told(flag: np.ndarray) -> str:
    """Write how often which flag was found, the commonest first."""
    values, count = np.unique(flag, return_counts=True)
    order = np.argsort(-count, kind="stable")
    parts = [f"{values[i]}: {count[i]:,}" for i in order[:5]]
    more = [f"{order.size - 5} other flags"] if order.size > 5 else []
    return ", ".join([*parts, *more])


__all__ = ["ALL", "parse_mask", "without_flagged"]
