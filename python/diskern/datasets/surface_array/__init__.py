"""A surface detector of air showers: formulas, simulation, parametric fit."""

from __future__ import annotations

from .fit import parametric_fit
from .simulation import STATION_FEATURES, AirShowers, air_showers

__all__ = ["STATION_FEATURES", "AirShowers", "air_showers", "parametric_fit"]
