from __future__ import annotations

import pickle

from hamyar.errors import Fault, HamyarError


def test_an_error_passes_between_processes_whole():
    one = HamyarError(Fault("HY-T010", "en", "fa", row=3), total=7)
    again = pickle.loads(pickle.dumps(one))
    assert (again.faults, again.total, str(again)) == (one.faults, 7, str(one))


def test_the_place_of_a_fault_is_written_as_each_language_writes_it():
    fault = Fault("HY-T010", "en", "fa", file="a.csv", row=7432, column="lat")
    assert fault.text("en") == 'HY-T010 · a.csv, row 7432, column "lat": en'
    assert fault.text("fa") == "HY-T010 · a.csv، ردیف ۷۴۳۲، ستون «lat»: fa"
