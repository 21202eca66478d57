"""Are tiers what they say? Surveys are drawn from populations whose truth is known, and P(worst fifth) is checked against it.

`make prove` prints the tables that stand in docs/explanation/tiers.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import beta

from hamyar.datasets import Province, draw_survey, province
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster
from hamyar.priority import probability_worst, worst_count
from hamyar.small_area import headcount_model
from hamyar.survey import Design

BINS = np.array([0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
HOUSEHOLDS = np.array(
    [45, 68, 73, 37, 66, 65, 59, 48, 475, 92, 59, 52, 48, 46, 39, 18, 12, 29, 36, 18, 42, 17, 21, 36, 27, 18, 28, 5]
)
DRAWS = 1500


@dataclass(frozen=True)
class Proof:
    """p, worst, covered: (surveys, areas) probability of the worst fifth, truth, and whether the 95 % interval holds it."""

    p: np.ndarray
    worst: np.ndarray
    covered: np.ndarray

    @property
    def surely_in(self) -> np.ndarray:
        return self.worst[self.p >= 0.9]


def share_interval(hits: int, of: int, confidence: float) -> tuple[float, float]:
    """Exact binomial interval (Clopper & Pearson 1934)."""
    tail = (1 - confidence) / 2
    low = beta.ppf(tail, hits, of - hits + 1) if hits else 0.0
    return float(low), float(beta.ppf(1 - tail, hits + 1, of - hits)) if hits < of else 1.0


def reliability(proof: Proof, confidence: float = 0.95) -> pd.DataFrame:
    """The curve: for each bin of P(worst fifth) how many, their mean, the share that truly is, and its interval."""
    p, worst = proof.p.ravel(), proof.worst.ravel()
    number = np.clip(np.searchsorted(BINS, p, side="right") - 1, 0, len(BINS) - 2)
    rows = []
    for i in range(len(BINS) - 1):
        inside = number == i
        low, high = share_interval(int(worst[inside].sum()), int(inside.sum()), confidence)
        rows.append((f"{BINS[i]:g}-{BINS[i + 1]:g}", inside.sum(), p[inside].mean(), worst[inside].mean(), low, high))
    return pd.DataFrame(rows, columns=["said", "n", "mean", "true", "low", "high"])


def assert_calibrated(proof: Proof) -> None:
    """Every bin's mean lies in the 99.8 % interval of the share that truly is: six bins, one false alarm in 80."""
    table = reliability(proof, 0.998)
    inside = (table["low"] <= table["mean"]) & (table["mean"] <= table["high"])
    assert inside.all(), table.to_string()


def prove(surveys: int, draw: Callable[[int], tuple[pd.DataFrame, pd.DataFrame, np.ndarray]]) -> Proof:
    """draw(seed) gives direct rates, covariates and the true rates."""
    rows = []
    for seed in range(surveys):
        direct, covariates, truth = draw(seed)
        result = headcount_model(direct, covariates, draws=DRAWS, seed=seed)
        count = worst_count(len(truth))
        worst = truth >= np.sort(truth)[-count]
        covered = (result.table["low"] <= truth) & (truth <= result.table["high"])
        rows.append((probability_worst(result.draws, count), worst, covered.to_numpy()))
    return Proof(*(np.array(column) for column in zip(*rows, strict=True)))


