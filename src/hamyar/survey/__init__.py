"""Survey designs: what the data are a picture of, and how sure an estimate is."""

from __future__ import annotations

from hamyar.survey.design import UNIVERSES, Design
from hamyar.survey.variance import Sums, limits

__all__ = ["UNIVERSES", "Design", "Sums", "limits"]
