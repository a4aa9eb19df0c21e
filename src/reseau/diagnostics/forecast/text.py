"""How people and programs read a forecast."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .table import PARAMETERS, Forecast, ForecastRow, as_asked

COLUMNS = ("whole", "held", "alone", "visits", "random")
"""Errors of a row."""

UNITS = ("uas", "uas", "uas", "uas_per_yr", "uas_per_yr")


def as_dict(forecast: Forecast) -> dict[str, Any]:
    """Return a forecast as a mapping for JSON.

    Parameters
    ----------
    forecast
        Of the survey.
    """
    return {
        "name": forecast.config.name,
        "plates": forecast.plates,
        "kinds_of_plates": forecast.kinds,
        "epochs": forecast.visits,
        "every_plate": forecast.every_plate,
        "stars": len(forecast.magnitude),
        "references": int(forecast.bounds.is_reference.sum()),
        "ref_epoch": forecast.bounds.epoch,
        "rows": [
            {
                "phot_hw_mag": row.magnitude,
                "stars": row.stars,
                "references": row.references,
                **{name: _named(getattr(row, name)) for name in COLUMNS},
            }
            for row in forecast.rows
        ],
        "requirements": [
            {
                "what": one.what,
                "phot_hw_mag": one.magnitude,
                "wanted": one.wanted,
                "forecast": one.whole,
                "without_entry": one.alone,
                "random_limit": one.random,
                "is_met": one.is_met,
            }
            for one in as_asked(forecast)
        ],
    }


def _named(values: np.ndarray) -> dict[str, float]:
    return {
        f"{name}_error_{unit}": float(value)
        for name, unit, value in zip(PARAMETERS, UNITS, values, strict=True)
    }


def row_columns(forecast: Forecast) -> dict[str, np.ndarray]:
    """Return the table against magnitude as columns.

    Parameters
    ----------
    forecast
        Of the survey.
    """
    rows = forecast.rows
    found = {
        "phot_hw_mag": np.array([row.magnitude for row in rows]),
        "n_stars": np.array([row.stars for row in rows]),
        "n_references": np.array([row.references for row in rows]),
    }
    for name in COLUMNS:
        values = np.array([getattr(row, name) for row in rows]).reshape(-1, 5)
        for i, (parameter, unit) in enumerate(zip(PARAMETERS, UNITS, strict=True)):
            found[f"{name}_{parameter}_error_{unit}"] = values[:, i]
    return found


def star_columns(forecast: Forecast) -> dict[str, np.ndarray]:
    """Return the forecast of each star as columns, with Gaia's names, in mas.

    Parameters
    ----------
    forecast
        Of the survey.
    """
    bounds = forecast.bounds
    found = {
        "source_id": bounds.source_id,
        "phot_hw_mag": forecast.magnitude,
        "is_reference": bounds.is_reference,
        "in_region": forecast.inside,
        "is_solved": bounds.is_solved,
    }
    for name, values in (("", bounds.sigmas.whole), ("_held", bounds.sigmas.held)):
        for i, parameter in enumerate(PARAMETERS):
            found[f"{parameter}_error{name}"] = 1e-3 * values[:, i]
    return found


def lines_of(forecast: Forecast) -> list[str]:
    """Return a forecast as lines of at most 80 columns.

    Parameters
    ----------
    forecast
        Of the survey.
    """
    lines = [*_facts(forecast)]
    for title, unit, columns in (
        ("Parallax", "µas", [2]),
        ("Motion, the larger of both coordinates", "µas/yr", [3, 4]),
        ("Position, the larger of both coordinates", "µas", [0, 1]),
    ):
        lines += ["", *_table(forecast.rows, title, unit, columns)]
    return [*lines, "", *_meaning(), *_verdicts(forecast)]


def _facts(forecast: Forecast) -> Iterator[str]:
    config, bounds = forecast.config, forecast.bounds
    yield f"{config.name}: {config.description or 'a survey'}"
    yield ""
    kept = f"{forecast.plates:,}, each computed"
    if not forecast.every_plate:
        kept = (
            f"{forecast.plates:,} of {forecast.kinds:,} kinds, at {forecast.visits:,} "
            "epochs in all"
        )
    yield f"  {'plates':<10}  {kept}"
    yield (
        f"  {'stars':<10}  {len(bounds.row):,} are seen, "
        f"{int(bounds.is_reference.sum()):,} of them references"
    )
    lost = int(np.sum(~bounds.is_solved))
    if lost:
        yield f"  {'':<10}  {lost:,} of them get a position only"
    yield f"  {'epoch':<10}  {bounds.epoch:.4f}"


def _table(
    rows: tuple[ForecastRow, ...], title: str, unit: str, columns: list[int]
) -> Iterator[str]:
    yield f"{title} (1σ) [{unit}]"
    heads = ("forecast", "held", "no entry", "visits", "limit")
    yield f"  {'Hw':>5}{'stars':>9}" + "".join(map("{:>12}".format, heads))
    for row in rows:
        values = (getattr(row, name)[columns].max() for name in COLUMNS)
        yield f"  {row.magnitude:>5g}{row.stars:>9,}" + "".join(
            f"{_figure(value):>12}" for value in values
        )


def _meaning() -> Iterator[str]:
    yield "  forecast      median, with what calibration takes of the information"
    yield "  held          the same if calibration were known"
    yield "  no entry      had they no entry in the catalogue of references"
    yield "  visits        nor that, and calibration known: their own visits"
    yield "  limit         random limit of a typical star, as in `reseau plan`"


def _verdicts(forecast: Forecast) -> Iterator[str]:
    asked = as_asked(forecast)
    if asked:
        yield ""
    for one in asked:
        unit = "µas" if one.what == "parallax" else "µas/yr"
        verdict = "within reach" if one.is_met else "out of reach"
        yield (
            f"  required: {one.what} to {one.wanted:g} {unit} at Hw < "
            f"{one.magnitude:g}: {verdict}"
        )
        yield (
            f"  forecast {one.whole:.3g}, without an entry {one.alone:.3g}, "
            f"random limit {one.random:.3g}"
        )


def _figure(value: float) -> str:
    """Write three digits, or a dash for what is not determined."""
    if not np.isfinite(value) or value > 1e6:
        return "-"
    places = 0 if value >= 100.0 else 1 if value >= 10.0 else 2
    return f"{value:,.{places}f}"


__all__ = ["as_dict", "lines_of", "row_columns", "star_columns"]
