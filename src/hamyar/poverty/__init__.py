"""Poverty measurement."""

from __future__ import annotations

from hamyar.poverty.alkire_foster import alkire_foster, household_scores

__all__ = ["alkire_foster", "household_scores"]
