"""A small, checked subset of SQL, translated from sqlglot's tree to Ibis.

Known: arithmetic, comparison, AND OR NOT, CASE, IN, BETWEEN, COALESCE, NULLIF, IS NULL, literals, and the names that
the caller's scope holds. Whatever is not named here is refused with its place, so an expression can do nothing but
compute on the columns it was given. null is unknown and logic is three-valued, as in SQL. Arithmetic is done in
64-bit floating point and `a / b` is null where b is 0, so every engine gives the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ibis
import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

LONGEST, MOST_TOKENS, DEEPEST = 2_000, 300, 40
DTYPES = {"number": "float64", "text": "string", "boolean": "boolean", "date": "date"}
_KINDS_FA = {"number": "عدد", "text": "متن", "boolean": "بله/خیر", "date": "تاریخ", "null": "نامعلوم"}
_NESTING = {TokenType.L_PAREN, TokenType.NOT, TokenType.DASH, TokenType.CASE, TokenType.L_BRACKET, TokenType.L_BRACE}


class RefusedError(Exception):
    """Why an expression is refused; the caller adds file and row."""

    def __init__(self, code: str, en: str, fa: str) -> None:
        self.code, self.en, self.fa = code, en, fa
        super().__init__(en)


@dataclass(frozen=True)
class Typed:
    """An Ibis value and its kind (number, text, boolean, date, null); `values` are those its column may have."""

    kind: str
    value: Any
    values: tuple[str, ...] = ()
    literal: str | None = None


def names(text: str) -> frozenset[str]:
    """The column and parameter names that an expression reads."""
    return frozenset(column.name for column in parse(text).find_all(exp.Column))


def translate(text: str, scope: Mapping[str, Typed]) -> Typed:
    """Compile an expression on the names in `scope`. Raises RefusedError."""
    return _translate(parse(text), scope)


def parse(text: str) -> exp.Expr:
    """sqlglot's tree of an expression that is short and shallow enough. Raises RefusedError."""
    if len(text) > LONGEST:
        raise _too_large(f"{len(text)} characters, at most {LONGEST}", f"{len(text)} نویسه، حداکثر {LONGEST}")
    try:
        _check_size(text)
        return sqlglot.parse_one(text, read="duckdb")
    except (SqlglotError, RecursionError) as fault:
        detail = str(fault).splitlines()[0] if str(fault) else "too deep"
        raise RefusedError(
            "HY-I006", f"`{_cut(text)}` cannot be read: {detail}", f"عبارت `{_cut(text)}` خوانا نیست: {detail}"
        ) from None


def _check_size(text: str) -> None:
    tokens = sqlglot.tokenize(text, read="duckdb")
    if len(tokens) > MOST_TOKENS:
        raise _too_large(
            f"{len(tokens)} words and signs, at most {MOST_TOKENS}", f"{len(tokens)} واژه و نشانه، حداکثر {MOST_TOKENS}"
        )
    if sum(token.token_type in _NESTING for token in tokens) > DEEPEST:
        raise _too_large(f"more than {DEEPEST} nested parts", f"بیش از {DEEPEST} بخش تودرتو")
    for token in tokens:
        if token.comments:
            raise _unknown(f"comment {token.comments[0].strip()!r} (position {token.start + 1})", "توضیح درون عبارت")


def _too_large(en: str, fa: str) -> RefusedError:
    return RefusedError(
        "HY-I011", f"the expression is too large: {en}. Split it.", f"عبارت بیش از اندازه بزرگ است: {fa}. آن را بشکنید."
    )


def _unknown(en: str, fa: str) -> RefusedError:
    return RefusedError(
        "HY-I007",
        f"{en} is not allowed in an expression. Use arithmetic, comparison, AND OR NOT, CASE, IN, BETWEEN, COALESCE, NULLIF, IS NULL.",
        f"{fa} در عبارت مجاز نیست. تنها حساب، مقایسه، AND OR NOT، CASE، IN، BETWEEN، COALESCE، NULLIF و IS NULL به کار می‌رود.",
    )


