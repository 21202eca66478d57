"""Survey designs: what the data are a picture of, and how sure an estimate is."""

from __future__ import annotations

from hamyar.survey.calibration import Calibrated, calibrate, post_stratify, rake
from hamyar.survey.design import UNIVERSES, Bootstrap, Design, Jackknife, ReplicateWeights
from hamyar.survey.estimates import linearised, mean, proportion, ratio, total
from hamyar.survey.quantiles import quantile
from hamyar.survey.regression import regression
from hamyar.survey.variance import Sums, limits

__all__ = [
    "UNIVERSES",
    "Bootstrap",
    "Calibrated",
    "Design",
    "Jackknife",
    "ReplicateWeights",
    "Sums",
    "calibrate",
    "limits",
    "linearised",
    "mean",
    "post_stratify",
    "proportion",
    "quantile",
    "rake",
    "ratio",
    "regression",
    "total",
]
