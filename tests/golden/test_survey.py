"""Survey estimates against R's survey: 4.5 (the reference case) and 4.1-1 (Debian 12, where a test says so)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hamyar.survey import Design, mean, proportion, ratio, total

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
