"""How the rows were drawn."""

from __future__ import annotations

from dataclasses import dataclass

from hamyar.errors import error
from hamyar.tables import Table

UNIVERSES = ("census", "probability_sample", "list")


@dataclass(frozen=True)
class Design:
    """Names of the columns that hold weight, strata and clusters (psu), and what the rows are a picture of.

    Without a weight every row counts once, without strata there is one, without a psu each row is its own cluster.
    A psu is counted within its stratum. A census and a list have no weight, strata or psu. Raises HamyarError.
    """

    weight: str | None = None
    strata: str | None = None
    psu: str | None = None
    universe: str = "probability_sample"

    def __post_init__(self) -> None:
        if self.universe not in UNIVERSES:
            listed = ", ".join(UNIVERSES)
            raise error(
                "HY-S001",
                en=f"the universe is one of {listed}, not {self.universe!r}.",
                fa=f"جامعهٔ آماری یکی از این‌هاست: {listed}؛ نه {self.universe!r}.",
            )
        if self.columns and self.universe != "probability_sample":
            raise _no_sample(self.universe, self.columns)

    @property
    def columns(self) -> list[str]:
        """The columns that the design names."""
        return [column for column in (self.weight, self.strata, self.psu) if column is not None]

    def universe_of(self, table: Table) -> str:
        """What the table is a picture of: its own word, else the design's. Raises HamyarError where they contradict."""
        if table.universe is None or table.universe == self.universe:
            return self.universe
        if self.columns:
            raise _no_sample(table.universe, self.columns)
        if self.universe != "probability_sample":
            raise error(
                "HY-S002",
                en=f"the data say that they are a {table.universe}, the design says {self.universe}. Correct the design.",
                fa=f"داده خود را {table.universe} می‌داند و طرح نمونه‌گیری آن را {self.universe}. طرح را درست کنید.",
            )
        return str(table.universe)


def _no_sample(universe: str, columns: list[str]) -> Exception:
    listed = ", ".join(columns)
    return error(
        "HY-S002",
        en=f"a {universe} is no sample: weight, strata and psu ({listed}) do not apply. Leave them out; rates from a list are labelled “among those assessed”, without an error.",
        fa=f"این داده {'فهرست' if universe == 'list' else 'سرشماری'} است، نه نمونه: وزن، طبقه و خوشه ({listed}) در آن معنا ندارد. آن‌ها را بردارید؛ نرخِ فهرست «در میان ارزیابی‌شدگان» نامیده می‌شود و خطا ندارد.",
    )
