"""The rows of a sample summed by stratum, cluster and group, in the engine that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hamyar.errors import Fault, HamyarError, error
from hamyar.survey.design import Design, ReplicateWeights
from hamyar.survey.replicates import GivenReplicates, replicated
from hamyar.survey.variance import Auxiliary, Floats, Ints, Replicated, Sampled, Sums
from hamyar.tables import Table

Test = tuple[str | None, str, str, Any]  # column, what is wrong in English and Persian, boolean expression


class Rows:
    """One aggregation: which columns the design adds to the data, which sums it needs, and what they say.

    The design's columns stand under names of their own: `_h0`, `_c0`, `_f0` stratum, cluster and fpc of each stage,
    `_g0`… the groups, `_a0`… what weights were calibrated on, `_weight` and `_d` before ÷ after, `_r0`… replicate ÷ weight.
    """

    def __init__(self, table: Table, design: Design, by: Sequence[str] = (), columns: Iterable[str] = ()) -> None:
        self.table, self.design, self.by = table, design, list(by)
        self.universe = design.universe_of(table)
        self.sampled = self.universe == "probability_sample"
        require(table.expr, [*design.columns, *by, *columns])
        self.given = design.replicates if isinstance(design.replicates, ReplicateWeights) else None
        numbered = design.calibration is not None or (design.replicates is not None and self.given is None)
        self._number_rows = self.sampled and design.stages[0].psu is None and numbered
        self.rows_are_clusters = (
            self.sampled and design.stages[0].psu is None and not self._number_rows and not self.given
        )

    def weight(self) -> Any:
        return number(self.table.expr, self.design.weight) if self.design.weight else ibis.literal(1.0)

    def known_weight(self) -> Any:
        """-1 where the weight is unknown or infinite, which `check` refuses; one comparison sees both."""
        weight = floats(self.table.expr, str(self.design.weight))
        return (weight < np.inf).ifelse(weight, -1.0)

    def columns(self) -> dict[str, Any]:
        """The design's columns of each row."""
        expr, design = self.table.expr, self.design
        found = {f"_g{n}": expr[column] for n, column in enumerate(self.by)}
        for s, stage in enumerate(design.stages):
            named = {"_h": stage.strata, "_c": stage.psu}
            found |= {f"{key}{s}": expr[column] for key, column in named.items() if column}
            if stage.fpc:
                found[f"_f{s}"] = number(expr, stage.fpc)
        if self._number_rows:
            found["_c0"] = ibis.row_number()
        if design.weight:
            found["_lowest_weight"] = self.known_weight()
        if design.calibration:
            found["_weight"] = self.weight()
            found["_d"] = number(expr, design.calibration.base) / self.weight().nullif(0)
            found |= {f"_a{k}": term(expr, *names) for k, names in enumerate(design.calibration.terms)}
        if self.given:
            ratios = (number(expr, column) / self.weight().nullif(0) for column in self.given.columns)
            found |= {f"_r{r}": ratio for r, ratio in enumerate(ratios)}
        return found

    def aggregate(
        self,
        t: ibis.Table,
        weighted: Mapping[str, Any],
        plain: Mapping[str, Any],
        pairs: Iterable[tuple[str, str]] = (),
        more: Mapping[str, Any] | None = None,
        folded: Mapping[str, tuple[str, int]] | None = None,
    ) -> pa.Table:
        """One row per stratum, cluster and group, in their order: sums of `weighted` and `plain`, in one pass over the data.

        t: the data with `columns()`; weighted: name → value × weight (the names of a variance); pairs: products of
        two names that are needed where rows are the clusters; more: other aggregates; folded: name → one of the sums
        and the least `_level` of the rows it is over: every row is added once, to the sums of its own level.
        """
        outer = {name: (name, 0) for name in weighted} | dict(folded or {})  # where each name's sum comes from
        of, sums = {name: place for name, place in outer.items() if place[0] in weighted}, dict(weighted)
        if self.rows_are_clusters:
            for a, b in pairs:
                (first, low), (second, high) = sorted((of[a], of[b]))
                sums[f"{first}*{second}"] = weighted[first] * weighted[second]
                outer[f"{a}*{b}"] = f"{first}*{second}", max(low, high)
        if self.design.calibration:
            terms = range(len(self.design.calibration.terms))
            sums |= {f"{name}@{k}": value * t["_d"] * t[f"_a{k}"] for name, value in weighted.items() for k in terms}
            outer |= {f"{name}@{k}": (f"{base}@{k}", level) for name, (base, level) in of.items() for k in terms}
            sums |= {f"_v{k}": t["_weight"] * t[f"_a{k}"] for k in terms}
            before = t["_weight"] * t["_d"]
            sums |= {f"_x{k}_{m}": before * t[f"_a{k}"] * t[f"_a{m}"] for k in terms for m in range(k + 1)}
        if self.given:
            count = range(len(self.given.columns))
            sums |= {f"{name}#{r}": value * t[f"_r{r}"] for name, value in weighted.items() for r in count}
            outer |= {f"{name}#{r}": (f"{base}#{r}", level) for name, (base, level) in of.items() for r in count}
        added = {name: value.sum() for name, value in (sums | dict(plain)).items()} | dict(more or {})
        least = {name: t[name].min() for name in t.columns if name.startswith("_lowest")}
        most = {"_most_weight": t["_lowest_weight"].max()} if self.design.weight else {}
        stages = range(len(self.design.stages))
        for f in (f"_f{s}" for s in stages if f"_f{s}" in t.columns):
            least[f], most[f"{f}_most"] = t[f].min(), t[f].max()
            added[f"{f}_gaps"] = t[f].isnull().cast("int64").sum()
        if "_c0" not in t.columns:
            added["_rows"] = t.count()
        keys = [name for s in stages for name in (f"_h{s}", f"_c{s}") if name in t.columns]
        keys += [f"_g{n}" for n in range(len(self.by))]
        by = [*keys, "_level"] if folded else keys
        cells = (t.group_by(by) if by else t).aggregate(**added, **least, **most).to_pyarrow()
        if keys:
            cells = cells.sort_by([(key, "ascending") for key in keys])
        if not folded:
            return cells
        outer |= {name: (name, 0) for name in added if name not in outer and (name not in sums or name.startswith("_"))}
        return _fold(cells, keys, outer, list(least), list(most))

    def check(self, cells: pa.Table, tests: Iterable[Test] = (), suspect: bool = False) -> None:
        """Raise HamyarError with counts: HY-S004 no rows, HY-S005 values that cannot be used, HY-S010 no weight.

        tests: what else to count; suspect: something else is known to be wrong.
        """
        names = cells.column_names
        if not cells.num_rows or ("_rows" in names and not pc.sum(cells["_rows"]).as_py()):
            raise error("HY-S004", en="the data have no rows.", fa="داده هیچ ردیفی ندارد.")
        if "_most_weight" in names and pc.max(cells["_most_weight"]).as_py() == 0:
            raise error(
                "HY-S010",
                en="all weights are zero, so no row counts. Name the column that holds the weights.",
                fa="همهٔ وزن‌ها صفر است و هیچ ردیفی شمرده نمی‌شود. ستون وزن را درست نام ببرید.",
                column=self.design.weight,
            )
        keys = [name for name in names if name[:2] in ("_h", "_c")]
        gaps = [name for name in names if name.endswith("_gaps")]
        plain = [name for name in names if not name.startswith("_") and pa.types.is_floating(cells[name].type)]
        if (
            suspect
            or any(cells[key].null_count for key in keys)
            or any(pc.sum(cells[name]).as_py() for name in gaps)
            or ("_lowest_weight" in names and pc.min(cells["_lowest_weight"]).as_py() < 0)
            or not all(np.isfinite(of_column(cells[name])).all() for name in plain)
        ):
            faults = count_faults(self.table.expr, [*self._tests(), *tests])
            if faults:
                raise HamyarError(*faults)

    def _tests(self) -> list[Test]:
        expr, design, weight = self.table.expr, self.design, self.weight()
        keys = [name for stage in design.stages for name in (stage.strata, stage.psu, stage.fpc) if name]
        tests: list[Test] = [(name, "unknown", "نامعلوم", expr[name].isnull()) for name in keys]
        return [
            *tests,
            (design.weight, "unknown", "نامعلوم", weight.isnull()),
            (design.weight, "below zero", "منفی", weight < 0),
            (design.weight, "infinite", "بی‌نهایت", weight == np.inf),
        ]

    def sums(self, cells: pa.Table) -> tuple[Sums, pd.DataFrame]:
        """The cells as Sums, and the key of each group in order (no columns where there is one group)."""
        by = [f"_g{n}" for n in range(len(self.by))]
        keys = pd.DataFrame(index=[0])
        if by:
            keys = cells.select(by).to_pandas().drop_duplicates().sort_values(by, na_position="last", ignore_index=True)
        stages = self._stages(cells)
        values = {name: of_column(cells[name]) for name in cells.column_names if not name.startswith("_")}
        products = {(a, b): values.pop(f"{a}*{b}") for a, times, b in [name.partition("*") for name in values] if times}
        sums = Sums(
            stages,
            numbered(cells, by),
            len(keys),
            values,
            products if self.rows_are_clusters else None,
            lonely=self.design.lonely,
            auxiliary=self._auxiliary(cells, stages[-1]),
            replicated=self._replicated(stages[0]),
            by_rows=self.rows_are_clusters or (self.given is not None and self.design.stages[0].psu is None),
        )
        return sums, keys.set_axis(self.by, axis=1)

    def _stages(self, cells: pa.Table) -> list[Sampled]:
        names = cells.column_names
        within: list[str] = []
        stages: list[Sampled] = []
        share: Any = None
        for s in range(len(self.design.stages)):
            stratum = numbered(cells, [*within, *([f"_h{s}"] if f"_h{s}" in names else [])])
            within += [name for name in (f"_h{s}", f"_c{s}") if name in names]
            if f"_c{s}" in names:
                cluster = numbered(cells, within)
                clusters = np.bincount(stratum[np.unique(cluster, return_index=True)[1]])
            elif self.given:
                cluster, clusters = stratum, np.array([len(self.given.columns)])
                stratum = np.zeros_like(stratum)
            else:
                cluster = stratum
                clusters = np.bincount(stratum, cells["_rows"].to_numpy()).astype(np.int64)
            first = np.unique(stratum, return_index=True)[1]
            fraction = self._fractions(cells, s, stratum, clusters)
            stages.append(
                Sampled(stratum, cluster, clusters, fraction, np.ones(len(clusters)) if share is None else share[first])
            )
            share = fraction[stratum] * (1 if share is None else share)
        self._refuse_lonely(stages)
        return stages

    def _fractions(self, cells: pa.Table, s: int, stratum: Ints, clusters: Ints) -> Floats:
        """(strata,) share of the stratum's clusters that was drawn; 0 without fpc. Raises HY-S011, HY-S012."""
        if f"_f{s}" not in cells.column_names:
            return np.zeros(len(clusters))
        counted = any(pc.max(cells[name]).as_py() > 1 for name in cells.column_names if name.endswith("_most"))
        lowest, highest = np.full(len(clusters), np.inf), np.full(len(clusters), -np.inf)
        np.minimum.at(lowest, stratum, of_column(cells[f"_f{s}"]))
        np.maximum.at(highest, stratum, of_column(cells[f"_f{s}_most"]))
        column = self.design.stages[s].fpc
        if (lowest != highest).any() or (lowest <= 0).any() or (counted and (lowest < 1).any()):
            raise error(
                "HY-S011",
                en="an fpc is one number per stratum: everywhere the population's number of clusters, or everywhere the share drawn, above 0.",
                fa="fpc در هر طبقه یک عدد است: همه‌جا شمار خوشه‌های جامعه، یا همه‌جا سهم نمونه که بیش از ۰ باشد.",
                column=column,
            )
        small = counted & (lowest < clusters)
        if small.any():
            raise error(
                "HY-S012",
                en=f"in {small.sum()} strata the fpc is smaller than the number of clusters in the sample ({lowest[small][0]:g} < {clusters[small][0]}). It counts the population's clusters.",
                fa=f"در {small.sum()} طبقه fpc از شمار خوشه‌های نمونه کمتر است ({lowest[small][0]:g} < {clusters[small][0]}). fpc شمار خوشه‌های جامعه است.",
                column=column,
            )
        return clusters / lowest if counted else lowest

    def _refuse_lonely(self, stages: list[Sampled]) -> None:
        alone = sum(int(((stage.clusters == 1) & (stage.fraction < 1)).sum()) for stage in stages)
        if self.sampled and self.design.lonely == "fail" and alone:
            raise error(
                "HY-S013",
                en=f"{alone} strata have one cluster, and the design says to fail. Join strata, or choose lonely= adjust, average or certainty.",
                fa=f"{alone} طبقه تنها یک خوشه دارد و طرح آن را نمی‌پذیرد. طبقه‌ها را ادغام کنید یا lonely را adjust، average یا certainty بگذارید.",
            )

    def _auxiliary(self, cells: pa.Table, last: Sampled) -> Auxiliary | None:
        if not self.design.calibration:
            return None
        p, clusters = len(self.design.calibration.terms), int(last.cluster.max()) + 1
        of_clusters = [np.bincount(last.cluster, of_column(cells[f"_v{k}"]), clusters) for k in range(p)]
        gram = np.empty((p, p))
        for k in range(p):
            for m in range(k + 1):
                gram[k, m] = gram[m, k] = of_column(cells[f"_x{k}_{m}"]).sum()
        return Auxiliary(inverse(gram), np.stack(of_clusters, axis=1))

    def _replicated(self, stage: Sampled) -> Replicated | None:
        if self.given:
            return GivenReplicates(self.given)
        return replicated(self.design, stage) if self.design.replicates and self.sampled else None


