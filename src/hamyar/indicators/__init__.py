"""Measures of deprivation: read from YAML, checked, their examples run, compiled to Ibis."""

from __future__ import annotations

from hamyar.indicators.measure import Dimension, Indicator, Measure, fraction

__all__ = ["Dimension", "Indicator", "Measure", "fraction"]
