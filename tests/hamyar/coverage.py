"""How often limits of 95 hold the truth: every interval of the library, in samples from worlds whose truth is known.

`python -m tests.hamyar.coverage [draws] [interval …]` prints the table of docs/explanation/coverage.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hamyar.indicators import Measure
from hamyar.poverty import (
    RelativeLine,
    alkire_foster,
    atkinson,
    changes,
    entropy,
    fgt,
    gini,
    hoover,
    quantile_share_ratio,
    sen,
    sst,
    theil,
    watts,
)
from hamyar.proxy_means import ProxyMeans
from hamyar.small_area import BinomialHeadcount, headcount_model
from hamyar.survey import Design, mean, proportion, quantile, ratio, regression, total
from hamyar.targeting import auc, evaluate
from tests.hamyar.test_calibration import HOUSEHOLDS, clustered, counties, other_province, true_rates

Found = Iterator[tuple[str, np.ndarray]]  # a name, and (intervals,) whether each holds the truth
CENSUS, EVERYONE, AT_ONCE = Design(universe="census"), 1_000_000, 200
COVERED = Measure.of_columns({"one": ["d0", "d1"], "two": ["d2"], "three": ["d3"]}, cutoff="1/3")


@dataclass(frozen=True)
class World:
    """Villages without end, drawn by strata as they come; log income N(4.5 + village, within), village N(0, between).

    clusters: villages in the sample, evenly by stratum; households: how many of each, in turn; strata: each poorer than the
    one before, with so many people less; tail: log income's upper half is that many times as wide.
    """

    clusters: int
    between: float = 0.3
    within: float = 0.6
    households: tuple[int, ...] = (10,)
    strata: int = 1
    tail: float = 1.0

    @property
    def design(self) -> Design:
        return Design(weight="w", strata="h" if self.strata > 1 else None, psu="c")

    def sample(self, random: np.random.Generator, wave: int = 0) -> pd.DataFrame:
        sizes = np.resize(self.households, self.clusters)
        c = np.repeat(np.arange(self.clusters), sizes)
        h = np.arange(self.clusters)[c] * self.strata // self.clusters
        share = (self.strata - h) / np.bincount(h)[h]
        return self._people(random, c, h, self.between * random.standard_normal(self.clusters)[c], share / share.sum())

    def everyone(self) -> pd.DataFrame:
        """As many as make the truth surer than any sample."""
        random, strata = np.random.default_rng(0), np.arange(self.strata)
        people = EVERYONE * (self.strata - strata) // (self.strata - strata).sum()
        h = np.repeat(strata, people)
        return self._people(
            random, np.arange(len(h)), h, self.between * random.standard_normal(len(h)), np.ones(len(h))
        )

    def _people(self, random: np.random.Generator, c: Any, h: Any, village: Any, w: Any) -> pd.DataFrame:
        own = self.within * random.standard_normal(len(c))
        log = 4.5 - 0.2 * h + village + np.where(own > 0, self.tail * own, own)
        noise = random.standard_normal((5, len(c)))
        lack = 0.6 * (log - 4.5) / 0.6 + 0.8 * noise[:4]
        deprived = lack < np.array([-0.6, -0.9, -0.3, -1.2])[:, None]
        return pd.DataFrame(
            {"y": np.exp(log), "log": log, "c": c, "h": h, "w": w, "test": log + 0.4 * noise[4]}
            | {f"d{j}": one.astype(float) for j, one in enumerate(deprived)}
        ).assign(
            size=random.integers(1, 7, len(c)), rooms=lambda d: np.clip(np.round(2 + d["log"] - 4.5 + noise[0]), 1, 6)
        )


WORLDS = {
    "5 clusters": World(5),
    "10 clusters": World(10),
    "40 clusters": World(40),
    "40 in 4 strata": World(40, strata=4),
    "10 alike": World(10, between=0.6),
    "20 alike": World(20, between=0.6),
    "10 uneven": World(10, households=(3, 5, 8, 12, 22)),
    "40, long tail": World(40, tail=1.8),
}


@dataclass(frozen=True)
class Lines:
    """Incomes below which so many are poor in a world."""

    third: float
    rare: float


INCOMES: dict[str, Callable[[pd.DataFrame, Design, Lines], pd.DataFrame]] = {
    "gini": lambda d, design, _: gini(d, "y", design),
    "hoover": lambda d, design, _: hoover(d, "y", design),
    "share ratio": lambda d, design, _: quantile_share_ratio(d, "y", design),
    "theil": lambda d, design, _: theil(d, "y", design),
    "entropy(2)": lambda d, design, _: entropy(d, "y", design, alpha=2),
    "log deviation": lambda d, design, _: entropy(d, "y", design, alpha=0),
    "atkinson(1)": lambda d, design, _: atkinson(d, "y", design, epsilon=1),
    "headcount 30 %": lambda d, design, z: fgt(d, "y", design, line=z.third),
    "headcount 3 %": lambda d, design, z: fgt(d, "y", design, line=z.rare),
    "relative headcount": lambda d, design, _: fgt(d, "y", design, line=RelativeLine(0.6)),
    "gap 30 %": lambda d, design, z: fgt(d, "y", design, line=z.third, alpha=1),
    "squared gap 30 %": lambda d, design, z: fgt(d, "y", design, line=z.third, alpha=2),
    "watts 30 %": lambda d, design, z: watts(d, "y", design, line=z.third),
    "watts 3 %": lambda d, design, z: watts(d, "y", design, line=z.rare),
    "sen 30 %": lambda d, design, z: sen(d, "y", design, line=z.third),
    "sst 30 %": lambda d, design, z: sst(d, "y", design, line=z.third),
}
MANY: dict[str, tuple[str, Callable[[Any, list[str], Design], pd.DataFrame]]] = {  # of many columns at once
    "mean": ("y", lambda d, names, design: mean(d, names, design)),
    "total": ("y", lambda d, names, design: total(d, names, design)),
    "proportion 30 %": ("poor", lambda d, names, design: proportion(d, names, design)),
    "proportion 3 %": ("rare", lambda d, names, design: proportion(d, names, design)),
    "quantile .1": ("y", lambda d, names, design: quantile(d, names, design, probabilities=0.1)),
    "quantile .5": ("y", lambda d, names, design: quantile(d, names, design)),
    "quantile .9": ("y", lambda d, names, design: quantile(d, names, design, probabilities=0.9)),
}
ONES: dict[str, Callable[[pd.DataFrame, Design, Lines], pd.DataFrame]] = {
    "ratio": lambda d, design, _: ratio(d, "y", "size", design),
    "regression": lambda d, design, _: regression(d, "log", ["rooms", "size"], design),
    "alkire_foster": lambda d, design, _: alkire_foster(d, COVERED, design),
    "changes": lambda d, design, _: changes(d, COVERED, design, "wave"),
    "targeting": lambda d, design, z: evaluate(d["test"] < np.log(z.third), d["y"] < z.third, data=d, design=design),
    "auc": lambda d, design, z: auc(d["test"], d["y"] < z.third, data=d, design=design),
}


def held(world: World, names: Iterable[str], draws: int, seed: int = 1, narrowed: float = 1.0) -> Found:
    """For each interval asked of a world, which of the draws hold the truth; narrowed: limits brought nearer by so much."""
    names, everyone = list(names), world.everyone()
    z = Lines(*np.quantile(everyone["y"], [0.3, 0.03]))
    random = np.random.default_rng(seed)
    samples = [world.sample(random) for _ in range(draws)]
    for name in names:
        if name in INCOMES:
            call = INCOMES[name]
            truth = call(everyone, CENSUS, z)["estimate"].iloc[0]
            rows = pd.concat([call(one, world.design, z) for one in samples])
            for limit in ("low", "high"):
                rows[limit] = rows["estimate"] + narrowed * (rows[limit] - rows["estimate"])
            yield name, _hold(rows, truth)
        elif name in MANY:
            yield name, np.concatenate([*_of_columns(world, samples, everyone, z, *MANY[name], name)])
        elif name in ONES:
            yield from _of_rows(name, world, samples, everyone, z, random)
        elif name == "proxy means":
            yield name, np.array([_of_score(world, one, random) for one in samples[: len(samples) // 4]])


def _hold(rows: pd.DataFrame, truth: Any) -> np.ndarray:
    """An unknown limit is none."""
    return ((rows["low"].fillna(-np.inf) <= truth) & (truth <= rows["high"].fillna(np.inf))).to_numpy()


def _of_columns(
    world: World, samples: list[pd.DataFrame], everyone: pd.DataFrame, z: Lines, column: str, call: Any, name: str
) -> Iterator[np.ndarray]:
    def with_poor(d: pd.DataFrame) -> pd.DataFrame:
        return d.assign(poor=d["y"] < z.third, rare=d["y"] < z.rare)

    truth = call(with_poor(everyone), [column], CENSUS)["estimate"].iloc[0]  # of a share, that of who is not poor
    if name == "total":
        truth = everyone["y"].mean()  # weights sum to one
    for first in range(0, len(samples), AT_ONCE):
        part = samples[first : first + AT_ONCE]
        values = pd.DataFrame({f"v{k}": with_poor(one)[column] for k, one in enumerate(part)})
        found = call(pd.concat([part[0][["c", "h", "w"]], values], axis=1), list(values), world.design)
        if "category" in found:
            found = found[~found["category"].astype(bool)]
        yield _hold(found, truth)


def _of_rows(
    name: str, world: World, samples: list[pd.DataFrame], everyone: pd.DataFrame, z: Lines, random: Any
) -> Found:
    """Intervals of which one call gives many."""

    def asked(d: pd.DataFrame) -> pd.DataFrame:
        if name != "changes":
            return d
        later = d.assign(**{f"d{j}": d[f"d{j}"] * (random.random(len(d)) < 0.8) for j in range(4)})
        return pd.concat([d.assign(wave=2020.0), later.assign(wave=2022.0)])

    def keyed(frame: pd.DataFrame) -> pd.DataFrame:
        parts = [c for c in ("term", "measure", "indicator", "change") if c in frame]
        return frame.set_index(frame[parts].apply(lambda row: " ".join(v for v in row if isinstance(v, str)), axis=1))

    truth = keyed(ONES[name](asked(everyone), CENSUS, z))["estimate"]
    rows = [keyed(ONES[name](asked(one), world.design, z)).assign(truth=truth) for one in samples[: len(samples) // 4]]
    for key, found in pd.concat(rows).groupby(level=0, sort=False):
        if found["estimate"].notna().any():
            yield f"{name}: {key}", _hold(found[found["estimate"].notna()], found["truth"][found["estimate"].notna()])


def _of_score(world: World, one: pd.DataFrame, random: Any) -> float:
    """The share of households of villages that were not in the sample whose income lies in the score's interval."""
    model = ProxyMeans().fit(one, y="y", X=["rooms", "size"], design=world.design)
    others = World(100, world.between, world.within, (3,), world.strata, world.tail).sample(random)
    scored = model.score(others)
    return float(np.average(others["y"].between(scored["low"], scored["high"]), weights=others["w"]))


