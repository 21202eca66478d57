"""Targeting errors against R: the same scores under two rules."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hamyar.proxy_means import ProxyMeans, select
from hamyar.survey import Design
from hamyar.targeting import auc, evaluate

pytestmark = pytest.mark.shared
X = "gender eqsize cash self_empl unempl_ben age_ben surv_ben sick_ben dis_ben rent fam_allow house_allow cap_inv tax_adj".split()


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ProxyMeans(), "cv_ols"),
        (ProxyMeans("quantile", tau=0.5), "cv_rq50"),
        (ProxyMeans("quantile", tau=0.25), "cv_rq25"),
    ],
)
def test_errors_of_two_rules_and_the_area_under_the_curve(shared: Path, model: ProxyMeans, name: str) -> None:
    """R 4.2.2 and quantreg 5.94 on five given folds; the same model excludes .21 by a quota and .39 by the line."""
    folder = shared / "methods/cases/pmt_eusilcA"
    data, expected = pd.read_csv(folder / "data.csv"), json.loads((folder / "expected.json").read_text())[name]
    design = Design(weight="weight", psu="district")
    scores = model.cross_validate(data, y="eqIncome", X=X, design=design, folds="fold")["score"]
    poor = data["y"] <= expected["z"]
    for rule, limit in (("fixed_quota20", {"quota": 0.2}), ("line_rule", {"line": float(np.exp(expected["z"]))})):
        selection = select(scores, weight=data["weight"], **limit)
        found = evaluate(selection, poor, data=data, design=design).set_index("measure")
        for ours, theirs in {"leakage": "leakage_share"}.items() | {
            (m, m) for m in ("coverage", "exclusion", "inclusion", "cgh")
        }:
            assert found["estimate"][ours] == pytest.approx(expected[rule][theirs], rel=1e-8), (rule, ours)
        assert (found["se"] > 0).all()
    found = auc(scores, poor, data=data, design=design)
    assert found["estimate"].iloc[0] == pytest.approx(expected["auc"], rel=1e-8)
