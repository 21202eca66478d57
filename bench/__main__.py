"""`make bench`: every figure with its bound, in one run. `python -m bench NAME…` runs some of them."""

from __future__ import annotations

import importlib
import sys

from rich.console import Console
from rich.table import Table

BENCHES = ("alkire_foster", "province", "register", "rounds", "small_area", "inequality", "against_r")


def main(names: list[str]) -> int:
    table = Table("what", "measured", "unit", "bound", title="make bench")
    for name in names or BENCHES:
        for what, value, unit, bound in importlib.import_module(f"bench.{name}").run():
            table.add_row(what, f"{value:,.2f}", unit, "" if bound is None else f"at most {bound:,g}")
    Console(width=120).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
