"""Writes docs/reference/*.md from the docstrings of the library: `make reference`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import griffe

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "reference"
PRIVATE = ("__main__", "cli")


def pages() -> dict[str, str]:
    """File name → text, of every module with names that are meant for use."""
    package = griffe.load("hamyar", search_paths=[str(ROOT / "src")])
    modules = {name: module for name, module in sorted(package.modules.items()) if name not in PRIVATE}
    found = {f"{name.replace('_', '-')}.md": page(module) for name, module in modules.items()}
    lines = [f"- [hamyar.{name}]({name.replace('_', '-')}.md): {first_line(m)}" for name, m in modules.items()]
    head = "# Reference\n\nMade from the docstrings by `make reference`; `help(name)` in a notebook says the same.\n\n"
    return {"README.md": head + "\n".join(lines) + "\n"} | found


def page(module: Any) -> str:
    """The module's docstring, then each public name with its signature and docstring."""
    parts = [f"# hamyar.{module.name}", text_of(module)]
    for name in public(module):
        member = module[name]
        if member.is_module:  # a function in a module of its name
            member = member[name]
        if member.is_alias:
            member = member.final_target
        if member.is_attribute:
            parts.append(f"## `{name}`\n\n{text_of(member) or f'`{name} = {member.value}`'}")
            continue
        parts += [f"## `{name}{signature(member)}`", text_of(member)]
        if member.is_class:
            parts += [
                part
                for method in methods(member)
                for part in (f"### `{method.name}{signature(method)}`", text_of(method))
            ]
    return "\n\n".join(part for part in parts if part) + "\n"


def public(module: Any) -> list[str]:
    """What `__all__` names, else the functions and classes defined there, in their order."""
    if module.exports:
        return [str(name) for name in module.exports]
    own = [m for m in module.members.values() if not m.is_alias and (m.is_function or m.is_class)]
    return [member.name for member in own if not member.name.startswith("_")]


def methods(kind: Any) -> list[Any]:
    own = [member for member in kind.members.values() if member.is_function or "property" in member.labels]
    return [member for member in own if not member.name.startswith("_") and member.docstring]


def signature(member: Any) -> str:
    """The parameters as written, without self."""
    if member.is_attribute:
        return ""
    named, starred = [], False
    for parameter in member.parameters:
        if parameter.name in ("self", "cls"):
            continue
        kind = parameter.kind.value if parameter.kind else ""
        if kind == "keyword-only" and not starred:
            named.append("*")
            starred = True
        mark = {"variadic positional": "*", "variadic keyword": "**"}.get(kind, "")
        starred = starred or mark == "*"
        default = f"={parameter.default}" if parameter.default is not None and not mark else ""
        named.append(f"{mark}{parameter.name}{default}")
    return f"({', '.join(named)})"


def text_of(member: Any) -> str:
    return member.docstring.value.strip() if member.docstring else ""


def first_line(member: Any) -> str:
    return text_of(member).split("\n\n")[0].replace("\n", " ")


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    made = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(made)} pages in {FOLDER.relative_to(ROOT)}\n")


if __name__ == "__main__":
    write()
