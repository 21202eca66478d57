"""ProxyMeans: fit on a survey, score anyone, keep as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml

from hamyar.errors import error
from hamyar.proxy_means import answers as asked
from hamyar.proxy_means.answers import Answer
from hamyar.proxy_means.regressions import Linear, Regression, boosting, least_squares, of_written, quantile_regression
from hamyar.proxy_means.sample import Clusters, Sample
from hamyar.survey import Design
from hamyar.survey.regression import solutions
from hamyar.survey.variance import Floats, Ints, leaning_limits

MODELS = ("ols", "quantile", "boosting")
FORMAT = "hamyar proxy means test 1"


@dataclass(frozen=True)
class Fitted:
    """bounds: of a household's log income about its score, 95 %; r2: weighted; errors: (3, terms + 1) se, low and high of
    the coefficients."""

    y: str
    answers: tuple[Answer, ...]
    regression: Regression
    bounds: tuple[float, float]
    households: int
    r2: float
    errors: Floats | None = None
    notes: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class ProxyMeans:
    """A proxy means test: log income from answers, by least squares, quantile regression or gradient boosting.

    model: "ols" | "quantile" | "boosting"; tau: the quantile; log: take the logarithm of y (incomes above zero);
    folds: of the cross-validation that the prediction intervals rest on; seed: of folds and of boosting.
    `fit` gives a fitted copy. Raises HamyarError (HY-E…).
    Source: Grosh & Baker (1995), LSMS working paper 118; Brown, Ravallion & van de Walle (2018), J. Dev. Economics 134.
    """

    model: Literal["ols", "quantile", "boosting"] = "ols"
    tau: float = 0.5
    log: bool = True
    folds: int = 5
    seed: int = 1
    fitted: Fitted | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.model not in MODELS or not 0 < self.tau < 1 or self.folds < 2:
            listed = ", ".join(MODELS)
            raise error(
                "HY-E004",
                en=f"the model is one of {listed}, tau lies between 0 and 1, folds are 2 or more; found {self.model!r}, {self.tau}, {self.folds}.",
                fa=f"مدل یکی از {listed} است، tau میان ۰ و ۱ و folds دست‌کم ۲؛ آمده است: {self.model!r}، {self.tau}، {self.folds}.",
            )

    def fit(self, data: Any, *, y: str, X: Sequence[str], design: Design) -> ProxyMeans:
        """Fit on the rows where income and all answers are known; the others are counted in `fitted.notes`.

        data: a Table, a path, or an Ibis, pandas, polars or Arrow table; y: the column of income; X: the questions,
        numbers as they are, text as categories against the commonest. Collinear answers are refused by name (HY-E007).
        """
        sample = self._sample(data, y, X, design)
        regression = self._regression(sample.X, sample.y, sample.w)
        residuals = sample.y - self._out_of_fold(sample, sample.clusters.folds(self.folds, self.seed))
        errors = None
        if isinstance(regression, Linear) and regression.influence is not None:
            errors = _errors(sample, regression.coefficients, regression.influence, self.model == "ols")
        fitted = Fitted(
            y,
            sample.answers,
            regression,
            _bounds(residuals, sample.w, sample.clusters),
            len(sample.y),
            _r2(sample, regression.predict(sample.X)),
            errors,
            tuple(sample.notes),
        )
        return replace(self, fitted=fitted)

    def cross_validate(
        self, data: Any, *, y: str, X: Sequence[str], design: Design, folds: int | str | None = None
    ) -> pd.DataFrame:
        """Scores of households by a model that never saw their cluster: fold, y, score (in income), log_score.

        folds: how many, drawn by cluster (None: the model's own), or the column that says each household's fold. Rows of
        the data whose answers are incomplete, or whose weight is 0, have no row here; the index is their place in the data. attrs: rmse, r2
        (of log income), notes.
        """
        given = [folds] if isinstance(folds, str) else []
        sample = self._sample(data, y, X, design, given)
        if isinstance(folds, str):
            fold = pd.factorize(sample.extra[folds], sort=True)[0]
        else:
            fold = sample.clusters.folds(folds or self.folds, self.seed)
        predicted = self._out_of_fold(sample, fold)
        frame = pd.DataFrame(
            {"fold": fold, "y": self._income(sample.y), "score": self._income(predicted), "log_score": predicted}
            if self.log
            else {"fold": fold, "y": sample.y, "score": predicted},
            index=sample.places,
        )
        frame.attrs = {
            "rmse": float(np.sqrt(np.average((sample.y - predicted) ** 2, weights=sample.w))),
            "r2": _r2(sample, predicted),
            "notes": sample.notes,
        }
        return frame

    def gains(self, data: Any, *, y: str, X: Sequence[str], design: Design) -> pd.DataFrame:
        """What each answer adds to the others: the out-of-fold R² with all answers less that without this one.

        answer, alone (R² of this answer by itself), gain, most useful first; attrs: r2 (of all), households, notes.
        """
        sample = self._sample(data, y, X, design)
        fold = sample.clusters.folds(self.folds, self.seed)
        whole = _r2(sample, self._out_of_fold(sample, fold))
        owner = np.repeat(np.arange(len(sample.answers)), [len(answer.terms) for answer in sample.answers])
        rows = []
        for place, answer in enumerate(sample.answers):
            others, alone = owner != place, owner == place
            by_itself, without = (self._without(sample, fold, kept) for kept in (alone, others))
            rows.append((answer.column, by_itself, whole - without))
        frame = pd.DataFrame(rows, columns=["answer", "alone", "gain"])
        frame = frame.sort_values("gain", ascending=False, ignore_index=True)
        frame.attrs = {"r2": whole, "households": len(sample.y), "notes": sample.notes}
        return frame

    def score(self, data: Any) -> pd.DataFrame:
        """One row per household in the data's order: score (predicted income), low, high (95 %), unknown.

        A household with an unknown answer, or one that was never seen in the survey, has no score and `unknown` names
        it: visit again. The interval holds 95 % of households whose cluster was not in the survey, taken over all.
        """
        fitted = self.need_fitted()
        frame = asked.read(data, [answer.column for answer in fitted.answers])
        predicted = fitted.regression.predict(asked.matrix(fitted.answers, frame))
        low, high = (self._income(predicted + bound) for bound in fitted.bounds)
        unknown = asked.unknown(fitted.answers, frame)
        return pd.DataFrame({"score": self._income(predicted), "low": low, "high": high, "unknown": unknown})

    @property
    def coefficients(self) -> pd.DataFrame:
        """term, estimate, se, low, high (design-based, on log income where `log`); of a model from a file the last three are
        unknown.

        Limits: Student's t with clusters - strata + 1 - terms degrees of freedom, fewer where a few clusters make most of
        a variance; of least squares on up to 100 clusters by a jackknife that leans to the skew, as `survey.regression`.
        """
        fitted = self.need_fitted()
        if not isinstance(fitted.regression, Linear):
            raise error(
                "HY-E005",
                en="boosting has no coefficients; `gains` says which answers add how much.",
                fa="مدل boosting ضریب ندارد؛ `gains` می‌گوید هر پاسخ چه‌قدر می‌افزاید.",
            )
        estimate = fitted.regression.coefficients
        se, low, high = np.full((3, len(estimate)), np.nan) if fitted.errors is None else fitted.errors
        terms = ["constant", *asked.names(fitted.answers)]
        return pd.DataFrame({"term": terms, "estimate": estimate, "se": se, "low": low, "high": high})

    def to_yaml(self, path: str | Path | None = None) -> str:
        """The fitted model as YAML text, also into a file: all that `score` needs, exactly, and no household."""
        fitted = self.need_fitted()
        written = {
            "format": FORMAT,
            "model": self.model,
            "tau": self.tau,
            "log": self.log,
            "y": fitted.y,
            "households": fitted.households,
            "r2": fitted.r2,
            "bounds": list(fitted.bounds),
            "answers": [{"column": a.column, "categories": list(a.categories)} for a in fitted.answers],
            **fitted.regression.written(),
        }
        text = yaml.safe_dump(written, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
        if path is not None:
            Path(path).write_text(text, encoding="utf-8")
        return text

    @classmethod
    def from_yaml(cls, source: str | Path) -> ProxyMeans:
        """The model from YAML text or its file: it scores as the fitted one did. Raises HamyarError HY-E006."""
        text = source.read_text("utf-8") if isinstance(source, Path) else source
        if "\n" not in text and Path(text).suffix in (".yaml", ".yml"):
            text = Path(text).read_text("utf-8")
        try:
            written = yaml.safe_load(text)
            if written["format"] != FORMAT or written["model"] not in MODELS:
                raise KeyError(written["format"])
            answers = tuple(Answer(a["column"], tuple(a["categories"])) for a in written["answers"])
            regression = of_written(written["model"], written)
            low, high = map(float, written["bounds"])
            regression.predict(np.zeros((1, len(asked.names(answers)))))
            fitted = Fitted(written["y"], answers, regression, (low, high), written["households"], written["r2"])
        except (yaml.YAMLError, KeyError, TypeError, ValueError, IndexError) as cause:
            raise error(
                "HY-E006",
                en=f"this is no proxy means test as `to_yaml` writes it ({type(cause).__name__}: {cause}). Export it again.",
                fa=f"این متن آزمون تقریب وسعی نیست که `to_yaml` نوشته باشد ({type(cause).__name__}: {cause}). دوباره خروجی بگیرید.",
            ) from None
        return cls(written["model"], written["tau"], written["log"], fitted=fitted)

    @property
    def factors(self) -> tuple[float, float]:
        """Between which multiples of the score (log) or distances from it 95 % of incomes lie."""
        low, high = self.need_fitted().bounds
        return (float(np.exp(low)), float(np.exp(high))) if self.log else (low, high)

    def need_fitted(self) -> Fitted:
        """What was fitted. Raises HamyarError HY-E008."""
        if self.fitted is None:
            raise error(
                "HY-E008", en="the model is not fitted yet: call fit.", fa="مدل هنوز برازش نشده است: fit را صدا بزنید."
            )
        return self.fitted

    def _sample(self, data: Any, y: str, X: Sequence[str], design: Design, extra: Sequence[str] = ()) -> Sample:
        X = [X] if isinstance(X, str) else list(X)
        columns = [y, *X, *design.columns, *extra]
        return Sample.of(asked.read(data, columns), y, X, design, self.log, self.model != "boosting", list(extra))

    def _regression(self, X: Floats, y: Floats, w: Floats) -> Regression:
        if self.model == "ols":
            return least_squares(X, y, w)
        return quantile_regression(X, y, w, self.tau) if self.model == "quantile" else boosting(X, y, w, self.seed)

    def _out_of_fold(self, sample: Sample, fold: Ints) -> Floats:
        predicted = np.empty(len(sample.y))
        for one in np.unique(fold):
            out = fold == one
            fitted = self._regression(sample.X[~out], sample.y[~out], sample.w[~out])
            predicted[out] = fitted.predict(sample.X[out])
        return predicted

    def _without(self, sample: Sample, fold: Ints, kept: Any) -> float:
        some = replace(sample, X=sample.X[:, kept])
        return _r2(sample, self._out_of_fold(some, fold)) if kept.any() else 0.0

    def _income(self, values: Floats) -> Floats:
        return np.exp(values) if self.log else values


def _errors(sample: Sample, coefficients: Floats, influence: Floats, jackknifed: bool) -> Floats:
    """(3, terms + 1) se, low and high of the coefficients."""
    clusters = sample.clusters
    se, freedom = clusters.spread(influence * sample.w[:, None])
    left_out = None
    if jackknifed and clusters.few:
        z = np.column_stack([np.ones(len(sample.X)), sample.X, sample.y])
        each = [clusters.cluster == one for one in range(len(clusters.stratum))]
        own = np.array([(z[rows] * sample.w[rows, None]).T @ z[rows] for rows in each])

        def without(times: Floats) -> Floats:
            products = np.tensordot(times, own, 1)[None]
            return solutions(products[:, :-1, :-1], products[:, :-1, -1]).ravel()

        left_out = clusters.left_out(without)
    df = np.fmin(freedom, clusters.degrees_of_freedom + 1 - len(coefficients))
    return np.stack([se, *leaning_limits(coefficients, se, df, left_out)])


def _r2(sample: Sample, predicted: Floats) -> float:
    """Weighted share of the variance that is explained."""
    centred = sample.y - np.average(sample.y, weights=sample.w)
    return float(1 - sample.w @ (sample.y - predicted) ** 2 / (sample.w @ centred**2))


def _bounds(residuals: Floats, w: Floats, clusters: Clusters) -> tuple[float, float]:
    """The weighted quantiles of out-of-fold residuals between which lie 95 %, one more row counted at each end, as much
    further from their mean as Student's t is than a normal variable: their variance is known from so many clusters only."""
    from scipy.special import ndtri, stdtrit

    order = np.argsort(residuals)
    below = np.cumsum(w[order]) / w.sum()
    tail = 0.025 * (1 - 1 / len(w))
    low = int(np.searchsorted(below, tail))
    high = min(int(np.searchsorted(below, 1 - tail)), len(w) - 1)
    mean = np.average(residuals, weights=w)
    squares = (residuals - mean) ** 2
    variance = np.average(squares, weights=w)
    error = float(clusters.spread(((squares - variance) * w / w.sum())[:, None])[0][0])
    further = float(stdtrit(float(2 * (variance / error) ** 2), 0.975) / ndtri(0.975)) if error > 0 else 1.0
    return (
        float(mean + further * (residuals[order[low]] - mean)),
        float(mean + further * (residuals[order[high]] - mean)),
    )
