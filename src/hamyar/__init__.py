"""Hamyar's library: find and explain deprivation, with the error of every number. No web framework in it."""

__version__ = "0.1.0"
