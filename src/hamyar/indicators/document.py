"""Reads a YAML document from an untrusted hand: safe types only, capped in size and depth, with the line of every entry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from hamyar.errors import Fault, HamyarError

LARGEST, DEEPEST = 200_000, 12
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
Path = tuple[str | int, ...]


@dataclass
class Document:
    """Plain values, the line on which each stands, and the faults found so far."""

    file: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: Path, code: str, en: str, fa: str) -> None:
        row = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        self.faults.append(Fault(code, en, fa, file=self.file, row=row, column=".".join(map(str, path)) or None))

    def raise_if_any(self) -> None:
        if self.faults:
            raise HamyarError(*self.faults)


def read(text: str, file: str) -> Document:
    """The document in `text`. Raises HamyarError when it is no plain YAML mapping, too large or too deep."""
    document = Document(file)
    try:
        _check_shape(text, document)
        document.raise_if_any()
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document.value = _plain(root, (), document)
    except (yaml.YAMLError, ValueError) as fault:
        mark = getattr(fault, "problem_mark", None)
        document.lines[()] = mark.line + 1 if mark else 1
        reason = " ".join(str(getattr(fault, "problem", None) or fault).split())[:200]
        document.fault((), "HY-I001", f"this is not readable YAML: {reason}.", f"این پرونده YAML خوانا نیست: {reason}.")
    if not document.faults and not isinstance(document.value, dict):
        document.fault((), "HY-I001", "a mapping (name: value) is expected.", "ساختار «نام: مقدار» انتظار می‌رفت.")
    document.raise_if_any()
    return document


def _check_shape(text: str, document: Document) -> None:
    if len(text) > LARGEST:
        en, fa = (
            f"{len(text)} characters, at most {LARGEST}.",
            f"{len(text)} نویسه؛ حداکثر {LARGEST} نویسه پذیرفته است.",
        )
        document.fault((), "HY-I001", en, fa)
        return
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > DEEPEST:
            document.lines[()] = event.start_mark.line + 1 if event.start_mark else 1
            en, fa = (
                f"aliases (*name) and more than {DEEPEST} levels are not allowed.",
                f"ارجاع (*name) و بیش از {DEEPEST} سطح تودرتو مجاز نیست.",
            )
            document.fault((), "HY-I001", en, fa)
            return


def _plain(node: yaml.Node | None, path: Path, document: Document) -> Any:
    if node is None:
        return None
    document.lines[path] = node.start_mark.line + 1
    if not isinstance(node, yaml.ScalarNode) and node.tag not in _PLAIN_TAGS:
        raise yaml.MarkedYAMLError(problem=f"the tag {node.tag} is not allowed", problem_mark=node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*path, n), document) for n, item in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return _scalar(node)
    mapping: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a name must be plain text", problem_mark=key_node.start_mark)
        key = _scalar(key_node)
        place = (*path, key if isinstance(key, int | str) else str(key))
        value = _plain(value_node, place, document)
        document.lines[place] = key_node.start_mark.line + 1
        if key in mapping:
            document.fault(place, "HY-I002", "this name stands twice.", "این نام دو بار آمده است.")
        mapping[key] = value
    return mapping


def _scalar(node: yaml.Node) -> Any:
    constructor = yaml.constructor.SafeConstructor()
    return constructor.construct_object(node)
