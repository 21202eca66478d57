"""Changes over time: what they are, what their errors count, and which waves are refused."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from hamyar.errors import HamyarError
from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster, changes
from hamyar.survey import Bootstrap, Design

TWO = Measure.of_columns({"a": ["x", "y"], "b": ["z"]}, cutoff="1/2")
DESIGN = Design(weight="w", strata="h", psu="c")


def waves(years: tuple[float, ...] = (2010, 2015), seed: int = 1, households: int = 400) -> pd.DataFrame:
    """The same forty clusters in every year, each with a level of its own; less deprivation each time."""
    random = np.random.default_rng(seed)
    lean = random.normal(0, 0.1, 40)
    parts = []
    for n, year in enumerate(years):
        cluster = np.arange(households) % 40
        share = np.clip(0.5 - 0.08 * n + lean[cluster], 0, 1)
        answers = {name: (random.random(households) < share).astype(float) for name in "xyz"}
        part = pd.DataFrame({**answers, "c": cluster, "h": cluster // 20, "w": random.uniform(1, 4, households)})
        parts.append(part.assign(year=year, g=random.choice(["north", "south"], households)))
    return pd.concat(parts, ignore_index=True)


def row(frame: pd.DataFrame, change: str, measure: str = "M0", **keys: object) -> pd.Series:
    chosen = (frame["change"] == change) & (frame["measure"] == measure)
    for column, value in keys.items():
        chosen &= frame[column] == value
    assert chosen.sum() == 1
    return frame[chosen].iloc[0]


def test_changes_are_of_the_levels() -> None:
    data = waves()
    frame = changes(data, TWO, DESIGN, "year", by="g")
    assert list(frame.columns) == [
        *("measure", "indicator", "cutoff", "g", "start", "end", "change", "estimate", "se", "low", "high"),
        *("universe", "provenance"),
    ]
    levels = alkire_foster(data, TWO, DESIGN, by=["year", "g"])
    before, after = (
        levels[(levels["measure"] == "M0") & (levels["year"] == year) & (levels["g"] == "north")]["estimate"].iloc[0]
        for year in (2010, 2015)
    )
    assert row(frame, "absolute", g="north")["estimate"] == pytest.approx(after - before)
    assert row(frame, "relative", g="north")["estimate"] == pytest.approx(after / before - 1)
    assert row(frame, "absolute_by_year", g="north")["estimate"] == pytest.approx((after - before) / 5)
    assert row(frame, "relative_by_year", g="north")["estimate"] == pytest.approx((after / before) ** 0.2 - 1)
    assert frame.attrs["notes"][0]["en"] == "2010 to 2015: clusters visited in both waves: 40, by their ids."


@pytest.mark.parametrize("with_psu", [True, False])
def test_errors_equal_a_row_by_row_linearisation(with_psu: bool) -> None:
    data = waves()
    data["row"] = np.arange(len(data))
    design = DESIGN if with_psu else Design(weight="w", strata="h")
    frame = changes(data, TWO, design, "year")
    score = data["x"] / 4 + data["y"] / 4 + data["z"] / 2
    poor = score.where(score >= 0.5, 0)
    influence, levels = pd.Series(0.0, data.index), []
    for year in (2010, 2015):
        inside = data["year"] == year
        total = data["w"][inside].sum()
        levels.append((data["w"] * poor)[inside].sum() / total)
        influence[inside] = (data["w"] * (poor - levels[-1]) / total)[inside]
    before, after = levels
    for change, of_before, of_after in (("absolute", -1, 1), ("relative", -after / before**2, 1 / before)):
        z = influence * np.where(data["year"] == 2010, of_before, of_after)
        variance = 0.0
        for _, stratum in z.groupby(data["h"]):
            clusters = stratum.groupby(data.loc[stratum.index, "c" if with_psu else "row"]).sum()
            m = len(clusters)
            variance += m / (m - 1) * ((clusters - clusters.mean()) ** 2).sum()
        assert row(frame, change)["se"] == pytest.approx(variance**0.5, rel=1e-9)


def test_limits_by_year_are_those_of_the_whole_change() -> None:
    for data in (waves(), waves(households=150)):
        frame = changes(data, TWO, DESIGN, "year")
        whole, by_year = (frame[frame["change"].isin([c, f"{c}_by_year"])] for c in ("absolute", "relative"))
        for part, same in ((whole, lambda v: v / 5), (by_year, lambda v: (1 + v) ** 0.2 - 1)):
            yearly = part["change"].str.endswith("by_year").to_numpy()
            for end in ("low", "high"):
                np.testing.assert_allclose(part[end][yearly], same(part[end][~yearly]), rtol=1e-9)
        assert (frame["low"] < frame["estimate"]).all()
        assert (frame["estimate"] < frame["high"]).all()
        assert (by_year["low"] >= -1).all()


def test_no_change_seen_is_not_no_change() -> None:
    data = waves()
    first = data[data["year"] == 2010]
    frame = changes(pd.concat([first, first.assign(year=2015)]), TWO, DESIGN, "year")
    still = row(frame, "absolute", measure="H")
    assert still["estimate"] == 0
    assert still["se"] == pytest.approx(0, abs=1e-12)
    assert still["high"] == -still["low"] == pytest.approx(1 - 0.025 ** (1 / len(first)))
    level = alkire_foster(first, TWO, DESIGN).set_index("measure")["estimate"]["H"]
    assert row(frame, "relative", measure="H")["high"] == pytest.approx(still["high"] / level)


def test_a_share_of_poverty_may_change_by_a_deprivation_that_was_not_seen_to_change() -> None:
    """Some of the poor lost z, none x: its share rose; one more household could have lost it."""
    data = waves(households=120)
    first = data[data["year"] == 2010]
    stays_poor = first[["x", "y", "z"]].all(axis=1) & (first["c"] % 8 == 0)
    last = first.assign(year=2015, z=first["z"].where(~stays_poor, 0.0))
    for change in ("absolute", "relative"):
        one = row(
            changes(pd.concat([first, last]), TWO, DESIGN, "year"), change, "percentage_contribution", indicator="x"
        )
        poor = first[(first["x"] * first["y"] + first["z"]) > 0]
        weight, lost = poor["w"].sum(), 1 - 0.025 ** (1 / len(poor))
        with_x, scores = (poor["w"] * poor["x"]).sum() / 4, alkire_foster(last, TWO, DESIGN).set_index("measure")
        whole = scores["estimate"]["M0"] * first["w"].sum()
        least = (with_x - lost * weight / 4) / (whole - lost * weight / 4)
        before = with_x / whole / (1 + one["estimate"]) if change == "relative" else with_x / whole - one["estimate"]
        around = least / before - 1 if change == "relative" else least - before
        assert one["estimate"] > 0
        assert around - 2 * one["se"] < one["low"] < around < one["estimate"] - 2.3 * one["se"]


def test_clusters_visited_twice_make_a_change_surer_than_two_samples() -> None:
    data = waves(households=2000)
    again = changes(data, TWO, DESIGN, "year")
    apart = changes(
        data.assign(c=data["c"] + 100 * (data["year"] == 2015), h=data["h"] + 10 * (data["year"] == 2015)),
        TWO,
        DESIGN,
        "year",
    )
    levels = alkire_foster(data, TWO, DESIGN, by="year")
    alone = np.sqrt((levels[levels["measure"] == "M0"]["se"] ** 2).sum())
    assert row(again, "absolute")["se"] < 0.8 * alone
    assert row(apart, "absolute")["se"] == pytest.approx(alone, rel=1e-9)
    assert "visited in both waves: 0" in apart.attrs["notes"][0]["en"]


def test_replicates_agree_with_linearisation() -> None:
    data = waves()
    linear = changes(data, TWO, DESIGN, "year", by="g")
    drawn = changes(
        data, TWO, Design(weight="w", strata="h", psu="c", replicates=Bootstrap(600, seed=2)), "year", by="g"
    )
    np.testing.assert_allclose(drawn["estimate"], linear["estimate"], rtol=1e-12)
    chosen = linear["measure"].isin(["M0", "H", "A"])
    np.testing.assert_allclose(drawn["se"][chosen], linear["se"][chosen], rtol=0.15)


def test_three_waves_are_compared_in_turn_and_from_end_to_end() -> None:
    frame = changes(waves((2010, 2014, 2020)), TWO, DESIGN, "year")
    pairs = frame[["start", "end"]].drop_duplicates().to_numpy().tolist()
    assert pairs == [[2010, 2014], [2014, 2020], [2010, 2020]]
    steps = [row(frame, "absolute", start=a, end=b)["estimate"] for a, b in pairs]
    assert steps[0] + steps[1] == pytest.approx(steps[2])


def test_dates_count_in_years() -> None:
    data = waves()
    dated = data.assign(day=pd.to_datetime(np.where(data["year"] == 2010, "2010-07-01", "2015-01-01")))
    frame = changes(dated, TWO, DESIGN, "day")
    assert row(frame, "absolute_by_year")["estimate"] == pytest.approx(
        row(frame, "absolute")["estimate"] / 4.5, rel=2e-3
    )
    days = dated.assign(day=[date(day.year, day.month, 1) for day in dated["day"]])
    again = row(changes(days, TWO, DESIGN, "day"), "absolute")["estimate"]
    assert again == pytest.approx(row(frame, "absolute")["estimate"])


def test_a_group_of_one_wave_has_no_change_and_is_named() -> None:
    data = waves()
    data.loc[(data["year"] == 2015) & (data["g"] == "south"), "g"] = "west"
    frame = changes(data, TWO, DESIGN, "year", by="g")
    assert set(frame["g"]) == {"north"}
    assert frame.attrs["notes"][0]["en"] == "2010 to 2015: groups in one wave only, without a change: south, west."


def test_a_census_is_sure_and_a_list_says_nothing_of_its_error() -> None:
    data = waves()
    assert (changes(data, TWO, Design(universe="census"), "year")["se"].dropna() == 0).all()
    assert changes(data, TWO, Design(universe="list"), "year")["se"].isna().all()


def test_a_change_from_zero_has_no_relative_value() -> None:
    data = waves()
    data.loc[data["year"] == 2010, ["x", "y", "z"]] = 0.0
    frame = changes(data, TWO, DESIGN, "year")
    assert np.isnan(row(frame, "relative", "H")["estimate"])
    assert np.isnan(row(frame, "relative", "H")["se"])
    assert row(frame, "absolute", "H")["se"] > 0


def test_waves_that_are_none_are_refused() -> None:
    data = waves()
    for column, code in (
        (data["year"].astype(str), "HY-Y010"),
        (data["year"].where(data.index > 3), "HY-Y010"),
        (2010, "HY-Y011"),
    ):
        with pytest.raises(HamyarError, match=code):
            changes(data.assign(year=column), TWO, DESIGN, "year")
    with pytest.raises(HamyarError, match="HY-S003"):
        changes(data, TWO, DESIGN, "period")
