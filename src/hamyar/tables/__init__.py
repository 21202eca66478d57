"""Tables with contracts: what the columns mean, what the rows are a picture of, and whether a file keeps to it.

Contracts are there at once; what needs an engine is brought when it is first asked for, since not everybody who names a column reads a file.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hamyar.tables.contracts import CONTRACTS, FORBIDDEN, Column, Contract, contract

if TYPE_CHECKING:
    from hamyar.tables.checking import check
    from hamyar.tables.findings import Report
    from hamyar.tables.reading import as_table, read
    from hamyar.tables.table import Table
    from hamyar.tables.writing import write

__all__ = [
    "CONTRACTS",
    "FORBIDDEN",
    "Column",
    "Contract",
    "Report",
    "Table",
    "as_table",
    "check",
    "contract",
    "read",
    "write",
]
_AT = {
    "check": "checking",
    "Report": "findings",
    "as_table": "reading",
    "read": "reading",
    "Table": "table",
    "write": "writing",
}


def __getattr__(name: str) -> Any:
    if name not in _AT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_AT[name]}"), name)