def _refuse(node: exp.Expr) -> RefusedError:
    shown = _cut(node.sql(dialect="duckdb"))
    starts = [n.meta["start"] for n in node.walk() if "start" in n.meta]
    en, fa = (f" (position {min(starts) + 1})", f" (جایگاه {min(starts) + 1})") if starts else ("", "")
    return _unknown(f"`{shown}`{en}", f"`{shown}`{fa}")


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _mixed(node: exp.Expr, wanted: str, found: str) -> RefusedError:
    shown = _cut(node.sql(dialect="duckdb"))
    return RefusedError(
        "HY-I010",
        f"`{shown}` needs a {wanted}, not a {found}.",
        f"`{shown}` به {_KINDS_FA.get(wanted, wanted)} نیاز دارد، نه {_KINDS_FA[found]}.",
    )


Scope = Mapping[str, Typed]


def _translate(node: exp.Expr, scope: Scope) -> Typed:
    known = _NODES.get(type(node))
    if known is None or any(value and key not in known[0] for key, value in node.args.items()):
        raise _refuse(node)
    return known[1](node, scope)


def _of_kind(node: exp.Expr, scope: Scope, kind: str) -> Any:
    typed = _translate(node, scope)
    if typed.kind not in (kind, "null"):
        raise _mixed(node, kind, typed.kind)
    return _value(typed, kind)


def _value(typed: Typed, kind: str) -> Any:
    return ibis.null(DTYPES[kind]) if typed.kind == "null" else typed.value


def _alike(nodes: list[exp.Expr], scope: Scope) -> tuple[str, list[Any]]:
    """The one kind of several values and their Ibis values; a text must be one that its neighbour's column may have."""
    typed = [_translate(node, scope) for node in nodes]
    kind = next((t.kind for t in typed if t.kind != "null"), "null")
    for node, t in zip(nodes, typed, strict=True):
        if t.kind not in (kind, "null"):
            raise _mixed(node, kind, t.kind)
    allowed = {value for t in typed for value in t.values}
    for t in typed:
        if allowed and t.literal is not None and t.literal not in allowed:
            one_of = ", ".join(sorted(allowed))
            raise RefusedError(
                "HY-I010", f"'{t.literal}' is not one of {one_of}.", f"«{t.literal}» یکی از این‌ها نیست: {one_of}."
            )
    return kind, [_value(t, "boolean" if kind == "null" else kind) for t in typed]


def _column(node: exp.Expr, scope: Scope) -> Typed:
    if not isinstance(node.this, exp.Identifier):
        raise _refuse(node)
    if node.name not in scope:
        raise RefusedError(
            "HY-I008", f"there is no column or parameter `{node.name}`.", f"ستون یا پارامتری به نام `{node.name}` نیست."
        )
    return scope[node.name]


def _literal(node: exp.Expr, _scope: Scope) -> Typed:
    if node.is_string:
        return Typed("text", ibis.literal(node.this), literal=node.this)
    try:
        number = float(node.this)
    except ValueError:
        raise _refuse(node) from None
    if not math.isfinite(number):
        raise _refuse(node)
    return Typed("number", ibis.literal(number, "float64"))


def _boolean(node: exp.Expr, _scope: Scope) -> Typed:
    return Typed("boolean", ibis.literal(bool(node.this)))


def _arithmetic(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Scope], Typed]:
    def translated(node: exp.Expr, scope: Scope) -> Typed:
        left, right = (_of_kind(side, scope, "number").cast("float64") for side in (node.this, node.expression))
        return Typed("number", operate(left, right))

    return translated


def _comparison(operate: Callable[[Any, Any], Any], *, ordered: bool) -> Callable[[Any, Scope], Typed]:
    def translated(node: exp.Expr, scope: Scope) -> Typed:
        kind, (left, right) = _alike([node.this, node.expression], scope)
        if ordered and kind not in ("number", "date", "null"):
            raise _mixed(node, "number", kind)
        if any(value.equals(ibis.null(value.type())) for value in (left, right)):  # else Ibis asks whether it IS NULL
            return Typed("boolean", ibis.null("boolean"))
        return Typed("boolean", operate(left, right))

    return translated


def _logic(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Scope], Typed]:
    def translated(node: exp.Expr, scope: Scope) -> Typed:
        return Typed(
            "boolean", operate(_of_kind(node.this, scope, "boolean"), _of_kind(node.expression, scope, "boolean"))
        )

    return translated


