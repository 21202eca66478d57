"""Cases of our own, made by R 4.2.2 with survey 4.1-1 and laeken 0.5.2 on data of whole numbers: `r_cases.R` holds every call.

Three strata of eight clusters of ten rows, weights that differ, three groups across them, one stratum of one cluster.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hamyar.poverty import RelativeLine, fgt, gini, poverty_line, quantile_share_ratio, watts
from hamyar.proxy_means import ProxyMeans
from hamyar.survey import (
    Calibrated,
    Design,
    Jackknife,
    ReplicateWeights,
    calibrate,
    mean,
    post_stratify,
    proportion,
    quantile,
    ratio,
    total,
)

R: dict[str, Any] = json.loads(Path(__file__).with_name("r_cases.json").read_text())
AGAIN = Design(weight="w", strata="h", psu="c")
FULL = replace(AGAIN, fpc="many")
STAGES = Design(weight="w", strata=["h", "c"], psu=["c", "i"], fpc=["many", "rows"])
JKN, JK1 = replace(AGAIN, replicates=Jackknife()), Design(weight="w", psu="c", replicates=Jackknife())
RSCALES = tuple(scale / 8 for scale in (1, 1, 2, 2, 1, 1, 2, 2))
GIVEN = Design(weight="w", replicates=ReplicateWeights(tuple(f"r{r}" for r in range(1, 9)), scale=0.5, rscales=RSCALES))
LINE = 130


def rows() -> pd.DataFrame:
    i = np.arange(240)
    h, c, x = i % 3, i // 3 % 8, 20 + i * 37 % 101
    data = pd.DataFrame({"i": i, "h": h, "c": 100 * h + c, "x": x, "y": 2 * x + i * 53 % 89 + 15 * c})
    data = data.assign(w=5.0 + i * 11 % 7, g=np.array(list("abc"))[i * 29 % 10 % 3], many=np.array([40, 30, 20])[h])
    given = {f"r{r}": data["w"] * (1 + 0.5 * (-1.0) ** ((i // 3 + i * r) % 2)) for r in range(1, 9)}
    return data.assign(rows=50, lone=np.where((h == 2) & (c == 7), 9, h), **given)


DATA = rows()
CASES: dict[str, Callable[[], pd.DataFrame]] = {
    "mean_fpc": lambda: mean(DATA, ["y", "x"], FULL),
    "total_fpc": lambda: total(DATA, ["y", "x"], FULL),
    "ratio_fpc": lambda: ratio(DATA, "y", "x", FULL),
    "mean_by": lambda: mean(DATA, "y", FULL, by="g"),
    "total_by": lambda: total(DATA, "y", AGAIN, by="g"),
    "ratio_by": lambda: ratio(DATA, "y", "x", AGAIN, by="g"),
    "stages.mean": lambda: mean(DATA, "y", STAGES),
    "stages.total": lambda: total(DATA, "y", STAGES),
    "stages.ratio": lambda: ratio(DATA, "y", "x", STAGES),
    "quantile": lambda: quantile(DATA, "y", AGAIN, probabilities=[0.1, 0.5, 0.9]),
    "quantile_fpc": lambda: quantile(DATA, "y", FULL, probabilities=[0.1, 0.5, 0.9]),
    "proportion.a": lambda: proportion(DATA, "g", AGAIN),
    "jkn.mean": lambda: mean(DATA, "y", JKN),
    "jkn.ratio": lambda: ratio(DATA, "y", "x", JKN),
    "jkn.by": lambda: mean(DATA, "y", JKN, by="g"),
    "jk1.mean": lambda: mean(DATA, "y", JK1),
    "jk1.total": lambda: total(DATA, "y", JK1),
    "given.mean": lambda: mean(DATA, "y", GIVEN),
    "given.total": lambda: total(DATA, "y", GIVEN),
    "fgt_by": lambda: fgt(DATA, "y", AGAIN, "g", line=LINE, alpha=1),
    "glm": lambda: ProxyMeans().fit(DATA, y="y", X=["x", "g"], design=AGAIN).coefficients.sort_values(
        "term", key=lambda terms: terms.map(["constant", "x", "g=b", "g=c"].index)
    ),
}  # fmt: skip
for rule in ("adjust", "average", "certainty"):
    LONELY = Design(weight="w", strata="lone", psu="c", lonely=rule)
    CASES |= {
        f"lonely.{rule}.mean": lambda design=LONELY: mean(DATA, "y", design),  # type: ignore[misc]
        f"lonely.{rule}.total": lambda design=LONELY: total(DATA, "x", design),  # type: ignore[misc]
        f"lonely.{rule}.ratio": lambda design=LONELY: ratio(DATA, "y", "x", design),  # type: ignore[misc]
    }


def peer(name: str) -> Any:
    found: Any = R
    for part in name.split("."):
        found = found[part]
    return found


def agree(frame: pd.DataFrame, wanted: Any) -> None:
    np.testing.assert_allclose(frame["estimate"], np.ravel(wanted["b"]), rtol=1e-12)
    np.testing.assert_allclose(frame["se"], np.ravel(wanted["se"]), rtol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_estimates_and_errors(name: str) -> None:
    agree(CASES[name](), peer(name))


def test_limits_design_effects_and_degrees_of_freedom() -> None:
    """svyciprop(method = "logit"); svymean(deff = TRUE); degf."""
    a = proportion(DATA, "g", AGAIN).iloc[0]
    np.testing.assert_allclose([a["low"], a["high"]], R["proportion"]["low"], rtol=1e-10)
    whole = mean(DATA, "y", AGAIN)
    assert whole["deff"][0] == pytest.approx(R["deff"][0], rel=1e-10)
    assert [whole["df"][0], mean(DATA, "y", JKN)["df"][0]] == R["degf"]


GOAL = {"g": {"a": 800, "b": 600, "c": 500}, "x": 135_000}
CALIBRATED: dict[str, Callable[[], Calibrated]] = {
    "linear": lambda: calibrate(DATA, AGAIN, GOAL),
    "bounded": lambda: calibrate(DATA, AGAIN, GOAL, bounds=(0.85, 1.5)),
    "raking": lambda: calibrate(DATA, AGAIN, GOAL, method="raking"),
    "logit": lambda: calibrate(DATA, AGAIN, GOAL, method="logit", bounds=(0.5, 2)),
    "post": lambda: post_stratify(DATA, AGAIN, "g", GOAL["g"]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", CALIBRATED)
def test_calibrated_weights_and_their_errors(name: str) -> None:
    """calibrate(~g + x, calfun, bounds), postStratify(~g); the peer stops its iterations at 1e-10 of each total."""
    made, wanted = CALIBRATED[name](), R[name]
    if "w" in wanted:
        weights = made.data.expr[made.design.weight].to_pyarrow().to_numpy()[:6]
        np.testing.assert_allclose(weights, wanted["w"], rtol=1e-8)
    for what, call in (("mean", mean), ("total", total)):
        frame = call(made.data, "y", made.design)
        np.testing.assert_allclose([frame["estimate"][0], frame["se"][0]], list(wanted[what].values()), rtol=1e-8)


def test_poverty_under_an_amount_is_a_mean_of_gaps() -> None:
    """svymean(~poor + gap + gap^2 + log(line/y)): the Foster-Greer-Thorbecke family and Watts, with their errors."""
    frames = [fgt(DATA, "y", AGAIN, line=LINE, alpha=alpha) for alpha in (0, 1, 2)]
    agree(pd.concat([*frames, watts(DATA, "y", AGAIN, line=LINE)]), R["fgt"])


def test_laekens_indicators_in_all_and_by_group() -> None:
    """gini, qsr, arpr with breakdown = "g", arpr(p = 0.5), arpt, incMedian; laeken counts in hundredths."""

    def found(call: Callable[[Any], pd.DataFrame]) -> list[float]:
        return [*call(None)["estimate"], *call("g")["estimate"]]

    np.testing.assert_allclose(found(lambda by: gini(DATA, "y", AGAIN, by)), R["gini"], rtol=1e-12)
    np.testing.assert_allclose(found(lambda by: quantile_share_ratio(DATA, "y", AGAIN, by)), R["qsr"], rtol=1e-12)
    line = RelativeLine(0.6)
    np.testing.assert_allclose(found(lambda by: fgt(DATA, "y", AGAIN, by, line=line)), R["arpr"], rtol=1e-12)
    half = fgt(DATA, "y", AGAIN, line=RelativeLine(0.5))["estimate"][0]
    assert half == pytest.approx(R["arpr50"], rel=1e-12)
    lines = [poverty_line(DATA, "y", RelativeLine(share), AGAIN).value for share in (0.6, 1)]
    np.testing.assert_allclose(lines, [R["arpt"], R["median"]], rtol=1e-12)
