"""Small area estimation: what a survey says about areas too small for it."""

from __future__ import annotations

from hamyar.small_area.benchmarking import benchmark
from hamyar.small_area.binomial import BinomialHeadcount
from hamyar.small_area.empirical_best import EmpiricalBest
from hamyar.small_area.fay_herriot import FayHerriot
from hamyar.small_area.headcount import Headcounts, direct_draws, headcount_model
from hamyar.small_area.nested_error import NestedError
from hamyar.small_area.spatial import SpatialFayHerriot, SpatioTemporalFayHerriot
from hamyar.small_area.variance_function import smooth_variances

__all__ = [
    "BinomialHeadcount",
    "EmpiricalBest",
    "FayHerriot",
    "Headcounts",
    "NestedError",
    "SpatialFayHerriot",
    "SpatioTemporalFayHerriot",
    "benchmark",
    "direct_draws",
    "headcount_model",
    "smooth_variances",
]
