"""Rows with an income: read, checked, grouped, sorted, and their variance between clusters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from hamyar.errors import Fault, HamyarError, error
from hamyar.poverty.lines import Line, RelativeLine
from hamyar.poverty.notes import bad_rows, no_error, no_rows
from hamyar.poverty.order import ascending, together
from hamyar.survey import Design, linearised
from hamyar.survey.rows import require
from hamyar.survey.variance import Floats, Ints, degrees_of_freedom
from hamyar.tables import as_table
from hamyar.tables.table import arrow

MANY = 10_000  # clusters above which the design's degrees of freedom are enough
GATHERED = 200_000  # rows above which a jackknife works on points of ten or more


@dataclass(frozen=True)
class Rows:
    """The rows whose income is known, grouped, and ascending by income within each group.

    y, w: incomes, weights (× size); cluster: (rows,) numbers, None where each row is its own; stratum: of the clusters,
    or of the rows where these are the clusters, None where there is one stratum; clusters: (strata,) how many in the
    whole design, rows without an income included; starts: (groups + 1,) where each group begins; unknown: rows without
    an income; source: which rows they are; beyond: the design where it says more than strata and clusters drawn with
    replacement, and place: (rows,) where each row stood in the data, which that needs.
    """

    y: Floats
    w: Floats
    stratum: Ints | None
    cluster: Ints | None
    clusters: Ints
    starts: Ints
    keys: pd.DataFrame
    unknown: int
    universe: str
    provenance: str | None
    source: tuple[Any, ...]
    beyond: Beyond | None = None
    place: Ints | None = None

    @classmethod
    def read(
        cls,
        data: Any,
        income: str,
        design: Design,
        by: list[str],
        size: str | None,
        line: Any = None,
        engine: str | None = None,
    ) -> Rows:
        """line: a column of lines, or an amount for each row of a frame in memory.

        Raises HamyarError: columns missing, no rows, weights, sizes, strata or clusters unknown, incomes infinite, HY-Y019.
        """
        first = design.stages[0]
        of_rows = None if line is None or isinstance(line, str) else line
        z = line if of_rows is None else None
        places = {"y": income, "w": design.weight, "s": size, "z": z, "h": first.strata, "c": first.psu}
        names = {key: name for key, name in places.items() if name} | {f"g{n}": name for n, name in enumerate(by)}
        if design.beyond_first_stage:
            names |= {f"d{n}": name for n, name in enumerate(design.columns)}
        if engine is None and _in_memory(data):
            universe, provenance, columns = design.universe, None, _taken(data, names)
        else:
            table = as_table(data, engine=engine)
            universe, provenance = design.universe_of(table), table.provenance
            require(table.expr, names.values())
            columns = table.expr.select(**{key: table.expr[name] for key, name in names.items()}).to_pyarrow()
        if not columns.num_rows:
            raise no_rows()
        if of_rows is not None:
            columns = columns.append_column("z", _by_row(of_rows, data, columns.num_rows))
            names["z"] = "line"
        beyond = None
        if design.beyond_first_stage:
            held = pa.table({name: columns[f"d{n}"] for n, name in enumerate(design.columns)})
            beyond = Beyond(design, held)
        columns = _as_numbers(columns, names)
        _check(columns, names)
        return cls._sorted(columns, by, universe, provenance, beyond)

    @classmethod
    def _sorted(
        cls, columns: pa.Table, by: list[str], universe: str, provenance: str | None, beyond: Beyond | None
    ) -> Rows:
        y = _floats(columns["y"])
        w = _floats(columns["w"]) if "w" in columns.column_names else np.ones(len(y))
        if "s" in columns.column_names:
            w = w * _floats(columns["s"])
        if "z" in columns.column_names:
            y = y / _floats(columns["z"])
        stratum, cluster, clusters = _design(columns)
        if universe == "probability_sample" and (clusters <= 1).all():
            raise no_error()
        group, keys = _groups(columns, by)
        unknown = np.isnan(y).sum() if np.isnan(y.min()) else 0
        source = (len(y), float(w.sum()), float(np.nansum(y) if unknown else y.sum()))
        weighted = not ("w" in columns.column_names and (unweighted := _floats(columns["w"]) == 0).any())
        if not weighted:  # such a row lies in its cluster and counts for nothing
            y = np.where(unweighted, np.nan, y)
        if (unknown or not weighted) and np.isnan(y).all():
            raise no_rows()
        if group is None and not unknown and weighted and beyond is None:
            found, weight, of_rows = together(y, w, cluster if cluster is not None else stratum)
            cluster, stratum = (None, of_rows) if cluster is None else (of_rows, stratum)
            rows = found, weight, stratum, cluster
            return cls(*rows, clusters, np.array([0, len(y)]), keys, 0, universe, provenance, source)
        known = np.flatnonzero(~np.isnan(y))
        order, ordered = ascending(y[known])
        order = known[order]
        starts = np.array([0, len(order)])
        if group is not None:
            within = np.argsort(group[order], kind="stable")
            order, ordered = order[within], ordered[within]
            starts = np.concatenate([[0], np.cumsum(np.bincount(group[order], minlength=len(keys)))])
        if cluster is not None:
            cluster = cluster[order]
        elif stratum is not None:
            stratum = stratum[order]
        rows = ordered, w[order], stratum, cluster
        place = order if beyond else None
        return cls(*rows, clusters, starts, keys, int(unknown), universe, provenance, source, beyond, place)

    def pooled(self, y: Floats) -> Rows:
        """The same rows as one group, with other incomes."""
        order, ordered = ascending(y)
        cluster = None if self.cluster is None else self.cluster[order]
        stratum = self.stratum[order] if self.stratum is not None and cluster is None else self.stratum
        starts, keys = np.array([0, len(y)]), pd.DataFrame(index=[0])
        w, place = self.w[order], None if self.place is None else self.place[order]
        return replace(self, y=ordered, w=w, stratum=stratum, cluster=cluster, starts=starts, keys=keys, place=place)

    @property
    def groups(self) -> int:
        return len(self.starts) - 1

    def of(self, group: int) -> slice:
        return slice(int(self.starts[group]), int(self.starts[group + 1]))

    @property
    def sampled(self) -> bool:
        return self.universe == "probability_sample"

    @property
    def degrees_of_freedom(self) -> int:
        if self.beyond is not None:
            return self.beyond.degrees_of_freedom
        return int(self.clusters.sum() - len(self.clusters))

    def names_of(self, chosen: Any) -> str:
        """The keys of some groups, the first ten by name."""
        keys = [" × ".join(map(str, key)) or "all" for key in self.keys[chosen].itertuples(index=False)]
        return ", ".join(keys[:10]) + (f" … ({len(keys)})" if len(keys) > 10 else "")

    @cached_property
    def by_income(self) -> Ints:
        """Places by income over all groups."""
        return ascending(self.y)[0] if self.groups > 1 else np.arange(len(self.y))

    def resolved(self, line: float | RelativeLine | Line) -> tuple[float, Line | None]:
        """The line's value, and the line where it was estimated. Raises HamyarError."""
        if isinstance(line, RelativeLine):
            line = self.line(line)
        if isinstance(line, Line):
            line.need(self.source)
            return line.value, line
        if not (np.isfinite(line) and line > 0):
            raise error(
                "HY-Y008",
                en=f"a poverty line is an amount above zero, not {line}.",
                fa=f"خط فقر مبلغی بزرگ‌تر از صفر است، نه {line}.",
            )
        return float(line), None

    def line(self, line: RelativeLine) -> Line:
        order = self.by_income
        found = line.function(self.y[order], self.w[order])
        if not found.value > 0:
            raise error(
                "HY-Y009",
                en=f"the {line.of} income is not above zero, so no line can be relative to it. Give an amount.",
                fa=f"{'میانهٔ' if line.of == 'median' else 'میانگین'} درآمد بزرگ‌تر از صفر نیست و خطی نسبت به آن نمی‌توان داشت. مبلغی بدهید.",
            )
        estimated = Line(found.value, np.nan, found.influence, self.source)
        variance = self.variance(slice(None), self.w * self.placed(estimated)) if self.sampled else 0.0
        return replace(estimated, se=np.nan if self.universe == "list" else variance**0.5)

    def placed(self, line: Line) -> Floats:
        """The line's influence in the order of these rows."""
        influence = np.empty_like(self.y)
        influence[self.by_income] = line.influence
        return influence

    def variance(self, rows: slice, z: Floats, whole: Floats | None = None) -> float:
        """Variance of the total of z over some rows, zero elsewhere, plus `whole` over all of them.

        Between the clusters of a stratum, as if drawn with replacement. A stratum with one cluster is centred at the
        grand mean of the influence values, which is zero. Where the design says more, all of it counts.
        """
        if self.beyond is not None and self.place is not None:
            totals = np.zeros(self.beyond.held.num_rows)
            totals[self.place[rows]] = z
            if whole is not None:
                totals[self.place] += whole
            return self.beyond.variance(totals, self.place[rows] if whole is None else None)
        if self.cluster is None:
            return self._of_rows(rows, z, whole)
        totals = np.bincount(self.cluster[rows], z, self.clusters.sum())
        if whole is not None:
            totals += np.bincount(self.cluster, whole, len(totals))
        if self.stratum is None:
            return self._between(totals @ totals, totals.sum())
        return self._between(np.bincount(self.stratum, totals**2), np.bincount(self.stratum, totals))

    def freedom(self, rows: slice, z: Floats, whole: Floats | None = None) -> float:
        """Degrees of freedom of that variance: the design's, or fewer where a few clusters make most of it."""
        m = self.clusters
        if self.beyond is not None or m.sum() > MANY:
            return self.degrees_of_freedom
        cluster = np.arange(len(self.y)) if self.cluster is None else self.cluster
        totals = np.bincount(cluster[rows], z, m.sum())
        if whole is not None:
            totals += np.bincount(cluster, whole, len(totals))
        stratum = self.strata_of_clusters
        means = np.where(m > 1, np.bincount(stratum, totals) / m, 0)
        square = (m / np.maximum(m - 1, 1))[stratum] * (totals - means[stratum]) ** 2
        return float(degrees_of_freedom(square.sum(), square @ square, len(square), self.degrees_of_freedom))

    @property
    def strata_of_clusters(self) -> Ints:
        """(clusters,); where rows are clusters those that are left out come last."""
        m = self.clusters
        if self.stratum is None:
            return np.zeros(int(m.sum()), dtype=np.int64)
        if self.cluster is not None:
            return self.stratum
        left_out = m - np.bincount(self.stratum, minlength=len(m))
        return np.concatenate([self.stratum, np.repeat(np.arange(len(m)), left_out)])

    def without_each_cluster(self, rows: slice) -> Iterator[tuple[Floats, Floats]]:
        """Incomes and weights of some rows: all, then once without each cluster, for which its stratum's others stand.

        More than GATHERED rows are gathered into as many points of nearly one income, so that the cost has a bound.
        """
        y, w, m, stratum = self.y[rows], self.w[rows], self.clusters, self.strata_of_clusters
        cluster = np.arange(rows.start, rows.stop) if self.cluster is None else self.cluster[rows]
        held = None
        if len(y) > GATHERED:
            y, held = _gathered(y, w, cluster, len(stratum))
        yield y, w if held is None else held.sum(axis=0)
        for left_out, h in enumerate(stratum):
            factor = np.where(stratum == h, m[h] / (m[h] - 1), 1.0)
            factor[left_out] = 0
            weight = w * factor[cluster] if held is None else factor @ held
            kept = weight > 0
            yield y[kept], weight[kept]

    def _of_rows(self, rows: slice, z: Floats, whole: Floats | None) -> float:
        if whole is not None:
            every = whole.copy()
            every[rows] += z
            rows, z = slice(None), every
        if self.stratum is None:
            return self._between(np.array([z @ z]), np.array([z.sum()]))
        strata = len(self.clusters)
        return self._between(np.bincount(self.stratum[rows], z**2, strata), np.bincount(self.stratum[rows], z, strata))

    def _between(self, squares: Any, sums: Any) -> float:
        m = self.clusters
        return float(np.sum(np.where(m > 1, m / np.maximum(m - 1, 1) * (squares - sums**2 / m), squares)))

    def clusters_in(self, rows: slice) -> int:
        """How many clusters have a row among these."""
        if self.cluster is None:
            return int(rows.stop - rows.start)
        return len(np.unique(self.cluster[rows]))