def counties(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A province of 28 counties: covariates, and a logit that is curved in them, with heavy-tailed effects (t, 4 df)."""
    z = rng.standard_normal((28, 2))
    own = rng.uniform(0.2, 0.6) * rng.standard_t(4, 28) / np.sqrt(2)
    return z, rng.uniform(-2.2, -0.8) + 0.5 * z[:, 0] + 0.1 * z[:, 0] ** 2 + 0.15 * z[:, 1] * (1 + z[:, 0]) + own


def clustered(rng: np.random.Generator, logit: np.ndarray, sd: float = 0.8) -> pd.DataFrame:
    """The real sample sizes in clusters of about 8 households with effects of their own, weighted by members."""
    rows = []
    for area, (eta, n) in enumerate(zip(logit, HOUSEHOLDS, strict=True)):
        clusters = max(1, round(n / 8))
        cluster = np.arange(n) % clusters
        members = rng.integers(1, 8, n)
        poor = rng.random(n) < expit(eta + sd * rng.standard_normal(clusters))[cluster]
        rate = members @ poor / members.sum()
        residual = np.bincount(cluster, members * (poor - rate)) / members.sum()
        se = np.sqrt(clusters / (clusters - 1) * residual @ residual) if clusters > 1 else np.nan
        rows.append((area, rate, se, n))
    return pd.DataFrame(rows, columns=["area", "estimate", "se", "n"])


def true_rates(logit: np.ndarray, sd: float = 0.8) -> np.ndarray:
    """Mean over clusters, by Gauss-Hermite quadrature."""
    node, weight = np.polynomial.hermite_e.hermegauss(31)
    return expit(logit[:, None] + sd * node) @ weight / weight.sum()


def other_province(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
    """A province drawn anew with every survey."""
    rng = np.random.default_rng(seed)
    z, logit = counties(rng)
    return clustered(rng, logit), pd.DataFrame(z, columns=["one", "two"]).rename_axis("area"), true_rates(logit)


@pytest.fixture(scope="module")
def few() -> Proof:
    return prove(60, other_province)


def test_tiers_of_60_surveys(few):
    assert_calibrated(few)
    low, _ = share_interval(int(few.surely_in.sum()), few.surely_in.size, 0.95)
    assert low >= 0.85, "of those said to be surely in"
    assert 0.92 <= few.covered.mean() <= 0.98


@pytest.mark.parametrize("sd", [0.3, 1.3])
def test_intervals_of_something_rare(sd):
    """Headcounts of about 3 %, five households at least, weak and strong clustering, a curved logit with heavy tails."""

    def rare(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
        rng = np.random.default_rng(seed)
        z, logit = counties(rng)
        logit = logit - logit.mean() - (3.6 if sd < 1 else 4.3)
        covariates = pd.DataFrame(z, columns=["one", "two"]).rename_axis("area")
        return clustered(rng, logit, sd), covariates, true_rates(logit, sd)

    proof = prove(30, rare)
    assert 0.93 <= proof.covered.mean() <= 0.99
    assert proof.covered[:, HOUSEHOLDS <= 18].mean() >= 0.93


def test_overconfidence_would_be_seen(few):
    """Probabilities pushed to the ends, as by errors taken half as large, fail the same test."""
    odds = (few.p + 1e-3) / (1 - few.p + 1e-3)
    with pytest.raises(AssertionError):
        assert_calibrated(Proof(odds**2 / (1 + odds**2), few.worst, few.covered))


def show(title: str, proof: Proof) -> None:
    sure = proof.surely_in
    low, high = share_interval(int(sure.sum()), sure.size, 0.95)
    print(f"\n{title}: {len(proof.p)} surveys, 95% intervals hold {proof.covered.mean():.3f} of true rates")
    print(reliability(proof).round(3).to_string(index=False))
    print(f"surely in: {sure.size}, truly {sure.mean():.3f} ({low:.3f} to {high:.3f})")


@pytest.mark.prove
def test_tiers_of_400_provinces():
    proof = prove(400, other_province)
    show("provinces drawn anew", proof)
    assert_calibrated(proof)
    assert share_interval(int(proof.surely_in.sum()), proof.surely_in.size, 0.95)[0] >= 0.9, "what surely in says"


def rates_of(sample: pd.DataFrame) -> pd.DataFrame:
    """Direct rates by county of a survey of the demonstration's province, as a round makes them."""
    design = Design(weight="weight", strata="survey_stratum", psu="psu")
    found = alkire_foster(sample, Measure.load("iran-household"), design, by="county_code")
    return found.loc[found["measure"] == "H", ["county_code", "estimate", "se", "n"]].rename(
        columns={"county_code": "area"}
    )


def known(province: Province) -> tuple[pd.DataFrame, np.ndarray]:
    """Covariates of the counties, as in the shipped round, and their true rates."""
    areas = pd.read_parquet(province.areas).query("kind == 'county'").set_index("code").sort_index()
    truth = pd.read_parquet(province.truth).set_index("code").loc[areas.index, "H"]
    return areas[["illiterate_share_active", "unemp_rate"]].rename_axis("area"), truth.to_numpy()


def by_counties(proof: Proof, seed: int = 1) -> pd.DataFrame:
    """The curve where one truth stands behind all surveys: the interval of (true - said), 99 %, by drawing counties anew."""
    number = np.clip(np.searchsorted(BINS, proof.p, side="right") - 1, 0, len(BINS) - 2)
    inside = number[:, :, None] == np.arange(len(BINS) - 1)
    n, said, true = (np.einsum("sab,sa->ab", inside, x) for x in (np.ones_like(proof.p), proof.p, proof.worst * 1.0))
    areas = proof.p.shape[1]
    times = np.random.default_rng(seed).multinomial(areas, np.full(areas, 1 / areas), 5000)
    with np.errstate(invalid="ignore"):
        gap = (times @ (true - said)) / (times @ n)
    low, high = np.nanquantile(gap, [0.005, 0.995], axis=0)
    counties = (n > 0).sum(axis=0)
    return reliability(proof)[["said", "n", "mean", "true"]].assign(counties=counties, gap_low=low, gap_high=high)


@pytest.mark.prove
def test_tiers_of_200_demonstration_provinces(tmp_path):
    """The whole way, with a truth drawn anew for every survey: province, survey, Alkire-Foster, model, tiers."""

    def draw(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, np.ndarray]:
        made = province(tmp_path, households=20_000, seed=seed)
        return rates_of(pd.read_parquet(made.survey)), *known(made)

    proof = prove(200, draw)
    show("200 demonstration provinces, one survey each", proof)
    assert_calibrated(proof)
    assert share_interval(int(proof.surely_in.sum()), proof.surely_in.size, 0.95)[0] >= 0.85


@pytest.mark.prove
def test_tiers_of_200_surveys_of_the_demonstration(tmp_path):
    """The province that `make demo` shows, surveyed 200 times: one truth, so counties are what is drawn anew."""
    made = province(tmp_path)
    covariates, truth = known(made)
    proof = prove(200, lambda seed: (rates_of(draw_survey(made, seed)), covariates, truth))
    show("200 surveys of the demonstration's province", proof)
    table = by_counties(proof)
    print(table.round(3).to_string(index=False))
    assert ((table["gap_low"] <= 0) & (table["gap_high"] >= 0)).all()
