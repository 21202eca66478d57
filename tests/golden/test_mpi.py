"""Alkire-Foster against published and recomputed numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hamyar.indicators import Measure
from hamyar.poverty import alkire_foster, changes
from hamyar.survey import Design

pytestmark = pytest.mark.shared
CASES = "methods/cases"
DIMENSIONS = {
    "health": ["d_cm", "d_nutr"],
    "education": ["d_satt", "d_educ"],
    "living": ["d_elct", "d_sani", "d_wtr", "d_hsg", "d_ckfl", "d_asst"],
}
PEERS_NAMES = {
    "M0": "M0",
    "H": "H",
    "A": "A",
    "hd": "uncensored_headcount",
    "hdk": "censored_headcount",
    "actb": "absolute_contribution",
    "pctb": "percentage_contribution",
}
CUTOFFS = {20: "1/5", 33: "33/100", 50: "1/2"}
DESIGN = Design(weight="weight", strata="stratum", psu="psu")


@pytest.fixture(scope="module")
def households(shared: Path) -> pd.DataFrame:
    data = pd.read_csv(shared / CASES / "mpi_syn_cdta" / "data.csv", dtype={"area": str, "region": str})
    assert len(data) == 15_000
    return data


def peers(path: Path) -> pd.DataFrame:
    """mpitbR's rows under our names; `over` is nat, area or region."""
    rows = pd.read_csv(path, dtype={"subg": str})
    return rows.assign(
        measure=rows["measure"].map(PEERS_NAMES), cutoff=rows["k"].map(CUTOFFS), over=rows["loa"]
    ).rename(columns={"subg": "group"})


def ours(data: pd.DataFrame, over: str, wave: list[str]) -> pd.DataFrame:
    by = wave + ([] if over == "nat" else [over])
    measure = Measure.of_columns(DIMENSIONS, cutoff="1/3", missing="drop")
    frame = alkire_foster(data, measure, DESIGN, by=by or None, cutoffs=list(CUTOFFS.values()))
    return frame.assign(over=over, group="nat" if over == "nat" else frame.get(over))


@pytest.mark.parametrize(
    ("file", "wave", "rows", "with_error"),
    [("expected_lframe.csv", ["t"], 5_014, 2_254), ("expected_pooled_lframe.csv", [], 327, 147)],
)
def test_every_row_of_mpitbr_with_its_error(
    households: pd.DataFrame, shared: Path, file: str, wave: list[str], rows: int, with_error: int
) -> None:
    """mpitbR 1.0.1 and survey 4.5: mpitb.est(…, klist = c(20, 33, 50), tvar = "t", over = c("area", "region"))."""
    expected = peers(shared / CASES / "mpi_syn_cdta" / file)
    found = pd.concat(ours(households, over, wave) for over in expected["over"].unique())
    both = expected.merge(
        found,
        on=["measure", "indicator", "cutoff", "over", "group", *wave],
        suffixes=("_peer", ""),
        validate="1:1",
        how="left",
    )
    assert len(both) == rows
    np.testing.assert_allclose(both["estimate"], both["b"], rtol=0, atol=2e-8)
    sure = both[both["se_peer"].notna()]
    assert len(sure) == with_error
    np.testing.assert_allclose(sure["se"], sure["se_peer"], rtol=1e-8, atol=0)
    inside = sure[sure["estimate"] > 0]  # at zero the peer's limits are its own noise
    assert len(sure) - len(inside) <= 1
    np.testing.assert_allclose(inside["low"], inside["ll"], rtol=0, atol=2e-8)
    np.testing.assert_allclose(inside["high"], inside["ul"], rtol=0, atol=2e-8)
    assert both["se"].notna().all(), "contributions have errors too"


def test_the_worked_example_of_alkire_and_foster(shared: Path) -> None:
    """Four persons, four dimensions, two weightings, six cut-offs (Alkire & Foster 2011)."""
    case = shared / CASES / "mpi_af2011_toy"
    expected = json.loads((case / "expected.json").read_text())
    data = pd.read_csv(case / "data.csv")
    names = ["income", "schooling", "health", "access"]
    deprived = (data[names] < expected["z"]).astype(int)
    equal = Measure.of_columns({name: [name] for name in names}, cutoff=1, missing="drop")
    weights = [Fraction(w) / 4 for w in ("2", "1/2", "1", "1/2")]
    unequal = replace(
        equal, indicators=tuple(replace(i, weight=w) for i, w in zip(equal.indicators, weights, strict=True))
    )
    assert len(expected["results"]) == 12
    for key, numbers in expected["results"].items():
        weighting, _, k = key.partition("|k=")
        measure = {"equal": equal, "w2_.5_1_.5": unequal}[weighting]
        frame = alkire_foster(deprived, measure, Design(universe="census"), cutoffs=[Fraction(k) / 4])
        assert_equals(frame, numbers)


