"""What a survey will know of its stars, before anything is measured."""

from .bounds import Bounds, Sigmas
from .plates import DatasetOf
from .table import Forecast, ForecastRow, as_asked, forecast_of

__all__ = [
    "Bounds",
    "DatasetOf",
    "Forecast",
    "ForecastRow",
    "Sigmas",
    "as_asked",
    "forecast_of",
]
