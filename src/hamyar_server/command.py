"""The command `hamyar-server`: Django's management commands and ours."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hamyar_server.settings")
    if sys.argv[1:2] == ["demo"]:  # has a home of its own, which must be known before settings are read
        from hamyar_server.demonstration.starting import demo

        demo(sys.argv[2:])
        return
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
