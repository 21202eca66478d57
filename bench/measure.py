"""Runs a piece of work in a process of its own and measures it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

_CHILD = """
import importlib, json, re, sys, time
from pathlib import Path
module, function, arguments = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
work = getattr(importlib.import_module(module), function)
start = time.perf_counter()
answer = work(*arguments)
seconds = time.perf_counter() - start
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
print("\\n@" + json.dumps({"seconds": seconds, "peak": peak, "answer": answer}))
"""


@dataclass(frozen=True)
class Measured:
    seconds: float  # of the work alone, without start-up
    peak: int  # bytes, resident set of the whole process; Linux's rusage would count the parent's before the start
    answer: Any


def in_process(module: str, function: str, *arguments: Any) -> Measured:
    """Run `module.function(*arguments)` in a fresh interpreter; arguments and answer are JSON."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, module, function, json.dumps(arguments)],
        check=True,
        capture_output=True,
        text=True,
    )
    return Measured(**json.loads(done.stdout.rsplit("\n@", 1)[1]))


def seconds(work: Any) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