@dataclass(frozen=True)
class Beyond:
    """A design that says more than strata and clusters drawn with replacement, and its columns, (rows of the data,).

    Replicates give the error of the linearised total.
    """

    design: Design
    held: pa.Table

    def variance(self, totals: Floats, domain: Ints | None = None) -> float:
        """Variance of the sum of (rows of the data,) weight × size × influence; domain: the places of the rows it is of,
        for the rule that takes the mean of a domain's strata. Raises HamyarError as `linearised`."""
        return float(self._of(totals, domain if self.design.lonely == "average" else None)["se"].iloc[-1]) ** 2

    @cached_property
    def degrees_of_freedom(self) -> int:
        return int(self._of(np.ones(self.held.num_rows))["df"].iloc[0])

    def _of(self, totals: Floats, domain: Ints | None = None) -> pd.DataFrame:
        values = totals
        if self.design.weight is not None:
            weight = _floats(self.held[self.design.weight].cast("float64"))
            values = np.divide(totals, weight, out=np.zeros_like(totals), where=weight > 0)
        if domain is None:
            return linearised(self.held, self.design, {"z": values})
        inside = np.zeros(len(values), dtype=bool)
        inside[domain] = True
        return linearised(self.held.append_column("_inside", pa.array(inside)), self.design, {"z": values}, "_inside")


