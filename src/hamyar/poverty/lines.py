"""Poverty lines: an amount, or a share of the sample's own median or mean, which has a variance of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from hamyar.errors import error
from hamyar.poverty.functionals import Estimated, mean_influence, median_influence
from hamyar.survey.variance import Floats


@dataclass(frozen=True)
class Line:
    """A line as estimated: value, standard error, (rows,) influence by ascending income, and which rows it rests on."""

    value: float
    se: float
    influence: Floats
    source: tuple[Any, ...]

    def need(self, source: tuple[Any, ...]) -> None:
        """Raises HamyarError unless the line was estimated on these rows."""
        if self.source != source:
            raise error(
                "HY-Y005",
                en=f"the line was estimated on {self.source[0]} rows, the data have {source[0]} or others. Its error is that of the whole sample: give the whole sample, and name groups in `by`.",
                fa=f"خط فقر از {self.source[0]} ردیف برآورد شده و داده {source[0]} ردیف یا ردیف‌های دیگری دارد. خطای آن از آنِ کل نمونه است: کل نمونه را بدهید و گروه‌ها را در `by` نام ببرید.",
            )


@dataclass(frozen=True)
class RelativeLine:
    """A share of the median or the mean income of all people in the sample, whatever groups are asked for."""

    share: float
    of: Literal["median", "mean"] = "median"

    def __post_init__(self) -> None:
        if self.of not in ("median", "mean") or not self.share > 0:
            raise error(
                "HY-Y004",
                en=f"a relative line is a share above 0 of the median or the mean, not {self.share} of {self.of}.",
                fa=f"خط نسبی سهمی بزرگ‌تر از صفر از میانه (median) یا میانگین (mean) است، نه {self.share} از {self.of}.",
            )

    def function(self, y: Floats, w: Floats) -> Estimated:
        found = (median_influence if self.of == "median" else mean_influence)(y, w)
        return Estimated(self.share * found.value, self.share * found.influence)
