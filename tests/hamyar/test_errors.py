from __future__ import annotations

import pickle

from hamyar.errors import Fault, HamyarError


def test_an_error_passes_between_processes_whole():
    one = HamyarError(Fault("HY-T010", "en", "fa", row=3), total=7)
    again = pickle.loads(pickle.dumps(one))
    assert (again.faults, again.total, str(again)) == (one.faults, 7, str(one))