def _gathered(y: Floats, w: Floats, cluster: Ints, clusters: int) -> tuple[Floats, Floats]:
    """GATHERED // 10 points, (points,) their mean incomes, and (clusters, points) the weight of each cluster there."""
    points = GATHERED // 10
    edges = np.linspace(0, len(y), points + 1).astype(np.int64)
    place = np.repeat(np.arange(points), np.diff(edges))
    income = np.add.reduceat(w * y, edges[:-1]) / np.add.reduceat(w, edges[:-1])
    place += cluster * points
    held = np.bincount(place, w, clusters * points).astype(np.float64)
    return income, held.reshape(clusters, points)


def _in_memory(data: Any) -> bool:
    """Frames whose columns can be taken as they are, without an engine."""
    kind = f"{type(data).__module__.partition('.')[0]}.{type(data).__name__}"
    return isinstance(data, pd.DataFrame | pa.Table) or kind == "polars.DataFrame"


def _by_row(line: Any, data: Any, rows: int) -> pa.Array:
    """An amount for each row, brought to the order of the data's labels where both have the same. Raises HY-Y019."""
    if isinstance(line, pd.Series) and isinstance(data, pd.DataFrame) and data.index.is_unique and line.index.is_unique:
        line = line.reindex(data.index) if set(line.index) == set(data.index) else line
    held = np.asarray(line)
    if not _in_memory(data) or held.size != rows or held.shape[0] != rows:
        raise error(
            "HY-Y019",
            en=f"a line by row is one amount for each of the {rows} rows of a frame in memory; {held.size} were given. Or name a column of the data.",
            fa=f"خط فقرِ هر ردیف یک مبلغ برای هر یک از {rows} ردیف جدولی در حافظه است و {held.size} مقدار داده شد. یا ستونی از داده را نام ببرید.",
        )
    return pa.array(held.ravel())


