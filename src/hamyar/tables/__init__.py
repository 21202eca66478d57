"""Tables with contracts: what the columns mean, what the rows are a picture of, and whether a file keeps to it."""

from hamyar.tables.checking import check
from hamyar.tables.contracts import CONTRACTS, FORBIDDEN, Column, Contract, contract
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
