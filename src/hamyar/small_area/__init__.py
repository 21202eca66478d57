"""Small area estimation: what a survey says about areas too small for it."""

from __future__ import annotations

from hamyar.small_area.fay_herriot import FayHerriot
from hamyar.small_area.headcount import Headcounts, headcount_model

__all__ = ["FayHerriot", "Headcounts", "headcount_model"]