def areas(draws: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """Headcounts by area: (model, world, (surveys,) share of areas whose interval holds the truth)."""
    found = []
    for seed in range(draws):
        direct, covariates, truth = other_province(seed)
        table = headcount_model(direct, covariates, draws=1500, seed=seed).table
        found.append(_hold(table, truth).mean())
    yield "headcount_model", "curved, heavy tails", np.array(found)
    for sd, level in ((0.3, 3.6), (1.3, 4.3)):
        found, small = [], []
        for seed in range(draws):
            rng = np.random.default_rng(seed)
            z, logit = counties(rng)
            logit = logit - logit.mean() - level
            covariates = pd.DataFrame(z, columns=["one", "two"]).rename_axis("area")
            held = _hold(
                headcount_model(clustered(rng, logit, sd), covariates, draws=1500, seed=seed).table,
                true_rates(logit, sd),
            )
            found.append(held.mean())
            small.append(held[HOUSEHOLDS <= 18].mean())
        yield "headcount_model", f"3 %, clusters {'alike' if sd > 1 else 'little alike'}", np.array(found)
        yield "headcount_model, n ≤ 18", f"3 %, clusters {'alike' if sd > 1 else 'little alike'}", np.array(small)
    for title, level, curve in (("6 %", -3.2, 0.0), ("3 %", -4.0, 0.0), ("3 %, curved", -4.2, 0.3)):
        found = []
        for seed in range(max(draws // 4, 5)):
            rng = np.random.default_rng(500 + seed)
            area, x = np.repeat(np.arange(31), 600), rng.normal(size=31 * 600)
            u = 0.6 * (rng.standard_t(4, 31) / np.sqrt(2) if curve else rng.normal(size=31))
            poor = (rng.random(len(x)) < 1 / (1 + np.exp(-(level + 0.7 * x + curve * x**2 + u[area])))).astype(int)
            population = pd.DataFrame({"area": area, "x": x, "poor": poor})
            sample = population[population["area"] < 30].groupby("area").sample(20, random_state=seed)
            if not sample["poor"].any():
                continue
            model = BinomialHeadcount().fit(sample, y="poor", X=["x"], area="area")
            low, high = np.quantile(model.draws(population, 300, seed), [0.025, 0.975], axis=0)
            truth = population.groupby("area")["poor"].mean().to_numpy()
            found.append(((low <= truth) & (truth <= high)).mean())
        yield "BinomialHeadcount", title, np.array(found)


def table(names: Iterable[str], draws: int, worlds: Iterable[str] = tuple(WORLDS)) -> pd.DataFrame:
    """interval, world, held (share), error (its Monte Carlo standard error), draws; printed as they come."""
    rows = []
    for world in worlds:
        for name, inside in held(WORLDS[world], names, draws):
            rows.append((name, world, *summary(inside)))
            print(f"{name:45} {world:16} {rows[-1][2]:.3f} ± {rows[-1][3]:.3f}  {rows[-1][4]}", flush=True)
    return pd.DataFrame(rows, columns=["interval", "world", "held", "error", "draws"])


def summary(inside: np.ndarray) -> tuple[float, float, int]:
    return float(inside.mean()), float(inside.std() / np.sqrt(len(inside))), len(inside)


if __name__ == "__main__":
    asked = sys.argv[2:] or [*INCOMES, *MANY, *ONES, "proxy means", "areas"]
    table([name for name in asked if name != "areas"], int(sys.argv[1]))
    if "areas" in asked:
        for model, world, inside in areas(int(sys.argv[1])):
            print(
                f"{model:45} {world:28} {inside.mean():.3f} ± {inside.std() / np.sqrt(len(inside)):.3f}  {len(inside)}"
            )
