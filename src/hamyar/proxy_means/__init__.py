"""Proxy means tests: a household's welfare guessed from answers that are easy to check."""

from __future__ import annotations

from hamyar.proxy_means.cutoff import Selection, select
from hamyar.proxy_means.model import ProxyMeans
from hamyar.proxy_means.page import page

__all__ = ["ProxyMeans", "Selection", "page", "select"]
