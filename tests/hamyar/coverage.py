"""How often limits of 95 hold the truth: every interval of the library, in samples from worlds whose truth is known.

`python -m tests.hamyar.coverage [draws] [interval …]` prints the table of docs/explanation/coverage.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

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
from hamyar.survey import Design, Sums, mean, proportion, quantile, ratio, regression, total, variance
from hamyar.targeting import auc, by_decile, evaluate
from tests.hamyar.test_calibration import HOUSEHOLDS, clustered, counties, other_province, true_rates

Found = Iterator[tuple[str, np.ndarray]]  # a name, and (intervals,) whether each holds the truth
CENSUS, EVERYONE, AT_ONCE = Design(universe="census"), 1_000_000, 200
SLOWER = 4  # so many times fewer samples for what takes one call each
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
    "gap 3 %": lambda d, design, z: fgt(d, "y", design, line=z.rare, alpha=1),
    "squared gap 3 %": lambda d, design, z: fgt(d, "y", design, line=z.rare, alpha=2),
    "watts 30 %": lambda d, design, z: watts(d, "y", design, line=z.third),
    "watts 3 %": lambda d, design, z: watts(d, "y", design, line=z.rare),
    "sen 30 %": lambda d, design, z: sen(d, "y", design, line=z.third),
    "sst 30 %": lambda d, design, z: sst(d, "y", design, line=z.third),
    "sen 3 %": lambda d, design, z: sen(d, "y", design, line=z.rare),
    "sst 3 %": lambda d, design, z: sst(d, "y", design, line=z.rare),
}
COLUMNS: dict[str, Callable[[Any, list[str], Design], pd.DataFrame]] = {  # of many samples, each a column
    "total": lambda d, names, design: total(d, names, design),
    "quantile .1": lambda d, names, design: quantile(d, names, design, probabilities=0.1),
    "quantile .5": lambda d, names, design: quantile(d, names, design),
    "quantile .9": lambda d, names, design: quantile(d, names, design, probabilities=0.9),
}
GROUPS: dict[str, Callable[[pd.DataFrame, Design, str | None], pd.DataFrame]] = {  # of many samples, each a group
    "mean": lambda d, design, by: mean(d, "y", design, by),
    "ratio": lambda d, design, by: ratio(d, "y", "size", design, by),
    "proportion 30 %": lambda d, design, by: proportion(d, "third", design, by),
    "proportion 3 %": lambda d, design, by: proportion(d, "rare", design, by),
    "alkire_foster": lambda d, design, by: alkire_foster(d, COVERED, design, by),
    "changes": lambda d, design, by: changes(d, COVERED, design, "wave", by),
}
ONES: dict[str, Callable[[pd.DataFrame, Design, Lines], pd.DataFrame]] = {
    "regression": lambda d, design, _: regression(d, "log", ["rooms", "size"], design),
    "targeting": lambda d, design, z: evaluate(d["test"] < np.log(z.third), d["y"] < z.third, data=d, design=design),
    "by_decile": lambda d, design, z: by_decile(d["test"] < np.log(z.third), d["y"], groups=5, data=d, design=design),
    "auc": lambda d, design, z: auc(d["test"], d["y"] < z.third, data=d, design=design),
}
PROXY_MEANS = "proxy means"
EVERY = (*INCOMES, *COLUMNS, *GROUPS, *ONES, PROXY_MEANS)


def held(world: World, names: Iterable[str], draws: int, seed: int = 1, narrowed: float = 1.0) -> Found:
    """For each interval asked of a world, which of the draws hold the truth; narrowed: limits brought nearer by so much."""
    everyone = world.everyone()
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
        elif name in COLUMNS:
            yield name, np.concatenate([*_of_columns(world, samples, everyone, name)])
        elif name in GROUPS:
            later = np.random.default_rng(seed + 1)
            rows = pd.concat([of_groups(name, world, part, z, later) for part in _parts(samples)])
            yield from _by_row(name, rows, GROUPS[name](seen(name, everyone, z, later), CENSUS, None))
        elif name in ONES:
            rows = pd.concat([ONES[name](one, world.design, z) for one in samples[: max(draws // SLOWER, 1)]])
            yield from _by_row(name, rows, ONES[name](everyone, CENSUS, z))
        elif name == PROXY_MEANS:
            yield from _of_scores(world, samples[: max(draws // SLOWER, 1)], everyone, random)


def _parts(samples: list[pd.DataFrame]) -> Iterator[list[pd.DataFrame]]:
    return (samples[first : first + AT_ONCE] for first in range(0, len(samples), AT_ONCE))


def _hold(rows: pd.DataFrame, truth: Any) -> np.ndarray:
    """An unknown limit is none."""
    return ((rows["low"].fillna(-np.inf) <= truth) & (truth <= rows["high"].fillna(np.inf))).to_numpy()


def _of_columns(world: World, samples: list[pd.DataFrame], everyone: pd.DataFrame, name: str) -> Iterator[np.ndarray]:
    call = COLUMNS[name]
    truth = everyone["y"].mean() if name == "total" else call(everyone, ["y"], CENSUS)["estimate"].iloc[0]
    for part in _parts(samples):  # weights sum to one
        values = pd.DataFrame({f"v{k}": one["y"] for k, one in enumerate(part)})
        yield _hold(call(pd.concat([part[0][["c", "h", "w"]], values], axis=1), [*values], world.design), truth)


def of_groups(name: str, world: World, samples: list[pd.DataFrame], z: Lines, random: Any) -> pd.DataFrame:
    """What each sample gives by itself, asked at once: strata and clusters of its own, and the size of its design."""
    rows = pd.concat([one.assign(s=k, h=one["h"] + k * world.strata) for k, one in enumerate(samples)])
    rows["c"] += rows["s"] * world.clusters
    few = np.inf if world.clusters <= variance.FEW_FOR_SHARES else 0
    with (
        mock.patch.object(Sums, "degrees_of_freedom", property(lambda _: world.clusters - world.strata)),
        mock.patch.object(Sums, "few", True),
        mock.patch.object(Sums, "pooled", lambda sums: sums),
        mock.patch.object(variance, "FEW_FOR_SHARES", few),
    ):
        return GROUPS[name](seen(name, rows, z, random), Design(weight="w", strata="h", psu="c"), "s")


def seen(name: str, d: pd.DataFrame, z: Lines, random: Any) -> pd.DataFrame:
    """With what the call of that name asks for: who is poor, or the same households two years later."""
    if name != "changes":
        return d.assign(third=d["y"] < z.third, rare=d["y"] < z.rare)
    later = d.assign(**{f"d{j}": d[f"d{j}"] * (random.random(len(d)) < 0.8) for j in range(4)})
    return pd.concat([d.assign(wave=2020.0), later.assign(wave=2022.0)])


def _by_row(name: str, rows: pd.DataFrame, everyone: pd.DataFrame) -> Found:
    """Of intervals that one call gives, each by itself; those of no estimate are left out."""

    def keyed(frame: pd.DataFrame) -> pd.DataFrame:
        if "category" in frame:
            return frame[frame["category"].astype(bool)].assign(key=name)
        if "change" in frame:  # by year is the same on another scale
            frame = frame[~frame["change"].str.endswith("by_year")]
        parts = [c for c in ("term", "measure", "decile", "indicator", "change") if c in frame]
        if len(frame) == 1 or parts == ["measure"] and set(frame["measure"]) <= {name}:
            return frame.assign(key=name)
        return frame.assign(
            key=f"{name}: " + frame[parts].fillna("").astype(str).agg(" ".join, axis=1).str.replace("  ", " ")
        )

    truth = keyed(everyone).set_index("key")["estimate"]
    found = keyed(rows[rows["estimate"].notna()])
    for key, each in found.groupby("key", sort=False):
        yield str(key).strip(), _hold(each, truth[key])


def _of_scores(world: World, samples: list[pd.DataFrame], everyone: pd.DataFrame, random: Any) -> Found:
    """The share of households of villages that were not in the sample whose income lies in the score's interval, and
    the coefficients of the score."""
    held, coefficients = [], []
    for one in samples:
        model = ProxyMeans().fit(one, y="y", X=["rooms", "size"], design=world.design)
        others = World(100, world.between, world.within, (3,), world.strata, world.tail).sample(random)
        scored = model.score(others)
        held.append(np.average(others["y"].between(scored["low"], scored["high"]), weights=others["w"]))
        coefficients.append(model.coefficients)
    yield PROXY_MEANS, np.array(held)
    truth = ProxyMeans().fit(everyone, y="y", X=["rooms", "size"], design=CENSUS).coefficients
    yield from _by_row("proxy means coefficient", pd.concat(coefficients), truth)


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
    asked = sys.argv[2:] or [*EVERY, "areas"]
    table([name for name in asked if name != "areas"], int(sys.argv[1]))
    if "areas" in asked:
        for model, world, inside in areas(int(sys.argv[1])):
            print(
                f"{model:45} {world:28} {inside.mean():.3f} ± {inside.std() / np.sqrt(len(inside)):.3f}  {len(inside)}"
            )