def _case(node: exp.Expr, scope: Scope) -> Typed:
    branches = node.args["ifs"]
    if any({key for key, value in branch.args.items() if value} != {"this", "true"} for branch in branches):
        raise _refuse(node)
    if node.this:
        conditions = [exp.EQ(this=node.this, expression=branch.this) for branch in branches]
    else:
        conditions = [branch.this for branch in branches]
    otherwise = node.args.get("default") or exp.Null()
    kind, values = _alike([branch.args["true"] for branch in branches] + [otherwise], scope)
    tests = [_of_kind(condition, scope, "boolean") for condition in conditions]
    return Typed(kind, ibis.cases(*zip(tests, values[:-1], strict=True), else_=values[-1]))


def _in(node: exp.Expr, scope: Scope) -> Typed:
    if not node.expressions or any(isinstance(option, exp.Null) for option in node.expressions):
        raise _refuse(node)
    _, (value, *options) = _alike([node.this, *node.expressions], scope)
    return Typed("boolean", value.isin(options))


def _between(node: exp.Expr, scope: Scope) -> Typed:
    kind, (value, low, high) = _alike([node.this, node.args["low"], node.args["high"]], scope)
    if kind not in ("number", "date", "null"):
        raise _mixed(node, "number", kind)
    return Typed("boolean", (value >= low) & (value <= high))


def _coalesce(node: exp.Expr, scope: Scope) -> Typed:
    kind, values = _alike([node.this, *node.expressions], scope)
    return Typed(kind, ibis.coalesce(*values))


def _nullif(node: exp.Expr, scope: Scope) -> Typed:
    kind, (value, empty) = _alike([node.this, node.expression], scope)
    return Typed(kind, value.nullif(empty))


def _is(node: exp.Expr, scope: Scope) -> Typed:
    if not isinstance(node.expression, exp.Null):
        raise _refuse(node)
    typed = _translate(node.this, scope)
    return Typed("boolean", _value(typed, "boolean").isnull())


def _not(node: exp.Expr, scope: Scope) -> Typed:
    return Typed("boolean", ~_of_kind(node.this, scope, "boolean"))


def _negative(node: exp.Expr, scope: Scope) -> Typed:
    return Typed("number", -_of_kind(node.this, scope, "number").cast("float64"))


_PAIR = frozenset({"this", "expression"})
_NODES: dict[type[exp.Expr], tuple[frozenset[str], Callable[[Any, Scope], Typed]]] = {
    exp.Column: (frozenset({"this"}), _column),
    exp.Literal: (frozenset({"this", "is_string"}), _literal),
    exp.Boolean: (frozenset({"this"}), _boolean),
    exp.Null: (frozenset(), lambda _node, _scope: Typed("null", None)),
    exp.Paren: (frozenset({"this"}), lambda node, scope: _translate(node.this, scope)),
    exp.Neg: (frozenset({"this"}), _negative),
    exp.Not: (frozenset({"this"}), _not),
    exp.Add: (_PAIR, _arithmetic(lambda a, b: a + b)),
    exp.Sub: (_PAIR, _arithmetic(lambda a, b: a - b)),
    exp.Mul: (_PAIR, _arithmetic(lambda a, b: a * b)),
    exp.Div: (_PAIR | {"typed", "safe"}, _arithmetic(lambda a, b: a / b.nullif(0.0))),
    exp.EQ: (_PAIR, _comparison(lambda a, b: a == b, ordered=False)),
    exp.NEQ: (_PAIR, _comparison(lambda a, b: a != b, ordered=False)),
    exp.GT: (_PAIR, _comparison(lambda a, b: a > b, ordered=True)),
    exp.GTE: (_PAIR, _comparison(lambda a, b: a >= b, ordered=True)),
    exp.LT: (_PAIR, _comparison(lambda a, b: a < b, ordered=True)),
    exp.LTE: (_PAIR, _comparison(lambda a, b: a <= b, ordered=True)),
    exp.And: (_PAIR, _logic(lambda a, b: a & b)),
    exp.Or: (_PAIR, _logic(lambda a, b: a | b)),
    exp.Case: (frozenset({"this", "ifs", "default"}), _case),
    exp.In: (frozenset({"this", "expressions"}), _in),
    exp.Between: (frozenset({"this", "low", "high"}), _between),
    exp.Coalesce: (frozenset({"this", "expressions"}), _coalesce),
    exp.Nullif: (_PAIR, _nullif),
    exp.Is: (_PAIR, _is),
}
