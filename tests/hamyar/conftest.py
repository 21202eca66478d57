"""What every test of the library may use."""

from __future__ import annotations

import pytest

from hamyar import datasets


@pytest.fixture(scope="session")
def small_province(tmp_path_factory: pytest.TempPathFactory) -> datasets.Province:
    """The smallest fictive province, made once; nothing is written into its folder."""
    return datasets.province(tmp_path_factory.mktemp("small"), households=20_000)