def _taken(data: Any, names: Mapping[str, str]) -> pa.Table:
    """Some columns of a frame in memory under other names. Raises HamyarError HY-S003."""
    wanted = list(dict.fromkeys(names.values()))
    require(data.schema.empty_table().to_pandas() if isinstance(data, pa.Table) else data, wanted)
    held = arrow(data.select(wanted) if isinstance(data, pa.Table) else data[wanted]).read_all()
    return pa.table({key: held[name] for key, name in names.items()})


def _as_numbers(columns: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Incomes, weights, sizes and lines as float64. Raises HamyarError HY-Y001 where one holds no numbers."""
    for key in ("y", "w", "s", "z"):
        if key not in names:
            continue
        kind = columns[key].type
        if not (
            pa.types.is_floating(kind)
            or pa.types.is_integer(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_null(kind)
        ):
            raise error(
                "HY-Y001",
                en=f"the column holds {kind}, not numbers. Name a column of numbers.",
                fa=f"این ستون عدد ندارد ({kind}). ستونی عددی نام ببرید.",
                column=names[key],
            )
        if pa.types.is_boolean(kind):
            columns = columns.set_column(columns.column_names.index(key), key, columns[key].cast("int8"))
        columns = columns.set_column(columns.column_names.index(key), key, columns[key].cast("float64"))
    return columns


def _floats(column: pa.ChunkedArray) -> Floats:
    """As numpy, null as NaN."""
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _check(columns: pa.Table, names: Mapping[str, str]) -> None:
    faults: list[Fault] = []
    for key in columns.column_names:
        name = names.get(key)
        if key in ("h", "c"):
            faults += bad_rows(name, "unknown", "نامعلوم", columns[key].null_count)
        elif key in ("w", "s", "z"):
            values = _floats(columns[key])
            if values.min() > 0 and values.max() < np.inf:
                continue
            faults += bad_rows(name, "unknown", "نامعلوم", np.isnan(values).sum())
            lowest, en, fa = (
                (values <= 0, "zero or less", "صفر یا منفی") if key == "z" else (values < 0, "below zero", "منفی")
            )
            faults += bad_rows(name, en, fa, lowest.sum())
            faults += bad_rows(name, "infinite", "بی‌نهایت", (values == np.inf).sum())
        elif key == "y":
            values = _floats(columns[key])
            if not (np.isfinite(values.min()) and np.isfinite(values.max())):
                faults += bad_rows(name, "infinite", "بی‌نهایت", np.isinf(values).sum())
    if faults:
        raise HamyarError(*faults)


def _codes(column: pa.ChunkedArray) -> tuple[Ints, pa.Array]:
    """Numbers from 0 in order of appearance, null a value of its own, and the values."""
    if pa.types.is_dictionary(column.type):
        decoded = [chunk.dictionary_decode() for chunk in column.chunks]
        column = pa.chunked_array(decoded, column.type.value_type)
    encoded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.indices.to_numpy(), encoded.dictionary


def _design(columns: pa.Table) -> tuple[Ints | None, Ints | None, Ints]:
    """Stratum of each cluster (of each row where rows are clusters), cluster of each row, clusters by stratum."""
    stratum = _codes(columns["h"])[0] if "h" in columns.column_names else None
    if "c" not in columns.column_names:
        return stratum, None, np.bincount(stratum) if stratum is not None else np.array([columns.num_rows])
    cluster, values = _codes(columns["c"])
    if stratum is None:
        return None, cluster, np.array([len(values)])
    of_clusters = np.zeros(len(values), dtype=np.int64)
    of_clusters[cluster] = stratum
    if (of_clusters[cluster] != stratum).any():  # ids that are used again in another stratum
        cluster, pairs = pd.factorize(stratum.astype(np.int64) * len(values) + cluster)
        of_clusters = pairs // len(values)
    return of_clusters, cluster, np.bincount(of_clusters)


def _groups(columns: pa.Table, by: list[str]) -> tuple[Ints | None, pd.DataFrame]:
    """The group of each row, and the keys of each group in order, an unknown one last."""
    if not by:
        return None, pd.DataFrame(index=[0])
    names = [f"g{n}" for n in range(len(by))]
    numbers, shown = [], []
    for name in names:
        code, values = _codes(columns[name])
        held = values.to_pandas()
        order = held.sort_values(na_position="last").index
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        numbers.append(rank[code])
        shown.append(held.iloc[order].reset_index(drop=True))
    crossed = np.ravel_multi_index(numbers, [len(held) for held in shown])
    group, uniques = pd.factorize(crossed, sort=True)
    places = np.unravel_index(uniques, [len(held) for held in shown])
    keys = {name: held.iloc[place].to_numpy() for name, held, place in zip(by, shown, places, strict=True)}
    return np.asarray(group, dtype=np.int64), pd.DataFrame(keys)
