"""Survey estimates against R's survey: 4.5 (the reference case) and 4.1-1 (Debian 12, where a test says so)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hamyar.survey import (
    Calibrated,
    Design,
    Jackknife,
    calibrate,
    mean,
    post_stratify,
    proportion,
    quantile,
    rake,
    ratio,
    regression,
    total,
)

pytestmark = pytest.mark.shared
CASE = "methods/cases/survey_api"
DESIGNS = {
    "apistrat": ("apistrat", Design(weight="pw", strata="stype", fpc="fpc")),
    "apiclus1": ("apiclus1", Design(weight="pw", psu="dnum", fpc="fpc")),
    "apiclus2_2stage_fpc": ("apiclus2", Design(weight="pw", psu=["dnum", "snum"], fpc=["fpc1", "fpc2"])),
    "apiclus2_wr": ("apiclus2", Design(weight="pw", psu=["dnum", "snum"])),
}
EXACT = {"rtol": 1e-8, "atol": 0}


@pytest.fixture(scope="module")
def expected(shared: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared / CASE / "expected.json").read_text())["results"]
    return found


@pytest.fixture(scope="module")
def schools(shared: Path) -> dict[str, pd.DataFrame]:
    names = ("apistrat", "apiclus1", "apiclus2")
    return {name: pd.read_csv(shared / CASE / f"{name}.csv", dtype={"cds": str}) for name in names}


def numbers(frame: pd.DataFrame) -> list[list[float]]:
    return frame[["estimate", "se"]].to_numpy().tolist()


@pytest.mark.parametrize("name", DESIGNS)
def test_means_totals_ratios_and_domains(name: str, expected: dict[str, Any], schools: dict[str, pd.DataFrame]) -> None:
    """svydesign(id = ~dnum + snum, strata, weights = ~pw, fpc); svymean(~api00, deff = TRUE), svytotal(~enroll, na.rm),
    svyratio(~api00, ~api99), svyby(~api00, ~stype, svymean), degf."""
    peer, (file, design) = expected[name], DESIGNS[name]
    data = schools[file]
    whole = mean(data, "api00", design)
    found = [*numbers(whole), *numbers(total(data, "enroll", design)), *numbers(ratio(data, "api00", "api99", design))]
    wanted = [[peer[what]["b"], peer[what]["se"]] for what in ("mean", "total", "ratio")]
    np.testing.assert_allclose(found, wanted, **EXACT)
    np.testing.assert_allclose(whole["deff"], [peer["deff"]], **EXACT)
    assert whole["df"][0] == peer["degf"]
    domains = mean(data, "api00", design, by="stype")
    by_type = peer["domain_mean"].values()
    assert domains["stype"].tolist() == [domain["stype"] for domain in by_type]
    np.testing.assert_allclose(numbers(domains), [[domain["api00"], domain["se"]] for domain in by_type], **EXACT)


@pytest.mark.parametrize("name", DESIGNS)
def test_proportions_with_limits_on_the_logit_scale(
    name: str, expected: dict[str, Any], schools: dict[str, pd.DataFrame]
) -> None:
    """svymean of api00 from 600 and below, svyciprop(~I(api00 < 600), method = "logit")."""
    peer, (file, design) = expected[name], DESIGNS[name]
    data = schools[file]
    frame = proportion(data.assign(level=np.where(data["api00"] >= 600, "high", "low")), "level", design)
    assert frame["category"].tolist() == ["high", "low"]
    np.testing.assert_allclose(frame[["estimate", "se"]].T, [peer["prop"]["b"], peer["prop"]["se"]], **EXACT)
    np.testing.assert_allclose(frame.loc[1, ["low", "high"]].tolist(), peer["ciprop_logit"], **EXACT)


@pytest.mark.parametrize("name", DESIGNS)
def test_quantiles_by_three_rules_with_woodruffs_errors(
    name: str, expected: dict[str, Any], schools: dict[str, pd.DataFrame]
) -> None:
    """svyquantile(~api00, c(.25, .5, .75), qrule = "math" | "hf7" | "school")."""
    file, design = DESIGNS[name]
    assert [peer["rule"] for peer in expected[name]["quantile"]] == ["math", "hf7", "school"]
    for peer in expected[name]["quantile"]:
        frame = quantile(schools[file], "api00", design, probabilities=[0.25, 0.5, 0.75], rule=peer["rule"])
        np.testing.assert_allclose(frame[["estimate", "se"]].T, [peer["b"], peer["se"]], **EXACT)
        assert frame["probability"].tolist() == [0.25, 0.5, 0.75]


TYPES = {"E": 4421, "H": 755, "M": 1018}
BOTH = {"stype": TYPES, "api99": 3914069}
CLUSTERS = DESIGNS["apiclus1"][1]
CALIBRATIONS = {  # name: weights, how near: the peer stops its iterations at 1e-7 of each total
    "cal_linear_stype": (lambda data: calibrate(data, CLUSTERS, {"stype": TYPES}), 1e-8),
    "cal_linear_stype_api99": (lambda data: calibrate(data, CLUSTERS, BOTH), 1e-8),
    "cal_raking_stype_api99": (lambda data: calibrate(data, CLUSTERS, BOTH, method="raking"), 1e-8),
    "cal_logit_stype_api99": (lambda data: calibrate(data, CLUSTERS, BOTH, method="logit", bounds=(0.5, 2)), 1e-8),
    "cal_linear_bounded": (lambda data: calibrate(data, CLUSTERS, BOTH, bounds=(0.6, 1.6)), 1e-8),
    "poststrat": (lambda data: post_stratify(data, CLUSTERS, "stype", TYPES), 1e-8),
}
MARGINS = {"stype": TYPES, "sch.wide": {"No": 1072, "Yes": 5122}}


def weights(made: Calibrated) -> Any:
    return made.data.expr[made.design.weight].to_pyarrow().to_numpy()


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_calibrated_weights_and_errors_by_residuals(
    name: str, expected: dict[str, Any], schools: dict[str, pd.DataFrame]
) -> None:
    """calibrate(dclus1, ~stype [+ api99], calfun, bounds), postStratify(dclus1, ~stype): weights, totals, means, errors."""
    peer, (make, near) = expected[name], CALIBRATIONS[name]
    made = make(schools["apiclus1"])
    np.testing.assert_allclose(weights(made), peer["w"], rtol=near)
    found = numbers(total(made.data, "enroll", made.design))
    wanted = [[peer["total_enroll"]["b"], peer["total_enroll"]["se"]]]
    if "mean_api00" in peer:
        found += numbers(mean(made.data, "api00", made.design))
        wanted += [[peer["mean_api00"]["b"], peer["mean_api00"]["se"]]]
    np.testing.assert_allclose(found, wanted, rtol=near)


def test_raking_to_the_end_and_as_far_as_the_peer_goes(
    expected: dict[str, Any], schools: dict[str, pd.DataFrame]
) -> None:
    """rake(dclus1, …) stops when a round moves no cell by 1; its errors then hold that rest (1e-5). To the end:
    survey 4.1-1, rake(…, control = list(maxit = 200, epsilon = 1e-9))."""
    peer = expected["rake_stype_schwide"]
    early = rake(schools["apiclus1"], CLUSTERS, MARGINS, stop_at=1)
    np.testing.assert_allclose(weights(early), peer["w"], **EXACT)
    found = [*numbers(total(early.data, "enroll", early.design)), *numbers(mean(early.data, "api00", early.design))]
    wanted = [[peer[what]["b"], peer[what]["se"]] for what in ("total_enroll", "api")]
    np.testing.assert_allclose([row[0] for row in found], [row[0] for row in wanted], **EXACT)
    np.testing.assert_allclose([row[1] for row in found], [row[1] for row in wanted], rtol=2e-5)
    made = rake(schools["apiclus1"], CLUSTERS, MARGINS)
    found = [*numbers(total(made.data, "enroll", made.design)), *numbers(mean(made.data, "api00", made.design))]
    end = [[3647280.148131873, 400603.2568601681], [641.2303209265716, 23.70361688800413]]
    np.testing.assert_allclose(found, end, rtol=1e-8)


def test_jackknife(schools: dict[str, pd.DataFrame]) -> None:
    """survey 4.1-1: as.svrepdesign(dclus1, type = "JK1") and (dstrat, type = "JKn"), fpc in both; svymean(~api00),
    svytotal(~enroll), svyratio(~api00, ~api99), svyby(~api00, ~stype | ~sch.wide, svymean)."""
    wanted = {
        "apiclus1": [26.32936058952756, 932235.0270412137, 0.006438773850697986],
        "apistrat": [9.408940802784503, 114641.7161007803, 0.003644189240061502],
    }
    domains = {
        "apiclus1": ("stype", [25.37430355239820, 46.34412174518601, 33.68761999863136]),
        "apistrat": ("sch.wide", [19.17981190852456, 10.52900260638989]),
    }
    for name, ses in wanted.items():
        design = replace(DESIGNS[name][1], replicates=Jackknife())
        data = schools[name]
        frames = [mean(data, "api00", design), total(data, "enroll", design), ratio(data, "api00", "api99", design)]
        np.testing.assert_allclose([frame["se"][0] for frame in frames], ses, **EXACT)
        column, by = domains[name]
        np.testing.assert_allclose(mean(data, "api00", design, by=column)["se"], by, **EXACT)


def test_lonely_clusters_by_every_rule(schools: dict[str, pd.DataFrame]) -> None:
    """survey 4.1-1: svydesign(~dnum, strata = ~h, weights = ~pw, data = apiclus2), strata of 1, 2, 9 and 28 clusters,
    options(survey.lonely.psu = …): SE of svymean, svytotal, svyratio, svyby by stype; then as JKn of mean and ratio."""
    wanted = {
        "adjust": [31.00772723949196, 932899.3157146634, 0.004988204961815801, 30.74506225020009, 17.01658111785808, 45.59612856359839],
        "average": [35.80455890193360, 1077124.822527694, 0.005759200494169995, 35.50046656124896, 17.01658111785808, 45.59612856359839],
        "certainty": [31.00765758037076, 932817.4593557876, 0.004987613933439108, 30.74430588824159, 17.01658111785808, 45.59612856359839],
    }  # fmt: skip
    replicated = {
        "adjust": [35.029516820614688, 0.005375115402898649],
        "average": [35.475688712817060, 0.005443277079872132],
        "certainty": [35.029435870528637, 0.005374805460112464],
    }
    data = schools["apiclus2"]
    district = data["dnum"]
    middle = np.where(district < 200, 1, np.where((district == 200) | (district >= 780), 3, 2))
    data = data.assign(h=np.where(district == district.max(), 4, middle))
    for rule, ses in wanted.items():
        design = Design(weight="pw", strata="h", psu="dnum", lonely=rule)
        whole = [mean(data, "api00", design), total(data, "api00", design), ratio(data, "api00", "api99", design)]
        found = [frame["se"][0] for frame in whole] + mean(data, "api00", design, by="stype")["se"].tolist()
        np.testing.assert_allclose(found, ses, **EXACT)
        assert whole[0]["df"][0] == 36
        again = replace(design, replicates=Jackknife())
        found = [mean(data, "api00", again)["se"][0], ratio(data, "api00", "api99", again)["se"][0]]
        np.testing.assert_allclose(found, replicated[rule], **EXACT)


def test_design_effects_of_totals_ratios_and_domains(schools: dict[str, pd.DataFrame]) -> None:
    """survey 4.1-1, dclus1: deff of svytotal(~enroll), svyratio(~api00, ~api99), svyby(~api00, ~stype, svymean)."""
    data = schools["apiclus1"]
    found = [total(data, "enroll", CLUSTERS)["deff"][0], ratio(data, "api00", "api99", CLUSTERS)["deff"][0]]
    found += mean(data, "api00", CLUSTERS, by="stype")["deff"].tolist()
    wanted = [31.310656094349440, 2.491512974637955, 6.583673525027803, 2.228259316868618, 2.163899720080456]
    np.testing.assert_allclose(found, wanted, **EXACT)


@pytest.mark.parametrize("name", DESIGNS)
def test_regression(name: str, expected: dict[str, Any], schools: dict[str, pd.DataFrame]) -> None:
    """svyglm(api00 ~ ell + meals + mobility): coefficients and errors."""
    file, design = DESIGNS[name]
    peer = expected[name]["glm"]
    frame = regression(schools[file], "api00", ["ell", "meals", "mobility"], design)
    assert frame["term"].tolist() == ["intercept", "ell", "meals", "mobility"]
    np.testing.assert_allclose(frame[["estimate", "se"]].T, [list(peer["b"].values()), peer["se"]], **EXACT)
    assert frame["df"].tolist() == [expected[name]["degf"] + 1 - 4] * 4
