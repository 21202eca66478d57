"""Unit-level models against sae 1.3 (corn and soybean) and nlme 3.1-162 in R 4.2.2 (incomes of eusilcA)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hamyar.small_area import EmpiricalBest, NestedError

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def corn(shared: Path):
    folder = shared / "methods/cases/bhf_cornsoybean"
    names = {"CountyIndex": "County", "MeanCornPixPerSeg": "CornPix", "MeanSoyBeansPixPerSeg": "SoyBeansPix"}
    sample = pd.read_csv(folder / "data.csv").drop(index=32)
    means = pd.read_csv(folder / "means.csv").rename(columns=names)
    return sample, means, json.loads((folder / "expected.json").read_text())["results"]


def model(sample: pd.DataFrame, case: str, **kwargs) -> NestedError:
    y, method = case.split()
    return NestedError(method.lower(), **kwargs).fit(sample, y=y, X=["CornPix", "SoyBeansPix"], area="County")


@pytest.mark.parametrize("case", ["CornHec REML", "CornHec ML", "SoyBeansHec REML", "SoyBeansHec ML"])
def test_corn_and_soybean(corn, case):
    """sae::eblupBHF(…, dom=County, meanxpop, popnsize, method): nlme's σ² are 1e-7 off the root."""
    sample, means, expected = corn
    fitted, expected = model(sample, case), expected[case]
    table = fitted.estimates(means, area="County", size="PopnSegments")
    assert fitted.coefficients.to_numpy() == pytest.approx(list(expected["beta"].values()), rel=1e-7)
    assert fitted.between == pytest.approx(expected["refvar"], rel=1e-6)
    assert fitted.within == pytest.approx(expected["errorvar"], rel=1e-6)
    assert fitted.loglikelihood == pytest.approx(expected["loglike"], rel=1e-10)
    assert table["estimate"].to_numpy() == pytest.approx(expected["eblup"], rel=1e-7)
    assert table["n"].tolist() == expected["n"]


def test_bootstrap_mse(corn):
    """sae::pbmseBHF, B = 1000: each side has a Monte Carlo error of about √(2 / B) = 4.5 %, here with B = 400 7 %."""
    sample, means, expected = corn
    table = model(sample, "CornHec REML", bootstrap=400, seed=1).estimates(means, area="County", size="PopnSegments")
    ratio = table["mse"].to_numpy() / expected["CornHec_REML_pbmse_B1000"]
    assert (np.abs(ratio - 1) < 3 * np.sqrt(2 / 400 + 2 / 1000)).all()
    assert ratio.mean() == pytest.approx(1, abs=0.04)


INCOMES = (
    "gender eqsize cash self_empl unempl_ben age_ben surv_ben sick_ben dis_ben rent fam_allow house_allow cap_inv tax_adj"
).split()
# optimize() of logLik(lme(z ~ gender + … + tax_adj, random = ~1 | district, method = "REML")), z the standardised
# transformation of emdi (Box-Cox / geometric mean^(λ-1); geometric mean · log(y + s)), tol = 1e-9 (λ), 1e-6 (s).
# emdi 2.2.2 itself, with optimize's own tolerance of 1e-4, gives λ = 0.6046901.
NLME = {
    "box-cox": (0.604684359769, 2485.754, 9425.80295245, [435.161942387, -6.22173557102, -32.8767163862],
                [-36.71995062, 41.67306283, -50.04664695]),
    "log-shift": (27907.5690001, 0.002675383, 0.00959313823246, [10.5517855616, -0.00594954198982, -0.0326867797178],
                  [-0.03637113875, 0.0445740299, -0.05406520334]),
    "log": (None, 0.02215568, 0.102118162441, [9.20717068068, 0.0108792768379, -0.0655329295654],
            [-0.1321244078, 0.1377729079, -0.1580220533]),
    None: (None, 5602495, 25202442.2346, [9611.72245554, -645.316942361, -1974.30105767],
           [-1570.461585, 1576.652044, -1845.862706]),
}  # fmt: skip


@pytest.mark.parametrize("transform", NLME)
def test_incomes_of_eusilc(shared, transform):
    data = pd.read_csv(shared / "methods/cases/pmt_eusilcA/data.csv")
    fitted = EmpiricalBest(transform).fit(data, y="eqIncome", X=INCOMES, area="district")
    parameter, between, within, beta, effects = NLME[transform]
    assert fitted.transform_parameter == (None if parameter is None else pytest.approx(parameter, rel=1e-6))
    assert fitted.between == pytest.approx(between, rel=2e-6)
    assert fitted.within == pytest.approx(within, rel=2e-6)
    assert fitted.coefficients.to_numpy()[:3] == pytest.approx(beta, rel=1e-6)
    assert fitted.effects.to_numpy()[:3] == pytest.approx(effects, rel=2e-6)
    assert list(fitted.effects.index[:3]) == ["Amstetten", "Baden", "Bludenz"]
    assert not fitted.notes
