"""Replicates of a sample: its totals when clusters are left out or drawn again, from sums by cluster.

Source: Wolter (2007) 4 (jackknife); Rao & Wu (1988), Rao, Wu & Yue (1992) (bootstrap).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from hamyar.survey.design import Bootstrap, Design, ReplicateWeights
from hamyar.survey.variance import Floats, Ints, Replicated, Sampled, Sums


def replicated(design: Design, stage: Sampled) -> Replicated:
    """The replicates that a design asks for, of the clusters of its first stage."""
    if isinstance(design.replicates, Bootstrap):
        return BootstrapReplicates(stage, design.replicates)
    return JackknifeReplicates(stage, design.lonely)


class GivenReplicates:
    """Weights that came with the data."""

    def __init__(self, given: ReplicateWeights) -> None:
        self.count = len(given.columns)
        self.scales = given.scale * np.asarray(given.rscales or [1.0] * self.count)

    def totals(self, sums: Sums, name: str, group: int) -> Floats:
        """(replicates,) totals of a value in a group."""
        return np.array([sums.total(f"{name}#{r}")[group] for r in range(self.count)])


class JackknifeReplicates:
    """Each cluster left out in turn; its stratum's others count m/(m - 1) times.

    A lonely stratum: "adjust" leaves it out while the other strata stand for it, other rules leave it in.
    """

    def __init__(self, stage: Sampled, lonely: str) -> None:
        first = np.unique(stage.cluster, return_index=True)[1]
        self.stratum, self.clusters = stage.stratum[first], stage.clusters
        self.m = stage.clusters[self.stratum]
        self.lonely = (self.m == 1) if lonely == "adjust" and len(stage.clusters) > 1 else np.zeros(len(self.m), bool)
        strata = len(stage.clusters)
        of_lonely = np.where(self.lonely, (strata - 1) / strata, 0)
        self.scales = np.where(self.m > 1, (self.m - 1) / self.m, of_lonely) * (1 - stage.fraction[self.stratum])
        if lonely == "average":
            self.scales = self.scales * len(self.m) / max(1, int((self.m > 1).sum()))

    def totals(self, sums: Sums, name: str, group: int) -> Floats:
        cluster, value = _of_group(sums, name, group)
        mine = np.bincount(cluster, value, len(self.m))
        strata = np.bincount(self.stratum, mine, len(self.clusters))
        others = np.maximum(self.m - 1, 1)
        left_out = value.sum() + (strata[self.stratum] - self.m * mine) / others
        count = len(self.clusters)
        lonely = (value.sum() - mine) * count / max(count - 1, 1)
        return np.asarray(np.where(self.lonely, lonely, left_out))


class BootstrapReplicates:
    """Rao-Wu: with fraction f drawn, a cluster drawn r times counts 1 + √(1 - f)·(m/(m - 1)·r - 1) times."""

    def __init__(self, stage: Sampled, asked: Bootstrap) -> None:
        self.stage, self.asked = stage, asked
        self.scales = np.full(asked.replicates, 1 / (asked.replicates - 1))

    @cached_property
    def multipliers(self) -> Floats:
        """(clusters, replicates); the one cluster of a stratum counts once."""
        random = np.random.default_rng(self.asked.seed)
        first = np.unique(self.stage.cluster, return_index=True)[1]
        stratum, found = self.stage.stratum[first], np.ones((len(first), self.asked.replicates))
        for h, m in enumerate(self.stage.clusters):
            if m > 1:
                drawn = random.multinomial(m - 1, np.full(m, 1 / m), size=self.asked.replicates).T
                found[stratum == h] = 1 + np.sqrt(1 - self.stage.fraction[h]) * (m / (m - 1) * drawn - 1)
        return found

    def totals(self, sums: Sums, name: str, group: int) -> Floats:
        cluster, value = _of_group(sums, name, group)
        return np.asarray(value @ self.multipliers[cluster])


def _of_group(sums: Sums, name: str, group: int) -> tuple[Ints, Floats]:
    cells = sums.group == group
    return sums.stages[0].cluster[cells], sums.values[name][cells]
