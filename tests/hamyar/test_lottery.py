"""Lots among those who are alike, and how far a household stands from the cut-off."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from itertools import chain, combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.priority import distance_to_cutoff, draw_lots, ticket

KEYS = ["a", "b", "c", "d", "e", "f"]
SCORES = [Fraction(n, 18) for n in (12, 9, 9, 9, 9, 3)]


def code(call, *args, **kwargs) -> str:
    with pytest.raises(HamyarError) as caught:
        call(*args, **kwargs)
    assert all(fault.fa and fault.en for fault in caught.value.faults)
    return caught.value.faults[0].code


class TestLottery:
    def test_the_tie_at_the_last_place_is_drawn(self):
        table = draw_lots(KEYS, SCORES, 3, seed="1404-07-01").set_index("key")
        assert table["state"].to_dict() == {"a": "above", "f": "below", **dict.fromkeys("bcde", "lot")}
        assert table["selected"].sum() == 3
        assert table.loc["a", "selected"]
        assert not table.loc["f", "selected"]

    def test_anybody_can_check_it(self):
        table = draw_lots(KEYS, SCORES, 3, seed="1404-07-01")
        lot = table[table["state"] == "lot"]
        by_hand = {key: hashlib.sha256(f"1404-07-01:{key}".encode()).hexdigest() for key in lot["key"]}
        assert lot.set_index("key")["ticket"].to_dict() == by_hand
        assert set(lot.loc[lot["selected"], "key"]) == set(sorted(by_hand, key=by_hand.get)[:2])
        assert ticket(7, "b") == ticket("7", "b")

    def test_a_band_around_the_cut_off(self):
        scores = [0.80, 0.52, 0.51, 0.49, 0.48, 0.10]
        table = draw_lots(KEYS, scores, 3, seed=1, band=0.025).set_index("key")
        assert list(table.index[table["state"] == "lot"].sort_values()) == ["b", "c", "d"]
        assert table["selected"].sum() == 3

    def test_every_place_needs_no_lot(self):
        assert draw_lots(KEYS, SCORES, 6, seed=1)["selected"].all()

    def test_every_key_has_the_same_chance(self):
        won = dict.fromkeys("bcde", 0)
        for seed in range(300):
            table = draw_lots(KEYS, SCORES, 3, seed=seed)
            for key in table.loc[table["selected"], "key"][1:]:
                won[key] += 1
        assert all(abs(n - 150) < 4 * np.sqrt(75) for n in won.values())

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 99), st.randoms(use_true_random=False))
    def test_fair_in_every_way(self, scores, seed, random):
        keys, places = [f"h{i}" for i in range(len(scores))], random.randint(1, len(scores))
        table = draw_lots(keys, scores, places, seed=seed)
        chosen = set(table.loc[table["selected"], "key"])
        score = dict(zip(keys, scores, strict=True))
        assert len(chosen) == places
        assert min(score[k] for k in chosen) >= max((score[k] for k in keys if k not in chosen), default=-1)
        order = random.sample(range(len(keys)), len(keys))
        again = draw_lots([keys[i] for i in order], [scores[i] for i in order], places, seed=seed)
        pd.testing.assert_frame_equal(table, again)
        loser = next((k for k in table["key"] if k not in chosen), None)
        if loser:
            left = [k for k in keys if k != loser]
            without = draw_lots(left, [score[k] for k in left], places, seed=seed)
            assert set(without.loc[without["selected"], "key"]) == chosen, "who loses changes nothing by leaving"

    def test_refused(self):
        assert code(draw_lots, ["a", "a"], [1, 1], 1, seed=1) == "HY-V008"
        for places in (0, 7, -1):
            assert code(draw_lots, KEYS, SCORES, places, seed=1) == "HY-V009"
        for gap in (None, float("nan"), "high"):
            assert code(draw_lots, ["a", "b"], [1, gap], 1, seed=1) == "HY-V010"


MEASURE = Measure.of_columns(
    {"education": ["school", "literacy"], "health": ["food", "deaths"], "living": ["water", "fuel", "floor"]},
    cutoff="1/3",
)


def households(*rows) -> pd.DataFrame:
    names = [indicator.name for indicator in MEASURE.indicators]
    return pd.DataFrame(rows, columns=names, dtype="Int64")


class TestDistance:
    def test_exact_at_the_cut_off(self):
        """School and food are 1/6 each: exactly 1/3, so poor, and any one answer of either would cross it."""
        row = distance_to_cutoff(households([1, 0, 1, 0, 0, 0, 0]), MEASURE, audience="auditor").iloc[0]
        assert (row["score"], row["distance"], row["poor"]) == (Fraction(1, 3), Fraction(0), True)
        assert (row["changes"], row["sets"]) == (1, (("food",), ("school",)))

    def test_just_below(self):
        row = distance_to_cutoff(households([1, 0, 0, 0, 1, 0, 0]), MEASURE, audience="statistician").iloc[0]
        assert row["distance"] == Fraction(1, 6) + Fraction(1, 9) - Fraction(1, 3)
        assert (row["poor"], row["changes"]) == (False, 1)
        assert set(row["sets"]) == {("deaths",), ("food",), ("literacy",), ("floor",), ("fuel",)}

    def test_far_away(self):
        row = distance_to_cutoff(households([0] * 7), MEASURE, audience="auditor").iloc[0]
        assert row["changes"] == 2
        assert ("deaths", "food") in row["sets"]
        assert all(len(names) == 2 for names in row["sets"])

    def test_by_trying_all_changes(self):
        rng = np.random.default_rng(0)
        rows = rng.integers(0, 2, (40, 7))
        table = distance_to_cutoff(households(*rows.tolist()), MEASURE, audience="auditor")
        weight = {indicator.name: indicator.weight for indicator in MEASURE.indicators}
        for answers, found in zip(rows, table.itertuples(), strict=True):
            held = {name for name, a in zip(weight, answers, strict=True) if a}
            poor = sum(weight[n] for n in held) >= MEASURE.cutoff
            subsets = chain.from_iterable(combinations(weight, k) for k in range(1, 8))
            crossing = [s for s in subsets if (sum(weight[n] for n in held ^ set(s)) >= MEASURE.cutoff) != poor]
            least = min(len(s) for s in crossing)
            assert found.poor == poor
            assert found.changes == least
            assert {frozenset(s) for s in found.sets} <= {frozenset(s) for s in crossing}

    def test_gaps_follow_the_rule(self):
        gap = households([1, None, 1, 0, 0, 0, 0])
        drop = distance_to_cutoff(gap, MEASURE, audience="auditor").iloc[0]
        assert (drop["score"], drop["poor"], drop["unknown"]) == (None, None, ("literacy",))
        dimensions = {
            "education": ["school", "literacy"],
            "health": ["food", "deaths"],
            "living": ["water", "fuel", "floor"],
        }
        for rule, score in (("not_deprived", Fraction(1, 3)), ("reweight", Fraction(2, 5))):
            other = Measure.of_columns(dimensions, cutoff="1/3", missing=rule)
            assert distance_to_cutoff(gap, other, audience="auditor").iloc[0]["score"] == score

    def test_on_a_shipped_measure(self, tmp_path):
        measure = Measure.load("iran-household")
        columns = [measure.contract.by_name[name] for name in measure.columns]
        good = {c.name: True if c.type == "boolean" else c.values[0] if c.values else 2.0 for c in columns}
        good |= {"children_out_of_school": 0.0, "unemployed": 0.0, "health_expenditure": 0.0}
        homes = pd.DataFrame([{"household_id": "h1", **good}, {"household_id": "h2", **good, "internet": None}])
        homes.loc[0, "children_out_of_school"] = 1
        path = tmp_path / "homes.parquet"
        homes.to_parquet(path)
        known, gap = distance_to_cutoff(path, measure, audience="auditor", key="household_id").itertuples()
        attendance = next(i for i in measure.indicators if i.name == "school_attendance")
        assert (known.key, known.score, known.unknown) == ("h1", attendance.weight, ())
        assert (gap.key, gap.poor, gap.unknown) == ("h2", None, ("internet",))

    @pytest.mark.parametrize("audience", ["nominator", "resident", "decider", ""])
    def test_for_nobody_else(self, audience):
        assert code(distance_to_cutoff, households([0] * 7), MEASURE, audience=audience) == "HY-V007"
