"""Says in one line what `make test` lacks on this machine."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres import programs

missing = [
    package
    for package, program in {"chromium": "chromium", "openjdk-17-jre-headless": "java"}.items()
    if shutil.which(program) is None
]
missing += [] if programs() else ["postgresql"]
if missing:
    sys.exit(f"make test needs a browser, Java and PostgreSQL: sudo apt-get install --yes {' '.join(missing)}")
