"""How the rows were drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from hamyar.errors import error
from hamyar.tables import Table

UNIVERSES = ("census", "probability_sample", "list")
LONELY = ("adjust", "average", "certainty", "fail")


@dataclass(frozen=True)
class Stage:
    """The columns of one stage of sampling."""

    strata: str | None
    psu: str | None
    fpc: str | None


@dataclass(frozen=True)
class Jackknife:
    """One replicate per cluster, which is left out while its stratum's others stand for it (JK1, by strata JKn)."""


@dataclass(frozen=True)
class Bootstrap:
    """Rao & Wu's rescaled bootstrap: of the m clusters of a stratum m - 1 are drawn with replacement."""

    replicates: int = 500
    seed: int = 1


@dataclass(frozen=True)
class ReplicateWeights:
    """Columns of the data that hold replicate weights; variance = scale × Σ rscale × (replicate - their mean)².

    The file's documentation gives the scales: (R - 1)/R for JK1, 1/R for balanced replicates, 1/(R - 1) for bootstrap.
    """

    columns: tuple[str, ...]
    scale: float
    rscales: tuple[float, ...] | None = None


Replicates = Jackknife | Bootstrap | ReplicateWeights


@dataclass(frozen=True)
class Calibration:
    """What a weight was calibrated on: the weight before, and (column, category) of each auxiliary; a category of None
    is the number in the column, a column of None the constant. Made by `calibrate`, `rake` and `post_stratify`."""

    base: str
    terms: tuple[tuple[str | tuple[str, ...] | None, Any], ...]

    @property
    def columns(self) -> list[str]:
        named = [[name] if isinstance(name, str) else list(name or ()) for name, _ in self.terms]
        return list(dict.fromkeys([self.base, *(column for columns in named for column in columns)]))


@dataclass(frozen=True)
class Design:
    """Names of the columns that hold weight, strata and clusters (psu), and what the rows are a picture of.

    Without a weight every row counts once, without strata there is one, without a psu each row is its own cluster.
    A psu is counted within its stratum. A census and a list have no weight, strata or psu.
    strata, psu, fpc: a column, or one for each stage of sampling; fpc: the population's number of clusters in the
    stratum, or the share that was drawn (all ≤ 1). Without fpc clusters count as drawn with replacement, so the first
    stage says all; with it later stages add their part.
    lonely: a stratum with one cluster is centred at zero influence ("adjust"), gets the other strata's mean variance
    ("average"), none ("certainty"), or is refused ("fail").
    replicates: Jackknife(), Bootstrap(…) or ReplicateWeights(…) in place of linearisation. Raises HamyarError.
    """

    weight: str | None = None
    strata: str | Sequence[str] | None = None
    psu: str | Sequence[str] | None = None
    universe: str = "probability_sample"
    fpc: str | Sequence[str] | None = None
    lonely: str = "adjust"
    replicates: Replicates | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        _one_of("universe", "جامعهٔ آماری", self.universe, UNIVERSES)
        _one_of("rule for lonely clusters", "قاعدهٔ طبقهٔ تک‌خوشه", self.lonely, LONELY)
        if self.columns and self.universe != "probability_sample":
            raise _no_sample(self.universe, self.columns)
        most = max(1, len(_listed(self.psu)))
        if max(len(_listed(self.strata)), len(_listed(self.fpc))) > most:
            raise error(
                "HY-S007",
                en=f"strata and fpc name more stages than psu, which has {most}. Give one column per stage, in order.",
                fa=f"طبقه یا fpc مرحله‌های بیشتری از psu دارد که {most} مرحله است. برای هر مرحله یک ستون به ترتیب بدهید.",
            )
        self._check_replicates()

    def _check_replicates(self) -> None:
        if isinstance(self.replicates, ReplicateWeights):
            rscales = self.replicates.rscales
            if rscales is not None and len(rscales) != len(self.replicates.columns):
                raise error(
                    "HY-S018",
                    en=f"{len(rscales)} rscales for {len(self.replicates.columns)} replicate weights. Give one for each.",
                    fa=f"{len(rscales)} ضریب rscales برای {len(self.replicates.columns)} وزن تکراری. برای هر کدام یکی بدهید.",
                )
        if self.replicates and self.calibration:
            raise error(
                "HY-S009",
                en="replicates of calibrated weights must be calibrated each. Leave replicates out (linearisation by residuals), or give ReplicateWeights that were.",
                fa="وزن‌های تکراریِ وزن کالیبره هر یک باید کالیبره شود. replicates را بردارید (خطی‌سازی با مانده‌ها) یا ReplicateWeights کالیبره بدهید.",
            )

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that the variance uses: one where nothing says how many clusters there were."""
        names = zip_longest(_listed(self.strata), _listed(self.psu), _listed(self.fpc))
        stages = tuple(Stage(*three) for three in names) or (Stage(None, None, None),)
        return stages if self.fpc else stages[:1]

    @property
    def beyond_first_stage(self) -> list[str]:
        """What it says beyond strata and clusters drawn with replacement: names of arguments."""
        more = {"fpc": self.fpc, "replicates": self.replicates, "calibration": self.calibration}
        return [name for name, value in more.items() if value] + (["lonely"] if self.lonely != "adjust" else [])

    def only_first_stage(self) -> Stage:
        """The first stage, for estimators that linearise with replacement. Raises HY-S016 where the design says more."""
        if self.beyond_first_stage:
            listed = ", ".join(self.beyond_first_stage)
            raise error(
                "HY-S016",
                en=f"this estimate cannot take {listed} of the design into account. Leave it out: the error is then that of a sample drawn with replacement.",
                fa=f"این برآورد {listed} را در طرح به حساب نمی‌آورد. آن را بردارید؛ خطا در آن صورت خطای نمونهٔ با جای‌گذاری است.",
            )
        return self.stages[0]

    @property
    def columns(self) -> list[str]:
        """The columns that the design names."""
        named = [self.weight, *_listed(self.strata), *_listed(self.psu), *_listed(self.fpc)]
        if isinstance(self.replicates, ReplicateWeights):
            named += self.replicates.columns
        if self.calibration:
            named += self.calibration.columns
        return list(dict.fromkeys(column for column in named if column is not None))

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


def _listed(names: str | Sequence[str] | None) -> list[str]:
    return [] if names is None else [names] if isinstance(names, str) else list(names)


def _one_of(what_en: str, what_fa: str, given: str, known: Sequence[str]) -> None:
    if given not in known:
        listed = ", ".join(known)
        raise error(
            "HY-S001",
            en=f"the {what_en} is one of {listed}, not {given!r}.",
            fa=f"{what_fa} یکی از این‌هاست: {listed}؛ نه {given!r}.",
        )


def _no_sample(universe: str, columns: list[str]) -> Exception:
    listed = ", ".join(columns)
    return error(
        "HY-S002",
        en=f"a {universe} is no sample: weight, strata and psu ({listed}) do not apply. Leave them out; rates from a list are labelled “among those assessed”, without an error.",
        fa=f"این داده {'فهرست' if universe == 'list' else 'سرشماری'} است، نه نمونه: وزن، طبقه و خوشه ({listed}) در آن معنا ندارد. آن‌ها را بردارید؛ نرخِ فهرست «در میان ارزیابی‌شدگان» نامیده می‌شود و خطا ندارد.",
    )
