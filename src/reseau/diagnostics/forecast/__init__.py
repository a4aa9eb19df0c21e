"""What a survey will know of its stars, before anything is measured."""

from .bounds import Bounds, bounds_of
from .plates import DatasetOf
from .table import Forecast, ForecastRow, forecast_of

__all__ = [
    "Bounds",
    "DatasetOf",
    "Forecast",
    "ForecastRow",
    "bounds_of",
    "forecast_of",
]
