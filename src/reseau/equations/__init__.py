"""Normal equations of one plate, without iteration."""

from .residuals import Residuals

__all__ = [
    "Residuals",
]
