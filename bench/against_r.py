"""Beside R's survey and laeken on the same rows, where R and both packages are installed (Debian: r-cran-survey, r-cran-laeken)."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

from bench.inequality import incomes
from bench.measure import in_process

Figure = tuple[str, float, str, float | None]
SURVEY, LAEKEN = 50_000, 1_000_000
_R = """
suppressMessages({library(survey); library(laeken)})
rows <- function(file) read.csv(file, colClasses = c("numeric", "numeric", "integer", "integer"))
timed <- function(work) { start <- proc.time(); value <- work(); c(sum((proc.time() - start)[1:2]), value) }
few <- rows("few.csv"); many <- rows("many.csv")
a <- timed(function() { m <- svymean(~y, svydesign(~c, strata = ~h, weights = ~w, data = few)); c(coef(m), SE(m)) })
b <- timed(function() gini("y", weights = "w", data = many)$value / 100)
cat(sprintf("[%s]", paste(sprintf("%.17g", c(a, b)), collapse = ",")))
"""


def ours(folder: str) -> list[float]:
    """CPU seconds and values: mean with its error, Gini with its error."""
    import pandas as pd

    from hamyar.poverty import gini
    from hamyar.survey import Design, mean

    few, many = (pd.read_csv(f"{folder}/{name}.csv") for name in ("few", "many"))
    design = Design(weight="w", strata="h", psu="c")
    works: list[Callable[[Any], Any]] = [
        lambda data: mean(data, "y", design)[["estimate", "se"]],
        lambda data: gini(data, "y", design)[["estimate"]],
    ]
    found = []
    for work, data in zip(works, (few, many), strict=True):
        work(data.head(10_000))  # imports
        start = time.process_time()
        numbers = work(data)
        found += [time.process_time() - start, *numbers.iloc[0]]
    return found


def run() -> list[Figure]:
    import pandas as pd

    script = shutil.which("Rscript")
    installed = "all(c('survey', 'laeken') %in% rownames(installed.packages())) || quit(status = 1)"
    if not script or subprocess.run([script, "-e", installed], capture_output=True, check=False).returncode:
        return [("beside R: left out, as R with survey and laeken is not installed", 0.0, "", None)]
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("few", SURVEY), ("many", LAEKEN)):
            pd.DataFrame(incomes(rows)).to_csv(f"{folder}/{name}.csv", index=False)
        done = subprocess.run([script, "-e", _R], cwd=folder, check=True, capture_output=True, text=True)
        mean_r, m_r, se_r, gini_r, g_r = json.loads(done.stdout)
        mean_s, m, se, gini_s, g = in_process("bench.against_r", "ours", folder).answer
    apart = max(abs(m / m_r - 1), abs(se / se_r - 1), abs(g / g_r - 1))
    return [
        (f"svymean of {SURVEY:,} rows in 5,000 clusters, R's survey", mean_r, "CPU s", None),
        ("  hamyar's mean", mean_s, "CPU s", None),
        ("  their ratio", mean_s / mean_r, "×", 1.0),
        (f"gini of {LAEKEN:,} rows, R's laeken without an error", gini_r, "CPU s", None),
        ("  hamyar's gini with its error", gini_s, "CPU s", None),
        ("  their ratio", gini_s / gini_r, "×", 1.0),
        ("largest relative difference × 1e9", apart * 1e9, "", 1.0),
    ]