def _fold(
    cells: pa.Table, keys: list[str], sums: Mapping[str, tuple[str, int]], least: list[str], most: list[str]
) -> pa.Table:
    """The cells, in order of their keys, without their `_level`: sums: name → column and the least level it is over."""
    new = np.zeros(cells.num_rows, dtype=bool)
    new[:1] = True
    for key in keys:
        code = cells[key].combine_chunks().dictionary_encode("encode").indices.to_numpy()
        new[1:] |= code[1:] != code[:-1]
    start, cell = np.flatnonzero(new), np.cumsum(new) - 1
    level = of_column(cells["_level"]).astype(np.int64)
    highest = max(least_level for _, least_level in sums.values())
    place = np.minimum(level, highest) * len(start) + cell
    above = {
        column: np.bincount(place, of_column(cells[column]), (highest + 1) * len(start))
        .reshape(highest + 1, len(start))[::-1]
        .cumsum(axis=0)[::-1]
        for column in {column for column, _ in sums.values()}
    }
    found = {name: above[column][level] for name, (column, level) in sums.items()}
    for names, extreme in ((least, np.fmin), (most, np.fmax)):
        found |= {name: extreme.reduceat(cells[name].cast("float64").to_numpy(), start) for name in names if len(start)}
    return pa.table({key: cells[key].take(pa.array(start)) for key in keys} | found)


