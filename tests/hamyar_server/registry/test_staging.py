"""What is staged of a list, in little memory."""

from __future__ import annotations

from hamyar_server.registry import staging
from hamyar_server.registry.staging import STAGED, Refused, Staging, engine


def test_texts_too_long_for_the_memory_are_put_in_order_with_more_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(staging, "MEMORY", 4)
    monkeypatch.setattr(staging, "FOR_COLUMN", 0)
    with engine(tmp_path, 3, str(tmp_path / STAGED)) as running:
        running.execute("CREATE TABLE good (row BIGINT, area_code VARCHAR, household_key VARCHAR, address VARCHAR)")
        for first in range(0, 100_000, 10_000):
            running.execute(
                f"INSERT INTO good SELECT i, '77', lpad((i * 7919 % 100003)::VARCHAR, 6, '0'), repeat('خیابان', 30) || i FROM range({first}, {first + 10_000}) rows(i)"
            )
        rows = Staging(running, Refused(tmp_path / "refused.csv", ["address"]), "jalali", None, {})
        keys = [key for chunk in rows.households(1_400) for key in chunk.columns["household_key"]]
        assert running.execute("SELECT current_setting('memory_limit')").fetchone() == ("244.1 MiB",)
    assert len(keys) == 100_000
    assert keys == sorted(keys)
