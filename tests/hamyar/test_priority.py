"""Tiers, ranks, the sample that would settle a tier, and reasons for three readers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from hamyar.area_index import AreaIndex
from hamyar.errors import HamyarError
from hamyar.priority import (
    index_reasons,
    probability_worst,
    rank_bands,
    rank_intervals,
    reasons,
    settling_sample,
    tier,
    tiers,
    worst_count,
)


def spread_out(areas: int = 28, sd: float = 0.05, n: int = 4000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.linspace(0.1, 0.4, areas) + sd * rng.standard_normal((n, areas))


def code(call, *args, **kwargs) -> str:
    with pytest.raises(HamyarError) as caught:
        call(*args, **kwargs)
    assert all(fault.fa and fault.en for fault in caught.value.faults)
    return caught.value.faults[0].code


class TestTiers:
    @pytest.mark.parametrize(
        ("areas", "share", "count"),
        [
            (28, "1/5", 6),
            (30, 0.2, 6),
            (30, Fraction(1, 5), 6),
            (31, "1/5", 7),
            (1, "1/5", 1),
            (10, "1/2", 5),
            (3, 0.1, 1),
        ],
    )
    def test_how_many_are_worst(self, areas, share, count):
        assert worst_count(areas, share) == count

    @pytest.mark.parametrize("share", [0, 1, "3/2", -0.2])
    def test_share_outside(self, share):
        assert code(worst_count, 28, share) == "HY-V003"

    def test_probability_is_the_share_of_draws(self):
        draws = np.array([[3.0, 2, 1], [3, 1, 2], [1, 3, 2], [3, 2, 1]])
        assert probability_worst(draws, 1).tolist() == [0.75, 0.25, 0]
        assert probability_worst(draws, 2).tolist() == [0.75, 0.75, 0.5]

    def test_ties_share_the_places(self):
        assert probability_worst(np.array([[5.0, 1, 1, 1]]), 2).tolist() == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3])

    def test_all_equal(self):
        table = tiers(np.ones((50, 10)), list("abcdefghij"))
        assert table["p_worst"].tolist() == pytest.approx([0.2] * 10)
        assert set(table["tier"]) == {"uncertain"}
        assert set(table["rank"]) == {1}
        assert (table["rank_low"].unique(), table["rank_high"].unique()) == ([1], [10])

    def test_one_area_is_the_worst_of_one(self):
        table = tiers(np.random.default_rng(0).random((100, 1)), ["only"])
        assert table.iloc[0].tolist() == ["only", 1.0, "surely_in", 1, 1, 1]

    def test_edges_belong_to_the_sure_tiers(self):
        assert tier(np.array([0.9, 0.8999, 0.1, 0.1001])).tolist() == [
            "surely_in",
            "uncertain",
            "surely_out",
            "uncertain",
        ]

    def test_clear_case(self):
        table = tiers(spread_out(sd=0.001), range(28))
        assert table["tier"].tolist() == ["surely_out"] * 22 + ["surely_in"] * 6
        assert table["rank"].tolist() == list(range(28, 0, -1))
        assert (table["rank_low"] == table["rank"]).all()
        assert (table["rank_high"] == table["rank"]).all()

    def test_by_number_of_people(self):
        draws = spread_out(5, sd=0.001)
        people = np.array([1000, 100, 100, 100, 100])
        assert tiers(draws, list("abcde")).set_index("area").loc["e", "tier"] == "surely_in"
        assert tiers(draws, list("abcde"), population=people).set_index("area").loc["a", "tier"] == "surely_in"

    def test_bad_draws(self):
        assert code(tiers, np.ones(5), list("abcde")) == "HY-V001"
        assert code(tiers, np.ones((9, 4)), list("abcde")) == "HY-V001"
        assert code(tiers, np.full((9, 2), np.nan), list("ab")) == "HY-V002"
        assert code(tiers, np.ones((9, 2)), list("ab"), population=[1, np.nan]) == "HY-V002"
        assert code(tiers, np.ones((9, 2)), list("ab"), population=[1, 2, 3]) == "HY-V006"


class TestRankIntervals:
    @pytest.mark.parametrize("intervals", [rank_intervals, rank_bands])
    def test_all_hold_at_once_with_95_percent(self, intervals):
        """Truth drawn as the draws are: the intervals of all 12 ranks hold together at least 95 % of the time."""
        rng = np.random.default_rng(1)
        mean, sd = np.linspace(0, 1, 12), np.linspace(0.05, 0.3, 12)
        held = 0
        for _ in range(400):
            truth = mean + sd * rng.standard_normal(12)
            low, high = intervals(mean + sd * rng.standard_normal((600, 12)))
            rank = (-truth).argsort().argsort() + 1
            held += bool(((low <= rank) & (rank <= high)).all())
        assert held >= 400 * 0.95 - 3 * np.sqrt(400 * 0.95 * 0.05)

    def test_pairs_tell_more_apart_than_bands(self):
        """Never wider than bands here, and narrower where draws go together, as they do by a common coefficient."""
        rng = np.random.default_rng(0)
        draws = np.linspace(0, 1, 20) + 0.05 * rng.standard_normal((2000, 20))
        together = draws + rng.standard_normal((2000, 1))
        widths = [(high - low).mean() for low, high in (rank_intervals(draws), rank_bands(draws))]
        assert widths[0] < 0.9 * widths[1]
        assert (np.array(rank_intervals(together)) == rank_intervals(draws)).all()
        assert (rank_bands(together)[1] - rank_bands(together)[0]).mean() > 15

    def test_by_brute_force(self):
        """The stepwise factor written out pair by pair."""
        rng = np.random.default_rng(3)
        draws = np.linspace(0, 1, 6) + 0.15 * rng.standard_normal((500, 6))
        mean = draws.mean(axis=0)
        told: set[tuple[int, int]] = set()
        while True:
            left = [(i, j) for i in range(6) for j in range(6) if i != j and (i, j) not in told and (j, i) not in told]
            if not left:
                break
            sd = {p: (draws[:, p[0]] - draws[:, p[1]]).std() for p in left}
            widest = np.max([np.abs(draws[:, i] - draws[:, j] - mean[i] + mean[j]) / sd[i, j] for i, j in left], axis=0)
            new = {(i, j) for i, j in left if mean[i] - mean[j] > np.quantile(widest, 0.95) * sd[i, j]}
            if not new:
                break
            told |= new
        low, high = rank_intervals(draws)
        assert low.tolist() == [1 + sum(j == i for _, j in told) for i in range(6)]
        assert high.tolist() == [6 - sum(j == i for j, _ in told) for i in range(6)]

    def test_too_many_areas_for_pairs(self):
        draws = np.random.default_rng(0).standard_normal((50, 400)) + np.arange(400) / 20
        assert (np.array(rank_intervals(draws)) == rank_bands(draws)).all()

    def test_nothing_known_gives_the_whole_list(self):
        low, high = rank_intervals(np.random.default_rng(0).standard_normal((1000, 28)))
        assert (set(low), set(high)) == ({1}, {28})


class TestSettlingSample:
    UNIT = np.full(28, 2 * 0.2)

    def test_a_settled_tier_needs_none(self):
        draws = spread_out()
        needed, table = settling_sample(draws, self.UNIT), tiers(draws, range(28))
        assert ((needed == 0) == (table["tier"] != "uncertain").to_numpy()).all()

    def test_nearer_the_edge_takes_more(self):
        needed = settling_sample(spread_out(), self.UNIT)
        below, above = needed[17:21], needed[23:28]
        assert list(below) == sorted(below)
        assert list(above) == sorted(above, reverse=True)

    def test_noisier_households_take_more(self):
        draws = spread_out()
        once, twice = settling_sample(draws, self.UNIT), settling_sample(draws, 2 * self.UNIT, bound=10_000)
        both = [i for i in range(28) if pd.notna(once[i]) and once[i] > 0]
        assert len(both) > 5
        assert all(2 * once[i] - 2 <= twice[i] <= 2 * once[i] for i in both)

    def test_at_the_edge_itself_no_sample_settles_it(self):
        """Two areas of the same value, one place: the other's uncertainty stays however large the sample."""
        rng = np.random.default_rng(0)
        needed = settling_sample(0.3 + 0.05 * rng.standard_normal((20_000, 2)), [0.4, 0.4], share="1/2")
        assert needed.isna().all()

    def test_an_area_known_exactly_cannot_be_settled_by_itself(self):
        rng = np.random.default_rng(0)
        draws = np.column_stack([np.full(5000, 0.3), 0.28 + 0.1 * rng.standard_normal(5000)])
        needed = settling_sample(draws, [0.4, 0.4], share="1/2")
        assert needed.isna()[0]

    def test_bound(self):
        draws = spread_out()
        needed = settling_sample(draws, self.UNIT, bound=100)
        assert needed.isna().any()
        assert needed[~needed.isna()].max() <= 100

    def test_population_changes_the_order_not_the_unit_of_the_answer(self):
        draws = spread_out()
        same = settling_sample(draws, self.UNIT, population=np.full(28, 5000))
        assert list(same) == list(settling_sample(draws, self.UNIT))

    def test_by_simulation(self):
        """Draw the sample it asks for many times: about half of the time the tier is then settled; with a quarter, less."""
        rng = np.random.default_rng(7)
        prior, sd, edge, unit = 0.34, 0.05, 0.30, 0.4
        draws = np.column_stack([prior + sd * rng.standard_normal(50_000), edge + 0.01 * rng.standard_normal(50_000)])
        n = int(settling_sample(draws, [unit, unit], share="1/2")[0])

        def settled(n: int) -> float:
            truth = prior + sd * rng.standard_normal(4000)
            observed = truth + np.sqrt(unit / n) * rng.standard_normal(4000)
            weight = sd**2 / (sd**2 + unit / n)
            mean, left = prior + weight * (observed - prior), sd**2 * (1 - weight)
            theta = mean[:, None] + np.sqrt(left) * rng.standard_normal((4000, 400))
            p = (theta > edge + 0.01 * rng.standard_normal((4000, 400))).mean(axis=1)
            return float(((p >= 0.9) | (p <= 0.1)).mean())

        assert n > 5
        assert settled(n) == pytest.approx(0.5, abs=0.04)
        assert settled(max(1, n // 4)) < 0.45
        assert settled(10 * n) > 0.55

    def test_bad_unit_variance(self):
        assert code(settling_sample, spread_out(), [1.0]) == "HY-V004"
        assert code(settling_sample, spread_out(), np.full(28, np.nan)) == "HY-V004"

    def test_one_area(self):
        assert list(settling_sample(np.random.default_rng(0).random((50, 1)), [1.0])) == [0]


@pytest.fixture
def profile() -> pd.DataFrame:
    rows = [
        ("9701", "attendance", "ترک تحصیل", "Children out of school", "education", 0.45, 0.38, 0.52, 0.30, 0.31),
        ("9701", "rooms", "تراکم نفر در اتاق", "Overcrowding", "housing", 0.20, 0.13, 0.27, 0.25, 0.11),
        ("9701", "work", "بیکاری", "Unemployment", "work", 0.092, 0.05, 0.15, 0.10, 0.05),
        ("9702", "attendance", "ترک تحصیل", "Children out of school", "education", 0.10, 0.05, 0.2, 0.20, 0.31),
        ("9702", "rooms", "تراکم نفر در اتاق", "Overcrowding", "housing", 0.09, 0.03, 0.17, 0.18, 0.11),
        ("9702", "work", "بیکاری", "Unemployment", "work", 0.092, 0.05, 0.15, 0.10, 0.05),
        ("9703", "attendance", "ترک تحصیل", "Children out of school", "education", *[np.nan] * 4, 0.31),
    ]
    names = [
        "area",
        "indicator",
        "title_fa",
        "title_en",
        "dimension",
        "estimate",
        "low",
        "high",
        "contribution",
        "province_estimate",
    ]
    frame = pd.DataFrame(rows, columns=names).assign(n=40, universe="probability_sample")
    return frame.assign(n=frame["n"].where(frame["area"] != "9703", 0))


class TestReasons:
    def test_the_decider_reads_figures_with_intervals(self, profile):
        said = reasons(profile)["9701"]
        assert said["en"] == (
            '45% of people live with the deprivation "Children out of school" (95% interval 38% to 52%), against 31% in the '
            'province; "Overcrowding": 20% (13% to 27%), against 11% in the province.'
        )
        assert said["fa"] == (
            "۴۵٪ از مردم با محرومیت «ترک تحصیل» زندگی می‌کنند (فاصلهٔ اطمینان ۹۵٪: ۳۸٪ تا ۵۲٪)، در برابر ۳۱٪ در استان؛ "
            "«تراکم نفر در اتاق»: ۲۰٪ (۱۳٪ تا ۲۷٪)، در برابر ۱۱٪ در استان."
        )

    def test_a_third_indicator_where_two_are_not_half(self, profile):
        assert "Unemployment" in reasons(profile)["9702"]["en"]
        assert "۹٫۲٪" in reasons(profile)["9702"]["fa"]

    def test_without_a_sample_it_says_so(self, profile):
        said = reasons(profile)["9703"]
        assert "census figures" in said["en"]
        assert "سرشماری" in said["fa"]

    @pytest.mark.parametrize("language", ["fa", "en"])
    def test_the_nominator_reads_no_figure(self, profile, language):
        said = reasons(profile, "nominator", tiers={"9701": "surely_in"})
        assert not any(character.isdigit() for area in said.values() for character in area[language])
        assert {"fa": "قطعاً در اولویت", "en": "surely in."}[language] in said["9701"][language]
        assert {"fa": "آموزش و مسکن", "en": "education and housing"}[language] in said["9701"][language]
        assert {"fa": "در دست بررسی", "en": "under review"}[language] in said["9702"][language]

    def test_the_resident_reads_what_is_held_and_how_to_correct_it(self, profile):
        said = reasons(profile, "resident")["9701"]
        assert "۴۵٪" in said["fa"]
        assert said["fa"].endswith("اصلاح کند.")
        assert said["en"].endswith("to have it corrected.")

    def test_the_resident_reads_nothing_from_fewer_than_ten_households(self, profile):
        said = reasons(profile.assign(n=9), "resident")["9701"]
        assert "%" not in said["en"]
        assert "٪" not in said["fa"]

    def test_a_list_speaks_of_those_assessed(self, profile):
        said = reasons(profile.assign(universe="list", low=np.nan, high=np.nan))["9701"]
        assert "of those assessed" in said["en"]
        assert "از ارزیابی‌شدگان" in said["fa"]
        assert "interval" not in said["en"]

    def test_persian_digits_and_letters(self, profile):
        for audience in ("decider", "nominator", "resident"):
            text = " ".join(area["fa"] for area in reasons(profile, audience).values())
            assert not set(text) & set("0123456789%يك")

    def test_other_audiences(self, profile):
        assert code(reasons, profile, "press") == "HY-V005"

    def test_what_drives_an_index(self):
        data = pd.DataFrame({"area": list("abc"), "poor": [0, 1, 2], "work": [0.9, 0.9, 0.1], "roads": [5, 3, 0]})
        index = AreaIndex({"poor": 1, "work": -1, "roads": -1}).fit(data, draws=60)
        said = index_reasons(index, {"roads": {"fa": "راه", "en": "Roads"}})
        assert (
            said["b"]["en"] == 'What weighs most in this area\'s score: "poor" (rank 2 of 3) and "Roads" (rank 2 of 3).'
        )
        assert "«راه» (رتبهٔ ۲ از ۳)" in said["b"]["fa"]
        assert "no indicator" in said["a"]["en"]


def test_the_tiers_have_the_words_of_the_glossary_everywhere() -> None:
    from pathlib import Path

    from hamyar.figures import TIERS

    assert list(TIERS) == ["surely_in", "uncertain", "surely_out"]
    glossary = Path(__file__).parents[2].joinpath("GLOSSARY.md").read_text("utf-8")
    (line,) = [line for line in glossary.splitlines() if line.startswith("| Tier |")]
    for words in TIERS.values():
        assert f"{words['en']} {words['fa']}" in line
