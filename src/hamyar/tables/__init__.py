"""Tables with contracts: what the columns mean, what the rows are a picture of, and whether a file keeps to it."""

from hamyar.tables.contracts import CONTRACTS, FORBIDDEN, Column, Contract, contract
from hamyar.tables.table import Table, as_table
from hamyar.tables.writing import write

__all__ = ["CONTRACTS", "FORBIDDEN", "Column", "Contract", "Table", "as_table", "contract", "write"]