def require(expr: ibis.Table, columns: Iterable[str]) -> None:
    """Raises HamyarError HY-S003 for columns that the data lack."""
    missing = [column for column in columns if column not in expr.columns]
    if missing:
        listed = ", ".join(missing)
        raise error(
            "HY-S003",
            en=f"the data have no column {listed}. Name columns that they have: {', '.join(expr.columns[:40])}.",
            fa=f"ستون {listed} در داده نیست. ستون‌های موجود: {', '.join(expr.columns[:40])}.",
        )


def count_faults(expr: ibis.Table, tests: Sequence[Test]) -> list[Fault]:
    """HY-S005 for each test that a row fails, with how many do."""
    counts = {f"c{n}": test[3].cast("int64").sum() for n, test in enumerate(tests) if test[0]}
    if not counts:
        return []
    found = expr.aggregate(**counts).to_pyarrow().to_pylist()[0]
    return [
        Fault(
            "HY-S005",
            f"{count} rows have a value that is {tests[int(key[1:])][1]}. Correct them, or leave them out and say so.",
            f"{count} ردیف مقدار {tests[int(key[1:])][2]} دارد. آن‌ها را درست کنید یا کنار بگذارید و این را بگویید.",
            column=tests[int(key[1:])][0],
        )
        for key, count in found.items()
        if count
    ]


