"""A proxy means test against R: coefficients, design errors, quantile regression, and scores by given folds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hamyar.proxy_means import ProxyMeans, select
from hamyar.survey import Design

pytestmark = pytest.mark.shared
X = "gender eqsize cash self_empl unempl_ben age_ben surv_ben sick_ben dis_ben rent fam_allow house_allow cap_inv tax_adj".split()
DESIGN = Design(weight="weight", psu="district")


@pytest.fixture(scope="module")
def case(shared: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    folder = shared / "methods/cases/pmt_eusilcA"
    return pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text())


def test_least_squares_and_its_design_errors(case: tuple[pd.DataFrame, dict[str, Any]]) -> None:
    """R 4.2.2 lm(y ~ ., weights = weight); survey 4.5 svyglm on svydesign(~district, weights = ~weight)."""
    data, expected = case
    fitted = ProxyMeans().fit(data, y="eqIncome", X=X, design=DESIGN)
    found = fitted.coefficients
    assert found["term"].tolist()[:3] == ["constant", "gender=female", "eqsize"]
    np.testing.assert_allclose(found["estimate"], list(expected["ols"]["b"].values()), rtol=1e-8)
    np.testing.assert_allclose(found["se"], expected["svyglm_cluster_se"], rtol=1e-8)
    assert fitted.need_fitted().r2 == pytest.approx(expected["ols"]["r2"], rel=1e-10)


@pytest.mark.parametrize(("tau", "name"), [(0.5, "rq50"), (0.25, "rq25")])
def test_quantile_regression(case: tuple[pd.DataFrame, dict[str, Any]], tau: float, name: str) -> None:
    """quantreg 5.94: rq(y ~ ., tau, weights = weight)."""
    data, expected = case
    fitted = ProxyMeans("quantile", tau=tau).fit(data, y="eqIncome", X=X, design=DESIGN)
    np.testing.assert_allclose(fitted.coefficients["estimate"], list(expected[name].values()), rtol=1e-6)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ProxyMeans(), "cv_ols"),
        (ProxyMeans("quantile", tau=0.5), "cv_rq50"),
        (ProxyMeans("quantile", tau=0.25), "cv_rq25"),
    ],
)
def test_scores_by_given_folds_and_what_each_rule_selects(
    case: tuple[pd.DataFrame, dict[str, Any]], model: ProxyMeans, name: str
) -> None:
    data, every = case
    expected = every[name]
    found = model.cross_validate(data, y="eqIncome", X=X, design=DESIGN, folds="fold")
    assert found.attrs["rmse"] == pytest.approx(expected["rmse"], rel=1e-8)
    quota = select(found["score"], quota=0.2, weight=data["weight"])
    line = select(found["score"], line=float(np.exp(expected["z"])), weight=data["weight"])
    assert quota.share == pytest.approx(expected["fixed_quota20"]["coverage"], rel=1e-8)
    assert line.share == pytest.approx(expected["line_rule"]["coverage"], rel=1e-8)
    poor = data["y"] <= expected["z"]
    for selection, rule in ((quota, "fixed_quota20"), (line, "line_rule")):
        missed = poor & ~selection.selected.astype(bool)
        error = data.loc[missed, "weight"].sum() / data.loc[poor, "weight"].sum()
        assert error == pytest.approx(expected[rule]["exclusion"], rel=1e-8)
