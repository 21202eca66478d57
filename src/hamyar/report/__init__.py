"""The self-contained page of a round: map, areas with their intervals, reasons, method and inputs, in Persian and English."""

from hamyar.report.contents import Contents
from hamyar.report.page import page

__all__ = ["Contents", "page"]
