"""Inequality and income poverty against R: ineq, laeken, and a jackknife by survey."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hamyar.poverty import RelativeLine, atkinson, entropy, fgt, gini, hoover, quantile_share_ratio, sen, theil, watts
from hamyar.survey import Design

pytestmark = pytest.mark.shared
CENSUS = Design(universe="census")
DESIGN = Design(weight="weight", strata="state", psu="district")


@pytest.fixture(scope="module")
def eusilc(shared: Path) -> pd.DataFrame:
    return pd.read_csv(shared / "methods/cases/pmt_eusilcA/data.csv")


def value(frame: pd.DataFrame) -> float:
    assert len(frame) == 1
    return float(frame["estimate"].iloc[0])


def test_every_number_of_ineq(shared: Path) -> None:
    """ineq 0.2-13: Gini, Theil, Atkinson(parameter = 0.5), RS, Sen, Watts, Foster(parameter = 1 and 2) on Ilocos incomes."""
    case = shared / "methods/cases/ineq_ilocos"
    data, expected = pd.read_csv(case / "data.csv"), json.loads((case / "expected.json").read_text())
    line, n = expected["z"], len(data)
    found = {
        "gini": value(gini(data, "income", CENSUS)),
        "gini_corr": value(gini(data, "income", CENSUS)) * n / (n - 1),
        "theil": value(theil(data, "income", CENSUS)),
        "atk05": value(atkinson(data, "income", CENSUS, epsilon=0.5)),
        "rs": value(hoover(data, "income", CENSUS)),
        "sen": value(sen(data, "income", CENSUS, line=line)),
        "watts": value(watts(data, "income", CENSUS, line=line)),
        "fgt1": value(fgt(data, "income", CENSUS, line=line, alpha=0)),  # ineq's parameter is alpha + 1
        "foster2": value(fgt(data, "income", CENSUS, line=line, alpha=1)),
    }
    for name, number in found.items():
        assert number == pytest.approx(expected[name], rel=1e-12), name
    assert value(entropy(data, "income", CENSUS, alpha=1)) == pytest.approx(expected["theil"], rel=1e-12)


LAEKEN = {  # R 4.2.2, laeken 0.5.2: gini, qsr, arpr(eqIncome, weights = weight, breakdown = state)
    "all": (0.26652189268042048, 4.0489557995938688, 0.15205264611682648),
    "Burgenland": (0.23308814079960993, 2.7273001366890322, 0.29303278688524587),
    "Carinthia": (0.25987962012343768, 3.5249732265140148, 0.11749898995355475),
    "Lower Austria": (0.25371869083090948, 3.6767546815973531, 0.11126589168354339),
    "Salzburg": (0.29937847953518704, 5.0504174504991983, 0.18933229244473401),
    "Styria": (0.25934624253947214, 3.8301283098414380, 0.17733930543849638),
    "Tyrol": (0.24602085026608322, 3.4432220004861507, 0.19358606723215088),
    "Upper Austria": (0.26253020880612099, 3.9781231620162543, 0.13666482785438094),
    "Vienna": (0.26901039174553704, None, 0.16),  # laeken's 4.0175 misses that 40 of 200 equal weights are a fifth
    "Vorarlberg": (0.28562809769032627, 4.0214313767317682, 0.11750801535811982),
}


def test_every_number_of_laeken(eusilc: pd.DataFrame) -> None:
    line = RelativeLine(0.6)
    calls = [
        lambda by: gini(eusilc, "eqIncome", DESIGN, by),
        lambda by: quantile_share_ratio(eusilc, "eqIncome", DESIGN, by),
        lambda by: fgt(eusilc, "eqIncome", DESIGN, by, line=line),
    ]
    for place, call in enumerate(calls):
        by_state = call("state").set_index("state")["estimate"].to_dict() | {"all": value(call(None))}
        assert set(by_state) == set(LAEKEN)
        for state, numbers in LAEKEN.items():
            if numbers[place] is not None:
                assert by_state[state] == pytest.approx(numbers[place], rel=1e-12), state
    assert calls[2](None)["line"].iloc[0] == pytest.approx(10885.329, rel=1e-12)


def test_an_exact_fifth_is_split_as_r_does_without_weights(eusilc: pd.DataFrame) -> None:
    """quantile(x, type = 2) of R 4.2.2 on Vienna's 200 equally weighted rows: ratio 4.24204455749022."""
    vienna = eusilc[eusilc["state"] == "Vienna"]
    found = value(quantile_share_ratio(vienna, "eqIncome", Design(weight="weight")))
    assert found == pytest.approx(4.24204455749022, rel=1e-12)


def test_errors_agree_with_a_jackknife_and_a_bootstrap(eusilc: pd.DataFrame) -> None:
    """survey 4.1.1, 70 clusters: JKn of laeken's gini 0.010830, qsr 0.2336; 2,000 bootstraps 0.01136, 0.2339, arpr 0.00912.

    The first order of a linearisation is below a jackknife's error where clusters are few.
    """
    assert gini(eusilc, "eqIncome", DESIGN)["se"].iloc[0] == pytest.approx(0.010830149887301464, rel=0.04)
    assert quantile_share_ratio(eusilc, "eqIncome", DESIGN)["se"].iloc[0] == pytest.approx(0.2336, rel=0.05)
    relative = fgt(eusilc, "eqIncome", DESIGN, line=RelativeLine(0.6))
    absolute = fgt(eusilc, "eqIncome", DESIGN, line=float(relative["line"].iloc[0]))
    assert relative["se"].iloc[0] == pytest.approx(0.0091246566242150877, rel=0.1)
    assert absolute["se"].iloc[0] > 1.5 * relative["se"].iloc[0], "the line moves with the incomes"
    assert np.isfinite(relative["line_se"]).all()