def assert_equals(frame: pd.DataFrame, numbers: dict[str, object]) -> None:
    found = frame.set_index("measure")["estimate"]
    for name in ("H", "A", "M0"):
        assert found[name] == pytest.approx(numbers[name], abs=1e-12)
    pairs = {
        "censored_headcount": "censored_headcount",
        "uncensored_headcount": "uncensored",
        "percentage_contribution": "contribution",
    }
    for ours_name, theirs in pairs.items():
        np.testing.assert_allclose(found[ours_name], numbers[theirs], atol=1e-12)


def test_the_example_printed_in_the_vignette(shared: Path) -> None:
    """Five persons, four indicators, k = 1/2 (vignette of mpitbR 1.0.1, section 2; printed to 3 or 4 digits)."""
    case = shared / CASES / "mpi_vignette_toy"
    published = json.loads((case / "expected.json").read_text())["published"]
    data = pd.read_csv(case / "data.csv")
    measure = Measure.of_columns({d: [d] for d in ("d1", "d2", "d3", "d4")}, cutoff="1/2", missing="drop")
    frame = alkire_foster(data, measure, Design(universe="census"))
    found = frame.set_index("measure")["estimate"]
    for name in ("M0", "H", "A"):
        assert found[name] == pytest.approx(published[name], abs=5e-5)
    pairs = {"uncensored_headcount": "uncensored", "censored_headcount": "censored", "percentage_contribution": "pctb"}
    for ours_name, theirs in pairs.items():
        np.testing.assert_allclose(found[ours_name], published[theirs], atol=1.5e-4)
    regions = alkire_foster(data, measure, Design(universe="census"), by="region").set_index(["measure", "region"])
    assert regions.loc[("M0", "South"), "estimate"] == pytest.approx(published["M0_South"], abs=1e-3)
    assert regions.loc[("M0", "North"), "estimate"] == pytest.approx(published["M0_North"], abs=1e-3)


def test_every_change_of_mpitbr_with_its_error(households: pd.DataFrame, shared: Path) -> None:
    """mpitbR 1.0.1: the same call with cotyear = "year", ann = TRUE; 2010 to 2018.5; relative changes there in percent."""
    expected = peers(shared / CASES / "mpi_syn_cdta" / "expected_cotframe.csv")
    measure = Measure.of_columns(DIMENSIONS, cutoff="1/3", missing="drop")
    parts = []
    for over in expected["over"].unique():
        by = None if over == "nat" else [over]
        frame = changes(households, measure, DESIGN, "year", by=by, cutoffs=list(CUTOFFS.values()))
        parts.append(frame.assign(over=over, group="nat" if over == "nat" else frame.get(over)))
    names = {
        ("abs", 0): "absolute",
        ("rel", 0): "relative",
        ("abs", 1): "absolute_by_year",
        ("rel", 1): "relative_by_year",
    }
    expected["change"] = [names[key] for key in zip(expected["ctype"], expected["ann"], strict=True)]
    both = expected.merge(
        pd.concat(parts),
        on=["measure", "indicator", "cutoff", "over", "group", "change"],
        suffixes=("_peer", ""),
        validate="1:1",
        how="left",
    )
    scale = np.where(both["ctype"] == "rel", 100, 1)
    assert len(both) == 4_508
    np.testing.assert_allclose(both["estimate"] * scale, both["b"], rtol=1e-8, atol=2e-8)
    sure = both[both["se_peer"].notna()].assign(scale=scale[both["se_peer"].notna()])
    assert len(sure) == 4_507
    np.testing.assert_allclose(sure["se"] * sure["scale"], sure["se_peer"], rtol=1e-8, atol=0)
    normal = 1.959963984540054  # the peer's limits; ours are Student's t with the design's degrees of freedom
    np.testing.assert_allclose(
        sure["ll"], (sure["estimate"] - normal * sure["se"]) * sure["scale"], rtol=1e-7, atol=2e-8
    )
    t = stats.t.ppf(0.975, 717 - 120)
    np.testing.assert_allclose(sure["low"], sure["estimate"] - t * sure["se"], rtol=1e-9)
