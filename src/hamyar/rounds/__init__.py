"""Rounds: frozen, named, repeatable runs from files to estimates, tiers, ranks, reasons, a report and a manifest."""

from __future__ import annotations

from hamyar.rounds.running import run
from hamyar.rounds.verifying import verify

__all__ = ["run", "verify"]