def number(expr: ibis.Table, column: str) -> Any:
    """A numeric or boolean column as floats, NaN as unknown. Raises HamyarError HY-S014 for text."""
    value = floats(expr, column)
    return value.isnan().ifelse(ibis.null("float64"), value)


def floats(expr: ibis.Table, column: str) -> Any:
    """A numeric or boolean column as floats. Raises HamyarError HY-S014 for text."""
    value = expr[column]
    kind = value.type()
    empty = kind.is_null() or kind.is_unknown()  # no row has a value
    if not (kind.is_numeric() or kind.is_boolean() or empty):
        raise error(
            "HY-S014",
            en=f"{column} holds {kind}, not numbers. For the shares of its categories use `proportion`.",
            fa=f"ستون {column} از نوع {kind} است، نه عدد. برای سهم دسته‌ها `proportion` را به کار ببرید.",
            column=column,
        )
    return value.cast("float64")


def term(expr: ibis.Table, name: str | tuple[str, ...] | None, category: Any) -> Any:
    """An auxiliary of a calibration as floats: the constant, a number, or whether a row has the category."""
    if name is None:
        return ibis.literal(1.0)
    if category is None:
        return number(expr, str(name))
    names, categories = ((name,), (category,)) if isinstance(name, str) else (name, category)
    same = ibis.and_(*(expr[column] == value for column, value in zip(names, categories, strict=True)))
    return same.fill_null(False).cast("float64")


def inverse(gram: Floats) -> Floats:
    """The pseudo-inverse, of a matrix scaled to a unit diagonal: columns that others make up are left out."""
    scale = 1 / np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1))
    return np.asarray(
        np.linalg.pinv(gram * np.outer(scale, scale), rcond=1e-11, hermitian=True) * np.outer(scale, scale)
    )


def numbered(cells: pa.Table, columns: Sequence[str]) -> Ints:
    """A number from 0 for each combination of some columns, in their order, the unknown last."""
    number = np.zeros(cells.num_rows, dtype=np.int64)
    for column in columns:
        codes, found = pd.factorize(cells[column].to_pandas(), sort=True)
        number = number * (len(found) + 1) + np.where(codes < 0, len(found), codes)
        number = np.unique(number, return_inverse=True)[1]
    return number


def of_column(column: pa.ChunkedArray) -> Floats:
    """A column as floats, 0 where it is null."""
    return np.asarray(column.fill_null(0).cast(pa.float64()).to_numpy())
