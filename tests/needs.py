"""Says in one line what `make test` lacks on this machine."""

from __future__ import annotations

import shutil
import sys

missing = [package for package, program in {"chromium": "chromium"}.items() if shutil.which(program) is None]
if missing:
    sys.exit(f"make test needs a browser: sudo apt-get install --yes {' '.join(missing)}")
